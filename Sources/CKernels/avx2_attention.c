// Paged attention on AVX2: the vector operations of attention.h.
#if defined(__x86_64__)
#include "avx2.h"

#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

typedef __m256 vector;
#define VECTOR 8
#define TILE_HEADS 3

CK_INLINE vector v_zero(void) { return _mm256_setzero_ps(); }
CK_INLINE vector v_all(float f) { return _mm256_set1_ps(f); }
CK_INLINE vector v_load(const float *p) { return _mm256_loadu_ps(p); }
CK_INLINE void v_store(float *p, vector x) { _mm256_storeu_ps(p, x); }
CK_INLINE vector v_add(vector a, vector b) { return _mm256_add_ps(a, b); }
CK_INLINE vector v_multiply(vector a, vector b) { return _mm256_mul_ps(a, b); }
CK_INLINE vector v_divide(vector a, vector b) { return _mm256_div_ps(a, b); }
CK_INLINE vector v_larger(vector a, vector b) { return _mm256_max_ps(a, b); }
CK_INLINE vector v_multiply_add(vector a, vector b, vector c) { return _mm256_fmadd_ps(a, b, c); }
CK_INLINE float v_largest(vector x) { return avx2_max(x); }
CK_INLINE float v_sum(vector x) { return avx2_sum(x); }
CK_INLINE vector v_from_half(const uint8_t *p) { return avx2_half(p); }
CK_INLINE vector v_from_byte(const uint8_t *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}

CK_INLINE vector v_between(vector x, int32_t begin, int32_t end) {
  const __m256i inside = _mm256_andnot_si256(avx2_lanes_below(begin), avx2_lanes_below(end));
  return _mm256_blendv_ps(_mm256_set1_ps(-INFINITY), x, _mm256_castsi256_ps(inside));
}

/// Within 1.5 ulp, 0 from -127 down: the exponent field is zero there. Max returns its second operand if one is NaN.
CK_INLINE vector v_exp2(vector x) {
  x = _mm256_max_ps(_mm256_set1_ps(-127.0f), x);
  const __m256 n = _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), r = _mm256_sub_ps(x, n);
  __m256 p = _mm256_set1_ps(1.535336188e-4f);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.339887440e-3f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(9.618437357e-3f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(5.550332471e-2f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(2.402264791e-1f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(6.931472028e-1f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
  const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(p, _mm256_castsi256_ps(power));
}

#include "attention.h"

void ck_avx2_attention(const ck_attention *call) { attend_pages(call); }

#pragma clang attribute pop
#endif
