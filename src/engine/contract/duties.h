// SPDX-License-Identifier: GPL-2.0-only
// Judges the callers' side of the contract, so that no error of the harness counts as a finding in
// the allocator. A call that kernel code may not make (object not initialized, not held, not handed
// out or already given back) raises a contract-* finding and blames the harness.
#pragma once

#include <map>

#include "engine/judge.h"

namespace engine::contract {

// It keeps separate books, since it judges those of the callers. That takes time, so it listens
// only in a run that is repeated for a finding.
class Duties : public Judge {
 public:
  using Judge::Judge;
  void begin() override;
  void begin_call(Call& call) override;
  void end_call(Call& call) override;

 private:
  struct HandedOut {
    uint64_t pages;  // as requested
    uint64_t last;
    bool fast;
  };
  using Ranges = std::map<uint64_t, HandedOut>;  // by first pfn
  struct Book {
    bool has_rcaches = false, has_queue = false;
    Ranges ranges;
    std::map<const void*, uint64_t> nodes;  // nodes that may be freed, with their first pfn
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
