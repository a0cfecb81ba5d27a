// SPDX-License-Identifier: GPL-2.0-only
/*
 * Built into a kernel, in drivers/iommu/: makes the calls of a list, writes the answers (format in
 * call_list.h), and halts the machine. Kernel parameters: iovafuzz_replay.calls=FILE
 * iovafuzz_replay.answers=FILE, see host.h. One task makes all calls, each on the CPU that the list
 * names; a call whose flush lasts has a task of its own.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/iova.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iovafuzz_allocations.h"
#include "iovafuzz_depot.h"
#include "iovafuzz_host.h"
#include "iovafuzz_queue.h"

static char *calls, *answers;
module_param(calls, charp, 0);
module_param(answers, charp, 0);

/* Input and output. */

static char in[1 << 16], out[1 << 16];
static size_t in_at, in_end, out_end;

static void flush(void) {
  host_write(out, out_end);
  out_end = 0;
}

static __printf(1, 2) void say(const char* format, ...) {
  va_list arguments;

  if (out_end > sizeof(out) - 256) flush();
  va_start(arguments, format);
  out_end += vscnprintf(out + out_end, 256, format, arguments);
  va_end(arguments);
}

/* Keeps answers if the kernel panics. Runs first, since the last notifier ends the machine. */
static int flush_at_panic(struct notifier_block* self, unsigned long unused, void* message) {
  flush();
  return NOTIFY_DONE;
}
static struct notifier_block at_panic = {.notifier_call = flush_at_panic, .priority = INT_MAX};

