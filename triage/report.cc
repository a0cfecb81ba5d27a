// SPDX-License-Identifier: GPL-2.0-only
// report: writes a campaign or triage as one HTML page.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tool/page/model.h"
#include "tool/page/page.h"
#include "tool/support/command_line.h"
#include "tool/support/counter.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/interrupt.h"
#include "tool/support/process.h"
#include "tool/support/words.h"

namespace tool {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string folder, file, mail;
  ModelOptions model;
  bool follow = false, json = false;
};

// Findings that are not in the ledger.
size_t number_of_new(const json& model) {
  const json& all = model.at("findings");
  return static_cast<size_t>(std::count_if(
      all.begin(), all.end(), [](const json& row) { return row.at("standing") != "known"; }));
}

int write_report(const Arguments& arguments) {
  if (!arguments.mail.empty()) {
    put(mail_of_finding(arguments.folder, arguments.mail));
    return findings;
  }
  Collector collector(arguments.folder, arguments.model);
  const fs::path file = arguments.file.empty() ? fs::path(arguments.folder) / "report.html"
                                               : fs::path(arguments.file);
  InterruptGuard guard;
  Counter counter(stderr);
  json model = collector.collect(
      [&](size_t done, size_t all) { counter.show(fmt::format("{} of {} findings", done, all)); });
  counter.clear();
  if (arguments.json) {
    put(to_text(model));
    return number_of_new(model) ? findings : nothing_new;
  }
  write_file(file, page_of(model));
  const size_t count = model.at("findings").size();
  put(fmt::format("{}, {} of them known, in {}\n", counted(count, "finding"),
                  count - number_of_new(model), quoted(file.string())));
  while (arguments.follow && model.value("running", false) && !interrupted()) {
    constexpr auto pause = std::chrono::seconds(page_refresh_seconds);
    for (auto end = std::chrono::steady_clock::now() + pause;
         std::chrono::steady_clock::now() < end && !interrupted();)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    model = collector.collect();
    write_file(file, page_of(model));
  }
  return number_of_new(model) ? findings : nothing_new;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("report", "writes the findings of a campaign or triage as an HTML page");
  line.option("DIR", arguments.folder,
              "folder of a campaign (iovafuzz run --out), running or ended, or of a triage")
      .required();
  line.option("--out FILE", arguments.file, "file to write (default: DIR/report.html)");
  line.flag("--follow", arguments.follow, "update the page until the campaign ends");
  line.flag("--coverage", arguments.model.coverage,
            "add the corpus's coverage by function, which takes minutes");
  line.option("--mail KEY", arguments.mail, "print the mail about this finding instead")
      .excludes("--out");
  line.flag("--json", arguments.json, "print the content of the page as JSON instead");
  line.example("iovafuzz report .campaign", "writes .campaign/report.html, which needs no network");
  return line.run(argc, argv, [&] { return write_report(arguments); });
}
