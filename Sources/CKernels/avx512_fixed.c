// Fixed-point products on processors with AVX-512 VNNI (Cascade Lake and later, Zen 4 and later).
#if defined(__x86_64__)
#include "avx512.h"

#pragma clang attribute push(__attribute__((target(CK_AVX512_TARGET))), apply_to = function)

/// A byte's upper bits would make the entry a zero or mean nothing.
CK_INLINE __m512i look_up(__m512i values, __m512i v) {
  return _mm512_shuffle_epi8(values, _mm512_and_si512(v, _mm512_set1_epi8(15)));
}
#define LOOK_UP look_up
#include "avx512_fixed.h"

static void mxfp4_q16(const ck_matmul *call) { multiply(2, CK_MXFP4, call); }
static void mxfp4_q8(const ck_matmul *call) { multiply(1, CK_MXFP4, call); }

void ck_avx512_mxfp4_q16(const ck_matmul *call) {
  // A single token waits for the memory, not for instructions; measured, the plain loop then reads 10 % faster.
  const int permutes = call->tokens > 1 && __builtin_cpu_supports("avx512vbmi");
  (permutes ? ck_avx512_mxfp4_q16_vbmi : mxfp4_q16)(call);
}
void ck_avx512_mxfp4_q8(const ck_matmul *call) {
  (__builtin_cpu_supports("avx512vbmi") ? ck_avx512_mxfp4_q8_vbmi : mxfp4_q8)(call);
}
void ck_avx512_int8_q16(const ck_matmul *call) { multiply(2, CK_INT8, call); }
void ck_avx512_int8_q8(const ck_matmul *call) { multiply(1, CK_INT8, call); }

#pragma clang attribute pop
#endif
