// Products of 16-bit fixed-point activations on AVX-512 VNNI, for MXFP4 and int8 weights: the decode path.
//
// Weights stay unsigned bytes (MXFP4 doubled and biased by 12, int8 biased by 128), so that `vpdpbusd` multiplies them
// by the two signed byte planes of the activations without rounding; 256 * high + low of a block stays below 2^31, and
// the block's activation sum undoes the bias. Sums are exact and scaled in the order of the k blocks: a result does not
// depend on what else is computed. A k block is unpacked once for up to six tokens; unpacking it again for the next six
// costs less than storing it.
#if defined(__x86_64__)
#include "avx512.h"

#include <string.h>

#pragma clang attribute push(__attribute__((target(CK_AVX512_TARGET))), apply_to = function)

enum {
  TILE_TOKENS = 6,    // 8 weights, 6 totals, the rest for sums and unpacking
  NEAR_BYTES = 4096,  // how far ahead weights are fetched into L1
  FAR_BYTES = 8192,   // and into L2
};

/// Four activation bytes in every lane.
CK_INLINE __m512i four_bytes(const int8_t *bytes) {
  int32_t dword;
  memcpy(&dword, bytes, sizeof dword);
  return _mm512_set1_epi32(dword);
}

/// Starts fetching a vector of weights, which may lie beyond the matrix: a prefetch never faults. L1 has too few
/// buffers for misses to keep up with the memory while tokens are multiplied, so the weights come to L2; but not int8
/// for one or two tokens, whose loads follow each other so closely that the processor sees a stream and fetches into L2
/// by itself.
CK_INLINE void fetch(ck_weight_kind kind, int tokens, const uint8_t *vector) {
  if (kind == CK_INT8 && tokens <= 2) _mm_prefetch((const char *)vector + NEAR_BYTES, _MM_HINT_T0);
  else _mm_prefetch((const char *)vector + FAR_BYTES, _MM_HINT_T1);
}

/// The eight vectors of a k block: rows by columns 4g...4g + 3, biased.
CK_INLINE void unpack_block(ck_weight_kind kind, int tokens, const uint8_t *block, __m512i w[8]) {
  const __m512i nibble = _mm512_set1_epi8(15), values = _mm512_broadcast_i32x4(
      _mm_setr_epi8(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0));
#pragma clang loop unroll(full)
  for (int g = 0; g < (4 << kind); g++) {
    __m512i v = _mm512_loadu_si512(block + g * 64);
    fetch(kind, tokens, block + g * 64);
    if (kind == CK_INT8) {
      w[g] = v;
    } else {
      w[g] = _mm512_shuffle_epi8(values, _mm512_and_si512(v, nibble));
      w[g + 4] = _mm512_shuffle_epi8(values, _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble));
    }
  }
}

/// One row group by 1...6 tokens.
CK_INLINE void multiply_tile(ck_weight_kind kind, const ck_matmul *c, int32_t group, int32_t first, int tokens) {
  const size_t blocks = (size_t)(c->columns / CK_K_BLOCK), start = (size_t)group * blocks;
  const int32_t bias = kind == CK_MXFP4 ? 12 : 128;
  avx512_rows x = avx512_rows_from(c, first);
  __m512 total[TILE_TOKENS];
  for (int m = 0; m < tokens; m++) total[m] = _mm512_setzero_ps();
  for (size_t k = 0; k < blocks; k++) {
    __m512i w[8];
    unpack_block(kind, tokens, c->weights + (start + k) * avx512_block_bytes(kind), w);
    __m512 scale = avx512_scale(kind, c->scales, start + k);
    if (kind == CK_MXFP4) scale = _mm512_mul_ps(scale, _mm512_set1_ps(0.5f));
    avx512_hide_stride(&x);
#pragma clang loop unroll(full)
    for (int m = 0; m < tokens; m++) {
      const ck_q16_block *block = avx512_row(&x, m, k * sizeof(ck_q16_block));
      __m512i high = _mm512_setzero_si512(), low = _mm512_set1_epi32(-bias * block->sum);
#pragma clang loop unroll(full)
      for (int g = 0; g < 8; g++) {
        high = _mm512_dpbusd_epi32(high, w[g], four_bytes(block->high + 4 * g));
        low = _mm512_dpbusd_epi32(low, w[g], four_bytes(block->low + 4 * g));
      }
      __m512 sum = _mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_slli_epi32(high, 8), low));
      total[m] = _mm512_fmadd_ps(sum, _mm512_mul_ps(scale, _mm512_set1_ps(block->scale)), total[m]);
    }
  }
  for (int m = 0; m < tokens; m++) {
    if (c->bias) total[m] = _mm512_add_ps(total[m], _mm512_loadu_ps(c->bias + (size_t)group * CK_ROW_GROUP));
    _mm512_storeu_ps(c->out + (size_t)(first + m) * c->out_stride + (size_t)group * CK_ROW_GROUP, total[m]);
  }
}

/// Every row group by all tokens.
CK_INLINE void multiply(ck_weight_kind kind, const ck_matmul *c) {
  const int32_t share = avx512_tile_tokens(c->tokens, TILE_TOKENS);
  for (int32_t group = c->row_group_begin; group < c->row_group_end; group++)
    for (int32_t first = 0; first < c->tokens; first += share)
      switch (c->tokens - first < share ? c->tokens - first : share) {
        case 1: multiply_tile(kind, c, group, first, 1); break;
        case 2: multiply_tile(kind, c, group, first, 2); break;
        case 3: multiply_tile(kind, c, group, first, 3); break;
        case 4: multiply_tile(kind, c, group, first, 4); break;
        case 5: multiply_tile(kind, c, group, first, 5); break;
        default: multiply_tile(kind, c, group, first, 6); break;
      }
}

void ck_avx512_mxfp4_q16(const ck_matmul *call) { multiply(CK_MXFP4, call); }
void ck_avx512_int8_q16(const ck_matmul *call) { multiply(CK_INT8, call); }

#pragma clang attribute pop
#endif
