// SPDX-License-Identifier: GPL-2.0-only
// Generates mutants of a C source file: each has one small change, like a programmer's mistake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tool {

struct SourceMutant {
  size_t line, column;        // start of the change, counted from 1
  std::string function;       // that contains the change
  const char* mutation;       // operator, from mutation_operators
  std::string before, after;  // changed lines, the same number in both
  std::string text;           // the whole mutated file, with unchanged line count
};

// relational, logical, arithmetic, constant, negated, deleted, field.
extern const std::vector<const char*> mutation_operators;

// Sorted by place. Changes only function bodies, but no comments, strings, preprocessor lines, and
// no code that only warns or checks.
std::vector<SourceMutant> mutate_source(const std::string& text);

// Sorted indices of `count` mutants (0: all), spread evenly over functions and operators; the seed
// decides within these.
std::vector<size_t> sample_mutants(const std::vector<SourceMutant>& mutants, size_t count,
                                   uint32_t seed);

// A unified diff from the original to the mutant; path: of the file in its tree.
std::string diff_of(const std::string& original, const SourceMutant& mutant,
                    const std::string& path);

}  // namespace tool
