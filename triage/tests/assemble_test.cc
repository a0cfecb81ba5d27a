// SPDX-License-Identifier: GPL-2.0-only
// Converts whole corpora to text and back.
#include <fmt/core.h>

#include <map>
#include <random>

#include "program/program.h"
#include "tool/support/command_test.h"
#include "tool/support/files.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      files[entry.path().lexically_relative(folder).string()] = read_file(entry.path());
  return files;
}

program::Program decoded(const std::string& bytes) {
  return program::decode({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

// File names as libFuzzer, AFL++ and people choose them.
std::string numbered(unsigned number) {
  switch (number % 5) {
    case 0: return fmt::format("{:040x}", number * 2654435761u);
    case 1: return fmt::format("id:{:06},src:000001+000002,time:12,op:splice,rep:2,+cov", number);
    case 2: return fmt::format("id:{:06},orig:old.v{}.bin", number, number % 7);
    case 3: return fmt::format("crash.{}", number);
    default: return fmt::format("by.day/{}/{}.", number % 3, number);
  }
}

TEST(Assemble, CorporaOfNoiseComeBackUnderTheirNamesWithTheirMeaning) {
  TemporaryFolder folder;
  std::mt19937 random(1);
  for (unsigned i = 0; i < 1000; i++) {
    std::string bytes(1 + random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    fs::path file = folder.path() / "bytes" / numbered(i);
    make_folder(file.parent_path());
    write_file(file, bytes);
  }
  std::string bytes = (folder.path() / "bytes").string(), text = (folder.path() / "text").string(),
              back = (folder.path() / "back").string();
  CommandResult result = tool({"disassemble", bytes, "--out", text});
  ASSERT_EQ(result.status, 0) << result.output;
  result = tool({"assemble", text, "--out", back});
  ASSERT_EQ(result.status, 0) << result.output;
  auto before = contents(bytes), after = contents(back);
  ASSERT_EQ(before.size(), 1000u);
  ASSERT_EQ(after.size(), before.size());
  for (const auto& [name, input] : before) {
    ASSERT_TRUE(after.contains(name)) << name;
    EXPECT_EQ(decoded(after[name]), decoded(input)) << name;
  }
}

TEST(Assemble, WhatCannotBeConvertedCostsNoOther) {
  TemporaryFolder folder;
  fs::create_directory(folder.path() / "text");
  std::string large = folder.write("text/a.iova", "cache_get\ninit\nalloc x100000\n");
  folder.write("text/b.iova", "cache_get\ncache_put\n");
  std::string broken = folder.write("text/c.iova", "cache_get\nalloc_slow\n");
  std::string out = (folder.path() / "out").string();
  CommandResult result = tool({"assemble", (folder.path() / "text").string(), "--out", out});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.output.find(large + ": is too large for a fuzz input"), std::string::npos);
  EXPECT_NE(result.output.find(broken + ":2: unknown operation"), std::string::npos);
  auto files = contents(out);
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(program::print(decoded(files["b"])), "cache_get\ncache_put\n");
}

}  // namespace
}  // namespace tool
