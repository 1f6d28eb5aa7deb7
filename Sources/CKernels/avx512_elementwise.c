// Norm, conversions, rotation and activation on AVX-512. Tails use masked loads and stores.
#if defined(__x86_64__)
#include "avx512.h"

#include <math.h>

#pragma clang attribute push(__attribute__((target(CK_AVX512_TARGET))), apply_to = function)

void ck_avx512_rms_norm(const float *x, const float *gain, float epsilon, int32_t n, float *out) {
  __m512 sum[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
  int32_t i = 0;
  for (; i + 64 <= n; i += 64) {
#pragma clang loop unroll(full)
    for (int v = 0; v < 4; v++) {
      __m512 a = _mm512_loadu_ps(x + i + v * 16);
      sum[v] = _mm512_fmadd_ps(a, a, sum[v]);
    }
  }
  for (; i < n; i += 16) {
    __m512 a = _mm512_maskz_loadu_ps(avx512_lanes_below(n - i), x + i);
    sum[0] = _mm512_fmadd_ps(a, a, sum[0]);
  }
  float square = _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(sum[0], sum[1]), _mm512_add_ps(sum[2], sum[3])));
  __m512 factor = _mm512_set1_ps(1.0f / sqrtf(square / (float)n + epsilon));
  for (i = 0; i < n; i += 16) {
    __mmask16 mask = avx512_lanes_below(n - i);
    __m512 a = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x + i), factor);
    _mm512_mask_storeu_ps(out + i, mask, _mm512_mul_ps(a, _mm512_maskz_loadu_ps(mask, gain + i)));
  }
}

void ck_avx512_to_bf16(const float *x, int32_t n, uint16_t *out) {
  for (int32_t i = 0; i < n; i += 16) {
    __mmask16 mask = avx512_lanes_below(n - i);
    __m512 value = _mm512_maskz_loadu_ps(mask, x + i);
    __m512i bits = _mm512_castps_si512(value);
    // In integers: the instruction would take denormals for zero.
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    __mmask16 is_nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    rounded = _mm512_mask_or_epi32(rounded, is_nan, bits, _mm512_set1_epi32(0x400000));
    _mm256_mask_storeu_epi16(out + i, mask, _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
  }
}

void ck_avx512_to_f16(const float *x, int32_t n, uint16_t *out) {
  const __m512 most = _mm512_set1_ps(65504.0f), least = _mm512_set1_ps(-65504.0f);
  for (int32_t i = 0; i < n; i += 16) {
    __mmask16 mask = avx512_lanes_below(n - i);
    // The constants come first so that NaN passes.
    __m512 value = _mm512_max_ps(least, _mm512_min_ps(most, _mm512_maskz_loadu_ps(mask, x + i)));
    _mm256_mask_storeu_epi16(out + i, mask, _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
}

/// 32 floats as whole numbers of -most...most; returns their scale.
CK_INLINE float quantise(const float *x, float most, __m512i q[2]) {
  __m512 v[2];
  for (int i = 0; i < 2; i++) {
    v[i] = _mm512_loadu_ps(x + i * 16);
    v[i] = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v[i], v[i], _CMP_ORD_Q), v[i]);
  }
  const float largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(v[0]), _mm512_abs_ps(v[1])));
  float scale = largest / most;
  scale = scale < CK_LEAST_SCALE ? CK_LEAST_SCALE : scale > CK_MOST_SCALE ? CK_MOST_SCALE : scale;
  for (int i = 0; i < 2; i++) {
    __m512 scaled = _mm512_mul_ps(v[i], _mm512_set1_ps(1 / scale));
    scaled = _mm512_max_ps(_mm512_min_ps(scaled, _mm512_set1_ps(most)), _mm512_set1_ps(-most));
    q[i] = _mm512_cvtps_epi32(scaled);
  }
  return scale;
}

