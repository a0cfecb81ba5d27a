// SPDX-License-Identifier: GPL-2.0-only
// The position of a run: its current operation and call, for keys and reports.
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
  size_t current = 0;  // index of the operation; the number of operations at the end
  const OperationSpec* acting = nullptr;
  // The operation that the running context executes, if Strands started that context. After a
  // resume, `current` is a different operation, which is not to blame. NULL outside such contexts.
  const Operation* of_strand = nullptr;
  bool may_pause = false;  // at any scheduling point, not only while a flush lasts
  // In a counted operation: calls begun so far, and attempts made before the current call.
  size_t calls_begun = 0, call_start = 0;
  Call* call = nullptr;  // the call into the allocator that runs or has just returned
  // The operation that the end of the program performs. is_probe: the engine's own question, which
  // belongs to no operation of the program.
  const Operation* of_end = nullptr;
  bool is_probe = false;
  // The flush queue is releasing a range. The outcome is known only after the release.
  bool releasing = false;
  size_t release_start = 0;  // attempts made before the release
  std::string outcome = {};  // as text, if Options::on_step is set

  // The current operation; NULL at the end.
  const Operation* operation() const {
    bool is_over = !program || current >= program->operations.size();
    return is_over ? nullptr : &program->operations[current];
  }
  // The suspended operation that a resume let continue.
  const Operation* resumed = nullptr;
  // The index of the running operation.
  size_t running() const {
    return of_strand ? static_cast<size_t>(of_strand - program->operations.data()) : current;
  }
  // The operation that makes the current call, for keys: for a resume, the resumed one. NULL at the
  // end. A release by the flush queue counts as free_fast.
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
  // The first attempt of the current call, as an index into the operation's attempts.
  size_t first_attempt() const { return std::max(call_start, releasing ? release_start : 0); }
};

// Scope guard: the end of the program performs `operation`, or asks it as a probe.
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

// Scope guard: attributes findings to another operation.
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
