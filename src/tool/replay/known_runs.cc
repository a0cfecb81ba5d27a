// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/known_runs.h"

#include <algorithm>

#include "tool/support/hash.h"

namespace tool {
namespace {

uint64_t packed(const Ran::Stretch& stretch) {
  return stretch.owner | uint64_t{stretch.cpu} << 16 | uint64_t{stretch.at_point} << 24 |
         uint64_t{stretch.touched} << 32;
}

Ran::Stretch to_stretch(uint64_t word) {
  return {.owner = static_cast<uint16_t>(word),
          .cpu = static_cast<uint8_t>(word >> 16),
          .at_point = (word >> 24 & 1) != 0,
          .touched = static_cast<uint32_t>(word >> 32)};
}

// Has the step's length instead of its begin, so that equal steps are equal words wherever they
// stand.
uint64_t packed(const Ran::OfStep& step, uint32_t length) {
  return step.cpu | uint64_t{step.skipped} << 8 | uint64_t{step.hindered} << 9 |
         uint64_t{step.suspended} << 10 | uint64_t{length} << 32;
}

Ran::OfStep to_step(uint64_t word, uint32_t first) {
  return {.first = first,
          .cpu = static_cast<uint8_t>(word),
          .skipped = (word >> 8 & 1) != 0,
          .hindered = (word >> 9 & 1) != 0,
          .suspended = (word >> 10 & 1) != 0};
}

// Cuts the words into pieces of that average length. A word alone decides whether a piece ends with
// it, unless the piece has become too long.
template <class Told>
void cut(std::span<const uint64_t> words, uint64_t average, Told told) {
  size_t begin = 0;
  for (size_t i = 0; i < words.size(); i++) {
    if (mix(1, words[i]) % average && i + 1 < words.size() && i + 1 - begin < 8 * average) continue;
    told(words.subspan(begin, i + 1 - begin));
    begin = i + 1;
  }
}

}  // namespace

size_t Pieces::slot_of(std::span<const uint64_t> piece) const {
  const uint64_t hash = mix_all(piece);
  for (size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1))
    if (!slots_[at] || std::ranges::equal((*this)[slots_[at] - 1], piece)) return at;
}

uint32_t Pieces::number_of(std::span<const uint64_t> piece) {
  if (2 * begins_.size() > slots_.size()) {
    slots_.assign(std::max<size_t>(64, 2 * slots_.size()), 0);
    for (uint32_t number = 0; number + 1 < begins_.size(); number++)
      slots_[slot_of((*this)[number])] = number + 1;
  }
  uint32_t& slot = slots_[slot_of(piece)];
  if (slot) return slot - 1;
  words_.insert(words_.end(), piece.begin(), piece.end());
  begins_.push_back(words_.size());
  slot = static_cast<uint32_t>(begins_.size() - 1);
  return slot - 1;
}

void KnownRuns::add(const Schedule& schedule, const Ran& ran) {
  constexpr uint64_t of_a_piece = 16, of_a_list = 8, of_steps = 4;
  const auto [list, is_new] = lists_.try_emplace(schedule.key(), List{numbers_.size(), 0, 0});
  if (!is_new) return;
  std::vector<uint64_t> words, numbers;
  for (const Ran::Stretch& stretch : ran.stretches) words.push_back(packed(stretch));
  cut(words, of_a_piece, [&](auto piece) { numbers.push_back(stretches_.number_of(piece)); });
  cut(numbers, of_a_list, [&](auto piece) { numbers_.push_back(of_stretches_.number_of(piece)); });
  list->second.stretches = static_cast<uint32_t>(numbers_.size() - list->second.begin);
  words.clear();
  for (size_t i = 0; i < ran.steps.size(); i++)
    words.push_back(
        packed(ran.steps[i], static_cast<uint32_t>(ran.end_of(i)) - ran.steps[i].first));
  cut(words, of_steps, [&](auto piece) { numbers_.push_back(steps_.number_of(piece)); });
  list->second.steps =
      static_cast<uint32_t>(numbers_.size() - list->second.begin) - list->second.stretches;
}

const Ran* KnownRuns::find(const Schedule& schedule) const {
  const auto found = lists_.find(schedule.key());
  if (found == lists_.end()) return nullptr;
  const List& list = found->second;
  const auto begin = numbers_.begin() + static_cast<ptrdiff_t>(list.begin);
  found_.stretches.clear();
  found_.steps.clear();
  for (uint32_t i = 0; i < list.stretches; i++)
    for (uint64_t number : of_stretches_[begin[i]])
      for (uint64_t word : stretches_[static_cast<uint32_t>(number)])
        found_.stretches.push_back(to_stretch(word));
  uint32_t first = 0;
  for (uint32_t i = list.stretches; i < list.stretches + list.steps; i++)
    for (uint64_t word : steps_[begin[i]]) {
      found_.steps.push_back(to_step(word, first));
      first += static_cast<uint32_t>(word >> 32);
    }
  return &found_;
}

}  // namespace tool
