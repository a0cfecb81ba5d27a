// SPDX-License-Identifier: GPL-2.0-only
#include "program/forms.h"

#include <fmt/core.h>

#include <algorithm>

namespace program {
namespace {

constexpr const shim::Oracle* all[] = {
#define ORACLE(identifier, id, rule, recoverable, severity) &oracle::identifier,
#include "program/oracles.inc"
#undef ORACLE
};

// The first difference of two programs: the operation in the first one, and both as text.
struct Parting {
  std::string operation, values;
};

Parting parting(const Program& a, const Program& b) {
  auto [at_a, at_b] = std::mismatch(a.operations.begin(), a.operations.end(), b.operations.begin(),
                                    b.operations.end());
  auto text = [](auto at, const Program& program) {
    return at == program.operations.end() ? std::string("the end") : print(*at);
  };
  return {at_a == a.operations.end() ? "end" : spec(at_a->code).name,
          fmt::format("operation {}: {}, then {}", at_a - a.operations.begin(), text(at_a, a),
                      text(at_b, b))};
}

class Check {
 public:
  explicit Check(const Forms& forms) : forms_(forms) {}

  void program(const Program& program) {
    std::string text = forms_.print(program);
    try {
      Program parsed = forms_.parse(text);
      if (parsed != program) {
        Parting parts = parting(program, parsed);
        add(oracle::text_roundtrip, "parse", parts.operation, parts.values);
      }
    } catch (const ParseError& error) {
      size_t index = error.line - 1;  // print() gives each operation a line
      bool has_it = index < program.operations.size();
      add(oracle::text_roundtrip, "parse",
          has_it ? spec(program.operations[index].code).name : "end",
          fmt::format("operation {}: {}: {}", index,
                      has_it ? print(program.operations[index]) : "the end", error.what()));
    }
    if (!fits_bytes(program)) return;
    Program decoded = forms_.decode(forms_.encode(program));
    if (decoded == program) return;
    Parting parts = parting(program, decoded);
    add(oracle::codec_roundtrip, "decode", parts.operation, parts.values);
  }

  void text(std::string_view text) {
    Program parsed;
    try {
      parsed = forms_.parse(text);
    } catch (const ParseError& error) {
      size_t lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
      if (!text.empty() && text.back() != '\n') lines++;
      if (error.line < 1 || error.line > lines)
        add(oracle::text_error, "parse", "text",
            fmt::format("line {} of {}: {}", error.line, lines, error.what()));
      return;
    } catch (const std::exception& error) {
      add(oracle::text_error, "parse", "text", error.what());
      return;
    }
    program(parsed);
  }

  std::vector<Violation> take() { return std::move(violations_); }

 private:
  void add(const shim::Oracle& oracle, const char* function, const std::string& operation,
           const std::string& values) {
    violations_.push_back({&oracle, function, operation, values});
  }

  const Forms& forms_;
  std::vector<Violation> violations_;
};

}  // namespace

std::span<const shim::Oracle* const> oracles() { return all; }

const Forms& real_forms() {
  static const Forms forms{
      [](std::span<const uint8_t> bytes) { return decode(bytes); },
      [](const Program& program) { return encode(program); },
      [](std::string_view text) { return parse(text); },
      [](const Program& program) { return print(program); },
  };
  return forms;
}

std::vector<Violation> check_forms(std::span<const uint8_t> input, const Forms& forms) {
  Check check(forms);
  check.program(forms.decode(input));
  check.text({reinterpret_cast<const char*>(input.data()), input.size()});
  return check.take();
}

}  // namespace program
