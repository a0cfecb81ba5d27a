// SPDX-License-Identifier: GPL-2.0-only
// The trace of a run: a hash of the comparable part of its history. For two allocators of different
// designs, that is their answers and the views of both.
#pragma once

#include <string>
#include <vector>

#include "engine/history.h"
#include "engine/trace.h"
#include "engine/views.h"

namespace engine {

// Aspects that a trace can leave out, a bit each.
namespace ignored {
enum Aspect : unsigned {
#define IGNORABLE(name, words) name,
#include "engine/ignorables.inc"
#undef IGNORABLE
};
constexpr unsigned bit(Aspect aspect) { return 1u << aspect; }
}  // namespace ignored

// One part of a trace as text.
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
  // Adds an answer or an event; these are never ignored.
  void add(uint64_t value, const char* what);
  void add_attempts();
  void add(const Snapshot& view);
  void write(const Snapshot& view);
  void write(std::string what, std::string value);
  bool traces(ignored::Aspect aspect) const { return !(ignored_ & ignored::bit(aspect)); }

  Trace trace_;
  unsigned views_ = all_views, ignored_ = 0;
  gfp_t gfp_ = ~gfp_t{0};  // flags that are traced
  std::vector<Traced>* parts_ = nullptr;
};

}  // namespace engine
