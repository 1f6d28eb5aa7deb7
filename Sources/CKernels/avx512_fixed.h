// Products of fixed-point activations, of 8 and of 16 bits, on AVX-512 VNNI, for MXFP4 and int8 weights.
// Included twice, by files that define LOOK_UP(values, v): for every byte of `v` the entry of `values` that its low
// four bits number.
//
// Weights are unsigned bytes (int8 as it is stored, MXFP4 times 16; both biased by 128), so that `vpdpbusd` multiplies
// them by the signed byte planes of the activations without rounding; sums stay below 2^31, and a block's offset
// undoes the bias. Sums are exact and scaled in the order of the k blocks: a result does not depend on what else is
// computed.
//
// What limits these loops is the pair of ports that byte products share with float multiplications. Hence a scale of
// MXFP4, a power of two, is added to the exponent of the activations' scale, which other ports do, and tiles are of
// many tokens although they unpack the weights again: what that takes are other ports too.
#include "avx512.h"

#include <string.h>

enum {
  TILE_TOKENS = 12,          // 12 totals, 8 weights, 4 sums, the rest for unpacking
  DOUBLE_TILE_TOKENS = 7,    // of two planes: more, and the compiler spills
  FACTORED_TILE_TOKENS = 4,  // of a tile whose scales cannot be added to exponents
  STRIP_BYTES = 256 << 10,   // weights that stay in L2 while the tokens pass
  NEAR_BYTES = 4096,         // how far ahead weights are fetched into L1
  FAR_BYTES = 8192,          // and into L2
  LEAST_SCALE = 85,          // scales of MXFP4 from here...
  MOST_SCALE = 195,          // ... to here, times any of activations, are normal numbers
};

/// How the weights' scales meet those of the activations.
typedef enum { EXPONENTS, FACTORS } scaling;

/// A block of activations: its planes, the high one first, then scale and offset.
CK_INLINE size_t block_bytes(int planes) { return planes == 2 ? sizeof(ck_q16_block) : sizeof(ck_q8_block); }

/// Four bytes in every lane.
CK_INLINE __m512i four_bytes(const uint8_t *bytes) {
  int32_t dword;
  memcpy(&dword, bytes, sizeof dword);
  return _mm512_set1_epi32(dword);
}

/// Starts fetching a vector of weights, which may lie beyond the matrix: a prefetch never faults. L1 has too few
/// buffers for misses to keep up with the memory while tokens are multiplied, so the weights come to L2; but not where
/// so little is done with each that its loads follow each other closely: then the processor sees a stream and fetches
/// into L2 by itself. Where that changes is measured.
CK_INLINE void fetch(int planes, ck_weight_kind kind, int tokens, const uint8_t *vector) {
  const int is_stream = tokens + planes <= (kind == CK_INT8 ? 4 : 2);
  if (is_stream) _mm_prefetch((const char *)vector + NEAR_BYTES, _MM_HINT_T0);
  else _mm_prefetch((const char *)vector + FAR_BYTES, _MM_HINT_T1);
}

/// The eight vectors of a k block: rows by columns 4g...4g + 3, biased.
CK_INLINE void unpack_block(int planes, ck_weight_kind kind, int tokens, const uint8_t *block, __m512i w[8]) {
  const __m512i values = _mm512_broadcast_i32x4(
      _mm_setr_epi8(-128, -120, -112, -104, -96, -80, -64, -32, -128, 120, 112, 104, 96, 80, 64, 32));
#pragma clang loop unroll(full)
  for (int g = 0; g < (4 << kind); g++) {
    __m512i v = _mm512_loadu_si512(block + g * 64);
    fetch(planes, kind, tokens, block + g * 64);
    if (kind == CK_INT8) {
      w[g] = v;
    } else {
      w[g] = LOOK_UP(values, v);
      w[g + 4] = LOOK_UP(values, _mm512_srli_epi16(v, 4));
    }
  }
}

