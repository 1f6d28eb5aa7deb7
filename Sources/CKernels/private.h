// What the files of this module share and nobody else sees.
#ifndef CKERNELS_PRIVATE_H
#define CKERNELS_PRIVATE_H

#include "CKernels.h"

#if defined(__x86_64__)
/// Loads the tile configuration on the calling thread.
void ck_amx_thread_begin(void);
/// Releases the tiles of the calling thread.
void ck_amx_thread_end(void);
#endif

#endif
