// Paged attention on NEON: the vector operations of attention.h.
#if defined(__aarch64__)
#include "neon.h"

#include <math.h>
#include <string.h>

typedef float32x4_t vector;
#define VECTOR 4
#define TILE_HEADS 2

CK_INLINE vector v_zero(void) { return vdupq_n_f32(0); }
CK_INLINE vector v_all(float f) { return vdupq_n_f32(f); }
CK_INLINE vector v_load(const float *p) { return vld1q_f32(p); }
CK_INLINE void v_store(float *p, vector x) { vst1q_f32(p, x); }
CK_INLINE vector v_add(vector a, vector b) { return vaddq_f32(a, b); }
CK_INLINE vector v_multiply(vector a, vector b) { return vmulq_f32(a, b); }
CK_INLINE vector v_divide(vector a, vector b) { return vdivq_f32(a, b); }
CK_INLINE vector v_larger(vector a, vector b) { return vmaxq_f32(a, b); }
CK_INLINE vector v_multiply_add(vector a, vector b, vector c) { return vfmaq_f32(c, a, b); }
CK_INLINE float v_largest(vector x) { return vmaxvq_f32(x); }
CK_INLINE float v_sum(vector x) { return vaddvq_f32(x); }
CK_INLINE vector v_from_half(const uint8_t *p) { return neon_half(p); }
CK_INLINE vector v_from_byte(const uint8_t *p) {
  uint32_t four;
  memcpy(&four, p, sizeof four);
  const int16x8_t wide = vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(four)));
  return vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
}

CK_INLINE vector v_between(vector x, int32_t begin, int32_t end) {
  static const int32_t numbers[4] = {0, 1, 2, 3};
  const int32x4_t lane = vld1q_s32(numbers);
  const uint32x4_t inside = vandq_u32(vcgeq_s32(lane, vdupq_n_s32(begin)), vcltq_s32(lane, vdupq_n_s32(end)));
  return vbslq_f32(inside, x, vdupq_n_f32(-INFINITY));
}

/// Within 1.5 ulp, 0 from -127 down: the exponent field is zero there.
CK_INLINE vector v_exp2(vector x) {
  x = vmaxq_f32(vdupq_n_f32(-127.0f), x);
  const float32x4_t n = vrndnq_f32(x), r = vsubq_f32(x, n);
  float32x4_t p = vdupq_n_f32(1.535336188e-4f);
  p = vfmaq_f32(vdupq_n_f32(1.339887440e-3f), p, r);
  p = vfmaq_f32(vdupq_n_f32(9.618437357e-3f), p, r);
  p = vfmaq_f32(vdupq_n_f32(5.550332471e-2f), p, r);
  p = vfmaq_f32(vdupq_n_f32(2.402264791e-1f), p, r);
  p = vfmaq_f32(vdupq_n_f32(6.931472028e-1f), p, r);
  p = vfmaq_f32(vdupq_n_f32(1.0f), p, r);
  const int32x4_t power = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23);
  return vmulq_f32(p, vreinterpretq_f32_s32(power));
}

#include "attention.h"

void ck_neon_attention(const ck_attention *call) { attend_pages(call); }
#endif
