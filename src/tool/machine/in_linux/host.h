/* SPDX-License-Identifier: GPL-2.0-only */
/* How a booted kernel reads the calls of a list and writes answers, per machine. */
#ifndef IOVAFUZZ_HOST_H
#define IOVAFUZZ_HOST_H

#ifdef CONFIG_UML

#include <linux/reboot.h>
#include <os.h>

/* Files on the host. */
static int host_calls, host_answers;

static bool host_open(const char* calls, const char* answers) {
  host_calls = os_open_file(calls, of_read(OPENFLAGS()), 0);
  host_answers = os_open_file(answers, of_create(of_trunc(of_write(OPENFLAGS()))), 0644);
  return host_calls >= 0 && host_answers >= 0;
}

static int host_read(char* bytes, size_t size) { return os_read_file(host_calls, bytes, size); }

static void host_write(const char* bytes, size_t size) {
  while (size) {
    int n = os_write_file(host_answers, bytes, size);

    if (n <= 0) panic("iovafuzz: cannot write answers");
    bytes += n;
    size -= n;
  }
}

static void host_halt(void) {
  os_close_file(host_answers);
  kernel_halt();
}

#else

#include <linux/fs.h>
#include <linux/initrd.h>
#include <linux/io.h>

/* Calls are a file in the initial RAM disk. Answers go to a port whose bytes reach a host file at
 * once, even if the kernel dies next; a write to the exit port ends the machine. */
#define ANSWERS_PORT 0xe9
#define EXIT_PORT 0x501

static struct file* host_calls;
static loff_t host_calls_at;

static bool host_open(const char* calls, const char* answers) {
  wait_for_initramfs();
  host_calls = filp_open(calls, O_RDONLY, 0);
  return !IS_ERR(host_calls);
}

static int host_read(char* bytes, size_t size) {
  return kernel_read(host_calls, bytes, size, &host_calls_at);
}

static void host_write(const char* bytes, size_t size) { outsb(ANSWERS_PORT, bytes, size); }
static void host_halt(void) { outw(0, EXIT_PORT); }

#endif

#endif
