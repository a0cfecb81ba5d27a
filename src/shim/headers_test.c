/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses every kernel header of the shim from C, as kernel code does. */
#include <asm/barrier.h>
#include <linux/align.h>
#include <linux/android_kabi.h>
#include <linux/android_vendor.h>
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/bottom_half.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kmemleak.h>
#include <linux/kstrtox.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/sprintf.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/topology.h>
#include <linux/tracepoint.h>
#include <linux/types.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <trace/events/maple_tree.h>

struct holder {
  long before;
  ANDROID_VENDOR_DATA(1);
  ANDROID_KABI_RESERVE(1);
  struct hlist_node node;
  struct llist_node listed;
  struct delayed_work work;
  struct timer_list timer;
};

static_assert(sizeof(u64) == 8);
static_assert(sizeof(u32) == 4, "with a message");
static DEFINE_MUTEX(a_mutex);
static DEFINE_SPINLOCK(a_lock);
static DEFINE_RAW_SPINLOCK(another_lock);
static unsigned long limit __read_mostly = DMA_BIT_MASK(36);

static int __init set_limit(char* text) { return kstrtoul(text, 0, &limit); }
early_param("limit", set_limit);

/* Whether it is taken, by whoever asks. */
static bool is_taken(spinlock_t* lock) { return lockdep_is_held(lock) && spin_is_locked(lock); }

static int guarded(int way) {
  guard(spinlock)(&a_lock);
  guard(raw_spinlock_irqsave)(&another_lock);
  if (way == 1) return irqs_disabled() && is_taken(&a_lock);
  return is_taken(&another_lock) ? way : 0;
}

static int guarded_in_part(void) {
  int times = 0;
  scoped_guard(spinlock_irq, &a_lock) {
    times++;
    if (!irqs_disabled() || !is_taken(&a_lock)) return -1;
  }
  scoped_guard(spinlock_bh, &a_lock) times++;
  guard(mutex)(&a_mutex);
  scoped_guard(spinlock_irqsave, &a_lock) return times;
  return -2;
}

#define EXPECT(expression) \
  if (!(expression)) return #expression

/* Each of these returns the first expression that is wrong, or NULL. */
static const char* wrong_in_counters(void) {
  atomic_t small = ATOMIC_INIT(INT_MAX);
  atomic64_t large = ATOMIC64_INIT(1);
  atomic_long_t other = ATOMIC_LONG_INIT(5);
  int seen = 3;
  long long seen64 = 2;
  struct holder a, b, *place = &a;

  EXPECT(atomic_inc_return(&small) == -INT_MAX - 1 && atomic_dec_return(&small) == INT_MAX);
  atomic_set_release(&small, 3);
  EXPECT(atomic_read_acquire(&small) == 3);
  EXPECT(atomic_add_return(2, &small) == 5 && atomic_sub_return_relaxed(1, &small) == 4);
  EXPECT(atomic_fetch_add(2, &small) == 4 && atomic_fetch_dec(&small) == 6);
  EXPECT(atomic_fetch_or(2, &small) == 5 && atomic_fetch_and(6, &small) == 7);
  EXPECT(atomic_fetch_xor(5, &small) == 6 && atomic_read(&small) == 3);
  atomic_inc(&small);
  atomic_dec(&small);
  atomic_add(7, &small);
  atomic_sub(7, &small);
  EXPECT(!atomic_try_cmpxchg(&small, &seen, 4) == 0 && atomic_read(&small) == 4);
  EXPECT(!atomic_try_cmpxchg_acquire(&small, &seen, 9) && seen == 4);
  EXPECT(atomic_xchg_release(&small, 1) == 4 && atomic_cmpxchg_relaxed(&small, 1, 2) == 1);
  EXPECT(!atomic_dec_and_test(&small) && atomic_dec_and_test(&small));
  EXPECT(!atomic_inc_not_zero(&small) && !atomic_inc_and_test(&small));
  EXPECT(atomic_add_unless(&small, 2, 7) && atomic_fetch_add_unless(&small, 1, 3) == 3);
  EXPECT(atomic_read(&small) == 3 && atomic_sub_and_test(3, &small));

  EXPECT(atomic64_add_return(1ll << 40, &large) == (1ll << 40) + 1);
  EXPECT(atomic64_xchg(&large, 2) == 2 + (1ll << 40) - 1);
  EXPECT(atomic64_try_cmpxchg(&large, &seen64, 8) && atomic64_dec_return(&large) == 7);
  EXPECT(atomic_long_inc_return(&other) == 6 && atomic_long_read(&other) == 6);
  atomic_long_dec(&other);
  EXPECT(atomic_long_cmpxchg(&other, 5, 1) == 5 && atomic_long_dec_and_test(&other));

  EXPECT(xchg(&place, &b) == &a && cmpxchg(&place, &a, NULL) == &b && place == &b);
  EXPECT(cmpxchg(&place, &b, NULL) == &b && !place);
  return NULL;
}

