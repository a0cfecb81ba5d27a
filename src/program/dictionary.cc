// SPDX-License-Identifier: GPL-2.0-only
#include "program/dictionary.h"

#include <fmt/core.h>

#include <cctype>
#include <set>
#include <sstream>

#include "program/program.h"

namespace program {
namespace {

class Writer {
 public:
  Writer(std::string& text, bool in_words) : text_(text), in_words_(in_words) {}

  // Adds the operation's bytes, or the words of its text.
  void token(const program::Operation& operation) {
    std::vector<uint8_t> bytes;
    program::encode(operation, bytes);
    if (!in_words_) return token(print(operation), bytes);
    std::istringstream words(print(operation));
    for (std::string word; words >> word;) this->word(word, word);
  }

  void word(const std::string& name, const std::string& word) {
    token(name, {word.begin(), word.end()});
  }

 private:
  void token(const std::string& text, const std::vector<uint8_t>& bytes) {
    if (!seen_.insert(bytes).second) return;
    std::string name;
    for (char c : text) {
      if (c == '-' || c == '+')
        name += c == '-' ? "_minus_" : "_plus_";
      else
        name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    }
    text_ += fmt::format("{}=\"", name);
    for (uint8_t byte : bytes) text_ += fmt::format("\\x{:02x}", byte);
    text_ += "\"\n";
  }

  std::string& text_;
  bool in_words_;
  std::set<std::vector<uint8_t>> seen_;
};

}  // namespace

std::string dictionary(const std::string& target, std::span<const OpCode> operations,
                       bool in_words) {
  std::string text =
      fmt::format("# SPDX-License-Identifier: GPL-2.0-only\n"
                  "# Generated from the operation table: iovafuzz list dictionary {}\n",
                  target);
  Writer writer(text, in_words);
  if (in_words)
    for (auto [name, word] : {std::pair("newline", "\n"),
                              {"comment", "# "},
                              {"hexadecimal", "0x"},
                              {"shift", "<<1023"},
                              {"domain", "domain=3"}})
      writer.word(name, word);
  for (program::OpCode code : operations) {
    const program::OperationSpec& op = program::spec(code);
    writer.token(program::make(code));
    for (size_t i = 0; i < op.operands.size(); i++) {
      const program::RoleSpec& role = program::spec(op.operands[i].role);
      program::Operation operation = program::make(code);
      if (role.kind == program::Kind::mask) {
        for (uint64_t bit = 0; bit < 34; bit++) {
          operation.operands[i] = {0, uint64_t{1} << bit};
          writer.token(operation);
        }
      } else if (role.kind == program::Kind::bits) {
        for (uint64_t value = role.low; value <= role.high; value++) {
          operation.operands[i] = {0, value};
          writer.token(operation);
        }
      } else {
        for (const program::Value& value : role.pool) {
          operation.operands[i] = value;
          if (role.allows(value)) writer.token(operation);
        }
      }
    }
  }
  return text;
}

}  // namespace program
