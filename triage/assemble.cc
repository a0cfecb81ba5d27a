// SPDX-License-Identifier: GPL-2.0-only
// assemble, disassemble: programs from text to bytes and back.
#include <fmt/format.h>

#include <cstdio>
#include <map>

#include "triage/commands.h"
#include "triage/files.h"
#include "triage/input.h"

namespace fs = std::filesystem;

namespace triage {
namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string out;
};

std::string to_text(const Input& input) { return program::print(input.program); }

// One result for each file, at the same place below its folder. What cannot be converted is told,
// and the others are converted nevertheless.
int convert_all(const std::vector<FoundFile>& files, const fs::path& out,
                std::string (*converted)(const Input&), const char* extension) {
  make_folder(out);
  std::map<fs::path, fs::path> named;
  for (const FoundFile& file : files) {
    fs::path result = out / file.name;
    // Bytes may have any name, with dots in it.
    if (result.extension() == ".iova") result.replace_extension();
    result += extension;
    if (auto [other, fresh] = named.emplace(result, file.path); !fresh)
      throw Failure(fmt::format("{} and {}: their results would have one name",
                                file.path.string(), other->second.string()));
  }
  int status = nothing_new;
  for (const auto& [result, path] : named) {
    try {
      std::string content = converted(read_input(path));
      make_folder(result.parent_path());
      write_file(result, content);
    } catch (const Failure& failure) {
      fmt::print(stderr, "iovafuzz: {}\n", failure.what());
      status = findings;
    }
  }
  return status;
}

int convert(const Arguments& arguments, std::string (*converted)(const Input&),
            const char* extension) {
  auto files = find_files(arguments.files);
  if (files.empty()) throw Failure(fmt::format("{}: holds no files", arguments.files[0]));
  if (!arguments.out.empty()) return convert_all(files, arguments.out, converted, extension);
  if (files.size() > 1) throw Failure("several files need --out FOLDER");
  std::string result = converted(read_input(files[0].path));
  fwrite(result.data(), 1, result.size(), stdout);
  return nothing_new;
}

void add(CLI::App& app, Action& action, const char* name, const char* help,
         std::string (*converted)(const Input&), const char* extension) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(name, help);
  command->add_option("FILE", arguments->files, "inputs, or folders of them")->required();
  command->add_option("--out", arguments->out,
                      "folder for the results, named like the files; else standard output");
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
