// SPDX-License-Identifier: GPL-2.0-only
// Linux under QEMU: x86-64 with several CPUs, flush queues and KASAN. Needs no root and no
// hardware. CPUs are emulated in turn by a count of instructions, so runs do not depend on the
// host's speed or load.
#pragma once

#include "tool/machine/kernel_build.h"
#include "tool/machine/machine.h"

namespace tool {

class QemuKernel : public Machine {
 public:
  static constexpr unsigned most_cpus = 8;
  // See KernelBuild.
  explicit QemuKernel(const std::string& spec);

  const std::string& title() const override { return build_.title(); }
  const char* name() const override { return "qemu"; }
  unsigned boots_for_a_difference() const override { return 25; }
  unsigned boots_for_a_death() const override { return 2; }
  void build_replayer(const std::filesystem::path& folder) const override;
  std::string boot_command(const std::filesystem::path& folder, unsigned cpus,
                           const std::filesystem::path& calls,
                           const std::filesystem::path& answers) const override;

 private:
  KernelBuild build_;
};

// An initial RAM disk that contains one file.
std::string ram_disk(const std::string& name, const std::string& content);

}  // namespace tool
