// The AVX-512 set: x86-64 with AVX-512 F, BW, VL, DQ and VNNI; bf16 products where the processor has AVX512_BF16.
#if defined(__x86_64__)
#include "avx512.h"

const ck_kernels ck_avx512_kernels = {
    .name = "avx512",
    .matmul =
        {
            [CK_MXFP4] = {[CK_ACT_F32] = ck_avx512_mxfp4_f32},
            [CK_INT8] = {[CK_ACT_F32] = ck_avx512_int8_f32},
            [CK_BF16] = {[CK_ACT_F32] = ck_avx512_bf16_f32},
        },
};
#endif
