// SPDX-License-Identifier: GPL-2.0-only
// assemble: converts programs from text to bytes.
#include "tool/replay/convert.h"
#include "tool/support/command_line.h"

int main(int argc, char** argv) {
  using namespace tool;
  std::vector<std::string> files;
  std::string out;
  CommandLine line("assemble", "turns text programs into the bytes that engines handle");
  line.option("FILE", files, "inputs, or folders of inputs").required();
  line.option("--out", out, "folder for the results, instead of standard output");
  line.example("iovafuzz assemble seeds --out corpus-of-bytes", "one file of bytes for each text");
  return line.run(argc, argv, [&] { return convert(files, out, to_bytes, ""); });
}
