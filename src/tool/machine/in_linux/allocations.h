/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations in the call at hand. They fail by fault injection, as the kernel has it:
 * current->fail_nth counts the objects that are asked for down, whether any is to fail or not.
 * Objects are counted by tracepoints.
 */
#ifndef IOVAFUZZ_ALLOCATIONS_H
#define IOVAFUZZ_ALLOCATIONS_H

#include <linux/debugfs.h>
#include <linux/kallsyms.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/kmem.h>
#include <trace/events/percpu.h>

#define MANY 1000000000u
static unsigned int to_fail[64], failures, failed;
static bool counting, irqs_off;
static unsigned int armed, asked_for; /* up to when it was armed */
static int objects, percpu_objects;
static bool creation_fails; /* of a cache, in the first object that it asks for */

/* The next that fails, if any. */
static void arm(void) {
  armed = failed < failures ? to_fail[failed++] - asked_for : MANY;
  current->fail_nth = armed;
}

static struct task_struct* interpreter;
static bool is_counted(void) { return counting && in_task() && current == interpreter; }

/* Slab and per-CPU memory ask for objects of their own now and then: those are not counted. */
static bool is_in_allocator(unsigned long site) {
  static struct {
    unsigned long site;
    bool is_in;
  } known[64];
  unsigned int i = (site ^ site >> 6) % ARRAY_SIZE(known);
  char name[KSYM_SYMBOL_LEN];

  if (known[i].site != site) {
    snprintf(name, sizeof(name), "%ps", (void*)site);
    known[i].site = site;
    known[i].is_in = strstr(name, "iova");
  }
  return known[i].is_in;
}

static void on_alloc(void* data, unsigned long site, const void* object) {
  if (!is_counted()) return;
  if (creation_fails) {
    creation_fails = current->fail_nth;
    if (!creation_fails) current->fail_nth = armed;
    return;
  }
  if (!is_in_allocator(site)) {
    current->fail_nth++;
    return;
  }
  if (object) objects++;
  if (current->fail_nth) return;
  asked_for += armed;
  arm();
}

static void on_free(void* data, unsigned long site, const void* object) {
  if (is_counted() && object && is_in_allocator(site)) objects--;
}

static void on_percpu_alloc(void* data) {
  if (is_counted()) percpu_objects++;
}
static void on_percpu_free(void* data) {
  if (is_counted()) percpu_objects--;
}

static void begin(void) {
  asked_for = failed = 0;
  objects = percpu_objects = 0;
  arm();
  if (creation_fails) current->fail_nth = 1;
  if (irqs_off) local_irq_disable();
  counting = true;
}

static void end(void) {
  counting = false;
  if (irqs_off) local_irq_enable();
  asked_for += armed - current->fail_nth;
  current->fail_nth = 0;
  irqs_off = creation_fails = false;
  failures = 0;
}

#define CALL(statement) \
  do {                  \
    begin();            \
    statement;          \
    end();              \
  } while (0)

/* What may sleep is spared by fault injection unless it is told not to, and faults are no news. */
static void set_up_faults(void) {
  struct dentry* failslab = debugfs_lookup("failslab", NULL);
  struct dentry* spares = failslab ? debugfs_lookup("ignore-gfp-wait", failslab) : NULL;
  struct dentry* verbose = failslab ? debugfs_lookup("verbose", failslab) : NULL;

  if (!spares || !verbose) panic("iovafuzz: no failslab");
  *(bool*)d_inode(spares)->i_private = false;
  *(unsigned long*)d_inode(verbose)->i_private = 0;
}

static void set_up_counters(void) {
  if (tracepoint_probe_register(&__tracepoint_kmalloc, on_alloc, NULL) ||
      tracepoint_probe_register(&__tracepoint_kmem_cache_alloc, on_alloc, NULL) ||
      tracepoint_probe_register(&__tracepoint_kfree, on_free, NULL) ||
      tracepoint_probe_register(&__tracepoint_kmem_cache_free, on_free, NULL) ||
      tracepoint_probe_register(&__tracepoint_percpu_alloc_percpu, on_percpu_alloc, NULL) ||
      tracepoint_probe_register(&__tracepoint_percpu_free_percpu, on_percpu_free, NULL))
    panic("iovafuzz: cannot count objects");
}

#endif
