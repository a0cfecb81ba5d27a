// SPDX-License-Identifier: GPL-2.0-only
// What a judge is: it listens to the history, looks at views that it is handed, raises findings,
// and never calls the allocator.
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

// What judges may know of the run at hand.
struct Scene {
  Books& books;
  Position& position;
  Looker& looker;
  const iova_variant* variant = nullptr;
  size_t findings = 0;            // ever
  bool promise_broken = false;    // in this run, by what was gone past
  bool beyond_judgement = false;  // gone past a finding that leaves nothing to judge
  // Others were in the midst of what they do, at the begin of the operation at hand or since.
  bool overlapped = false;
  // Operations that may touch any domain, though they make no call of one: suspended, and ever.
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
  // What overlapped with the call, and may have touched its domain.
  Traffic others_beside(const Call& call) const;
  bool is_touched_by_others(const Call& call) const;
  void raise(const shim::Oracle& oracle, std::string values) const {
    raise(oracle, scene_.position.function(), std::move(values));
  }
  void raise(const shim::Oracle& oracle, const char* function, std::string values) const {
    shim::raise(shim::Finding{&oracle, function, "", std::move(values), nullptr});
  }
  // Of a request. What the tree answered to a fast one is alloc_iova()'s doing; function: if it is
  // of another one's.
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
