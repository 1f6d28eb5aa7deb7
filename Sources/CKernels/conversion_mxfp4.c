// Floats to MXFP4 and back.
//
// MXFP4 in integers: with m = {0,1,2,3,4,6,8,12}[code] a value is m * 2^(scale - 128). A float 1.f * 2^(E - 127) with
// only its highest mantissa bit f set is such a value when code = 2 * (E - scale + 1) + f lies in 2..7, or when
// E - scale + 1 = 0 and f = 0 (code 1). Lowering the scale by one keeps every value of a block that needs no code above
// 5, so if any scale represents a block exactly, then so does the one that gives the largest value code 6 or 7.
#include "conversion.h"

/// The codes of a block if the scale `exponent - 2` represents it exactly; exponent is that of the largest magnitude.
static inline int exact_codes(const uint32_t *bits, int exponent, uint8_t *codes) {
  int32_t bias = 2 * (exponent - 2) - 2;
  uint32_t wrong = 0;
  int32_t code[32];
  for (int i = 0; i < 32; i++) {
    uint32_t magnitude = bits[i] & 0x7fffffff;
    int32_t c = (int32_t)(magnitude >> 22) - bias;
    int32_t zero = magnitude == 0;
    wrong |= (magnitude & 0x3fffff) | (uint32_t)(!zero & ((c < 0) | (c == 1)));
    c = c == 0 ? 1 : c;
    code[i] = (zero ? 0 : c) | (int32_t)(bits[i] >> 31 << 3);
  }
  if (wrong) return 0;
  for (int i = 0; i < 32; i++) codes[i] = (uint8_t)code[i];
  return 1;
}

