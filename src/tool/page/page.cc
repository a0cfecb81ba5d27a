// SPDX-License-Identifier: GPL-2.0-only
#include "tool/page/page.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "shim/finding.h"
#include "tool/campaign/screen.h"
#include "tool/page/html.h"
#include "tool/page/picture.h"
#include "tool/support/words.h"

namespace tool {
namespace {

constexpr char style[] =
#include "tool/page/style.inc"
    ;
constexpr char script[] =
#include "tool/page/script.inc"
    ;

std::string section(const std::string& title, const std::string& body) {
  return body.empty() ? ""
                      : fmt::format("<section><h3>{}</h3>{}</section>\n", escaped(title), body);
}

std::string folded(const std::string& title, const std::string& body) {
  return fmt::format("<details class=\"folded\"><summary>{}</summary>{}</details>\n",
                     escaped(title), body);
}

std::string list(const json& lines) {
  std::string items;
  for (const json& line : lines) items += element("li", "", text_of(line));
  return items.empty() ? "" : "<ul>" + items + "</ul>";
}

// ---- The campaign.

struct Point {
  double x, y;
};

std::string chart(const std::string& title, const std::string& now, std::vector<Point> points,
                  const std::vector<double>& events = {}) {
  if (points.size() < 2) return "";
  constexpr double width = 300, height = 72;
  constexpr size_t most = 400;
  double right = points.back().x, top = 0;
  for (const Point& point : points) {
    right = std::max(right, point.x);
    top = std::max(top, point.y);
  }
  if (right <= 0) return "";
  if (top <= 0) top = 1;
  const size_t stride = points.size() / most + 1;
  std::string line;
  for (size_t i = 0; i < points.size(); i++) {
    if (i % stride && i + 1 < points.size()) continue;
    line += fmt::format("{}{:.1f} {:.1f}", line.empty() ? "M" : "L", points[i].x / right * width,
                        height - 2 - points[i].y / top * (height - 6));
  }
  const double first = points[0].x / right * width;
  std::string marks;
  for (double event : events)
    marks +=
        fmt::format("<line class=\"event\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"0\" y2=\"{1}\"/>",
                    std::min(event / right, 1.0) * width, height);
  return fmt::format(
      "<figure class=\"chart\"><figcaption>{}<b>{}</b></figcaption>"
      "<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}: {}\">"
      "<path class=\"area\" d=\"{}L{:.1f} {}L{:.1f} {}Z\"/><path class=\"line\" d=\"{}\"/>{}</svg>"
      "<div class=\"axis\"><span>0</span><span>{}</span></div></figure>\n",
      escaped(title), escaped(now), width, height, escaped(title), escaped(now), line, width,
      height, first, height, line, marks, escaped(print_time(right)));
}

std::string charts(const json& course) {
  std::map<std::string, std::vector<Point>> of;
  std::vector<double> found;
  std::vector<Point> speed;
  double last_seconds = 0, last_executions = 0;
  for (const json& line : course) {
    const double seconds = line.value("seconds", 0.0);
    if (line.contains("finding")) {
      found.push_back(seconds);
      continue;
    }
    for (const char* part : {"executions", "edges", "corpus", "findings"})
      of[part].push_back({seconds, line.value(part, 0.0)});
    const double executions = line.value("executions", 0.0);
    if (seconds > last_seconds + 0.5) {
      speed.push_back(
          {seconds, std::max(0.0, (executions - last_executions) / (seconds - last_seconds))});
      last_seconds = seconds;
      last_executions = executions;
    }
  }
  if (of.empty()) return "";
  auto last = [&](const char* part) { return grouped(static_cast<uint64_t>(of[part].back().y)); };
  std::string text = chart("Executions", last("executions"), of["executions"], found);
  if (!speed.empty())
    text += chart("Executions per s", grouped(static_cast<uint64_t>(speed.back().y)), speed);
  text += chart("Edges, all targets", last("edges"), of["edges"], found);
  text += chart("Inputs in corpus", last("corpus"), of["corpus"]);
  text += chart("New findings", last("findings"), of["findings"]);
  if (text.empty()) return "";
  return "<div class=\"charts\">" + text + "</div>" +
         (found.empty() ? "" : "<p class=\"note\">Vertical lines mark new findings.</p>");
}

std::string targets_table(const json& targets) {
  std::string rows;
  for (const json& of : targets)
    rows += fmt::format(
        "<tr><th scope=\"row\">{}{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
        "<td>{}</td><td>{}</td></tr>",
        escaped(of.value("target", "")),
        of.value("engine", "libfuzzer") == "libfuzzer"
            ? ""
            : " (" + escaped(of["engine"].get<std::string>()) + ")",
        escaped(of.value("state", "")), grouped(of.value("executions", uint64_t{0})),
        grouped(static_cast<uint64_t>(of.value("executions_per_second", 0.0))),
        grouped(of.value("edges", uint64_t{0})), grouped(of.value("corpus", uint64_t{0})),
        escaped(print_time(of.value("quiet_seconds", 0.0))), of.value("new", 0));
  if (rows.empty()) return "";
  return "<div class=\"wide\"><table class=\"figures\"><thead><tr><th>target</th><th>state</th>"
         "<th>executions</th><th>per second</th><th>edges</th><th>corpus</th>"
         "<th>nothing new for</th><th>findings</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

std::string known_list(const json& known) {
  std::string items;
  for (const json& issue : known)
    items += fmt::format("<li><b>{}</b>: {}; since {}, {}.{}</li>", escaped(text_of(issue, "id")),
                         escaped(text_of(issue, "title")), escaped(text_of(issue, "since")),
                         escaped(text_of(issue, "upstream")),
                         issue.contains("keys")
                             ? fmt::format(" Found under {}.", counted(issue["keys"].size(), "key"))
                             : "");
  return items.empty() ? "" : "<ul>" + items + "</ul>";
}

std::string coverage_section(const json& model) {
  if (!model.contains("coverage")) return "";
  const json& coverage = model["coverage"];
  const double lines = coverage.at("lines"), reached = coverage.at("lines_reached");
  std::string rows;
  std::vector<json> functions = coverage.at("functions");
  std::stable_sort(functions.begin(), functions.end(), [](const json& a, const json& b) {
    return a.at("gaps").size() > b.at("gaps").size();
  });
  for (const json& function : functions) {
    const json& gaps = function.at("gaps");
    bool is_whole = false;
    std::string items;
    for (const json& gap : gaps) {
      const std::string text = text_of(gap, "text");
      is_whole |= text.empty();
      items += fmt::format("<li>line {}: <code>{}</code></li>", gap.at("line").get<int>(),
                           escaped(text.empty() ? "the whole function" : text));
    }
    const std::string name = "<code>" + escaped(text_of(function, "function")) + "()</code>";
    const char* kind = gaps.empty() ? "full" : is_whole ? "none" : "part";
    const std::string state = gaps.empty() ? "all reached"
                              : is_whole   ? "never called"
                                           : counted(gaps.size(), "place") + " not reached";
    rows += items.empty()
                ? fmt::format("<li class=\"{}\">{} {}</li>", kind, name, state)
                : fmt::format("<li class=\"{}\"><details><summary>{} {}</summary><ul>{}</ul>"
                              "</details></li>",
                              kind, name, state, items);
  }
  return fmt::format(
      "<p>The corpus reaches {} of {} lines and {} of {} branches of {}.</p>"
      "<div class=\"bar\"><i style=\"width:{:.1f}%\"></i></div><ul class=\"functions\">{}</ul>",
      coverage.at("lines_reached").get<uint64_t>(), coverage.at("lines").get<uint64_t>(),
      coverage.at("branches_reached").get<uint64_t>(), coverage.at("branches").get<uint64_t>(),
      escaped(text_of(coverage, "of")), lines > 0 ? 100 * reached / lines : 0, rows);
}

// ---- A finding.

std::string program_table(const json& finding) {
  if (!finding.contains("steps")) {
    if (std::string program = text_of(finding, "program"); !program.empty())
      return element("pre", "", program);
    if (finding.contains("input")) return element("pre", "", text_of(finding, "input"));
    return "";
  }
  const unsigned cpus = finding.value("cpus", 1u);
  const json now = finding.contains("moments") ? finding["moments"].at("now") : json::object();
  std::string head, rows;
  if (cpus > 1) {
    head = "<thead><tr><th></th>";
    for (unsigned cpu = 0; cpu < cpus; cpu++) head += fmt::format("<th>CPU {}</th>", cpu);
    head += "<th></th></tr></thead>";
  }
  for (const json& step : finding["steps"]) {
    const bool at_fault = step.at("at_fault") == true;
    unsigned cpu = step.at("cpu");
    if (at_fault) cpu = now.contains("call") ? now["call"].value("cpu", 0u) : now.value("cpu", 0u);
    std::string kind = at_fault                      ? "fault"
                       : step.at("reached") == false ? "unreached"
                       : step.at("prefix") == true   ? "prefix"
                                                     : "";
    rows += fmt::format("<tr class=\"{}\"><td class=\"number\">{}</td>", kind,
                        escaped(text_of(step, "number")));
    std::string operation = text_of(step, "operation");
    if (at_fault && text_of(step, "number").empty())  // a suspended operation continues at the end
      if (const json& report = finding["report"]; cpus > 1 && report.is_object())
        operation = "operation " + text_of(report, "operation");
    operation = operation.substr(0, operation.find(", which continues"));
    for (unsigned column = 0; column < cpus; column++) {
      const bool is_suspended = step.value("suspended_on", 0u) >> column & 1;
      if (column == std::min(cpu, cpus - 1))
        rows += fmt::format("<td class=\"operation{}\"><code>{}</code></td>", cpus > 1 ? " on" : "",
                            escaped(operation));
      else
        rows += is_suspended ? "<td class=\"suspended\" title=\"suspended\"></td>" : "<td></td>";
    }
    std::string outcome = at_fault ? "<b>the finding</b>" : escaped(text_of(step, "outcome"));
    for (const json& failed : step.at("failed"))
      outcome += "<span class=\"failed\">" + escaped(text_of(failed)) + "</span>";
    rows += "<td class=\"outcome\">" + outcome + "</td></tr>\n";
  }
  std::string note;
  if (finding.value("overlaps", false))
    note = "<p class=\"note\">Time runs downward. A dotted line marks an operation suspended on "
           "that CPU. It continues at a resume or at the end.</p>";
  return "<div class=\"wide\"><table class=\"program\">" + head + "<tbody>" + rows +
         "</tbody></table></div>" + note;
}

// Shortens the path of a file in a kernel tree or in this project.
std::string short_path(const std::string& where) {
  size_t at = where.rfind("drivers/iommu/");
  if (at == where.npos) at = where.rfind("src/iova/");
  return at == where.npos ? where : where.substr(at);
}

// Shortens the path in "free_iova (drivers/iommu/iova.c:123)".
std::string short_function(const std::string& function) {
  const size_t open = function.find(" (");
  return open == function.npos
             ? function
             : function.substr(0, open + 2) + short_path(function.substr(open + 2));
}

std::string chain(const json& finding) {
  struct Frame {
    std::string function, where;
  };
  std::vector<Frame> frames;
  const json report = finding.value("report", json::object());
  const json now = finding.contains("moments") ? finding["moments"].at("now") : json::object();
  auto add = [&](const std::string& function, const std::string& where) {
    const bool is_there = std::any_of(frames.begin(), frames.end(), [&](const Frame& frame) {
      return frame.function == function;
    });
    if (!function.empty() && function != "?" && !is_there) frames.push_back({function, where});
  };
  // "free_iova (drivers/iommu/iova.c:123)"; an inlined function has no frame of its own.
  const std::string fault = text_of(report, "function");
  const size_t open = fault.find(" (");
  add(fault.substr(0, open),
      open == fault.npos ? "" : fault.substr(open + 2, fault.size() - open - 3));
  for (const json& caller : report.value("callers", json::array()))
    add(text_of(caller, "function"), text_of(caller, "where"));
  add(text_of(report, "call"), "");
  if (now.contains("call")) add(text_of(now["call"], "function"), "");
  std::string items;
  for (const Frame& frame : frames)
    items += fmt::format("<li><code>{}()</code> <small>{}</small></li>", escaped(frame.function),
                         escaped(short_path(frame.where)));
  if (std::string operation = text_of(report, "operation"); !operation.empty())
    items += "<li>operation " + escaped(operation) + "</li>";
  return items.empty() ? "" : "<ol class=\"stack\">" + items + "</ol>";
}

std::string history_of(const json& known, const json& affected) {
  std::string text;
  if (!known.is_null()) {
    text += fmt::format("<p><b>{}</b>: {} ({}).</p>", escaped(text_of(known, "id")),
                        escaped(text_of(known, "title")), escaped(text_of(known, "status")));
    text +=
        element("p", "", text_of(known, "story")) + element("p", "", text_of(known, "contract"));
  }
  std::string chips;
  for (const json& row : affected) {
    const std::string state = text_of(row, "state");
    const char* kind = state == "present" ? "bad" : state == "clean" ? "good" : "neutral";
    chips +=
        fmt::format("<li class=\"{}\" title=\"{}\"><b>{}</b> {}</li>", kind,
                    escaped(text_of(row, "why")), escaped(text_of(row, "name")), escaped(state));
  }
  if (!chips.empty())
    text += "<p>Result of the program on each version (numbers: revisions of the port):</p>"
            "<ul class=\"chips\">" +
            chips + "</ul>";
  return text;
}

std::string command_list(const json& commands) {
  std::string items;
  for (const json& command : commands)
    items += fmt::format("<li><span>{}</span><div class=\"command\"><pre><code>{}</code></pre>"
                         "<button type=\"button\" class=\"copy\">Copy</button></div></li>",
                         escaped(text_of(command, "what")), escaped(text_of(command, "command")));
  return items.empty() ? "" : "<ul class=\"commands\">" + items + "</ul>";
}

std::string what_broke(const json& finding) {
  std::string text;
  const json report = finding.value("report", json::object());
  const json promise = finding.value("promise", json());
  // If the required faults are exactly the injected ones, or both are none, they are shown once.
  const json needed = finding.value("needed", json::array()), empty = json::array();
  const json& injected = report.empty() ? empty : report.at("faults");
  bool faults_are_needed = needed.size() == std::max<size_t>(injected.size(), 1);
  for (size_t i = 0; i < needed.size() && faults_are_needed; i++)
    faults_are_needed = injected.empty()
                            ? text_of(needed[i]) == "no allocation has to fail"
                            : text_of(needed[i]).ends_with(": " + text_of(injected[i]));
  if (!promise.is_null()) {
    text += row("broken promise", escaped(text_of(promise, "words")));
    text += row("relied on by", escaped(text_of(promise, "relied_on_by")));
  }
  text += row("found", escaped(text_of(report, "values")));
  text += row("operation", escaped(text_of(report, "operation")));
  text += row("in", escaped(short_function(text_of(report, "function"))));
  if (text_of(report, "blame") != "allocator")
    text += row("blame", escaped(text_of(report, "blame")));
  if (std::string came_to = text_of(report, "came_to"); !came_to.empty())
    text += row("led to", escaped(came_to));
  if (!report.empty()) {
    const json& faults = report.at("faults");
    text += row(faults_are_needed && !faults.empty() ? "faults, required" : "faults injected",
                faults.empty() ? "none" : list(faults));
    if (!report.at("gone_past").empty()) text += row("ignored findings", list(report["gone_past"]));
  }
  if (!faults_are_needed) text += row("required", list(needed));
  const std::string operands = text_of(finding, "operands"), that_matter = "operands that matter: ";
  text += operands.starts_with(that_matter)
              ? row("operands that matter", escaped(operands.substr(that_matter.size())))
              : row("operands", escaped(operands));
  text += row("also shown by smaller programs", list(finding.value("also", json::array())));
  std::string met;
  if (finding.value("executions", uint64_t{0}))
    met = fmt::format("after {} executions", grouped(finding["executions"]));
  if (finding.contains("first_seen_seconds"))
    met += fmt::format("{}{} into the campaign", met.empty() ? "" : ", ",
                       print_time(finding["first_seen_seconds"]));
  text += row("first seen", escaped(met));
  text +=
      row("seen", escaped(fmt::format(
                      "{}, by {}{}", counted(finding.value("inputs", uint64_t{0}), "input"),
                      text_of(finding, "target"),
                      finding.value("runs", 0u) > 1
                          ? fmt::format("; the first showed it in {} of {} runs",
                                        finding.value("shown", 0u), finding["runs"].get<unsigned>())
                          : "")));
  return "<dl class=\"facts\">" + text + "</dl>";
}

std::string headline_of(const json& finding) {
  const json report = finding.value("report", json::object());
  std::string text = text_of(report, "headline");
  if (text.empty())
    return text_of(finding, "key") == "timeout" ? "the input does not terminate"
                                                : "the process died without a report";
  const size_t end = text.find(": ");  // drop "oracle: ", which the key has as well
  return end == text.npos ? text : text.substr(end + 2);
}

std::string finding_html(const json& finding, size_t number, bool is_open,
                         const std::string& not_run) {
  const json report = finding.value("report", json::object());
  const std::string key = text_of(finding, "key"), severity = text_of(finding, "severity");
  const std::string standing = text_of(finding, "standing"), function = text_of(report, "function");
  std::string html = fmt::format(
      "<details class=\"finding {0}\" id=\"{1}\"{2} data-words=\"{3}\"><summary>"
      "<span class=\"rank\">{4}</span><span class=\"chip {0}\">{0}</span>{5}"
      "<span class=\"headline\">{6}</span><span class=\"where\">in <code>{7}</code></span>"
      "<code class=\"key\">{8}</code><span class=\"count\">{9}</span></summary><div class=\"body\">\n",
      escaped(severity),
      fmt::format("{}{}", finding.value("difference", false) ? 'd' : 'f', number),
      is_open ? " open" : "",
      escaped(fmt::format(
          "{} {} {} {}", severity, standing, text_of(finding, "target"),
          finding.value("known", json()).is_null() ? "" : text_of(finding["known"], "id"))),
      number,
      standing == "new" ? "" : "<span class=\"chip standing\">" + escaped(standing) + "</span>",
      escaped(headline_of(finding)), escaped(function.empty() ? "?" : short_function(function)),
      escaped(key), counted(finding.value("inputs", uint64_t{0}), "input"));
  std::string notes;
  if (finding.value("shows", true) == false)
    notes +=
        "<p class=\"warning\">The program no longer shows this finding" +
        (text_of(finding, "shows_instead").empty()
             ? std::string()
             : ", but <code>" + escaped(text_of(finding, "shows_instead")) + "</code>") +
        ": the allocator or iovafuzz has changed. The rest is from the time of the finding.</p>";
  if (std::string trouble = text_of(finding, "trouble"); !trouble.empty())
    notes += element("p", "warning", trouble);
  if (!not_run.empty())
    notes += element("p", "warning",
                     "The program was not run again, so drawings are missing: " + not_run);
  html += notes;
  html += section("Finding", what_broke(finding));
  const Picture pictures = finding.contains("moments") ? picture_of(finding["moments"]) : Picture();
  html += section(finding.value("cpus", 1u) > 1 ? "Schedule" : "Program", program_table(finding));
  html += section("Address space", pictures.map);
  html += section("Magazines and depot", pictures.magazines);
  html += section("Flush queue", pictures.queue);
  html += section("Stack", chain(finding));
  if (std::string history = text_of(report, "history"); !history.empty())
    html += section("Object", element("p", "", history));
  html += section("Versions", history_of(finding.value("known", json()),
                                         finding.value("affected", json::array())));
  if (finding.contains("confirm")) {
    const json& confirm = finding["confirm"];
    html +=
        section("Booted Linux", fmt::format("<p>{}: {}</p>", escaped(text_of(confirm, "kernel")),
                                            escaped(text_of(confirm, "verdict"))) +
                                    element("pre", "", text_of(confirm, "words")));
  }
  html += section("Commands", command_list(finding.value("commands", json::array())));
  if (finding.contains("kunit")) {
    const json& kunit = finding["kunit"];
    html += kunit.contains("source")
                ? folded(fmt::format("KUnit suite {}_test.c", text_of(kunit, "name")),
                         "<div class=\"command\">" + element("pre", "", text_of(kunit, "source")) +
                             "<button type=\"button\" class=\"copy\">Copy</button></div>")
                : element("p", "note", "No KUnit test can show it: " + text_of(kunit, "why_not"));
  }
  if (std::string state = text_of(report, "state"); !state.empty())
    html += folded("Allocator state from the report", element("pre", "", state));
  if (std::string program = text_of(finding, "program");
      finding.contains("steps") && !program.empty())
    html +=
        folded("Program as text", "<div class=\"command\">" + element("pre", "", program) +
                                      "<button type=\"button\" class=\"copy\">Copy</button></div>");
  if (std::string log = text_of(finding, "log"); !log.empty())
    html += folded("Log", element("pre", "", log));
  return html + "</div></details>\n";
}

std::string state_of(const json& model) {
  if (model.value("is_campaign", false) == false) return "triage";
  if (model.value("killed", false)) return "killed";
  if (model.value("running", false)) return "running";
  return model.value("interrupted", false) ? "interrupted" : "ended";
}

std::string header(const json& model) {
  const std::string state = state_of(model);
  std::string facts = element("span", "chip state-" + state, state);
  if (model.contains("seconds")) {
    std::string time = print_time(model["seconds"]);
    if (model.contains("time_limit_seconds") && !model["time_limit_seconds"].is_null())
      time += " of " + print_time(model["time_limit_seconds"]);
    facts += element("span", "", time);
  }
  if (model.contains("targets")) {
    uint64_t executions = 0;
    for (const json& target : model["targets"])
      executions += target.value("executions", uint64_t{0});
    facts += element("span", "", grouped(executions) + " executions");
  }
  if (model.contains("files"))
    facts += element("span", "", counted(model["files"].get<uint64_t>(), "file"));
  std::map<std::string, size_t> of_severity;
  for (const json& finding : model.at("findings")) of_severity[text_of(finding, "severity")]++;
  facts += element("span", "", counted(model["findings"].size(), "finding"));
  for (const shim::Severity severity : shim::severities) {
    const std::string name = shim::name(severity);
    if (of_severity.contains(name))
      facts += element("span", "chip " + name, fmt::format("{} {}", of_severity[name], name));
  }
  std::string text = fmt::format("<header><h1>{}</h1><p class=\"facts-line\">{}</p>",
                                 escaped(text_of(model, "variant")), facts);
  if (model.contains("meaning"))
    text += element("p", "meaning",
                    text_of(model, "meaning") + "; " + text_of(model, "expected") + ".");
  text += element("p", "folder", text_of(model, "folder"));
  for (const json& key : model.value("gone", json::array()))
    text += element("p", "note", "Earlier finding no longer reproduces here: " + text_of(key));
  for (const char* part : {"troubles", "complaints"})
    for (const json& trouble : model.value(part, json::array()))
      text += element("p", "warning", text_of(trouble));
  return text + "</header>\n";
}

}  // namespace

std::string page_of(const json& model) {
  const json& findings = model.at("findings");
  const json& differences = model.at("differences");
  const std::string not_run = text_of(model, "not_run");
  const bool is_running = model.value("running", false);
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
                     "<meta name=\"color-scheme\" content=\"light dark\"/>"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\"/>"
                     "<link rel=\"icon\" href=\"data:,\"/>";
  if (is_running)
    page += fmt::format("<noscript><meta http-equiv=\"refresh\" content=\"{}\"/></noscript>",
                        page_refresh_seconds);
  page += fmt::format("<title>{} on {}</title>\n<style>{}</style></head>\n<body{}>\n",
                      escaped(counted(findings.size(), "finding")),
                      escaped(text_of(model, "variant")), style,
                      is_running ? fmt::format(" data-refresh=\"{}\"", page_refresh_seconds) : "");
  page += header(model) + "<main>\n";

  page += "<div class=\"tools\"><h2>Findings</h2>";
  if (!findings.empty())
    page +=
        "<input id=\"filter\" type=\"search\" placeholder=\"Filter: words of key, rule, target\" "
        "aria-label=\"Filter findings\"/><span id=\"matches\"></span>"
        "<span class=\"keys\"><kbd>j</kbd> <kbd>k</kbd> next, previous; <kbd>Enter</kbd> opens; "
        "<kbd>/</kbd> filters; <kbd>c</kbd> copies its command</span>";
  page += "</div>\n";
  if (findings.empty()) page += "<p>Nothing was found.</p>\n";
  constexpr size_t few = 3;
  size_t number = 0;
  for (const json& finding : findings) {
    page += finding_html(finding, number + 1, number == 0 && findings.size() <= few, not_run);
    number++;
  }
  if (!differences.empty()) {
    page +=
        "<h2>Differences</h2><p class=\"note\">The allocator differs from the reference here, but "
        "breaks no promise.</p>\n";
    number = 0;
    for (const json& finding : differences) page += finding_html(finding, ++number, false, not_run);
  }
  std::string campaign = charts(model.value("course", json::array())) +
                         targets_table(model.value("targets", json::array()));
  if (!campaign.empty()) page += "<h2>Campaign</h2>\n" + campaign;
  if (std::string known = known_list(model.value("known", json::array())); !known.empty())
    page += "<h2>Known issues met</h2>\n" + known;
  if (std::string coverage = coverage_section(model); !coverage.empty())
    page += "<h2>Coverage by function</h2>\n" + coverage;
  return page + "</main>\n<script>" + script + "</script>\n</body></html>\n";
}

}  // namespace tool
