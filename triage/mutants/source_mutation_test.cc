// SPDX-License-Identifier: GPL-2.0-only
#include "triage/mutants/source_mutation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>

namespace tool {
namespace {

std::string function(const std::string& body) { return "int f(int a)\n{\n" + body + "\n}\n"; }

// The changed lines of the body for each mutant of the operator.
std::vector<std::string> changes(const std::string& body, const char* mutation) {
  std::vector<std::string> lines;
  for (const SourceMutant& mutant : mutate_source(function(body)))
    if (!strcmp(mutant.mutation, mutation)) lines.push_back(mutant.after);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(SourceMutation, OnlyBodiesOfFunctionsAreChanged) {
  std::string text = "#define LIMIT (3 + 4)\n"
                     "#define TWICE(x) do { \\\n\t(x) = (x) + 1; \\\n} while (0)\n"
                     "struct point { int x[2 + 1]; };\n"
                     "static int table[] = { 1, 2 };\n"
                     "int declared(int a);\n"
                     "EXPORT_THING(declared);\n"
                     "MODULE_THING(\"1 + 1\");\n";
  EXPECT_TRUE(mutate_source(text).empty());
  auto mutants = mutate_source(text + "static inline long *\nlong_name(int a) __holds(a)\n{\n"
                                      "\treturn a + b;\n}\n");
  ASSERT_EQ(mutants.size(), 1u);
  EXPECT_EQ(mutants[0].function, "long_name");
  EXPECT_EQ(mutants[0].line, 13u);
  EXPECT_EQ(mutants[0].column, 11u);
  EXPECT_EQ(mutants[0].before, "\treturn a + b;");
  EXPECT_EQ(mutants[0].after, "\treturn a - b;");
}

TEST(SourceMutation, CommentsStringsAndDirectivesAreLeftAlone) {
  EXPECT_TRUE(mutate_source(function("/* a < b; 1 */ // c + 1\n"
                                     "#if X > 3 /* two\n lines */ && Y \\\n + 1\n"
                                     "return g(\"a + 1 \\\" < 2\", '1', '\\'');\n"
                                     "#endif"))
                  .empty());
}

TEST(SourceMutation, WarningsAndChecksAreLeftAlone) {
  EXPECT_TRUE(mutate_source(function("WARN_ON(a < 1);\npr_err(\"%d\", a + 1);\n"
                                     "assert_locked(&a->lock[1]);\nint b = WARN_ON_ONCE(!a);"))
                  .empty());
  // The branch after a warning is behaviour.
  EXPECT_EQ(changes("if (WARN_ON(a < 1))\nreturn a;", "negated"), Lines{"if (!(WARN_ON(a < 1)))"});
}

TEST(SourceMutation, Relational) {
  EXPECT_EQ(changes("return a < b;", "relational"),
            (Lines{"return a <= b;", "return a > b;", "return a >= b;"}));
  EXPECT_EQ(changes("return a >= b;", "relational"),
            (Lines{"return a < b;", "return a <= b;", "return a > b;"}));
  EXPECT_EQ(changes("return a == b;", "relational"), Lines{"return a != b;"});
  EXPECT_EQ(changes("return a != b;", "relational"), Lines{"return a == b;"});
  EXPECT_EQ(changes("return a->b << c;", "relational"), Lines{});
}

TEST(SourceMutation, Logical) {
  EXPECT_EQ(changes("return a && b || c;", "logical"),
            (Lines{"return a || b || c;", "return a && b && c;"}));
  EXPECT_EQ(changes("return &a & *b | !c;", "logical"), Lines{});
}

TEST(SourceMutation, Arithmetic) {
  EXPECT_EQ(changes("return a + b[i] - f(c);", "arithmetic"),
            (Lines{"return a - b[i] - f(c);", "return a + b[i] + f(c);"}));
  EXPECT_EQ(changes("return -a;", "arithmetic"), Lines{});
  EXPECT_EQ(changes("return g(-a, +b, c * -d);", "arithmetic"), Lines{});
  EXPECT_EQ(changes("a++;", "arithmetic"), Lines{"a--;"});
  EXPECT_EQ(changes("--a;", "arithmetic"), Lines{"++a;"});
  EXPECT_EQ(changes("a <<= b >> c;", "arithmetic"), (Lines{"a >>= b >> c;", "a <<= b << c;"}));
  EXPECT_EQ(changes("a += b;", "arithmetic"), Lines{"a -= b;"});
}

TEST(SourceMutation, Constants) {
  EXPECT_EQ(changes("return 0;", "constant"), Lines{"return 1;"});
  EXPECT_EQ(changes("return ~0UL;", "constant"), Lines{"return ~1UL;"});
  EXPECT_EQ(changes("return 0xff;", "constant"), Lines{"return 0x100;"});
  EXPECT_EQ(changes("return 9ull;", "constant"), Lines{"return 10ull;"});
  EXPECT_EQ(changes("return TABLE_SIZE;", "constant"), Lines{"return (TABLE_SIZE - 1);"});
  EXPECT_EQ(changes("return false;", "constant"), Lines{"return true;"});
  for (const char* body : {"return NULL;", "return __GFP_ZERO | GFP_KERNEL;", "return MASK(a);",
                           "return a1;", "return SLAB_PANIC;"})
    EXPECT_EQ(changes(body, "constant"), Lines{}) << body;
}

TEST(SourceMutation, ConditionsAreNegated) {
  EXPECT_EQ(changes("if (a)\nreturn b;", "negated"), Lines{"if (!(a))"});
  EXPECT_EQ(changes("while (a && b) {\nif (c) d();\n}", "negated"),
            (Lines{"while (!(a && b)) {", "if (!(c)) d();"}));
  EXPECT_EQ(changes("do {\na = g(a);\n} while (a);", "negated"), Lines{"} while (!(a));"});
  EXPECT_EQ(changes("if (a &&\n    b)\nreturn c;", "negated"), Lines{"if (!(a &&\n    b))"});
  EXPECT_EQ(changes("for (a = b; a; a = c)\nd();", "negated"), Lines{});
}

TEST(SourceMutation, StatementsAreDeleted) {
  EXPECT_EQ(changes("g(a);", "deleted"), Lines{";"});
  EXPECT_EQ(changes("a->b[c] = d;", "deleted"), Lines{";"});
  EXPECT_EQ(changes("*a = b; goto out;", "deleted"), (Lines{"; goto out;", "*a = b; ;"}));
  EXPECT_EQ(changes("if (a)\n\tg(b);\nelse\n\tbreak;", "deleted"), (Lines{"\t;", "\t;"}));
  EXPECT_EQ(changes("for (a = b; a; a = c) {\ng(a);\n}", "deleted"), Lines{";"});
  EXPECT_EQ(changes("for_each_thing(a, b)\n\tg(a);", "deleted"), Lines{"\t;"});
  EXPECT_EQ(changes("out:\n\tg(a);\n\treturn b;", "deleted"), Lines{"\t;"});
  EXPECT_EQ(changes("switch (a) {\ncase B:\ng(a);\nbreak;\ndefault:\nh(a);\n}", "deleted"),
            (Lines{";", ";", ";"}));
  EXPECT_EQ(changes("int b = g(a);\nstruct c *d = h(b), e;\nthing_t f;", "deleted"), Lines{});
}

TEST(SourceMutation, LinesStayWhereAStatementIsDeleted) {
  std::string text = function("g(a,\n  b);\nreturn c;");
  auto mutants = mutate_source(text);
  ASSERT_EQ(mutants.size(), 1u);
  EXPECT_EQ(mutants[0].before, "g(a,\n  b);");
  EXPECT_EQ(mutants[0].after, ";\n");
  EXPECT_EQ(std::count(mutants[0].text.begin(), mutants[0].text.end(), '\n'),
            std::count(text.begin(), text.end(), '\n'));
}

TEST(SourceMutation, Fields) {
  EXPECT_EQ(changes("return a->pfn_lo;", "field"), Lines{"return a->pfn_hi;"});
  EXPECT_EQ(changes("return a.loaded;", "field"), Lines{"return a.prev;"});
  EXPECT_EQ(changes("return pfn_lo;", "field"), Lines{});
  EXPECT_EQ(changes("return rb_next(a);", "field"), Lines{"return rb_prev(a);"});
  EXPECT_EQ(changes("return rb_next;", "field"), Lines{});
  EXPECT_EQ(changes("return a->start_pfn;", "field"),
            (Lines{"return a->dma_32bit_pfn;", "return a->max32_alloc_size;"}));
}

TEST(SourceMutation, BrokenTextIsNoReasonToHang) {
  for (const char* text :
       {"", "{", "int f(int a) {", "int f(", ") {", "int f() { ) } ] (", "int f() { if } while",
        "\"", "/*", "int f() { a = (b; }", "int f() { do { } }", "'\\"})
    mutate_source(text);
}

// Some functions of different sizes.
std::string many() {
  std::string text;
  for (const char* name : {"a", "b", "c"})
    text += std::string("void ") + name + "(void)\n{\nif (x < 1 && y)\ng(x + 1);\n}\n";
  return text + "void d(void)\n{\nx++;\n}\n";
}

TEST(SourceMutation, EachMutantIsOneOfAKindInOrder) {
  auto mutants = mutate_source(many());
  std::set<std::string> texts;
  for (size_t i = 0; i < mutants.size(); i++) {
    texts.insert(mutants[i].text);
    EXPECT_LE(mutants[i ? i - 1 : 0].line, mutants[i].line);
  }
  EXPECT_EQ(mutants.size(), 3 * 9 + 2u);
  EXPECT_EQ(texts.size(), mutants.size());
  EXPECT_FALSE(texts.contains(many()));
}

TEST(SourceMutation, SamplesAreSpreadOverFunctionsAndTheSameForASeed) {
  auto mutants = mutate_source(many());
  EXPECT_EQ(sample_mutants(mutants, 0, 1).size(), mutants.size());
  EXPECT_EQ(sample_mutants(mutants, 1000, 1).size(), mutants.size());
  auto sample = sample_mutants(mutants, 9, 1);
  EXPECT_EQ(sample, sample_mutants(mutants, 9, 1));
  EXPECT_TRUE(std::is_sorted(sample.begin(), sample.end()));
  std::multiset<std::string> functions;
  for (size_t index : sample) functions.insert(mutants[index].function);
  for (const char* name : {"a", "b", "c"}) EXPECT_GE(functions.count(name), 2u);
  std::set<std::vector<size_t>> samples;
  for (uint32_t seed = 1; seed < 20; seed++) samples.insert(sample_mutants(mutants, 9, seed));
  EXPECT_GT(samples.size(), 10u);
}

TEST(SourceMutation, DiffHasTheLinesAround) {
  std::string text = function("one = 1;\nreturn\n\ta < b;");
  auto mutants = mutate_source(text);
  const SourceMutant& last = mutants.back();
  EXPECT_EQ(diff_of(text, last, "dir/f.c"),
            "--- a/dir/f.c\n+++ b/dir/f.c\n@@ -2,5 +2,5 @@ f\n {\n one = 1;\n return\n"
            "-\ta < b;\n+\ta >= b;\n }\n");
}

}  // namespace
}  // namespace tool