/// Squared error, in units of the scale's smallest step, of rounding magnitudes times `factor` to the grid.
static inline float rounding_error(const float *magnitudes, float factor) {
  float lanes[8] = {0};
  for (int i = 0; i < 32; i += 8) {
    for (int j = 0; j < 8; j++) {
      float x = magnitudes[i + j] * factor;
      float m = (x > 0.5f ? 1.0f : 0.0f) + (x >= 1.5f ? 1.0f : 0.0f) + (x > 2.5f ? 1.0f : 0.0f) +
                (x >= 3.5f ? 1.0f : 0.0f) + (x > 5.0f ? 2.0f : 0.0f) + (x >= 7.0f ? 2.0f : 0.0f) +
                (x > 10.0f ? 4.0f : 0.0f);
      float difference = x - m;
      lanes[j] += difference * difference;
    }
  }
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

/// The best scale for magnitudes whose largest is `largest` = 1.f * 2^(exponent - 127), 8 <= exponent <= 246, among
/// lowest...highest, and its squared error.
static int best_scale(const float *magnitudes, float largest, int exponent, int lowest, int highest, double *error) {
  int best = -1;
  double best_error = 0;
  // The usual choice first, then one above (nothing clipped, so still larger ones only lose values of the grid), then
  // downward until what the largest value loses to clipping is alone too much.
  const int first = exponent - 2;
  for (int step = 0; step < 12; step++) {
    int scale = step == 0 ? first : step == 1 ? first + 1 : first + 1 - step;
    if (scale > highest) scale = highest;
    if (scale < lowest) scale = lowest;
    double unit = wide_power_of_two(scale - 128);
    double clipped = (double)largest - 12 * unit;
    if (best >= 0 && step > 1 && clipped * clipped >= best_error) break;
    double candidate = (double)rounding_error(magnitudes, power_of_two(128 - scale)) * unit * unit;
    if (best < 0 || candidate < best_error) {
      best = scale;
      best_error = candidate;
    }
  }
  *error = best_error;
  return best;
}

static uint8_t quantize_inexact(uint32_t *bits, uint8_t *codes, cc_error *error) {
  uint32_t largest = 0;
  for (int i = 0; i < 32; i++) {
    if ((bits[i] & 0x7f800000) == 0x7f800000) {
      bits[i] = 0;
      error->not_finite++;
    }
    uint32_t magnitude = bits[i] & 0x7fffffff;
    largest = magnitude > largest ? magnitude : largest;
  }
  // Moving the block to the middle of the exponent range keeps every factor below a normal float. Subnormals become
  // normal exactly; next to a huge value what would underflow rounds to zero in any case.
  int shift = largest >> 23 < 8 ? 64 : largest >> 23 > 240 ? -64 : 0;
  float factor = power_of_two(shift), magnitudes[32];
  double squares = 0;
  for (int i = 0; i < 32; i++) {
    float value = bits_to_float(bits[i] & 0x7fffffff);
    squares += (double)value * (double)value;
    magnitudes[i] = value * factor;
  }
  float top = bits_to_float(largest) * factor;
  int exponent = (int)(float_to_bits(top) >> 23);
  uint8_t scale = 127;
  double squared_error = 0;
  if (largest != 0) {
    int lowest = shift > 0 ? shift : 1, highest = shift < 0 ? 252 + shift : 252;
    int best = best_scale(magnitudes, top, exponent, lowest, highest, &squared_error);
    squared_error *= wide_power_of_two(-2 * shift);
    scale = (uint8_t)(best - shift);
    factor = power_of_two(128 - best);
  }
  for (int i = 0; i < 32; i++) {
    float x = magnitudes[i] * factor;
    int code = (x > 0.5f) + (x >= 1.5f) + (x > 2.5f) + (x >= 3.5f) + (x > 5.0f) + (x >= 7.0f) + (x > 10.0f);
    codes[i] = (uint8_t)(code | (int)(bits[i] >> 31 << 3));
  }
  error->squared_sum += squares;
  error->squared_error += squared_error;
  error->inexact_groups += squared_error != 0;
  return scale;
}

/// Codes and scale of 32 floats given by their bits (which it may change).
static uint8_t quantize_codes(uint32_t *bits, uint8_t *codes, cc_error *error) {
  error->groups++;
  uint32_t largest = 0;
  for (int i = 0; i < 32; i++) {
    uint32_t magnitude = bits[i] & 0x7fffffff;
    largest = magnitude > largest ? magnitude : largest;
  }
  int exponent = (int)(largest >> 23);
  int is_exact = exponent >= 3 && exponent <= 254 && exact_codes(bits, exponent, codes);
  if (!is_exact) return quantize_inexact(bits, codes, error);
  double squares = 0;
  float lanes[8] = {0};
  if (exponent > 64 && exponent < 188) {
    for (int i = 0; i < 32; i += 8)
      for (int j = 0; j < 8; j++) {
        float value = bits_to_float(bits[i + j]);
        lanes[j] += value * value;
      }
    for (int j = 0; j < 8; j++) squares += (double)lanes[j];
  } else {
    for (int i = 0; i < 32; i++) squares += (double)bits_to_float(bits[i]) * (double)bits_to_float(bits[i]);
  }
  error->squared_sum += squares;
  return (uint8_t)(exponent - 2);
}

static inline void codes_to_block(const uint8_t *codes, uint8_t *block) {
  for (int i = 0; i < 16; i++) block[i] = (uint8_t)(codes[2 * i] | codes[2 * i + 1] << 4);
}

uint8_t cc_quantize_mxfp4_block(const float *values, uint8_t *out_block, cc_error *error) {
  uint32_t bits[32];
  uint8_t codes[32];
  memcpy(bits, values, sizeof bits);
  uint8_t scale = quantize_codes(bits, codes, error);
  codes_to_block(codes, out_block);
  return scale;
}

static inline __attribute__((always_inline)) void quantize_transposed(const void *source, cc_element element,
                                                                      size_t rows, size_t k_blocks, cc_row_order order,
                                                                      size_t groups, uint8_t *out_blocks,
                                                                      uint8_t *out_scales, cc_error *error) {
  // k blocks outside, so that the 32 source lines of a block are read front to back while they are in the cache.
  for (size_t k = 0; k < k_blocks; k++) {
    for (size_t group = 0; group < groups; group++) {
      uint32_t tile[16][32];
      uint8_t *out = out_blocks + (group * k_blocks + k) * 256, *scales = out_scales + (group * k_blocks + k) * 16;
      size_t first = source_row(order, group, 0), stride = order == CC_ROWS_PLAIN ? 1 : 2;
      size_t present = first >= rows ? 0 : (rows - first + stride - 1) / stride;
      if (present > 16) present = 16;
      for (size_t i = 0; i < 32; i++) {
        size_t line = (k * 32 + i) * rows + first;
        for (size_t r = 0; r < present; r++) tile[r][i] = load_bits(source, element, line + r * stride);
      }
      for (size_t r = 0; r < 16; r++) {
        uint8_t codes[32] = {0}, block[16];
        scales[r] = r < present ? quantize_codes(tile[r], codes, error) : 0;
        codes_to_block(codes, block);
        pack_row_block(block, r, out);
      }
    }
  }
}

void cc_quantize_mxfp4_transposed(const void *source, cc_element element, size_t rows, size_t k_blocks,
                                  cc_row_order order, size_t groups, uint8_t *out_blocks, uint8_t *out_scales,
                                  cc_error *error) {
  switch (element) {
    case CC_BF16:
      return quantize_transposed(source, CC_BF16, rows, k_blocks, order, groups, out_blocks, out_scales, error);
    case CC_F16:
      return quantize_transposed(source, CC_F16, rows, k_blocks, order, groups, out_blocks, out_scales, error);
    default:
      return quantize_transposed(source, CC_F32, rows, k_blocks, order, groups, out_blocks, out_scales, error);
  }
}

void cc_decode_mxfp4_block(const uint8_t *block, uint8_t scale, float *out) {
  static const float table[16] = {0, .5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -.5f, -1, -1.5f, -2, -3, -4, -6};
  double unit = wide_power_of_two(scale - 127);
  for (int i = 0; i < 16; i++) {
    out[2 * i] = (float)((double)table[block[i] & 15] * unit);
    out[2 * i + 1] = (float)((double)table[block[i] >> 4] * unit);
  }
}

/// The bfloat16 of a code for a scale that makes every code a normal number (2..252): see the head of this file.
static inline uint16_t normal_bf16(uint32_t code, uint32_t scale) {
  uint32_t magnitude = code & 7;
  uint32_t upper = magnitude + 2 * scale - (magnitude == 1 ? 3 : 2);
  return (uint16_t)((code >> 3) << 15 | (magnitude == 0 ? 0 : upper << 6));
}

void cc_decode_mxfp4_transposed(const uint8_t *blocks, const uint8_t *scales, size_t rows, size_t k_blocks,
                                uint16_t *out) {
  for (size_t k = 0; k < k_blocks; k++) {
    for (size_t row = 0; row < rows; row++) {
      const uint8_t *block = blocks + (row * k_blocks + k) * 16;
      uint8_t scale = scales[row * k_blocks + k];
      uint16_t values[32], *column = out + k * 32 * rows + row;
      if (scale >= 2 && scale <= 252) {
        for (int i = 0; i < 16; i++) {
          values[2 * i] = normal_bf16(block[i] & 15, scale);
          values[2 * i + 1] = normal_bf16(block[i] >> 4, scale);
        }
      } else {
        float decoded[32];
        cc_decode_mxfp4_block(block, scale, decoded);
        for (int i = 0; i < 32; i++) values[i] = (uint16_t)(float_to_bits(decoded[i]) >> 16);
      }
      for (size_t i = 0; i < 32; i++) column[i * rows] = values[i];
    }
  }
}
