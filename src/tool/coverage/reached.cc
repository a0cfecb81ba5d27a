// SPDX-License-Identifier: GPL-2.0-only
#include "tool/coverage/reached.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <regex>
#include <sstream>

namespace tool {
namespace {

constexpr Excuse all_excuses[] = {
#define UNREACHED(of, function, text, reason) {of, function, text, reason},
#include "tool/coverage/unreached.inc"
#undef UNREACHED
};

using Lines = std::vector<std::string>;  // from 1

Lines split(const std::string& text) {
  Lines lines{""};
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Replaces white space by single blanks.
std::string squeezed(const std::string& text) {
  std::string result;
  std::istringstream words(text);
  for (std::string word; words >> word;) result += (result.empty() ? "" : " ") + word;
  return result;
}

// Reduces "cache.cc:_ZN4port5fixedL3addEi" or "glue.c:add" to "add".
std::string plain_name(std::string name) {
  name = name.substr(name.rfind(':') + 1);  // npos + 1 is 0
  int status = 0;
  char* demangled = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  if (!demangled) return name;
  name = demangled;
  free(demangled);
  static const std::regex anonymous("\\(anonymous namespace\\)::");
  name = std::regex_replace(name, anonymous, "");
  name = name.substr(0, name.find_first_of("(<"));
  return name.substr(name.find_last_of(": ") + 1);
}

// The text from one position up to another, which is not included. A call of a macro is taken to
// its closing parenthesis, since llvm-cov's range has only the macro's name.
std::string cut(const Lines& lines, size_t line, size_t column, size_t end_line,
                size_t end_column) {
  std::string text, rest;
  for (size_t at = line; at <= end_line && at < lines.size(); at++) {
    size_t from = at == line ? column - 1 : 0;
    size_t to = at == end_line ? end_column - 1 : lines[at].size();
    if (from > lines[at].size()) continue;
    text += lines[at].substr(from, to - from) + "\n";
    rest = to < lines[at].size() ? lines[at].substr(to) : "";
  }
  text = squeezed(text);
  if (rest.empty() || rest[0] != '(') return text;
  int depth = 0;
  for (char c : rest) {
    depth += (c == '(') - (c == ')');
    text += c;
    if (depth == 0) break;
  }
  return text;
}

bool is_constant(const std::string& condition) {
  static const std::regex constant("!?(revision|defect)\\.\\w+|[0-9]+");
  return std::regex_match(condition, constant);
}

bool is_statement(const std::string& line) { return line.find_first_of(";(") != std::string::npos; }

struct Function {
  std::string name;
  int end;
  uint64_t count = 0;
};

struct File {
  std::map<int, uint64_t> lines;
  std::map<int, Function> functions;                                  // by their first line
  std::map<std::array<size_t, 4>, std::array<uint64_t, 2>> branches;  // by place: true, false

  const Function* function_at(int line) const {
    auto after = functions.upper_bound(line);
    if (after == functions.begin()) return nullptr;
    const Function& function = std::prev(after)->second;
    return line <= function.end ? &function : nullptr;
  }
};

std::map<std::string, File> read_files(const json& json, const std::string& lcov,
                                       const std::function<bool(const std::string&)>& wanted) {
  std::map<std::string, File> files;
  File* file = nullptr;
  std::istringstream stream(lcov);
  // SF:file, DA:line,count
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind("SF:", 0) == 0) file = wanted(line.substr(3)) ? &files[line.substr(3)] : nullptr;
    size_t comma = line.find(',');
    if (file && line.rfind("DA:", 0) == 0 && comma != std::string::npos)
      file->lines[std::stoi(line.substr(3))] += std::stoull(line.substr(comma + 1));
  }
  for (const auto& function : json["data"][0]["functions"]) {
    const auto& region = function["regions"][0];
    auto found = files.find(function["filenames"][region[5].get<size_t>()]);
    if (found == files.end()) continue;
    Function& known = found->second.functions[region[0]];
    known.name = plain_name(function["name"]);
    known.end = region[2];
    known.count += function["count"].get<uint64_t>();
    for (const auto& branch : function["branches"]) {
      if (branch[6] != region[5]) continue;  // inside a macro
      auto& counts = found->second.branches[{branch[0], branch[1], branch[2], branch[3]}];
      counts[0] += branch[4].get<uint64_t>();
      counts[1] += branch[5].get<uint64_t>();
    }
  }
  return files;
}

void measure_lines(const std::string& name, const File& file, const Lines& text, Reached& result) {
  Share& share = result.files[name];
  int gap = 0;  // last line of the current gap so far
  bool named = false;
  const Function* uncalled = nullptr;
  for (auto [number, count] : file.lines) {
    share.lines++;
    share.lines_reached += count > 0;
    if (count) continue;
    const Function* function = file.function_at(number);
    std::string function_name = function ? function->name : "";
    if (function && !function->count) {
      if (function != uncalled) result.gaps.push_back({name, number, function_name, ""});
      uncalled = function;
      continue;
    }
    std::string line = squeezed(text.at(static_cast<size_t>(number)));
    bool goes_on = gap && number == gap + 1 && result.gaps.back().function == function_name;
    gap = number;
    if (!goes_on) {
      result.gaps.push_back({name, number, function_name, line});
      named = is_statement(line);
    } else if (!named && is_statement(line)) {
      result.gaps.back() = {name, number, function_name, line};
      named = true;
    }
  }
}

void measure_branches(const std::string& name, const File& file, const Lines& text,
                      Reached& result) {
  Share& share = result.files[name];
  for (const auto& [place, counts] : file.branches) {
    std::string condition = cut(text, place[0], place[1], place[2], place[3]);
    bool is_met = counts[0] || counts[1];
    if (!is_met || is_constant(condition)) continue;
    int line = static_cast<int>(place[0]);
    const Function* function = file.function_at(line);
    for (int side : {0, 1}) {
      share.branches++;
      share.branches_reached += counts[side] > 0;
      if (!counts[side])
        result.gaps.push_back({name, line, function ? function->name : "",
                               condition + (side ? " is never false" : " is never true")});
    }
  }
}

}  // namespace

