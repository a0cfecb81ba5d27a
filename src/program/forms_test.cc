// SPDX-License-Identifier: GPL-2.0-only
#include "program/forms.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace program {
namespace {

using Keys = std::vector<std::string>;

Keys keys(std::string_view input, const Forms& forms = real_forms()) {
  Keys found;
  std::span bytes(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  for (const Violation& violation : check_forms(bytes, forms))
    found.push_back(std::string(violation.oracle->id) + ":" + violation.function + ":" +
                    violation.operation);
  return found;
}

constexpr const char text[] = "cache_get\ninit start=7\nalloc slot=b size=3\n";

TEST(Forms, AreKeptOfAnyInput) {
  EXPECT_EQ(keys(""), Keys{});
  EXPECT_EQ(keys(text), Keys{});
  EXPECT_EQ(keys("alloc x100000\n"), Keys{});  // more than bytes can hold
  EXPECT_EQ(keys("alloc sise=3\n"), Keys{});
  EXPECT_EQ(keys("alloc"), Keys{});  // cut off
  std::mt19937 random(1);
  for (int i = 0; i < 2000; i++) {
    std::string input(random() % 64, '\0');
    for (char& c : input) c = static_cast<char>(random());
    EXPECT_EQ(keys(input), Keys{}) << testing::PrintToString(input);
  }
}

TEST(Forms, TextThatLosesAnOperand) {
  Forms forms = real_forms();
  forms.print = [](const Program& program) {
    Program changed = program;
    for (Operation& operation : changed.operations)
      if (operation.code == OpCode::init) operation = make(OpCode::init);
    return print(changed);
  };
  // The violation in the text; the input's bytes are a program, too.
  EXPECT_EQ(keys(text, forms).back(), "text-roundtrip:parse:init");
}

TEST(Forms, TextThatIsRefused) {
  Forms forms = real_forms();
  forms.print = [](const Program& program) {
    std::string printed = print(program);
    size_t at = printed.find("size=");
    return at == std::string::npos ? printed : printed.replace(at, 1, "S");
  };
  EXPECT_EQ(keys(text, forms), Keys{"text-roundtrip:parse:alloc"});
}

TEST(Forms, TextThatLosesItsEnd) {
  Forms forms = real_forms();
  forms.parse = [](std::string_view all) {
    Program program = parse(all);
    program.operations.resize(std::min<size_t>(program.operations.size(), 2));
    return program;
  };
  // A text input would lose its end when first parsed; decoded bytes still have it.
  EXPECT_EQ(keys(std::string(3, '\0'), forms), Keys{"text-roundtrip:parse:cache_get"});
}

TEST(Forms, BytesThatMeanSomethingElse) {
  Forms forms = real_forms();
  forms.encode = [](const Program& program) {
    Program changed = program;
    for (Operation& operation : changed.operations) operation.domain = 0;
    return encode(changed);
  };
  EXPECT_EQ(keys("init domain=1\n", forms).back(), "codec-roundtrip:decode:init");
}

TEST(Forms, ErrorsWithoutALineOfTheText) {
  Forms forms = real_forms();
  auto refuse_at = [&](size_t line) {
    forms.parse = [line](std::string_view all) -> Program {
      if (all.find('#') == std::string_view::npos) return parse(all);
      throw ParseError(line, "no");
    };
    return keys("# one\n# two", forms);
  };
  EXPECT_EQ(refuse_at(0), Keys{"text-error:parse:text"});
  EXPECT_EQ(refuse_at(1), Keys{});
  EXPECT_EQ(refuse_at(2), Keys{});
  EXPECT_EQ(refuse_at(3), Keys{"text-error:parse:text"});
  forms.parse = [](std::string_view all) -> Program {
    if (all.find('#') == std::string_view::npos) return parse(all);
    throw std::out_of_range("substr");
  };
  EXPECT_EQ(keys("#", forms), Keys{"text-error:parse:text"});
}

TEST(Forms, OraclesHaveIdsOfTheirOwn) {
  std::set<std::string> ids;
  for (const shim::Oracle* oracle : oracles()) EXPECT_TRUE(ids.insert(oracle->id).second);
  EXPECT_EQ(ids.size(), 3u);
}

}  // namespace
}  // namespace program
