// Fixed-point products on processors without the byte dot product (Cortex-A72 and the like).
#if defined(__aarch64__)
#include <arm_neon.h>

/// Four products of bytes per lane, widened at once: two of them may not fit in 16 bits.
static inline __attribute__((always_inline)) int32x4_t dot4(int32x4_t sum, int8x16_t a, int8x16_t b) {
  int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)));
  int32x4_t high = vpaddlq_s16(vmull_high_s8(a, b));
  return vaddq_s32(sum, vpaddq_s32(low, high));
}
#define DOT4 dot4
#include "neon_fixed.h"

void ck_neon_mxfp4_q16(const ck_matmul *call) { multiply(2, CK_MXFP4, call); }
void ck_neon_int8_q16(const ck_matmul *call) { multiply(2, CK_INT8, call); }
void ck_neon_mxfp4_q8(const ck_matmul *call) { multiply(1, CK_MXFP4, call); }
void ck_neon_int8_q8(const ck_matmul *call) { multiply(1, CK_INT8, call); }
#endif