struct listed {
  int number;
  struct list_head on;
};

/* The numbers of a list's elements as decimal digits, from its first or from its last. */
static int numbers(struct list_head* list) {
  struct listed* position;
  int digits = 0;
  list_for_each_entry(position, list, on) digits = digits * 10 + position->number;
  return digits;
}
static int numbers_back(struct list_head* list) {
  struct listed* position;
  int digits = 0;
  list_for_each_entry_reverse(position, list, on) digits = digits * 10 + position->number;
  return digits;
}

static const char* wrong_in_lists(void) {
  LIST_HEAD(list);
  LIST_HEAD(other);
  struct listed elements[4] = {{.number = 1}, {.number = 2}, {.number = 3}, {.number = 4}};
  struct listed *position, *following;
  struct list_head *link, *next_link;
  int links = 0;

  EXPECT(list_empty(&list) && !list_first_entry_or_null(&list, struct listed, on));
  list_add(&elements[1].on, &list);
  EXPECT(!list_empty(&list) && list_is_singular(&list));
  list_add(&elements[0].on, &list);
  list_add_tail(&elements[2].on, &list);
  EXPECT(numbers(&list) == 123 && numbers_back(&list) == 321 && !list_is_singular(&list));
  EXPECT(list_first_entry(&list, struct listed, on) == &elements[0]);
  EXPECT(list_last_entry(&list, struct listed, on) == &elements[2]);
  EXPECT(list_next_entry(&elements[0], on) == &elements[1]);
  EXPECT(list_prev_entry(&elements[1], on) == list_first_entry_or_null(&list, struct listed, on));
  EXPECT(list_is_first(&elements[0].on, &list) && list_is_last(&elements[2].on, &list));
  list_move(&elements[2].on, &list);
  EXPECT(numbers(&list) == 312 && numbers_back(&list) == 213);
  list_move_tail(&elements[2].on, &list);
  list_del_init(&elements[1].on);
  EXPECT(numbers(&list) == 13 && list_empty(&elements[1].on));
  list_add_tail(&elements[3].on, &other);
  list_splice_init(&list, &other);
  EXPECT(numbers(&other) == 134 && numbers_back(&other) == 431 && list_empty(&list));
  list_add(&elements[1].on, &list);
  list_splice_tail_init(&list, &other);
  EXPECT(numbers(&other) == 1342 && numbers_back(&other) == 2431 && list_empty(&list));
  list_splice(&list, &other);
  list_splice_tail(&list, &other);
  EXPECT(numbers(&other) == 1342);
  list_for_each(link, &other) links++;
  list_for_each_safe(link, next_link, &other) if (links-- == 4) list_del(link);
  EXPECT(links == 0 && numbers(&other) == 342);
  list_for_each_entry_safe(position, following, &other, on) list_del(&position->on);
  EXPECT(list_empty(&other));
  return NULL;
}

