// Products of 16-bit fixed-point activations on AVX2, for MXFP4 and int8 weights.
//
// The two byte planes are joined to 16-bit words once per call; weights are unsigned (int8 as it is stored, MXFP4
// times 16; both biased by 128) and become words by a mask or a shift, so that one `vpmaddwd` multiplies eight rows by
// two columns without rounding: 255 * 32512 * 32 is below 2^31. The block's offset undoes the bias.
#if defined(__x86_64__)
#include "avx2.h"

#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

enum {
  TILE_TOKENS = 4,        // tokens of a register tile: 8 sums, 2 weights, 1 activation
  PASS_TOKENS = 96,       // tokens joined to words at a time: 192 bytes of scratch per column
  PANEL_BLOCKS = 8,       // k blocks of an unpacked panel: 8 KiB
  PREFETCH_BYTES = 4096,  // how far ahead weights are fetched that are used as they are met
};

/// Four vectors of words, a half row group (8 rows) by column pairs 2g, 2g + 1, 8 + 2g, 9 + 2g, biased.
CK_INLINE void unpack_words(ck_weight_kind kind, const uint8_t *block, int half, int g, __m256i w[4]) {
  const __m256i low_byte = _mm256_set1_epi16(0xff);
  for (int side = 0; side < 2; side++) {
    __m256i bytes;
    if (kind == CK_MXFP4) {
      const __m256i lut =
          _mm256_broadcastsi128_si256(
          _mm_setr_epi8(-128, -120, -112, -104, -96, -80, -64, -32, -128, 120, 112, 104, 96, 80, 64, 32));
      __m256i v = _mm256_loadu_si256((const __m256i *)(block + g * 64 + half * 32));
      bytes = _mm256_shuffle_epi8(lut, _mm256_and_si256(side ? _mm256_srli_epi16(v, 4) : v, _mm256_set1_epi8(15)));
    } else {
      bytes = _mm256_loadu_si256((const __m256i *)(block + (g + side * 4) * 64 + half * 32));
    }
    w[side * 2] = _mm256_and_si256(bytes, low_byte);
    w[side * 2 + 1] = _mm256_srli_epi16(bytes, 8);
  }
}

/// The column pair of vector i of `unpack_words`.
CK_INLINE int pair_index(int g, int i) { return (i & 2) * 4 + 2 * g + (i & 1); }

/// Two adjacent activations in every lane.
CK_INLINE __m256i word_pair(const int16_t *x) {
  int32_t pair;
  memcpy(&pair, x, sizeof pair);
  return _mm256_set1_epi32(pair);
}

CK_INLINE const ck_q16_block *activation_blocks(const ck_matmul *c, int32_t token) {
  return (const ck_q16_block *)((const uint8_t *)c->activations + (size_t)token * c->activation_stride);
}

/// Joins the byte planes of `tokens` rows to words in column order, [token][columns].
CK_INLINE void join_planes(const ck_matmul *c, int32_t first, int32_t tokens, int16_t *words) {
  for (int32_t t = 0; t < tokens; t++) {
    const ck_q16_block *x = activation_blocks(c, first + t);
    for (int32_t k = 0; k < c->columns / CK_K_BLOCK; k++)
      for (int half = 0; half < 2; half++, words += 16) {
        __m256i high = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(x[k].high + half * 16)));
        __m256i low = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(x[k].low + half * 16)));
        __m256i v = _mm256_add_epi16(_mm256_slli_epi16(high, 8), low);
        v = _mm256_shufflehi_epi16(_mm256_shufflelo_epi16(v, 0xd8), 0xd8);
        _mm256_store_si256((__m256i *)words, v);
      }
  }
}

/// total + scale * (sum + offset), the block's contribution to eight rows.
CK_INLINE __m256 add_block(ck_weight_kind kind, const ck_q16_block *x, __m256 scale, __m256i sum, __m256 total) {
  float unit = kind == CK_MXFP4 ? x->scale * 0.0625f : x->scale;
  __m256 exact = _mm256_cvtepi32_ps(_mm256_add_epi32(sum, _mm256_set1_epi32(x->offset)));
  return _mm256_fmadd_ps(exact, _mm256_mul_ps(scale, _mm256_set1_ps(unit)), total);
}

