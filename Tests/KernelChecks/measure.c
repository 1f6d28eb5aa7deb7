#include <time.h>

#include "kernel_checks.h"

/// Time that this thread ran: another process on the core does not count.
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void measure(const ck_kernels *table, ck_weight_kind kind, ck_activation_kind act, int tokens) {
  static const char *kinds[] = {"mxfp4", "int8", "bf16"}, *acts[] = {"f32", "bf16", "q16"};
  enum { COLUMNS = 2880, GROUPS = 360, COPIES = 16 };
  size_t blocks = (size_t)GROUPS * (COLUMNS / 32), bytes = blocks * ((size_t)256 << kind);
  size_t scale_bytes = kind == CK_BF16 ? 0 : blocks * (kind == CK_MXFP4 ? 16 : 32);
  uint8_t *weights = kc_allocate(bytes * COPIES), *scales = kc_allocate(scale_bytes * COPIES + 64);
  kc_random r = {3};
  for (size_t i = 0; i < bytes * COPIES; i++) weights[i] = (uint8_t)(kind == CK_BF16 ? (i % 2 ? 0x3d : 17) : 1 + (i * 2654435761u >> 13) % 255);
  for (size_t i = 0; i < scale_bytes * COPIES; i++) scales[i] = (uint8_t)(kind == CK_MXFP4 ? 120 : i % 2 ? 0x14 : 7);
  float *x = kc_allocate(COLUMNS * 4);
  for (int i = 0; i < COLUMNS; i++) x[i] = kc_normal(&r);
  size_t stride = act == CK_ACT_F32 ? COLUMNS * 4 : act == CK_ACT_BF16 ? COLUMNS * 2 : COLUMNS / 32 * sizeof(ck_q16_block);
  uint8_t *a = kc_allocate(stride * (size_t)tokens);
  for (int t = 0; t < tokens; t++) {
    if (act == CK_ACT_F32) memcpy(a + (size_t)t * stride, x, COLUMNS * 4);
    else if (act == CK_ACT_BF16) table->to_bf16(x, COLUMNS, (uint16_t *)(void *)(a + (size_t)t * stride));
    else table->to_q16(x, COLUMNS, (ck_q16_block *)(void *)(a + (size_t)t * stride));
  }
  float *out = kc_allocate((size_t)tokens * GROUPS * 64);
  uint8_t *scratch = kc_allocate(ck_matmul_scratch_bytes(COLUMNS));
  ck_matmul call = {weights, scales, COLUMNS, 0, GROUPS, tokens, a, stride, out, GROUPS * 16, NULL, scratch};
  double best = 1e9;
  int calls = tokens <= 8 ? COPIES : 2;
  for (int round = 0; round < 8; round++) {
    double start = now();
    for (int i = 0; i < calls; i++) {
      call.weights = weights + bytes * (size_t)i;
      call.scales = scales + scale_bytes * (size_t)i;
      table->matmul[kind][act](&call);
    }
    best = fmin(best, (now() - start) / calls);
  }
  printf(
      "%-7s %-5s x %-4s tokens %3d: %7.2f GB/s of weights %8.1f GFLOP/s\n", table->name, kinds[kind], acts[act], tokens,
      (double)(bytes + scale_bytes) / best * 1e-9, 2.0 * tokens * COLUMNS * GROUPS * 16 / best * 1e-9);
  free(weights); free(scales); free(x); free(a); free(out); free(scratch);
}

void kc_measure(const ck_kernels *table) {
  static const int tokens[] = {1, 2, 4, 5, 8, 16, 64, 256};
  for (int kind = 0; kind < 3; kind++)
    for (int act = 0; act < 3; act++)
      for (size_t t = 0; table->matmul[kind][act] && t < sizeof tokens / sizeof *tokens; t++)
        measure(table, (ck_weight_kind)kind, (ck_activation_kind)act, tokens[t]);
}
