// SPDX-License-Identifier: GPL-2.0-only
#include "triage/mutants/source_mutation.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string_view>
#include <tuple>

#include "tool/support/words.h"

namespace tool {

const std::vector<const char*> mutation_operators{"relational", "logical", "arithmetic", "constant",
                                                  "negated",    "deleted", "field"};

namespace {

constexpr size_t none = static_cast<size_t>(-1);

struct Token {
  enum Kind { word, number, quoted, sign } kind;
  std::string_view text;
  size_t offset;
  size_t partner = none;  // index of the matching bracket
  bool is(std::string_view other) const { return text == other && kind != quoted; }
};

bool is_word_start(char c) { return isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool is_word_part(char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_'; }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<Token> scan() {
    bool line_begins = true;
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '\n') {
        line_begins = true;
        at_++;
      } else if (isspace(static_cast<unsigned char>(c)) || c == '\\') {
        at_++;
      } else if (!skip_comment()) {
        if (c == '#' && line_begins)
          skip_directive();
        else
          take();
        line_begins = false;
      }
    }
    match_brackets();
    return std::move(tokens_);
  }

 private:
  bool starts_with(std::string_view what) const { return text_.substr(at_, what.size()) == what; }

  bool skip_comment() {
    if (!starts_with("/*") && !starts_with("//")) return false;
    bool is_line = starts_with("//");
    size_t end = text_.find(is_line ? "\n" : "*/", at_ + 2);
    at_ = end == none ? text_.size() : end + (is_line ? 0 : 2);
    return true;
  }

  void skip_directive() {
    while (at_ < text_.size() && text_[at_] != '\n') {
      if (skip_comment()) continue;
      at_ += starts_with("\\\n") ? 2 : 1;
    }
  }

  void take() {
    static constexpr std::string_view signs[] = {"<<=", ">>=", "...", "->", "++", "--", "<<", ">>",
                                                 "<=",  ">=",  "==",  "!=", "&&", "||", "+=", "-=",
                                                 "*=",  "/=",  "%=",  "&=", "|=", "^="};
    char c = text_[at_];
    size_t end = at_ + 1;
    Token::Kind kind = Token::sign;
    if (is_word_start(c)) {
      kind = Token::word;
      while (end < text_.size() && is_word_part(text_[end])) end++;
    } else if (isdigit(static_cast<unsigned char>(c))) {
      kind = Token::number;
      while (end < text_.size() && (is_word_part(text_[end]) || text_[end] == '.')) end++;
    } else if (c == '"' || c == '\'') {
      kind = Token::quoted;
      while (end < text_.size() && text_[end] != c) end += text_[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text_.size());
    } else {
      for (std::string_view sign : signs)
        if (starts_with(sign)) {
          end = at_ + sign.size();
          break;
        }
    }
    tokens_.push_back({kind, text_.substr(at_, end - at_), at_});
    at_ = end;
  }

