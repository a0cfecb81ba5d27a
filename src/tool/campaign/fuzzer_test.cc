// SPDX-License-Identifier: GPL-2.0-only
#include "tool/campaign/fuzzer.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "tool/support/files.h"

namespace tool {
namespace {

// Of an engine that says that and ends.
bool has_begun(const std::string& line) {
  TemporaryFolder folder;
  LibFuzzer process({"printf", "%b", line}, {}, folder.path() / "log");
  EXPECT_FALSE(process.has_begun());
  while (process.read_output()) {
    pollfd fd{process.output(), POLLIN, 0};
    poll(&fd, 1, 1000);
  }
  return process.has_begun();
}

TEST(LibFuzzer, HasBegunOnceItIsThroughItsInputs) {
  EXPECT_FALSE(has_begun("INFO: seed corpus: files: 250\\n"));
  EXPECT_FALSE(has_begun("#64\\tpulse  cov: 40 ft: 41 exec/s: 32 rss: 300Mb\\n"));
  EXPECT_TRUE(has_begun("#251\\tINITED cov: 412 ft: 9 corp: 74/9b exec/s: 0 rss: 60Mb\\n"));
}

}  // namespace
}  // namespace tool
