// SPDX-License-Identifier: GPL-2.0-only
// Judges the callers' side of the contract: what the harness does wrong must not be taken for a
// finding of the allocator. A call as no kernel code may make it, of what is not initialized, not
// held, not handed out or given back already, is a contract-* finding, to the harness's blame.
#pragma once

#include <map>

#include "engine/judge.h"

namespace engine::contract {

// It keeps books of its own, since those of the callers are what it judges. That takes time, so it
// listens only where a run is repeated for a finding.
class Duties : public Judge {
 public:
  using Judge::Judge;
  void begin() override;
  void begin_call(Call& call) override;
  void end_call(Call& call) override;

 private:
  struct HandedOut {
    uint64_t pages;  // as asked for
    uint64_t last;
    bool fast;
  };
  using Ranges = std::map<uint64_t, HandedOut>;  // by first pfn
  struct Book {
    bool has_rcaches = false, has_queue = false;
    Ranges ranges;
    std::map<const void*, uint64_t> nodes;  // that may be freed, and where they began
  };

  void breach(const shim::Oracle& oracle, const Call& call, std::string values = "") const;
  Book& book_of(const Call& call);
  void need_cache(const Call& call) const;
  void give_back(Book& book, const Call& call) const;
  void free_around(Book& book, uint64_t pfn) const;

  unsigned references_ = 0;
  std::map<const Domain*, Book> books_;  // of initialized domains
};

}  // namespace engine::contract
