// SPDX-License-Identifier: GPL-2.0-only
// write_dictionary TARGET FILE: writes the dictionary of a target as part of its build. The words
// are derived from the target's operations and operands (src/program/dictionary.h), so no
// dictionary is stored here. `iovafuzz list dictionary TARGET` prints one, and each binary has its
// own beside it.
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
