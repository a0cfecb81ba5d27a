// SPDX-License-Identifier: GPL-2.0-only
// Judges of the contract that need views of the allocator's state.
#pragma once

#include "engine/contract/judges.h"
#include "engine/judge.h"

namespace engine::contract {

// Judges refused requests by the current tree.
class RefusalsInTree : public RefusalJudge {
 public:
  using RefusalJudge::RefusalJudge;
  void end_call(Call& call) override;

 private:
  void check(Call& call) const;
};

// Explains refusals by max32_alloc_size and the cached nodes, for a design that has these as
// upstream does, if no model knows it or calls have overlapped.
class Hints : public Judge, public Explanation {
 public:
  using Judge::Judge;
  void begin() override { causes_ = {}; }
  void begin_call(Call& call) override;  // of init_domain()
  void end_call(Call& call) override;
  Cause explain_refusal(const Domain& domain, const Request& request) const override;

 private:
  struct HintCause {
    Request request;        // the request that set the hint; size 0: unknown
    uint64_t search_began;  // it began below this pfn, under free space; 0: no
  };
  uint64_t began_too_low(const Domain& domain, Request request) const;

  std::array<HintCause, program::max_domains> causes_{};
};

class PfnLookups : public Judge {
 public:
  using Judge::Judge;
  void end_call(Call& call) override;
};

class Reservations : public Judge {
 public:
  using Judge::Judge;
  void end_call(Call& call) override;
};

class Structure : public Judge {
 public:
  struct Unowned {
    uint64_t lo, hi;
    uint64_t free_from;  // behind the next owned, cached or reserved node below
  };
  using Judge::Judge;
  void begin() override;
  void hear(const Event& event) override;
  // The highest node without an owner at the latest look at the domain, or NULL.
  const Unowned* unowned(const Domain& domain) const;
  // Whether the latest look found no node without an owner and no cached pfn.
  bool all_is_free(const Domain& domain) const { return all_is_free_[domain.number]; }

 private:
  void check_tree(const Snapshot& view) const;
  void check_balance(const Snapshot& view, const Domain& domain);
  void check_magazines(const Snapshot& view) const;
  void check_depots(const Snapshot& view) const;
  void check_owners(const Snapshot& view, const Domain& domain);
  void raise_missing(const Range& range) const;
  void raise_stray(const Snapshot::CachedPfn& cached, const Snapshot::Node* node) const;

  // In order of address.
  std::array<std::vector<Unowned>, program::max_domains> unowned_;
  std::vector<Unowned> unowned_before_;
  // Per domain, at the latest look.
  std::array<uint64_t, program::max_domains> reserved_lost_{};  // pages
  std::array<bool, program::max_domains> too_deep_{}, all_is_free_{};
};

class Rings : public Judge {
 public:
  using Judge::Judge;
  void hear(const Event& event) override;

 private:
  void check_contents(const Snapshot& view, const Domain& domain) const;
  void check_counters() const;
};

}  // namespace engine::contract
