// SPDX-License-Identifier: GPL-2.0-only
// The operations of a run that are suspended: how they begin, go on and end, and what may begin
// beside them.
#pragma once

#include <array>

#include "engine/judge.h"
#include "engine/shim_events.h"
#include "program/program.h"
#include "shim/context.h"

namespace engine {

class Strands;

// What a started context executes. Where the run is, is told apart for each.
struct Strand {
  Strands* among = nullptr;
  Position position;
  Release release{};
  bool is_in_use = false;
  bool was_suspended = false;  // so that others overlap with it
};

class Strands {
 public:
  // What a strand executes, and what follows once it ends after it was suspended.
  struct Body {
    void (*execute)(const Operation& operation);
    void (*ended_late)();
  };
  Strands(Scene& scene, ShimEvents& shim_events, Body body)
      : scene_(scene), shim_events_(shim_events), body_(body) {}

  // Of a run. interleaves: its program has pauses, which count.
  void begin(bool interleaves);
  bool interleave() const { return interleave_; }
  // Some are in the midst of what they do, wherever that is.
  bool overlap() const { return overlapping_; }

  // The next operation is to be suspended at its scheduling point of that number (0: not), under
  // the name of that index.
  void pause_next(uint64_t point, size_t name);
  // The next operation is over; so is what was asked of it.
  void forget_pause() { pause_at_ = 0; }

  // Why the operation cannot begin: what is suspended keeps from it, or a caller must wait for.
  // NULL: it can.
  const char* hindrance(const Operation& operation, bool in_irq) const;

  enum class Fate { not_started, ended, suspended };
  // Executes the operation so that it can be suspended, where a pause or a flush that lasts asks
  // for it; otherwise nothing is done.
  Fate start(const Operation& operation, bool flush_lasts);
  // The nth that is suspended goes on, to its end or to the next pause.
  Fate resume(size_t nth);
  // The nth that is suspended goes on elsewhere.
  void move(size_t nth, unsigned cpu);
  // Of what is suspended, the one of that name; suspended_contexts(): none.
  size_t suspended_as(size_t name) const;

  // By name, those that are not in use among them.
  const std::array<Strand, program::max_suspended>& all() const { return strands_; }

  // Another strand is entered or left: where the run is belongs to it.
  void exchange(Strand& strand);

 private:
  void live(Strand& strand);

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
