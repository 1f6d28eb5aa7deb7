// Reductions over a row of logits on AVX-512: the largest, sums of exponentials, the indices within bounds.
#if defined(__x86_64__)
#include "avx512.h"

#include <math.h>

#pragma clang attribute push(__attribute__((target(CK_AVX512_TARGET))), apply_to = function)

int32_t ck_avx512_argmax(const float *x, int32_t n) {
  const __m512 nothing = _mm512_set1_ps(-INFINITY);
  __m512 largest[4] = {nothing, nothing, nothing, nothing};
  int32_t i = 0;
  // The running maximum comes second: it is the result where x is NaN.
  for (; i + 64 <= n; i += 64) {
#pragma clang loop unroll(full)
    for (int v = 0; v < 4; v++) largest[v] = _mm512_max_ps(_mm512_loadu_ps(x + i + v * 16), largest[v]);
  }
  for (; i < n; i += 16)
    largest[0] = _mm512_max_ps(_mm512_mask_loadu_ps(nothing, avx512_lanes_below(n - i), x + i), largest[0]);
  for (int v = 1; v < 4; v++) largest[0] = _mm512_max_ps(largest[0], largest[v]);
  const float best = _mm512_reduce_max_ps(largest[0]);
  for (i = 0; i < n; i += 16) {
    __mmask16 mask = avx512_lanes_below(n - i);
    __m512 value = _mm512_maskz_loadu_ps(mask, x + i);
    __mmask16 equal = _mm512_mask_cmp_ps_mask(mask, value, _mm512_set1_ps(best), _CMP_EQ_OQ);
    if (equal) return i + __builtin_ctz(equal);
  }
  return 0;
}

/// 2 to the power of y <= 0, within 2e-7 of it; 1 for 0. Shorter than `avx512_exp`, since nothing else can come.
CK_INLINE __m512 power_of_two(__m512 y) {
  __m512 n = _mm512_roundscale_ps(y, 8);
  __m512 f = _mm512_sub_ps(y, n);
  __m512 p = _mm512_set1_ps(1.326472439e-03f);
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(9.671513239e-03f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.550733756e-02f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.402224207e-01f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(6.931469776e-01f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(p, n);
}

double ck_avx512_sum_exp(
    const float *x, int32_t n, float maximum, float inverse_temperature, float bound, double *blocks) {
  const __m512 m = _mm512_set1_ps(maximum), least = _mm512_set1_ps(bound);
  // exp(x) = 2^(x / ln 2).
  const __m512 t = _mm512_set1_ps(inverse_temperature * 1.44269504f);
  double total = 0;
  for (int32_t begin = 0; begin < n; begin += CK_SUM_BLOCK) {
    const int32_t end = n - begin < CK_SUM_BLOCK ? n : begin + CK_SUM_BLOCK;
    // A lane adds at most 32 floats before the sum goes on in double.
    __m512 lanes = _mm512_setzero_ps();
    for (int32_t i = begin; i < end; i += 16) {
      __mmask16 mask = avx512_lanes_below(end - i);
      __m512 value = _mm512_maskz_loadu_ps(mask, x + i);
      mask = _mm512_mask_cmp_ps_mask(mask, value, least, _CMP_GE_OQ);
      // A high bound leaves few vectors.
      if (!mask) continue;
      lanes = _mm512_mask_add_ps(lanes, mask, lanes, power_of_two(_mm512_mul_ps(_mm512_sub_ps(value, m), t)));
    }
    const double sum = _mm512_reduce_add_pd(_mm512_add_pd(
        _mm512_cvtps_pd(_mm512_castps512_ps256(lanes)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(lanes, 1))));
    if (blocks) blocks[begin / CK_SUM_BLOCK] = sum;
    total += sum;
  }
  return total;
}

int32_t ck_avx512_gather(const float *x, int32_t n, float low, float high, int32_t capacity, int32_t *indices) {
  const __m512 least = _mm512_set1_ps(low), most = _mm512_set1_ps(high);
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  int32_t count = 0;
  for (int32_t i = 0; i < n; i += 16) {
    __mmask16 mask = avx512_lanes_below(n - i);
    __m512 value = _mm512_maskz_loadu_ps(mask, x + i);
    mask = _mm512_mask_cmp_ps_mask(mask, value, least, _CMP_GE_OQ);
    if (!mask) continue;
    mask = _mm512_mask_cmp_ps_mask(mask, value, most, _CMP_LT_OQ);
    const int32_t found = __builtin_popcount(mask), room = capacity - count;
    // Compressed in a register: compressing stores are slow on some processors.
    __m512i packed = _mm512_maskz_compress_epi32(mask, _mm512_add_epi32(lanes, _mm512_set1_epi32(i)));
    _mm512_mask_storeu_epi32(indices + count, avx512_lanes_below(found < room ? found : room), packed);
    if (found > room) return capacity + 1;
    count += found;
  }
  return count;
}

#pragma clang attribute pop
#endif
