// SPDX-License-Identifier: GPL-2.0-only
/*
 * Built into a kernel of User Mode Linux, in its drivers/iommu/: makes the calls of a list and
 * writes what came of each. call_list.h has the form of both. Once it is through, the machine
 * halts. Its command line: iovafuzz_replay.calls=FILE iovafuzz_replay.answers=FILE, of the host.
 *
 * Allocations fail by fault injection, as the kernel has it: current->fail_nth counts the objects
 * that are asked for down, whether any is to fail or not. Objects are counted by tracepoints.
 */
#include <linux/debugfs.h>
#include <linux/iova.h>
#include <linux/jiffies.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <os.h>
#include <trace/events/kmem.h>
#include <trace/events/percpu.h>

#include "iovafuzz_tree.h" /* what the tree's struct iova_domain has */

static char *calls, *answers;
module_param(calls, charp, 0);
module_param(answers, charp, 0);

/* Files. */

static int calls_fd, answers_fd;
static char in[1 << 16], out[1 << 16];
static size_t in_at, in_end, out_end;

static void flush(void) {
  size_t at = 0;

  while (at < out_end) {
    int n = os_write_file(answers_fd, out + at, out_end - at);

    if (n <= 0) panic("iovafuzz: cannot write answers");
    at += n;
  }
  out_end = 0;
}

static __printf(1, 2) void say(const char* format, ...) {
  va_list arguments;

  if (out_end > sizeof(out) - 256) flush();
  va_start(arguments, format);
  out_end += vscnprintf(out + out_end, 256, format, arguments);
  va_end(arguments);
}

/* What was answered is not lost with the machine. The first of all: the last one ends it. */
static int flush_at_panic(struct notifier_block* self, unsigned long unused, void* message) {
  flush();
  return NOTIFY_DONE;
}
static struct notifier_block at_panic = {.notifier_call = flush_at_panic, .priority = INT_MAX};

/* Without its end; NULL behind the last one. */
static char* next_line(void) {
  static char line[1024];
  size_t length = 0;

  for (;;) {
    if (in_at == in_end) {
      int n = os_read_file(calls_fd, in, sizeof(in));

      if (n <= 0) return NULL;
      in_at = 0;
      in_end = n;
    }
    line[length] = in[in_at++];
    if (line[length] == '\n') break;
    if (++length == sizeof(line)) panic("iovafuzz: a line is too long");
  }
  line[length] = '\0';
  return line;
}

/* Allocations in the call at hand. */

#define MANY 1000000000u
static unsigned int to_fail[64], failures, failed;
static bool counting, irqs_off;
static unsigned int armed, asked_for; /* up to when it was armed */
static int objects, percpu_objects;

/* The next that fails, if any. */
static void arm(void) {
  armed = failed < failures ? to_fail[failed++] - asked_for : MANY;
  current->fail_nth = armed;
}

static bool is_counted(void) { return counting && in_task(); }

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
  if (irqs_off) local_irq_disable();
  counting = true;
}

static void end(void) {
  counting = false;
  if (irqs_off) local_irq_enable();
  asked_for += armed - current->fail_nth;
  current->fail_nth = 0;
  irqs_off = false;
  failures = 0;
}

#define CALL(statement) \
  do {                  \
    begin();            \
    statement;          \
    end();              \
  } while (0)

/* Domains. */

static struct iova_domain* domains[4];

static void say_allocations(void) { say(" a%u o%+d p%+d", asked_for, objects, percpu_objects); }

static void say_state(const struct iova_domain* iovad) {
  say_allocations();
#if TREE_HAS_CACHED_NODES
  say(" c%lx d%lx", rb_entry(iovad->cached_node, struct iova, node)->pfn_lo,
      rb_entry(iovad->cached32_node, struct iova, node)->pfn_lo);
#endif
#if TREE_HAS_HINT
  say(" h%lx", iovad->max32_alloc_size);
#endif
  say("\n");
}

static void say_node(const struct iova_domain* iovad, const struct iova* iova) {
  if (iova)
    say("%lx-%lx", iova->pfn_lo, iova->pfn_hi);
  else
    say("-");
  say_state(iovad);
}

static void say_tree(struct iova_domain* iovad) {
#if TREE_HAS_NODES
  unsigned long nodes = 0;
  u64 hash = 0;
  struct rb_node* node;

  for (node = rb_first(&iovad->rbroot); node; node = rb_next(node), nodes++) {
    const struct iova* iova = rb_entry(node, struct iova, node);

    hash = (hash ^ iova->pfn_lo) * 0x9e3779b97f4a7c15ull;
    hash = (hash ^ iova->pfn_hi) * 0x9e3779b97f4a7c15ull;
  }
  say("t%lu %llx\n", nodes, hash);
#endif
}

/* Lines. */

