// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/refusal.h"

#include <fmt/core.h>

#include <cctype>
#include <optional>
#include <regex>
#include <sstream>
#include <vector>

#include "tool/support/build.h"
#include "tool/support/files.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// The first error that clang or gcc reports, and the declaration that its notes name.
struct CompilerError {
  std::string file, words;
  size_t line = 0, column = 0;
  std::string declared_file, declared_line, declared_name;
};

bool is_in_word(char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_'; }

std::optional<CompilerError> first_error(const std::string& output) {
  static const std::regex error("(\\S[^:]*):([0-9]+):([0-9]+): (?:fatal )?error: (.*)");
  static const std::regex note("(\\S[^:]*):([0-9]+):[0-9]+: note: (?:'(\\w+)' )?declared here");
  static const std::regex quotes("\xe2\x80\x98|\xe2\x80\x99");  // gcc's
  std::optional<CompilerError> found;
  std::istringstream lines(std::regex_replace(output, quotes, "'"));
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_search(line, match, error)) {
      if (found) break;
      found = {match[1], match[4], std::stoul(match[2]), std::stoul(match[3]), "", "", ""};
    } else if (found && std::regex_search(line, match, note)) {
      found->declared_file = match[1], found->declared_line = match[2];
      found->declared_name = match[3];
      break;
    }
  }
  return found;
}

// Maps a header that the probe linked, or a file of KernelTree::changed, to its path in the tree.
std::string path_in_tree(const KernelTree& tree, const std::string& file) {
  size_t at = file.rfind("/include/linux/");
  if (at != std::string::npos) {
    fs::path own = tree.folder / file.substr(at + 1);
    std::error_code none;
    if (fs::equivalent(own, file, none)) return own.string();
  }
  if (!tree.changed.empty() && file.starts_with(tree.changed.string()))
    return (tree.folder / fs::relative(file, tree.changed)).string();
  return file;
}

// The iovafuzz sources may be inside the tree; they do not count.
bool is_of_tree(const KernelTree& tree, const std::string& path) {
  return path.starts_with(tree.folder.string() + "/") &&
         !path.starts_with((source_folder() / "src/").string());
}

std::string line_of(const std::string& file, size_t number) {
  std::error_code none;
  if (!fs::is_regular_file(file, none)) return "";
  std::istringstream lines(read_file(file));
  std::string line;
  for (size_t i = 0; i < number && std::getline(lines, line); i++) {
  }
  return line;
}

std::string word_after(const std::string& line, size_t at) {
  while (at < line.size() && isspace(static_cast<unsigned char>(line[at]))) at++;
  size_t end = at;
  while (end < line.size() && is_in_word(line[end])) end++;
  return line.substr(at, end - at);
}
std::string word_before(const std::string& line, size_t at) {
  at = std::min(at, line.size());
  while (at && !is_in_word(line[at - 1])) at--;
  size_t begin = at;
  while (begin && is_in_word(line[begin - 1])) begin--;
  return line.substr(begin, at - begin);
}

bool looks_like_a_macro(const std::string& word) {
  return word.starts_with("__") ||
         (word.size() > 1 &&
          std::none_of(word.begin(), word.end(), [](unsigned char c) { return islower(c); }));
}

// The macro that the shim lacks, if a declaration ends too early: compilers take an unknown macro
// for a name.
std::string unknown_macro(const CompilerError& error, const std::string& line) {
  static const std::regex in_list(
      "expected parameter declarator|a parameter list without types|"
      "expected declaration specifiers or|expected identifier or '\\('");
  static const std::regex too_early("expected ';' after top level declarator|expected '='|"
                                    "expected function body after function declarator|"
                                    "expected ';' at end of declaration");
  size_t at = error.column ? error.column - 1 : 0;
  if (std::regex_search(error.words, in_list)) {
    std::string word = word_before(line, at);
    return word.empty() ? "" : word + "()";
  }
  if (!std::regex_search(error.words, too_early)) return "";
  std::string before = word_before(line, at), after = word_after(line, at);
  return looks_like_a_macro(before) && !looks_like_a_macro(after) ? before : after;
}

