// Products of f32 activations on NEON, for the three kinds of weights.
//
// A vector holds two rows by two adjacent columns, which is what interleaving yields; a row group is eight vectors, and
// one pairwise addition at the very end puts the rows in order. Within a k block the column pairs are visited for g =
// 0..3 as 2g, 2g + 1, 8 + 2g, 9 + 2g, whether the weights are unpacked on the fly (few tokens) or into a panel (many):
// hence the same bits.
#if defined(__aarch64__)
#include "neon.h"

enum {
  TILE_TOKENS = 3,   // tokens of a register tile: 24 sums
  PASS_TOKENS = 96,  // tokens that share an unpacked panel; their sums take 12 KiB
  PANEL_BLOCKS = 8,  // k blocks of a panel: 16 KiB
};

/// Bytes of a k block of a row group.
CK_INLINE size_t block_bytes(ck_weight_kind kind) { return (size_t)256 << kind; }

/// Words of two bytes as floats: the even or odd words of each pair.
CK_INLINE float32x4_t even_words(uint8x16_t words) {
  return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_u8(words), 16));
}
CK_INLINE float32x4_t odd_words(uint8x16_t words) {
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_u8(words), vdupq_n_u32(0xffff0000)));
}
/// Four bytes biased by 128, as words whose other byte is zero, as floats.
CK_INLINE float32x4_t biased_words(uint16x4_t words) {
  return vcvtq_f32_s32(vsubq_s32(vreinterpretq_s32_u32(vmovl_u16(words)), vdupq_n_s32(128)));
}

/// Eight vectors: column pairs 2g, 2g + 1, 8 + 2g, 9 + 2g of four rows (`quarter` of the group), rows 0, 1 and 2, 3 of
/// each.
CK_INLINE void unpack_pairs(ck_weight_kind kind, const uint8_t *block, int quarter, int g, float32x4_t w[8]) {
  if (kind == CK_MXFP4) {
    // The upper and the second byte of the value as a float; the lower two are zero.
    static const uint8_t upper_bytes[16] = {0,    0x3f, 0x3f, 0x3f, 0x40, 0x40, 0x40, 0x40,
                                            0x80, 0xbf, 0xbf, 0xbf, 0xc0, 0xc0, 0xc0, 0xc0};
    static const uint8_t second_bytes[16] = {0, 0, 0x80, 0xc0, 0, 0x40, 0x80, 0xc0,
                                             0, 0, 0x80, 0xc0, 0, 0x40, 0x80, 0xc0};
    const uint8x16_t upper = vld1q_u8(upper_bytes), second = vld1q_u8(second_bytes);
    uint8x16_t v = vld1q_u8(block + g * 64 + quarter * 16);
    for (int side = 0; side < 2; side++) {
      uint8x16_t code = side ? vshrq_n_u8(v, 4) : vandq_u8(v, vdupq_n_u8(15));
      uint8x16_t a = vqtbl1q_u8(second, code), b = vqtbl1q_u8(upper, code);
      uint8x16_t low = vzip1q_u8(a, b), high = vzip2q_u8(a, b);
      w[side * 4] = even_words(low);
      w[side * 4 + 1] = even_words(high);
      w[side * 4 + 2] = odd_words(low);
      w[side * 4 + 3] = odd_words(high);
    }
  } else if (kind == CK_INT8) {
    for (int side = 0; side < 2; side++) {
      uint16x8_t v = vreinterpretq_u16_u8(vld1q_u8(block + (g + side * 4) * 64 + quarter * 16));
      uint16x8_t even = vandq_u16(v, vdupq_n_u16(255)), odd = vshrq_n_u16(v, 8);
      w[side * 4] = biased_words(vget_low_u16(even));
      w[side * 4 + 1] = biased_words(vget_high_u16(even));
      w[side * 4 + 2] = biased_words(vget_low_u16(odd));
      w[side * 4 + 3] = biased_words(vget_high_u16(odd));
    }
  } else {
    for (int i = 0; i < 4; i++) {
      int pair = (i & 2) * 4 + 2 * g + (i & 1);
      uint16x8_t v = vreinterpretq_u16_u8(vld1q_u8(block + pair * 64 + quarter * 16));
      w[i * 2] = vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(v), 16));
      w[i * 2 + 1] = vreinterpretq_f32_u32(vshll_n_u16(vget_high_u16(v), 16));
    }
  }
}

/// The activations that the vectors of `unpack_pairs` 2i and 2i + 1 take.
CK_INLINE float32x4_t activation_pair(const float *x, int g, int i) {
  return vreinterpretq_f32_f64(vld1q_dup_f64((const double *)(x + 2 * ((i & 2) * 4 + 2 * g + (i & 1)))));
}

