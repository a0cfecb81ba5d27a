// SPDX-License-Identifier: GPL-2.0-only
#include "sanitizer.h"

#include <dlfcn.h>
#include <unwind.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "call_chain.h"
#include "finding.h"
#include "object.h"
#include "symbols.h"
#include "unset_memory.h"

// Sanitizer runtimes are optional, so their functions are weak symbols.
extern "C" {
__attribute__((weak)) void __asan_set_error_report_callback(void (*)(const char*));
__attribute__((weak)) int __asan_report_present(void);
__attribute__((weak)) void* __asan_get_report_address(void);
__attribute__((weak)) const char* __asan_get_report_description(void);
__attribute__((weak)) void __ubsan_get_current_report_data(const char**, const char**, const char**,
                                                           unsigned*, unsigned*, char**);
}

namespace shim {
namespace {

struct Frame {
  std::string function = "?", where = "";
  Blame blame = Blame::harness;
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Takes the instructions of a stack, innermost first, until it meets the function at fault: the
// allocator's innermost, or else the project's innermost.
class FrameSearch {
 public:
  bool is_over() const { return frame_.blame == Blame::allocator; }
  // where: file and line, if a symbolizer knows them.
  void take(uintptr_t instruction, std::string_view where) {
    if (is_over()) return;
    const Symbol symbol = symbol_of(instruction);
    std::string_view name = symbol.name;
    bool is_shim = name.starts_with("shim::") && !is_own(name);
    bool is_harness = name.starts_with("engine::") || name.starts_with("program::");
    if (is_of_allocator(symbol))
      frame_ = {bare_name(name), std::string(where), Blame::allocator};
    else if (frame_.function == "?" && (is_shim || is_harness))
      frame_ = {bare_name(name), std::string(where), is_shim ? Blame::shim : Blame::harness};
  }
  const Frame& frame() const { return frame_; }

