#include "private.h"
#if defined(__x86_64__)
const ck_kernels ck_amx_kernels = {.name = "amx"};
void ck_amx_thread_begin(void) {}
void ck_amx_thread_end(void) {}
#endif