std::span<const Excuse> excuses() { return all_excuses; }

Reached measure(const json& json, const std::string& lcov,
                const std::function<bool(const std::string&)>& wanted,
                const std::function<std::string(const std::string&)>& read) {
  Reached result;
  for (const auto& [name, file] : read_files(json, lcov, wanted)) {
    Lines text = split(read(name));
    measure_lines(name, file, text, result);
    measure_branches(name, file, text, result);
    for (const auto& [first, function] : file.functions)
      for (int line = first; line <= function.end; line++)
        result.functions[function.name] += squeezed(text.at(static_cast<size_t>(line))) + " ";
    const Share& share = result.files[name];
    result.all.lines += share.lines;
    result.all.lines_reached += share.lines_reached;
    result.all.branches += share.branches;
    result.all.branches_reached += share.branches_reached;
  }
  return result;
}

Judgement judge(const Reached& reached, std::span<const Excuse> excuses, bool can_lack) {
  Judgement result;
  auto is_of = [](const Gap& gap, const Excuse& excuse) {
    return gap.function == excuse.function && gap.text == excuse.text;
  };
  for (const Gap& gap : reached.gaps) {
    bool explained = std::any_of(excuses.begin(), excuses.end(),
                                 [&](const Excuse& excuse) { return is_of(gap, excuse); });
    result.explained += explained;
    if (!explained) result.unexplained.push_back(gap);
  }
  for (const Excuse& excuse : excuses) {
    if (std::any_of(reached.gaps.begin(), reached.gaps.end(),
                    [&](const Gap& gap) { return is_of(gap, excuse); }))
      continue;
    std::string text = excuse.text;
    text = text.substr(0, text.find(" is never "));
    auto function = reached.functions.find(excuse.function);
    bool is_there =
        function != reached.functions.end() && function->second.find(text) != std::string::npos;
    if (is_there || !can_lack) result.stale.push_back(excuse);
  }
  return result;
}

}  // namespace tool
