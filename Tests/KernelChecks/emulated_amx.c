// The AMX kernels, compiled a second time with their tile instructions emulated.
#define CK_EMULATE_AMX
#define ck_amx_kernels kc_emulated_amx_kernels
#define ck_amx_thread_begin kc_emulated_amx_begin
#define ck_amx_thread_end kc_emulated_amx_end
#include "../../Sources/CKernels/amx.c"

#include "include/KernelChecks.h"

#if defined(__x86_64__)
int kc_can_emulate_amx(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bf16");
}
#endif