/// The scales of a k block: factors, or what to add to the bits of a float to multiply it by them.
CK_INLINE __m512i block_scales(scaling how, ck_weight_kind kind, const uint8_t *scales, size_t block) {
  if (how == EXPONENTS) {
    __m512i e8m0 = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(scales + block * 16)));
    return _mm512_slli_epi32(_mm512_sub_epi32(e8m0, _mm512_set1_epi32(127 + 4)), 23);
  }
  __m512 factors = avx512_scale(kind, scales, block);
  if (kind == CK_MXFP4) factors = _mm512_mul_ps(factors, _mm512_set1_ps(0.0625f));
  return _mm512_castps_si512(factors);
}

CK_INLINE __m512 scale_of(scaling how, __m512i scales, const uint8_t *activation_scale) {
  __m512i x = four_bytes(activation_scale);
  if (how == EXPONENTS) return _mm512_castsi512_ps(_mm512_add_epi32(scales, x));
  return _mm512_mul_ps(_mm512_castsi512_ps(scales), _mm512_castsi512_ps(x));
}

/// One row group by 1...12 tokens.
CK_INLINE void multiply_tile(
    int planes, scaling how, ck_weight_kind kind, const ck_matmul *c, int32_t group, int32_t first, int tokens) {
  const size_t blocks = (size_t)(c->columns / CK_K_BLOCK), start = (size_t)group * blocks;
  avx512_rows x = avx512_rows_from(c, first);
  __m512 total[TILE_TOKENS];
#pragma clang loop unroll(full)
  for (int m = 0; m < tokens; m++) total[m] = _mm512_setzero_ps();
  for (size_t k = 0; k < blocks; k++) {
    __m512i w[8];
    unpack_block(planes, kind, tokens, c->weights + (start + k) * avx512_block_bytes(kind), w);
    // The next row group's, which is_ordinary reads all at once.
    if (kind == CK_MXFP4) _mm_prefetch((const char *)c->scales + (start + k + blocks) * CK_ROW_GROUP, _MM_HINT_T0);
    const __m512i scales = block_scales(how, kind, c->scales, start + k);
    // So many sums at a time hide the latency of the products.
    const int abreast = 4 / planes;
#pragma clang loop unroll(full)
    for (int from = 0; from < tokens; from += abreast) {
      const int to = from + abreast < tokens ? from + abreast : tokens;
      __m512i sum[4], high[4];
      avx512_hide_stride(&x);
#pragma clang loop unroll(full)
      for (int m = from; m < to; m++) {
        const uint8_t *block = avx512_row(&x, m, k * block_bytes(planes));
        sum[m - from] = four_bytes(block + planes * CK_K_BLOCK + sizeof(float));
        high[m - from] = _mm512_setzero_si512();
      }
#pragma clang loop unroll(full)
      for (int g = 0; g < 8; g++) {
#pragma clang loop unroll(full)
        for (int m = from; m < to; m++) {
          const uint8_t *block = avx512_row(&x, m, k * block_bytes(planes));
          if (planes == 2) high[m - from] = _mm512_dpbusd_epi32(high[m - from], w[g], four_bytes(block + 4 * g));
          sum[m - from] =
              _mm512_dpbusd_epi32(sum[m - from], w[g], four_bytes(block + (planes - 1) * CK_K_BLOCK + 4 * g));
        }
      }
#pragma clang loop unroll(full)
      for (int m = from; m < to; m++) {
        const uint8_t *block = avx512_row(&x, m, k * block_bytes(planes));
        __m512i exact = sum[m - from];
        if (planes == 2) exact = _mm512_add_epi32(_mm512_slli_epi32(high[m - from], 8), exact);
        const __m512 scale = scale_of(how, scales, block + planes * CK_K_BLOCK);
        total[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(exact), scale, total[m]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int m = 0; m < tokens; m++) {
    if (c->bias) total[m] = _mm512_add_ps(total[m], _mm512_loadu_ps(c->bias + (size_t)group * CK_ROW_GROUP));
    _mm512_storeu_ps(c->out + (size_t)(first + m) * c->out_stride + (size_t)group * CK_ROW_GROUP, total[m]);
  }
}

/// Whether every scale of an MXFP4 row group can be added to the exponent of any activations' scale.
static int is_ordinary(const uint8_t *scales, size_t blocks) {
  __mmask16 extraordinary = 0;
  for (size_t i = 0; i < blocks * 16; i += 16) {
    __m128i moved = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(scales + i)), _mm_set1_epi8(LEAST_SCALE));
    extraordinary |= _mm_cmpgt_epu8_mask(moved, _mm_set1_epi8(MOST_SCALE - LEAST_SCALE));
  }
  return extraordinary == 0;
}

/// One row group of MXFP4 by multiplications of the scales, whatever they are.
CK_INLINE void multiply_factored_tile(int planes, const ck_matmul *c, int32_t group, int32_t first, int32_t tokens) {
  for (; tokens >= FACTORED_TILE_TOKENS; first += FACTORED_TILE_TOKENS, tokens -= FACTORED_TILE_TOKENS)
    multiply_tile(planes, FACTORS, CK_MXFP4, c, group, first, FACTORED_TILE_TOKENS);
  for (; tokens > 0; first++, tokens--) multiply_tile(planes, FACTORS, CK_MXFP4, c, group, first, 1);
}

CK_INLINE void multiply_ordinary_tile(
    int planes, ck_weight_kind kind, const ck_matmul *c, int32_t group, int32_t first, int32_t tokens) {
  const scaling how = kind == CK_MXFP4 ? EXPONENTS : FACTORS;
  if (planes == 1) {
    CK_WITH_CONSTANT(tokens, multiply_tile, 1, how, kind, c, group, first);
    return;
  }
  switch (tokens) {
    case 1: multiply_tile(2, how, kind, c, group, first, 1); break;
    case 2: multiply_tile(2, how, kind, c, group, first, 2); break;
    case 3: multiply_tile(2, how, kind, c, group, first, 3); break;
    case 4: multiply_tile(2, how, kind, c, group, first, 4); break;
    case 5: multiply_tile(2, how, kind, c, group, first, 5); break;
    case 6: multiply_tile(2, how, kind, c, group, first, 6); break;
    default: multiply_tile(2, how, kind, c, group, first, DOUBLE_TILE_TOKENS); break;
  }
}

/// Every row group by all tokens; a strip of row groups at a time, through which every tile of tokens passes.
CK_INLINE void multiply(int planes, ck_weight_kind kind, const ck_matmul *c) {
  const int32_t share = avx512_tile_tokens(c->tokens, planes == 2 ? DOUBLE_TILE_TOKENS : TILE_TOKENS);
  const size_t blocks = (size_t)(c->columns / CK_K_BLOCK);
  const int32_t fitting = (int32_t)(STRIP_BYTES / (blocks * avx512_block_bytes(kind)));
  const int32_t strip = fitting > 1 ? fitting : 1;
  for (int32_t begin = c->row_group_begin; begin < c->row_group_end; begin += strip) {
    const int32_t end = c->row_group_end - begin < strip ? c->row_group_end : begin + strip;
    for (int32_t first = 0; first < c->tokens; first += share) {
      const int32_t tokens = c->tokens - first < share ? c->tokens - first : share;
      for (int32_t group = begin; group < end; group++) {
        // A single token waits for the memory: looking at the scales would cost more than it saves.
        if (kind == CK_MXFP4 && (c->tokens == 1 || !is_ordinary(c->scales + (size_t)group * blocks * 16, blocks))) {
          multiply_factored_tile(planes, c, group, first, tokens);
        } else {
          multiply_ordinary_tile(planes, kind, c, group, first, tokens);
        }
      }
    }
  }
}

