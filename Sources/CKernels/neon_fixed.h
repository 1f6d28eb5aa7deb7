// Products of fixed-point activations, of 8 and of 16 bits, on NEON, for MXFP4 and int8 weights. Included twice, with
// and without the byte dot product, by files that define DOT4(sum, a, b): sum of four products of signed bytes per
// lane, added to `sum`.
//
// A 16-byte vector holds four rows by four columns; the byte planes of the activations, one or two, are multiplied
// apart and joined at the end of a k block.
#include "neon.h"

enum {
  TILE_SUMS = 4,      // planes of all tokens of a register tile, by four quarters: 16 sums
  PASS_TOKENS = 128,  // tokens that share an unpacked panel; their sums take 8 KiB
  PANEL_BLOCKS = 8,   // k blocks of a panel: 4 KiB
};

/// Signed bytes of four rows (`quarter` of the group) by columns 4g... and 16 + 4g...
CK_INLINE void unpack_bytes(ck_weight_kind kind, const uint8_t *block, int quarter, int g, int8x16_t w[2]) {
  if (kind == CK_MXFP4) {
    static const int8_t doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
    const int8x16_t lut = vld1q_s8(doubled);
    uint8x16_t v = vld1q_u8(block + g * 64 + quarter * 16);
    w[0] = vqtbl1q_s8(lut, vandq_u8(v, vdupq_n_u8(15)));
    w[1] = vqtbl1q_s8(lut, vshrq_n_u8(v, 4));
  } else {
    for (int side = 0; side < 2; side++) {
      uint8x16_t v = vld1q_u8(block + (g + side * 4) * 64 + quarter * 16);
      w[side] = vreinterpretq_s8_u8(veorq_u8(v, vdupq_n_u8(128)));
    }
  }
}

/// The four activations of a plane that column group `group` (0...7) takes, in every lane.
CK_INLINE int8x16_t four(const int8_t *plane, int group) {
  int32_t bytes;
  __builtin_memcpy(&bytes, plane + group * 4, sizeof bytes);
  return vreinterpretq_s8_s32(vdupq_n_s32(bytes));
}

/// A k block of a token: its planes, the high one first, then its scale.
CK_INLINE const int8_t *activation_block(int planes, const ck_matmul *c, int32_t token, int32_t block) {
  size_t bytes = planes == 2 ? sizeof(ck_q16_block) : sizeof(ck_q8_block);
  return (const int8_t *)c->activations + (size_t)token * c->activation_stride + (size_t)block * bytes;
}

CK_INLINE float32x4_t load_scale(ck_weight_kind kind, const uint8_t *scales, size_t block, int quarter) {
  return kind == CK_MXFP4 ? neon_e8m0(scales + block * 16 + quarter * 4) : neon_half(scales + block * 32 + quarter * 8);
}

/// total + scale * (256 * high + low), the block's contribution to four rows; `sums` of the planes.
CK_INLINE float32x4_t add_block(
    int planes, ck_weight_kind kind, const int8_t *x, float32x4_t scale, int32x4_t sums[TILE_SUMS][4], int first,
    int quarter, float32x4_t total) {
  float unit;
  __builtin_memcpy(&unit, x + planes * CK_K_BLOCK, sizeof unit);
  if (kind == CK_MXFP4) unit *= 0.5f;
  int32x4_t exact = sums[first][quarter];
  if (planes == 2) exact = vaddq_s32(vshlq_n_s32(exact, 8), sums[first + 1][quarter]);
  return vfmaq_f32(total, vcvtq_f32_s32(exact), vmulq_n_f32(scale, unit));
}

CK_INLINE void store_rows(const ck_matmul *c, int32_t token, int32_t group, const float32x4_t total[4]) {
  float *out = c->out + (size_t)token * c->out_stride + (size_t)group * CK_ROW_GROUP;
  for (int quarter = 0; quarter < 4; quarter++) {
    float32x4_t rows = total[quarter];
    if (c->bias) rows = vaddq_f32(rows, vld1q_f32(c->bias + (size_t)group * CK_ROW_GROUP + quarter * 4));
    vst1q_f32(out + quarter * 4, rows);
  }
}

/// All row groups by so few tokens that they make one tile, weights unpacked as they are met.
CK_INLINE void multiply_on_the_fly(int planes, ck_weight_kind kind, const ck_matmul *c, int32_t count) {
  int32_t blocks = c->columns / CK_K_BLOCK;
  for (int32_t group = c->row_group_begin; group < c->row_group_end; group++) {
    float32x4_t total[TILE_SUMS][4];
    for (int t = 0; t < count; t++)
      for (int quarter = 0; quarter < 4; quarter++) total[t][quarter] = vdupq_n_f32(0);
    for (int32_t k = 0; k < blocks; k++) {
      size_t index = (size_t)group * (size_t)blocks + (size_t)k;
      const uint8_t *block = c->weights + index * ((size_t)256 << kind);
      int32x4_t sums[TILE_SUMS][4];
      for (int i = 0; i < count * planes; i++)
        for (int quarter = 0; quarter < 4; quarter++) sums[i][quarter] = vdupq_n_s32(0);
#pragma clang loop unroll(disable)
      for (int g = 0; g < 4; g++)
        for (int quarter = 0; quarter < 4; quarter++) {
          int8x16_t w[2];
          unpack_bytes(kind, block, quarter, g, w);
          for (int i = 0; i < count * planes; i++) {
            const int8_t *plane = activation_block(planes, c, i / planes, k) + i % planes * CK_K_BLOCK;
            for (int side = 0; side < 2; side++)
              sums[i][quarter] = DOT4(sums[i][quarter], w[side], four(plane, g + side * 4));
          }
        }
      for (int quarter = 0; quarter < 4; quarter++) {
        float32x4_t scale = load_scale(kind, c->scales, index, quarter);
        for (int t = 0; t < count; t++)
          total[t][quarter] = add_block(
              planes, kind, activation_block(planes, c, t, k), scale, sums, t * planes, quarter, total[t][quarter]);
      }
    }
    for (int t = 0; t < count; t++) store_rows(c, t, group, total[t]);
  }
}

