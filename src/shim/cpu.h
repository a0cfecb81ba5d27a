/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs and their hotplug (linux/smp.h, linux/cpumask.h, linux/cpuhotplug.h, v6.12).
 *
 * One CPU runs at a time: the current one. A CPU that goes offline first stops being online, then
 * the dead callback of every registered instance runs on another CPU, newest instance first. Before
 * one comes online, the startup callback of each does, in the same order; where one fails, the CPU
 * stays offline and those before it are torn down again.
 * Broken rules are findings (oracles.inc, cpuhp-*).
 */
#ifndef IOVAFUZZ_SHIM_CPU_H
#define IOVAFUZZ_SHIM_CPU_H

#include <stdbool.h>

#include "site.h"

#define SHIM_MAX_CPUS 8

#ifdef __cplusplus
extern "C" {
#endif

struct hlist_node {
  struct hlist_node *next, **pprev;
};

/* CPUHP_IOMMU_IOVA_DEAD is the only state that the allocator uses. */
enum cpuhp_state { CPUHP_OFFLINE, CPUHP_IOMMU_IOVA_DEAD, CPUHP_ONLINE };
typedef int (*shim_cpuhp_callback)(unsigned int cpu, struct hlist_node* node);

unsigned int num_possible_cpus(void);
unsigned int num_online_cpus(void);
bool cpu_online(unsigned int cpu);
unsigned int raw_smp_processor_id(void);
/* The current CPU. A finding if the task could migrate: outside spinlocks and handlers, with
 * interrupts, softirqs and preemption on. */
unsigned int shim_stable_processor_id(const struct shim_site* site);
/* The next online CPU at or after cpu, num_possible_cpus() if there is none. */
unsigned int shim_next_online_cpu(unsigned int cpu);

/* For the engine. The CPU must be possible; the last online CPU must stay online. */
void shim_set_current_cpu(unsigned int cpu);
void shim_cpu_offline(unsigned int cpu);
/* 0, or what a startup callback returned. */
int shim_cpu_online(unsigned int cpu);

/* 0, or -ENOMEM when the fault plan says so. Both callbacks may be NULL. May sleep. */
int cpuhp_setup_state_multi(enum cpuhp_state state, const char* name, shim_cpuhp_callback startup,
                            shim_cpuhp_callback teardown, const struct shim_site* site);
/* All instances must have been removed. May sleep. */
void cpuhp_remove_multi_state(enum cpuhp_state state, const struct shim_site* site);
/* 0, or -ENOMEM when the fault plan says so. May sleep. */
int cpuhp_state_add_instance_nocalls(enum cpuhp_state state, struct hlist_node* node,
                                     const struct shim_site* site);
/* The same, and calls startup for each CPU that is online, in their order; what that returns where
 * it fails, and then those before are torn down. */
int cpuhp_state_add_instance(enum cpuhp_state state, struct hlist_node* node,
                             const struct shim_site* site);
/* 0. May sleep. */
int cpuhp_state_remove_instance_nocalls(enum cpuhp_state state, struct hlist_node* node,
                                        const struct shim_site* site);

/* The same, and calls teardown for each CPU that is online. */
int cpuhp_state_remove_instance(enum cpuhp_state state, struct hlist_node* node,
                                const struct shim_site* site);

#ifdef __cplusplus
}
#endif

#define smp_processor_id() shim_stable_processor_id(SHIM_SITE)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < num_possible_cpus(); (cpu)++)
#define for_each_online_cpu(cpu)                                     \
  for ((cpu) = shim_next_online_cpu(0); (cpu) < num_possible_cpus(); \
       (cpu) = shim_next_online_cpu((cpu) + 1))
#define cpuhp_setup_state_multi(state, name, startup, teardown) \
  cpuhp_setup_state_multi(state, name, startup, teardown, SHIM_SITE)
#define cpuhp_remove_multi_state(state) cpuhp_remove_multi_state(state, SHIM_SITE)
#define cpuhp_state_add_instance_nocalls(state, node) \
  cpuhp_state_add_instance_nocalls(state, node, SHIM_SITE)
#define cpuhp_state_add_instance(state, node) cpuhp_state_add_instance(state, node, SHIM_SITE)
#define cpuhp_state_remove_instance_nocalls(state, node) \
  cpuhp_state_remove_instance_nocalls(state, node, SHIM_SITE)
#define cpuhp_state_remove_instance(state, node) cpuhp_state_remove_instance(state, node, SHIM_SITE)

#endif
