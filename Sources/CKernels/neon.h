// What the NEON files share: their entries of the table, a few vector idioms.
#ifndef CK_NEON_H
#define CK_NEON_H

#include "CKernels.h"

#include <arm_neon.h>

void ck_neon_mxfp4_f32(const ck_matmul *call);
void ck_neon_int8_f32(const ck_matmul *call);
void ck_neon_bf16_f32(const ck_matmul *call);
void ck_neon_mxfp4_q16(const ck_matmul *call);
void ck_neon_mxfp4_q8(const ck_matmul *call);
void ck_neon_int8_q16(const ck_matmul *call);
void ck_neon_int8_q8(const ck_matmul *call);
void ck_neon_mxfp4_q16_dot(const ck_matmul *call);
void ck_neon_mxfp4_q8_dot(const ck_matmul *call);
void ck_neon_int8_q16_dot(const ck_matmul *call);
void ck_neon_int8_q8_dot(const ck_matmul *call);
void ck_neon_attention(const ck_attention *call);
void ck_neon_rms_norm(const float *x, const float *gain, float epsilon, int32_t n, float *out);
void ck_neon_to_bf16(const float *x, int32_t n, uint16_t *out);
void ck_neon_to_q16(const float *x, int32_t n, ck_q16_block *out);
void ck_neon_to_q8(const float *x, int32_t n, ck_q8_block *out);
void ck_neon_to_f16(const float *x, int32_t n, uint16_t *out);
void ck_neon_rope(float *x, int32_t heads, int32_t head_dim, const float *cosines, const float *sines);
void ck_neon_swiglu(const float *gate_up, int32_t begin, int32_t end, float limit, float alpha, float *out);
void ck_neon_scale_add(float *y, const float *x, float w, int32_t n);
int32_t ck_neon_argmax(const float *x, int32_t n);
double ck_neon_sum_exp(
    const float *x, int32_t n, float maximum, float inverse_temperature, float bound, double *blocks);
int32_t ck_neon_gather(const float *x, int32_t n, float low, float high, int32_t capacity, int32_t *indices);

#define CK_INLINE static inline __attribute__((always_inline))

/// Four floats of which `count` (1...4) are read, the others `rest`.
CK_INLINE float32x4_t neon_load_some(const float *x, int32_t count, float rest) {
  if (count >= 4) return vld1q_f32(x);
  float buffer[4] = {rest, rest, rest, rest};
  __builtin_memcpy(buffer, x, (size_t)count * sizeof(float));
  return vld1q_f32(buffer);
}

/// exp(x) within 1.5 ulp; 0 below -87.33, the largest power of two times the fraction above 88.37; NaN stays NaN.
CK_INLINE float32x4_t neon_exp(float32x4_t x) {
  const float32x4_t lowest = vdupq_n_f32(-87.33f);
  uint32x4_t drop = vcltq_f32(x, lowest);
  float32x4_t y = vmaxq_f32(lowest, vminq_f32(vdupq_n_f32(88.37f), x));
  float32x4_t n = vrndnq_f32(vmulq_n_f32(y, 1.44269504f));
  float32x4_t r = vfmsq_f32(y, n, vdupq_n_f32(0.693359375f));
  r = vfmsq_f32(r, n, vdupq_n_f32(-2.12194440e-4f));
  float32x4_t p = vdupq_n_f32(1.9875691500e-4f);
  p = vfmaq_f32(vdupq_n_f32(1.3981999507e-3f), p, r);
  p = vfmaq_f32(vdupq_n_f32(8.3334519073e-3f), p, r);
  p = vfmaq_f32(vdupq_n_f32(4.1665795894e-2f), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.6666665459e-1f), p, r);
  p = vfmaq_f32(vdupq_n_f32(5.0000001201e-1f), p, r);
  p = vfmaq_f32(vaddq_f32(r, vdupq_n_f32(1.0f)), vmulq_f32(r, r), p);
  int32x4_t power = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23);
  float32x4_t result = vmulq_f32(p, vreinterpretq_f32_s32(power));
  return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(result), drop));
}

/// 2^(scale - 127) of four E8M0 bytes; byte 0 is the subnormal 2^-127.
CK_INLINE float32x4_t neon_e8m0(const uint8_t *scales) {
  uint32_t four;
  __builtin_memcpy(&four, scales, sizeof four);
  uint16x8_t wide = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)));
  uint32x4_t bits = vshlq_n_u32(vmovl_u16(vget_low_u16(wide)), 23);
  return vreinterpretq_f32_u32(vmaxq_u32(bits, vdupq_n_u32(0x00400000)));
}

/// Four half floats.
CK_INLINE float32x4_t neon_half(const uint8_t *halves) {
  uint8x8_t bytes = vld1_u8(halves);
  return vcvt_f32_f16(vreinterpret_f16_u8(bytes));
}

#endif
