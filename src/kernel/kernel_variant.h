/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel tree's own drivers/iommu/iova.c as a variant, and the reset of its static variables to
 * their values at boot. A program or shared object contains one tree.
 */
#ifndef IOVAFUZZ_KERNEL_VARIANT_H
#define IOVAFUZZ_KERNEL_VARIANT_H

#include "iova/variant.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KERNEL_VARIANT_SYMBOL "kernel_variant" /* for dlsym() */
extern const struct iova_variant kernel_variant __attribute__((visibility("default")));

/* Restores the static variables of the tree's code; its first call saves them. */
void kernel_reset_statics(void);

#ifdef __cplusplus
}
#endif

#endif
