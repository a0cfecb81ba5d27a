// SPDX-License-Identifier: GPL-2.0-only
// The suspended operations of a run: how they start, continue and end, and which operations may
// begin meanwhile.
#pragma once

#include <array>

#include "engine/judge.h"
#include "engine/shim_events.h"
#include "program/program.h"
#include "shim/context.h"

namespace engine {

class Strands;

// A started context. Each has its own position in the run.
struct Strand {
  Strands* among = nullptr;
  Position position;
  Release release{};
  bool is_in_use = false;
  bool was_suspended = false;  // other operations overlap it
};

class Strands {
 public:
  // What a strand executes, and what follows if it ends after a suspension.
  struct Body {
    void (*execute)(const Operation& operation);
    void (*ended_late)();
  };
  Strands(Scene& scene, ShimEvents& shim_events, Body body)
      : scene_(scene), shim_events_(shim_events), body_(body) {}

  // Begins a run. interleaves: its program has pauses, and they take effect.
  void begin(bool interleaves);
  bool interleave() const { return interleave_; }
  // Whether a pause has suspended an operation.
  bool overlap() const { return overlapping_; }

  // Suspends the next operation at its scheduling point of that number (0: not at all). `name` is
  // the index of its strand.
  void pause_next(uint64_t point, size_t name);
  // The next operation is over, and with it the request for a pause.
  void forget_pause() { pause_at_ = 0; }

  // Why the operation cannot begin: a suspended one leaves no room on the CPU, or its caller must
  // wait for one. NULL: it can.
  const char* hindrance(const Operation& operation, bool in_irq) const;

  enum class Fate { not_started, ended, suspended };
  // Executes the operation in a context of its own if a pause or a lasting flush asks for it.
  // Otherwise does nothing.
  Fate start(const Operation& operation, bool flush_lasts);
  // Resumes the nth suspended operation, until its end or its next pause.
  Fate resume(size_t nth);
  // Moves the nth suspended operation to another CPU.
  void move(size_t nth, unsigned cpu);
  // The index of the suspended operation with that name; suspended_contexts() if there is none.
  size_t suspended_as(size_t name) const;

  // All strands by name, including unused ones.
  const std::array<Strand, program::max_suspended>& all() const { return strands_; }

  // Swaps the run's position with the strand's, when the strand is entered or left.
  void exchange(Strand& strand);

 private:
  void live(Strand& strand);
  // Whether a suspended operation takes a CPU off- or online.
  bool is_changing_cpus() const;

  Scene& scene_;
  ShimEvents& shim_events_;
  const Body body_;
  uint64_t pause_at_ = 0;                               // scheduling point; 0: none
  size_t pause_as_ = 0;                                 // index of the strand
  std::array<Strand, program::max_suspended> strands_;  // by name
  bool interleave_ = false;
  size_t overlapping_ = 0;
};

}  // namespace engine
