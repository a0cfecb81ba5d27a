// SPDX-License-Identifier: GPL-2.0-only
// The callers' books, updated from the history: domains, references on the caches, and owners of
// pages. A caller owns pages from the end of the call that grants them to the begin of the call
// that gives them back.
#pragma once

#include <array>
#include <memory>

#include "engine/domain.h"
#include "engine/history.h"
#include "iova/variant.h"

namespace engine {

// Most allocations that end-of-run checks make in a domain whose design is unknown.
inline constexpr size_t most_asked_for_at_end = 256;

class Books : public Listener {
 public:
  using Domains = std::array<Domain, program::max_domains>;

  Books();
  // Begins a run that needs at most this many ranges.
  void begin(const iova_variant& variant, size_t ranges);

  Domains& domains() { return domains_; }
  const Domains& domains() const { return domains_; }
  unsigned references() const { return references_; }
  size_t ranges_in_use() const;

  // A free Range for a call that may be granted one.
  Range& fresh_range() { return ranges_[ranges_used_++]; }
  // The domain's memory was freed.
  void forget(Domain& domain);

  // Count a call that others may overlap, before and after all listeners have seen it.
  static void note_begin(Call& call);
  static void note_end(const Call& call);
  // The books are first to see a call that takes a range from its owner, last to see a grant.
  void begin_call(Call& call) override;
  void end_call(Call& call) override;
  void hear(const Event& event) override;

 private:
  void add(const Call& call, uint64_t hi, RangeKind kind);

  const iova_variant* variant_ = nullptr;
  Domains domains_;
  unsigned references_ = 0;
  std::unique_ptr<Range[]> ranges_;
  size_t ranges_size_ = 0, ranges_used_ = 0;
};

}  // namespace engine
