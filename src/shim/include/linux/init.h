/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that the kernel runs at boot. They are compiled but never called, so a tree's code has
 * its state without parameters and before any driver.
 */
#ifndef IOVAFUZZ_LINUX_INIT_H
#define IOVAFUZZ_LINUX_INIT_H

#include <linux/compiler.h>

#define SHIM_CAT_(a, b) a##b
#define SHIM_CAT(a, b) SHIM_CAT_(a, b)
#define SHIM_NOT_CALLED(function) \
  static __maybe_unused __typeof__(&(function)) SHIM_CAT(shim_not_called_, __LINE__) = (function)

#define early_param(name, function) SHIM_NOT_CALLED(function)
#define __setup(name, function) SHIM_NOT_CALLED(function)
#define core_initcall(function) SHIM_NOT_CALLED(function)
#define arch_initcall(function) SHIM_NOT_CALLED(function)
#define subsys_initcall(function) SHIM_NOT_CALLED(function)
#define device_initcall(function) SHIM_NOT_CALLED(function)
#define late_initcall(function) SHIM_NOT_CALLED(function)
#define module_init(function) SHIM_NOT_CALLED(function)
#define module_exit(function) SHIM_NOT_CALLED(function)

#endif
