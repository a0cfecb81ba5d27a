// SPDX-License-Identifier: GPL-2.0-only
// Simple mutants of a C source file: each differs from it in one small place, as a slip of the
// programmer would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tool {

struct SourceMutant {
  size_t line, column;        // where the change begins, from 1
  std::string function;       // that it is in
  const char* mutation;       // the operator that made it: one of mutation_operators
  std::string before, after;  // the lines that differ, as many in both
  std::string text;           // of the whole file, with as many lines as it had
};

// relational, logical, arithmetic, constant, negated, deleted, field.
extern const std::vector<const char*> mutation_operators;

// In order of their places. Only bodies of functions are changed, and in them no comments, strings,
// preprocessor lines, nor what is only there to warn or to be checked.
std::vector<SourceMutant> mutate_source(const std::string& text);

// Indices of count of the mutants (of all if count is 0), in order, as evenly spread over functions
// and operators as the seed's chance allows.
std::vector<size_t> sample_mutants(const std::vector<SourceMutant>& mutants, size_t count,
                                   uint32_t seed);

// A unified diff that makes the mutant of the original; path is the file's in its tree.
std::string diff_of(const std::string& original, const SourceMutant& mutant,
                    const std::string& path);

}  // namespace tool
