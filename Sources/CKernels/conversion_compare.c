// How much two tensors in the kernels' layouts differ, value by value. The positions of the values do not matter as long
// as both tensors have the same.
//
// For blocks with scales a and b and integers x and y the sum of (a x - b y)^2 is a^2 xx - 2ab xy + b^2 yy with integer
// sums xx, xy, yy. In doubles this is exact, and so 0 when all values are equal, unless the scales are further apart
// than any two equal values allow.
#include "conversion.h"

#include <math.h>

static inline void add_row(cc_difference *difference, double base_unit, double other_unit, int32_t base_squares,
                           int32_t products, int32_t other_squares) {
  double base = base_unit * base_unit * base_squares;
  double both = base_unit * other_unit * products;
  double other = other_unit * other_unit * other_squares;
  double sum = (base - both) + (other - both);
  difference->squared_difference += sum > 0 ? sum : 0;
  difference->squared_sum += base;
}

void cc_compare_mxfp4(const uint8_t *base, const uint8_t *base_scales, const uint8_t *other,
                      const uint8_t *other_scales, size_t blocks, cc_difference *difference) {
  // Twice the value of a code.
  static const int8_t doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  for (size_t block = 0; block < blocks; block++) {
    for (size_t r = 0; r < 16; r++) {
      int32_t squares = 0, products = 0, other_squares = 0;
      for (size_t g = 0; g < 4; g++) {
        for (size_t j = 0; j < 4; j++) {
          uint8_t x = base[g * 64 + r * 4 + j], y = other[g * 64 + r * 4 + j];
          int32_t x_low = doubled[x & 15], x_high = doubled[x >> 4];
          int32_t y_low = doubled[y & 15], y_high = doubled[y >> 4];
          squares += x_low * x_low + x_high * x_high;
          products += x_low * y_low + x_high * y_high;
          other_squares += y_low * y_low + y_high * y_high;
        }
      }
      add_row(difference, wide_power_of_two(base_scales[r] - 128), wide_power_of_two(other_scales[r] - 128), squares,
              products, other_squares);
    }
    base += 256;
    other += 256;
    base_scales += 16;
    other_scales += 16;
  }
}

void cc_compare_int8(const uint8_t *base, const uint16_t *base_scales, const uint8_t *other,
                     const uint16_t *other_scales, size_t blocks, cc_difference *difference) {
  for (size_t block = 0; block < blocks; block++) {
    for (size_t r = 0; r < 16; r++) {
      int32_t squares = 0, products = 0, other_squares = 0;
      for (size_t g = 0; g < 8; g++) {
        for (size_t j = 0; j < 4; j++) {
          int32_t x = base[g * 64 + r * 4 + j] - 128, y = other[g * 64 + r * 4 + j] - 128;
          squares += x * x;
          products += x * y;
          other_squares += y * y;
        }
      }
      add_row(difference, bits_to_float(half_to_float_bits(base_scales[r])),
              bits_to_float(half_to_float_bits(other_scales[r])), squares, products, other_squares);
    }
    base += 512;
    other += 512;
    base_scales += 16;
    other_scales += 16;
  }
}

static inline __attribute__((always_inline)) void compare(const void *base, const void *other, cc_element element,
                                                          size_t count, cc_difference *difference) {
  double squared_difference = 0, squared_sum = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t x_bits = load_bits(base, element, i), y_bits = load_bits(other, element, i);
    double x = (double)bits_to_float(x_bits), y = (double)bits_to_float(y_bits);
    // Equal bits are equal even where they are no numbers.
    double change = x_bits == y_bits ? 0 : x - y;
    squared_difference += change * change;
    squared_sum += x * x;
  }
  difference->squared_difference += isnan(squared_difference) ? INFINITY : squared_difference;
  difference->squared_sum += isnan(squared_sum) ? INFINITY : squared_sum;
}

void cc_compare(const void *base, const void *other, cc_element element, size_t count, cc_difference *difference) {
  switch (element) {
    case CC_BF16: return compare(base, other, CC_BF16, count, difference);
    case CC_F16: return compare(base, other, CC_F16, count, difference);
    default: return compare(base, other, CC_F32, count, difference);
  }
}
