// SPDX-License-Identifier: GPL-2.0-only
#include "tool/findings/c_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "iova/module.h"
#include "kernel/kernel_variant.h"
#include "reproducer/recorder.h"
#include "tool/support/failure.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

using program::OpCode;
using program::Operation;
using program::Role;

// Array element that a call assigns or uses.
struct Place {
  char array = 0;  // 'p': pfns, 'n': nodes, 0: none
  size_t index = 0;
};

struct Statement {
  std::string before, after;  // text around the element's name, if there is a place
  Place place;
  std::string comment;
  std::string text() const {
    return place.array ? fmt::format("{}[{}]{}", before, place.index, after) : before + after;
  }
};

class Source {
 public:
  Source(const program::Program& program, const Outcome& outcome)
      : operations_(program.operations), outcome_(outcome) {
    for (const RecordedStep& step : outcome.steps)
      if (step.skipped) skipped_.insert(step.operation);
  }

  // The body of main().
  std::string body() {
    auto call = outcome_.calls.begin();
    const size_t last = outcome_.report->operation_index;
    for (size_t i = 0; i < operations_.size() && i <= last; i++) {
      const Operation& operation = operations_[i];
      if (program::is_prefix(operation.code)) {
        note_prefix(operation);
        continue;
      }
      if (skipped_.contains(i)) {
        forget_prefixes();
        continue;
      }
      begin(program::spec(operation.code).name);
      bool in_irq = irq_ && program::spec(operation.code).any_context;
      if (in_irq) line("reproducer_irq(true);");
      std::vector<Statement> calls;
      for (; call != outcome_.calls.end() && call->operation == i; ++call)
        calls.push_back(statement(*call));
      print(calls);
      if (in_irq) line("reproducer_irq(false);");
      forget_prefixes();
    }
    // Calls that the engine made at the end.
    for (; call != outcome_.calls.end(); ++call) {
      begin(operation_of(call->function));
      print({statement(*call)});
    }
    return text_;
  }

  size_t pfns() { return places_['p']; }
  size_t nodes() { return places_['n']; }
  size_t domains() const { return domains_; }

 private:
  void line(const std::string& text) { text_ += "\t" + text + "\n"; }

  void begin(const std::string& name) {
    line(fmt::format("reproducer_operation(\"{}\");", name));
    for (unsigned attempt : fails_) line(fmt::format("reproducer_fail({});", attempt));
  }

  void note_prefix(const Operation& operation) {
    if (program::is_suspension(operation.code))
      throw NotInC("C code cannot express overlapping operations");
    irq_ |= operation.code == OpCode::irq;
    if (operation.code != OpCode::fail) return;
    const program::Value& mask = value(operation, Role::mask);
    for (unsigned bit = 0; bit < 64; bit++)
      if (mask.number >> bit & 1) fails_.insert(mask.base + bit);
  }
  void forget_prefixes() {
    irq_ = false;
    fails_.clear();
  }

  static bool is_of_shim(const std::string& function) { return function.starts_with("shim_"); }

  static std::string operation_of(const std::string& function) {
    for (const program::OperationSpec& spec : program::operations())
      if (spec.function == function) return spec.name;
    return is_of_shim(function) ? "tick" : "end";  // the final checks advance time but move no CPUs
  }

  // Reserves an array element for a result.
  Place fresh(char array, const RecordedCall& call, uint64_t result) {
    Place place{array, places_[array]++};
    if (result != (array == 'n' ? reproducer::failed : 0))
      held_[{array, call.domain, result}] = place.index;
    return place;
  }
  // Passes the element that holds the pfn, or the number itself if no call returned it.
  Statement taking(char array, const RecordedCall& call, const std::string& before,
                   const std::string& after) {
    auto held = held_.find({array, call.domain, call.arguments[0]});
    if (held == held_.end())
      return {before + fmt::format("{:#x}", call.arguments[0]), after, {}, ""};
    return {before + (array == 'p' ? "pfn" : "iova"), after, {array, held->second}, ""};
  }

  Statement statement(const RecordedCall& call) {
    const std::string& f = call.function;
    if (is_of_shim(f)) return {f + ";", "", {}, ""};
    const uint64_t* a = call.arguments;
    std::string domain = fmt::format("domain[{}]", call.domain);
    if (f == "iova_cache_get" || f == "iova_cache_put") return {f + "();", "", {}, ""};
    if (f == "init_iova_domain") {
      domains_++;
      return {fmt::format("{0} = reproducer_domain();\n\tinit_iova_domain({0}, {1}, {2:#x});",
                          domain, a[0], a[1]),
              "",
              {},
              ""};
    }
    if (f == "iova_domain_init_rcaches" || f == "put_iova_domain")
      return {fmt::format("{}({});", f, domain), "", {}, ""};
    if (f == "alloc_iova")
      return {"iova",
              fmt::format(" = alloc_iova({}, {}, {:#x}, {});", domain, a[0], a[1],
                          a[2] ? "true" : "false"),
              fresh('n', call, call.result),
              call.result == reproducer::failed ? "NULL" : fmt::format("{:#x}", call.result)};
    if (f == "reserve_iova")
      return {"iova", fmt::format(" = reserve_iova({}, {:#x}, {:#x});", domain, a[0], a[1]),
              fresh('n', call, call.result), ""};
    if (f == "alloc_iova_fast")
      return {"pfn",
              fmt::format(" = alloc_iova_fast({}, {}, {:#x}, {});", domain, a[0], a[1],
                          a[2] ? "true" : "false"),
              fresh('p', call, call.result), fmt::format("{:#x}", call.result)};
    if (f == "free_iova_fast")
      return taking('p', call, fmt::format("free_iova_fast({}, ", domain),
                    fmt::format(", {});", a[1]));
    if (f == "queue_iova")
      return taking('p', call, fmt::format("queue_iova({}, ", domain),
                    fmt::format(", {}, reproducer_pages({}));", a[1], a[2]));
    if (f == "__free_iova") return taking('n', call, fmt::format("__free_iova({}, ", domain), ");");
    if (f == "iommu_dma_init_fq")
      return {fmt::format("{}({}, {});", f, domain, a[0] ? "true" : "false"), "", {}, ""};
    return {fmt::format("{}({}, {:#x});", f, domain, a[0]), "", {}, ""};  // free_iova, find_iova
  }

