// SPDX-License-Identifier: GPL-2.0-only
// disassemble: converts programs from bytes to text.
#include "tool/replay/convert.h"
#include "tool/support/command_line.h"

int main(int argc, char** argv) {
  using namespace tool;
  std::vector<std::string> files;
  std::string out;
  CommandLine line("disassemble", "converts inputs to text programs");
  line.option("FILE", files, "input, or folder of inputs").required();
  line.option("--out DIR", out, "folder for the results (default: standard output)");
  line.example("iovafuzz disassemble crash-1234", "prints the program");
  return line.run(argc, argv, [&] { return convert(files, out, to_text, ".iova"); });
}
