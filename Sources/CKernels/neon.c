// The NEON set: any 64-bit ARM; byte dot products where the processor has them.
#if defined(__aarch64__)
#include "neon.h"

#if defined(__linux__)
#include <sys/auxv.h>
#endif

/// Whether the processor has SDOT. Apple's all have.
static int has_dot_product(void) {
#if defined(__linux__)
  enum { ASIMDDP = 1 << 20 };
  return (getauxval(AT_HWCAP) & ASIMDDP) != 0;
#else
  return 1;
#endif
}

// A product under the name that the table has, by the best that the processor has.
#define WITH_OR_WITHOUT_DOT(product)            \
  static void product(const ck_matmul *call) {  \
    if (has_dot_product())                      \
      ck_neon_##product##_dot(call);            \
    else                                        \
      ck_neon_##product(call);                  \
  }
WITH_OR_WITHOUT_DOT(mxfp4_q16)
WITH_OR_WITHOUT_DOT(int8_q16)
WITH_OR_WITHOUT_DOT(mxfp4_q8)
WITH_OR_WITHOUT_DOT(int8_q8)

const ck_kernels ck_neon_kernels = {
    .name = "neon",
    .matmul =
        {
            [CK_MXFP4] = {[CK_ACT_F32] = ck_neon_mxfp4_f32, [CK_ACT_Q16] = mxfp4_q16, [CK_ACT_Q8] = mxfp4_q8},
            [CK_INT8] = {[CK_ACT_F32] = ck_neon_int8_f32, [CK_ACT_Q16] = int8_q16, [CK_ACT_Q8] = int8_q8},
            [CK_BF16] = {[CK_ACT_F32] = ck_neon_bf16_f32},
        },
    .fast =
        {
            [CK_MXFP4] = {CK_ACT_Q16, CK_ACT_Q16, 1},
            [CK_INT8] = {CK_ACT_Q16, CK_ACT_Q16, 1},
            [CK_BF16] = {CK_ACT_F32, CK_ACT_F32, 1},
        },
    .int8 =
        {
            [CK_MXFP4] = {CK_ACT_Q8, CK_ACT_Q8, 1},
            [CK_INT8] = {CK_ACT_Q8, CK_ACT_Q8, 1},
            [CK_BF16] = {CK_ACT_F32, CK_ACT_F32, 1},
        },
    .attention = ck_neon_attention,
    .rms_norm = ck_neon_rms_norm,
    .to_bf16 = ck_neon_to_bf16,
    .to_q16 = ck_neon_to_q16,
    .to_q8 = ck_neon_to_q8,
    .to_f16 = ck_neon_to_f16,
    .rope = ck_neon_rope,
    .swiglu = ck_neon_swiglu,
    .scale_add = ck_neon_scale_add,
    .argmax = ck_neon_argmax,
    .sum_exp = ck_neon_sum_exp,
    .gather = ck_neon_gather,
};
#endif
