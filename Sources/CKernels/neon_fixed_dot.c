// Fixed-point products by the byte dot product (optional from ARMv8.2, in every server core since Neoverse N1).
#if defined(__aarch64__)
#include <arm_neon.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define DOT4 vdotq_s32
#include "neon_fixed.h"

void ck_neon_mxfp4_q16_dot(const ck_matmul *call) { multiply(2, CK_MXFP4, call); }
void ck_neon_int8_q16_dot(const ck_matmul *call) { multiply(2, CK_INT8, call); }
void ck_neon_mxfp4_q8_dot(const ck_matmul *call) { multiply(1, CK_MXFP4, call); }
void ck_neon_int8_q8_dot(const ck_matmul *call) { multiply(1, CK_INT8, call); }

#pragma clang attribute pop
#endif
