// Checkpoint tensors to the kernels' weight layouts: the scalar loops, written so that the compiler can vectorise them.
//
// MXFP4 in integers: with m = {0,1,2,3,4,6,8,12}[code] a value is m * 2^(scale - 128). A float 1.f * 2^(E - 127) with
// only its highest mantissa bit f set is such a value when code = 2 * (E - scale + 1) + f lies in 2..7, or when
// E - scale + 1 = 0 and f = 0 (code 1). Lowering the scale by one keeps every value of a block that needs no code above
// 5, so if any scale represents a block exactly, then so does the one that gives the largest value code 6 or 7.
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

// ---------------------------------------------------------------------------------------------------- packing

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

static inline size_t source_row(cc_row_order order, size_t group, size_t r) {
  return order == CC_ROWS_PLAIN ? 16 * group + r : 2 * (16 * (group / 2) + r) + group % 2;
}

void cc_mxfp4_pack(const uint8_t *blocks, const uint8_t *scales, size_t rows, size_t k_blocks, cc_row_order order,
                   size_t group_begin, size_t group_end, uint8_t *out_blocks, uint8_t *out_scales) {
  for (size_t group = group_begin; group < group_end; group++) {
    for (size_t r = 0; r < 16; r++) {
      size_t row = source_row(order, group, r);
      if (row >= rows) {
        static const uint8_t zeros[16];
        for (size_t k = 0; k < k_blocks; k++) {
          pack_row_block(zeros, r, out_blocks + k * 256);
          out_scales[k * 16 + r] = 0;
        }
        continue;
      }
      const uint8_t *block = blocks + row * k_blocks * 16, *scale = scales + row * k_blocks;
      for (size_t k = 0; k < k_blocks; k++) {
        pack_row_block(block + k * 16, r, out_blocks + k * 256);
        out_scales[k * 16 + r] = scale[k];
      }
    }
    out_blocks += k_blocks * 256;
    out_scales += k_blocks * 16;
  }
}

static inline __attribute__((always_inline)) uint64_t pack_bf16(const void *source, cc_element element, size_t rows,
                                                                size_t columns, uint16_t *out) {
  uint64_t inexact = 0;
  for (size_t group = 0; group * 16 < rows; group++, out += columns * 16) {
    for (size_t r = 0; r < 16; r++) {
      size_t row = group * 16 + r;
      for (size_t c = 0; c < columns; c++) {
        uint32_t bits = row < rows ? load_bits(source, element, row * columns + c) : 0;
        uint16_t rounded = float_bits_to_bf16(bits);
        if (element != CC_BF16) inexact += (uint32_t)rounded << 16 != bits;
        out[(c / 2 * 16 + r) * 2 + c % 2] = rounded;
      }
    }
  }
  return inexact;
}

uint64_t cc_pack_bf16(const void *source, cc_element element, size_t rows, size_t columns, uint16_t *out) {
  switch (element) {
    case CC_BF16: {
      // Pairs of columns move as dwords; NaN payloads stay as they are.
      const uint32_t *pairs = source;
      for (size_t group = 0; group * 16 < rows; group++, out += columns * 16) {
        for (size_t r = 0; r < 16; r++) {
          size_t row = group * 16 + r;
          for (size_t p = 0; p < columns / 2; p++) {
            uint32_t pair = row < rows ? pairs[row * (columns / 2) + p] : 0;
            memcpy(out + (p * 16 + r) * 2, &pair, 4);
          }
        }
      }
      return 0;
    }
    case CC_F16: return pack_bf16(source, CC_F16, rows, columns, out);
    default: return pack_bf16(source, CC_F32, rows, columns, out);
  }
}

uint64_t cc_to_bf16(const void *source, cc_element element, size_t count, uint16_t *out) {
  uint64_t inexact = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = load_bits(source, element, i);
    out[i] = element == CC_BF16 ? (uint16_t)(bits >> 16) : float_bits_to_bf16(bits);
    inexact += (uint32_t)out[i] << 16 != bits;
  }
  return inexact;
}

void cc_to_f32(const void *source, cc_element element, size_t count, float *out) {
  for (size_t i = 0; i < count; i++) out[i] = bits_to_float(load_bits(source, element, i));
}

// ---------------------------------------------------------------------------------------------- MXFP4 quantising

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

// ----------------------------------------------------------------------------------------------- int8 quantising

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

// ------------------------------------------------------------------------------------------------ random weights

/// SplitMix64 at a position of a stream (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
static inline uint64_t random_word(uint64_t seed, uint64_t position) {
  uint64_t z = seed + (position + 1) * 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}

void cc_random_words(uint64_t seed, uint64_t position, size_t count, uint64_t *words) {
  for (size_t i = 0; i < count; i++) words[i] = random_word(seed, position + i);
}

void cc_random_bf16(uint64_t seed, uint64_t position, size_t count, float deviation, float mean, uint16_t *out) {
  // The sum of four uniform 16-bit numbers is close to normal: mean 2 * 65535, variance (65536^2 - 1) / 3.
  const float factor = deviation / 37837.2f;
  for (size_t i = 0; i < count; i++) {
    uint64_t word = random_word(seed, position + i);
    int32_t sum = (int32_t)(word & 0xffff) + (int32_t)(word >> 16 & 0xffff) + (int32_t)(word >> 32 & 0xffff) +
                  (int32_t)(word >> 48);
    out[i] = float_bits_to_bf16(float_to_bits((float)(sum - 131070) * factor + mean));
  }
}

void cc_random_scales(uint64_t seed, uint64_t position, size_t count, uint8_t base, uint8_t *out) {
  static const int8_t steps[4] = {-1, 0, 0, 1};
  for (size_t i = 0; i < count; i++) {
    uint64_t word = random_word(seed, (position + i) / 16);
    out[i] = (uint8_t)(base + steps[word >> (position + i) % 16 * 4 & 3]);
  }
}
