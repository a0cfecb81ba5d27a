// SPDX-License-Identifier: GPL-2.0-only
// assemble: converts programs from text to bytes.
#include "tool/replay/convert.h"
#include "tool/support/command_line.h"

int main(int argc, char** argv) {
  using namespace tool;
  std::vector<std::string> files;
  std::string out;
  CommandLine line("assemble", "converts text programs to the byte form that engines use");
  line.option("FILE", files, "input, or folder of inputs").required();
  line.option("--out DIR", out, "folder for the results (default: standard output)");
  line.example("iovafuzz assemble seeds --out corpus-of-bytes",
               "writes one binary file per text program");
  return line.run(argc, argv, [&] { return convert(files, out, to_bytes, ""); });
}
