// SPDX-License-Identifier: GPL-2.0-only
// The trace of a run: what of its history is comparable, as a hash. Of allocators of different
// designs that is what they answer, and what both show.
#pragma once

#include <string>
#include <vector>

#include "engine/history.h"
#include "engine/trace.h"
#include "engine/views.h"

namespace engine {

// What need not be traced, a bit each.
namespace ignored {
enum Aspect : unsigned {
#define IGNORABLE(name, words) name,
#include "engine/ignorables.inc"
#undef IGNORABLE
};
constexpr unsigned bit(Aspect aspect) { return 1u << aspect; }
}  // namespace ignored

// A part of a trace, for people.
struct Traced {
  std::string what, value;  // "the size of the 3rd allocation", "40"
  bool operator==(const Traced&) const = default;
};

class Tracer : public Listener {
 public:
  void begin(unsigned views = all_views, unsigned ignored = 0,
             std::vector<Traced>* parts = nullptr);
  void end_call(Call& call) override;
  void hear(const Event& event) override;
  uint64_t hash() const { return trace_.hash(); }

 private:
  // Answers and events; never ignored.
  void add(uint64_t value, const char* what);
  void add_attempts();
  void add(const Snapshot& view);
  void write(const Snapshot& view);
  void write(std::string what, std::string value);
  bool traces(ignored::Aspect aspect) const { return !(ignored_ & ignored::bit(aspect)); }

  Trace trace_;
  unsigned views_ = all_views, ignored_ = 0;
  gfp_t gfp_ = ~gfp_t{0};  // of which flags are traced
  std::vector<Traced>* parts_ = nullptr;
};

}  // namespace engine
