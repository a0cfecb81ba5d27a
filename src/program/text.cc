// SPDX-License-Identifier: GPL-2.0-only
//
// The text form of programs, one operation a line:
//
//   # a comment runs to the end of the line
//   name [value] [domain=N] [key=value ...] [flag ...] [xN]
//
// Missing operands have their fallback; print() omits these. Numbers are decimal or 0x hexadecimal.
// pfns may be relative: start+7, dma32-1 (dmaN is the first pfn beyond the reach of an N-bit
// device). Slots are a..p, granules 1 .. 2K, 4K, positions first, middle, last, masks 0x10 or,
// beyond 64 attempts, 0x1<<70. The last line needs a newline, so that a truncated file is not taken
// for a shorter program.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "program/program.h"
#include "shim/fault.h"

namespace program {
namespace {

std::string print_number(uint64_t number) {
  return number <= max_count ? fmt::format("{}", number) : fmt::format("{:#x}", number);
}

std::string print_pfn(uint64_t pfn) {
  return pfn < 256 ? fmt::format("{}", pfn) : fmt::format("{:#x}", pfn);
}

std::string print_value(const RoleSpec& role, const Value& value) {
  if (!role.names.empty()) return role.names[value.number];
  if (role.is_exponent)
    return value.number >= 10 ? fmt::format("{}K", 1u << (value.number - 10))
                              : fmt::format("{}", 1u << value.number);
  switch (role.kind) {
    case Kind::pfn: {
      if (value.base == static_cast<uint16_t>(Base::absolute)) return print_pfn(value.number);
      std::string text = name(static_cast<Base>(value.base));
      if (static_cast<int64_t>(value.number) < 0) return text + "-" + print_pfn(-value.number);
      return value.number ? text + "+" + print_pfn(value.number) : text;
    }
    case Kind::mask:
      return value.base ? fmt::format("{:#x}<<{}", value.number, value.base)
                        : fmt::format("{:#x}", value.number);
    default:
      return value.number <= role.high_in_text ? fmt::format("{}", value.number)
                                               : print_number(value.number);
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Program parse() {
    Program program;
    uint64_t total_calls = 0;
    while (!text_.empty()) {
      line_++;
      size_t end = text_.find('\n');
      if (end == std::string_view::npos)
        fail("the last line has no newline: is the file truncated?");
      std::string_view line = text_.substr(0, end);
      text_.remove_prefix(end + 1);
      auto words = split(line.substr(0, line.find('#')));
      if (words.empty()) continue;
      program.operations.push_back(parse_operation(words));
      total_calls += calls(program.operations.back());
      if (program.operations.size() > max_operations)
        fail(fmt::format("a program has at most {} operations", max_operations));
      if (total_calls > max_calls_in_text)
        fail(fmt::format("the counts of a program may add up to at most {} calls",
                         max_calls_in_text));
    }
    return program;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const { throw ParseError(line_, message); }

  std::vector<std::string_view> split(std::string_view line) const {
    std::vector<std::string_view> words;
    while (true) {
      size_t start = line.find_first_not_of(" \t\r");
      if (start == std::string_view::npos) return words;
      line.remove_prefix(start);
      size_t end = std::min(line.find_first_of(" \t\r"), line.size());
      words.push_back(line.substr(0, end));
      for (char c : words.back())
        if (c < '!' || c > '~')
          fail(fmt::format("byte {:#04x} is not a printable character",
                           static_cast<unsigned char>(c)));
      line.remove_prefix(end);
    }
  }

  Operation parse_operation(const std::vector<std::string_view>& words) const {
    const OperationSpec* op = find_operation(words[0]);
    if (!op) fail(fmt::format("unknown operation '{}'", words[0]));
    Operation operation = make(op->code);
    bool domain_given = false;
    std::array<bool, 6> given{};
    for (size_t i = 1; i < words.size(); i++) {
      auto [key, text] = split_operand(*op, words[i]);
      if (op->on_domain && key == "domain") {
        if (domain_given) fail("domain is given twice");
        domain_given = true;
        operation.domain = static_cast<uint8_t>(number(text, 0, max_domains - 1, "domain"));
        continue;
      }
      int index = index_of(*op, key);
      if (index < 0) fail(fmt::format("{} has no operand '{}'", op->name, key));
      if (given[index]) fail(fmt::format("{} is given twice", key));
      given[index] = true;
      operation.operands[index] = parse_value(spec(op->operands[index].role), text);
    }
    for (size_t i = 0; i < op->operands.size(); i++)
      if (spec(op->operands[i].role).written == Written::alone && !given[i])
        fail(fmt::format("{} needs {}: {}", op->name, spec(op->operands[i].role).key,
                         spec(op->operands[i].role).meaning));
    return operation;
  }

  // Key and value of a word in any notation.
  std::pair<std::string_view, std::string_view> split_operand(const OperationSpec& op,
                                                              std::string_view word) const {
    size_t equals = word.find('=');
    if (equals != std::string_view::npos) return {word.substr(0, equals), word.substr(equals + 1)};
    for (const OperandSpec& operand : op.operands) {
      const RoleSpec& role = spec(operand.role);
      const std::string_view key = role.key;
      if (role.written == Written::alone) return {key, word};
      if (role.is_flag() && word == key) return {key, "1"};
      if (role.written == Written::glued && word.size() > key.size() && word.starts_with(key))
        return {key, word.substr(key.size())};
    }
    return {word, ""};
  }

  static int index_of(const OperationSpec& op, std::string_view key) {
    for (size_t i = 0; i < op.operands.size(); i++)
      if (key == spec(op.operands[i].role).key) return static_cast<int>(i);
    return -1;
  }

  Value parse_value(const RoleSpec& role, std::string_view text) const {
    if (!role.names.empty()) return {0, index_of_name(role, text)};
    if (role.is_exponent) return {0, exponent(role, text)};
    switch (role.kind) {
      case Kind::pfn: return parse_pfn(role, text);
      case Kind::mask: return parse_mask(text);
      default: return {0, number(text, role.low, std::max(role.high, role.high_in_text), role.key)};
    }
  }

  uint64_t index_of_name(const RoleSpec& role, std::string_view text) const {
    auto found = std::find(role.names.begin(), role.names.end(), text);
    if (found == role.names.end())
      fail(fmt::format("{} '{}' is not one of {}", role.key, text, fmt::join(role.names, ", ")));
    return static_cast<uint64_t>(found - role.names.begin());
  }

  uint64_t exponent(const RoleSpec& role, std::string_view text) const {
    const uint64_t most = uint64_t{1} << role.high;
    uint64_t unit = 1;
    std::string_view digits = text;
    if (!digits.empty() && digits.back() == 'K') {
      unit = 1024;
      digits.remove_suffix(1);
    }
    uint64_t power = number(digits, 1, most, role.key) * unit;
    if (!std::has_single_bit(power) || power > most)
      fail(fmt::format("{} '{}' is not a power of two from 1 to {}", role.key, text,
                       print_value(role, {0, role.high})));
    return std::countr_zero(power);
  }

  Value parse_pfn(const RoleSpec& role, std::string_view text) const {
    for (size_t i = 1; i < base_count; i++) {
      std::string_view base = name(static_cast<Base>(i));
      if (text.substr(0, base.size()) != base) continue;
      if (!role.allows({static_cast<uint16_t>(i)}))
        fail(fmt::format("a domain's {} can't be relative to itself", role.key));
      std::string_view rest = text.substr(base.size());
      if (rest.empty()) return {static_cast<uint16_t>(i), 0};
      if (rest[0] != '+' && rest[0] != '-') break;
      // The sign bit of an offset decides the side of the base.
      uint64_t offset = number(rest.substr(1), 0, uint64_t{1} << 63, "offset");
      return {static_cast<uint16_t>(i), rest[0] == '-' ? -offset : offset};
    }
    return {0, number(text, 0, ~uint64_t{0}, "pfn")};
  }

  Value parse_mask(std::string_view text) const {
    size_t shift_at = text.find("<<");
    uint64_t mask = number(text.substr(0, shift_at), 1, ~uint64_t{0}, "mask");
    if (shift_at == std::string_view::npos) return {0, mask};
    uint64_t shift =
        number(text.substr(shift_at + 2), 0, shim::max_planned_attempts - 1, "shift of the mask");
    if (std::bit_width(mask) + shift > shim::max_planned_attempts)
      fail(fmt::format("mask {} reaches beyond attempt {}", text, shim::max_planned_attempts - 1));
    uint64_t lowest = std::countr_zero(mask);
    mask >>= lowest;
    lowest += shift;
    if (std::bit_width(mask) + lowest <= 64) return {0, mask << lowest};
    return {static_cast<uint16_t>(lowest), mask};
  }

  uint64_t number(std::string_view text, uint64_t low, uint64_t high, const char* what) const {
    uint64_t result = 0;
    bool hexadecimal = text.substr(0, 2) == "0x";
    std::string_view digits = hexadecimal ? text.substr(2) : text;
    auto [end, error] =
        std::from_chars(digits.begin(), digits.end(), result, hexadecimal ? 16 : 10);
    if (digits.empty() || end != digits.end() || error == std::errc::invalid_argument)
      fail(fmt::format("{} '{}' is not a number", what, text));
    if (error == std::errc::result_out_of_range || result < low || result > high)
      fail(fmt::format("{} {} is out of range: {} to {}", what, text, print_number(low),
                       print_number(high)));
    return result;
  }

  std::string_view text_;
  size_t line_ = 0;
};

}  // namespace

Program parse(std::string_view text) { return Parser(text).parse(); }

std::string print(const Operation& operation) {
  const OperationSpec& op = spec(operation.code);
  std::string line = op.name;
  for (size_t i = 0; i < op.operands.size(); i++)
    if (const RoleSpec& role = spec(op.operands[i].role); role.written == Written::alone)
      line += " " + print_value(role, operation.operands[i]);
  if (operation.domain) line += fmt::format(" domain={}", operation.domain);
  for (size_t i = 0; i < op.operands.size(); i++) {
    const RoleSpec& role = spec(op.operands[i].role);
    if (role.written == Written::alone || operation.operands[i] == op.operands[i].fallback)
      continue;
    line += fmt::format(" {}", role.key);
    if (role.is_flag()) continue;
    line += (role.written == Written::glued ? "" : "=") + print_value(role, operation.operands[i]);
  }
  return line;
}

std::string print(const Program& program) {
  std::string text;
  for (const Operation& operation : program.operations) text += print(operation) + "\n";
  return text;
}

}  // namespace program
