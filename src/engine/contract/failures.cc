// SPDX-License-Identifier: GPL-2.0-only
// Judges allocation failures: a call that meets one reports it, no call fails without a cause, and
// a failed operation leaves nothing behind.
#include <fmt/core.h>

#include <cerrno>

#include "engine/contract/judges.h"
#include "engine/printing.h"
#include "shim/fault.h"

namespace engine::contract {

void Failures::hear(const Event& event) {
  if (event.kind == Kind::operation_begin) {
    failed_ = skipped_ = false;
    if (event.number) before_ = shim::census();  // only failed operations are checked for traces
    return;
  }
  if (event.kind == Kind::skipped) {
    skipped_ = true;
    return;
  }
  if (event.kind == Kind::quiet) {
    if (event.operation && operation_failed()) check_traces(*event.operation);
    return;
  }
}

void Failures::end_call(Call& call) {
  switch (call.function) {
    // Before v5.18, init_iova_domain() cannot report it and continues with the rcaches that it has.
    case Function::init_domain:
      if (variant().ignores_rcache_failures) check_reported(false, call);
      return;
    case Function::cache_get:
    case Function::init_rcaches:
    case Function::queue_init:
      check_reported(call.error, call);
      // In the shim only allocations fail, so -ENOMEM is the only right error.
      if (call.error && call.faults && call.error != -ENOMEM)
        raise(oracle::error_wrong, fmt::format("{}, not -ENOMEM", print_error(call.error)));
      return;
    // If a design that is not strict grants a range after a fault, it had an alternative.
    case Function::reserve:
      if (call.is_no_range) {
        failed_ = true;
        return raise(oracle::no_range, fmt::format("{}", call.iova));
      }
      if (!call.granted || variant().strict) check_reported(!call.granted, call);
      return;
    case Function::alloc:
      failed_ |= !call.granted;
      if (call.needed_faults && call.granted && variant().strict)
        raise(oracle::fault_not_reported, "");
      return;
    default: return;  // other functions may have an alternative
  }
}

void Failures::check_reported(bool failed, const Call& call) {
  failed_ |= failed;
  if (call.needed_faults && !failed) raise(oracle::fault_not_reported, "");
  if (!call.faults && failed) raise(oracle::failure_without_cause, "");
}

bool Failures::operation_failed() const {
  const Operation* operation = scene_.position.operation();
  return failed_ && !skipped_ && operation && shim::failed_attempts() &&
         program::spec(operation->code).reports == program::Reports::failure;
}

void Failures::check_traces(const Operation& operation) const {
  if (scene_.overlapped) return;
  shim::Census now = shim::census();
  // A counted operation may have succeeded before it failed; its ranges are checked as nodes.
  if (calls(operation) != 1 || now == before_) return;
  // Another design may use the call to free what earlier calls left.
  if (!variant().strict && !shim::has_grown(before_, now)) return;
  raise(oracle::failure_left_traces,
        fmt::format("objects {} -> {}, per-CPU objects {} -> {}, caches {} -> {}, hotplug "
                    "instances {} -> {}",
                    before_.kmalloc_objects + before_.cache_objects,
                    now.kmalloc_objects + now.cache_objects, before_.percpu_objects,
                    now.percpu_objects, before_.caches, now.caches, before_.hotplug_instances,
                    now.hotplug_instances));
}

}  // namespace engine::contract
