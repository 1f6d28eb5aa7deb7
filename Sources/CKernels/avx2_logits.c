// Reductions over a row of logits on AVX2: the largest, sums of exponentials, the indices within bounds.
#if defined(__x86_64__)
#include "avx2.h"

#include <math.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

int32_t ck_avx2_argmax(const float *x, int32_t n) {
  __m256 largest[4];
  for (int v = 0; v < 4; v++) largest[v] = _mm256_set1_ps(-INFINITY);
  int32_t whole = n / 32 * 32;
  // The running maximum comes second: it is the result where x is NaN.
  for (int32_t i = 0; i < whole; i += 32)
    for (int v = 0; v < 4; v++) largest[v] = _mm256_max_ps(_mm256_loadu_ps(x + i + v * 8), largest[v]);
  float best = avx2_max(_mm256_max_ps(_mm256_max_ps(largest[0], largest[1]), _mm256_max_ps(largest[2], largest[3])));
  for (int32_t i = whole; i < n; i++)
    if (x[i] > best) best = x[i];
  for (int32_t i = 0; i < n; i += 8) {
    __m256i mask = avx2_lanes_below(n - i);
    __m256 equal = _mm256_cmp_ps(_mm256_maskload_ps(x + i, mask), _mm256_set1_ps(best), _CMP_EQ_OQ);
    int found = _mm256_movemask_ps(_mm256_and_ps(equal, _mm256_castsi256_ps(mask)));
    if (found) return i + __builtin_ctz((unsigned)found);
  }
  return 0;
}

/// 2 to the power of y <= 0, within 2e-7 of it; 1 for 0, 2^-126 below -126. Shorter than `avx2_exp`, since nothing else
/// can come.
CK_INLINE __m256 power_of_two(__m256 y) {
  y = _mm256_max_ps(y, _mm256_set1_ps(-126.0f));
  __m256 n = _mm256_round_ps(y, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 f = _mm256_sub_ps(y, n);
  __m256 p = _mm256_set1_ps(1.326472439e-03f);
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(9.671513239e-03f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(5.550733756e-02f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(2.402224207e-01f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(6.931469776e-01f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.0f));
  // Adds n to the exponent.
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23)));
}

double ck_avx2_sum_exp(
    const float *x, int32_t n, float maximum, float inverse_temperature, float bound, double *blocks) {
  const __m256 m = _mm256_set1_ps(maximum), least = _mm256_set1_ps(bound);
  // exp(x) = 2^(x / ln 2).
  const __m256 t = _mm256_set1_ps(inverse_temperature * 1.44269504f);
  double total = 0;
  for (int32_t begin = 0; begin < n; begin += CK_SUM_BLOCK) {
    const int32_t end = n - begin < CK_SUM_BLOCK ? n : begin + CK_SUM_BLOCK;
    // A lane adds at most 32 floats before the sum goes on in double.
    __m256 lanes[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    for (int32_t i = begin; i < end; i += 8) {
      __m256i mask = avx2_lanes_below(end - i);
      __m256 value = _mm256_maskload_ps(x + i, mask);
      __m256 keep = _mm256_and_ps(_mm256_cmp_ps(value, least, _CMP_GE_OQ), _mm256_castsi256_ps(mask));
      // A high bound leaves few vectors.
      if (!_mm256_movemask_ps(keep)) continue;
      __m256 e = power_of_two(_mm256_mul_ps(_mm256_sub_ps(value, m), t));
      lanes[i / 8 % 2] = _mm256_add_ps(lanes[i / 8 % 2], _mm256_and_ps(e, keep));
    }
    __m256d four = _mm256_setzero_pd();
    for (int v = 0; v < 2; v++) {
      four = _mm256_add_pd(four, _mm256_cvtps_pd(_mm256_castps256_ps128(lanes[v])));
      four = _mm256_add_pd(four, _mm256_cvtps_pd(_mm256_extractf128_ps(lanes[v], 1)));
    }
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    const double sum = _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
    if (blocks) blocks[begin / CK_SUM_BLOCK] = sum;
    total += sum;
  }
  return total;
}

int32_t ck_avx2_gather(const float *x, int32_t n, float low, float high, int32_t capacity, int32_t *indices) {
  const __m256 least = _mm256_set1_ps(low), most = _mm256_set1_ps(high);
  int32_t count = 0;
  for (int32_t i = 0; i < n; i += 8) {
    __m256i mask = avx2_lanes_below(n - i);
    __m256 value = _mm256_maskload_ps(x + i, mask);
    __m256 inside = _mm256_and_ps(_mm256_cmp_ps(value, least, _CMP_GE_OQ), _mm256_cmp_ps(value, most, _CMP_LT_OQ));
    unsigned found = (unsigned)_mm256_movemask_ps(_mm256_and_ps(inside, _mm256_castsi256_ps(mask)));
    for (; found; found &= found - 1) {
      if (count == capacity) return capacity + 1;
      indices[count++] = i + __builtin_ctz(found);
    }
  }
  return count;
}

#pragma clang attribute pop
#endif
