// Checkpoint tensors to the kernels' weight layouts without a loss, and to plain floats: scalar loops, written so that
// the compiler can vectorise them.
#include "conversion.h"

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