  void match_brackets() {
    std::vector<size_t> open;
    for (size_t i = 0; i < tokens_.size(); i++) {
      Token& token = tokens_[i];
      if (token.is("(") || token.is("[") || token.is("{")) open.push_back(i);
      if (!token.is(")") && !token.is("]") && !token.is("}")) continue;
      if (open.empty()) continue;
      token.partner = open.back();
      tokens_[open.back()].partner = i;
      open.pop_back();
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

// Calls that only warn, check or annotate; their arguments do not affect behaviour.
bool only_warns(std::string_view word) {
  for (std::string_view prefix :
       {"WARN", "BUG", "BUILD_BUG", "pr_", "dev_", "trace_", "assert_", "static_assert", "lockdep_",
        "might_", "kmemleak_", "EXPORT_", "MODULE_"})
    if (word.starts_with(prefix)) return true;
  return false;
}

// Members and functions that are easily confused.
const std::vector<std::vector<std::string_view>> member_families{
    {"pfn_lo", "pfn_hi"},
    {"loaded", "prev"},
    {"cached_node", "cached32_node"},
    {"rb_left", "rb_right"},
    {"start_pfn", "dma_32bit_pfn", "max32_alloc_size"},
    {"head", "tail"},
};
const std::vector<std::vector<std::string_view>> function_families{
    {"rb_next", "rb_prev"},
    {"rb_first", "rb_last"},
    {"num_online_cpus", "num_possible_cpus"},
    {"for_each_online_cpu", "for_each_possible_cpu"},
    {"min", "max"},
};

std::vector<std::string_view> others_of(const std::vector<std::vector<std::string_view>>& families,
                                        std::string_view word) {
  std::vector<std::string_view> others;
  for (const auto& family : families) {
    if (std::find(family.begin(), family.end(), word) == family.end()) continue;
    for (std::string_view other : family)
      if (other != word) others.push_back(other);
  }
  return others;
}

// Increments a number literal, keeping its form.
std::string successor(std::string_view number) {
  size_t digits = number.find_last_not_of("uUlL");
  std::string value(number.substr(0, digits + 1)), suffix(number.substr(digits + 1));
  bool hex = value.starts_with("0x") || value.starts_with("0X");
  uint64_t next = strtoull(value.c_str(), nullptr, 0) + 1;
  return (hex ? fmt::format("{:#x}", next) : fmt::format("{}", next)) + suffix;
}

// Named numbers such as IOVA_MAG_SIZE, but not flags.
bool is_named_number(std::string_view word) {
  if (word == "NULL" || word.find("GFP_") != none || word.starts_with("SLAB_")) return false;
  bool any_letter = false;
  for (char c : word) {
    if (islower(static_cast<unsigned char>(c))) return false;
    any_letter |= isupper(static_cast<unsigned char>(c)) != 0;
  }
  return any_letter && word.size() > 1;
}

class Mutation {
 public:
  explicit Mutation(const std::string& text) : text_(text), tokens_(Scanner(text).scan()) {
    for (size_t at = 0; at < text.size(); at++)
      if (text[at] == '\n') line_ends_.push_back(at);
  }

  std::vector<SourceMutant> run() {
    for (size_t i = 0; i < tokens_.size(); i++) {
      if (!tokens_[i].is("{")) continue;
      if (tokens_[i].partner == none) break;  // conditional compilation can unbalance brackets
      if (i && tokens_[i - 1].is(")") && tokens_[i - 1].partner != none) mutate_function(i);
      i = tokens_[i].partner;
    }
    auto rank = [](const SourceMutant& mutant) {
      return std::tuple(mutant.line, mutant.column, std::string_view(mutant.mutation),
                        std::string_view(mutant.after));
    };
    std::sort(mutants_.begin(), mutants_.end(),
              [&](const SourceMutant& a, const SourceMutant& b) { return rank(a) < rank(b); });
    return std::move(mutants_);
  }

 private:
  // Mutates the function whose body begins at this brace.
  void mutate_function(size_t brace) {
    size_t open = tokens_[brace - 1].partner;
    // Skips annotations such as __must_hold(lock) behind the parameters.
    while (open >= 2 && tokens_[open - 2].is(")") && tokens_[open - 2].partner != none)
      open = tokens_[open - 2].partner;
    if (open == 0 || tokens_[open - 1].kind != Token::word) return;
    function_ = tokens_[open - 1].text;
    size_t end = tokens_[brace].partner;
    mark_muted(brace, end);
    for (size_t i = brace + 1; i < end; i++)
      if (!muted_[i]) mutate_token(i);
    for (size_t i = brace + 1; i < end;) i = mutate_statement(i, end);
  }

  void mark_muted(size_t begin, size_t end) {
    muted_.assign(tokens_.size(), false);
    for (size_t i = begin; i + 1 < end; i++) {
      if (tokens_[i].kind != Token::word || !only_warns(tokens_[i].text)) continue;
      if (!tokens_[i + 1].is("(") || tokens_[i + 1].partner == none) continue;
      for (size_t j = i; j <= tokens_[i + 1].partner; j++) muted_[j] = true;
    }
  }

  void mutate_token(size_t i) {
    const Token& token = tokens_[i];
    switch (token.kind) {
      case Token::sign: return mutate_sign(i);
      case Token::number: return replace("constant", token, successor(token.text));
      case Token::word: return mutate_word(i);
      case Token::quoted: return;
    }
  }

  void mutate_sign(size_t i) {
    static const std::map<std::string_view, std::vector<const char*>> relational{
        {"<", {"<=", ">", ">="}}, {"<=", {"<", ">=", ">"}}, {">", {">=", "<", "<="}},
        {">=", {">", "<=", "<"}}, {"==", {"!="}},           {"!=", {"=="}}};
    static const std::map<std::string_view, const char*> logical{{"&&", "||"}, {"||", "&&"}};
    static const std::map<std::string_view, const char*> arithmetic{
        {"++", "--"}, {"--", "++"}, {"<<", ">>"},   {">>", "<<"},
        {"+=", "-="}, {"-=", "+="}, {"<<=", ">>="}, {">>=", "<<="}};
    const Token& token = tokens_[i];
    if (auto found = relational.find(token.text); found != relational.end())
      for (const char* other : found->second) replace("relational", token, other);
    if (auto found = logical.find(token.text); found != logical.end())
      replace("logical", token, found->second);
    if (auto found = arithmetic.find(token.text); found != arithmetic.end())
      replace("arithmetic", token, found->second);
    if ((token.is("+") || token.is("-")) && has_left_operand(i))
      replace("arithmetic", token, token.is("+") ? "-" : "+");
  }

  bool has_left_operand(size_t i) const {
    const Token& left = tokens_[i - 1];
    if (left.kind == Token::word) return !left.is("return") && !left.is("case");
    return left.kind == Token::number || left.is(")") || left.is("]");
  }

  void mutate_word(size_t i) {
    const Token& token = tokens_[i];
    if (token.is("true") || token.is("false"))
      return replace("constant", token, token.is("true") ? "false" : "true");
    if (tokens_[i - 1].is("->") || tokens_[i - 1].is(".")) {
      for (std::string_view other : others_of(member_families, token.text))
        replace("field", token, std::string(other));
    } else if (tokens_[i + 1].is("(")) {
      for (std::string_view other : others_of(function_families, token.text))
        replace("field", token, std::string(other));
    } else if (is_named_number(token.text)) {
      replace("constant", token, fmt::format("({} - 1)", token.text));
    }
  }

  // Deletes the statement if it is deletable, negates its condition if it has one, and descends
  // into blocks. Returns the index after it.
  size_t mutate_statement(size_t i, size_t end) {
    const Token& token = tokens_[i];
    if (token.is("{")) {
      for (size_t j = i + 1; j < token.partner;) j = mutate_statement(j, token.partner);
      return token.partner + 1;
    }
    if (token.is("else")) return i + 1;
    if (token.is("do")) {
      size_t after = mutate_statement(i + 1, end);
      return negate(after) + 1;
    }
    if (token.is("if") || token.is("while")) return negate(i);
    if (token.kind == Token::word && i + 1 < end && tokens_[i + 1].is(":")) return i + 2;
    if (token.is("case")) {
      while (i < end && !tokens_[i].is(":")) i++;
      return i + 1;
    }
    // Skips the heads of for, switch, and loop macros.
    if (token.kind == Token::word && i + 1 < end && tokens_[i + 1].is("(")) {
      size_t after = tokens_[i + 1].partner + 1;
      if (tokens_[after].kind == Token::word || tokens_[after].is("{")) return after;
    }
    size_t last = i;
    while (last < end && !tokens_[last].is(";")) {
      size_t partner = tokens_[last].partner;
      last = (partner != none && partner > last ? partner : last) + 1;
    }
    if (last < end && last > i && !muted_[i] && is_deletable(i)) delete_statement(i, last);
    return last + 1;
  }

  // Negates the condition after the keyword; returns the index after it.
  size_t negate(size_t keyword) {
    const Token& open = tokens_[keyword + 1];
    if (!open.is("(") || open.partner == none) return keyword + 1;
    size_t begin = open.offset + 1, end = tokens_[open.partner].offset;
    add("negated", begin, end, "!(" + text_.substr(begin, end - begin) + ")");
    return open.partner + 1;
  }

  // Whether the statement is a jump, a call or an assignment, but no declaration or return.
  bool is_deletable(size_t i) const {
    const Token& first = tokens_[i];
    if (first.is("goto") || first.is("break") || first.is("continue")) return true;
    if (first.is("*") || first.is("++") || first.is("--") || first.is("(")) return true;
    if (first.kind != Token::word || first.is("return")) return false;
    static constexpr std::string_view continuations[] = {"(",  "[",  "->", ".",   "=",  "++",
                                                         "--", "+=", "-=", "*=",  "/=", "%=",
                                                         "&=", "|=", "^=", "<<=", ">>="};
    return std::find(std::begin(continuations), std::end(continuations), tokens_[i + 1].text) !=
           std::end(continuations);
  }

  // Keeps the line count, since reports and warnings contain line numbers.
  void delete_statement(size_t first, size_t last) {
    size_t begin = tokens_[first].offset, end = tokens_[last].offset + 1;
    std::string rest = ";";
    rest.append(static_cast<size_t>(std::count(text_.begin() + static_cast<ptrdiff_t>(begin),
                                               text_.begin() + static_cast<ptrdiff_t>(end), '\n')),
                '\n');
    add("deleted", begin, end, rest);
  }

  void replace(const char* mutation, const Token& token, const std::string& other) {
    add(mutation, token.offset, token.offset + token.text.size(), other);
  }

  size_t line_of(size_t offset) const {  // counted from 0
    return static_cast<size_t>(std::lower_bound(line_ends_.begin(), line_ends_.end(), offset) -
                               line_ends_.begin());
  }
  size_t begin_of(size_t line) const { return line ? line_ends_[line - 1] + 1 : 0; }

  void add(const char* mutation, size_t begin, size_t end, const std::string& other) {
    size_t line = line_of(begin), last = line_of(end - 1);
    size_t from = begin_of(line);
    size_t to = last < line_ends_.size() ? line_ends_[last] : text_.size();
    SourceMutant mutant{line + 1, begin - from + 1, function_, mutation, "", "", text_};
    mutant.before = text_.substr(from, to - from);
    mutant.text.replace(begin, end - begin, other);
    mutant.after = mutant.text.substr(from, to - from + other.size() - (end - begin));
    mutants_.push_back(std::move(mutant));
  }

  const std::string& text_;
  std::vector<Token> tokens_;
  std::vector<size_t> line_ends_;
  std::vector<bool> muted_;
  std::string function_;
  std::vector<SourceMutant> mutants_;
};

}  // namespace

std::vector<SourceMutant> mutate_source(const std::string& text) { return Mutation(text).run(); }

std::vector<size_t> sample_mutants(const std::vector<SourceMutant>& mutants, size_t count,
                                   uint32_t seed) {
  // Stratified sample: sort by function and operator, randomly within these, and take every n-th.
  std::mt19937 random(seed);
  std::vector<std::pair<uint32_t, size_t>> order;
  for (size_t i = 0; i < mutants.size(); i++) order.push_back({random(), i});
  auto rank = [&](const std::pair<uint32_t, size_t>& entry) {
    const SourceMutant& mutant = mutants[entry.second];
    return std::tuple(std::string_view(mutant.function), std::string_view(mutant.mutation), entry);
  };
  std::sort(order.begin(), order.end(),
            [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  std::vector<size_t> chosen;
  if (count == 0 || count > order.size()) count = order.size();
  for (size_t i = 0; i < count; i++) chosen.push_back(order[i * order.size() / count].second);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::string diff_of(const std::string& original, const SourceMutant& mutant,
                    const std::string& path) {
  constexpr size_t context = 3;
  std::vector<std::string> before = lines_of(original), after = lines_of(mutant.text);
  size_t begin = mutant.line - 1;
  size_t end = begin + lines_of(mutant.before).size();
  size_t from = begin > context ? begin - context : 0;
  size_t to = std::min(end + context, before.size());
  std::string text = fmt::format("--- a/{0}\n+++ b/{0}\n@@ -{1},{2} +{1},{2} @@ {3}\n", path,
                                 from + 1, to - from, mutant.function);
  for (size_t i = from; i < begin; i++) text += " " + before[i] + "\n";
  for (size_t i = begin; i < end; i++) text += "-" + before[i] + "\n";
  for (size_t i = begin; i < end; i++) text += "+" + after[i] + "\n";
  for (size_t i = end; i < to; i++) text += " " + before[i] + "\n";
  return text;
}

}  // namespace tool
