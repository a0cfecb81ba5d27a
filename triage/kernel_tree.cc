#include "triage/kernel_tree.h"
#include "triage/commands.h"
namespace triage {
KernelTree find_kernel_tree(const std::string& spec) {
  if (spec.rfind("debian:",0)==0) return {"debian-"+spec.substr(7), spec, "/tmp/k/linux-source-"+spec.substr(7)};
  return {"linux-x", spec, spec};
}
}
