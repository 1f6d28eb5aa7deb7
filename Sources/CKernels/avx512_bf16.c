// Products of bf16 activations on AVX512_BF16, for the three kinds of weights: the prefill path.
//
// A vector is two adjacent columns of a row group, as bf16 weights lie in memory; MXFP4 and int8 are unpacked into
// scratch, two row groups at a time, and stay in L2 while all tokens are multiplied by them. A tile is two row groups
// by up to twelve tokens; a last single row group is computed as a pair with itself.
//
// Nothing is lost but what bf16 activations lose: an int8 byte minus 128 is exact in bf16, and so is an MXFP4 value
// with its scale added to the exponent, unless that leaves the normal numbers. int8 row groups, and MXFP4 row groups
// with such an extraordinary scale, are multiplied unscaled, and every k block's sum by its scale in f32.
#if defined(__x86_64__)
#include "avx512.h"

#include <string.h>

#pragma clang attribute push(__attribute__((target(CK_AVX512_TARGET ",avx512bf16"))), apply_to = function)

enum {
  TILE_TOKENS = 12,       // 24 sums, 2 weights, 1 activation
  PREFETCH_BYTES = 8192,  // how far ahead weights are fetched that are unpacked
  PAIRS = CK_K_BLOCK / 2,
};

/// Two row groups and the tokens of one tile.
typedef struct {
  const ck_matmul *call;
  int32_t groups[2];
  const uint8_t *weights;  // column pairs of the first row group
  size_t second;           // bytes from there to those of the second
  const float *scales;     // [k block][row group][16], used if the weights are unscaled
  float *totals;           // room for a tile
  int32_t first_token;
} tile;

/// Two adjacent activations in every lane.
CK_INLINE __m512bh activation_pair(const void *x) {
  int32_t pair;
  memcpy(&pair, x, sizeof pair);
  return (__m512bh)_mm512_set1_epi32(pair);
}

CK_INLINE void store_rows(const ck_matmul *c, int32_t token, int32_t group, __m512 total) {
  if (c->bias) total = _mm512_add_ps(total, _mm512_loadu_ps(c->bias + (size_t)group * CK_ROW_GROUP));
  _mm512_storeu_ps(c->out + (size_t)token * c->out_stride + (size_t)group * CK_ROW_GROUP, total);
}

/// `pair_stride`: bytes from one column pair of a row group to the next.
CK_INLINE void multiply_tile(int is_scaled, size_t pair_stride, const tile *t, int tokens) {
  const ck_matmul *c = t->call;
  const size_t blocks = (size_t)(c->columns / CK_K_BLOCK), second = t->second;
  const uint8_t *w = t->weights;
  float *totals = t->totals;
  avx512_rows x = avx512_rows_from(c, t->first_token);
  __m512 sums[TILE_TOKENS][2];
#pragma clang loop unroll(full)
  for (int m = 0; m < tokens; m++) sums[m][0] = sums[m][1] = _mm512_setzero_ps();
  for (int i = 0; i < tokens * 2 && !is_scaled; i++) _mm512_store_ps(totals + i * 16, _mm512_setzero_ps());
  for (size_t k = 0; k < blocks; k++) {
#pragma clang loop unroll_count(2)
    for (int p = 0; p < PAIRS; p++, w += pair_stride) {
      __m512bh a = (__m512bh)_mm512_loadu_si512(w), b = (__m512bh)_mm512_loadu_si512(w + second);
      avx512_hide_stride(&x);
#pragma clang loop unroll(full)
      for (int m = 0; m < tokens; m++) {
        __m512bh pair = activation_pair(avx512_row(&x, m, (k * PAIRS + (size_t)p) * 4));
        sums[m][0] = _mm512_dpbf16_ps(sums[m][0], a, pair);
        sums[m][1] = _mm512_dpbf16_ps(sums[m][1], b, pair);
      }
    }
    if (is_scaled) continue;
    __m512 s0 = _mm512_load_ps(t->scales + k * 32), s1 = _mm512_load_ps(t->scales + k * 32 + 16);
#pragma clang loop unroll(full)
    for (int m = 0; m < tokens; m++) {
      float *total = totals + m * 32;
      _mm512_store_ps(total, _mm512_fmadd_ps(s0, sums[m][0], _mm512_load_ps(total)));
      _mm512_store_ps(total + 16, _mm512_fmadd_ps(s1, sums[m][1], _mm512_load_ps(total + 16)));
      sums[m][0] = sums[m][1] = _mm512_setzero_ps();
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < tokens * 2 && is_scaled; i++) _mm512_store_ps(totals + i * 16, sums[i / 2][i % 2]);
  for (int i = 0; i < tokens * 2; i++)
    store_rows(c, t->first_token + i / 2, t->groups[i % 2], _mm512_load_ps(totals + i * 16));
}

/// Whether every scale of a row group keeps every nonzero value of MXFP4 (0.5 ... 6) a normal bf16.
CK_INLINE int is_ordinary(const uint8_t *scales, size_t blocks) {
  __mmask64 extraordinary = 0;
  for (size_t i = 0; i < blocks * 16; i += 16) {
    __m128i moved = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(scales + i)), _mm_set1_epi8(2));
    extraordinary |= _mm_cmpgt_epu8_mask(moved, _mm_set1_epi8((char)250));
  }
  return extraordinary == 0;
}

