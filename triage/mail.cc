// SPDX-License-Identifier: GPL-2.0-only
// mail: prints a finding as a plain-text mail for the kernel's lists.
#include "tool/findings/mail.h"
#include "tool/replay/input.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/process.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

struct Arguments {
  std::string file;
  VariantChoice choice;
};

int mail(const Arguments& arguments) {
  const Input input = read_input(arguments.file);
  put(mail_of(input.program, arguments.choice.variant(), parse_variant("fixed").variant()));
  return findings;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("mail", "writes a finding as plain text for the kernel's lists");
  line.option("FILE", arguments.file, "minimized text program (.iova) or crash file").required();
  arguments.choice.add_options(line);
  line.example("iovafuzz mail --kernel debian:6.12 crash-1234",
               "prints what breaks, who can reach it, since when, and a KUnit test");
  return line.run(argc, argv, [&] { return mail(arguments); });
}
