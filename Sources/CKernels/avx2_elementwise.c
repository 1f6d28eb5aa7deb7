// Norm, conversions, rotation and activation on AVX2. Tails use masked loads and stores.
#if defined(__x86_64__)
#include "avx2.h"

#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

void ck_avx2_rms_norm(const float *x, const float *gain, float epsilon, int32_t n, float *out) {
  __m256 sum[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
  int32_t i = 0;
  for (; i + 32 <= n; i += 32)
    for (int v = 0; v < 4; v++) {
      __m256 a = _mm256_loadu_ps(x + i + v * 8);
      sum[v] = _mm256_fmadd_ps(a, a, sum[v]);
    }
  for (; i < n; i += 8) {
    __m256 a = _mm256_maskload_ps(x + i, avx2_lanes_below(n - i));
    sum[0] = _mm256_fmadd_ps(a, a, sum[0]);
  }
  float square = avx2_sum(_mm256_add_ps(_mm256_add_ps(sum[0], sum[1]), _mm256_add_ps(sum[2], sum[3])));
  __m256 factor = _mm256_set1_ps(1.0f / sqrtf(square / (float)n + epsilon));
  for (i = 0; i + 8 <= n; i += 8) {
    __m256 a = _mm256_mul_ps(_mm256_loadu_ps(x + i), factor);
    _mm256_storeu_ps(out + i, _mm256_mul_ps(a, _mm256_loadu_ps(gain + i)));
  }
  if (i < n) {
    __m256i mask = avx2_lanes_below(n - i);
    __m256 a = _mm256_mul_ps(_mm256_maskload_ps(x + i, mask), factor);
    _mm256_maskstore_ps(out + i, mask, _mm256_mul_ps(a, _mm256_maskload_ps(gain + i, mask)));
  }
}

/// Eight bfloat16, round to nearest even; a NaN becomes a quiet NaN.
CK_INLINE __m128i narrow_bf16(__m256 x) {
  __m256i bits = _mm256_castps_si256(x);
  __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
  __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  __m256 unordered = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);
  __m256 chosen = _mm256_blendv_ps(_mm256_castsi256_ps(rounded), _mm256_castsi256_ps(quiet), unordered);
  __m256i upper = _mm256_srli_epi32(_mm256_castps_si256(chosen), 16);
  return _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256(upper, 1));
}

void ck_avx2_to_bf16(const float *x, int32_t n, uint16_t *out) {
  int32_t i = 0;
  for (; i + 8 <= n; i += 8) _mm_storeu_si128((__m128i *)(out + i), narrow_bf16(_mm256_loadu_ps(x + i)));
  if (i < n) {
    __m128i rest = narrow_bf16(_mm256_maskload_ps(x + i, avx2_lanes_below(n - i)));
    memcpy(out + i, &rest, (size_t)(n - i) * 2);
  }
}

