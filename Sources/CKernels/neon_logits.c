// Reductions over a row of logits on NEON: the largest, sums of exponentials, the indices within bounds.
#if defined(__aarch64__)
#include "neon.h"

#include <math.h>

int32_t ck_neon_argmax(const float *x, int32_t n) {
  float32x4_t largest = vdupq_n_f32(-INFINITY);
  int32_t i = 0;
  for (; i + 4 <= n; i += 4) {
    float32x4_t v = vld1q_f32(x + i);
    // A comparison with NaN is false, so that the running maximum stays.
    largest = vbslq_f32(vcgtq_f32(v, largest), v, largest);
  }
  float best = vmaxvq_f32(largest);
  for (; i < n; i++)
    if (x[i] > best) best = x[i];
  for (i = 0; i + 4 <= n; i += 4)
    if (vmaxvq_u32(vceqq_f32(vld1q_f32(x + i), vdupq_n_f32(best)))) break;
  for (; i < n; i++)
    if (x[i] == best) return i;
  return 0;
}

double ck_neon_sum_exp(
    const float *x, int32_t n, float maximum, float inverse_temperature, float bound, double *blocks) {
  const float32x4_t m = vdupq_n_f32(maximum), least = vdupq_n_f32(bound);
  double total = 0;
  for (int32_t begin = 0; begin < n; begin += CK_SUM_BLOCK) {
    const int32_t end = n - begin < CK_SUM_BLOCK ? n : begin + CK_SUM_BLOCK;
    float64x2_t low = vdupq_n_f64(0), high = vdupq_n_f64(0);
    for (int32_t i = begin; i < end; i += 4) {
      // Lanes beyond the end are not numbers, which no bound admits.
      float32x4_t value = neon_load_some(x + i, end - i, NAN);
      uint32x4_t keep = vcgeq_f32(value, least);
      // A high bound leaves few vectors.
      if (!vmaxvq_u32(keep)) continue;
      float32x4_t e = neon_exp(vmulq_n_f32(vsubq_f32(value, m), inverse_temperature));
      e = vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(e), keep));
      low = vaddq_f64(low, vcvt_f64_f32(vget_low_f32(e)));
      high = vaddq_f64(high, vcvt_high_f64_f32(e));
    }
    const double sum = vaddvq_f64(vaddq_f64(low, high));
    if (blocks) blocks[begin / CK_SUM_BLOCK] = sum;
    total += sum;
  }
  return total;
}

int32_t ck_neon_gather(const float *x, int32_t n, float low, float high, int32_t capacity, int32_t *indices) {
  const float32x4_t least = vdupq_n_f32(low), most = vdupq_n_f32(high);
  int32_t count = 0;
  for (int32_t i = 0; i < n; i += 4) {
    float32x4_t value = neon_load_some(x + i, n - i, NAN);
    uint32x4_t inside = vandq_u32(vcgeq_f32(value, least), vcltq_f32(value, most));
    // Sixteen bits per lane.
    uint64_t found = vget_lane_u64(vreinterpret_u64_u16(vmovn_u32(inside)), 0);
    for (int32_t lane = 0; found; lane++, found >>= 16) {
      if (!(found & 1)) continue;
      if (count == capacity) return capacity + 1;
      indices[count++] = i + lane;
    }
  }
  return count;
}
#endif