/// One row group of MXFP4, column pairs `pair_stride` apart, with the scales in the exponents or without.
CK_INLINE void unpack_mxfp4(int is_scaled, const uint8_t *w, const uint8_t *scales, size_t blocks, uint8_t *panel) {
  // Twice the 16 values: a nibble's upper neighbour bit, which `vpermw` sees too, does not matter.
  static const uint16_t table[16] = {0,      0x3f00, 0x3f80, 0x3fc0, 0x4000, 0x4040, 0x4080, 0x40c0,
                                     0x8000, 0xbf00, 0xbf80, 0xbfc0, 0xc000, 0xc040, 0xc080, 0xc0c0};
  const __m512i values = _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)table));
  for (size_t k = 0; k < blocks; k++, w += 256, panel += PAIRS * 128) {
    __m512i exponent = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(scales + k * 16)));
    exponent = _mm512_slli_epi32(_mm512_sub_epi32(exponent, _mm512_set1_epi32(127)), 7);
    exponent = _mm512_mask_blend_epi16(0xaaaaaaaa, exponent, _mm512_slli_epi32(exponent, 16));
#pragma clang loop unroll(full)
    for (int g = 0; g < 4; g++) {
      __m512i v = _mm512_loadu_si512(w + g * 64);
      _mm_prefetch((const char *)w + g * 64 + PREFETCH_BYTES, _MM_HINT_T1);
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++) {
        // Low nibbles are columns 4g..., high ones 16 + 4g...; the even bytes come first.
        const int pair = (i & 1) * 8 + 2 * g + (i >> 1);
        __m512i value = _mm512_permutexvar_epi16(_mm512_srli_epi16(v, (unsigned)i * 4), values);
        if (is_scaled) {
          __mmask32 nonzero = _mm512_test_epi16_mask(value, _mm512_set1_epi16(0x7fff));
          value = _mm512_mask_add_epi16(value, nonzero, value, exponent);
        }
        _mm512_store_si512(panel + pair * 128, value);
      }
    }
  }
}

/// One row group of int8 without the scales.
CK_INLINE void unpack_int8(const uint8_t *w, size_t blocks, uint8_t *panel) {
  const __m512i byte = _mm512_set1_epi32(255), exponent = _mm512_set1_epi32(0x4b000000);
  const __m512 offset = _mm512_set1_ps(8388608.0f + 128.0f);
  for (size_t g = 0; g < blocks * 8; g++, w += 64, panel += 256) {
    __m512i v = _mm512_loadu_si512(w);
    _mm_prefetch((const char *)w + PREFETCH_BYTES, _MM_HINT_T1);
#pragma clang loop unroll(full)
    for (int odd = 0; odd < 2; odd++) {
      // 0x4b0000nn is the float 2^23 + nn; small integers are exact in the upper half of a float.
      __m512i first = _mm512_ternarylogic_epi32(_mm512_srli_epi32(v, (unsigned)odd * 8), byte, exponent, 0xea);
      __m512i second = _mm512_ternarylogic_epi32(_mm512_srli_epi32(v, (unsigned)odd * 8 + 16), byte, exponent, 0xea);
      first = _mm512_castps_si512(_mm512_sub_ps(_mm512_castsi512_ps(first), offset));
      second = _mm512_castps_si512(_mm512_sub_ps(_mm512_castsi512_ps(second), offset));
      _mm512_store_si512(panel + odd * 128, _mm512_or_si512(_mm512_srli_epi32(first, 16), second));
    }
  }
}