CK_INLINE __m256 load_scale(ck_weight_kind kind, const uint8_t *scales, size_t block, int half) {
  return kind == CK_MXFP4 ? avx2_e8m0(scales + block * 16 + half * 8) : avx2_half(scales + block * 32 + half * 16);
}

CK_INLINE void store_rows(const ck_matmul *c, int32_t token, int32_t group, __m256 first, __m256 second) {
  float *out = c->out + (size_t)token * c->out_stride + (size_t)group * CK_ROW_GROUP;
  if (c->bias) {
    const float *bias = c->bias + (size_t)group * CK_ROW_GROUP;
    first = _mm256_add_ps(first, _mm256_loadu_ps(bias));
    second = _mm256_add_ps(second, _mm256_loadu_ps(bias + 8));
  }
  _mm256_storeu_ps(out, first);
  _mm256_storeu_ps(out + 8, second);
}

/// All row groups by `count` (1...4) tokens, weights unpacked as they are met.
CK_INLINE void multiply_on_the_fly(ck_weight_kind kind, const ck_matmul *c, int32_t count) {
  int32_t blocks = c->columns / CK_K_BLOCK;
  int16_t *words = (int16_t *)c->scratch;
  join_planes(c, 0, count, words);
  for (int32_t group = c->row_group_begin; group < c->row_group_end; group++) {
    __m256 total[TILE_TOKENS][2];
    for (int t = 0; t < count; t++) total[t][0] = total[t][1] = _mm256_setzero_ps();
    for (int32_t k = 0; k < blocks; k++) {
      size_t index = (size_t)group * (size_t)blocks + (size_t)k;
      const uint8_t *block = c->weights + index * ((size_t)256 << kind);
      avx2_prefetch(block + PREFETCH_BYTES, (size_t)256 << kind);
#pragma clang loop unroll(full)
      for (int half = 0; half < 2; half++) {
        __m256i sum[TILE_TOKENS];
        for (int t = 0; t < count; t++) sum[t] = _mm256_setzero_si256();
        // Unrolled, the compiler unpacks all groups first and spills them.
#pragma clang loop unroll(disable)
        for (int g = 0; g < 4; g++) {
          __m256i w[4];
          unpack_words(kind, block, half, g, w);
          for (int i = 0; i < 4; i++)
            for (int t = 0; t < count; t++) {
              const int16_t *x = words + (size_t)t * (size_t)c->columns + k * CK_K_BLOCK;
              sum[t] = _mm256_add_epi32(sum[t], _mm256_madd_epi16(w[i], word_pair(x + 2 * pair_index(g, i))));
            }
        }
        __m256 scale = load_scale(kind, c->scales, index, half);
        for (int t = 0; t < count; t++)
          total[t][half] = add_block(kind, activation_blocks(c, t) + k, scale, sum[t], total[t][half]);
      }
    }
    for (int t = 0; t < count; t++) store_rows(c, t, group, total[t][0], total[t][1]);
  }
}

/// Some k blocks of a row group as words: [block][column pair][half][16].
CK_INLINE void unpack_panel(
    ck_weight_kind kind, const ck_matmul *c, size_t index, int32_t count, int16_t *panel, float *scales) {
  for (int32_t k = 0; k < count; k++, index++) {
    const uint8_t *block = c->weights + index * ((size_t)256 << kind);
    avx2_prefetch(block + ((size_t)256 << kind) * PANEL_BLOCKS, (size_t)256 << kind);
    for (int half = 0; half < 2; half++) {
#pragma clang loop unroll(full)
      for (int g = 0; g < 4; g++) {
        __m256i w[4];
        unpack_words(kind, block, half, g, w);
        for (int i = 0; i < 4; i++)
          _mm256_store_si256((__m256i *)(panel + ((k * 16 + pair_index(g, i)) * 2 + half) * 16), w[i]);
      }
      _mm256_store_ps(scales + (k * 2 + half) * 8, load_scale(kind, c->scales, index, half));
    }
  }
}

