// SPDX-License-Identifier: GPL-2.0-only
// The command line of one command: arguments, options, help, exit status. Hides the header of
// CLI11, which takes longer to compile than a whole command.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tool {

// A duration as users give it: "30s", "10m", "2h", "1d", or a bare number of seconds. Throws
// Failure.
std::chrono::milliseconds parse_duration(const std::string& text);
// Prints "1.5s", "10m" or "2h", which parse_duration() reads back.
std::string print_duration(std::chrono::milliseconds time);

class CommandLine {
 public:
  // A declared argument ("FILE") or option ("--out").
  class Option {
   public:
    Option& required();
    Option& range(double low, double high);
    Option& one_of(std::vector<std::string> words);
    Option& excludes(const std::string& other);
    Option& delimited_by(char separator);
    // For an option with several values: each use takes one word.
    Option& one_at_a_time();
    // Text that --help shows as the default.
    Option& shown_default(const std::string& words);

   private:
    friend class CommandLine;
    Option(CommandLine& line, size_t index) : line_(line), index_(index) {}
    CommandLine& line_;
    size_t index_;
  };

  // name: "corpus merge"; summary: a sentence without a subject, "adds inputs that extend a
  // corpus".
  CommandLine(std::string name, std::string summary);
  ~CommandLine();

  // names: "FILE" for an argument, "--preemptions,-k N" for an option with the placeholder of its
  // value. The initial value is the default; --help shows it unless it is empty. Help is a noun
  // phrase with units.
  Option option(const std::string& names, std::string& value, const std::string& help);
  Option option(const std::string& names, std::vector<std::string>& value, const std::string& help);
  Option option(const std::string& names, std::vector<uint64_t>& value, const std::string& help);
  Option option(const std::string& names, uint64_t& value, const std::string& help);
  Option option(const std::string& names, unsigned& value, const std::string& help);
  Option option(const std::string& names, std::optional<unsigned>& value, const std::string& help);
  // Takes a duration as parse_duration() does; "0" gives nullopt, no limit.
  Option option(const std::string& names, std::optional<std::chrono::milliseconds>& value,
                const std::string& help);
  Option option(const std::string& names, std::chrono::milliseconds& value,
                const std::string& help);
  // "--minimize,!--no-minimize" declares both forms.
  Option flag(const std::string& names, bool& value, const std::string& help);
  // Finds a declared option.
  Option get(const std::string& name);
  // Collects the words that follow "--".
  void rest(std::vector<std::string>& words, const std::string& help);
  void example(const std::string& command, const std::string& meaning);

  // Parses the words, then calls action. Returns the exit status; errors are printed on stderr.
  // --help prints the declared words; --describe prints one line for each, for programs.
  int run(int argc, char** argv, const std::function<int()>& action);

 private:
  int parse_and_act(int argc, char** argv, const std::function<int()>& action);

  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace tool