static const char* wrong_in_percpu(void) {
  struct counts {
    u64 before;
    long n[8];
  }* counts = alloc_percpu(struct counts);
  u32* one = alloc_percpu(u32);

  EXPECT(counts && one);
  this_cpu_inc(*one);
  this_cpu_add(*one, 5);
  this_cpu_dec(*one);
  EXPECT(this_cpu_read(*one) == 5 && *raw_cpu_ptr(one) == 5 && this_cpu_xchg(*one, 2) == 5);
  EXPECT(this_cpu_inc_return(*one) == 3 && this_cpu_dec_return(*one) == 2);
  this_cpu_sub(counts->n[7], 2);
  this_cpu_write(counts->before, 1ull << 40);
  EXPECT(raw_cpu_ptr(counts)->n[7] == -2 && raw_cpu_ptr(counts)->before == 1ull << 40);
  preempt_disable();
  __this_cpu_inc(counts->n[0]);
  __this_cpu_add(counts->n[0], 2);
  __this_cpu_dec(counts->n[0]);
  __this_cpu_sub(counts->n[0], 1);
  EXPECT(__this_cpu_read(counts->n[0]) == 1);
  __this_cpu_write(counts->n[0], 9);
  preempt_enable();
  EXPECT(raw_cpu_ptr(counts)->n[0] == 9);
  free_percpu(counts);
  free_percpu(one);
  return NULL;
}

static const char* wrong_in_trylocks(void) {
  unsigned long flags, before;

  EXPECT(spin_trylock_irqsave(&a_lock, flags) && irqs_disabled());
  EXPECT(!spin_trylock_irqsave(&a_lock, before) && irqs_disabled());
  spin_unlock_irqrestore(&a_lock, flags);
  EXPECT(!irqs_disabled() && spin_trylock_irq(&a_lock));
  spin_unlock_irq(&a_lock);
  EXPECT(spin_trylock_bh(&a_lock) && !irqs_disabled());
  spin_unlock_bh(&a_lock);
  EXPECT(raw_spin_trylock_irqsave(&another_lock, flags));
  raw_spin_unlock_irqrestore(&another_lock, flags);
  return NULL;
}

static const char* wrong_in_nodes(void) {
  int node, nodes = 0;
  u32* memory = kzalloc_node(sizeof(*memory), GFP_KERNEL, numa_node_id());

  EXPECT(memory && !*memory);
  kfree(memory);
  for_each_online_node(node) nodes++;
  EXPECT(nodes == 1 && cpu_to_node(1) == 0 && nr_node_ids == MAX_NUMNODES && NUMA_NO_NODE < 0);
  return NULL;
}

const char* wrong_in_library(void);
const char* wrong_in_library(void) {
  const char* (*const parts[])(void) = {wrong_in_counters, wrong_in_lists, wrong_in_percpu,
                                        wrong_in_trylocks, wrong_in_nodes};
  for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
    const char* wrong = parts[i]();
    if (wrong) return wrong;
  }
  return NULL;
}

