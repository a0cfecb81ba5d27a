// SPDX-License-Identifier: GPL-2.0-only
#include "engine/reference/rcache_model.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "shim/timekeeping.h"

namespace engine {
namespace {

uint64_t trimming_period() { return msecs_to_jiffies(100); }

// The bin of a size. At least bin_count_ if the size is too large to cache.
unsigned bin_of(uint64_t size) { return static_cast<unsigned>(std::bit_width(size - 1)); }

bool has_pfns(const std::vector<uint64_t>* magazine) { return magazine && !magazine->empty(); }

}  // namespace

void RcacheModel::clear() {
  for (Bin& bin : bins()) {
    bin.cpus = {};
    bin.depot.clear();
    bin.work = {};
  }
  bin_count_ = 0;
  spare_.clear();
  for (Pfns& pfns : store_) spare_.push_back(&pfns);
  magazines_ = 0;
  cpus_ = 0;
}

void RcacheModel::init(const iova_variant& variant, Model& tree, ModelClock& clock,
                       AttemptCursor& attempts) {
  clear();
  variant_ = &variant;
  bin_count_ = variant.bins;
  tree_ = &tree;
  clock_ = &clock;
  cpus_ = num_possible_cpus();
  if (variant.allocates_lazily) return;
  if (!variant.embeds_rcaches) attempts.next_failed();  // the array of bins
  for (Bin& bin : bins()) {
    if (attempts.next_failed()) continue;  // the per-CPU structures
    for (unsigned cpu = 0; cpu < cpus_; cpu++)
      for (Pfns** magazine : {&bin.cpus[cpu].loaded, &bin.cpus[cpu].prev})
        if (!attempts.next_failed()) *magazine = new_magazine();
  }
}

RcacheModel::Pfns* RcacheModel::new_magazine() {
  if (spare_.empty()) spare_.push_back(&store_.emplace_back());
  Pfns* magazine = spare_.back();
  spare_.pop_back();
  magazine->clear();
  magazines_++;
  return magazine;
}

void RcacheModel::delete_magazine(Pfns* magazine) {
  if (!magazine) return;
  spare_.push_back(magazine);
  magazines_--;
}

FastAnswer RcacheModel::allocate(const Request& request, bool flush_allowed, unsigned cpu,
                                 AttemptCursor& attempts) {
  unsigned index = bin_of(request.size);
  bool looks =
      index < bin_count_ && !(variant_->rcache_limit_checked && request.size > request.limit + 1);
  if (looks)
    // Without the check, the difference wraps for a size larger than the limit.
    if (auto pfn = pop(bins_[index], request.limit + 1 - request.size, cpu)) return {pfn, 0};
  FastAnswer answer{std::nullopt, 0};
  for (;;) {
    answer.tries++;
    if (!attempts.next_failed()) answer.pfn = tree_->allocate(request);
    if (answer.pfn || !flush_allowed || answer.tries == 2) return answer;
    flush();
  }
}

// The newest pfn at or below the limit; the magazine's last pfn moves to its place.
std::optional<uint64_t> RcacheModel::pop(Bin& bin, uint64_t limit, unsigned cpu) {
  CpuCache& cache = bin.cpus[cpu];
  if (!has_pfns(cache.loaded)) {
    if (has_pfns(cache.prev)) {
      std::swap(cache.loaded, cache.prev);
    } else if (!bin.depot.empty()) {
      delete_magazine(cache.loaded);
      cache.loaded = take_from_depot(bin);
    } else {
      return std::nullopt;
    }
  }
  Pfns& loaded = *cache.loaded;
  auto found =
      std::find_if(loaded.rbegin(), loaded.rend(), [&](uint64_t pfn) { return pfn <= limit; });
  if (found == loaded.rend()) return std::nullopt;
  uint64_t pfn = *found;
  *found = loaded.back();
  loaded.pop_back();
  return pfn;
}

void RcacheModel::free(uint64_t pfn, uint64_t size, unsigned cpu, AttemptCursor& attempts) {
  unsigned index = bin_of(size);
  if (index >= bin_count_ || !push(bins_[index], pfn, cpu, attempts)) tree_->remove(pfn);
}

bool RcacheModel::has_room(const Pfns* magazine) const {
  return magazine && magazine->size() < variant_->magazine_pfns;
}

// Returns false if there is no room and no memory for a new magazine.
bool RcacheModel::push(Bin& bin, uint64_t pfn, unsigned cpu, AttemptCursor& attempts) {
  CpuCache& cache = bin.cpus[cpu];
  if (!has_room(cache.loaded)) {
    if (has_room(cache.prev)) {
      std::swap(cache.loaded, cache.prev);
    } else if (attempts.next_failed()) {
      return false;
    } else {
      Pfns* full = std::exchange(cache.loaded, new_magazine());
      if (!cache.prev) {
        cache.prev = full;  // the CPU's first push had no prev
      } else if (!variant_->depot_magazines || bin.depot.size() < variant_->depot_magazines) {
        bin.depot.push_back(full);
        if (variant_->trims_depot) schedule(bin.work);
      } else {
        return_to_tree(full);
        delete_magazine(full);
      }
    }
  }
  cache.loaded->push_back(pfn);
  return true;
}

// A pending work keeps its deadline.
void RcacheModel::schedule(Work& work) {
  if (!work.pending) work = {true, clock_->now + trimming_period(), clock_->next_sequence++};
}

RcacheModel::Pfns* RcacheModel::take_from_depot(Bin& bin) {
  Pfns* magazine = bin.depot.back();
  bin.depot.pop_back();
  return magazine;
}

void RcacheModel::return_to_tree(Pfns* magazine) {
  if (!magazine) return;
  for (uint64_t pfn : *magazine) tree_->remove(pfn);
  magazine->clear();
}

void RcacheModel::return_cpu(unsigned cpu) {
  for (Bin& bin : bins()) {
    return_to_tree(bin.cpus[cpu].loaded);
    return_to_tree(bin.cpus[cpu].prev);
  }
}

void RcacheModel::flush() {
  for (unsigned cpu = 0; cpu < cpus_; cpu++)
    if (cpu_online(cpu)) return_cpu(cpu);
  if (!variant_->flushes_depots) return;
  for (Bin& bin : bins()) {
    bool is_list = !variant_->depot_magazines;
    if (is_list) std::reverse(bin.depot.begin(), bin.depot.end());
    for (Pfns* magazine : bin.depot) {
      return_to_tree(magazine);
      delete_magazine(magazine);
    }
    bin.depot.clear();
  }
}

void RcacheModel::cpu_died(unsigned cpu) {
  if (cpu < cpus_ && variant_->flushes_dead_cpus) return_cpu(cpu);
}

const RcacheModel::Work* RcacheModel::next_work() const {
  const Work* next = nullptr;
  for (const Bin& bin : bins())
    if (bin.work.pending && (!next || bin.work.is_before(*next))) next = &bin.work;
  return next;
}

void RcacheModel::run_next_work() {
  const Work* next = next_work();
  for (Bin& bin : bins()) {
    if (&bin.work != next) continue;
    bin.work.pending = false;
    if (bin.depot.size() <= num_online_cpus()) return;
    Pfns* magazine = take_from_depot(bin);
    return_to_tree(magazine);
    delete_magazine(magazine);
    return schedule(bin.work);
  }
}

template <class Visit>
void RcacheModel::each(Visit visit) const {
  for (unsigned i = 0; i < bin_count_; i++) {
    const Bin& bin = bins_[i];
    for (unsigned cpu = 0; cpu < cpus_; cpu++)
      for (bool previous : {false, true})
        if (const Pfns* magazine = previous ? bin.cpus[cpu].prev : bin.cpus[cpu].loaded)
          if (!visit(i, static_cast<int>(cpu), previous, *magazine)) return;
    for (size_t at = 0; at < bin.depot.size(); at++) {
      bool is_list = !variant_->depot_magazines;
      if (!visit(i, -1, false, *bin.depot[is_list ? bin.depot.size() - 1 - at : at])) return;
    }
  }
}

std::string RcacheModel::wrong_contents(std::span<const iova_magazine_view> views) const {
  auto place = [](unsigned bin, int cpu, bool previous) {
    std::string text = fmt::format("bin {}, ", bin);
    if (cpu < 0) return text + "depot";
    return text + fmt::format("CPU {}, {}", cpu, previous ? "prev" : "loaded");
  };
  std::string wrong;
  size_t at = 0;
  each([&](unsigned bin, int cpu, bool previous, const Pfns& pfns) {
    if (at == views.size()) {
      wrong = fmt::format("no magazine in {}", place(bin, cpu, previous));
      return false;
    }
    const iova_magazine_view& view = views[at++];
    if (view.bin != bin || view.cpu != cpu || view.previous != previous) {
      wrong = fmt::format("magazine in {} instead of {}", place(view.bin, view.cpu, view.previous),
                          place(bin, cpu, previous));
      return false;
    }
    if (std::equal(pfns.begin(), pfns.end(), view.pfns, view.pfns + view.size)) return true;
    size_t same = static_cast<size_t>(
        std::mismatch(pfns.begin(), pfns.end(), view.pfns, view.pfns + view.size).first -
        pfns.begin());
    auto pfn = [&](bool there, uint64_t value) {
      return there ? fmt::format("{:#x}", value) : "none";
    };
    wrong = fmt::format("{}: {} pfns, should be {}; the {} is {}, should be {}",
                        place(bin, cpu, previous), view.size, pfns.size(), shim::ordinal(same),
                        pfn(same < view.size, same < view.size ? view.pfns[same] : 0),
                        pfn(same < pfns.size(), same < pfns.size() ? pfns[same] : 0));
    return false;
  });
  if (wrong.empty() && at < views.size())
    wrong = fmt::format("surplus magazine: {}",
                        place(views[at].bin, views[at].cpu, views[at].previous));
  return wrong;
}

std::string RcacheModel::wrong_work(std::span<const iova_depot_view> depots) const {
  for (unsigned i = 0; i < depots.size(); i++)
    if (depots[i].work_pending != bins_[i].work.pending)
      return fmt::format(
          "bin {}: {}, with {} magazines in the depot", i,
          depots[i].work_pending ? "pending, should not be" : "not pending, should be",
          depots[i].size);
  return "";
}

void RcacheModel::adopt(const iova_variant& variant, const void* domain) {
  if (!cpus_) return;
  for (Bin& bin : bins()) {
    for (CpuCache& cache : bin.cpus) {
      delete_magazine(std::exchange(cache.loaded, nullptr));
      delete_magazine(std::exchange(cache.prev, nullptr));
    }
    for (Pfns* magazine : bin.depot) delete_magazine(magazine);
    bin.depot.clear();
  }
  variant.each_magazine(
      domain,
      [](void* context, const iova_magazine_view* view) {
        RcacheModel& self = *static_cast<RcacheModel*>(context);
        Bin& bin = self.bins_[view->bin];
        Pfns* magazine = self.new_magazine();
        magazine->assign(view->pfns, view->pfns + view->size);
        if (view->cpu < 0)
          bin.depot.push_back(magazine);
        else if (view->previous)
          bin.cpus[view->cpu].prev = magazine;
        else
          bin.cpus[view->cpu].loaded = magazine;
      },
      this);
  if (!variant.depot_magazines)
    for (Bin& bin : bins()) std::reverse(bin.depot.begin(), bin.depot.end());
  variant.each_depot(
      domain,
      [](void* context, const iova_depot_view* view) {
        RcacheModel& self = *static_cast<RcacheModel*>(context);
        Work& work = self.bins_[view->bin].work;
        if (view->work_pending)
          self.schedule(work);
        else
          work.pending = false;
      },
      this);
}

}  // namespace engine
