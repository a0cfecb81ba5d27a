/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conversion of text, such as parameters, to numbers. Base 0 selects the base by prefix: 0x, 0 or
 * none. One newline may follow. Returns 0, -EINVAL if the text is no number, or -ERANGE if the
 * number does not fit; on error the result is unchanged.
 */
#ifndef IOVAFUZZ_LINUX_KSTRTOX_H
#define IOVAFUZZ_LINUX_KSTRTOX_H

#include <linux/errno.h>
#include <linux/types.h>

static inline int shim_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static inline int kstrtoull(const char *text, unsigned base, unsigned long long *result) {
  unsigned long long value = 0;
  if (*text == '+') text++;
  bool is_hex = text[0] == '0' && (text[1] | 0x20) == 'x' && shim_digit(text[2]) < 16;
  if (base == 0) base = is_hex ? 16 : text[0] == '0' ? 8 : 10;
  if (base == 16 && is_hex) text += 2;
  const char *first = text;
  for (; shim_digit(*text) < (int)base; text++)
    if (__builtin_mul_overflow(value, base, &value) ||
        __builtin_add_overflow(value, (unsigned long long)shim_digit(*text), &value))
      return -ERANGE;
  if (text == first || (*text == '\n' ? text[1] : *text)) return -EINVAL;
  *result = value;
  return 0;
}

static inline int kstrtoul(const char *text, unsigned base, unsigned long *result) {
  return kstrtoull(text, base, (unsigned long long *)result);
}
static inline int kstrtouint(const char *text, unsigned base, unsigned *result) {
  unsigned long long value = 0;
  int error = kstrtoull(text, base, &value);
  if (error) return error;
  if (value != (unsigned)value) return -ERANGE;
  *result = (unsigned)value;
  return 0;
}
static inline int kstrtoint(const char *text, unsigned base, int *result) {
  bool is_negative = *text == '-';
  unsigned value = 0;
  int error = kstrtouint(text + is_negative, base, &value);
  if (error) return error;
  if (value > 0x7fffffffu + is_negative) return -ERANGE;
  *result = (int)(is_negative ? 0u - value : value);
  return 0;
}

/* The first letters decide: y, t, 1, on are true; n, f, 0, of are false. */
static inline int kstrtobool(const char *text, bool *result) {
  char first = text ? text[0] : 0, second = first ? text[1] : 0;
  bool is_on = (first | 0x20) == 'o' && (second | 0x20) == 'n';
  bool is_off = (first | 0x20) == 'o' && (second | 0x20) == 'f';
  if (is_on || first == '1' || (first | 0x20) == 'y' || (first | 0x20) == 't')
    *result = true;
  else if (is_off || first == '0' || (first | 0x20) == 'n' || (first | 0x20) == 'f')
    *result = false;
  else
    return -EINVAL;
  return 0;
}

#endif
