/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts and fails the allocations of the current call. Failures use the kernel's fault injection:
 * current->fail_nth counts down with every object requested, also when none is to fail. Tracepoints
 * count objects.
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
static unsigned int armed, asked_for; /* requests counted up to the last arm() */
static int objects, percpu_objects;
static bool creation_fails; /* fail the first object that a cache creation requests */

/* Arms the next failure, or a count that is never reached. */
static void arm(void) {
  armed = failed < failures ? to_fail[failed++] - asked_for : MANY;
  current->fail_nth = armed;
}

static struct task_struct* interpreter;
static bool is_counted(void) { return counting && in_task() && current == interpreter; }

/* Excludes objects that slab and per-CPU memory allocate for themselves. */
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

/* By default failslab spares sleeping allocations and logs every fault; turn both off. */
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
