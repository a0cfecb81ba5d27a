// SPDX-License-Identifier: GPL-2.0-only
// The judges of what any allocator owes its callers, from calls, results and what the shim tells.
// Each is in a file of its own; those that need views are in views/.
#pragma once

#include <array>
#include <vector>

#include "engine/explanation.h"
#include "engine/judge.h"
#include "shim/world.h"

namespace engine::contract {

// Of what was granted.
class Grants : public Judge {
 public:
  using Judge::Judge;
  void end_call(Call& call) override;
};

// What judges of refusals share, whatever tells them that a request fits.
class RefusalJudge : public Judge {
 public:
  RefusalJudge(Scene& scene, const Explanation& explanation)
      : Judge(scene), explanation_(explanation) {}

 protected:
  ~RefusalJudge() = default;
  static bool is_never_granted(const Domain& domain, const Request& request);
  // Raises the oracle of its cause.
  void raise_refusal(const Call& call, const Request& request) const;

 private:
  const Explanation& explanation_;
};

// Of what was not granted.
class Refusals : public RefusalJudge {
 public:
  using RefusalJudge::RefusalJudge;
  void begin() override;
  void begin_call(Call& call) override;  // of init_domain()
  void end_call(Call& call) override;
  void hear(const Event& event) override;
  bool is_perhaps_cached(const Domain& domain, uint64_t lo, uint64_t hi);

 private:
  // Pages that were given back through the fast way, and perhaps sit in a cache since.
  struct PerhapsCached {
    std::vector<const Range*> fresh;           // not in intervals yet
    std::vector<PageSet::Interval> intervals;  // in order of address, apart

    void clear();
    void add_fresh();
  };

  void check(Call& call);
  bool flush_reaches_all() const;
  bool fits(const Domain& domain, const Request& request, bool with_flush);

  std::array<PerhapsCached, program::max_domains> cached_;
};

class Lookups : public Judge {
 public:
  Lookups(Scene& scene, Refusals& refusals) : Judge(scene), refusals_(refusals) {}
  void end_call(Call& call) override;
  void hear(const Event& event) override;

 private:
  Refusals& refusals_;
};

class Failures : public Judge {
 public:
  using Judge::Judge;
  void end_call(Call& call) override;
  void hear(const Event& event) override;
  // A fault made the operation at hand report failure.
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
  void begin() override { in_ring_ = {}; }
  void begin_call(Call& call) override;
  void end_call(Call& call) override;
  void hear(const Event& event) override;

 private:
  void queued(const Call& call);
  void put(const Event& event);
  void check_timeouts(Lateness lateness) const;

  std::array<std::array<unsigned, program::max_cpus>, program::max_domains> in_ring_{};
};

}  // namespace engine::contract
