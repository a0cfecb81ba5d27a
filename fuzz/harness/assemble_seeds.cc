// SPDX-License-Identifier: GPL-2.0-only
// Turns text programs into the bytes that engines take, at build time: assemble_seeds OUT FILE...
#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "program/program.h"

int main(int count, char** words) {
  for (int i = 2; i < count; i++) {
    std::filesystem::path seed = words[i];
    std::ifstream file(seed, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    try {
      program::Program program = program::parse(text);
      std::vector<uint8_t> bytes = program::encode(program);
      if (program::decode(bytes) != program)
        throw std::runtime_error("the program is too large for an input");
      std::ofstream out(words[1] / seed.stem(), std::ios::binary);
      out.write(reinterpret_cast<const char*>(bytes.data()),
                static_cast<std::streamsize>(bytes.size()));
      if (!out.flush()) throw std::runtime_error("the assembled file cannot be written");
    } catch (const program::ParseError& error) {
      fmt::print(stderr, "{}:{}: {}\n", seed.string(), error.line, error.what());
      return 1;
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}: {}\n", seed.string(), error.what());
      return 1;
    }
  }
}