const char* wrong_in_headers(void);
const char* wrong_in_headers(void) {
  struct holder holder = {0}, one = {0}, *holders, *following;
  LLIST_HEAD(listed);
  struct hlist_node* none = NULL;
  struct timer_list* timer = &holder.timer;
  bool on;
  int number;
  unsigned int a = 3, b = 5, cpu, cpus = 0;
  atomic_t flag = {0};
  atomic64_t counter = {41};
  refcount_t references = REFCOUNT_INIT(2);
  u32* percpu;
  struct {
    int head;
    long elements[];
  }* pages = NULL;
  struct list_head list;
  static DEFINE_RATELIMIT_STATE(limit_of_messages, HZ * 10, 1);
  struct iommu_pages_list typed, other = IOMMU_PAGES_LIST_INIT(other);

  EXPECT(__ratelimit(&limit_of_messages) && __ratelimit(&limit_of_messages));
  pr_cont("%d", limit_of_messages.burst);
  EXPECT(fls_long(0) == 0 && fls_long(1) == 1 && fls_long(~0ul) == 64);
  EXPECT(__ffs(4096) == 12 && __ffs(1) == 0);
  EXPECT(__ffs64(1ull << 40) == 40 && __fls(0x90) == 7);
  EXPECT(DMA_BIT_MASK(36) == 0xfffffffff && DMA_BIT_MASK(64) == ~0ull);
  EXPECT(set_limit("0x20\n") == 0 && limit == 32 && set_limit("+7") == 0 && limit == 7);
  EXPECT(set_limit("010") == 0 && limit == 8 && set_limit("1 ") == -EINVAL);
  EXPECT(set_limit("") == -EINVAL && set_limit("18446744073709551616") == -ERANGE && limit == 8);
  EXPECT(kstrtouint("4294967296", 10, &a) == -ERANGE && kstrtouint("ff", 16, &a) == 0 && a == 255);
  EXPECT(kstrtoint("-2147483648", 10, &number) == 0 && number == -INT_MAX - 1);
  EXPECT(kstrtoint("2147483648", 10, &number) == -ERANGE);
  EXPECT(kstrtobool("on", &on) == 0 && on && kstrtobool("Off", &on) == 0 && !on);
  EXPECT(kstrtobool("yes", &on) == 0 && on && kstrtobool("maybe", &on) == -EINVAL);
  EXPECT(time_after(5ul, ~0ul) && time_before_eq(5ul, 5ul));
  a = 3;
  EXPECT(order_base_2(0) == 0 && order_base_2(1) == 0 && order_base_2(5) == 3);
  EXPECT(order_base_2(32) == 5 && order_base_2(33) == 6);
  EXPECT(roundup_pow_of_two(1) == 1 && roundup_pow_of_two(17) == 32);
  EXPECT(is_power_of_2(64) && !is_power_of_2(0) && !is_power_of_2(65));
  EXPECT(ALIGN(5ul, 4ul) == 8 && ALIGN(8ul, 4ul) == 8 && ALIGN_DOWN(7ul, 4ul) == 4);
  EXPECT(min(a++, 7u) == 3 && a == 4 && max(a, b) == 5);
  EXPECT(min_t(unsigned char, 256, 1) == 0 && max_t(unsigned char, 256, 1) == 1);
  swap(a, b);
  EXPECT(a == 5 && b == 4);
  EXPECT(ULONG_MAX + 1 == 0 && ULLONG_MAX + 1 == 0);

  EXPECT(container_of(&holder.node, struct holder, node) == &holder);
  EXPECT(hlist_entry_safe(&holder.node, struct holder, node) == &holder);
  EXPECT(hlist_entry_safe(none, struct holder, node) == NULL);
  EXPECT(to_delayed_work(&holder.work.work) == &holder.work);
  holders = from_timer(holders, timer, timer);
  EXPECT(holders == &holder);
  EXPECT(PAGE_SIZE == 4096 && ERR_PTR(-ENOMEM) == (void*)-12l);

  EXPECT(atomic_xchg(&flag, 1) == 0 && atomic_read(&flag) == 1);
  EXPECT(atomic_cmpxchg(&flag, 0, 7) == 1 && atomic_read(&flag) == 1);
  EXPECT(atomic_cmpxchg(&flag, 1, 7) == 1 && atomic_read(&flag) == 7);
  atomic64_inc(&counter);
  EXPECT(atomic64_read(&counter) == 42);
  rcu_assign_pointer(holders, NULL);
  EXPECT(rcu_dereference_raw(holders) == NULL);

  EXPECT(!lockdep_is_held(&a_mutex.lock) && !lock_is_held(&rcu_callback_map));
  EXPECT(lock_sequence(&a_mutex.lock.dep_map) == UINT_MAX);
  mutex_lock(&a_mutex);
  a = lock_sequence(&a_mutex.lock.dep_map);
  EXPECT(a != UINT_MAX && lock_sequence(&a_mutex.lock.dep_map) == a);
  mutex_unlock(&a_mutex);
  mutex_lock(&a_mutex);
  EXPECT(lock_sequence(&a_mutex.lock.dep_map) != a);
  lockdep_assert_held(&a_mutex.lock);
  EXPECT(rcu_dereference_protected(holders, lockdep_is_held(&a_mutex.lock)) == NULL);
  EXPECT(rcu_dereference_check(holders, lock_is_held(&a_mutex.lock.dep_map)) == NULL);
  mutex_unlock(&a_mutex);
  EXPECT(guarded(1) == 1 && guarded(2) == 2 && guarded_in_part() == 2);
  EXPECT(!irqs_disabled() && !spin_is_locked(&a_lock) && !raw_spin_is_locked(&another_lock));
  EXPECT(spin_trylock(&a_lock) && !spin_trylock(&a_lock));
  spin_unlock(&a_lock);
  raw_spin_lock_irq(&another_lock);
  EXPECT(irqs_disabled());
  raw_spin_unlock_irq(&another_lock);
  raw_spin_lock_bh(&another_lock);
  local_bh_disable();
  local_bh_enable();
  raw_spin_unlock_bh(&another_lock);
  refcount_set(&references, 1);
  refcount_inc(&references);
  EXPECT(!refcount_dec_and_test(&references) && refcount_inc_not_zero(&references));
  refcount_dec(&references);
  EXPECT(refcount_dec_and_test(&references) && !refcount_inc_not_zero(&references));
  EXPECT(refcount_read(&references) == 0);
  might_alloc(GFP_KERNEL);
  rcu_read_lock();
  might_alloc(GFP_ATOMIC);
  EXPECT(rcu_dereference(holders) == NULL && rcu_dereference_check(holders, false) == NULL);
  rcu_read_unlock();

  EXPECT(xa_is_value(xa_mk_value(7)) && xa_to_value(xa_mk_value(7)) == 7);
  EXPECT(!xa_is_value(holders) && !xa_is_internal(xa_mk_value(7)) && !xa_is_node(holders));
  EXPECT(xa_is_zero(XA_ZERO_ENTRY) && !xa_is_node(XA_ZERO_ENTRY) && !xa_is_err(XA_ZERO_ENTRY));
  EXPECT(xa_is_node((void*)0x10002ul) && xa_is_advanced(XA_RETRY_ENTRY));
  EXPECT(xa_err(xa_mk_internal(-ENOMEM)) == -ENOMEM && xa_err(holders) == 0);

  llist_add(&one.listed, &listed);
  llist_add(&holder.listed, &listed);
  llist_for_each_entry(holders, listed.first, listed) cpus++;
  EXPECT(cpus == 2 && holders == NULL);
  llist_for_each_entry_safe(holders, following, llist_del_all(&listed), listed) {
    EXPECT(holders == (cpus == 2 ? &holder : &one));
    holders->listed.next = NULL;
    cpus--;
  }
  EXPECT(cpus == 0 && llist_empty(&listed));
  trace_ma_op(tracepoint_string("op"), holders);

  /* The flags default to GFP_KERNEL; the "z" functions zero the elements. */
  holders = kzalloc_objs(struct holder, 3);
  EXPECT(holders && holders[2].before == 0);
  kfree(holders);
  holders = kmalloc_obj(*holders, GFP_ATOMIC);
  EXPECT(holders && holders->before == -1);
  kfree(holders);

  percpu = alloc_percpu(u32);
  EXPECT(percpu != NULL);
  for_each_possible_cpu(cpu) {
    *per_cpu_ptr(percpu, cpu) = cpu + 1;
    cpus++;
  }
  EXPECT(cpus == num_possible_cpus() && *raw_cpu_ptr(percpu) == raw_smp_processor_id() + 1);
  EXPECT(struct_size(pages, elements, 3) == sizeof(*pages) + 3 * sizeof(long));
  EXPECT(struct_size(pages, elements, ~0ul / 4) == ~0ul);
  EXPECT(get_cpu_ptr(percpu) == raw_cpu_ptr(percpu) && this_cpu_ptr(percpu) == raw_cpu_ptr(percpu));
  put_cpu_ptr(percpu);
  EXPECT(get_cpu() == raw_smp_processor_id());
  put_cpu();
  free_percpu(percpu);
  INIT_LIST_HEAD(&list);
  INIT_LIST_HEAD(&typed.pages);
  shim_add_page(&list, SHIM_SITE);
  EXPECT(!list_empty(&list));
  iommu_put_pages_list(&list);
  EXPECT(list_empty(&list));
  shim_add_page(&typed.pages, SHIM_SITE);
  iommu_pages_list_splice(&typed, &other);
  iommu_put_pages_list(&other);
  EXPECT(!list_empty(&other.pages));

  printk(KERN_ERR "dropped, too");
  pr_err("%pe is dropped", ERR_PTR(-EINVAL));
  return NULL;
}

MODULE_LICENSE("GPL");
EXPORT_SYMBOL_GPL(wrong_in_headers);
