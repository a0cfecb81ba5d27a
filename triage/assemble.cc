// SPDX-License-Identifier: GPL-2.0-only
// assemble, disassemble: programs from text to bytes and back.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "triage/commands.h"
#include "triage/files.h"
#include "triage/input.h"

namespace triage {
namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string out;
};

std::string to_bytes(const Input& input) {
  uint64_t calls = 0, largest = 0;
  for (const program::Operation& operation : input.program.operations) {
    calls += program::calls(operation);
    largest = std::max(largest, program::calls(operation));
  }
  if (largest > program::max_count || calls > program::max_calls)
    throw Failure(fmt::format("{}: too large for a fuzz input: counts to {}, {} calls in all",
                              input.path.string(), program::max_count, program::max_calls));
  auto bytes = program::encode(input.program);
  return {bytes.begin(), bytes.end()};
}

std::string to_text(const Input& input) { return program::print(input.program); }

int convert(const Arguments& arguments, std::string (*converted)(const Input&),
            const char* extension) {
  auto files = expand(arguments.files);
  if (arguments.out.empty()) {
    if (files.size() > 1) throw Failure("several files need --out FOLDER");
    std::string result = converted(read_input(files[0]));
    fwrite(result.data(), 1, result.size(), stdout);
    return nothing_new;
  }
  make_folder(arguments.out);
  std::map<std::string, std::filesystem::path> named;
  for (const auto& file : files)
    if (auto [other, fresh] = named.emplace(file.stem().string(), file); !fresh)
      throw Failure(fmt::format("{} and {}: their results would have one name", file.string(),
                                other->second.string()));
  for (const auto& file : files)
    write_file(std::filesystem::path(arguments.out) / (file.stem().string() + extension),
               converted(read_input(file)));
  return nothing_new;
}

void add(CLI::App& app, Action& action, const char* name, const char* help,
         std::string (*converted)(const Input&), const char* extension) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(name, help);
  command->add_option("FILE", arguments->files, "inputs, or folders of them")->required();
  command->add_option("--out", arguments->out, "folder for the results; else standard output");
  command->callback([=, &action] {
    action = [=] { return convert(*arguments, converted, extension); };
  });
}

}  // namespace

void add_assemble(CLI::App& app, Action& action) {
  add(app, action, "assemble", "Programs as the bytes that fuzzing engines handle", to_bytes, "");
  add(app, action, "disassemble", "Programs as text", to_text, ".iova");
}

}  // namespace triage
