// SPDX-License-Identifier: GPL-2.0-only
// A campaign on the terminal: a picture that is drawn over, or lines where that cannot be.
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
// "12 s of 1 m", or "12 s" where there is no limit.
std::string elapsed_of_limit(const Progress& progress);

// A row a target and their sum. Columns that do not fit are left out, the least important first.
// Rows beyond `rows` are left out, waiting targets first, with their number.
std::vector<std::string> table(const Progress& progress, size_t columns, size_t rows = SIZE_MAX);

struct ScreenSize {
  size_t columns, rows;
};

// Fewer lines than the screen has, none wider.
std::vector<std::string> picture(const Progress& progress, const std::string& variant,
                                 ScreenSize size);

// The campaign in one line.
std::string news(const Progress& progress);
// From one such line to the next: longer and longer.
std::chrono::milliseconds time_between_news(std::chrono::milliseconds elapsed);

// Whether what TERM and NO_COLOR name can be drawn over; NULL: not set.
bool can_redraw(bool is_terminal, const char* term, const char* no_color);
// Of the terminal on stdout; what cannot be known is wide enough for everything.
ScreenSize screen_size();

class Screen {
 public:
  explicit Screen(std::string variant);
  // Draws or writes what is due. A finding is told at once, and so is what could not be started.
  void show(const Progress& progress, const StoredFinding* finding);
  // Takes the picture away.
  void clear();

 private:
  std::string erased() const;

  std::string variant_;
  bool redraws_;
  std::optional<std::chrono::milliseconds> shown_at_;
  size_t troubles_ = 0;             // told so far
  std::vector<std::string> drawn_;  // lines of the picture that is there
};

}  // namespace tool
