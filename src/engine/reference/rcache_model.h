// SPDX-License-Identifier: GPL-2.0-only
// Reference model of a domain's magazine layer, in front of its tree (model.h): the pfns of every
// magazine in order, the full magazines in the depots, and when delayed work trims them. It uses
// plain lists; differences between allocators follow from the variant's fields.
//
// It replays each event, and passes pfns that leave the magazines on to the tree's model. A cursor
// tells it which allocations failed.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/reference/model.h"
#include "iova/variant.h"
#include "shim/cpu.h"
#include "shim/fault.h"

namespace engine {

// The attempts that an operation made, consumed in the order in which the model expects them.
class AttemptCursor {
 public:
  AttemptCursor(std::span<const shim::Attempt> attempts, size_t next)
      : attempts_(attempts), next_(next) {}
  // Whether the next attempt failed. An attempt that was never made did not.
  bool next_failed() {
    size_t at = next_++;
    return at < attempts_.size() && attempts_[at].failed;
  }
  size_t next() const { return next_; }
  bool took_all() const { return next_ == attempts_.size(); }

 private:
  std::span<const shim::Attempt> attempts_;
  size_t next_;
};

// Virtual time and the order of scheduled events, shared by all domains.
struct ModelClock {
  uint64_t now = 0;  // jiffies
  uint64_t next_sequence = 0;
};

// The expected result of a fast request.
struct FastAnswer {
  std::optional<uint64_t> pfn;  // nothing: refused
  size_t tries;                 // requests to the tree; 0: served from the magazines
};

class RcacheModel {
 public:
  struct Work {
    bool pending;
    uint64_t deadline, sequence;  // jiffies; equal deadlines run in order of sequence
    // Compares pending works.
    bool is_before(const Work& other) const {
      return deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence;
    }
  };

  // Removes the magazine layer.
  void clear();
  // A freshly initialized layer in front of `tree`. The cursor tells which magazines are missing,
  // if the allocator continues without them.
  void init(const iova_variant& variant, Model& tree, ModelClock& clock, AttemptCursor& attempts);

  // alloc_iova_fast() on the CPU, with the rounded size.
  FastAnswer allocate(const Request& request, bool flush, unsigned cpu, AttemptCursor& attempts);
  // free_iova_fast() on the CPU, with the requested size. It consumes the next attempts.
  void free(uint64_t pfn, uint64_t size, unsigned cpu, AttemptCursor& attempts);
  // Called after the CPU went offline.
  void cpu_died(unsigned cpu);
  // The work that runs next, or NULL.
  const Work* next_work() const;
  // Runs that work; the clock must show its time.
  void run_next_work();

  // The number of magazines.
  size_t magazines() const { return magazines_; }
  // The first difference from the allocator's magazines, in the order of each_magazine(), or "".
  std::string wrong_contents(std::span<const iova_magazine_view> views) const;
  // Same for the depots' delayed work.
  std::string wrong_work(std::span<const iova_depot_view> depots) const;
  // Copies the allocator's state. Deadlines of work are invisible: assumes work scheduled now.
  void adopt(const iova_variant& variant, const void* domain);

 private:
  using Pfns = std::vector<uint64_t>;
  struct CpuCache {
    Pfns *loaded, *prev;  // NULL: no magazine
  };
  struct Bin {
    std::array<CpuCache, SHIM_MAX_CPUS> cpus;
    std::vector<Pfns*> depot;  // the newest last
    Work work;
  };

  std::optional<uint64_t> pop(Bin& bin, uint64_t limit, unsigned cpu);
  bool push(Bin& bin, uint64_t pfn, unsigned cpu, AttemptCursor& attempts);
  void flush();
  void schedule(Work& work);
  bool has_room(const Pfns* magazine) const;
  Pfns* new_magazine();
  void delete_magazine(Pfns* magazine);
  Pfns* take_from_depot(Bin& bin);
  void return_to_tree(Pfns* magazine);
  void return_cpu(unsigned cpu);
  // Visits the magazines in the order of each_magazine().
  template <class Visit>
  void each(Visit visit) const;

  const iova_variant* variant_ = nullptr;
  Model* tree_ = nullptr;
  ModelClock* clock_ = nullptr;
  unsigned cpus_ = 0;  // possible CPUs
  unsigned bin_count_ = 0;
  // The bins that the variant uses.
  std::span<Bin> bins() { return std::span(bins_).first(bin_count_); }
  std::span<const Bin> bins() const { return std::span(bins_).first(bin_count_); }
  std::array<Bin, IOVA_MAX_BINS> bins_{};
  size_t magazines_ = 0;
  // All magazines ever created, for reuse.
  std::deque<Pfns> store_;
  std::vector<Pfns*> spare_;
};

}  // namespace engine
