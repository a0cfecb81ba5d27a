// SPDX-License-Identifier: GPL-2.0-only
#include "triage/dictionary.h"

#include <fmt/format.h>

#include <cctype>
#include <set>

#include "program/program.h"

namespace triage {
namespace {

class Writer {
 public:
  explicit Writer(std::string& text) : text_(text) {}

  void token(const program::Operation& operation) {
    std::vector<uint8_t> bytes;
    program::encode(operation, bytes);
    if (!seen_.insert(bytes).second) return;
    std::string name;
    for (char c : print(operation)) {
      if (c == '-' || c == '+')
        name += c == '-' ? "_minus_" : "_plus_";
      else
        name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    }
    text_ += fmt::format("{}=\"", name);
    for (uint8_t byte : bytes) text_ += fmt::format("\\x{:02x}", byte);
    text_ += "\"\n";
  }

 private:
  std::string& text_;
  std::set<std::vector<uint8_t>> seen_;
};

}  // namespace

// Each operation plain, and with each operand at each of its interesting values.
std::string dictionary(const fuzz::Target& target) {
  std::string text = fmt::format(
      "# SPDX-License-Identifier: GPL-2.0-only\n"
      "# Generated from the operation table: iovafuzz list dictionary {}\n",
      target.name);
  Writer writer(text);
  for (program::OpCode code : target.operations) {
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
          if (op.operands[i].role == program::Role::start &&
              value.base == static_cast<uint16_t>(program::Base::start))
            continue;
          writer.token(operation);
        }
      }
    }
  }
  return text;
}

}  // namespace triage
