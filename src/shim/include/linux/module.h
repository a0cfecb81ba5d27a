/* SPDX-License-Identifier: GPL-2.0-only */
/* A module's description, which is dropped, and the headers that every module may use. */
#ifndef IOVAFUZZ_LINUX_MODULE_H
#define IOVAFUZZ_LINUX_MODULE_H

#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#define MODULE_AUTHOR(text)
#define MODULE_DESCRIPTION(text)
#define MODULE_LICENSE(text)

#endif