/// Eight half floats within +-65504. The constants come first so that NaN passes.
CK_INLINE __m128i narrow_half(__m256 x) {
  x = _mm256_max_ps(_mm256_set1_ps(-65504.0f), _mm256_min_ps(_mm256_set1_ps(65504.0f), x));
  return _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

void ck_avx2_to_f16(const float *x, int32_t n, uint16_t *out) {
  int32_t i = 0;
  for (; i + 8 <= n; i += 8) _mm_storeu_si128((__m128i *)(out + i), narrow_half(_mm256_loadu_ps(x + i)));
  if (i < n) {
    __m128i rest = narrow_half(_mm256_maskload_ps(x + i, avx2_lanes_below(n - i)));
    memcpy(out + i, &rest, (size_t)(n - i) * 2);
  }
}

/// 32 floats as words of -most...most in the byte order of the weights; sets their scale, returns their sum.
CK_INLINE int32_t quantise(const float *x, float most, float *scale, __m256i words[2]) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  __m256 v[4], largest = _mm256_setzero_ps();
  for (int i = 0; i < 4; i++) {
    v[i] = _mm256_loadu_ps(x + i * 8);
    v[i] = _mm256_and_ps(v[i], _mm256_cmp_ps(v[i], v[i], _CMP_ORD_Q));
    largest = _mm256_max_ps(largest, _mm256_andnot_ps(sign, v[i]));
  }
  const float unit = avx2_max(largest) / most;
  *scale = unit < CK_LEAST_SCALE ? CK_LEAST_SCALE : unit > CK_MOST_SCALE ? CK_MOST_SCALE : unit;
  __m256i q[4], sum = _mm256_setzero_si256();
  for (int i = 0; i < 4; i++) {
    __m256 scaled = _mm256_mul_ps(v[i], _mm256_set1_ps(1 / *scale));
    scaled = _mm256_max_ps(_mm256_min_ps(scaled, _mm256_set1_ps(most)), _mm256_set1_ps(-most));
    q[i] = _mm256_cvtps_epi32(scaled);
    sum = _mm256_add_epi32(sum, q[i]);
  }
  for (int i = 0; i < 2; i++) {
    __m256i w = _mm256_permute4x64_epi64(_mm256_packs_epi32(q[i * 2], q[i * 2 + 1]), 0xd8);
    words[i] = _mm256_shufflehi_epi16(_mm256_shufflelo_epi16(w, 0xd8), 0xd8);
  }
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

void ck_avx2_to_q16(const float *x, int32_t n, ck_q16_block *out) {
  for (int32_t block = 0; block < n / CK_K_BLOCK; block++, x += CK_K_BLOCK, out++) {
    __m256i words[2];
    out->offset = -128 * quantise(x, 32512.0f, &out->scale, words);
    __m256i mask = _mm256_set1_epi16(0xff), half = _mm256_set1_epi16(128);
    __m256i low = _mm256_packus_epi16(_mm256_and_si256(words[0], mask), _mm256_and_si256(words[1], mask));
    __m256i high = _mm256_packs_epi16(
        _mm256_srai_epi16(_mm256_add_epi16(words[0], half), 8), _mm256_srai_epi16(_mm256_add_epi16(words[1], half), 8));
    _mm256_storeu_si256((__m256i *)out->low, _mm256_permute4x64_epi64(low, 0xd8));
    _mm256_storeu_si256((__m256i *)out->high, _mm256_permute4x64_epi64(high, 0xd8));
  }
}

void ck_avx2_to_q8(const float *x, int32_t n, ck_q8_block *out) {
  for (int32_t block = 0; block < n / CK_K_BLOCK; block++, x += CK_K_BLOCK, out++) {
    __m256i words[2];
    out->offset = -128 * quantise(x, 127.0f, &out->scale, words);
    __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(words[0], words[1]), 0xd8);
    _mm256_storeu_si256((__m256i *)out->values, bytes);
  }
}

void ck_avx2_rope(float *x, int32_t heads, int32_t head_dim, const float *cosines, const float *sines) {
  int32_t half = head_dim / 2;
  for (int32_t h = 0; h < heads; h++, x += head_dim)
    for (int32_t i = 0; i < half; i += 8) {
      __m256i mask = avx2_lanes_below(half - i);
      __m256 a = _mm256_maskload_ps(x + i, mask), b = _mm256_maskload_ps(x + half + i, mask);
      __m256 c = _mm256_maskload_ps(cosines + i, mask), s = _mm256_maskload_ps(sines + i, mask);
      _mm256_maskstore_ps(x + i, mask, _mm256_fnmadd_ps(b, s, _mm256_mul_ps(a, c)));
      _mm256_maskstore_ps(x + half + i, mask, _mm256_fmadd_ps(a, s, _mm256_mul_ps(b, c)));
    }
}

void ck_avx2_swiglu(const float *gate_up, int32_t begin, int32_t end, float limit, float alpha, float *out) {
  const __m256 one = _mm256_set1_ps(1.0f), most = _mm256_set1_ps(limit), least = _mm256_set1_ps(-limit);
  for (int32_t i = begin * 2; i < end * 2; i++) {
    const float *gates = gate_up + (size_t)(i / 2) * 32 + i % 2 * 8;
    __m256 g = _mm256_min_ps(most, _mm256_loadu_ps(gates));
    __m256 u = _mm256_max_ps(least, _mm256_min_ps(most, _mm256_loadu_ps(gates + 16)));
    __m256 e = avx2_exp(_mm256_mul_ps(_mm256_set1_ps(-alpha), g));
    __m256 activated = _mm256_div_ps(g, _mm256_add_ps(one, e));
    _mm256_storeu_ps(out + (size_t)i * 8, _mm256_mul_ps(activated, _mm256_add_ps(u, one)));
  }
}

void ck_avx2_scale_add(float *y, const float *x, float w, int32_t n) {
  const __m256 weight = _mm256_set1_ps(w);
  int32_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(y + i, _mm256_fmadd_ps(weight, _mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i)));
  if (i < n) {
    __m256i mask = avx2_lanes_below(n - i);
    __m256 sum = _mm256_fmadd_ps(weight, _mm256_maskload_ps(x + i, mask), _mm256_maskload_ps(y + i, mask));
    _mm256_maskstore_ps(y + i, mask, sum);
  }
}

#pragma clang attribute pop
#endif