/// Scales of four rows, repeated for the two columns.
CK_INLINE void load_scales(ck_weight_kind kind, const uint8_t *scales, size_t block, int quarter, float32x4_t s[2]) {
  float32x4_t rows =
      kind == CK_MXFP4 ? neon_e8m0(scales + block * 16 + quarter * 4) : neon_half(scales + block * 32 + quarter * 8);
  s[0] = vzip1q_f32(rows, rows);
  s[1] = vzip2q_f32(rows, rows);
}

CK_INLINE float32x4_t add_block(ck_weight_kind kind, float32x4_t scale, float32x4_t sum, float32x4_t total) {
  return kind == CK_BF16 ? vaddq_f32(total, sum) : vfmaq_f32(total, scale, sum);
}

/// Sixteen results from the eight totals of a token.
CK_INLINE void store_rows(const ck_matmul *c, int32_t token, int32_t group, const float32x4_t total[8]) {
  float *out = c->out + (size_t)token * c->out_stride + (size_t)group * CK_ROW_GROUP;
  for (int quarter = 0; quarter < 4; quarter++) {
    float32x4_t rows = vpaddq_f32(total[quarter * 2], total[quarter * 2 + 1]);
    if (c->bias) rows = vaddq_f32(rows, vld1q_f32(c->bias + (size_t)group * CK_ROW_GROUP + quarter * 4));
    vst1q_f32(out + quarter * 4, rows);
  }
}

CK_INLINE const float *activation_row(const ck_matmul *c, int32_t token) {
  return (const float *)((const uint8_t *)c->activations + (size_t)token * c->activation_stride);
}

/// All row groups by `count` tokens, weights unpacked as they are met.
CK_INLINE void multiply_on_the_fly(ck_weight_kind kind, const ck_matmul *c, int32_t count) {
  int32_t blocks = c->columns / CK_K_BLOCK;
  const float *x[TILE_TOKENS];
  for (int t = 0; t < count; t++) x[t] = activation_row(c, t);
  for (int32_t group = c->row_group_begin; group < c->row_group_end; group++) {
    float32x4_t total[TILE_TOKENS][8];
    for (int t = 0; t < count; t++)
      for (int v = 0; v < 8; v++) total[t][v] = vdupq_n_f32(0);
    for (int32_t k = 0; k < blocks; k++) {
      size_t index = (size_t)group * (size_t)blocks + (size_t)k;
      const uint8_t *block = c->weights + index * block_bytes(kind);
      float32x4_t sum[TILE_TOKENS][8];
      for (int t = 0; t < count; t++)
        for (int v = 0; v < 8; v++) sum[t][v] = vdupq_n_f32(0);
      for (int g = 0; g < 4; g++)
#pragma clang loop unroll(full)
        for (int quarter = 0; quarter < 4; quarter++) {
          float32x4_t w[8];
          unpack_pairs(kind, block, quarter, g, w);
          for (int i = 0; i < 4; i++)
            for (int t = 0; t < count; t++) {
              float32x4_t pair = activation_pair(x[t] + k * CK_K_BLOCK, g, i);
              sum[t][quarter * 2] = vfmaq_f32(sum[t][quarter * 2], w[2 * i], pair);
              sum[t][quarter * 2 + 1] = vfmaq_f32(sum[t][quarter * 2 + 1], w[2 * i + 1], pair);
            }
        }
      for (int quarter = 0; quarter < 4; quarter++) {
        float32x4_t scale[2] = {vdupq_n_f32(0), vdupq_n_f32(0)};
        if (kind != CK_BF16) load_scales(kind, c->scales, index, quarter, scale);
        for (int t = 0; t < count; t++)
          for (int v = quarter * 2; v < quarter * 2 + 2; v++)
            total[t][v] = add_block(kind, scale[v % 2], sum[t][v], total[t][v]);
      }
    }
    for (int t = 0; t < count; t++) store_rows(c, t, group, total[t]);
  }
}

/// Some k blocks of a row group as floats: [block][pair in visiting order][8][4].
CK_INLINE void unpack_panel(
    ck_weight_kind kind, const ck_matmul *c, size_t index, int32_t count, float *panel, float *scales) {
  for (int32_t k = 0; k < count; k++, index++) {
    const uint8_t *block = c->weights + index * block_bytes(kind);
    for (int quarter = 0; quarter < 4; quarter++) {
      for (int g = 0; g < 4; g++) {
        float32x4_t w[8];
        unpack_pairs(kind, block, quarter, g, w);
        for (int i = 0; i < 8; i++) vst1q_f32(panel + ((k * 16 + g * 4 + i / 2) * 8 + quarter * 2 + i % 2) * 4, w[i]);
      }
      if (kind == CK_BF16) continue;
      float32x4_t s[2];
      load_scales(kind, c->scales, index, quarter, s);
      vst1q_f32(scales + (k * 8 + quarter * 2) * 4, s[0]);
      vst1q_f32(scales + (k * 8 + quarter * 2 + 1) * 4, s[1]);
    }
  }
}