/// Adds a panel's products by `tokens` (1...4) tokens to their totals, [token][16].
CK_INLINE void multiply_tile(
    ck_weight_kind kind, const ck_matmul *c, const int16_t *panel, const float *scales, int32_t first_block,
    int32_t blocks, const int16_t *words, int32_t first_token, int tokens, float *totals) {
  const int16_t *x[TILE_TOKENS];
  const ck_q16_block *planes[TILE_TOKENS];
  for (int t = 0; t < tokens; t++) {
    x[t] = words + (size_t)t * (size_t)c->columns + first_block * CK_K_BLOCK;
    planes[t] = activation_blocks(c, first_token + t) + first_block;
  }
  for (int32_t k = 0; k < blocks; k++) {
    __m256i sum[TILE_TOKENS][2];
    for (int t = 0; t < tokens; t++) sum[t][0] = sum[t][1] = _mm256_setzero_si256();
    // Unrolled further, the compiler gathers all loads first and spills them.
#pragma clang loop unroll_count(2)
    for (int pair = 0; pair < 16; pair++) {
      const __m256i *w = (const __m256i *)(panel + (k * 16 + pair) * 32);
      __m256i first = _mm256_load_si256(w), second = _mm256_load_si256(w + 1);
      for (int t = 0; t < tokens; t++) {
        __m256i words_of_pair = word_pair(x[t] + k * CK_K_BLOCK + 2 * pair);
        sum[t][0] = _mm256_add_epi32(sum[t][0], _mm256_madd_epi16(first, words_of_pair));
        sum[t][1] = _mm256_add_epi32(sum[t][1], _mm256_madd_epi16(second, words_of_pair));
      }
    }
    for (int t = 0; t < tokens; t++)
      for (int half = 0; half < 2; half++) {
        float *total = totals + t * 16 + half * 8;
        __m256 scale = _mm256_load_ps(scales + (k * 2 + half) * 8);
        _mm256_store_ps(total, add_block(kind, planes[t] + k, scale, sum[t][half], _mm256_load_ps(total)));
      }
  }
}

/// One row group by up to PASS_TOKENS tokens, already joined to words.
CK_INLINE void multiply_pass(
    ck_weight_kind kind, const ck_matmul *c, int32_t group, const int16_t *words, int32_t first, int32_t tokens) {
  int32_t blocks = c->columns / CK_K_BLOCK;
  float *totals = (float *)(c->scratch + (size_t)PASS_TOKENS * (size_t)c->columns * 2);
  float *scales = totals + PASS_TOKENS * 16;
  int16_t *panel = (int16_t *)(scales + PANEL_BLOCKS * 16);
  for (int32_t i = 0; i < tokens * 2; i++) _mm256_store_ps(totals + i * 8, _mm256_setzero_ps());
  for (int32_t k = 0; k < blocks; k += PANEL_BLOCKS) {
    int32_t count = blocks - k < PANEL_BLOCKS ? blocks - k : PANEL_BLOCKS;
    unpack_panel(kind, c, (size_t)group * (size_t)blocks + (size_t)k, count, panel, scales);
    int32_t t = 0;
    for (; t + TILE_TOKENS <= tokens; t += TILE_TOKENS)
      multiply_tile(
          kind, c, panel, scales, k, count, words + (size_t)t * (size_t)c->columns, first + t, TILE_TOKENS,
          totals + t * 16);
    for (; t < tokens; t++)
      multiply_tile(
          kind, c, panel, scales, k, count, words + (size_t)t * (size_t)c->columns, first + t, 1, totals + t * 16);
  }
  for (int32_t t = 0; t < tokens; t++)
    store_rows(c, first + t, group, _mm256_load_ps(totals + t * 16), _mm256_load_ps(totals + t * 16 + 8));
}

CK_INLINE void multiply(ck_weight_kind kind, const ck_matmul *c) {
  switch (c->tokens) {
    case 1: multiply_on_the_fly(kind, c, 1); return;
    case 2: multiply_on_the_fly(kind, c, 2); return;
    case 3: multiply_on_the_fly(kind, c, 3); return;
    case 4: multiply_on_the_fly(kind, c, 4); return;
  }
  int16_t *words = (int16_t *)c->scratch;
  for (int32_t first = 0; first < c->tokens; first += PASS_TOKENS) {
    int32_t tokens = c->tokens - first < PASS_TOKENS ? c->tokens - first : PASS_TOKENS;
    join_planes(c, first, tokens, words);
    for (int32_t group = c->row_group_begin; group < c->row_group_end; group++)
      multiply_pass(kind, c, group, words, first, tokens);
  }
}

void ck_avx2_mxfp4_q16(const ck_matmul *call) { multiply(CK_MXFP4, call); }
void ck_avx2_int8_q16(const ck_matmul *call) { multiply(CK_INT8, call); }

#pragma clang attribute pop
#endif
