// SPDX-License-Identifier: GPL-2.0-only
// Base of all judges. A judge listens to the history, reads the views that it is given, raises
// findings, and never calls the allocator.
#pragma once

#include <string>
#include <utility>

#include "engine/books.h"
#include "engine/history.h"
#include "engine/oracles.h"
#include "engine/position.h"
#include "engine/views.h"
#include "iova/variant.h"

namespace engine {

// The state of the current run that judges may read.
struct Scene {
  Books& books;
  Position& position;
  Looker& looker;
  const iova_variant* variant = nullptr;
  size_t findings = 0;            // over all runs
  bool promise_broken = false;    // by a finding that this run continued past
  bool beyond_judgement = false;  // a known finding left nothing to judge
  // A pause had other operations suspended at the begin of the current operation or since.
  bool overlapped = false;
  // Operations that may touch every domain without a call (time passes, CPUs go off- or online):
  // how many are suspended, and how many ever began.
  size_t ambient = 0, ambient_begun = 0;
};

class Judge : public Listener {
 public:
  explicit Judge(Scene& scene) : scene_(scene) {}
  virtual void begin() {}  // of a run

 protected:
  ~Judge() = default;

  const iova_variant& variant() const { return *scene_.variant; }
  bool shows(iova_view view) const { return variant().views & view; }
  // Calls of the same domain that overlapped this one.
  Traffic others_beside(const Call& call) const;
  // Whether anything that overlapped the call may have changed its domain.
  bool is_touched_by_others(const Call& call) const;
  void raise(const shim::Oracle& oracle, std::string values) const {
    raise(oracle, scene_.position.function(), std::move(values));
  }
  void raise(const shim::Oracle& oracle, const char* function, std::string values) const {
    shim::raise(shim::Finding{&oracle, function, "", std::move(values), nullptr});
  }
  // Raises a finding about a request. If a fast request reached the tree, alloc_iova() is at fault,
  // unless `function` names another.
  void raise_of(const Call& call, const shim::Oracle& oracle, std::string values,
                const char* function = nullptr) const {
    Position& position = scene_.position;
    bool asked_tree = call.function == Function::alloc_fast && call.attempts;
    Acting acting(position, asked_tree ? &program::spec(OpCode::alloc) : position.acting);
    raise(oracle, function ? function : position.function(), std::move(values));
  }

  Scene& scene_;
};

}  // namespace engine
