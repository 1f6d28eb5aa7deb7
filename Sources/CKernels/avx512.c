// The AVX-512 set: x86-64 with AVX-512 F, BW, VL, DQ and VNNI; bf16 products where the processor has AVX512_BF16.
#if defined(__x86_64__)
#include "avx512.h"

const ck_kernels ck_avx512_kernels = {
    .name = "avx512",
    .matmul =
        {
            [CK_MXFP4] = {ck_avx512_mxfp4_f32, ck_avx512_mxfp4_bf16, ck_avx512_mxfp4_q16, ck_avx512_mxfp4_q8},
            [CK_INT8] = {ck_avx512_int8_f32, ck_avx512_int8_bf16, ck_avx512_int8_q16, ck_avx512_int8_q8},
            [CK_BF16] = {ck_avx512_bf16_f32, ck_avx512_bf16_bf16, NULL, NULL},
        },
    // Byte dot products are as fast as bf16 ones at any number of tokens, and closer to f32.
    .fast =
        {
            [CK_MXFP4] = {CK_ACT_Q16, CK_ACT_Q16, 1},
            [CK_INT8] = {CK_ACT_Q16, CK_ACT_Q16, 1},
            [CK_BF16] = {CK_ACT_F32, CK_ACT_BF16, 4},
        },
    .int8 =
        {
            [CK_MXFP4] = {CK_ACT_Q8, CK_ACT_Q8, 1},
            [CK_INT8] = {CK_ACT_Q8, CK_ACT_Q8, 1},
            [CK_BF16] = {CK_ACT_F32, CK_ACT_BF16, 4},
        },
    .attention = ck_avx512_attention,
    .rms_norm = ck_avx512_rms_norm,
    .to_bf16 = ck_avx512_to_bf16,
    .to_q16 = ck_avx512_to_q16,
    .to_q8 = ck_avx512_to_q8,
    .to_f16 = ck_avx512_to_f16,
    .rope = ck_avx512_rope,
    .swiglu = ck_avx512_swiglu,
    .scale_add = ck_avx512_scale_add,
    .argmax = ck_avx512_argmax,
    .sum_exp = ck_avx512_sum_exp,
    .gather = ck_avx512_gather,
};
#endif
