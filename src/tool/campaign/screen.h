// SPDX-License-Identifier: GPL-2.0-only
// Shows a campaign on the terminal: a redrawn picture, or lines of text if the terminal cannot
// redraw.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tool/campaign/campaign.h"

namespace tool {

// "7 s", "3 m 20 s", "2 h 5 m", "1 d 3 h".
std::string print_time(double seconds);
double seconds_of(std::chrono::milliseconds time);
// "12 s of 1 m", or "12 s" without a limit.
std::string elapsed_of_limit(const Progress& progress);

// One row per target, and their sum. Columns that do not fit are dropped, least important first.
// Rows beyond `rows` are dropped, waiting targets first, and counted in a line.
std::vector<std::string> table(const Progress& progress, size_t columns, size_t rows = SIZE_MAX);

struct ScreenSize {
  size_t columns, rows;
};

// Fits the screen: fewer lines than size.rows, no line wider than size.columns.
std::vector<std::string> picture(const Progress& progress, const std::string& variant,
                                 ScreenSize size);

// The campaign in one line.
std::string news(const Progress& progress);
// The interval between two such lines; it grows with time.
std::chrono::milliseconds time_between_news(std::chrono::milliseconds elapsed);

// Whether a terminal with these TERM and NO_COLOR can redraw; NULL: not set.
bool can_redraw(bool is_terminal, const char* term, const char* no_color);
// Size of the terminal on stdout; a large default if it is unknown.
ScreenSize screen_size();

class Screen {
 public:
  explicit Screen(std::string variant);
  // Redraws or prints if it is time to. Prints a finding and a failed start at once.
  void show(const Progress& progress, const StoredFinding* finding);
  // Erases the picture.
  void clear();

 private:
  std::string erased() const;

  std::string variant_;
  bool redraws_;
  std::optional<std::chrono::milliseconds> shown_at_;
  size_t troubles_ = 0;             // already shown
  std::vector<std::string> drawn_;  // lines of the current picture
};

}  // namespace tool
