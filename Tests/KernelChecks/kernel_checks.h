// Random numbers, element conversions and exact-size allocations for the checks.
#ifndef KERNEL_CHECKS_PRIVATE_H
#define KERNEL_CHECKS_PRIVATE_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/KernelChecks.h"

typedef struct {
  uint64_t state;
} kc_random;

static inline uint32_t kc_next(kc_random *r) {
  r->state = r->state * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(r->state >> 33);
}
static inline int kc_below(kc_random *r, int n) { return (int)(kc_next(r) % (uint32_t)n); }
/// Roughly normal, standard deviation 1.
static inline float kc_normal(kc_random *r) {
  float sum = 0;
  for (int i = 0; i < 12; i++) sum += (float)kc_next(r) * 0x1p-31f;
  return sum - 6.0f;
}

static inline float kc_from_bits(uint32_t bits) {
  float f;
  memcpy(&f, &bits, 4);
  return f;
}
static inline uint32_t kc_bits(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return bits;
}
static inline float kc_from_bf16(uint16_t b) { return kc_from_bits((uint32_t)b << 16); }
static inline uint16_t kc_to_bf16(float f) {
  uint32_t b = kc_bits(f);
  return (uint16_t)((b + 0x7fff + (b >> 16 & 1)) >> 16);
}

static inline float kc_from_half(uint16_t h) {
  float sign = h & 0x8000 ? -1.0f : 1.0f;
  int exponent = h >> 10 & 31, fraction = h & 1023;
  if (exponent == 31) return fraction ? NAN : sign * INFINITY;
  return sign * (exponent ? ldexpf((float)(fraction + 1024), exponent - 25) : ldexpf((float)fraction, -24));
}
/// Round to nearest even of a float of the half range.
static inline uint16_t kc_to_half(float f) {
  uint16_t sign = f < 0 || (f == 0 && signbit(f)) ? 0x8000 : 0;
  float a = fminf(fabsf(f), 65504.0f);
  if (a < 0x1p-14f) return (uint16_t)(sign | (uint16_t)lrintf(a * 0x1p24f));
  int exponent;
  float m = frexpf(a, &exponent);  // a = m * 2^exponent, m in 0.5..<1
  int fraction = (int)lrintf(m * 2048.0f);
  if (fraction == 2048) {
    fraction = 1024;
    exponent++;
  }
  return (uint16_t)(sign | (exponent + 14) << 10 | (fraction - 1024));
}

/// Memory of exactly `bytes` bytes at a 64-byte boundary, so that an address sanitizer sees the first byte after it.
static inline void *kc_allocate(size_t bytes) {
  void *p = NULL;
  if (posix_memalign(&p, 64, bytes ? bytes : 1)) abort();
  return p;
}

#define KC_FAIL(...)                          \
  do {                                        \
    snprintf(message, capacity, __VA_ARGS__); \
    return -1;                                \
  } while (0)

#endif
