// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <system_error>

#include "tool/support/failure.h"
#include "tool/support/process.h"
#include "tool/support/words.h"

using std::chrono::milliseconds;

namespace tool {
namespace {

constexpr std::pair<const char*, double> units[] = {{"ms", 1},     {"s", 1e3},         {"m", 60e3},
                                                    {"h", 3600e3}, {"d", 24 * 3600e3}, {"", 1e3}};
constexpr size_t width = 80;  // columns of help

// Wraps the words at the width. Lines begin at the column, where the first one continues.
std::string wrapped(const std::string& text, size_t column) {
  return in_lines(text, width, std::string(column, ' ')).substr(column);
}

// "--out DIR" has a placeholder for the value.
std::string without_placeholder(const std::string& names) {
  return names.substr(0, names.find(' '));
}

struct Declared {
  CLI::Option* option;
  std::string names, help, value, word;  // value: the default; word: placeholder of the value
  bool is_time = false;
  bool is_required = false;
  std::vector<std::string> choices = {};

  bool is_argument() const { return names[0] != '-' && names[0] != '!'; }
  // "--minimize,!--no-minimize" is shown as "--minimize, --no-minimize".
  std::string shown_names() const {
    std::string text;
    for (char c : names) text += c == '!' ? "" : c == ',' ? ", " : std::string(1, c);
    return text;
  }
  std::string shown() const {
    return shown_names() + (word.empty() || is_argument() ? "" : " " + word);
  }
};

}  // namespace

milliseconds parse_duration(const std::string& text) {
  char* end = nullptr;
  double number = strtod(text.c_str(), &end);
  for (const auto& [unit, factor] : units)
    if (end != text.c_str() && std::string(end) == unit && number >= 0 && number * factor < 1e13)
      return milliseconds(static_cast<int64_t>(number * factor));
  throw Failure(fmt::format("'{}' is not a duration: use the form 30s, 10m or 2h", text));
}

std::string print_duration(milliseconds time) {
  for (auto [unit, factor] : {std::pair("h", 3600'000), {"m", 60'000}, {"s", 1'000}})
    if (time.count() && time.count() % factor == 0)
      return fmt::format("{}{}", time.count() / factor, unit);
  return fmt::format("{:g}s", static_cast<double>(time.count()) / 1e3);
}

struct CommandLine::Inside {
  std::string name, summary;
  CLI::App app;
  std::vector<Declared> declared;
  std::vector<std::pair<std::string, std::string>> examples;
  std::vector<std::string>* rest = nullptr;
  std::string rest_help;

  Option add(CommandLine& line, CLI::Option* option, const std::string& names,
             const std::string& help, const std::string& value, const std::string& usual_word) {
    // An empty value usually comes from an unset shell variable; it would be mistaken for an option
    // that was not given.
    option->check([](const std::string& given) {
      return given.empty() ? "the value is empty" : std::string();
    });
    // The parser would let a negative number wrap around.
    if (usual_word == "N" || usual_word == "N,...")
      option->check([](const std::string& given) {
        return given.find('-') == given.npos
                   ? std::string()
                   : fmt::format("'{}' is not a number of 0 or more", given);
      });
    const size_t space = names.find(' ');
    declared.push_back({.option = option,
                        .names = without_placeholder(names),
                        .help = help,
                        .value = value,
                        .word = space == names.npos ? usual_word : names.substr(space + 1),
                        .is_time = usual_word == "TIME"});
    return Option(line, declared.size() - 1);
  }

  std::string usage() const {
    std::string text = fmt::format("Usage: iovafuzz {} [OPTION...]", name);
    for (const Declared& d : declared)
      if (d.is_argument())
        text += fmt::format(fmt::runtime(d.is_required ? " {}{}" : " [{}{}]"), d.names,
                            d.option->get_expected_max() > 1 ? "..." : "");
    return text + (rest ? " [-- ENGINE_OPTION...]" : "") + "\n";
  }

  std::string help() const {
    std::string text = fmt::format("iovafuzz {} - {}\n\n{}", name, summary, usage());
    constexpr size_t column = 26;
    for (bool arguments : {true, false}) {
      std::string rows;
      for (const Declared& d : declared) {
        if (d.is_argument() != arguments) continue;
        std::string row = "  " + d.shown(), what = d.help;
        if (!d.choices.empty()) {
          what += ": ";
          for (const std::string& choice : d.choices)
            what += (&choice == &d.choices[0] ? "" : ", ") + choice;
        }
        if (!d.value.empty()) what += fmt::format(" (default: {})", d.value);
        if (d.is_required && !arguments) what += " (required)";
        bool fits = row.size() + 2 <= column;
        rows +=
            row + (fits ? std::string(column - row.size(), ' ') : "\n" + std::string(column, ' '));
        rows += wrapped(what, column);
      }
      if (rest && !arguments) {
        rows += "  -- ENGINE_OPTION..." + std::string(column - 21, ' ');
        rows += wrapped(rest_help, column);
      }
      if (!rows.empty())
        text += fmt::format("\n{}:\n{}", arguments ? "Arguments" : "Options", rows);
    }
    if (!examples.empty()) text += "\nExamples:\n";
    for (const auto& [command, meaning] : examples)
      text += fmt::format("  {}\n      {}", command, wrapped(meaning, 6));
    return text;
  }

  // One line for each option: its names, the placeholder, the accepted words, the help.
  std::string describe() const {
    std::string text = fmt::format("{}\t{}\n", name, summary);
    for (const Declared& d : declared)
      text += fmt::format("{}\t{}\t{}\t{}\n", d.shown_names(), d.word, fmt::join(d.choices, " "),
                          d.help);
    return text;
  }

  // Rewrites the parser's error as a message of this tool.
  std::string complaint(const CLI::ParseError& error) {
    std::string sentence = error.what();
    std::vector<std::string> known{"--help"};
    for (const Declared& d : declared)
      for (const std::string& long_name : d.option->get_lnames()) known.push_back("--" + long_name);
    if (dynamic_cast<const CLI::ExtrasError*>(&error)) {
      // CLI11 lists unexpected words in the order given or reversed, depending on its version.
      std::string typed;
      for (const std::string& word : app.remaining(true))
        if (typed.empty() || (word[0] == '-' && typed[0] != '-')) typed = word;
      sentence = typed[0] == '-'
                     ? fmt::format("unknown option '{}'{}", typed,
                                   did_you_mean(typed.substr(0, typed.find('=')), known))
                     : fmt::format("unexpected argument '{}'", typed);
    }
    return fmt::format("{} (iovafuzz {} --help)", sentence, name);
  }
};

CommandLine::CommandLine(std::string name, std::string summary)
    : inside_(std::make_unique<Inside>()) {
  inside_->name = std::move(name);
  inside_->summary = std::move(summary);
  inside_->app.set_help_flag();
}

CommandLine::~CommandLine() = default;

CommandLine::Option CommandLine::option(const std::string& names, std::string& value,
                                        const std::string& help) {
  return inside_->add(*this, inside_->app.add_option(without_placeholder(names), value), names,
                      help, value, "WORD");
}
CommandLine::Option CommandLine::option(const std::string& names, std::vector<std::string>& value,
                                        const std::string& help) {
  return inside_->add(*this, inside_->app.add_option(without_placeholder(names), value), names,
                      help, "", "WORD");
}
CommandLine::Option CommandLine::option(const std::string& names, std::vector<uint64_t>& value,
                                        const std::string& help) {
  std::string before;
  for (uint64_t number : value) before += fmt::format("{}{}", before.empty() ? "" : ",", number);
  return inside_->add(*this, inside_->app.add_option(without_placeholder(names), value), names,
                      help, before, "N,...");
}
CommandLine::Option CommandLine::option(const std::string& names, uint64_t& value,
                                        const std::string& help) {
  return inside_->add(*this, inside_->app.add_option(without_placeholder(names), value), names,
                      help, fmt::format("{}", value), "N");
}
CommandLine::Option CommandLine::option(const std::string& names, unsigned& value,
                                        const std::string& help) {
  return inside_->add(*this, inside_->app.add_option(without_placeholder(names), value), names,
                      help, fmt::format("{}", value), "N");
}
CommandLine::Option CommandLine::option(const std::string& names, std::optional<unsigned>& value,
                                        const std::string& help) {
  return inside_->add(*this, inside_->app.add_option(without_placeholder(names), value), names,
                      help, "", "N");
}
CommandLine::Option CommandLine::option(const std::string& names, milliseconds& value,
                                        const std::string& help) {
  auto* option = inside_->app.add_option_function<std::string>(
      without_placeholder(names), [&value](const std::string& s) { value = parse_duration(s); });
  return inside_->add(*this, option, names, help, print_duration(value), "TIME");
}
CommandLine::Option CommandLine::option(const std::string& names,
                                        std::optional<milliseconds>& value,
                                        const std::string& help) {
  auto* option = inside_->app.add_option_function<std::string>(
      without_placeholder(names), [&value](const std::string& s) {
        milliseconds time = parse_duration(s);
        value = time.count() ? std::optional(time) : std::nullopt;
      });
  return inside_->add(*this, option, names, help, value ? print_duration(*value) : "", "TIME");
}
CommandLine::Option CommandLine::flag(const std::string& names, bool& value,
                                      const std::string& help) {
  return inside_->add(*this, inside_->app.add_flag(names, value), names, help, "", "");
}

CommandLine::Option CommandLine::get(const std::string& name) {
  for (size_t i = 0; i < inside_->declared.size(); i++)
    if (inside_->declared[i].option->check_name(name)) return Option(*this, i);
  throw std::logic_error("no such option: " + name);
}

void CommandLine::rest(std::vector<std::string>& words, const std::string& help) {
  inside_->rest = &words;
  inside_->rest_help = help;
}

void CommandLine::example(const std::string& command, const std::string& meaning) {
  inside_->examples.emplace_back(command, meaning);
}

int CommandLine::run(int argc, char** argv, const std::function<int()>& action) {
  const int status = parse_and_act(argc, argv, action);
  const std::string lost = lost_output();
  if (lost.empty() || status == could_not) return status;
  fmt::print(stderr, "iovafuzz: {}\n", lost);
  return could_not;
}

int CommandLine::parse_and_act(int argc, char** argv, const std::function<int()>& action) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  try {
    if (auto dashes = std::find(words.begin(), words.end(), "--");
        inside_->rest && dashes != words.end()) {
      inside_->rest->assign(dashes + 1, words.end());
      words.erase(dashes, words.end());
    }
    for (const std::string& word : words) {
      if (word == "--") break;
      if (word == "--help" || word == "-h") return fmt::print("{}", inside_->help()), nothing_new;
      if (word == "--describe") return fmt::print("{}", inside_->describe()), nothing_new;
    }
    for (const std::string& word : words) {
      if (word == "--") break;
      // For "--option=" the parser would take the next word as the value.
      if (word.starts_with("--") && word.find('=') == word.size() - 1)
        throw Failure(fmt::format("{}: the value is empty (iovafuzz {} --help)",
                                  word.substr(0, word.size() - 1), inside_->name));
    }
    std::reverse(words.begin(), words.end());  // the parser expects reversed order
    inside_->app.parse(words);
    return action();
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "iovafuzz: {}\n", inside_->complaint(error));
  } catch (const std::exception& error) {
    // fmt::print() throws a system_error that does not say which output failed.
    const auto* of_output =
        ferror(stdout) ? dynamic_cast<const std::system_error*>(&error) : nullptr;
    fmt::print(
        stderr, "iovafuzz: {}\n",
        of_output ? "cannot write the output: " + of_output->code().message() : error.what());
  }
  return could_not;
}

CommandLine::Option& CommandLine::Option::required() {
  Declared& declared = line_.inside_->declared[index_];
  declared.option->required();
  declared.is_required = true;
  return *this;
}
CommandLine::Option& CommandLine::Option::range(double low, double high) {
  Declared& declared = line_.inside_->declared[index_];
  const bool is_time = declared.is_time;
  std::string names = declared.names;
  declared.option->check([=](const std::string& word) {
    char* end = nullptr;
    double number = is_time ? static_cast<double>(parse_duration(word).count()) / 1e3
                            : strtod(word.c_str(), &end);
    bool is_number = is_time || (end != word.c_str() && !*end);
    return is_number && number >= low && number <= high
               ? std::string()
               : fmt::format("{} is out of range: {:g} to {:g}{}", word, low, high,
                             is_time ? " seconds" : "");
  });
  return *this;
}
CommandLine::Option& CommandLine::Option::one_of(std::vector<std::string> words) {
  Declared& declared = line_.inside_->declared[index_];
  declared.choices = words;
  std::string name = declared.names;
  name.erase(0, name.find_first_not_of('-'));
  declared.option->check([=](const std::string& word) {
    bool is_known = std::find(words.begin(), words.end(), word) != words.end();
    return is_known ? std::string() : unknown_word(name, word, words);
  });
  return *this;
}
CommandLine::Option& CommandLine::Option::excludes(const std::string& other) {
  Option that = line_.get(other);
  line_.inside_->declared[index_].option->excludes(line_.inside_->declared[that.index_].option);
  return *this;
}
CommandLine::Option& CommandLine::Option::delimited_by(char separator) {
  line_.inside_->declared[index_].option->delimiter(separator);
  return *this;
}
CommandLine::Option& CommandLine::Option::shown_default(const std::string& words) {
  line_.inside_->declared[index_].value = words;
  return *this;
}
CommandLine::Option& CommandLine::Option::one_at_a_time() {
  line_.inside_->declared[index_].option->allow_extra_args(false);
  return *this;
}

}  // namespace tool