void ck_avx512_to_q16(const float *x, int32_t n, ck_q16_block *out) {
  const __m128i order = _mm_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
  for (int32_t block = 0; block < n / CK_K_BLOCK; block++, x += CK_K_BLOCK, out++) {
    __m512i q[2];
    out->scale = quantise(x, 32512.0f, q);
    for (int i = 0; i < 2; i++) {
      __m512i high = _mm512_srai_epi32(_mm512_add_epi32(q[i], _mm512_set1_epi32(128)), 8);
      // The low byte of q, taken as signed, is q - 256 * high.
      _mm_storeu_si128((__m128i *)out->high + i, _mm_shuffle_epi8(_mm512_cvtepi32_epi8(high), order));
      _mm_storeu_si128((__m128i *)out->low + i, _mm_shuffle_epi8(_mm512_cvtepi32_epi8(q[i]), order));
    }
    out->offset = -128 * _mm512_reduce_add_epi32(_mm512_add_epi32(q[0], q[1]));
  }
}

void ck_avx512_to_q8(const float *x, int32_t n, ck_q8_block *out) {
  const __m128i order = _mm_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
  for (int32_t block = 0; block < n / CK_K_BLOCK; block++, x += CK_K_BLOCK, out++) {
    __m512i q[2];
    out->scale = quantise(x, 127.0f, q);
    for (int i = 0; i < 2; i++)
      _mm_storeu_si128((__m128i *)out->values + i, _mm_shuffle_epi8(_mm512_cvtepi32_epi8(q[i]), order));
    out->offset = -128 * _mm512_reduce_add_epi32(_mm512_add_epi32(q[0], q[1]));
  }
}

void ck_avx512_rope(float *x, int32_t heads, int32_t head_dim, const float *cosines, const float *sines) {
  const int32_t half = head_dim / 2;
  for (int32_t h = 0; h < heads; h++, x += head_dim)
    for (int32_t i = 0; i < half; i += 16) {
      __mmask16 mask = avx512_lanes_below(half - i);
      __m512 a = _mm512_maskz_loadu_ps(mask, x + i), b = _mm512_maskz_loadu_ps(mask, x + half + i);
      __m512 c = _mm512_maskz_loadu_ps(mask, cosines + i), s = _mm512_maskz_loadu_ps(mask, sines + i);
      _mm512_mask_storeu_ps(x + i, mask, _mm512_fnmadd_ps(b, s, _mm512_mul_ps(a, c)));
      _mm512_mask_storeu_ps(x + half + i, mask, _mm512_fmadd_ps(a, s, _mm512_mul_ps(b, c)));
    }
}

void ck_avx512_swiglu(const float *gate_up, int32_t begin, int32_t end, float limit, float alpha, float *out) {
  const __m512 one = _mm512_set1_ps(1.0f), most = _mm512_set1_ps(limit), least = _mm512_set1_ps(-limit);
  for (int32_t i = begin; i < end; i++) {
    const float *gates = gate_up + (size_t)i * 32;
    __m512 g = _mm512_min_ps(most, _mm512_loadu_ps(gates));
    __m512 u = _mm512_max_ps(least, _mm512_min_ps(most, _mm512_loadu_ps(gates + 16)));
    __m512 e = avx512_exp(_mm512_mul_ps(_mm512_set1_ps(-alpha), g));
    __m512 activated = _mm512_div_ps(g, _mm512_add_ps(one, e));
    _mm512_storeu_ps(out + (size_t)i * 16, _mm512_mul_ps(activated, _mm512_add_ps(u, one)));
  }
}

void ck_avx512_scale_add(float *y, const float *x, float w, int32_t n) {
  const __m512 weight = _mm512_set1_ps(w);
  for (int32_t i = 0; i < n; i += 16) {
    __mmask16 mask = avx512_lanes_below(n - i);
    __m512 sum = _mm512_fmadd_ps(weight, _mm512_maskz_loadu_ps(mask, x + i), _mm512_maskz_loadu_ps(mask, y + i));
    _mm512_mask_storeu_ps(y + i, mask, sum);
  }
}

#pragma clang attribute pop
#endif