  // Prints consecutive calls whose index goes up or down by one as a loop.
  void print(const std::vector<Statement>& calls) {
    constexpr size_t shortest_loop = 4;
    for (size_t i = 0; i < calls.size();) {
      size_t end = i + 1;
      auto alike = [&](size_t k) {
        return calls[k].place.array && calls[k].place.array == calls[i].place.array &&
               calls[k].before == calls[i].before && calls[k].after == calls[i].after;
      };
      ptrdiff_t step = 0;
      if (end < calls.size() && alike(end))
        step = static_cast<ptrdiff_t>(calls[end].place.index - calls[i].place.index);
      if (step == 1 || step == -1)
        while (end < calls.size() && alike(end) &&
               static_cast<ptrdiff_t>(calls[end].place.index - calls[end - 1].place.index) == step)
          end++;
      if (end - i >= shortest_loop) {
        size_t first = calls[i].place.index, last = calls[end - 1].place.index;
        line(fmt::format("for (i = {}; i {} {}; i{})", first, step > 0 ? "<=" : ">=", last,
                         step > 0 ? "++" : "--"));
        line(fmt::format("\t{}[i]{}", calls[i].before, calls[i].after));
        i = end;
        continue;
      }
      const Statement& call = calls[i++];
      line(call.text() + (call.comment.empty() ? "" : fmt::format(" /* {} */", call.comment)));
    }
  }

  const std::vector<Operation>& operations_;
  const Outcome& outcome_;
  std::set<size_t> skipped_;
  std::string text_;
  std::set<unsigned> fails_;
  bool irq_ = false;
  size_t domains_ = 0;
  std::map<char, size_t> places_;
  std::map<std::tuple<char, unsigned, uint64_t>, size_t> held_;
};

// A multi-line C comment; any end-of-comment mark inside is broken up.
std::string comment(const std::string& text) {
  std::istringstream lines(text);
  std::string result = "/*\n";
  for (std::string line; std::getline(lines, line);) {
    for (size_t at; (at = line.find("*/")) != std::string::npos;) line.replace(at, 2, "* /");
    result += line.empty() ? " *\n" : " * " + line + "\n";
  }
  return result + " */\n";
}

}  // namespace

std::string variant_declaration(const iova_variant& variant) {
  const std::string name = variant.name;
  if (name.starts_with("kernel@"))
    return "extern const struct iova_variant " KERNEL_VARIANT_SYMBOL
           ";\n#define VARIANT (&" KERNEL_VARIANT_SYMBOL ")\n";
  const size_t at = name.find('+');
  return fmt::format("extern const struct iova_variant *" PORT_MODULE_SYMBOL
                     "(const char *defect);\n#define VARIANT " PORT_MODULE_SYMBOL "(\"{}\")\n",
                     at == name.npos ? "" : name.substr(at + 1));
}

std::string c_source(const program::Program& program, const iova_variant& variant,
                     const Outcome& outcome) {
  const engine::Report& report = *outcome.report;
  Source source(program, outcome);
  std::string body = source.body();
  std::string facts = fmt::format("{}\n{}\n", report.key, report.headline);
  for (const std::string& fault : report.faults) facts += "fault injected: " + fault + "\n";
  if (!report.values.empty()) facts += "found: " + report.values + "\n";
  facts += fmt::format("on {}\n\n{}", variant.name, print(program));
  std::string text = "// SPDX-License-Identifier: GPL-2.0-only\n" + comment(facts) +
                     "#include \"reproducer/reproducer.h\"\n\n" + variant_declaration(variant) +
                     "\n";
  if (source.domains())
    text += fmt::format("static struct iova_domain *domain[{}];\n", source.domains());
  if (source.pfns()) text += fmt::format("static unsigned long pfn[{}];\n", source.pfns());
  if (source.nodes()) text += fmt::format("static struct iova *iova[{}];\n", source.nodes());
  text += "\nint main(void)\n{\n";
  if (body.find("for (i = ") != std::string::npos) text += "\tlong i;\n\n";
  text += fmt::format("\treproducer_start(VARIANT, {});\n{}", program::cpus_of(program), body);
  // The shim reports its own findings. An engine finding compares the digest of the allocator's
  // state instead.
  if (outcome.digest)
    text += fmt::format("\treproducer_compare({:#x}, \"{}\");\n", outcome.digest, report.key);
  bool at_end = report.operation_index == program.operations.size();
  return text + fmt::format("\treturn reproducer_end({});\n}}\n", at_end ? "true" : "false");
}

}  // namespace tool
