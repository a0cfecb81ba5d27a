// SPDX-License-Identifier: GPL-2.0-only
// status: shows a running or ended campaign from the files in its folder.
#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "tool/campaign/campaign.h"
#include "tool/campaign/screen.h"
#include "tool/campaign/shared.h"
#include "tool/campaign/summary.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/json.h"
#include "tool/support/process.h"
#include "tool/support/words.h"

namespace tool {
namespace {

namespace fs = std::filesystem;
struct Arguments {
  std::string folder;
  bool json = false;
};

std::string in_words(const json& summary) {
  std::string text = overview(summary, screen_size().columns);
  size_t number = 0;
  if (!summary["findings"].empty()) text += "\n";
  for (const json& finding : summary["findings"])
    text += fmt::format("{}. {}\n   {}, by {}: {}\n", ++number, finding["key"].get<std::string>(),
                        counted(finding["inputs"].get<uint64_t>(), "input"),
                        finding["target"].get<std::string>(), finding["replay"].get<std::string>());
  text += ending(summary, launcher(), screen_size().columns);
  double age = std::max(0.0, std::difftime(std::time(nullptr), summary["written"].get<time_t>()));
  if (summary["killed"] == true)
    text += fmt::format("killed, last seen {} ago; the same command resumes it\n", print_time(age));
  else if (summary["running"] == true)
    text += fmt::format("running, as of {} ago\n", print_time(age));
  else
    text += fmt::format("ended {} ago\n", print_time(age));
  return text;
}

int status(const Arguments& arguments) {
  fs::path folder = arguments.folder.empty() ? usual_campaign_folder() : fs::path(arguments.folder);
  try {
    if (is_shared(folder)) {
      json summary = shared_summary(folder);
      put(arguments.json ? to_text(summary) : shared_in_words(summary, screen_size().columns));
      return summary.at("findings").empty() ? nothing_new : findings;
    }
    json summary = read_summary(folder);
    put(arguments.json ? to_text(summary) : in_words(summary));
    return summary.at("findings").empty() ? nothing_new : findings;
  } catch (const json::exception&) {
    throw Failure(fmt::format("{}: is damaged or was not written by iovafuzz",
                              summary_file(folder).string()));
  }
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("status", "shows the state of a campaign, running or ended");
  line.option("DIR", arguments.folder,
              "folder of a campaign, or one that several share (default: .campaign)");
  line.flag("--json", arguments.json, "print the summary as JSON");
  line.example("iovafuzz status", "shows the campaign that runs in another terminal");
  return line.run(argc, argv, [&] { return status(arguments); });
}
