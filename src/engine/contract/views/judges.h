// SPDX-License-Identifier: GPL-2.0-only
// The judges of the contract that need to look at the allocator's state.
#pragma once

#include "engine/contract/judges.h"
#include "engine/judge.h"

namespace engine::contract {

// Of what was not granted, by the tree as it is.
class RefusalsInTree : public RefusalJudge {
 public:
  using RefusalJudge::RefusalJudge;
  void end_call(Call& call) override;

 private:
  void check(Call& call) const;
};

// Why a request was refused, by views of max32_alloc_size and of the cached nodes: for a design
// that has these as upstream does, where no model knows it or calls have overlapped.
class Hints : public Judge, public Explanation {
 public:
  using Judge::Judge;
  void begin() override { causes_ = {}; }
  void begin_call(Call& call) override;  // of init_domain()
  void end_call(Call& call) override;
  Cause explain_refusal(const Domain& domain, const Request& request) const override;

 private:
  struct HintCause {
    Request request;        // that set it last; size 0: nobody knows
    uint64_t search_began;  // below there, too low for what was free; 0: it did not
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
    uint64_t free_from;  // behind the last page below that is owned, cached or reserved
  };
  using Judge::Judge;
  void begin() override;
  void hear(const Event& event) override;
  // The highest node that nobody owned when the domain was looked at last, or NULL.
  const Unowned* unowned(const Domain& domain) const;
  // Whether that look saw all that is nobody's as free, in no node and no cache.
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
  // By domain, at the last look.
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
