// SPDX-License-Identifier: GPL-2.0-only
// Judges that compare the allocator's internals with the models of its revision. One file each.
// They raise each difference; the models then adopt the allocator's state.
#pragma once

#include <optional>

#include "engine/judge.h"
#include "engine/reference/models.h"

namespace engine::reference {

class Comparison : public Judge {
 public:
  Comparison(Scene& scene, Models& models) : Judge(scene), models_(models) {}

 protected:
  ~Comparison() = default;
  Models& models_;
};

class Flushes : public Comparison {
 public:
  using Comparison::Comparison;
  void end_call(Call& call) override;
};

class Placement : public Comparison {
 public:
  using Comparison::Comparison;
  void end_call(Call& call) override;

 private:
  void check(const Call& call, std::optional<uint64_t> found);
  void check_fast(const Call& call, std::optional<uint64_t> found);
};

class Fields : public Comparison {
 public:
  using Comparison::Comparison;
  void hear(const Event& event) override;
};

class Magazines : public Comparison {
 public:
  using Comparison::Comparison;
  void end_call(Call& call) override;
  void hear(const Event& event) override;
};

class Objects : public Comparison {
 public:
  using Comparison::Comparison;
  void begin() override { viewed_ = surplus_ = viewed_surplus_ = 0; }
  void hear(const Event& event) override;

 private:
  size_t modelled() const;
  bool fits(size_t found, size_t expected) const;
  void check_count();
  void check_views();

  size_t viewed_ = 0;  // counted from the views of the current look
  // Surplus objects already reported; every later look finds them too.
  size_t surplus_ = 0, viewed_surplus_ = 0;
};

}  // namespace engine::reference
