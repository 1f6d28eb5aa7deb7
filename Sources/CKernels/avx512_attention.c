// Paged attention on AVX-512: the vector operations of attention.h.
#if defined(__x86_64__)
#include "avx512.h"

#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target(CK_AVX512_TARGET))), apply_to = function)

typedef __m512 vector;
#define VECTOR 16
#define TILE_HEADS 8

CK_INLINE vector v_zero(void) { return _mm512_setzero_ps(); }
CK_INLINE vector v_all(float f) { return _mm512_set1_ps(f); }
CK_INLINE vector v_load(const float *p) { return _mm512_loadu_ps(p); }
CK_INLINE void v_store(float *p, vector x) { _mm512_storeu_ps(p, x); }
CK_INLINE vector v_add(vector a, vector b) { return _mm512_add_ps(a, b); }
CK_INLINE vector v_multiply(vector a, vector b) { return _mm512_mul_ps(a, b); }
CK_INLINE vector v_divide(vector a, vector b) { return _mm512_div_ps(a, b); }
CK_INLINE vector v_larger(vector a, vector b) { return _mm512_max_ps(a, b); }
CK_INLINE vector v_multiply_add(vector a, vector b, vector c) { return _mm512_fmadd_ps(a, b, c); }
CK_INLINE float v_largest(vector x) { return _mm512_reduce_max_ps(x); }
CK_INLINE float v_sum(vector x) { return _mm512_reduce_add_ps(x); }
CK_INLINE vector v_exp2(vector x) { return avx512_exp2(x); }
CK_INLINE vector v_from_half(const uint8_t *p) { return avx512_half(p); }
CK_INLINE vector v_from_byte(const uint8_t *p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}

CK_INLINE vector v_between(vector x, int32_t begin, int32_t end) {
  const __mmask16 inside = avx512_lanes_below(end) & (__mmask16)~avx512_lanes_below(begin);
  return _mm512_mask_mov_ps(_mm512_set1_ps(-INFINITY), inside, x);
}

#include "attention.h"

void ck_avx512_attention(const ck_attention *call) { attend_pages(call); }

#pragma clang attribute pop
#endif