// The symbol that the compiler does not know, with "()" if it is called; "" for none.
std::string unknown_symbol(const CompilerError& error, const std::string& line) {
  static const std::regex named(
      "use of undeclared identifier '(\\w+)'|'(\\w+)' undeclared|unknown type name '(\\w+)'|"
      "implicit declaration of function '(\\w+)'|implicitly declaring library function '(\\w+)'|call to undeclared function '(\\w+)'|"
      "has incomplete type '(?:const )?(struct \\w+)|invalid application of '\\w+' to an incomplete "
      "type '(struct \\w+)|incomplete definition of type '(struct \\w+)|"
      "undefined type '(struct \\w+)|type specifier missing.*()");
  std::smatch match;
  if (!std::regex_search(error.words, match, named)) return unknown_macro(error, line);
  std::string symbol;
  for (size_t i = 1; i < match.size(); i++)
    if (match[i].matched) symbol = match[i];
  if (symbol.empty()) symbol = word_after(line, error.column - 1);
  size_t end = line.find(symbol);
  bool is_called = end != std::string::npos && line.substr(end + symbol.size()).starts_with("(");
  return symbol + (is_called ? "()" : "");
}

std::string unknown_header(const CompilerError& error) {
  static const std::regex named("'(\\S+\\.h)' file not found|(\\S+\\.h): No such file");
  std::smatch match;
  if (!std::regex_search(error.words, match, named)) return "";
  return match[1].matched ? match[1] : match[2];
}

// The tree's file that contains the text, else its iova.c.
std::string home_of(const KernelTree& tree, const std::string& text) {
  for (const char* file :
       {"include/linux/iova.h", "drivers/iommu/iova.c", "drivers/iommu/dma-iommu.c"}) {
    fs::path path = tree.folder / file;
    std::error_code none;
    if (fs::is_regular_file(path, none) && read_file(path).find(text) != std::string::npos)
      return path.string();
  }
  return (tree.folder / "drivers/iommu/iova.c").string();
}

struct MissingMember {
  std::string structure, name;
};

// Returns the member that the compiler, clang or GCC, misses in a structure.
std::optional<MissingMember> missing_member(const CompilerError& error) {
  static const std::regex by_clang("no member named '(\\w+)' in '([^']+)'");
  static const std::regex by_gcc("'([^']+)' has no member named '(\\w+)'");
  std::smatch match;
  if (std::regex_search(error.words, match, by_clang)) return MissingMember{match[2], match[1]};
  if (std::regex_search(error.words, match, by_gcc)) return MissingMember{match[1], match[2]};
  return std::nullopt;
}

// Message for an error in the tree's own code.
std::string in_tree(const CompilerError& error, const std::string& path) {
  std::string where = fmt::format("{}:{}: ", path, error.line), line = line_of(path, error.line);
  if (std::string header = unknown_header(error); !header.empty())
    return where + "the shim has no " + header;
  if (const std::optional<MissingMember> missing = missing_member(error))
    return fmt::format("{}{} has no {}", where, missing->structure, missing->name);
  std::smatch match;
  static const std::regex twice("(?:redefinition of|conflicting types for) '(\\w+)'");
  if (std::regex_search(error.words, match, twice))
    return fmt::format("{}the declaration of {} conflicts with a header", where, match[1].str());
  if (std::string symbol = unknown_symbol(error, line); !symbol.empty())
    return where + "the shim has no " + symbol;
  size_t begin = line.find_first_not_of(" \t");
  std::string text = begin == std::string::npos ? "" : line.substr(begin);
  return fmt::format("{}'{}' does not compile over the shim: {}", where, text, error.words);
}

