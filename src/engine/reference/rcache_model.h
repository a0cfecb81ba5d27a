// SPDX-License-Identifier: GPL-2.0-only
// The reference for the magazine layer of a domain, in front of its tree (model.h): which pfns
// every magazine must hold and in which order, which full magazines lie in the depots, when delayed
// work trims them. Plain lists; what differs between allocators follows from variant's features.
//
// It is told what happened and does the same, and takes from the tree's model what leaves the
// magazines for the tree. Only which allocations failed it must be told: by a cursor.
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

// The attempts that an operation made, taken one by one by those that should have made them.
class AttemptCursor {
 public:
  AttemptCursor(std::span<const shim::Attempt> attempts, size_t next)
      : attempts_(attempts), next_(next) {}
  // Whether the next one failed. One that was never made did not.
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

// Virtual time, and the order in which events were scheduled; of all domains together.
struct ModelClock {
  uint64_t now = 0;  // jiffies
  uint64_t next_sequence = 0;
};

// What a fast request must come to.
struct FastAnswer {
  std::optional<uint64_t> pfn;  // none: refused
  size_t tries;                 // how often the tree was asked; 0: from the magazines
};

class RcacheModel {
 public:
  struct Work {
    bool pending;
    uint64_t deadline, sequence;  // jiffies; first come, first served on equal deadlines
    // Of pending ones.
    bool is_before(const Work& other) const {
      return deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence;
    }
  };

  // No magazine layer.
  void clear();
  // One just initialized, in front of tree. The cursor tells which magazines are missing, where
  // the allocator goes on without them.
  void init(const iova_variant& variant, Model& tree, ModelClock& clock, AttemptCursor& attempts);

  // alloc_iova_fast() on the CPU. The request has its rounded size.
  FastAnswer allocate(const Request& request, bool flush, unsigned cpu, AttemptCursor& attempts);
  // free_iova_fast() on the CPU; size as it was asked for. The next attempts are its own.
  void free(uint64_t pfn, uint64_t size, unsigned cpu, AttemptCursor& attempts);
  // After it has gone offline.
  void cpu_died(unsigned cpu);
  // The work that comes next, or NULL.
  const Work* next_work() const;
  // Runs it; the clock shows its time.
  void run_next_work();

  // How many there are.
  size_t magazines() const { return magazines_; }
  // What differs from all magazines of the allocator, in the order of each_magazine(), or "".
  std::string wrong_contents(std::span<const iova_magazine_view> views) const;
  // The same of the depots' work.
  std::string wrong_work(std::span<const iova_depot_view> depots) const;
  // Takes over the allocator's state. When work is due cannot be seen: as if scheduled just now.
  void adopt(const iova_variant& variant, const void* domain);

 private:
  using Pfns = std::vector<uint64_t>;
  struct CpuCache {
    Pfns *loaded, *prev;  // NULL where there is no magazine
  };
  struct Bin {
    std::array<CpuCache, SHIM_MAX_CPUS> cpus;
    std::vector<Pfns*> depot;  // the latest last
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
  // The magazines as each_magazine() shows them.
  template <class Visit>
  void each(Visit visit) const;

  const iova_variant* variant_ = nullptr;
  Model* tree_ = nullptr;
  ModelClock* clock_ = nullptr;
  unsigned cpus_ = 0;  // possible ones
  unsigned bin_count_ = 0;
  // Those that the variant has.
  std::span<Bin> bins() { return std::span(bins_).first(bin_count_); }
  std::span<const Bin> bins() const { return std::span(bins_).first(bin_count_); }
  std::array<Bin, IOVA_MAX_BINS> bins_{};
  size_t magazines_ = 0;
  // All that ever were, for use again.
  std::deque<Pfns> store_;
  std::vector<Pfns*> spare_;
};

}  // namespace engine
