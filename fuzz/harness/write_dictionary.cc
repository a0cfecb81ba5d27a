// SPDX-License-Identifier: GPL-2.0-only
// Writes the dictionary of a target, at build time: write_dictionary TARGET FILE.
#include <cstring>
#include <fstream>

#include "fuzz/targets.h"
#include "program/dictionary.h"

int main(int count, char** words) {
  for (const fuzz::Target* target : fuzz::targets) {
    if (count != 3 || strcmp(target->name, words[1]) != 0) continue;
    std::ofstream file(words[2], std::ios::binary);
    file << program::dictionary(target->name, target->operations, target->reads_text);
    return file.flush() ? 0 : 1;
  }
  return 1;
}