// Message for an error in the glue: the tree lacks something that the glue uses.
std::string in_glue(const KernelTree& tree, const CompilerError& error) {
  const std::string source = (tree.folder / "drivers/iommu/iova.c").string();
  std::string line = line_of(error.file, error.line);
  std::smatch match;
  static const std::regex asserted("static[_ ]assert(?:ion)? failed.*\"tree: ([^\"]+)\"|"
                                   "static assertion failed: \"tree: ([^\"]+)\"");
  if (std::regex_search(error.words, match, asserted)) {
    std::string sentence = match[1].matched ? match[1] : match[2];
    return home_of(tree, "#define " + word_after(sentence, 0)) + ": " + sentence;
  }
  if (const std::optional<MissingMember> missing = missing_member(error))
    return fmt::format("{}: {} has no {}, which iovafuzz reads",
                       home_of(tree, missing->structure + " {"), missing->structure, missing->name);
  static const std::regex arguments("too (?:few|many) arguments to function(?: '(\\w+)')?");
  if (std::regex_search(error.words, match, arguments)) {
    std::string name = match[1].matched ? match[1].str() : error.declared_name;
    std::string where = error.declared_file.empty()
                            ? source
                            : path_in_tree(tree, error.declared_file) + ":" + error.declared_line;
    return fmt::format("{}: {}() takes arguments that iovafuzz does not support", where, name);
  }
  if (std::string symbol = unknown_symbol(error, line); !symbol.empty())
    return fmt::format("{} has no {}, which iovafuzz needs", source, symbol);
  size_t begin = line.find_first_not_of(" \t");
  return fmt::format("{} does not fit the code of iovafuzz that uses it: '{}': {}", source,
                     begin == std::string::npos ? "" : line.substr(begin), error.words);
}

}  // namespace

std::string why_refused(const KernelTree& tree, const std::string& build_output) {
  static const std::regex unsupported("unsupported tree: (.*)");
  std::smatch match;
  if (std::regex_search(build_output, match, unsupported)) return match[1];
  std::optional<CompilerError> error = first_error(build_output);
  if (!error) return fmt::format("{}: cannot be built:\n{}", tree.folder.string(), build_output);
  std::string path = path_in_tree(tree, error->file);
  return is_of_tree(tree, path) ? in_tree(*error, path) : in_glue(tree, *error);
}

std::string why_not_compiled(const std::string& file, const std::string& compiler_output) {
  std::optional<CompilerError> error = first_error(compiler_output);
  if (!error) return fmt::format("{}: cannot be built:\n{}", file, compiler_output);
  std::error_code none;
  return in_tree(*error, fs::equivalent(error->file, file, none) ? file : error->file);
}

std::vector<std::string> warnings_in(const KernelTree& tree, const std::string& compiler_output) {
  static const std::regex warning("(\\S[^:]*):([0-9]+):[0-9]+: warning: (.*?)( \\[-W.*)?");
  std::vector<std::string> warnings;
  std::istringstream lines(compiler_output);
  std::smatch match;
  for (std::string line; std::getline(lines, line);)
    if (std::regex_match(line, match, warning))
      warnings.push_back(
          fmt::format("{}:{}: {}", path_in_tree(tree, match[1]), match[2].str(), match[3].str()));
  return warnings;
}

std::string why_refused_for_symbol(const KernelTree& tree, const std::string& symbol) {
  const std::regex use("\\b" + symbol + "\\b(\\()?");
  for (const KernelFile& file : kernel_files()) {
    std::string path = (tree.folder / file.path).string();
    std::error_code none;
    if (!std::string_view(file.path).ends_with(".c") || !fs::is_regular_file(path, none)) continue;
    std::istringstream lines(read_file(path));
    std::smatch match;
    size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
      number++;
      // Skip declarations: look for an indented line that uses the symbol.
      if (!isspace(static_cast<unsigned char>(line[0])) || !std::regex_search(line, match, use))
        continue;
      return fmt::format("{}:{}: the shim has no {}{}", path, number, symbol,
                         match[1].matched ? "()" : "");
    }
  }
  return fmt::format("{}: the shim has no {}", tree.folder.string(), symbol);
}

}  // namespace tool
