#include "private.h"
#if defined(__x86_64__)
const ck_kernels ck_avx512_kernels = {.name = "avx512"};
#endif
