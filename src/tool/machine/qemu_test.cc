// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/qemu.h"

#include <algorithm>

#include "engine/ledger.h"
#include "tool/support/command_test.h"
#include "tool/support/files.h"

namespace tool {
namespace {

// "newc" format: 110 bytes of header, a NUL-terminated name, all padded to four bytes.
TEST(RamDisk, HasAFile) {
  const std::string disk = ram_disk("calls", "program 0\nend\n");
  EXPECT_EQ(disk.size() % 4, 0u);
  EXPECT_EQ(disk.substr(0, 6), "070701");
  EXPECT_EQ(disk.substr(54, 8), "0000000e");  // size of the content
  EXPECT_EQ(disk.substr(94, 8), "00000006");  // size of the name
  EXPECT_EQ(disk.substr(110, 6), std::string("calls", 6));
  EXPECT_EQ(disk.substr(116, 14), "program 0\nend\n");
  EXPECT_EQ(disk.substr(132, 6), "070701");
  EXPECT_NE(disk.find("TRAILER!!!"), disk.npos);
}

json confirmed(const std::string& file, std::vector<std::string> more = {}) {
  std::vector<std::string> words{"confirm", "--machine", "qemu",
                                 (source_folder() / "corpus" / file).string()};
  words.insert(words.end(), more.begin(), more.end());
  return tool_json(words);
}

// Builds a kernel. Linux shows every known issue that the ledger has for this tree.
TEST(QemuKernelLong, ShowsWhatTheLedgerHas) {
  for (const engine::KnownFinding& known : engine::ledger()) {
    if (known.is_in_tree) continue;  // only in older trees
    const json answer = confirmed(known.reproducer);
    EXPECT_EQ(answer["verdict"], "the same failure") << known.id << to_text(answer);
  }
}

TEST(QemuKernelLong, LosesRangesOfARingThatIsOverrun) {
  const json answer = confirmed("iova_flush_queue/ring_is_full_while_another_flush_lasts.iova");
  EXPECT_NE(answer["words"].get<std::string>().find("256 ranges more"), std::string::npos)
      << to_text(answer);
}

// Includes flushes that last on several CPUs, with interrupts off on the timekeeping CPU.
TEST(QemuKernelLong, AnswersAsTheShimDoes) {
  const json answer = tool_json({"confirm", "--machine", "qemu", "--programs", "1",
                                 (source_folder() / "corpus/iova_flush_queue").string()});
  EXPECT_TRUE(answer["differences"].empty()) << to_text(answer);
  EXPECT_GT(answer["programs"], 20);
}

}  // namespace
}  // namespace tool
