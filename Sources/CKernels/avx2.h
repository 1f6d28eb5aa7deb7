// What the AVX2 files share: their entries of the table, a few vector idioms.
#ifndef CK_AVX2_H
#define CK_AVX2_H

#include "CKernels.h"

#include <immintrin.h>

void ck_avx2_mxfp4_f32(const ck_matmul *call);
void ck_avx2_int8_f32(const ck_matmul *call);
void ck_avx2_bf16_f32(const ck_matmul *call);
void ck_avx2_mxfp4_q16(const ck_matmul *call);
void ck_avx2_int8_q16(const ck_matmul *call);
void ck_avx2_mxfp4_q8(const ck_matmul *call);
void ck_avx2_attention(const ck_attention *call);
void ck_avx2_rms_norm(const float *x, const float *gain, float epsilon, int32_t n, float *out);
void ck_avx2_to_bf16(const float *x, int32_t n, uint16_t *out);
void ck_avx2_to_q16(const float *x, int32_t n, ck_q16_block *out);
void ck_avx2_to_q8(const float *x, int32_t n, ck_q8_block *out);
void ck_avx2_to_f16(const float *x, int32_t n, uint16_t *out);
void ck_avx2_rope(float *x, int32_t heads, int32_t head_dim, const float *cosines, const float *sines);
void ck_avx2_swiglu(const float *gate_up, int32_t begin, int32_t end, float limit, float alpha, float *out);
void ck_avx2_scale_add(float *y, const float *x, float w, int32_t n);
int32_t ck_avx2_argmax(const float *x, int32_t n);
double ck_avx2_sum_exp(
    const float *x, int32_t n, float maximum, float inverse_temperature, float bound, double *blocks);
int32_t ck_avx2_gather(const float *x, int32_t n, float low, float high, int32_t capacity, int32_t *indices);

#define CK_INLINE static inline __attribute__((always_inline))

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

/// exp(x) within 1.5 ulp; 0 below -87.33, the largest power of two times the fraction above 88.37; NaN stays NaN.
CK_INLINE __m256 avx2_exp(__m256 x) {
  const __m256 lowest = _mm256_set1_ps(-87.33f);
  __m256 keep = _mm256_cmp_ps(x, lowest, _CMP_NLT_UQ);
  // The constant comes first: min and max return their second operand if one is NaN.
  __m256 y = _mm256_max_ps(lowest, _mm256_min_ps(_mm256_set1_ps(88.37f), x));
  __m256 n =
      _mm256_round_ps(_mm256_mul_ps(y, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), y);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), r);
  __m256 p = _mm256_set1_ps(1.9875691500e-4f);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.3981999507e-3f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(8.3334519073e-3f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(4.1665795894e-2f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.6666665459e-1f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(5.0000001201e-1f));
  p = _mm256_fmadd_ps(_mm256_mul_ps(r, r), p, _mm256_add_ps(r, _mm256_set1_ps(1.0f)));
  __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_and_ps(_mm256_mul_ps(p, _mm256_castsi256_ps(power)), keep);
}

/// Starts fetching a k block of weights, which may lie beyond the matrix: a prefetch never faults.
CK_INLINE void avx2_prefetch(const uint8_t *block, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 64) _mm_prefetch((const char *)block + i, _MM_HINT_T0);
}

/// The lanes below `count` (0...8) as a mask for masked loads and stores.
CK_INLINE __m256i avx2_lanes_below(int32_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

CK_INLINE float avx2_sum(__m256 v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

CK_INLINE float avx2_max(__m256 v) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

/// 2^(scale - 127) of eight E8M0 bytes; byte 0 is the subnormal 2^-127.
CK_INLINE __m256 avx2_e8m0(const uint8_t *scales) {
  __m256i bits = _mm256_slli_epi32(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)scales)), 23);
  return _mm256_castsi256_ps(_mm256_max_epi32(bits, _mm256_set1_epi32(0x00400000)));
}

/// Eight half floats.
CK_INLINE __m256 avx2_half(const uint8_t *halves) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)halves)); }

#pragma clang attribute pop

#endif
