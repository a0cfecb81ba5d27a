// SPDX-License-Identifier: GPL-2.0-only
// Where a run is: the operation and the call at hand, for keys and reports.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "program/program.h"

namespace engine {

struct Call;

using program::OpCode;
using program::Operation;
using program::OperationSpec;
using program::Role;

struct Position {
  const program::Program* program = nullptr;
  size_t current = 0;  // operation; the number of operations at the end
  const OperationSpec* acting = nullptr;
  // That the started context executes which runs now: when it goes on, current is another, which is
  // not to blame for what it does. NULL outside such contexts.
  const Operation* of_strand = nullptr;
  bool may_pause = false;  // anywhere, not only while a flush lasts
  // Of a counted operation: its calls so far, and the attempts before the one at hand.
  size_t calls_begun = 0, call_start = 0;
  Call* call = nullptr;  // into the allocator, that is under way or just over
  // What the end of the program does in its place; a probe is what no program asked for.
  const Operation* of_end = nullptr;
  bool is_probe = false;
  // A queue frees a range: what that comes to is known after it.
  bool releasing = false;
  size_t release_start = 0;  // attempts before it
  std::string outcome = {};  // in words, if the run tells them

  // NULL at the end.
  const Operation* operation() const {
    bool is_over = !program || current >= program->operations.size();
    return is_over ? nullptr : &program->operations[current];
  }
  // That a resume let go on.
  const Operation* resumed = nullptr;
  // The index of the operation that runs.
  size_t running() const {
    return of_strand ? static_cast<size_t>(of_strand - program->operations.data()) : current;
  }
  // The operation at hand, for keys: the call into the allocator, wherever the program has it; NULL
  // at the end. A queue's release of a range is a free_fast.
  const OperationSpec* at_hand() const {
    if (releasing) return &program::spec(OpCode::free_fast);
    if (acting) return acting;
    if (of_strand) return &program::spec(of_strand->code);
    const Operation* now = operation();
    if (now && now->code == OpCode::resume && resumed) now = resumed;
    return now ? &program::spec(now->code) : nullptr;
  }
  const char* function() const {
    const OperationSpec* spec = at_hand();
    return !spec ? "put_iova_domain" : *spec->function ? spec->function : "?";
  }
  const char* operation_name() const { return is_probe || !at_hand() ? "end" : at_hand()->name; }
  // Of the call at hand, among the operation's.
  size_t first_attempt() const { return std::max(call_start, releasing ? release_start : 0); }
};

// While it lives, the end of the program does that, or asks it as a probe.
class AtEnd {
 public:
  AtEnd(Position& position, const Operation& operation, bool is_probe = false)
      : position_(position), before_(position.acting) {
    position.acting = &program::spec(operation.code);
    position.of_end = &operation;
    position.is_probe = is_probe;
  }
  ~AtEnd() {
    position_.acting = before_;
    position_.of_end = nullptr;
    position_.is_probe = false;
  }
  AtEnd(const AtEnd&) = delete;

 private:
  Position& position_;
  const OperationSpec* before_;
};

// While it lives, findings are attributed to another operation than the program's.
class Acting {
 public:
  Acting(Position& position, const OperationSpec* as)
      : position_(position), before_(std::exchange(position.acting, as)) {}
  Acting(Position& position, OpCode code) : Acting(position, &program::spec(code)) {}
  ~Acting() { position_.acting = before_; }
  Acting(const Acting&) = delete;

 private:
  Position& position_;
  const OperationSpec* before_;
};

}  // namespace engine
