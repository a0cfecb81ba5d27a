// SPDX-License-Identifier: GPL-2.0-only
// Linux as User Mode Linux: one CPU, no root and no hardware needed. Has KUnit and failing
// allocations.
#pragma once

#include "tool/findings/kunit_source.h"
#include "tool/machine/kernel_build.h"
#include "tool/machine/machine.h"

namespace tool {

class UmlKernel : public Machine {
 public:
  // See KernelBuild.
  explicit UmlKernel(const std::string& spec);

  // Builds the suite into the kernel, boots it and returns its output. Throws Failure.
  std::string run(const KunitSuite& suite) const;

  const std::string& title() const override { return build_.title(); }
  const char* name() const override { return "uml"; }
  unsigned boots_for_a_difference() const override { return 200; }
  unsigned boots_for_a_death() const override { return 20; }
  void build_replayer(const std::filesystem::path& folder) const override;
  std::string boot_command(const std::filesystem::path& folder, unsigned cpus,
                           const std::filesystem::path& calls,
                           const std::filesystem::path& answers) const override;

 private:
  KernelBuild build_;
};

Confirmation confirmation(const KunitSuite& suite, const std::string& console);

}  // namespace tool
