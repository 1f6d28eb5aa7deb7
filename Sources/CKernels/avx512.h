// What the AVX-512 files share: their entries of the table, a few vector idioms.
#ifndef CK_AVX512_H
#define CK_AVX512_H

#include "include/CKernels.h"

#include <immintrin.h>
#include <stddef.h>

void ck_avx512_mxfp4_f32(const ck_matmul *call);
void ck_avx512_int8_f32(const ck_matmul *call);
void ck_avx512_bf16_f32(const ck_matmul *call);
void ck_avx512_mxfp4_q16(const ck_matmul *call);
void ck_avx512_int8_q16(const ck_matmul *call);
void ck_avx512_mxfp4_q8(const ck_matmul *call);
void ck_avx512_int8_q8(const ck_matmul *call);
void ck_avx512_mxfp4_q16_vbmi(const ck_matmul *call);
void ck_avx512_mxfp4_q8_vbmi(const ck_matmul *call);
void ck_avx512_mxfp4_bf16(const ck_matmul *call);
void ck_avx512_int8_bf16(const ck_matmul *call);
void ck_avx512_bf16_bf16(const ck_matmul *call);
void ck_avx512_attention(const ck_attention *call);
void ck_avx512_rms_norm(const float *x, const float *gain, float epsilon, int32_t n, float *out);
void ck_avx512_to_bf16(const float *x, int32_t n, uint16_t *out);
void ck_avx512_to_q16(const float *x, int32_t n, ck_q16_block *out);
void ck_avx512_to_q8(const float *x, int32_t n, ck_q8_block *out);
void ck_avx512_to_f16(const float *x, int32_t n, uint16_t *out);
void ck_avx512_rope(float *x, int32_t heads, int32_t head_dim, const float *cosines, const float *sines);
void ck_avx512_swiglu(const float *gate_up, int32_t begin, int32_t end, float limit, float alpha, float *out);
void ck_avx512_scale_add(float *y, const float *x, float w, int32_t n);
int32_t ck_avx512_argmax(const float *x, int32_t n);
double ck_avx512_sum_exp(
    const float *x, int32_t n, float maximum, float inverse_temperature, float bound, double *blocks);
int32_t ck_avx512_gather(const float *x, int32_t n, float low, float high, int32_t capacity, int32_t *indices);

#define CK_INLINE static inline __attribute__((always_inline))

/// What every file but the bf16 products is compiled for: Cascade Lake and later, Zen 4 and later.
#define CK_AVX512_TARGET "avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"

/// Calls `function(..., count)` with a constant 1...12 in the place of `count`.
#define CK_WITH_CONSTANT(count, function, ...)      \
  switch (count) {                                  \
    case 1: function(__VA_ARGS__, 1); break;        \
    case 2: function(__VA_ARGS__, 2); break;        \
    case 3: function(__VA_ARGS__, 3); break;        \
    case 4: function(__VA_ARGS__, 4); break;        \
    case 5: function(__VA_ARGS__, 5); break;        \
    case 6: function(__VA_ARGS__, 6); break;        \
    case 7: function(__VA_ARGS__, 7); break;        \
    case 8: function(__VA_ARGS__, 8); break;        \
    case 9: function(__VA_ARGS__, 9); break;        \
    case 10: function(__VA_ARGS__, 10); break;      \
    case 11: function(__VA_ARGS__, 11); break;      \
    default: function(__VA_ARGS__, 12); break;      \
  }

/// Tokens per tile such that the tiles of `tokens` are as even as can be, none larger than `most`.
CK_INLINE int32_t avx512_tile_tokens(int32_t tokens, int32_t most) {
  int32_t tiles = (tokens + most - 1) / most;
  return (tokens + tiles - 1) / tiles;
}

/// Bytes of a k block of a row group.
CK_INLINE size_t avx512_block_bytes(ck_weight_kind kind) { return (size_t)256 << kind; }

