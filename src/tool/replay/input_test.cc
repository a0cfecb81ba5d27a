// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/input.h"

#include <gtest/gtest.h>

#include "tool/support/failure.h"
#include "tool/support/files.h"

namespace tool {
namespace {

TEST(Input, IsTextOrBytesByItsContentWhereTheNameIsSilent) {
  EXPECT_EQ(form_of("cache_get\ninit\n"), Form::text);
  EXPECT_EQ(form_of("\n# a program\ncache_get\n"), Form::text);
  EXPECT_EQ(form_of("alloc syze=1\n"), Form::text);
  EXPECT_EQ(form_of("notes on the allocator\n"), Form::unclear);
  EXPECT_EQ(form_of("#\n"), Form::bytes);
  EXPECT_EQ(form_of("AB"), Form::bytes);
  EXPECT_EQ(form_of(std::string("cache_get\n\0", 11)), Form::bytes);
  EXPECT_EQ(form_of("\xff\x01"), Form::bytes);
}

TEST(Input, TakesATextOfAnyName) {
  TemporaryFolder folder;
  const std::string text = "cache_get\ninit\nput\ncache_put\n";
  Input input = read_input(folder.write("notes.txt", text));
  EXPECT_TRUE(input.is_text);
  EXPECT_EQ(program::print(input.program), text);
  // An engine's file is read as the bytes that the engine ran.
  EXPECT_FALSE(read_crash(folder.write("crash-1", text)).is_text);
  try {
    read_input(folder.write("broken.txt", "cache_get\nno_such_operation\n"));
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("broken.txt:2: "), std::string::npos);
  }
}

TEST(Input, CountsTheBytesThatNoRunExecutes) {
  TemporaryFolder folder;
  std::string bytes(program::max_operations, '\0');
  EXPECT_EQ(read_crash(folder.write("whole", bytes)).ignored_bytes, 0u);
  EXPECT_EQ(read_crash(folder.write("longer", bytes + "abc")).ignored_bytes, 3u);
}

TEST(Input, OfTextThatBytesCannotHoldIsNotAssembled) {
  TemporaryFolder folder;
  const Input input = read_input(folder.write("a.iova", "alloc x4000\n"));
  EXPECT_EQ(to_text(input), "alloc x4000\n");
  EXPECT_THROW(to_bytes(input), Failure);
}

TEST(Input, IsNoLargerThanEnginesMakeIt) {
  TemporaryFolder folder;
  std::string file = folder.write("large", "x");
  std::filesystem::resize_file(file, 100'000'000);
  try {
    read_input(file);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("100000000"), std::string::npos);
  }
}

}  // namespace
}  // namespace tool
