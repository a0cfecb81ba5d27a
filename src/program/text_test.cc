// SPDX-License-Identifier: GPL-2.0-only
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "program/program.h"

namespace program {
namespace {

std::string reprinted(std::string_view text) { return print(parse(text)); }

// "line: message" of the error that parsing the text throws.
std::string error_of(std::string_view text) {
  try {
    parse(text);
  } catch (const ParseError& error) {
    return fmt::format("{}: {}", error.line, error.what());
  }
  return "no error";
}

TEST(Text, EmptyTextIsTheEmptyProgram) {
  EXPECT_TRUE(parse("").operations.empty());
  EXPECT_EQ(print(Program{}), "");
}

TEST(Text, PrintsOneOperationALine) {
  constexpr const char* text = "cpus 2\n"
                               "cache_get\n"
                               "init start=0x1000\n"
                               "init_rcaches\n"
                               "fail 0x10\n"
                               "alloc_fast slot=b size=31 limit=dma32-4 x256\n"
                               "free_fast slot=b oldest x2\n"
                               "put\n"
                               "cache_put\n";
  EXPECT_EQ(reprinted(text), text);
}

TEST(Text, CommentsAndEmptyLinesAreNothing) {
  EXPECT_EQ(reprinted("# a comment\n\n   \t\nput# another\n  # 0x\x01\xff\n"), "put\n");
}

TEST(Text, BlanksAndLineEndsOfOtherSystemsDoNotMatter) {
  EXPECT_EQ(reprinted("  put \t domain=1  \r\n"), "put domain=1\n");
}

TEST(Text, OperandsComeInAnyOrder) {
  EXPECT_EQ(reprinted("alloc x2 limit=7 size=3 unaligned slot=c domain=2\n"),
            "alloc domain=2 slot=c unaligned size=3 limit=7 x2\n");
}

TEST(Text, LeavesOutWhatIsTheFallback) {
  EXPECT_EQ(reprinted("alloc domain=0 slot=a size=1 limit=dma32-1 x1\n"), "alloc\n");
  EXPECT_EQ(reprinted("init granule=4K start=1\n"), "init\n");
}

TEST(Text, PositionalOperandsAreAlwaysPrinted) {
  EXPECT_EQ(reprinted("cpus 2\ntick 100\ncpu 1\n"), "cpus 2\ntick 100\ncpu 1\n");
}

TEST(Text, OperandsMayBeGivenByKey) {
  EXPECT_EQ(reprinted("tick ms=5\nalloc unaligned=1 x=3\nfail mask=0x2\n"),
            "tick 5\nalloc unaligned x3\nfail 0x2\n");
}

TEST(Text, NumbersAreDecimalOrHexadecimal) {
  EXPECT_EQ(reprinted("alloc size=0x10\n"), reprinted("alloc size=16\n"));
  EXPECT_EQ(reprinted("alloc size=1024\nalloc size=1025\n"), "alloc size=1024\nalloc size=0x401\n");
}

TEST(Text, PfnsMayBeRelative) {
  EXPECT_EQ(reprinted("find_pfn start\nfind_pfn start+0x10\nfind_pfn dma64-2\nfind_pfn dma24\n"),
            "find_pfn start\nfind_pfn start+16\nfind_pfn dma64-2\nfind_pfn dma24\n");
  EXPECT_EQ(reprinted("find_pfn 0xffffffffffffffff\n"), "find_pfn 0xffffffffffffffff\n");
}

TEST(Text, GranulesAreBytes) {
  EXPECT_EQ(reprinted("init granule=1\ninit granule=512\ninit granule=1024\ninit granule=2K\n"),
            "init granule=1\ninit granule=512\ninit granule=1K\ninit granule=2K\n");
}

TEST(Text, MasksBeyond64AttemptsAreShifted) {
  EXPECT_EQ(reprinted("fail 0x1<<70\nfail 3<<1\nfail 0x30<<70\n"),
            "fail 0x1<<70\nfail 0x6\nfail 0x3<<74\n");
  EXPECT_EQ(reprinted("fail 1<<2047\n"), "fail 0x1<<2047\n");
  EXPECT_EQ(error_of("fail 3<<2047\n"), "1: mask 3<<2047 reaches beyond attempt 2047");
}

TEST(TextErrors, UnknownOperation) {
  EXPECT_EQ(error_of("put\n\nfrobnicate x2\n"), "3: unknown operation 'frobnicate'");
  EXPECT_EQ(error_of("Put\n"), "1: unknown operation 'Put'");
}

TEST(TextErrors, UnknownOperand) {
  EXPECT_EQ(error_of("put size=1\n"), "1: put has no operand 'size'");
  EXPECT_EQ(error_of("# c\nalloc no_flush\n"), "2: alloc has no operand 'no_flush'");
  EXPECT_EQ(error_of("put x2\n"), "1: put has no operand 'x2'");
  EXPECT_EQ(error_of("cache_get domain=1\n"), "1: cache_get has no operand 'domain'");
}

TEST(TextErrors, OutOfRange) {
  EXPECT_EQ(error_of("cpus 9\n"), "1: cpus 9 is out of range: 1 to 8");
  EXPECT_EQ(error_of("cpus 0\n"), "1: cpus 0 is out of range: 1 to 8");
  EXPECT_EQ(error_of("cpu 8\n"), "1: cpu 8 is out of range: 0 to 7");
  EXPECT_EQ(error_of("alloc size=0\n"), "1: size 0 is out of range: 1 to 0x10000000000000");
  EXPECT_EQ(error_of("alloc x131073\n"), "1: x 131073 is out of range: 1 to 0x20000");
  EXPECT_EQ(error_of("put domain=4\n"), "1: domain 4 is out of range: 0 to 3");
  EXPECT_EQ(error_of("tick 100001\n"), "1: ms 100001 is out of range: 1 to 0x186a0");
  EXPECT_EQ(error_of("alloc limit=0x10000000000000000\n"),
            "1: pfn 0x10000000000000000 is out of range: 0 to 0xffffffffffffffff");
  EXPECT_EQ(error_of("fail 0\n"), "1: mask 0 is out of range: 1 to 0xffffffffffffffff");
  EXPECT_EQ(error_of("fail 1<<2048\n"), "1: shift of the mask 2048 is out of range: 0 to 0x7ff");
}

TEST(TextErrors, NoNumber) {
  EXPECT_EQ(error_of("alloc size=\n"), "1: size '' is not a number");
  EXPECT_EQ(error_of("alloc size\n"), "1: size '' is not a number");
  EXPECT_EQ(error_of("alloc x\n"), "1: x '' is not a number");
  EXPECT_EQ(error_of("alloc size=0x\n"), "1: size '0x' is not a number");
  EXPECT_EQ(error_of("alloc size=1k\n"), "1: size '1k' is not a number");
  EXPECT_EQ(error_of("alloc size=-1\n"), "1: size '-1' is not a number");
  EXPECT_EQ(error_of("alloc limit=dma33\n"), "1: pfn 'dma33' is not a number");
  EXPECT_EQ(error_of("alloc limit=dma32*2\n"), "1: pfn 'dma32*2' is not a number");
  EXPECT_EQ(error_of("alloc limit=start+\n"), "1: offset '' is not a number");
}

TEST(TextErrors, NoneOfTheNames) {
  EXPECT_EQ(error_of("alloc slot=q\n"),
            "1: slot 'q' is not one of a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p");
  EXPECT_EQ(error_of("alloc slot=ab\n"),
            "1: slot 'ab' is not one of a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p");
  EXPECT_EQ(error_of("free at=end\n"), "1: at 'end' is not one of first, middle, last");
  EXPECT_EQ(error_of("init granule=3\n"), "1: granule '3' is not a power of two from 1 to 4K");
  EXPECT_EQ(error_of("init granule=8K\n"), "1: granule '8K' is not a power of two from 1 to 4K");
  EXPECT_EQ(error_of("init start=start+1\n"), "1: a domain's start can't be relative to itself");
}

TEST(TextErrors, GivenTwice) {
  EXPECT_EQ(error_of("alloc size=1 size=1\n"), "1: size is given twice");
  EXPECT_EQ(error_of("put domain=1 domain=1\n"), "1: domain is given twice");
  EXPECT_EQ(error_of("tick 1 2\n"), "1: ms is given twice");
  EXPECT_EQ(error_of("alloc unaligned unaligned\n"), "1: unaligned is given twice");
}

TEST(TextErrors, MissingPositional) {
  EXPECT_EQ(error_of("tick\n"), "1: tick needs ms: milliseconds");
  EXPECT_EQ(error_of("fail\n"), "1: fail needs mask: bit i fails the i-th attempt, from 0");
  EXPECT_EQ(error_of("offline\n"), "1: offline needs cpu: a CPU");
}

TEST(TextErrors, CutOffLastLine) {
  EXPECT_EQ(error_of("put\nput"), "2: the last line has no newline: is the file truncated?");
  EXPECT_EQ(error_of("# only a comment"),
            "1: the last line has no newline: is the file truncated?");
}

TEST(TextErrors, NonPrintableByte) {
  EXPECT_EQ(error_of("put\nput \x01\n"), "2: byte 0x01 is not a printable character");
  EXPECT_EQ(error_of("p\xc3\xbct\n"), "1: byte 0xc3 is not a printable character");
  EXPECT_EQ(error_of(std::string_view("put\0\n", 5)), "1: byte 0x00 is not a printable character");
}

TEST(TextErrors, TooManyOperations) {
  std::string text;
  for (size_t i = 0; i < max_operations; i++) text += "put\n";
  EXPECT_EQ(error_of(text), "no error");
  EXPECT_EQ(error_of(text + "put\n"), "1025: a program has at most 1024 operations");
}

TEST(TextErrors, TooManyCalls) {
  std::string text;
  for (size_t i = 0; i < max_calls_in_text / max_count_in_text; i++) text += "alloc x131072\n";
  EXPECT_EQ(error_of(text), "no error");
  EXPECT_EQ(error_of(text + "put\n"),
            "3: the counts of a program may add up to at most 262144 calls");
}

}  // namespace
}  // namespace program