static unsigned long next_number(char** line) {
  char* word = strsep(line, " ");
  unsigned long number;

  if (!word || kstrtoul(word, 16, &number)) panic("iovafuzz: a number is missing");
  return number;
}

static void call(const char* function, char* line) {
  struct iova_domain **domain, *iovad;
  unsigned long a[3] = {}, pfn;
  struct iova* iova;
  int error;
  unsigned int i;

  if (!strcmp(function, "iova_cache_get")) {
    CALL(error = iova_cache_get());
    say("%d\n", error);
    return;
  }
  if (!strcmp(function, "iova_cache_put")) {
    CALL(iova_cache_put());
    say(".\n");
    return;
  }
  domain = &domains[next_number(&line) % ARRAY_SIZE(domains)];
  for (i = 0; i < ARRAY_SIZE(a) && line; i++) a[i] = next_number(&line);
  if (!strcmp(function, "init_iova_domain")) {
    *domain = kzalloc(sizeof(**domain), GFP_KERNEL | __GFP_NOFAIL);
    CALL(init_iova_domain(*domain, a[0], a[1]));
    say(".");
    say_state(*domain);
    return;
  }
  iovad = *domain;
  if (!iovad) panic("iovafuzz: %s() of no domain", function);
  if (!strcmp(function, "iova_domain_init_rcaches")) {
    CALL(error = iova_domain_init_rcaches(iovad));
    say("%d", error);
    say_state(iovad);
  } else if (!strcmp(function, "put_iova_domain")) {
    CALL(put_iova_domain(iovad));
    kfree(iovad);
    *domain = NULL;
    say(".");
    say_allocations();
    say("\n");
  } else if (!strcmp(function, "alloc_iova")) {
    CALL(iova = alloc_iova(iovad, a[0], a[1], a[2]));
    say_node(iovad, iova);
  } else if (!strcmp(function, "alloc_iova_fast")) {
    CALL(pfn = alloc_iova_fast(iovad, a[0], a[1], a[2]));
    say("%lx", pfn);
    say_state(iovad);
  } else if (!strcmp(function, "free_iova")) {
    CALL(free_iova(iovad, a[0]));
    say(".");
    say_state(iovad);
  } else if (!strcmp(function, "free_iova_fast")) {
    CALL(free_iova_fast(iovad, a[0], a[1]));
    say(".");
    say_state(iovad);
  } else if (!strcmp(function, "__free_iova")) {
    iova = find_iova(iovad, a[0]);
    if (!iova) {
      say("has no such range\n");
      end();
      return;
    }
    CALL(__free_iova(iovad, iova));
    say(".");
    say_state(iovad);
  } else if (!strcmp(function, "find_iova")) {
    CALL(iova = find_iova(iovad, a[0]));
    say_node(iovad, iova);
  } else if (!strcmp(function, "reserve_iova")) {
    CALL(iova = reserve_iova(iovad, a[0], a[1]));
    say_node(iovad, iova);
  } else if (!strcmp(function, "tree")) {
    say_tree(iovad);
  } else {
    panic("iovafuzz: no call is named %s", function);
  }
}

static void halt_machine(void) {
  flush();
  os_close_file(answers_fd);
  kernel_halt();
}

static void make_calls(void) {
  bool dies = false;
  char* line;

  while ((line = next_line())) {
    char* word = strsep(&line, " ");

    if (!strcmp(word, "program")) {
      say("program %lx\n", next_number(&line));
    } else if (!strcmp(word, "end")) {
      say("end\n");
      flush();
      cond_resched();
    } else if (!strcmp(word, "fail")) {
      while (line && failures < ARRAY_SIZE(to_fail)) to_fail[failures++] = next_number(&line);
    } else if (!strcmp(word, "irqs_off")) {
      irqs_off = true;
    } else if (!strcmp(word, "sleep")) {
      schedule_timeout_uninterruptible(msecs_to_jiffies(next_number(&line)));
    } else if (!strcmp(word, "dies")) {
      dies = true;
      say("dies\n");
      flush();
    } else {
      call(word, line);
      if (dies) halt_machine(); /* it did not: who knows what else is wrong by now */
    }
  }
}

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

static int __init iovafuzz_replay(void) {
  if (!calls || !answers) return 0;
  calls_fd = os_open_file(calls, of_read(OPENFLAGS()), 0);
  answers_fd = os_open_file(answers, of_create(of_trunc(of_write(OPENFLAGS()))), 0644);
  if (calls_fd < 0 || answers_fd < 0) panic("iovafuzz: cannot open %s and %s", calls, answers);
  atomic_notifier_chain_register(&panic_notifier_list, &at_panic);
  set_up_faults();
  set_up_counters();
  make_calls();
  halt_machine();
  return 0;
}
late_initcall_sync(iovafuzz_replay);
