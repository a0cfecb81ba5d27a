// SPDX-License-Identifier: GPL-2.0-only
#include "tool/campaign/screen.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <set>

#include "tool/support/process.h"
#include "tool/support/words.h"

namespace tool {
namespace {

using std::chrono::milliseconds;

constexpr size_t wide_enough = 200;  // columns

// A time in one unit, to fit a column.
std::string rough_time(double seconds) {
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  if (seconds < 100 * 60) return fmt::format("{:.0f} m", seconds / 60);
  return fmt::format("{:.0f} h", seconds / 3600);
}

std::string rough_number(uint64_t number) {
  double value = static_cast<double>(number);
  if (number < 100'000) return fmt::format("{}", number);
  if (number < 10'000'000) return fmt::format("{}k", number / 1000);
  if (number < 10'000'000'000) return fmt::format("{:.0f}M", value / 1e6);
  return fmt::format("{:.0f}G", value / 1e9);
}

std::string cut(const std::string& line, size_t columns) {
  return line.size() <= columns ? line : line.substr(0, columns);
}

struct Column {
  std::string title, brief_title;
  int worth;  // columns with the lowest value are dropped first
  bool is_left = false;
  std::vector<std::string> cells = {}, brief_cells = {};

  void add(const std::string& cell) { add(cell, cell); }
  void add(const std::string& cell, const std::string& brief) {
    cells.push_back(cell);
    brief_cells.push_back(brief);
  }
  void add(uint64_t number) { add(fmt::format("{}", number), rough_number(number)); }
  size_t width(bool brief) const {
    size_t most = (brief ? brief_title : title).size();
    for (const std::string& cell : brief ? brief_cells : cells) most = std::max(most, cell.size());
    return most;
  }
};

size_t width_of(const std::vector<Column>& columns, bool brief, size_t gap) {
  size_t sum = gap * (columns.size() - 1);
  for (const Column& column : columns) sum += column.width(brief);
  return sum;
}

// Drops the least important columns until the rest fits.
void drop_what_does_not_fit(std::vector<Column>& columns, size_t width) {
  while (columns.size() > 1 && width_of(columns, true, 1) > width)
    columns.erase(
        std::min_element(columns.begin(), columns.end(),
                         [](const Column& a, const Column& b) { return a.worth < b.worth; }));
}

const char* short_state(const TargetProgress& row, const Progress& progress) {
  return row.failed ? "failed" : !progress.running ? "ended" : row.running ? "runs" : "waits";
}

struct Sum {
  uint64_t executions = 0, corpus = 0, running = 0, waiting = 0;
  double per_second = 0, quiet = 0;
  std::string running_names;
};

// Engines of a target share its corpus, so its size counts once.
Sum sum_of(const Progress& progress) {
  Sum sum;
  bool any = false;
  std::map<const fuzz::Target*, uint64_t> corpus;
  for (const TargetProgress& row : progress.targets) {
    sum.executions += row.executions;
    corpus[row.target] = std::max(corpus[row.target], row.corpus);
    if (progress.running && !row.failed) (row.running ? sum.running : sum.waiting)++;
    if (row.running && sum.running_names.find(row.target->name) == std::string::npos)
      sum.running_names += (sum.running_names.empty() ? "" : ", ") + std::string(row.target->name);
    if (row.ran > 0) sum.quiet = any ? std::min(sum.quiet, row.quiet) : row.quiet;
    any |= row.ran > 0;
  }
  for (const auto& [target, inputs] : corpus) sum.corpus += inputs;
  double seconds = seconds_of(progress.elapsed);
  if (seconds > 0) sum.per_second = static_cast<double>(sum.executions) / seconds;
  return sum;
}

std::string rounded(double value) { return fmt::format("{:.0f}", value); }

}  // namespace

double seconds_of(milliseconds time) { return std::chrono::duration<double>(time).count(); }

std::string elapsed_of_limit(const Progress& progress) {
  std::string elapsed = print_time(seconds_of(progress.elapsed));
  return progress.time ? fmt::format("{} of {}", elapsed, print_time(seconds_of(*progress.time)))
                       : elapsed;
}

std::string print_time(double seconds) {
  auto whole = static_cast<uint64_t>(seconds + 0.5);
  constexpr std::pair<uint64_t, const char*> units[] = {
      {24 * 3600, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
  for (size_t i = 0; i + 1 < std::size(units); i++) {
    const auto& [length, unit] = units[i];
    const auto& [less, smaller] = units[i + 1];
    if (whole < length) continue;
    std::string text = fmt::format("{} {}", whole / length, unit);
    if (uint64_t rest = whole % length / less) text += fmt::format(" {} {}", rest, smaller);
    return text;
  }
  return fmt::format("{} s", whole);
}

namespace {

// The targets to show if only so many rows fit, running ones first; a row is kept free for "N
// more".
std::vector<const TargetProgress*> rows_that_fit(const Progress& progress, size_t most_rows) {
  std::vector<const TargetProgress*> rows;
  for (const TargetProgress& row : progress.targets) rows.push_back(&row);
  if (rows.size() <= most_rows) return rows;
  std::stable_partition(rows.begin(), rows.end(), [](auto* row) { return row->running; });
  rows.resize(most_rows ? most_rows - 1 : 0);
  return rows;
}

std::vector<Column> columns_of(const Progress& progress,
                               const std::vector<const TargetProgress*>& rows) {
  std::set<Engine> engines;
  bool has_stability = false, any_failed = false;
  for (const TargetProgress& row : progress.targets) {
    engines.insert(row.engine);
    has_stability |= row.stability.has_value();
    any_failed |= row.failed;
  }
  Column target{"target", "target", 10, true}, engine{"engine", "engine", 9, true};
  Column now{"now", "now", 6, true}, executions{"executions", "execs", 7};
  Column rate{"exec/s", "exec/s", 5}, edges{"edges", "edges", 2}, corpus{"corpus", "corpus", 1};
  Column found{"findings", "found", 8}, known{"known", "known", 4};
  Column stability{"stability", "stable", 3}, quiet{"last new", "quiet", 3};
  for (const TargetProgress* row : rows) {
    target.add(row->target->name);
    engine.add(name(row->engine));
    now.add(short_state(*row, progress));
    executions.add(row->executions);
    rate.add(rounded(row->executions_per_second));
    edges.add(row->coverage);
    corpus.add(row->corpus);
    found.add(row->new_findings);
    known.add(row->known.size());
    stability.add(row->stability ? fmt::format("{:.1f} %", *row->stability) : "",
                  row->stability ? fmt::format("{:.0f} %", *row->stability) : "");
    quiet.add(row->ran > 0 ? rough_time(row->quiet) : "");
  }
  if (progress.targets.size() > 1) {
    Sum sum = sum_of(progress);
    target.add("all");
    for (Column* column : {&engine, &edges, &stability}) column->add("");
    now.add(progress.running ? fmt::format("{} run", sum.running) : "");
    executions.add(sum.executions);
    rate.add(rounded(sum.per_second));
    corpus.add(sum.corpus);
    found.add(progress.inputs_by_key.size());
    known.add(known_met(progress).size());
    quiet.add(rough_time(sum.quiet));
  }
  std::vector<Column> columns{target};
  if (engines.size() > 1) columns.push_back(engine);
  if (progress.running || any_failed) columns.push_back(now);
  for (const Column& column : {executions, rate, edges, corpus, found, known})
    columns.push_back(column);
  if (has_stability) columns.push_back(stability);
  columns.push_back(quiet);
  return columns;
}

}  // namespace

std::vector<std::string> table(const Progress& progress, size_t width, size_t most_rows) {
  const std::vector<const TargetProgress*> rows = rows_that_fit(progress, most_rows);
  std::vector<Column> columns = columns_of(progress, rows);
  drop_what_does_not_fit(columns, width);
  size_t gap = width_of(columns, false, 2) <= width ? 2 : 1;
  bool brief = width_of(columns, false, gap) > width;
  std::vector<std::string> lines(columns[0].cells.size() + 1);
  for (const Column& column : columns)
    for (size_t i = 0; i < lines.size(); i++) {
      const auto& cells = brief ? column.brief_cells : column.cells;
      const std::string& cell = i ? cells[i - 1] : brief ? column.brief_title : column.title;
      std::string padding(column.width(brief) - cell.size(), ' ');
      if (&column != &columns[0]) lines[i] += std::string(gap, ' ');
      lines[i] += column.is_left ? cell + padding : padding + cell;
    }
  if (const size_t left_out = progress.targets.size() - rows.size())
    lines.insert(lines.begin() + 1 + static_cast<ptrdiff_t>(rows.size()),
                 fmt::format("{} more", left_out));
  for (std::string& line : lines) {
    line = cut(line, width);
    line.erase(line.find_last_not_of(' ') + 1);
  }
  return lines;
}

std::vector<std::string> picture(const Progress& progress, const std::string& variant,
                                 ScreenSize size) {
  const size_t room = std::max<size_t>(size.rows, 2) - 1;  // the cursor needs the last line
  Sum sum = sum_of(progress);
  std::string head = elapsed_of_limit(progress);
  for (const std::string& part :
       {variant, fmt::format("{} of {} run", sum.running, sum.running + sum.waiting),
        std::string("Ctrl-C stops it")})
    if (head.size() + 2 + part.size() <= size.columns) head += "  " + part;
  std::vector<std::string> lines{cut(head, size.columns)};

  constexpr size_t frame = 3;  // lines for the header, the titles and the sum
  size_t rows = progress.targets.size(), found = progress.inputs_by_key.size();
  size_t free = room > frame ? room - frame : 0;
  size_t for_found = std::min(found, std::max(free > rows ? free - rows : 0, free / 3));
  if (free) {
    for (const std::string& line : table(progress, size.columns, free - for_found))
      lines.push_back(line);
  }
  if (lines.size() > room) lines.resize(room);
  size_t shown = 0;
  for (const auto& [key, inputs] : progress.inputs_by_key) {
    if (shown == for_found) break;
    bool is_last = ++shown == for_found && found > for_found;
    lines.push_back(
        cut(is_last ? fmt::format("{} more findings", found - for_found + 1)
                    : fmt::format("{:>6} {}  {}", inputs, inputs == 1 ? "input " : "inputs", key),
            size.columns));
  }
  return lines;
}

std::string news(const Progress& progress) {
  Sum sum = sum_of(progress);
  return fmt::format("{}: {} executions, {:.0f}/s, {} inputs kept, {}, {}; now: {}\n",
                     elapsed_of_limit(progress), sum.executions, sum.per_second, sum.corpus,
                     counted(progress.inputs_by_key.size(), "new finding"),
                     counted(known_met(progress).size(), "known issue"), sum.running_names);
}

milliseconds time_between_news(milliseconds elapsed) {
  return std::clamp(elapsed / 2, milliseconds(10'000), milliseconds(600'000));
}

bool can_redraw(bool is_terminal, const char* term, const char* no_color) {
  return is_terminal && term && *term && strcmp(term, "dumb") != 0 && !(no_color && *no_color);
}

ScreenSize screen_size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row)
    return {wide_enough, 24};
  return {size.ws_col, size.ws_row};
}

Screen::Screen(std::string variant)
    : variant_(std::move(variant)),
      redraws_(can_redraw(isatty(STDOUT_FILENO), getenv("TERM"), getenv("NO_COLOR"))) {}

// Erases line by line, since some terminals copy a screen erased from its top into the history. The
// cursor's line may show an echoed "^C". If the window was narrowed, lines have wrapped.
std::string Screen::erased() const {
  if (drawn_.empty()) return "";
  ScreenSize size = screen_size();
  size_t lines = 0;
  for (const std::string& line : drawn_)
    lines += std::max<size_t>(1, (line.size() + size.columns - 1) / size.columns);
  lines = std::min(lines, size.rows - 1);
  std::string text = fmt::format("\r\x1b[{}A", lines);
  for (size_t i = 0; i < lines; i++) text += "\x1b[K\n";
  return text + fmt::format("\x1b[J\x1b[{}A", lines);
}

void Screen::show(const Progress& progress, const StoredFinding* finding) {
  milliseconds pause = redraws_ ? milliseconds(500) : time_between_news(progress.elapsed);
  bool has_trouble = progress.troubles.size() > troubles_;
  bool is_due =
      !shown_at_ ? redraws_ || progress.elapsed >= pause : progress.elapsed - *shown_at_ >= pause;
  if (!finding && !has_trouble && !is_due) return;
  std::string text;
  if (finding)
    text += fmt::format("{}: {}\n", finding->is_difference ? "new difference" : "new finding",
                        finding->key);
  for (; troubles_ < progress.troubles.size(); troubles_++)
    text += fmt::format("{}\n", progress.troubles[troubles_]);
  if (!redraws_) {
    if (is_due) text += news(progress);
    if (is_due) shown_at_ = progress.elapsed;
    put(text);
    return;
  }
  shown_at_ = progress.elapsed;
  text = erased() + text;
  drawn_ = picture(progress, variant_, screen_size());
  for (const std::string& line : drawn_) text += line + "\n";
  put(text);
}

void Screen::clear() {
  put(erased());
  drawn_.clear();
}

}  // namespace tool
