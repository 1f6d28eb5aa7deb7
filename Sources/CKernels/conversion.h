// What the conversions of checkpoint tensors share: single elements, and the rows of a row group.
#pragma once
#include "include/CConversion.h"

#include <string.h>

// A fused multiply-add would make results differ between machines.
#pragma STDC FP_CONTRACT OFF

static inline float bits_to_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static inline uint32_t float_to_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

/// 2^exponent for -126..127.
static inline float power_of_two(int exponent) { return bits_to_float((uint32_t)(exponent + 127) << 23); }

/// 2^exponent for -1022..1023.
static inline double wide_power_of_two(int exponent) {
  uint64_t bits = (uint64_t)(exponent + 1023) << 52;
  double value;
  memcpy(&value, &bits, 8);
  return value;
}

static inline uint32_t half_to_float_bits(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = (half >> 10) & 31, fraction = half & 0x3ff;
  if (exponent == 31) return sign | 0x7f800000 | fraction << 13;
  if (exponent == 0) return sign | float_to_bits((float)fraction * 0x1p-24f);
  return sign | (exponent + 112) << 23 | fraction << 13;
}

/// Positive finite float to half, round to nearest even, at most 65504.
static inline uint16_t positive_float_to_half(float value) {
  if (value >= 65504.0f) return 0x7bff;
  if (value < 0x1p-14f) return (uint16_t)((value * 0x1p24f + 0x1p23f) - 0x1p23f);
  uint32_t bits = float_to_bits(value);
  bits += 0xfff + ((bits >> 13) & 1);
  return (uint16_t)((bits >> 13) - (112 << 10));
}

static inline uint16_t float_bits_to_bf16(uint32_t bits) {
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static inline __attribute__((always_inline)) uint32_t load_bits(const void *source, cc_element element, size_t index) {
  switch (element) {
    case CC_BF16: return (uint32_t)((const uint16_t *)source)[index] << 16;
    case CC_F16: return half_to_float_bits(((const uint16_t *)source)[index]);
    default: return ((const uint32_t *)source)[index];
  }
}

/// The checkpoint row that becomes row r of a row group.
static inline size_t source_row(cc_row_order order, size_t group, size_t r) {
  return order == CC_ROWS_PLAIN ? 16 * group + r : 2 * (16 * (group / 2) + r) + group % 2;
}

/// One row's block, checkpoint order, into row r of a row group's block.
static inline void pack_row_block(const uint8_t *block, size_t r, uint8_t *out) {
  uint64_t low, high;
  memcpy(&low, block, 8);
  memcpy(&high, block + 8, 8);
  const uint64_t nibbles = 0x0f0f0f0f0f0f0f0full;
  uint64_t even = (low & nibbles) | (high & nibbles) << 4;
  uint64_t odd = (low >> 4 & nibbles) | (high & ~nibbles);
  for (size_t g = 0; g < 4; g++) {
    uint32_t dword = (uint32_t)(even >> 16 * g & 0xffff) | (uint32_t)(odd >> 16 * g & 0xffff) << 16;
    memcpy(out + g * 64 + r * 4, &dword, 4);
  }
}
