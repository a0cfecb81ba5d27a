// SPDX-License-Identifier: GPL-2.0-only
#include "call_chain.h"

#include <dlfcn.h>
#include <unwind.h>

#include "symbols.h"

extern "C" __attribute__((weak)) void __sanitizer_symbolize_pc(void*, const char*, char*, size_t);

namespace shim {
namespace {

// Collects the allocator's frames, up to the engine's call into the allocator.
_Unwind_Reason_Code take_frame(_Unwind_Context* context, void* chain_pointer) {
  auto& chain = *static_cast<std::vector<CallSite>*>(chain_pointer);
  int is_before = 0;
  const uintptr_t instruction = _Unwind_GetIPInfo(context, &is_before) - !is_before;
  const Symbol symbol = symbol_of(instruction);
  const bool is_engine = symbol.name.starts_with("engine::");
  if (is_engine && !chain.empty()) return _URC_END_OF_STACK;
  // Lambdas only forward the engine's calls to the port (port_variant.cc).
  const bool is_lambda = symbol.name.find("{lambda") != std::string::npos;
  Dl_info module;
  if (is_of_allocator(symbol) && !is_lambda &&
      dladdr(reinterpret_cast<void*>(instruction), &module))
    chain.push_back({bare_name(symbol.name), "", module.dli_fname,
                     instruction - reinterpret_cast<uintptr_t>(module.dli_fbase), instruction});
  return _URC_NO_REASON;
}

}  // namespace

std::vector<CallSite> call_chain() {
  std::vector<CallSite> chain;
  _Unwind_Backtrace(take_frame, &chain);
  return chain;
}

bool has_symbolizer() { return __sanitizer_symbolize_pc; }

std::string line_of(uintptr_t instruction) {
  char where[1024] = "";
  if (has_symbolizer())
    __sanitizer_symbolize_pc(reinterpret_cast<void*>(instruction), "%s:%l", where, sizeof where);
  return where[0] == '<' || where[0] == '?' ? "" : where;
}

}  // namespace shim
