/* SPDX-License-Identifier: GPL-2.0-only */
/* Symbol exports do nothing, since everything is linked together. */
#ifndef IOVAFUZZ_LINUX_EXPORT_H
#define IOVAFUZZ_LINUX_EXPORT_H

#define EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_GPL(symbol)
#define EXPORT_SYMBOL_NS_GPL(symbol, space)

#endif