/// Unpacks the two row groups of a tile; returns whether the scales are in the weights.
CK_INLINE int fill_panel(ck_weight_kind kind, const tile *t, uint8_t *panel, float *scales) {
  const ck_matmul *c = t->call;
  const size_t blocks = (size_t)(c->columns / CK_K_BLOCK), bytes = blocks * avx512_block_bytes(kind);
  int is_scaled = kind == CK_MXFP4;
  for (int i = 0; i < 2 && kind == CK_MXFP4; i++)
    is_scaled &= is_ordinary(c->scales + (size_t)t->groups[i] * blocks * 16, blocks);
  for (size_t i = 0; i < 2; i++) {
    const size_t group = (size_t)t->groups[i];
    const uint8_t *w = c->weights + group * bytes;
    if (kind == CK_INT8) unpack_int8(w, blocks, panel + i * 64);
    else if (is_scaled) unpack_mxfp4(1, w, c->scales + group * blocks * 16, blocks, panel + i * 64);
    else unpack_mxfp4(0, w, c->scales + group * blocks * 16, blocks, panel + i * 64);
    for (size_t k = 0; k < blocks && !is_scaled; k++)
      _mm512_store_ps(scales + k * 32 + i * 16, avx512_scale(kind, c->scales, group * blocks + k));
  }
  return is_scaled;
}

static void multiply_in_place(const tile *t, int32_t tokens) { CK_WITH_CONSTANT(tokens, multiply_tile, 1, 64, t); }
static void multiply_scaled(const tile *t, int32_t tokens) { CK_WITH_CONSTANT(tokens, multiply_tile, 1, 128, t); }
static void multiply_unscaled(const tile *t, int32_t tokens) { CK_WITH_CONSTANT(tokens, multiply_tile, 0, 128, t); }

CK_INLINE void multiply(ck_weight_kind kind, const ck_matmul *c) {
  const size_t blocks = (size_t)(c->columns / CK_K_BLOCK);
  const int32_t share = avx512_tile_tokens(c->tokens, TILE_TOKENS);
  float *totals = (float *)c->scratch, *scales = totals + TILE_TOKENS * 32;
  uint8_t *panel = (uint8_t *)(scales + blocks * 32);
  for (int32_t group = c->row_group_begin; group < c->row_group_end; group += 2) {
    const int32_t other = group + 1 < c->row_group_end ? group + 1 : group;
    tile t = {c, {group, other}, panel, 64, scales, totals, 0};
    int is_scaled = 1;
    if (kind == CK_BF16) {
      const size_t bytes = blocks * avx512_block_bytes(kind);
      t.weights = c->weights + (size_t)group * bytes;
      t.second = (size_t)(other - group) * bytes;
    } else {
      is_scaled = fill_panel(kind, &t, panel, scales);
    }
    for (; t.first_token < c->tokens; t.first_token += share) {
      int32_t tokens = c->tokens - t.first_token < share ? c->tokens - t.first_token : share;
      if (kind == CK_BF16) multiply_in_place(&t, tokens);
      else if (is_scaled) multiply_scaled(&t, tokens);
      else multiply_unscaled(&t, tokens);
    }
  }
}

void ck_avx512_mxfp4_bf16(const ck_matmul *call) { multiply(CK_MXFP4, call); }
void ck_avx512_int8_bf16(const ck_matmul *call) { multiply(CK_INT8, call); }
void ck_avx512_bf16_bf16(const ck_matmul *call) { multiply(CK_BF16, call); }

#pragma clang attribute pop
#endif