/// Up to twelve rows of activations, addressed by four pointers and multiples of the stride. Twelve pointers would not
/// fit in the registers, and the compiler would make twelve if it saw what they have in common.
typedef struct {
  const uint8_t *row[4];  // rows 0, 3, 6, 9
  size_t stride;
} avx512_rows;

CK_INLINE avx512_rows avx512_rows_from(const ck_matmul *c, int32_t token) {
  const uint8_t *first = (const uint8_t *)c->activations + (size_t)token * c->activation_stride;
  const size_t stride = c->activation_stride;
  return (avx512_rows){{first, first + 3 * stride, first + 6 * stride, first + 9 * stride}, stride};
}

/// Called within a loop, keeps the compiler from turning every row into a pointer of its own.
CK_INLINE void avx512_hide_stride(avx512_rows *rows) { __asm__("" : "+r"(rows->stride)); }

/// Byte `offset` of row `m`.
CK_INLINE const void *avx512_row(const avx512_rows *rows, int m, size_t offset) {
  return rows->row[m / 3] + (size_t)(m % 3) * rows->stride + offset;
}

#pragma clang attribute push(__attribute__((target(CK_AVX512_TARGET))), apply_to = function)

/// exp(x) within 1.5 ulp; 0 below -87.33, the largest power of two times the fraction above 88.37; NaN stays NaN.
CK_INLINE __m512 avx512_exp(__m512 x) {
  const __m512 lowest = _mm512_set1_ps(-87.33f);
  __mmask16 keep = _mm512_cmp_ps_mask(x, lowest, _CMP_NLT_UQ);
  // The constant comes first: min and max return their second operand if one is NaN.
  __m512 y = _mm512_max_ps(lowest, _mm512_min_ps(_mm512_set1_ps(88.37f), x));
  __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(y, _mm512_set1_ps(1.44269504f)), 8);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), y);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
  __m512 p = _mm512_set1_ps(1.9875691500e-4f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.3981999507e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1f));
  p = _mm512_fmadd_ps(_mm512_mul_ps(r, r), p, _mm512_add_ps(r, _mm512_set1_ps(1.0f)));
  return _mm512_maskz_scalef_ps(keep, p, n);
}

/// 2^x within 1.5 ulp for x up to 1. Numbers far below the range become 0 by scaling; max returns its second operand if
/// one is NaN, so that NaN stays NaN.
CK_INLINE __m512 avx512_exp2(__m512 x) {
  x = _mm512_max_ps(_mm512_set1_ps(-200.0f), x);
  const __m512 n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), r = _mm512_sub_ps(x, n);
  __m512 p = _mm512_set1_ps(1.535336188e-4f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.339887440e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(9.618437357e-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.550332471e-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.402264791e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.931472028e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(p, n);
}

/// The lanes below `count`: all from 16 on, none for 0 and less.
CK_INLINE __mmask16 avx512_lanes_below(int32_t count) {
  return count >= 16 ? 0xffff : count <= 0 ? 0 : (__mmask16)((1u << count) - 1);
}

/// 2^(scale - 127) of sixteen E8M0 bytes; byte 0 is the subnormal 2^-127.
CK_INLINE __m512 avx512_e8m0(const uint8_t *scales) {
  __m512i bits = _mm512_slli_epi32(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)scales)), 23);
  return _mm512_castsi512_ps(_mm512_max_epi32(bits, _mm512_set1_epi32(0x00400000)));
}

/// Sixteen half floats.
CK_INLINE __m512 avx512_half(const void *halves) { return _mm512_cvtph_ps(_mm256_loadu_si256(halves)); }

/// Scales of k block `block`, counted over the whole matrix.
CK_INLINE __m512 avx512_scale(ck_weight_kind kind, const uint8_t *scales, size_t block) {
  return kind == CK_MXFP4 ? avx512_e8m0(scales + block * 16) : avx512_half(scales + block * 32);
}

#pragma clang attribute pop

#endif
