// SPDX-License-Identifier: GPL-2.0-only
#include "triage/preflight/clusterfuzz.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr size_t frames_of_state = 3, longest_line = 80;

constexpr RecordedReading recorded[] = {
#define READ(oracle, type, security) {oracle, type, security},
#include "triage/preflight/clusterfuzz.inc"
#undef READ
};

// The rest of the line after the first occurrence of words, or "".
std::string after(const std::string& line, const std::string& words) {
  size_t at = line.find(words);
  return at == line.npos ? "" : line.substr(at + words.size());
}

std::string capitalized(std::string text) {
  for (char& c : text) c = static_cast<char>(tolower(c));
  if (!text.empty()) text[0] = static_cast<char>(toupper(text[0]));
  return text;
}

// Stack frames that ClusterFuzz ignores: a few of its 200 rules.
bool is_ignored(const std::string& frame) {
  static constexpr std::array begins{
      "__asan",   "__interceptor_", "__sanitizer", "__ubsan", "__libc_", "__pthread_kill",
      "_start",   "abort",          "alloc::",     "calloc",  "delete",  "free",
      "fuzzer::", "gsignal",        "main",        "malloc",  "new",     "operator",
      "raise",    "realloc",        "LLVMFuzzer"};
  return frame.size() < 3 || frame.find("assert") != frame.npos ||
         std::any_of(begins.begin(), begins.end(),
                     [&](const char* begin) { return frame.starts_with(begin); });
}

// "    #2 0x0 in iova::free_iova (...)" gives "iova::free_iova"; "" if the line is no frame.
std::string frame_of(const std::string& line) {
  std::istringstream words(line);
  std::string number, address, in, function;
  words >> number >> address >> in >> function;
  bool is_frame = number.starts_with('#') && address.starts_with("0x") && in == "in";
  return is_frame ? function.substr(0, function.find_first_of("([")) : "";
}

class Reader {
 public:
  void take(const std::string& line) {
    if (line.find("SUMMARY:") != line.npos) return;
    take_assertion(line);
    take_sanitizer(line);
    take_failed_kernel(line);
    if (reading_.type.empty()) take_failed_check(line);
    if (reading_.type.empty() && line.find("ERROR: libFuzzer: deadly signal") != line.npos)
      begin("Fatal-signal", "");
    std::string frame = reading_.type.empty() ? "" : frame_of(line);
    if (frame.empty() || is_ignored(frame) || frames_ >= frames_of_state) return;
    add(frame);
  }
  Reading end() {
    const std::string& type = reading_.type;
    reading_.security = !type.empty() && type != "CHECK failure" && type != "Fatal-signal" &&
                        type != "Abrt" && type != "Integer-overflow";
    return reading_;
  }

 private:
  bool is_kernel() const { return reading_.type.starts_with("Kernel failure"); }
  void begin(const std::string& type, const std::string& state) {
    reading_.type = type;
    reading_.state.clear();
    frames_ = 0;
    if (!state.empty()) add(state);
  }
  void add(const std::string& line) {
    reading_.state += line.substr(0, longest_line) + "\n";
    frames_++;
  }
  void take_assertion(const std::string& line) {
    if (!is_kernel() && line.starts_with("panic: ")) begin("ASSERT", after(line, "panic: "));
  }
  // A signal at the end does not replace an earlier assertion or failed check.
  void take_sanitizer(const std::string& line) {
    std::string what = after(line, "Sanitizer: ");
    size_t end = what.find(" on ");
    if (line.find("ERROR: ") == line.npos || end == what.npos || is_kernel()) {
      if (reading_.type.empty() && line.find(" runtime error: ") != line.npos) begin("UNKNOWN", "");
      return;
    }
    what = what.substr(0, end);
    bool is_abort = what == "ABRT" || what == "ILL" || what == "TRAP";
    if (is_abort && (reading_.type == "ASSERT" || reading_.type == "CHECK failure")) return;
    begin(what == "SEGV" ? "UNKNOWN" : capitalized(what), "");
  }
  void take_failed_kernel(const std::string& line) {
    if (!line.starts_with("kernel BUG at ")) return;
    std::string what = after(line, "kernel BUG at ");
    std::replace(what.begin(), what.end(), ' ', '-');
    reading_.type = "Kernel failure\n" + capitalized(what);
  }
  // Parses "[program:file(line)] Check failed: what".
  void take_failed_check(const std::string& line) {
    std::string what = after(line, "Check failed: ");
    size_t file = line.find(':') + 1, end = line.find('(');
    if (!line.starts_with('[') || what.empty() || end == line.npos || end < file) return;
    begin("CHECK failure", what + " in " + line.substr(file, end - file));
  }

  Reading reading_{};
  size_t frames_ = 0;
};

}  // namespace

Reading reading_of(const std::string& text) {
  Reader reader;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) reader.take(line);
  return reader.end();
}

// ClusterFuzz compares states without FuzzerHash= by similarity; all crashes in one call are
// similar.
bool are_one(const Reading& one, const Reading& other) {
  if (one.security != other.security) return false;
  return one.state == other.state || one.state.find("FuzzerHash=") == one.state.npos;
}

std::span<const RecordedReading> recorded_readings() { return recorded; }

const RecordedReading* recorded_reading(const std::string& oracle) {
  for (const RecordedReading& row : recorded)
    if (row.oracle == oracle) return &row;
  return nullptr;
}

ClusterFuzz::ClusterFuzz(const fs::path& clone) : clone_(clone) {
  if (!fs::exists(clone_ / "src/clusterfuzz/stacktraces"))
    throw Failure(fmt::format(
        "{} is not a clone of ClusterFuzz: it has no src/clusterfuzz/stacktraces", clone.string()));
}

ClusterFuzz::Answers ClusterFuzz::read(const std::vector<CrashText>& texts) const {
  json logs = json::array();
  for (const CrashText& text : texts)
    logs.push_back({{"text", text.text}, {"symbolized", text.symbolized}});
  TemporaryFolder folder;
  std::string script = (source_folder() / "triage/preflight/clusterfuzz.py").string();
  // The system's Python, which has Debian's packages.
  std::string python = fs::exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
  json answer =
      parse_json(must_run({"bash", "-c", R"(exec "$0" -B "$1" "$2" <"$3")", python, script,
                           clone_.string(), folder.write("logs", to_line(logs))}));
  Answers answers;
  size_t count = answer["states"].size();
  for (const json& row : answer["readings"]) {
    answers.state_of_.push_back(row["state"]);
    answers.readings.push_back(
        {row["type"], answer["states"][answers.state_of_.back()], row["security"], row["labels"]});
  }
  answers.similar_.assign(count, std::vector<bool>(count, false));
  for (const json& pair : answer["similar"])
    answers.similar_[pair[0].get<size_t>()][pair[1].get<size_t>()] = true;
  return answers;
}

// ClusterFuzz never groups a security bug with another bug.
bool ClusterFuzz::Answers::are_one(size_t text, size_t other) const {
  size_t one_state = state_of_[text], other_state = state_of_[other];
  return readings[text].security == readings[other].security &&
         (one_state == other_state || similar_[one_state][other_state]);
}

}  // namespace tool
