// The AVX2 set: x86-64 with AVX2, FMA and F16C.
#if defined(__x86_64__)
#include "avx2.h"

const ck_kernels ck_avx2_kernels = {
    .name = "avx2",
    .matmul =
        {
            [CK_MXFP4] =
                {[CK_ACT_F32] = ck_avx2_mxfp4_f32,
                 [CK_ACT_Q16] = ck_avx2_mxfp4_q16,
                 [CK_ACT_Q8] = ck_avx2_mxfp4_q8},
            [CK_INT8] = {[CK_ACT_F32] = ck_avx2_int8_f32, [CK_ACT_Q16] = ck_avx2_int8_q16},
            [CK_BF16] = {[CK_ACT_F32] = ck_avx2_bf16_f32},
        },
    .fast =
        {
            [CK_MXFP4] = {CK_ACT_Q16, CK_ACT_Q16, 1},
            [CK_INT8] = {CK_ACT_Q16, CK_ACT_Q16, 1},
            [CK_BF16] = {CK_ACT_F32, CK_ACT_F32, 1},
        },
    // A byte of weights times a byte of activations saturates, and what avoids that makes it as slow as 16 bits.
    .int8 =
        {
            [CK_MXFP4] = {CK_ACT_Q8, CK_ACT_Q8, 1},
            [CK_INT8] = {CK_ACT_Q16, CK_ACT_Q16, 1},
            [CK_BF16] = {CK_ACT_F32, CK_ACT_F32, 1},
        },
    .attention = ck_avx2_attention,
    .rms_norm = ck_avx2_rms_norm,
    .to_bf16 = ck_avx2_to_bf16,
    .to_q16 = ck_avx2_to_q16,
    .to_q8 = ck_avx2_to_q8,
    .to_f16 = ck_avx2_to_f16,
    .rope = ck_avx2_rope,
    .swiglu = ck_avx2_swiglu,
    .scale_add = ck_avx2_scale_add,
    .argmax = ck_avx2_argmax,
    .sum_exp = ck_avx2_sum_exp,
    .gather = ck_avx2_gather,
};
#endif
