// What the files of this module share and nobody else sees.
#ifndef CKERNELS_PRIVATE_H
#define CKERNELS_PRIVATE_H

#include "CKernels.h"

/// log2(e), to the float nearest.
#define CK_LOG2_E 1.44269504f

// The scalar set's attention and pages of bytes, from a file of their own.
void ck_scalar_attention(const ck_attention *call);
void ck_scalar_to_i8(const float *x, int32_t n, int8_t *out, uint16_t *scales);

#if defined(__x86_64__)
/// Attention on the matrix tiles of the calling thread.
void ck_amx_attention(const ck_attention *call);
#endif

#endif
