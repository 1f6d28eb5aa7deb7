// Fixed-point products of MXFP4 on processors that permute bytes across a vector (Ice Lake and later, Zen 4 and later).
#if defined(__x86_64__)
#include "avx512.h"

#pragma clang attribute push(__attribute__((target(CK_AVX512_TARGET ",avx512vbmi"))), apply_to = function)

// Six bits of a byte number an entry; the table repeats its sixteen, so that the upper two do not matter.
#define LOOK_UP(values, v) _mm512_permutexvar_epi8(v, values)
#include "avx512_fixed.h"

void ck_avx512_mxfp4_q16_vbmi(const ck_matmul *call) { multiply(2, CK_MXFP4, call); }
void ck_avx512_mxfp4_q8_vbmi(const ck_matmul *call) { multiply(1, CK_MXFP4, call); }

#pragma clang attribute pop
#endif
