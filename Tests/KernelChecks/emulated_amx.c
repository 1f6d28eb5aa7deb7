// The AMX kernels, compiled a second time with their tile instructions emulated.
#if defined(__x86_64__)
#define CK_EMULATE_AMX
#define ck_amx_kernels kc_emulated_amx_kernels
#define ck_amx_thread_begin kc_emulated_amx_begin
#define ck_amx_thread_end kc_emulated_amx_end
#define ck_amx_attention kc_emulated_amx_attention
#include "../../Sources/CKernels/amx.c"
#undef CK_INLINE
#include "../../Sources/CKernels/amx_attention.c"
#endif

#include "include/KernelChecks.h"

long kc_check_emulated_amx(char *message, size_t capacity) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512bf16"))
    return 0;
  kc_emulated_amx_begin();
  long products = kc_check_matmuls(&kc_emulated_amx_kernels, message, capacity);
  long attention = products < 0 ? -1 : kc_check_attention(&kc_emulated_amx_kernels, message, capacity);
  kc_emulated_amx_end();
  return attention < 0 ? -1 : products + attention;
#else
  (void)message;
  (void)capacity;
  return 0;
#endif
}
