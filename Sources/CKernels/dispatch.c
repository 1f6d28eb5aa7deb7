// Choice of the instruction set, and what goes with it.
#include "CKernels.h"
#include "private.h"

#include <string.h>

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// Fills the entries of `out` that are NULL from `simpler`.
static void fill_gaps(ck_kernels *out, const ck_kernels *simpler) {
  // What prepares a thread is the set's own, and so is a choice of activations, all three numbers of it.
  for (int w = 0; w < 3; w++) {
    for (int a = 0; a < 4; a++)
      if (!out->matmul[w][a]) out->matmul[w][a] = simpler->matmul[w][a];
    if (out->fast[w].threshold == 0) out->fast[w] = simpler->fast[w];
    if (out->int8[w].threshold == 0) out->int8[w] = simpler->int8[w];
  }
#define FILL(entry) \
  if (!out->entry) out->entry = simpler->entry
  FILL(attention);
  FILL(rms_norm);
  FILL(to_bf16);
  FILL(to_q16);
  FILL(to_q8);
  FILL(to_f16);
  FILL(to_i8);
  FILL(rope);
  FILL(swiglu);
  FILL(scale_add);
  FILL(argmax);
  FILL(sum_exp);
  FILL(gather);
#undef FILL
}

#if defined(__x86_64__)
static int can_run_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}
static int can_run_avx512(void) {
  return can_run_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni");
}
/// Takes out of the AVX-512 set what only processors with AVX512_BF16 can run.
static void without_bf16(ck_kernels *set) {
  for (int w = 0; w < 3; w++) {
    set->matmul[w][CK_ACT_BF16] = NULL;
    if (set->fast[w].large == CK_ACT_BF16) set->fast[w].large = set->fast[w].small;
    if (set->int8[w].large == CK_ACT_BF16) set->int8[w].large = set->int8[w].small;
  }
}
static int can_run_amx(void) {
  if (!can_run_avx512() || !__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("amx-bf16")) return 0;
#if defined(__linux__)
  // Without this permission the first tile instruction is an illegal one, whatever cpuid says.
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
  return 0;
#endif
}
#endif

int ck_select(const char *name, ck_kernels *out) {
  const int best = !name || !*name;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const struct {
    const ck_kernels *kernels;
    int (*can_run)(void);
  } sets[] = {{&ck_amx_kernels, can_run_amx}, {&ck_avx512_kernels, can_run_avx512}, {&ck_avx2_kernels, can_run_avx2}};
  for (int i = 0; i < 3; i++) {
    if (!(best || !strcmp(name, sets[i].kernels->name)) || !sets[i].can_run()) continue;
    *out = *sets[i].kernels;
    if (out->matmul[CK_MXFP4][CK_ACT_BF16] && !__builtin_cpu_supports("avx512bf16")) without_bf16(out);
    for (int j = i + 1; j < 3; j++) fill_gaps(out, sets[j].kernels);
    fill_gaps(out, &ck_scalar_kernels);
    return 1;
  }
#elif defined(__aarch64__)
  if (best || !strcmp(name, "neon")) {
    *out = ck_neon_kernels;
    fill_gaps(out, &ck_scalar_kernels);
    return 1;
  }
#endif
  if (!best && strcmp(name, "scalar")) return 0;
  *out = ck_scalar_kernels;
  return 1;
}

void ck_thread_begin(const ck_kernels *kernels) {
  if (kernels->thread_begin) kernels->thread_begin();
}

void ck_thread_end(const ck_kernels *kernels) {
  if (kernels->thread_end) kernels->thread_end();
}

uint64_t ck_read_probe(const uint8_t *bytes, size_t count) {
  uint64_t sums[8] = {0};
  for (size_t i = 0; i + 64 <= count; i += 64)
    for (int j = 0; j < 8; j++) {
      uint64_t word;
      memcpy(&word, bytes + i + j * 8, 8);
      sums[j] += word;
    }
  return sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
}