/// Some k blocks of a row group as signed bytes: [block][column group][quarter][16].
CK_INLINE void unpack_panel(
    ck_weight_kind kind, const ck_matmul *c, size_t index, int32_t count, int8_t *panel, float *scales) {
  for (int32_t k = 0; k < count; k++, index++)
    for (int quarter = 0; quarter < 4; quarter++) {
      for (int g = 0; g < 4; g++) {
        int8x16_t w[2];
        unpack_bytes(kind, c->weights + index * ((size_t)256 << kind), quarter, g, w);
        vst1q_s8(panel + ((k * 8 + g) * 4 + quarter) * 16, w[0]);
        vst1q_s8(panel + ((k * 8 + g + 4) * 4 + quarter) * 16, w[1]);
      }
      vst1q_f32(scales + (k * 4 + quarter) * 4, load_scale(kind, c->scales, index, quarter));
    }
}

/// Adds a panel's products by the tokens of a tile to their totals, [token][16].
CK_INLINE void multiply_tile(
    int planes, ck_weight_kind kind, const ck_matmul *c, const int8_t *panel, const float *scales, int32_t first_block,
    int32_t blocks, int32_t first_token, int tokens, float *totals) {
  for (int32_t k = 0; k < blocks; k++) {
    int32x4_t sums[TILE_SUMS][4];
    const int8_t *x[TILE_SUMS];
    for (int t = 0; t < tokens; t++) x[t] = activation_block(planes, c, first_token + t, first_block + k);
    for (int i = 0; i < tokens * planes; i++)
      for (int quarter = 0; quarter < 4; quarter++) sums[i][quarter] = vdupq_n_s32(0);
#pragma clang loop unroll(disable)
    for (int g = 0; g < 8; g++)
      for (int quarter = 0; quarter < 4; quarter++) {
        int8x16_t w = vld1q_s8(panel + ((k * 8 + g) * 4 + quarter) * 16);
        for (int i = 0; i < tokens * planes; i++)
          sums[i][quarter] = DOT4(sums[i][quarter], w, four(x[i / planes] + i % planes * CK_K_BLOCK, g));
      }
    for (int t = 0; t < tokens; t++)
      for (int quarter = 0; quarter < 4; quarter++) {
        float *total = totals + t * 16 + quarter * 4;
        float32x4_t scale = vld1q_f32(scales + (k * 4 + quarter) * 4);
        vst1q_f32(total, add_block(planes, kind, x[t], scale, sums, t * planes, quarter, vld1q_f32(total)));
      }
  }
}

/// One row group by up to PASS_TOKENS tokens.
CK_INLINE void multiply_pass(
    int planes, ck_weight_kind kind, const ck_matmul *c, int32_t group, int32_t first, int32_t tokens) {
  const int most = TILE_SUMS / planes;
  int32_t blocks = c->columns / CK_K_BLOCK;
  float *totals = (float *)c->scratch, *scales = totals + PASS_TOKENS * 16;
  int8_t *panel = (int8_t *)(scales + PANEL_BLOCKS * 16);
  for (int32_t i = 0; i < tokens * 4; i++) vst1q_f32(totals + i * 4, vdupq_n_f32(0));
  for (int32_t k = 0; k < blocks; k += PANEL_BLOCKS) {
    int32_t count = blocks - k < PANEL_BLOCKS ? blocks - k : PANEL_BLOCKS, t = 0;
    unpack_panel(kind, c, (size_t)group * (size_t)blocks + (size_t)k, count, panel, scales);
    for (; t + most <= tokens; t += most)
      multiply_tile(planes, kind, c, panel, scales, k, count, first + t, most, totals + t * 16);
    for (; t < tokens; t++) multiply_tile(planes, kind, c, panel, scales, k, count, first + t, 1, totals + t * 16);
  }
  for (int32_t t = 0; t < tokens; t++) {
    float32x4_t total[4];
    for (int quarter = 0; quarter < 4; quarter++) total[quarter] = vld1q_f32(totals + t * 16 + quarter * 4);
    store_rows(c, first + t, group, total);
  }
}

CK_INLINE void multiply(int planes, ck_weight_kind kind, const ck_matmul *c) {
  if (c->tokens == 1) {
    multiply_on_the_fly(planes, kind, c, 1);
  } else if (c->tokens == 2) {
    multiply_on_the_fly(planes, kind, c, 2);
  } else {
    for (int32_t group = c->row_group_begin; group < c->row_group_end; group++)
      for (int32_t first = 0; first < c->tokens; first += PASS_TOKENS)
        multiply_pass(planes, kind, c, group, first, c->tokens - first < PASS_TOKENS ? c->tokens - first : PASS_TOKENS);
  }
}
