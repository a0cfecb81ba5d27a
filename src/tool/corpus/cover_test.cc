// SPDX-License-Identifier: GPL-2.0-only
// The choice of inputs that cover as much as all.
#include "tool/corpus/cover.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace tool {
namespace {

using Numbers = std::vector<size_t>;

InputCover covering(std::vector<Feature> features) { return {std::move(features), {}}; }

struct Case {
  std::vector<InputCover> inputs;
  std::vector<CoverCost> costs;

  Numbers all() const {
    Numbers numbers(inputs.size());
    std::iota(numbers.begin(), numbers.end(), size_t{0});
    return numbers;
  }
  Numbers choose(const Numbers& given, const Numbers& candidates) const {
    return choose_cover(inputs, costs, given, candidates);
  }
  std::set<Feature> covered(const Numbers& numbers) const {
    std::set<Feature> features;
    for (size_t i : numbers) features.insert(inputs[i].features.begin(), inputs[i].features.end());
    return features;
  }
};

// Typical inputs: many features that all cover and some that few cover, on three variants.
Case random_case(unsigned seed) {
  std::mt19937 random(seed);
  Case it;
  for (size_t i = 0; i < 60; i++) {
    std::set<Feature> features;
    for (size_t n = 1 + random() % 12; n > 0; n--) {
      unsigned largest = 1 + random() % 90;
      features.insert(make_feature(random() % 3, random() % largest));
    }
    it.inputs.push_back(covering({features.begin(), features.end()}));
    it.costs.push_back({1 + random() % 20, std::to_string(random() % 1000)});
  }
  return it;
}

TEST(ChooseCover, CoversAllAndCanLeaveNoneOut) {
  size_t dropped = 0;
  for (unsigned seed = 0; seed < 200; seed++) {
    Case it = random_case(seed);
    Numbers chosen = it.choose({}, it.all());
    std::set<Feature> all = it.covered(it.all());
    EXPECT_EQ(it.covered(chosen), all);
    for (size_t left_out : chosen) {
      Numbers others = chosen;
      std::erase(others, left_out);
      EXPECT_NE(it.covered(others), all) << "seed " << seed << ", without " << left_out;
    }
    dropped += it.inputs.size() - chosen.size();
  }
  EXPECT_GT(dropped, 0u);
}

TEST(ChooseCover, OfWhatWasChosenChoosesAll) {
  for (unsigned seed = 0; seed < 200; seed++) {
    Case it = random_case(seed);
    Numbers chosen = it.choose({}, it.all());
    EXPECT_EQ(it.choose({}, chosen), chosen);
  }
}

TEST(ChooseCover, DoesNotDependOnTheOrderOfInputs) {
  std::mt19937 random(1);
  for (unsigned seed = 0; seed < 50; seed++) {
    Case it = random_case(seed);
    // Inputs of equal cost may replace each other, so names are made distinct.
    for (size_t i = 0; i < it.costs.size(); i++) it.costs[i].name += "." + std::to_string(i);
    Numbers order = it.all();
    std::shuffle(order.begin(), order.end(), random);
    Case shuffled;
    for (size_t i : order) {
      shuffled.inputs.push_back(it.inputs[i]);
      shuffled.costs.push_back(it.costs[i]);
    }
    std::set<std::string> names, shuffled_names;
    for (size_t i : it.choose({}, it.all())) names.insert(it.costs[i].name);
    for (size_t i : shuffled.choose({}, shuffled.all()))
      shuffled_names.insert(shuffled.costs[i].name);
    EXPECT_EQ(names, shuffled_names);
  }
}

TEST(ChooseCover, AddsToTheGivenOnlyWhatTheyLack) {
  for (unsigned seed = 0; seed < 100; seed++) {
    Case it = random_case(seed);
    Numbers given, candidates;
    for (size_t i : it.all()) (i < 20 ? given : candidates).push_back(i);
    Numbers added = it.choose(given, candidates);
    for (size_t i : added) EXPECT_GE(i, 20u);
    Numbers together = given;
    together.insert(together.end(), added.begin(), added.end());
    EXPECT_EQ(it.covered(together), it.covered(it.all()));
    EXPECT_TRUE(it.choose(together, candidates).empty());
  }
}

TEST(ChooseCover, TakesTheSmallerOfTwoAndThenTheOneWhoseNameComesFirst) {
  Case it;
  it.inputs = {covering({1, 2}), covering({1, 2}), covering({1, 2}), covering({1})};
  it.costs = {{9, "a"}, {5, "c"}, {5, "b"}, {1, "d"}};
  EXPECT_EQ(it.choose({}, it.all()), Numbers{2});
}

TEST(ChooseCover, KeepsWhatOneVariantNeeds) {
  Case it;
  it.inputs = {covering({make_feature(0, 7), make_feature(1, 7)}),
               covering({make_feature(0, 7), make_feature(1, 8)})};
  it.costs = {{1, "a"}, {1, "b"}};
  EXPECT_EQ(it.choose({}, it.all()), it.all());
}

TEST(ChooseCover, OfNothingIsNothing) {
  Case it;
  EXPECT_TRUE(it.choose({}, {}).empty());
  it.inputs = {covering({})};
  it.costs = {{0, ""}};
  EXPECT_TRUE(it.choose({}, {0}).empty());
}

}  // namespace
}  // namespace tool
