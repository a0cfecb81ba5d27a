// SPDX-License-Identifier: GPL-2.0-only
// Judges of what any allocator owes its callers, by calls, results and events of the shim. One file
// each; judges that need views are in views/.
#pragma once

#include <array>
#include <vector>

#include "engine/explanation.h"
#include "engine/judge.h"
#include "shim/world.h"

namespace engine::contract {

// Judges granted ranges.
class Grants : public Judge {
 public:
  using Judge::Judge;
  void end_call(Call& call) override;
};

// Common part of the judges of refusals, which differ in how they know that a request fits.
class RefusalJudge : public Judge {
 public:
  RefusalJudge(Scene& scene, const Explanation& explanation)
      : Judge(scene), explanation_(explanation) {}

 protected:
  ~RefusalJudge() = default;
  static bool is_never_granted(const Domain& domain, const Request& request);
  // The request that must be granted if it fits.
  Request owed(const Call& call) const;
  // Whether `explanation_` knows a cause of the refusal.
  bool is_explained(const Call& call, const Request& request) const;
  // Raises the oracle of the cause.
  void raise_refusal(const Call& call, const Request& request) const;

 private:
  const Explanation& explanation_;
};

// The number of disjoint legal placements in pages that are not owned, reserved, or possibly cached
// in a range that is_kept selects. Counting stops at `enough`.
uint64_t placements_beside_owned(const Domain& domain, const Request& request,
                                 bool (*is_kept)(const Range&), uint64_t enough);
inline bool fits_beside_owned(const Domain& domain, const Request& request,
                              bool (*is_kept)(const Range&)) {
  return placements_beside_owned(domain, request, is_kept, 1);
}

// Judges refused requests by the callers' books.
class Refusals : public RefusalJudge {
 public:
  using RefusalJudge::RefusalJudge;
  void begin_call(Call& call) override;
  void end_call(Call& call) override;
  void hear(const Event& event) override;

 private:
  void note_cached(const Call& call);
  void check(Call& call);
  void check_beside_others(Call& call);
  bool flush_reaches_all(const Domain& domain) const;
  bool is_lost_offline(const Domain& domain, const Request& request) const;
  void raise_offline(const Call& call, const Request& request) const;
};

// Judges free_iova() of a pfn that is in no range.
class IgnoredFrees : public Judge {
 public:
  using Judge::Judge;
  void begin() override { has_freed_ = false; }
  void begin_call(Call& call) override;
  void end_call(Call& call) override;

 private:
  shim::Census before_{};
  bool has_freed_ = false;  // ranges, in this run
};

// Judges the world when nothing is pending any more.
class Rest : public Judge {
 public:
  using Judge::Judge;
  void begin() override;
  void begin_call(Call& call) override;
  void hear(const Event& event) override;

 private:
  size_t most_objects() const;

  struct Seen {
    uint32_t cached_sizes = 0;  // sizes given back through the fast path: bit i for 2^i pages
    size_t reservations = 0;    // attempted reservations
  };
  std::array<Seen, program::max_domains> seen_;
};

class Lookups : public Judge {
 public:
  using Judge::Judge;
  void begin_call(Call& call) override;
  void end_call(Call& call) override;
  void hear(const Event& event) override;

 private:
  void check_steps(const Call& call) const;

  uint64_t steps_before_ = 0;
};

class Races : public Judge {
 public:
  using Judge::Judge;
  void hear(const Event& event) override;
};

class Failures : public Judge {
 public:
  using Judge::Judge;
  void end_call(Call& call) override;
  void hear(const Event& event) override;
  // A fault made the current operation report failure.
  bool operation_failed() const;

 private:
  void check_reported(bool failed, const Call& call);
  void check_traces(const Operation& operation) const;

  shim::Census before_{};
  bool failed_ = false;  // the operation reported failure
  bool skipped_ = false;
};

class FlushQueue : public Judge {
 public:
  using Judge::Judge;
  void begin() override {
    for (unsigned domain = 0; domain < program::max_domains; domain++) begin_queue(domain);
  }
  void begin_call(Call& call) override;
  void end_call(Call& call) override;
  void hear(const Event& event) override;

 private:
  void begin_queue(unsigned domain);
  void queued(const Call& call);
  bool holds_all(const Domain& domain) const;
  bool sees_all(const Domain& domain) const;
  void check_flushed(const Domain& domain, const Range& range) const;
  void release(const Event& event);
  const char* releasing_function() const;
  void note_timer() const;
  void check_timeouts(const Event& passed) const;

  std::array<std::array<unsigned, program::max_cpus>, program::max_domains> in_ring_{};
  // Whether a call that moved has queued a range, by domain: any CPU's ring may hold it.
  std::array<bool, program::max_domains> has_moved_{};
};

}  // namespace engine::contract