/* Returns the next line without its newline, or NULL at the end. */
static char* next_line(void) {
  static char line[1024];
  size_t length = 0;

  for (;;) {
    if (in_at == in_end) {
      int n = host_read(in, sizeof(in));

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

/* CPUs, numbered as in the kernel. */

static unsigned int here; /* CPU of the following calls */

static void run_on(unsigned int cpu) {
  if (set_cpus_allowed_ptr(current, cpumask_of(cpu))) panic("iovafuzz: CPU %u is not online", cpu);
}

/* A hardware flush lasts until flush_done; number 0 is the oldest. Its CPU does nothing else, so
 * operations that wait for all CPUs must not run meanwhile. The CPU halts between ticks, since
 * emulated instructions take time. It takes ticks even if its caller has interrupts off, because
 * one CPU's tick advances time for all; softirqs stay disabled. */

static struct {
  bool ended;
  unsigned int cpu;
  struct iova_domain* of_call; /* NULL: a timer's flush */
  struct completion call_is_over;
} lasting[8];
static unsigned int begun;
static bool shall_last;

static bool is_lasting(unsigned int cpu) {
  unsigned int i;

  for (i = 0; i < begun; i++)
    if (lasting[i].cpu == cpu && !lasting[i].ended) return true;
  return false;
}

/* An online CPU without a lasting flush, other than `but`. */
static unsigned int another_cpu(unsigned int but) {
  unsigned int cpu;

  for_each_online_cpu(cpu) if (cpu != but && !is_lasting(cpu)) return cpu;
  panic("iovafuzz: no other online CPU is free");
}

#if CAN_QUEUE
void iovafuzz_flush_hardware(void) {
  unsigned int i = begun;
  bool irqs_were_off;

  if (!READ_ONCE(shall_last)) return;
  WRITE_ONCE(shall_last, false);
  lasting[i].ended = false;
  lasting[i].cpu = smp_processor_id();
  smp_store_release(&begun, i + 1);
  irqs_were_off = irqs_disabled();
  preempt_count_add(SOFTIRQ_DISABLE_OFFSET);
  while (!smp_load_acquire(&lasting[i].ended)) safe_halt();
  if (irqs_were_off) local_irq_disable();
  preempt_count_sub(SOFTIRQ_DISABLE_OFFSET);
}
#endif

/* Domains. */

static struct iova_domain* domains[4];

/* Queue timers and depot works run only while the list lets time pass, on the CPU that it names,
 * however long earlier calls took. Until then they are held here: their delays in jiffies; 0: not
 * held. */
static struct { unsigned long timer, works[16]; } held[ARRAY_SIZE(domains)];

static unsigned long delay_of(const struct timer_list* timer) {
  return max_t(long, timer->expires - jiffies, 1);
}

static void hold(unsigned int number) {
  struct timer_list* timer = iovafuzz_queue_timer(domains[number]);
  unsigned int size;

  if (timer && timer_pending(timer) && timer_delete(timer)) held[number].timer = delay_of(timer);
  for (size = 0; size < ARRAY_SIZE(held[number].works); size++) {
    struct delayed_work* work = iovafuzz_depot_work(domains[number], size);
    unsigned long* delay = &held[number].works[size];

    if (!work || !delayed_work_pending(work) || !cancel_delayed_work(work)) continue;
    /* A work that was already held keeps its old delay. */
    if (!*delay) *delay = delay_of(&work->timer);
  }
}

static void hold_all(void) {
  unsigned int i;

  for (i = 0; i < ARRAY_SIZE(domains); i++)
    if (domains[i]) hold(i);
}

static void let_timer_go(unsigned int number) {
  struct timer_list* timer = domains[number] ? iovafuzz_queue_timer(domains[number]) : NULL;

  if (!timer || !held[number].timer) return;
  timer->expires = jiffies + held[number].timer;
  held[number].timer = 0;
  add_timer_on(timer, here);
}

static void let_works_go(unsigned int number) {
  unsigned int size;

  for (size = 0; size < ARRAY_SIZE(held[number].works); size++) {
    unsigned long* delay = &held[number].works[size];

    if (!*delay) continue;
    schedule_delayed_work_on(here, iovafuzz_depot_work(domains[number], size), *delay);
    *delay = 0;
  }
}

static void say_allocations(void) { say(" a%u o%+d p%+d", asked_for, objects, percpu_objects); }

static void say_fields(struct iova_domain* iovad) {
  struct queue_state queue;

#if TREE_HAS_CACHED_NODES
  say(" c%lx d%lx", rb_entry(iovad->cached_node, struct iova, node)->pfn_lo,
      rb_entry(iovad->cached32_node, struct iova, node)->pfn_lo);
#endif
#if TREE_HAS_HINT
  say(" h%lx", iovad->max32_alloc_size);
#endif
  if (iovafuzz_queue_state(iovad, &queue))
    say(" q%x s%llx f%llx", queue.queued, queue.started, queue.finished);
  say("\n");
}

static void say_state(struct iova_domain* iovad) {
  say_allocations();
  say_fields(iovad);
}

static void say_node(struct iova_domain* iovad, const struct iova* iova) {
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

/* Commands. */

static unsigned long next_number(char** line) {
  char* word = strsep(line, " ");
  unsigned long number;

  if (!word || kstrtoul(word, 16, &number)) panic("iovafuzz: a number is missing");
  return number;
}

#if CAN_QUEUE
struct lasting_call {
  struct iova_domain* iovad;
  unsigned long pfn, size;
  struct iovafuzz_pages* pages;
  bool irqs_off;
  struct completion* is_over;
};

static int make_lasting_call(void* argument) {
  struct lasting_call* call = argument;

  if (call->irqs_off) local_irq_disable();
  iovafuzz_queue(call->iovad, call->pfn, call->size, call->pages);
  if (call->irqs_off) local_irq_enable();
  kfree(call->pages);
  complete(call->is_over);
  kfree(call);
  return 0;
}

/* Sleeps until the next tick: QEMU never switches to CPUs behind one that is always busy. */
static void let_others_run(void) { schedule_timeout_uninterruptible(1); }

static bool lasts; /* the flush of the next call lasts */

static void queue(struct iova_domain* iovad, unsigned long pfn, unsigned long size,
                  unsigned long count) {
  struct iovafuzz_pages* pages = iovafuzz_new_pages(count);
  struct lasting_call* call;
  struct task_struct* task;
  unsigned int number = begun;

  if (!lasts) {
    CALL(iovafuzz_queue(iovad, pfn, size, pages));
    kfree(pages);
    say(".");
    say_state(iovad);
    return;
  }
  lasts = false;
  if (number == ARRAY_SIZE(lasting)) panic("iovafuzz: too many flushes last");
  call = kmalloc(sizeof(*call), GFP_KERNEL | __GFP_NOFAIL);
  *call = (struct lasting_call){.iovad = iovad,
                                .pfn = pfn,
                                .size = size,
                                .pages = pages,
                                .irqs_off = irqs_off,
                                .is_over = &lasting[number].call_is_over};
  irqs_off = false;
  lasting[number].of_call = iovad;
  init_completion(&lasting[number].call_is_over);
  run_on(another_cpu(here));
  task = kthread_create(make_lasting_call, call, "iovafuzz");
  if (IS_ERR(task)) panic("iovafuzz: cannot create a task");
  kthread_bind(task, here);
  WRITE_ONCE(shall_last, true);
  wake_up_process(task);
  while (smp_load_acquire(&begun) == number && !completion_done(&lasting[number].call_is_over))
    let_others_run();
  WRITE_ONCE(shall_last, false);
  say(begun == number ? "does not flush\n" : "lasts\n");
}

/* Runs a queue's timer so that its flush lasts. */
static void let_timer_last(unsigned int number) {
  unsigned int before = begun;
  unsigned long end;

  if (before == ARRAY_SIZE(lasting) || !domains[number]) panic("iovafuzz: no timer can last");
  lasting[before].of_call = NULL;
  run_on(another_cpu(here));
  WRITE_ONCE(shall_last, true);
  let_timer_go(number);
  end = jiffies + 10 * HZ;
  while (smp_load_acquire(&begun) == before && time_before(jiffies, end)) let_others_run();
  WRITE_ONCE(shall_last, false);
  say(begun == before ? "does not flush\n" : "lasts\n");
}

/* Ends a lasting flush, and the call or handler around it. */
static void finish(unsigned int number) {
  smp_store_release(&lasting[number].ended, true);
  if (lasting[number].of_call) wait_for_completion(&lasting[number].call_is_over);
  /* A task can run on this CPU only after the handler has returned. */
  run_on(lasting[number].cpu);
  hold_all();
}

static void end_flush(unsigned int number) {
  if (number >= begun || lasting[number].ended) {
    say("no such flush lasts\n");
    return;
  }
  finish(number);
  say(".");
  if (lasting[number].of_call)
    say_fields(lasting[number].of_call);
  else
    say("\n");
}
#endif

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
    *domain = iovafuzz_new_domain();
    CALL(init_iova_domain(*domain, a[0], a[1]));
    say(".");
    say_state(*domain);
    return;
  }
  iovad = *domain;
  if (!iovad) panic("iovafuzz: %s(): the domain does not exist", function);
  if (!strcmp(function, "iova_domain_init_rcaches")) {
    CALL(error = iova_domain_init_rcaches(iovad));
    say("%d", error);
    say_state(iovad);
  } else if (!strcmp(function, "put_iova_domain")) {
    CALL(iovafuzz_end_queue(iovad); put_iova_domain(iovad));
    iovafuzz_free_domain(iovad);
    memset(&held[domain - domains], 0, sizeof(held[0]));
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
#if CAN_QUEUE
  } else if (!strcmp(function, "iommu_dma_init_fq")) {
    CALL(error = iovafuzz_init_queue(iovad, a[0]));
    say("%d", error);
    say_state(iovad);
  } else if (!strcmp(function, "queue_iova")) {
    queue(iovad, a[0], a[1], a[2]);
#endif
  } else if (!strcmp(function, "tree")) {
    say_tree(iovad);
  } else {
    panic("iovafuzz: unknown call %s", function);
  }
}

/* Ends flushes of a program that was cut: their busy CPUs would block hotplug. */
static void end_flushes(void) {
#if CAN_QUEUE
  unsigned int i;

  for (i = 0; i < begun; i++)
    if (!lasting[i].ended) finish(i);
#endif
}

/* Every program begins with all CPUs online. */
static void bring_cpus_up(void) {
  unsigned int cpu;

  for_each_present_cpu(cpu) if (!cpu_online(cpu) && add_cpu(cpu))
      panic("iovafuzz: CPU %u stays offline", cpu);
  here = 0;
}

static void change_cpu(unsigned int cpu, bool goes_up) {
  run_on(another_cpu(cpu));
  say("%d\n", goes_up ? add_cpu(cpu) : remove_cpu(cpu));
}

static void let_time_pass(unsigned long ms) {
  unsigned int i;

  run_on(here);
  for (i = 0; i < ARRAY_SIZE(domains); i++) {
    let_timer_go(i);
    let_works_go(i);
  }
  schedule_timeout_uninterruptible(msecs_to_jiffies(ms));
  hold_all();
}

static void halt_machine(void) {
  flush();
  host_halt();
}

static void make_calls(void) {
  bool dies = false;
  char* line;

  while ((line = next_line())) {
    char* word = strsep(&line, " ");

    if (!strcmp(word, "program")) {
      say("program %lx\n", next_number(&line));
      begun = 0;
    } else if (!strcmp(word, "end")) {
      say("end\n");
      flush();
      end_flushes();
      bring_cpus_up();
      cond_resched();
    } else if (!strcmp(word, "fail")) {
      while (line && failures < ARRAY_SIZE(to_fail)) to_fail[failures++] = next_number(&line);
    } else if (!strcmp(word, "fail_creation")) {
      creation_fails = true;
    } else if (!strcmp(word, "irqs_off")) {
      irqs_off = true;
    } else if (!strcmp(word, "sleep")) {
      let_time_pass(next_number(&line));
    } else if (!strcmp(word, "cpu")) {
      here = next_number(&line);
    } else if (!strcmp(word, "offline")) {
      change_cpu(next_number(&line), false);
    } else if (!strcmp(word, "online")) {
      change_cpu(next_number(&line), true);
#if CAN_QUEUE
    } else if (!strcmp(word, "lasts")) {
      lasts = true;
    } else if (!strcmp(word, "timer")) {
      let_timer_last(next_number(&line) % ARRAY_SIZE(domains));
    } else if (!strcmp(word, "flush_done")) {
      end_flush(next_number(&line));
#endif
    } else if (!strcmp(word, "dies")) {
      dies = true;
      say("dies\n");
      flush();
    } else {
      run_on(here);
      call(word, line);
      hold_all();
      if (dies) halt_machine(); /* the kernel survived misuse, so its state cannot be trusted */
    }
  }
}

static int __init iovafuzz_replay(void) {
  if (!calls) return 0;
  if (!host_open(calls, answers)) panic("iovafuzz: cannot open %s and %s", calls, answers);
  atomic_notifier_chain_register(&panic_notifier_list, &at_panic);
  set_up_faults();
  set_up_counters();
  interpreter = current;
#if defined(CONFIG_IOMMU_DMA) && TREE_HOLDS_CACHE
  iova_cache_put(); /* drop the reference that dma-iommu.c took at boot */
#endif
  make_calls();
  halt_machine();
  return 0;
}
late_initcall_sync(iovafuzz_replay);
