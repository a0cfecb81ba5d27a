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
  // What must be granted if it fits.
  Request owed(const Call& call) const;
  // Whether a look into the allocator tells why it was refused.
  bool is_explained(const Call& call, const Request& request) const;
  // Raises the oracle of its cause.
  void raise_refusal(const Call& call, const Request& request) const;

 private:
  const Explanation& explanation_;
};

// How many legal placements lie, apart, in what nobody owns or reserves, and that is not kept, of
// what may be cached. Not counted further than to a number that is enough.
uint64_t placements_beside_owned(const Domain& domain, const Request& request,
                                 bool (*is_kept)(const Range&), uint64_t enough);
inline bool fits_beside_owned(const Domain& domain, const Request& request,
                              bool (*is_kept)(const Range&)) {
  return placements_beside_owned(domain, request, is_kept, 1);
}

// Of what was not granted.
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

// Of free_iova() of a pfn that is in no range.
class IgnoredFrees : public Judge {
 public:
  using Judge::Judge;
  void begin_call(Call& call) override;
  void end_call(Call& call) override;

 private:
  shim::Census before_{};
};

// Of a domain that is left alone until nothing is pending.
class Rest : public Judge {
 public:
  using Judge::Judge;
  void begin() override;
  void begin_call(Call& call) override;
  void hear(const Event& event) override;

 private:
  size_t most_objects() const;

  struct Seen {
    uint32_t cached_sizes = 0;  // of ranges given back through the fast way: bit i for 2^i pages
    size_t reservations = 0;    // that were tried
  };
  std::array<Seen, program::max_domains> seen_;
};

class Lookups : public Judge {
 public:
  using Judge::Judge;
  void end_call(Call& call) override;
  void hear(const Event& event) override;
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
  bool holds_all(const Domain& domain) const;
  bool sees_all(const Domain& domain) const;
  void put(const Event& event);
  const char* releasing_function() const;
  void check_timeouts(const Event& passed) const;

  std::array<std::array<unsigned, program::max_cpus>, program::max_domains> in_ring_{};
};

}  // namespace engine::contract
