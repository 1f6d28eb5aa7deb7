// Products of f32 activations on AVX2, for the three kinds of weights.
//
// A vector holds four rows by two adjacent columns: "low" the rows 0, 1, 4, 5 of a half row group (8 rows), "high" the
// rows 2, 3, 6, 7. That is what in-lane unpacking of the layouts yields, activations enter as broadcast pairs, and one
// horizontal addition at the very end puts the rows in order. Within a k block the column pairs are visited for
// g = 0..3 as 2g, 2g + 1, 8 + 2g, 9 + 2g, whether the weights are unpacked on the fly (few tokens) or into a panel that
// stays in L1 (many): hence the same bits.
#if defined(__x86_64__)
#include "avx2.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

enum {
  ON_THE_FLY_TOKENS = 4,  // up to which weights are unpacked again for every product
  TILE_TOKENS = 3,        // tokens of a register tile: 12 sums, 3 activations, 1 weight
  PASS_TOKENS = 96,       // tokens that share an unpacked panel; their sums take 12 KiB
  PANEL_BLOCKS = 8,       // k blocks of a panel: 16 KiB
  PREFETCH_BYTES = 4096,  // how far ahead weights are fetched that are used as they are met
};

/// Bytes of a k block of a row group.
CK_INLINE size_t block_bytes(ck_weight_kind kind) { return (size_t)256 << kind; }

/// Eight vectors: column pairs 2g, 2g + 1, 8 + 2g, 9 + 2g of a half row group, low and high rows of each.
CK_INLINE void unpack_pairs(ck_weight_kind kind, const uint8_t *block, int half, int g, __m256 w[8]) {
  if (kind == CK_MXFP4) {
    // The upper and the second byte of the value as a float; the lower two are zero.
    const __m256i upper = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0, 0x3f, 0x3f, 0x3f, 0x40, 0x40, 0x40, 0x40, (char)0x80, (char)0xbf, (char)0xbf, (char)0xbf, (char)0xc0,
        (char)0xc0, (char)0xc0, (char)0xc0));
    const __m256i second = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0, 0, (char)0x80, (char)0xc0, 0, 0x40, (char)0x80, (char)0xc0, 0, 0, (char)0x80, (char)0xc0, 0, 0x40,
        (char)0x80, (char)0xc0));
    const __m256i nibble = _mm256_set1_epi8(15), odd = _mm256_set1_epi32((int)0xffff0000);
    __m256i v = _mm256_loadu_si256((const __m256i *)(block + g * 64 + half * 32));
    for (int side = 0; side < 2; side++) {
      __m256i code = _mm256_and_si256(side ? _mm256_srli_epi16(v, 4) : v, nibble);
      __m256i a = _mm256_shuffle_epi8(second, code), b = _mm256_shuffle_epi8(upper, code);
      __m256i low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
      w[side * 4] = _mm256_castsi256_ps(_mm256_slli_epi32(low, 16));
      w[side * 4 + 1] = _mm256_castsi256_ps(_mm256_slli_epi32(high, 16));
      w[side * 4 + 2] = _mm256_castsi256_ps(_mm256_and_si256(low, odd));
      w[side * 4 + 3] = _mm256_castsi256_ps(_mm256_and_si256(high, odd));
    }
  } else if (kind == CK_INT8) {
    // 0x4b0000nn is the float 2^23 + nn.
    const __m256i exponent = _mm256_set1_epi16(0x4b00);
    const __m256 offset = _mm256_set1_ps(8388608.0f + 128.0f);
    for (int side = 0; side < 2; side++) {
      __m256i v = _mm256_loadu_si256((const __m256i *)(block + (g + side * 4) * 64 + half * 32));
      __m256i even = _mm256_and_si256(v, _mm256_set1_epi16(0xff)), odd = _mm256_srli_epi16(v, 8);
      w[side * 4] = _mm256_sub_ps(_mm256_castsi256_ps(_mm256_unpacklo_epi16(even, exponent)), offset);
      w[side * 4 + 1] = _mm256_sub_ps(_mm256_castsi256_ps(_mm256_unpackhi_epi16(even, exponent)), offset);
      w[side * 4 + 2] = _mm256_sub_ps(_mm256_castsi256_ps(_mm256_unpacklo_epi16(odd, exponent)), offset);
      w[side * 4 + 3] = _mm256_sub_ps(_mm256_castsi256_ps(_mm256_unpackhi_epi16(odd, exponent)), offset);
    }
  } else {
    for (int i = 0; i < 4; i++) {
      int pair = (i & 2) * 4 + 2 * g + (i & 1);
      __m256i v = _mm256_loadu_si256((const __m256i *)(block + pair * 64 + half * 32));
      w[i * 2] = _mm256_castsi256_ps(_mm256_unpacklo_epi16(_mm256_setzero_si256(), v));
      w[i * 2 + 1] = _mm256_castsi256_ps(_mm256_unpackhi_epi16(_mm256_setzero_si256(), v));
    }
  }
}

