// SPDX-License-Identifier: GPL-2.0-only
// The callers' books, kept by listening to the history: domains, references on the caches, and who
// owns which pages. Pages are owned from the end of the call that granted them to the begin of the
// call that gives them back.
#pragma once

#include <array>
#include <memory>

#include "engine/domain.h"
#include "engine/history.h"
#include "iova/variant.h"

namespace engine {

// Ranges of a domain, of an allocator whose design is not known.
inline constexpr size_t most_asked_for_at_end = 256;

class Books : public Listener {
 public:
  using Domains = std::array<Domain, program::max_domains>;

  Books();
  // Of a run that needs so many ranges at most.
  void begin(const iova_variant& variant, size_t ranges);

  Domains& domains() { return domains_; }
  const Domains& domains() const { return domains_; }
  unsigned references() const { return references_; }
  size_t ranges_in_use() const;

  // For a call that may be granted one.
  Range& fresh_range() { return ranges_[ranges_used_++]; }
  // The domain's memory is gone.
  void forget(Domain& domain);

  // Of each call to a domain that others may overlap with, before and after all have heard of it.
  static void note_begin(Call& call);
  static void note_end(const Call& call);
  // The first to hear what takes a range from its owner, the last to hear what gives him one.
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
