// The AMX kernels, compiled a second time with their tile instructions emulated.
#if defined(__x86_64__)
#define CK_EMULATE_AMX
#define ck_amx_kernels kc_emulated_amx_kernels
#define ck_amx_attention kc_emulated_amx_attention
#include "../../Sources/CKernels/amx.c"
#undef CK_INLINE
#include "../../Sources/CKernels/amx_attention.c"
#endif

#include "include/KernelChecks.h"

int kc_select_emulated_amx(ck_kernels *out) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx512bf16") || !ck_select("avx512", out)) return 0;
  // As `ck_select` would: the AMX set, its gaps filled from the AVX-512 set.
  const ck_kernels *tiles = &kc_emulated_amx_kernels;
  out->name = tiles->name;
  out->thread_begin = tiles->thread_begin;
  out->thread_end = tiles->thread_end;
  out->attention = tiles->attention;
  for (int w = 0; w < 3; w++) {
    for (int a = 0; a < 4; a++)
      if (tiles->matmul[w][a]) out->matmul[w][a] = tiles->matmul[w][a];
    if (tiles->fast[w].threshold) out->fast[w] = tiles->fast[w];
    if (tiles->int8[w].threshold) out->int8[w] = tiles->int8[w];
  }
  return 1;
#else
  (void)out;
  return 0;
#endif
}

long kc_check_emulated_amx(char *message, size_t capacity) {
  ck_kernels table;
  if (!kc_select_emulated_amx(&table)) return 0;
  ck_thread_begin(&table);
  long products = kc_check_matmuls(&table, message, capacity);
  long attention = products < 0 ? -1 : kc_check_attention(&table, message, capacity);
  ck_thread_end(&table);
  return attention < 0 ? -1 : products + attention;
}