/// The activations that the vectors of `unpack_pairs` 2i and 2i + 1 take.
CK_INLINE __m256 activation_pair(const float *x, int g, int i) {
  return _mm256_castpd_ps(_mm256_broadcast_sd((const double *)(x + 2 * ((i & 2) * 4 + 2 * g + (i & 1)))));
}

/// Scales of a half row group's low and high rows, repeated for the two columns.
CK_INLINE void load_scales(ck_weight_kind kind, const uint8_t *scales, size_t block, int half, __m256 s[2]) {
  __m256 rows =
      kind == CK_MXFP4 ? avx2_e8m0(scales + block * 16 + half * 8) : avx2_half(scales + block * 32 + half * 16);
  s[0] = _mm256_unpacklo_ps(rows, rows);
  s[1] = _mm256_unpackhi_ps(rows, rows);
}

CK_INLINE __m256 add_block(ck_weight_kind kind, __m256 scale, __m256 sum, __m256 total) {
  return kind == CK_BF16 ? _mm256_add_ps(total, sum) : _mm256_fmadd_ps(scale, sum, total);
}

/// Sixteen results from the totals low 0, high 0, low 1, high 1.
CK_INLINE void store_rows(const ck_matmul *c, int32_t token, int32_t group, __m256 a, __m256 b, __m256 d, __m256 e) {
  float *out = c->out + (size_t)token * c->out_stride + (size_t)group * CK_ROW_GROUP;
  __m256 first = _mm256_hadd_ps(a, b), second = _mm256_hadd_ps(d, e);
  if (c->bias) {
    const float *bias = c->bias + (size_t)group * CK_ROW_GROUP;
    first = _mm256_add_ps(first, _mm256_loadu_ps(bias));
    second = _mm256_add_ps(second, _mm256_loadu_ps(bias + 8));
  }
  _mm256_storeu_ps(out, first);
  _mm256_storeu_ps(out + 8, second);
}

CK_INLINE const float *activation_row(const ck_matmul *c, int32_t token) {
  return (const float *)((const uint8_t *)c->activations + (size_t)token * c->activation_stride);
}

/// All row groups by `count` tokens, weights unpacked as they are met.
CK_INLINE void multiply_on_the_fly(ck_weight_kind kind, const ck_matmul *c, int32_t count) {
  int32_t blocks = c->columns / CK_K_BLOCK;
  const float *x[ON_THE_FLY_TOKENS];
  for (int t = 0; t < count; t++) x[t] = activation_row(c, t);
  for (int32_t group = c->row_group_begin; group < c->row_group_end; group++) {
    __m256 total[ON_THE_FLY_TOKENS][4];
    for (int t = 0; t < count; t++)
      for (int v = 0; v < 4; v++) total[t][v] = _mm256_setzero_ps();
    for (int32_t k = 0; k < blocks; k++) {
      size_t index = (size_t)group * (size_t)blocks + (size_t)k;
      const uint8_t *block = c->weights + index * block_bytes(kind);
      avx2_prefetch(block + PREFETCH_BYTES, block_bytes(kind));
#pragma clang loop unroll(full)
      for (int half = 0; half < 2; half++) {
        __m256 sum[ON_THE_FLY_TOKENS][2];
        for (int t = 0; t < count; t++) sum[t][0] = sum[t][1] = _mm256_setzero_ps();
#pragma clang loop unroll(full)
        for (int g = 0; g < 4; g++) {
          __m256 w[8];
          unpack_pairs(kind, block, half, g, w);
          for (int i = 0; i < 4; i++)
            for (int t = 0; t < count; t++) {
              __m256 pair = activation_pair(x[t] + k * CK_K_BLOCK, g, i);
              sum[t][0] = _mm256_fmadd_ps(w[2 * i], pair, sum[t][0]);
              sum[t][1] = _mm256_fmadd_ps(w[2 * i + 1], pair, sum[t][1]);
            }
        }
        __m256 scale[2];
        if (kind != CK_BF16) load_scales(kind, c->scales, index, half, scale);
        for (int t = 0; t < count; t++)
          for (int v = 0; v < 2; v++)
            total[t][half * 2 + v] = add_block(kind, scale[v], sum[t][v], total[t][half * 2 + v]);
      }
    }
    for (int t = 0; t < count; t++) store_rows(c, t, group, total[t][0], total[t][1], total[t][2], total[t][3]);
  }
}

