// Products of 8-bit fixed-point activations on AVX2, for MXFP4 weights.
//
// Weights are unsigned bytes (doubled and biased by 16), so that `vpmaddubsw` multiplies eight rows by four columns
// and four of its results add up in 16 bits without saturation: 28 * 127 * 2 * 4 is below 2^15. The block's offset
// undoes the bias. Half a k block of a row group fills half of the registers and meets all tokens of a tile, whose
// totals lie in scratch. int8 weights fill a byte alone: there the instruction would saturate, and what avoids that
// costs as much as the products of 16-bit activations.
#if defined(__x86_64__)
#include "avx2.h"

#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

enum {
  TILE_TOKENS = 32,       // totals of a tile take 2 KiB
  PREFETCH_BYTES = 4096,  // how far ahead weights are fetched
  BLOCK_BYTES = 256,
};

/// Eight rows (`half` of the group) of a k block, columns 4g...4g + 3 in vector g, biased.
CK_INLINE void unpack_half(const uint8_t *block, int half, __m256i w[8]) {
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i values =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4));
#pragma clang loop unroll(full)
  for (int g = 0; g < 4; g++) {
    __m256i v = _mm256_loadu_si256((const __m256i *)(block + g * 64 + half * 32));
    w[g] = _mm256_shuffle_epi8(values, _mm256_and_si256(v, nibble));
    w[g + 4] = _mm256_shuffle_epi8(values, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
  }
}

/// Four columns of eight rows by their activations: sums of two neighbours each, in 16 bits.
CK_INLINE __m256i multiply_four(__m256i w, const int8_t *x) {
  int32_t four;
  memcpy(&four, x, sizeof four);
  return _mm256_maddubs_epi16(w, _mm256_set1_epi32(four));
}

/// The sum of a k block's products with eight rows.
CK_INLINE __m256i multiply_half(const __m256i w[8], const ck_q8_block *x) {
  const __m256i one = _mm256_set1_epi16(1);
  __m256i sum = _mm256_set1_epi32(x->offset >> 3);
#pragma clang loop unroll(full)
  for (int from = 0; from < 8; from += 4) {
    __m256i first = _mm256_add_epi16(multiply_four(w[from], x->values + from * 4),
                                     multiply_four(w[from + 1], x->values + from * 4 + 4));
    __m256i second = _mm256_add_epi16(multiply_four(w[from + 2], x->values + from * 4 + 8),
                                      multiply_four(w[from + 3], x->values + from * 4 + 12));
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_add_epi16(first, second), one));
  }
  return sum;
}

/// One row group by up to TILE_TOKENS tokens.
CK_INLINE void multiply_tile(const ck_matmul *c, int32_t group, int32_t first, int32_t tokens) {
  const size_t blocks = (size_t)(c->columns / CK_K_BLOCK), start = (size_t)group * blocks;
  const uint8_t *activations = (const uint8_t *)c->activations + (size_t)first * c->activation_stride;
  float *totals = (float *)c->scratch;
  for (int32_t i = 0; i < tokens * 2; i++) _mm256_store_ps(totals + i * 8, _mm256_setzero_ps());
  for (size_t k = 0; k < blocks; k++) {
    const uint8_t *block = c->weights + (start + k) * BLOCK_BYTES, *scales = c->scales + (start + k) * CK_ROW_GROUP;
    avx2_prefetch(block + PREFETCH_BYTES, BLOCK_BYTES);
    for (int half = 0; half < 2; half++) {
      __m256i w[8];
      unpack_half(block, half, w);
      const __m256 scale = _mm256_mul_ps(avx2_e8m0(scales + half * 8), _mm256_set1_ps(0.5f));
      for (int32_t t = 0; t < tokens; t++) {
        const ck_q8_block *x = (const ck_q8_block *)(activations + (size_t)t * c->activation_stride) + k;
        float *total = totals + t * CK_ROW_GROUP + half * 8;
        __m256 sum = _mm256_cvtepi32_ps(multiply_half(w, x));
        __m256 unit = _mm256_mul_ps(scale, _mm256_set1_ps(x->scale));
        _mm256_store_ps(total, _mm256_fmadd_ps(sum, unit, _mm256_load_ps(total)));
      }
    }
  }
  for (int32_t t = 0; t < tokens; t++)
    for (int half = 0; half < 2; half++) {
      const size_t row = (size_t)group * CK_ROW_GROUP + (size_t)half * 8;
      __m256 total = _mm256_load_ps(totals + t * CK_ROW_GROUP + half * 8);
      if (c->bias) total = _mm256_add_ps(total, _mm256_loadu_ps(c->bias + row));
      _mm256_storeu_ps(c->out + (size_t)(first + t) * c->out_stride + row, total);
    }
}

void ck_avx2_mxfp4_q8(const ck_matmul *call) {
  for (int32_t group = call->row_group_begin; group < call->row_group_end; group++)
    for (int32_t first = 0; first < call->tokens; first += TILE_TOKENS)
      multiply_tile(
          call, group, first, call->tokens - first < TILE_TOKENS ? call->tokens - first : TILE_TOKENS);
}

#pragma clang attribute pop
#endif
