// Floats to int8 groups with a scale.
#include "conversion.h"

/// Quantises 32 floats to bytes (value + 128) in natural order; returns the scale.
static inline uint16_t quantize_int8_group(uint32_t *bits, uint8_t *bytes, cc_error *error) {
  error->groups++;
  uint32_t largest = 0;
  for (int i = 0; i < 32; i++) {
    uint32_t magnitude = bits[i] & 0x7fffffff;
    largest = magnitude > largest ? magnitude : largest;
  }
  if (largest >= 0x7f800000) {
    largest = 0;
    for (int i = 0; i < 32; i++) {
      if ((bits[i] & 0x7f800000) == 0x7f800000) {
        bits[i] = 0;
        error->not_finite++;
      }
      uint32_t magnitude = bits[i] & 0x7fffffff;
      largest = magnitude > largest ? magnitude : largest;
    }
  }
  uint16_t half = largest == 0 ? 0 : positive_float_to_half(bits_to_float(largest) / 127.0f);
  float scale = bits_to_float(half_to_float_bits(half));
  // Half floats below 2^-14 are so coarse that rounding the scale down could clip the largest value by more than half a
  // step, or lose everything to a zero scale.
  if (half < 0x400 && bits_to_float(largest) - 127.0f * scale > 0.5f * scale) {
    half++;
    scale = bits_to_float(half_to_float_bits(half));
  }
  float errors[4] = {0}, squares[4] = {0};
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding and subtracting it rounds to nearest even
  for (int i = 0; i < 32; i += 4) {
    for (int j = 0; j < 4; j++) {
      float value = bits_to_float(bits[i + j]);
      float x = half == 0 ? 0.0f : value / scale;
      x = x > 127.0f ? 127.0f : x < -127.0f ? -127.0f : x;
      x = (x + magic) - magic;
      float difference = value - x * scale;
      errors[j] += difference * difference;
      squares[j] += value * value;
      bytes[i + j] = (uint8_t)((int32_t)x + 128);
    }
  }
  double squared_error = ((double)errors[0] + (double)errors[1]) + ((double)errors[2] + (double)errors[3]);
  double squared_sum = ((double)squares[0] + (double)squares[1]) + ((double)squares[2] + (double)squares[3]);
  if (half == 0x7bff) {
    // Beyond the largest scale values are clipped, and their squares may not fit in a float.
    squared_error = squared_sum = 0;
    for (int i = 0; i < 32; i++) {
      double value = (double)bits_to_float(bits[i]), difference = value - (double)(bytes[i] - 128) * (double)scale;
      squared_error += difference * difference;
      squared_sum += value * value;
    }
  }
  error->squared_error += squared_error;
  error->squared_sum += squared_sum;
  error->inexact_groups += squared_error != 0;
  return half;
}

static inline __attribute__((always_inline)) void quantize_int8(const void *source, cc_element element, size_t rows,
                                                                size_t k_blocks, uint8_t *out_values,
                                                                uint16_t *out_scales, cc_error *error) {
  static const uint8_t order[4] = {0, 2, 1, 3};
  for (size_t group = 0; group * 16 < rows; group++) {
    for (size_t r = 0; r < 16; r++) {
      size_t row = group * 16 + r;
      for (size_t k = 0; k < k_blocks; k++) {
        uint8_t *out = out_values + (group * k_blocks + k) * 512 + r * 4, bytes[32];
        uint16_t *scale = out_scales + (group * k_blocks + k) * 16 + r;
        if (row < rows) {
          uint32_t bits[32];
          size_t first = (row * k_blocks + k) * 32;
          for (size_t i = 0; i < 32; i++) bits[i] = load_bits(source, element, first + i);
          *scale = quantize_int8_group(bits, bytes, error);
        } else {
          memset(bytes, 128, sizeof bytes);
          *scale = 0;
        }
        for (size_t g = 0; g < 8; g++)
          for (size_t j = 0; j < 4; j++) out[g * 64 + j] = bytes[g * 4 + order[j]];
      }
    }
  }
}

void cc_quantize_int8(const void *source, cc_element element, size_t rows, size_t k_blocks, uint8_t *out_values,
                      uint16_t *out_scales, cc_error *error) {
  switch (element) {
    case CC_BF16: return quantize_int8(source, CC_BF16, rows, k_blocks, out_values, out_scales, error);
    case CC_F16: return quantize_int8(source, CC_F16, rows, k_blocks, out_values, out_scales, error);
    default: return quantize_int8(source, CC_F32, rows, k_blocks, out_values, out_scales, error);
  }
}