/// Some k blocks of a row group as floats: [block][pair in visiting order][low 0, high 0, low 1, high 1][8].
CK_INLINE void unpack_panel(
    ck_weight_kind kind, const ck_matmul *c, size_t index, int32_t count, float *panel, float *scales) {
  for (int32_t k = 0; k < count; k++, index++) {
    const uint8_t *block = c->weights + index * block_bytes(kind);
    avx2_prefetch(block + block_bytes(kind) * PANEL_BLOCKS, block_bytes(kind));
    for (int half = 0; half < 2; half++) {
#pragma clang loop unroll(full)
      for (int g = 0; g < 4; g++) {
        __m256 w[8];
        unpack_pairs(kind, block, half, g, w);
        for (int i = 0; i < 8; i++)
          _mm256_store_ps(panel + ((k * 16 + g * 4 + i / 2) * 4 + half * 2 + i % 2) * 8, w[i]);
      }
      if (kind == CK_BF16) continue;
      __m256 s[2];
      load_scales(kind, c->scales, index, half, s);
      _mm256_store_ps(scales + (k * 4 + half * 2) * 8, s[0]);
      _mm256_store_ps(scales + (k * 4 + half * 2 + 1) * 8, s[1]);
    }
  }
}

/// Adds a panel's products by `tokens` (1...3) tokens to their totals, [token][4][8].
CK_INLINE void multiply_tile(
    ck_weight_kind kind, const float *panel, const float *scales, int32_t blocks, const uint8_t *first, size_t stride,
    int tokens, float *totals) {
  const float *x[TILE_TOKENS];
  for (int t = 0; t < tokens; t++) x[t] = (const float *)(first + (size_t)t * stride);
  for (int32_t k = 0; k < blocks; k++) {
    __m256 sum[TILE_TOKENS][4];
    for (int t = 0; t < tokens; t++)
      for (int v = 0; v < 4; v++) sum[t][v] = _mm256_setzero_ps();
#pragma clang loop unroll(full)
    for (int step = 0; step < 16; step++) {
      __m256 pair[TILE_TOKENS];
      for (int t = 0; t < tokens; t++) pair[t] = activation_pair(x[t] + k * CK_K_BLOCK, step / 4, step % 4);
      for (int v = 0; v < 4; v++) {
        __m256 w = _mm256_load_ps(panel + ((k * 16 + step) * 4 + v) * 8);
        for (int t = 0; t < tokens; t++) sum[t][v] = _mm256_fmadd_ps(w, pair[t], sum[t][v]);
      }
    }
    for (int v = 0; v < 4; v++) {
      __m256 scale = kind == CK_BF16 ? _mm256_setzero_ps() : _mm256_load_ps(scales + (k * 4 + v) * 8);
      for (int t = 0; t < tokens; t++) {
        float *total = totals + (t * 4 + v) * 8;
        _mm256_store_ps(total, add_block(kind, scale, sum[t][v], _mm256_load_ps(total)));
      }
    }
  }
}

/// One row group by up to PASS_TOKENS tokens.
CK_INLINE void multiply_pass(ck_weight_kind kind, const ck_matmul *c, int32_t group, int32_t first, int32_t tokens) {
  int32_t blocks = c->columns / CK_K_BLOCK;
  float *totals = (float *)c->scratch, *scales = totals + PASS_TOKENS * 32, *panel = scales + PANEL_BLOCKS * 32;
  for (int32_t i = 0; i < tokens * 4; i++) _mm256_store_ps(totals + i * 8, _mm256_setzero_ps());
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
    const float *row = totals + t * 32;
    store_rows(
        c, first + t, group, _mm256_load_ps(row), _mm256_load_ps(row + 8), _mm256_load_ps(row + 16),
        _mm256_load_ps(row + 24));
  }
}

CK_INLINE void multiply(ck_weight_kind kind, const ck_matmul *c) {
  switch (c->tokens) {
    case 1: multiply_on_the_fly(kind, c, 1); return;
    case 2: multiply_on_the_fly(kind, c, 2); return;
    case 3: multiply_on_the_fly(kind, c, 3); return;
    case 4: multiply_on_the_fly(kind, c, 4); return;
  }
  for (int32_t group = c->row_group_begin; group < c->row_group_end; group++)
    for (int32_t first = 0; first < c->tokens; first += PASS_TOKENS) {
      int32_t rest = c->tokens - first;
      multiply_pass(kind, c, group, first, rest < PASS_TOKENS ? rest : PASS_TOKENS);
    }
}

void ck_avx2_mxfp4_f32(const ck_matmul *call) { multiply(CK_MXFP4, call); }
void ck_avx2_int8_f32(const ck_matmul *call) { multiply(CK_INT8, call); }
void ck_avx2_bf16_f32(const ck_matmul *call) { multiply(CK_BF16, call); }

#pragma clang attribute pop
#endif
