// Norm, conversions, rotation and activation on NEON. Tails of less than a vector go through a small
// buffer.
#if defined(__aarch64__)
#include "neon.h"

#include <math.h>
#include <string.h>

CK_INLINE void store_some(float *x, float32x4_t v, int32_t count) {
  if (count >= 4) {
    vst1q_f32(x, v);
    return;
  }
  float buffer[4];
  vst1q_f32(buffer, v);
  memcpy(x, buffer, (size_t)count * sizeof(float));
}

CK_INLINE void store_some_halves(uint16_t *x, uint16x4_t v, int32_t count) {
  uint16_t buffer[4];
  vst1_u16(buffer, v);
  memcpy(x, buffer, (size_t)(count < 4 ? count : 4) * sizeof(uint16_t));
}

void ck_neon_rms_norm(const float *x, const float *gain, float epsilon, int32_t n, float *out) {
  float32x4_t sum[4] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};
  int32_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int v = 0; v < 4; v++) {
      float32x4_t a = vld1q_f32(x + i + v * 4);
      sum[v] = vfmaq_f32(sum[v], a, a);
    }
  for (; i < n; i += 4) {
    float32x4_t a = neon_load_some(x + i, n - i, 0);
    sum[0] = vfmaq_f32(sum[0], a, a);
  }
  float square = vaddvq_f32(vaddq_f32(vaddq_f32(sum[0], sum[1]), vaddq_f32(sum[2], sum[3])));
  float factor = 1.0f / sqrtf(square / (float)n + epsilon);
  for (i = 0; i < n; i += 4) {
    float32x4_t a = vmulq_n_f32(neon_load_some(x + i, n - i, 0), factor);
    store_some(out + i, vmulq_f32(a, neon_load_some(gain + i, n - i, 0)), n - i);
  }
}

/// Four bfloat16, round to nearest even; a NaN becomes a quiet NaN.
CK_INLINE uint16x4_t narrow_bf16(float32x4_t x) {
  uint32x4_t bits = vreinterpretq_u32_f32(x);
  uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  uint32x4_t rounded = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
  uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
  return vshrn_n_u32(vbslq_u32(vceqq_f32(x, x), rounded, quiet), 16);
}

void ck_neon_to_bf16(const float *x, int32_t n, uint16_t *out) {
  for (int32_t i = 0; i < n; i += 4) store_some_halves(out + i, narrow_bf16(neon_load_some(x + i, n - i, 0)), n - i);
}

void ck_neon_to_f16(const float *x, int32_t n, uint16_t *out) {
  for (int32_t i = 0; i < n; i += 4) {
    float32x4_t v = vminq_f32(vdupq_n_f32(65504.0f), neon_load_some(x + i, n - i, 0));
    v = vmaxq_f32(vdupq_n_f32(-65504.0f), v);
    store_some_halves(out + i, vreinterpret_u16_f16(vcvt_f16_f32(v)), n - i);
  }
}

/// 32 floats as words of -most...most in the byte order of the weights; sets their scale, returns their sum.
CK_INLINE int32_t quantise(const float *x, float most, float *scale, int16x8_t words[4]) {
  static const uint8_t order[16] = {0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15};
  // The "number" variants of the maximum ignore NaN.
  float32x4_t largest = vdupq_n_f32(0);
  for (int i = 0; i < 8; i++) largest = vmaxnmq_f32(largest, vabsq_f32(vld1q_f32(x + i * 4)));
  const float unit = vmaxvq_f32(largest) / most;
  *scale = unit < CK_LEAST_SCALE ? CK_LEAST_SCALE : unit > CK_MOST_SCALE ? CK_MOST_SCALE : unit;
  int32x4_t sum = vdupq_n_s32(0);
  for (int i = 0; i < 4; i++) {
    int32x4_t q[2];
    for (int j = 0; j < 2; j++) {
      float32x4_t scaled = vmulq_n_f32(vld1q_f32(x + i * 8 + j * 4), 1 / *scale);
      scaled = vminq_f32(vmaxq_f32(scaled, vdupq_n_f32(-most)), vdupq_n_f32(most));
      // The conversion of NaN is zero.
      q[j] = vcvtnq_s32_f32(scaled);
    }
    int16x8_t w = vcombine_s16(vmovn_s32(q[0]), vmovn_s32(q[1]));
    words[i] = vreinterpretq_s16_s8(vqtbl1q_s8(vreinterpretq_s8_s16(w), vld1q_u8(order)));
    sum = vpadalq_s16(sum, w);
  }
  return vaddvq_s32(sum);
}

void ck_neon_to_q16(const float *x, int32_t n, ck_q16_block *out) {
  for (int32_t block = 0; block < n / CK_K_BLOCK; block++, x += CK_K_BLOCK, out++) {
    int16x8_t words[4];
    out->offset = -128 * quantise(x, 32512.0f, &out->scale, words);
    for (int i = 0; i < 4; i++) {
      vst1_s8(out->low + i * 8, vmovn_s16(words[i]));
      vst1_s8(out->high + i * 8, vmovn_s16(vshrq_n_s16(vaddq_s16(words[i], vdupq_n_s16(128)), 8)));
    }
  }
}

void ck_neon_to_q8(const float *x, int32_t n, ck_q8_block *out) {
  for (int32_t block = 0; block < n / CK_K_BLOCK; block++, x += CK_K_BLOCK, out++) {
    int16x8_t words[4];
    out->offset = -128 * quantise(x, 127.0f, &out->scale, words);
    for (int i = 0; i < 4; i++) vst1_s8(out->values + i * 8, vmovn_s16(words[i]));
  }
}

void ck_neon_rope(float *x, int32_t heads, int32_t head_dim, const float *cosines, const float *sines) {
  int32_t half = head_dim / 2;
  for (int32_t h = 0; h < heads; h++, x += head_dim)
    for (int32_t i = 0; i < half; i += 4) {
      int32_t count = half - i;
      float32x4_t a = neon_load_some(x + i, count, 0), b = neon_load_some(x + half + i, count, 0);
      float32x4_t c = neon_load_some(cosines + i, count, 0), s = neon_load_some(sines + i, count, 0);
      store_some(x + i, vfmsq_f32(vmulq_f32(a, c), b, s), count);
      store_some(x + half + i, vfmaq_f32(vmulq_f32(b, c), a, s), count);
    }
}

void ck_neon_swiglu(const float *gate_up, int32_t begin, int32_t end, float limit, float alpha, float *out) {
  const float32x4_t one = vdupq_n_f32(1.0f), most = vdupq_n_f32(limit), least = vdupq_n_f32(-limit);
  for (int32_t i = begin * 4; i < end * 4; i++) {
    const float *gates = gate_up + (size_t)(i / 4) * 32 + i % 4 * 4;
    float32x4_t g = vminq_f32(most, vld1q_f32(gates));
    float32x4_t u = vmaxq_f32(least, vminq_f32(most, vld1q_f32(gates + 16)));
    float32x4_t activated = vdivq_f32(g, vaddq_f32(one, neon_exp(vmulq_n_f32(g, -alpha))));
    vst1q_f32(out + (size_t)i * 4, vmulq_f32(activated, vaddq_f32(u, one)));
  }
}

void ck_neon_scale_add(float *y, const float *x, float w, int32_t n) {
  for (int32_t i = 0; i < n; i += 4)
    store_some(y + i, vfmaq_n_f32(neon_load_some(y + i, n - i, 0), neon_load_some(x + i, n - i, 0), w), n - i);
}
#endif
