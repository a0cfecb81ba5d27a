// SPDX-License-Identifier: GPL-2.0-only
#include "sanitizer.h"

#include <unwind.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include "finding.h"
#include "object.h"

// Sanitizer runtimes are optional: what they offer is looked for at run time.
extern "C" {
__attribute__((weak)) void __asan_set_error_report_callback(void (*)(const char*));
__attribute__((weak)) int __asan_report_present(void);
__attribute__((weak)) void* __asan_get_report_address(void);
__attribute__((weak)) const char* __asan_get_report_description(void);
__attribute__((weak)) void __sanitizer_symbolize_pc(void*, const char*, char*, size_t);
__attribute__((weak)) void __ubsan_get_current_report_data(const char**, const char**,
                                                           const char**, unsigned*, unsigned*,
                                                           char**);
}

namespace shim {
namespace {

struct Frame {
  std::string function, where;
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Whether a symbolized function is the allocator's own: the port or a tree's iova.c.
bool is_allocator(std::string_view function, std::string_view file) {
  return (contains(function, "port::") && !contains(function, "::helper::") &&
          !contains(function, "boost::intrusive::")) ||
         contains(file, "drivers/iommu/");
}

// "port::v6_12::(anonymous namespace)::walk(int)" -> "walk"
std::string bare_name(std::string_view function) {
  size_t parameters = function.rfind('(');
  while (parameters != std::string_view::npos && function.substr(parameters, 11) == "(anonymous ")
    parameters = parameters ? function.rfind('(', parameters - 1) : std::string_view::npos;
  function = function.substr(0, parameters);
  size_t scope = function.rfind("::");
  if (scope != std::string_view::npos) function.remove_prefix(scope + 2);
  return std::string(function);
}

// The innermost frame of the allocator in a symbolized report:
// lines "    #0 0xADDRESS in FUNCTION FILE:LINE:COLUMN".
Frame allocator_frame(std::string_view report) {
  size_t at = 0;
  while ((at = report.find("    #", at)) != std::string_view::npos) {
    std::string_view line = report.substr(at, report.find('\n', at) - at);
    at += line.size();
    size_t in = line.find(" in ");
    size_t file_at = line.rfind(' ');
    if (in == std::string_view::npos || file_at <= in + 4) continue;
    std::string_view function = line.substr(in + 4, file_at - in - 4);
    std::string_view file = line.substr(file_at + 1);
    if (is_allocator(function, file)) return {bare_name(function), std::string(file)};
  }
  return {"?", ""};
}

// Reports keep their oracle while the process dies.
Oracle& make_oracle(std::string id, const char* rule) {
  static std::string the_id;
  static Oracle the_oracle;
  the_id = std::move(id);
  the_oracle = {the_id.c_str(), rule, false};
  return the_oracle;
}

void on_asan_report(const char* report) {
  std::string_view text = report;
  // Of the report, only the stack of the access; what follows tells of allocation and free.
  std::string_view access = text.substr(0, text.find("\n\n", text.find("    #")));
  Frame frame = allocator_frame(access);
  void* address = __asan_report_present && __asan_report_present() ? __asan_get_report_address()
                                                                   : nullptr;
  const Oracle* oracle;
  Object* object = object_around(address);
  std::string values;
  if (object) {
    oracle = object->live ? &oracle::slab_out_of_bounds : &oracle::slab_use_after_free;
    values = fmt::format("{} from the start of {}",
                         static_cast<unsigned char*>(address) - object->memory, describe(*object));
  } else {
    const char* kind = __asan_get_report_description && __asan_report_present()
                           ? __asan_get_report_description()
                           : "report";
    oracle = &make_oracle(fmt::format("asan-{}", kind), "AddressSanitizer report");
  }
  notify(Finding{oracle, frame.function, frame.where, values, address});
}

// For UndefinedBehaviorSanitizer, which tells of its reports before it has a stack to show.
_Unwind_Reason_Code find_allocator_frame(_Unwind_Context* context, void* frame_pointer) {
  Frame& frame = *static_cast<Frame*>(frame_pointer);
  char text[1024] = "";
  __sanitizer_symbolize_pc(reinterpret_cast<void*>(_Unwind_GetIP(context) - 1), "%f|%s:%l", text,
                           sizeof text);
  // Inlined functions follow each other as strings, the innermost first.
  for (const char* at = text; *at; at += std::string_view(at).size() + 1) {
    std::string_view entry = at;
    size_t bar = entry.find('|');
    if (bar == std::string_view::npos) continue;
    std::string_view function = entry.substr(0, bar), file = entry.substr(bar + 1);
    if (is_allocator(function, file)) {
      frame = {bare_name(function), std::string(file)};
      return _URC_END_OF_STACK;
    }
  }
  return _URC_NO_REASON;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define SHIM_SANITIZER_HANDLES_SIGNALS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SHIM_SANITIZER_HANDLES_SIGNALS 1
#endif

[[maybe_unused]] void on_signal(int signal) {
  const char* name = signal == SIGSEGV ? "signal-segv" : signal == SIGBUS ? "signal-bus" : "signal-fpe";
  notify(Finding{&make_oracle(name, "deadly signal"), "?", "", "", nullptr});
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

bool catching;

}  // namespace

void catch_sanitizer_reports() {
  catching = true;
  if (__asan_set_error_report_callback) __asan_set_error_report_callback(on_asan_report);
#if !defined(SHIM_SANITIZER_HANDLES_SIGNALS)
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE}) std::signal(signal, on_signal);
#endif
}

}  // namespace shim

// UndefinedBehaviorSanitizer calls this with each report.
extern "C" void __ubsan_on_report(void) {
  if (!shim::catching || !__ubsan_get_current_report_data) return;
  const char *kind = "", *message = "", *file = "";
  unsigned line = 0, column = 0;
  char* address = nullptr;
  __ubsan_get_current_report_data(&kind, &message, &file, &line, &column, &address);
  shim::Frame frame{"?", fmt::format("{}:{}", file, line)};
  if (__sanitizer_symbolize_pc) _Unwind_Backtrace(shim::find_allocator_frame, &frame);
  shim::notify(shim::Finding{
      &shim::make_oracle(fmt::format("ubsan-{}", kind), "UndefinedBehaviorSanitizer report"),
      frame.function, frame.where, message, nullptr});
}
