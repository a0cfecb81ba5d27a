// SPDX-License-Identifier: GPL-2.0-only
// disassemble: converts programs from bytes to text.
#include "tool/replay/convert.h"
#include "tool/support/command_line.h"

int main(int argc, char** argv) {
  using namespace tool;
  std::vector<std::string> files;
  std::string out;
  CommandLine line("disassemble", "turns inputs into text programs");
  line.option("FILE", files, "inputs, or folders of inputs").required();
  line.option("--out", out, "folder for the results, instead of standard output");
  line.example("iovafuzz disassemble crash-1234", "prints the program");
  return line.run(argc, argv, [&] { return convert(files, out, to_text, ".iova"); });
}
