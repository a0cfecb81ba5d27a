// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/qemu.h"

#include <fmt/core.h>

#include "tool/support/files.h"
#include "tool/support/words.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// A minimal configuration with what the calls need, to build and boot fast. CPUs come from the
// firmware's MP table, without ACPI.
KernelKind qemu_kind() {
  return {.name = "-x86",
          .in_words = "Linux for x86-64",
          .arch = "x86_64",
          .config = "allnoconfig",
          .target = "bzImage",
          .program = "arch/x86/boot/bzImage",
          .symbols = {"64BIT",
                      "EXPERT",
                      "SMP",
                      "NR_CPUS=8",
                      "HZ_1000",
                      "PRINTK",
                      "BUG",
                      "KALLSYMS",
                      "TTY",
                      "SERIAL_8250",
                      "SERIAL_8250_CONSOLE",
                      "BLK_DEV_INITRD",
                      "SYSFS",
                      "DEBUG_KERNEL",
                      "DEBUG_FS",
                      "FAULT_INJECTION",
                      "FAILSLAB",
                      "FAULT_INJECTION_DEBUG_FS",
                      "IOMMU_SUPPORT",
                      "IOMMU_IOVA",
                      "IOMMU_DMA",
                      "IOVAFUZZ_REPLAY",
                      "PANIC_ON_OOPS",
                      "FTRACE",
                      "ENABLE_DEFAULT_TRACERS",
                      "UNWINDER_FRAME_POINTER",
                      "KASAN",
                      "KASAN_GENERIC",
                      "KASAN_OUTLINE",
                      "CC_OPTIMIZE_FOR_SIZE"},
          .tools = {"qemu-system-x86_64"}};
}

// QEMU reads ",," in an option as a literal comma.
std::string in_option(const fs::path& path) {
  std::string text;
  for (char c : path.string()) text += c == ',' ? ",," : std::string(1, c);
  return text;
}

// A cpio entry in "newc" format: header and name, then the content, each padded to four bytes.
std::string archived(const std::string& name, const std::string& content, unsigned mode) {
  const auto padded = [](std::string text) { return text.append((4 - text.size() % 4) % 4, '\0'); };
  const auto number = [](size_t n) { return fmt::format("{:08x}", n); };
  std::string header = "070701" + number(0) + number(mode) + number(0) + number(0) + number(1) +
                       number(0) + number(content.size());
  for (int device_number = 0; device_number < 4; device_number++) header += number(0);
  header += number(name.size() + 1) + number(0);
  return padded(header + name + '\0') + padded(content);
}

}  // namespace

std::string ram_disk(const std::string& name, const std::string& content) {
  constexpr unsigned regular_file = 0100444;
  return archived(name, content, regular_file) + archived("TRAILER!!!", "", 0);
}

QemuKernel::QemuKernel(const std::string& spec) : build_(spec, qemu_kind()) {}

void QemuKernel::build_replayer(const fs::path& folder) const {
  const FileLock lock = build_.lock();
  fs::copy_file(build_.build(), folder / "bzImage");
}

std::string QemuKernel::boot_command(const fs::path& folder, unsigned cpus, const fs::path& calls,
                                     const fs::path& answers) const {
  const fs::path disk = folder / "disk";
  write_file(disk, ram_disk("calls", read_file(calls)));
  // -icount: an instruction takes 1 ns, and time jumps if all CPUs are idle. The MP table lists one
  // CPU per socket. noapictimer skips a timer calibration that dominates boot time. ulimit -t ends
  // a hung kernel by CPU seconds, which do not depend on the host's load.
  return fmt::format(
      "ulimit -t 900; exec qemu-system-x86_64 -machine pc,accel=tcg -cpu qemu64 -m 384 -smp {0},sockets={0} "
      "-icount shift=0,sleep=off -rtc base=2000-01-01,clock=vm -nodefaults -no-user-config -no-reboot "
      "-display none -serial stdio -kernel {1} -initrd {2} -chardev file,id=answers,path={3} -device "
      "isa-debugcon,iobase=0xe9,chardev=answers -device isa-debug-exit,iobase=0x501,iosize=2 "
      "-append 'console=ttyS0 nokaslr panic=-1 panic_on_warn=1 reboot=t noapictimer "
      "iovafuzz_replay.calls=/calls'",
      cpus, quoted((folder / "bzImage").string()), quoted(disk.string()),
      quoted(in_option(answers)));
}

}  // namespace tool
