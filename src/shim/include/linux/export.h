/* SPDX-License-Identifier: GPL-2.0-only */
/* Symbols for modules: everything is linked together here. */
#ifndef IOVAFUZZ_LINUX_EXPORT_H
#define IOVAFUZZ_LINUX_EXPORT_H

#define EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_GPL(symbol)
#define EXPORT_SYMBOL_NS_GPL(symbol, space)

#endif