 private:
  // Functions of this file that are on the stack during the search.
  static bool is_own(std::string_view name) {
    return contains(name, "::frame_at_fault(") || contains(name, "::on_signal(");
  }
  Frame frame_;
};

// Searches the stack in a report. Its lines are "    #0 0xADDRESS in FUNCTION FILE:LINE:COLUMN", or
// have the address alone.
Frame frame_at_fault(std::string_view report) {
  FrameSearch search;
  size_t at = 0;
  while ((at = report.find("    #", at)) != std::string_view::npos) {
    std::string line(report.substr(at, report.find('\n', at) - at));
    at += line.size();
    size_t address = line.find(" 0x"), in = line.find(" in "), file_at = line.rfind(' ');
    if (address == line.npos) continue;
    bool has_file = in != line.npos && file_at > in + 4;
    // The address is that of the call, not the return address; in the innermost frame, that of the
    // access.
    uintptr_t instruction = strtoull(line.c_str() + address + 1, nullptr, 16);
    search.take(instruction, has_file ? line.substr(file_at + 1) : "");
  }
  return search.frame();
}

// The oracle is static, since the report refers to it until the process is dead.
Oracle& make_oracle(std::string id, const char* rule) {
  static std::string the_id;
  static Oracle the_oracle;
  the_id = std::move(id);
  the_oracle = {the_id.c_str(), rule, false, Severity::memory_safety};
  return the_oracle;
}

// An access to an unmapped address, which each sanitizer and the bare signal name differently.
Oracle& wild_access() { return make_oracle("wild-access", "access to an invalid address"); }

void on_asan_report(const char* report) {
  std::string_view text = report;
  // Only the report's first stack counts, that of the access. The stacks of allocation and free
  // follow.
  Frame frame = frame_at_fault(text.substr(0, text.find("\n\n", text.find("    #"))));
  bool present = __asan_report_present && __asan_report_present();
  void* address = present ? __asan_get_report_address() : nullptr;
  std::string_view kind = present ? __asan_get_report_description() : "report";
  const Oracle* oracle;
  Object* object = object_around(address);
  std::string values(kind);
  if (object) {
    oracle = object->live ? &oracle::slab_out_of_bounds : &oracle::slab_use_after_free;
    values = fmt::format("{} from the start of {}",
                         static_cast<unsigned char*>(address) - object->memory, describe(*object));
  } else if (kind == "null-deref" || kind.starts_with("wild-")) {
    oracle = &wild_access();
  } else {
    oracle = &make_oracle(fmt::format("asan-{}", kind), "AddressSanitizer report");
  }
  notify(Finding{oracle, frame.function, frame.where, values, address, false, frame.blame});
}

// For callers that have no report to read.
_Unwind_Reason_Code take_frame(_Unwind_Context* context, void* search_pointer) {
  FrameSearch& search = *static_cast<FrameSearch*>(search_pointer);
  int is_before = 0;
  const uintptr_t instruction = _Unwind_GetIPInfo(context, &is_before) - !is_before;
  search.take(instruction, line_of(instruction));
  return search.is_over() ? _URC_END_OF_STACK : _URC_NO_REASON;
}

Frame frame_at_fault() {
  FrameSearch search;
  _Unwind_Backtrace(take_frame, &search);
  return search.frame();
}

// Deadly signals, in builds without AddressSanitizer, which reports them itself.
struct Signal {
  int number;
  const char* name;
  struct sigaction before;
} signals[] = {{SIGSEGV, "segv", {}}, {SIGBUS, "bus", {}}, {SIGFPE, "fpe", {}}};

void on_signal(int number) {
  const Signal& signal = *std::find_if(std::begin(signals), std::end(signals),
                                       [&](const Signal& s) { return s.number == number; });
  Frame frame = frame_at_fault();
  Oracle& oracle = number == SIGSEGV
                       ? wild_access()
                       : make_oracle(fmt::format("signal-{}", signal.name), "deadly signal");
  notify(Finding{&oracle, frame.function, frame.where, signal.name, nullptr, false, frame.blame});
  // The previous handler is an engine's, which saves the input, or a sanitizer's, which would
  // report a memory fault instead of the finding. A sanitizer does not report abort().
  sigaction(number, &signal.before, nullptr);
  if (has_symbolizer()) abort();
  std::raise(number);
}

bool catching;

#if SHIM_WITH_MSAN
// Replaces MemorySanitizer's own report, which knows neither object nor key. Only a value is wrong,
// so the run can continue.
void on_unset_memory(uint32_t origin) {
  static constexpr Oracle unset{"msan-unset-memory", "use of uninitialized memory", true,
                                Severity::memory_safety};
  const Object* object = origin_object(origin);
  Frame frame = frame_at_fault();
  std::string values = object ? describe(*object) : "the memory is not an object of the shim";
  // Gives a use after free the key that it has in builds with AddressSanitizer.
  const Oracle& oracle = object && !object->live ? oracle::slab_use_after_free : unset;
  raise(Finding{&oracle, frame.function, frame.where, values, object ? object->memory : nullptr,
                false, frame.blame});
}
#endif

}  // namespace

void catch_sanitizer_reports() {
  if (std::exchange(catching, true)) return;
  if (__asan_set_error_report_callback) {
    __asan_set_error_report_callback(on_asan_report);
    return;
  }
  for (Signal& signal : signals) {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigaction(signal.number, &action, &signal.before);
  }
}

}  // namespace shim

// UndefinedBehaviorSanitizer calls this for each report.
extern "C" void __ubsan_on_report(void) {
  if (!shim::catching || !__ubsan_get_current_report_data) return;
  const char *kind = "", *message = "", *file = "";
  unsigned line = 0, column = 0;
  char* address = nullptr;
  __ubsan_get_current_report_data(&kind, &message, &file, &line, &column, &address);
  shim::Frame frame = shim::frame_at_fault();
  if (frame.where.empty()) frame.where = fmt::format("{}:{}", file, line);
  const shim::Oracle& oracle =
      std::string_view(kind) == "null-pointer-use"
          ? shim::wild_access()
          : shim::make_oracle(fmt::format("ubsan-{}", kind), "UndefinedBehaviorSanitizer report");
  shim::notify(
      shim::Finding{&oracle, frame.function, frame.where, message, nullptr, false, frame.blame});
}

#if SHIM_WITH_MSAN
// The linker replaces the runtime's functions, which instrumented code calls, with these.
extern "C" void __wrap___msan_warning_with_origin(uint32_t origin) {
  shim::on_unset_memory(origin);
}
extern "C" void __wrap___msan_warning() { shim::on_unset_memory(0); }

// Does not track the heap: the C++ library writes to it and may not be instrumented
// (cmake/flags.cmake).
extern "C" const char* __msan_default_options() { return "poison_in_malloc=0:poison_in_free=0"; }
#endif
