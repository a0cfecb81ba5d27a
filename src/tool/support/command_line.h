// SPDX-License-Identifier: GPL-2.0-only
// The words of one command: arguments, options, help, exit status. Hides the parser, whose header
// takes longer to compile than a whole command.
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
// "1.5s", "10m", "2h": what parse_duration() takes.
std::string print_duration(std::chrono::milliseconds time);

class CommandLine {
 public:
  // An argument ("FILE") or an option ("--out") that was declared.
  class Option {
   public:
    Option& required();
    Option& range(double low, double high);
    Option& one_of(std::vector<std::string> words);
    Option& excludes(const std::string& other);
    Option& delimited_by(char separator);
    // Of an option of several words: each use takes one word.
    Option& one_at_a_time();
    // What --help shows as the default.
    Option& shown_default(const std::string& words);

   private:
    friend class CommandLine;
    Option(CommandLine& line, size_t index) : line_(line), index_(index) {}
    CommandLine& line_;
    size_t index_;
  };

  // "corpus merge" and a sentence without a subject: "adds inputs that extend a corpus".
  CommandLine(std::string name, std::string summary);
  ~CommandLine();

  // The value is the default, and is shown by --help unless it is empty. Help is a noun phrase with
  // units.
  Option option(const std::string& names, std::string& value, const std::string& help);
  Option option(const std::string& names, std::vector<std::string>& value, const std::string& help);
  Option option(const std::string& names, std::vector<uint64_t>& value, const std::string& help);
  Option option(const std::string& names, uint64_t& value, const std::string& help);
  Option option(const std::string& names, unsigned& value, const std::string& help);
  Option option(const std::string& names, std::optional<unsigned>& value, const std::string& help);
  // Takes what parse_duration() takes; none is "0": no end.
  Option option(const std::string& names, std::optional<std::chrono::milliseconds>& value,
                const std::string& help);
  Option option(const std::string& names, std::chrono::milliseconds& value,
                const std::string& help);
  // "--minimize,!--no-minimize" has both.
  Option flag(const std::string& names, bool& value, const std::string& help);
  // One that was declared.
  Option get(const std::string& name);
  // What follows "--" goes here.
  void rest(std::vector<std::string>& words, const std::string& help);
  void example(const std::string& command, const std::string& meaning);

  // Parses and acts. Returns the exit status; what cannot be done is told on stderr. --help prints
  // the words above; --describe prints the same a line each, for programs.
  int run(int argc, char** argv, const std::function<int()>& action);

 private:
  int parse_and_act(int argc, char** argv, const std::function<int()>& action);

  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace tool
