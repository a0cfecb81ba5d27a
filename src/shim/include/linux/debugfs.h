/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of debugfs that tests write: failslab/ignore-gfp-wait, whose data is a bool. */
#ifndef IOVAFUZZ_LINUX_DEBUGFS_H
#define IOVAFUZZ_LINUX_DEBUGFS_H

#include <linux/stddef.h>
#include <linux/string.h>
#include "shim/task.h"

struct inode {
  void *i_private;
};
struct dentry {
  struct inode *d_inode;
};

static inline struct inode *d_inode(const struct dentry *dentry) { return dentry->d_inode; }
static inline void dput(struct dentry *dentry) { (void)dentry; }

/* Returns NULL if the folder has no such file. A NULL parent is the root. */
static inline struct dentry *debugfs_lookup(const char *name, struct dentry *parent) {
  static struct inode knob, folder_inode;
  static struct dentry folder = {&folder_inode}, file = {&knob};
  if (!parent) return strcmp(name, "failslab") ? NULL : &folder;
  if (parent != &folder || strcmp(name, "ignore-gfp-wait")) return NULL;
  knob.i_private = &shim_failslab.ignore_gfp_wait;
  return &file;
}

#endif
