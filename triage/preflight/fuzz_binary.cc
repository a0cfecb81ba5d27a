// SPDX-License-Identifier: GPL-2.0-only
#include "triage/preflight/fuzz_binary.h"

#include <elf.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <sstream>

#include "tool/support/build.h"
#include "tool/support/failure.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

std::string must_print(const std::vector<std::string>& words, const fs::path& binary) {
  CommandResult result = run_command(words, false);
  if (result.status)
    throw Failure(
        fmt::format("{}: {} cannot read it:\n{}", binary.string(), words[0], result.output));
  return result.output;
}

}  // namespace

bool is_elf(const std::string& content) { return content.rfind(ELFMAG, 0) == 0; }

bool is_elf(const fs::path& file) {
  char magic[SELFMAG] = {};
  std::ifstream(file, std::ios::binary).read(magic, sizeof magic);
  return is_elf(std::string(magic, sizeof magic));
}

std::string architecture(const fs::path& binary) {
  Elf64_Ehdr header{};
  std::ifstream(binary, std::ios::binary).read(reinterpret_cast<char*>(&header), sizeof header);
  if (header.e_machine == EM_X86_64 && header.e_ident[EI_CLASS] == ELFCLASS64) return "x86_64";
  return fmt::format("machine {} of class {}", header.e_machine, header.e_ident[EI_CLASS]);
}

std::vector<std::string> library_folders(const fs::path& binary) {
  std::istringstream lines(must_print({"objdump", "-p", binary.string()}, binary));
  std::vector<std::string> folders;
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string tag, value, folder;
    words >> tag >> value;
    if (tag != "RPATH" && tag != "RUNPATH") continue;
    std::istringstream list(value);
    while (std::getline(list, folder, ':')) folders.push_back(folder);
  }
  return folders;
}

std::vector<std::string> libraries(const fs::path& binary) {
  CommandResult result = run_command({"ldd", binary.string()}, false);
  std::vector<std::string> names;
  if (result.output.find("not a dynamic executable") != std::string::npos) return names;
  if (result.status)
    throw Failure(fmt::format("{}: ldd cannot read it:\n{}", binary.string(), result.output));
  std::istringstream lines(result.output);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name == "statically") continue;  // "statically linked"
    if (line.find("not found") != line.npos) name += ": not found";
    names.push_back(name);
  }
  return names;
}

bool is_of_base_system(const std::string& library) {
  static constexpr std::array known{"linux-vdso.so.1", "libc.so.6",    "libm.so.6",
                                    "libpthread.so.0", "libdl.so.2",   "librt.so.1",
                                    "libresolv.so.2",  "libgcc_s.so.1"};
  return std::find(known.begin(), known.end(), library) != known.end() ||
         library.find("/ld-linux") != library.npos;
}

std::map<std::string, uint64_t> sanitizer_calls(const fs::path& binary) {
  // The disassembly takes hundreds of megabytes, so awk counts calls in a pipe.
  static constexpr const char* count = R"(set -o pipefail
objdump -dC --no-show-raw-insn -- "$1" |
  awk 'match($0, /callq? +[0-9a-f]+ <__(asan|dfsan|msan|ubsan)/) {
         name = substr($0, RSTART, RLENGTH); sub(/.*<__/, "", name); n[name]++ }
       END { for (name in n) print name, n[name] }')";
  std::istringstream lines(must_print({"bash", "-c", count, "bash", binary.string()}, binary));
  std::map<std::string, uint64_t> calls{{"asan", 0}, {"dfsan", 0}, {"msan", 0}, {"ubsan", 0}};
  std::string name;
  uint64_t number;
  while (lines >> name >> number) calls[name] = number;
  return calls;
}

}  // namespace tool
