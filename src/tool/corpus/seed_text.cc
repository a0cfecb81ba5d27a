// SPDX-License-Identifier: GPL-2.0-only
#include "tool/corpus/seed_text.h"

#include <algorithm>
#include <cctype>
#include <regex>
#include <sstream>

#include "tool/support/words.h"

namespace tool {
namespace {

constexpr char license[] = "# SPDX-License-Identifier: GPL-2.0-only\n";
constexpr size_t columns = 100;

// Breaks a comment into lines of at most `columns`, where words allow it.
std::string comment_lines(const std::string& text) {
  std::string lines;
  std::istringstream paragraphs(text);
  for (std::string paragraph; std::getline(paragraphs, paragraph);) {
    std::istringstream words(paragraph);
    std::string line = "#";
    for (std::string word; words >> word; line += " " + word) {
      if (line.size() + 1 + word.size() <= columns || line == "#") continue;
      lines += line + "\n";
      line = "#";
    }
    lines += line + "\n";
  }
  return lines;
}

// Turns the name into a sentence.
std::string sentence(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  name[0] = static_cast<char>(toupper(static_cast<unsigned char>(name[0])));
  return name + ".";
}

std::string with_places(const std::string& text, const std::vector<std::string>& places) {
  std::string all;
  auto place = places.begin();
  for (const std::string& line : lines_of(text)) {
    all += line;
    if (line.starts_with("pause") && place != places.end()) {
      if (line.find('#') == line.npos) all += "  # " + *place;
      ++place;
    }
    all += "\n";
  }
  return all;
}

}  // namespace

std::vector<std::string> places_of_pauses(const program::Program& program, const Outcome& run) {
  // The format of engine::describe_suspended().
  static const std::regex words(
      "is suspended on CPU [0-9]+, (.*?)( \\([^ ]*:[0-9]+\\))?, now on CPU");
  std::vector<std::string> places;
  for (size_t i = 0; i < program.operations.size(); i++) {
    if (program.operations[i].code != program::OpCode::pause) continue;
    size_t paused = i + 1;
    while (paused < program.operations.size() &&
           program::is_prefix(program.operations[paused].code))
      paused++;
    places.push_back("not reached");
    std::smatch found;
    for (const RecordedStep& step : run.steps)
      if (step.operation == paused && std::regex_search(step.outcome, found, words))
        places.back() = found[1];
  }
  return places;
}

std::string seed_text(const Input& input, const std::string& name, const std::string& story,
                      const std::vector<std::string>& places) {
  std::string body = input.is_text ? input.content : program::print(input.program);
  if (body.starts_with(license)) body.erase(0, sizeof license - 1);
  std::string lines;
  if (!story.empty() || !body.starts_with("# "))
    lines = comment_lines(story.empty() ? sentence(name) : story);
  return license + lines + with_places(body, places);
}

}  // namespace tool
