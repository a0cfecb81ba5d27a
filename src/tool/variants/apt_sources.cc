// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/apt_sources.h"

#include <strings.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <regex>
#include <sstream>

#include "tool/support/failure.h"
#include "tool/support/files.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

using Words = std::vector<std::string>;

Words split(const std::string& text) {
  std::istringstream stream(text);
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// Adds the mirrors of one entry, if it covers binary packages of Debian's suites.
void add_entry(std::vector<DebianMirror>& mirrors, const Words& types, const Words& uris,
               const Words& suites, const Words& components, const std::string& signed_by) {
  static const std::regex debian(
      "(bullseye|bookworm|trixie|forky|duke|sid|experimental|(old){0,2}stable|testing|unstable)"
      "(-security|/updates|-updates|-proposed-updates|-backports(-sloppy)?)?");
  auto has = [](const Words& words, const char* word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  if (!has(types, "deb") || !has(components, "main")) return;
  for (const std::string& suite : suites) {
    if (!std::regex_match(suite, debian)) continue;
    bool security = suite.ends_with("-security") || suite.ends_with("/updates");
    for (std::string uri : uris) {
      if (uri.starts_with("cdrom:")) continue;
      while (uri.ends_with('/')) uri.pop_back();
      bool known = std::any_of(mirrors.begin(), mirrors.end(), [&](const DebianMirror& mirror) {
        return mirror.uri == uri && mirror.security == security;
      });
      if (!known) mirrors.push_back({uri, signed_by, security});
    }
  }
}

std::string trimmed(const std::string& text) {
  size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

}  // namespace

std::vector<DebianMirror> mirrors_in_list(std::string_view text) {
  std::vector<DebianMirror> mirrors;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    line = line.substr(0, line.find('#'));
    std::string options, signed_by;
    size_t open = line.find('['), close = line.find(']');
    // Brackets right after the type hold options; the name of a CD has brackets further on.
    if (open != std::string::npos && close != std::string::npos && open < close &&
        split(line.substr(0, open)).size() == 1) {
      options = line.substr(open + 1, close - open - 1);
      line.replace(open, close + 1 - open, " ");
    }
    for (const std::string& option : split(options))
      if (option.starts_with("signed-by=")) signed_by = option.substr(strlen("signed-by="));
    Words words = split(line);
    if (words.size() < 4) continue;
    add_entry(mirrors, {words[0]}, {words[1]}, {words[2]}, {words.begin() + 3, words.end()},
              signed_by);
  }
  return mirrors;
}

std::vector<DebianMirror> mirrors_in_deb822(std::string_view text) {
  std::vector<DebianMirror> mirrors;
  std::map<std::string, std::string> fields;
  std::string* last = nullptr;
  auto end_stanza = [&] {
    std::string enabled = fields["enabled"];
    bool disabled = false;
    for (const char* no : {"no", "false", "0", "off", "disable", "without"})
      disabled |= strcasecmp(enabled.c_str(), no) == 0;
    if (!disabled)
      add_entry(mirrors, split(fields["types"]), split(fields["uris"]), split(fields["suites"]),
                split(fields["components"]), fields["signed-by"]);
    fields.clear();
    last = nullptr;
  };
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    if (trimmed(line).empty()) {
      end_stanza();
    } else if (line[0] == ' ' || line[0] == '\t') {
      // Keep the line as it is: the text of a key spans such lines.
      if (last) *last += "\n" + line;
    } else if (size_t colon = line.find(':'); colon != std::string::npos) {
      std::string field = line.substr(0, colon);
      for (char& c : field)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      last = &fields[field];
      *last = trimmed(line.substr(colon + 1));
    }
  }
  end_stanza();
  return mirrors;
}

std::vector<DebianMirror> mirrors_in_use(const fs::path& main_file, const fs::path& folder) {
  std::vector<fs::path> files{main_file};
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    files.push_back(at->path());
  std::sort(files.begin() + 1, files.end());
  std::vector<DebianMirror> all;
  for (const fs::path& file : files) {
    bool deb822 = file.extension() == ".sources";
    if (!deb822 && file.extension() != ".list") continue;
    std::string text;
    try {
      text = read_file(file);
    } catch (const Failure&) {
      continue;
    }
    for (const DebianMirror& mirror : deb822 ? mirrors_in_deb822(text) : mirrors_in_list(text)) {
      bool known = std::any_of(all.begin(), all.end(), [&](const DebianMirror& other) {
        return other.uri == mirror.uri && other.security == mirror.security;
      });
      if (!known) all.push_back(mirror);
    }
  }
  return all;
}

}  // namespace tool