/// Adds a panel's products by `tokens` (1...3) tokens to their totals, [token][8][4].
CK_INLINE void multiply_tile(
    ck_weight_kind kind, const float *panel, const float *scales, int32_t blocks, const uint8_t *first, size_t stride,
    int tokens, float *totals) {
  const float *x[TILE_TOKENS];
  for (int t = 0; t < tokens; t++) x[t] = (const float *)(first + (size_t)t * stride);
  for (int32_t k = 0; k < blocks; k++) {
    float32x4_t sum[TILE_TOKENS][8];
    for (int t = 0; t < tokens; t++)
      for (int v = 0; v < 8; v++) sum[t][v] = vdupq_n_f32(0);
#pragma clang loop unroll(full)
    for (int step = 0; step < 16; step++) {
      float32x4_t pair[TILE_TOKENS];
      for (int t = 0; t < tokens; t++) pair[t] = activation_pair(x[t] + k * CK_K_BLOCK, step / 4, step % 4);
      for (int v = 0; v < 8; v++) {
        float32x4_t w = vld1q_f32(panel + ((k * 16 + step) * 8 + v) * 4);
        for (int t = 0; t < tokens; t++) sum[t][v] = vfmaq_f32(sum[t][v], w, pair[t]);
      }
    }
    for (int v = 0; v < 8; v++) {
      float32x4_t scale = kind == CK_BF16 ? vdupq_n_f32(0) : vld1q_f32(scales + (k * 8 + v) * 4);
      for (int t = 0; t < tokens; t++) {
        float *total = totals + (t * 8 + v) * 4;
        vst1q_f32(total, add_block(kind, scale, sum[t][v], vld1q_f32(total)));
      }
    }
  }
}

/// One row group by up to PASS_TOKENS tokens.
CK_INLINE void multiply_pass(ck_weight_kind kind, const ck_matmul *c, int32_t group, int32_t first, int32_t tokens) {
  int32_t blocks = c->columns / CK_K_BLOCK;
  float *totals = (float *)c->scratch, *scales = totals + PASS_TOKENS * 32, *panel = scales + PANEL_BLOCKS * 32;
  for (int32_t i = 0; i < tokens * 8; i++) vst1q_f32(totals + i * 4, vdupq_n_f32(0));
  for (int32_t k = 0; k < blocks; k += PANEL_BLOCKS) {
    int32_t count = blocks - k < PANEL_BLOCKS ? blocks - k : PANEL_BLOCKS;
    unpack_panel(kind, c, (size_t)group * (size_t)blocks + (size_t)k, count, panel, scales);
    const uint8_t *x = (const uint8_t *)(activation_row(c, first) + (size_t)k * CK_K_BLOCK);
    size_t stride = c->activation_stride;
    int32_t t = 0;
    for (; t + TILE_TOKENS <= tokens; t += TILE_TOKENS)
      multiply_tile(kind, panel, scales, count, x + (size_t)t * stride, stride, TILE_TOKENS, totals + t * 32);
    if (tokens - t == 2) multiply_tile(kind, panel, scales, count, x + (size_t)t * stride, stride, 2, totals + t * 32);
    if (tokens - t == 1) multiply_tile(kind, panel, scales, count, x + (size_t)t * stride, stride, 1, totals + t * 32);
  }
  for (int32_t t = 0; t < tokens; t++) {
    float32x4_t total[8];
    for (int v = 0; v < 8; v++) total[v] = vld1q_f32(totals + (t * 8 + v) * 4);
    store_rows(c, first + t, group, total);
  }
}

CK_INLINE void multiply(ck_weight_kind kind, const ck_matmul *c) {
  switch (c->tokens) {
    case 1: multiply_on_the_fly(kind, c, 1); return;
    case 2: multiply_on_the_fly(kind, c, 2); return;
    case 3: multiply_on_the_fly(kind, c, 3); return;
  }
  for (int32_t group = c->row_group_begin; group < c->row_group_end; group++)
    for (int32_t first = 0; first < c->tokens; first += PASS_TOKENS) {
      int32_t rest = c->tokens - first;
      multiply_pass(kind, c, group, first, rest < PASS_TOKENS ? rest : PASS_TOKENS);
    }
}

void ck_neon_mxfp4_f32(const ck_matmul *call) { multiply(CK_MXFP4, call); }
void ck_neon_int8_f32(const ck_matmul *call) { multiply(CK_INT8, call); }
void ck_neon_bf16_f32(const ck_matmul *call) { multiply(CK_BF16, call); }
#endif
