// Rates of the kernels' products and attention on one thread, beside the machine's own ceilings.
//
//   kernels [SET ...]      all sets that this machine can run, or those named
//   ONLY="mxfp4 q16"       only products of these weights and activations; ONLY=attention only that
//   TOKENS="1 8 128"       numbers of tokens
//
// Products have the shape of an expert's gate and up matrix (5760 by 2880). "memory" runs through copies that together
// exceed every cache, "cache" uses one small matrix again and again. Time is the thread's processor time, the best of
// several rounds: another process on the core does not count, one that uses the memory does. Byte dot products of 512 bits
// have twice the ceiling of a bf16 multiply-add, which q8 pays once per product and q16 twice.
#define _GNU_SOURCE
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "CKernels.h"

enum { COLUMNS = 2880, GROUPS = 360, MAX_TOKENS = 1024, ROUNDS = 7 };
static const size_t memory_bytes = 192u << 20;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/// Zeroed memory in huge pages where the system gives them.
static void *allocate(size_t bytes) {
  bytes = (bytes + (2u << 20) - 1) & ~(size_t)((2u << 20) - 1);
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) exit(1);
  madvise(p, bytes, MADV_HUGEPAGE);
  memset(p, 0, bytes);
  return p;
}

static size_t weight_bytes(ck_weight_kind kind, int groups) {
  return (size_t)groups * (COLUMNS / 32) * ((size_t)256 << kind);
}
static size_t scale_bytes(ck_weight_kind kind, int groups) {
  return kind == CK_BF16 ? 0 : (size_t)groups * (COLUMNS / 32) * (kind == CK_MXFP4 ? 16 : 32);
}

typedef struct { uint8_t *weights, *scales; int copies, groups; } matrices;

static matrices make_matrices(ck_weight_kind kind, int is_cached) {
  matrices m = {.groups = is_cached ? 8 : GROUPS};
  size_t bytes = weight_bytes(kind, m.groups), scales = scale_bytes(kind, m.groups);
  m.copies = is_cached ? 1 : (int)(memory_bytes / bytes) + 1;
  m.weights = allocate(bytes * (size_t)m.copies);
  m.scales = allocate(scales * (size_t)m.copies + 64);
  for (size_t i = 0; i < bytes * (size_t)m.copies; i++)
    m.weights[i] = (uint8_t)(kind == CK_BF16 && i % 2 ? 0x3d : 1 + (i * 2654435761u >> 13) % 255);
  for (size_t i = 0; i < scales * (size_t)m.copies; i++)
    m.scales[i] = (uint8_t)(kind == CK_MXFP4 ? 120 : i % 2 ? 0x14 : 7);
  return m;
}

static void free_matrices(ck_weight_kind kind, matrices m) {
  munmap(m.weights, weight_bytes(kind, m.groups) * (size_t)m.copies);
  munmap(m.scales, scale_bytes(kind, m.groups) * (size_t)m.copies + 64);
}

/// Seconds per product.
static double time_product(const ck_kernels *k, ck_weight_kind kind, ck_activation_kind act, int tokens, matrices m) {
  static float *x, *out;
  static uint8_t *activations, *scratch;
  if (!x) {
    x = allocate(COLUMNS * 4);
    for (int i = 0; i < COLUMNS; i++) x[i] = sinf((float)i);
    out = allocate((size_t)MAX_TOKENS * GROUPS * 64);
    activations = allocate((size_t)MAX_TOKENS * COLUMNS * 4);
    scratch = allocate(ck_matmul_scratch_bytes(COLUMNS));
  }
  size_t stride = COLUMNS * (act == CK_ACT_F32 ? 4 : 2);
  if (act == CK_ACT_Q16) stride = COLUMNS / 32 * sizeof(ck_q16_block);
  if (act == CK_ACT_Q8) stride = COLUMNS / 32 * sizeof(ck_q8_block);
  for (int t = 0; t < tokens; t++) {
    void *row = activations + (size_t)t * stride;
    if (act == CK_ACT_F32) memcpy(row, x, COLUMNS * 4);
    else if (act == CK_ACT_BF16) k->to_bf16(x, COLUMNS, row);
    else if (act == CK_ACT_Q16) k->to_q16(x, COLUMNS, row);
    else k->to_q8(x, COLUMNS, row);
  }
  ck_matmul call = {
      m.weights, m.scales, COLUMNS, 0, m.groups, tokens, activations, stride, out, GROUPS * 16, NULL, scratch};
  int calls = m.copies > 1 ? (tokens > 8 ? 2 : m.copies) : 1 + 400 / tokens;
  double best = 1e9;
  for (int round = 0; round < ROUNDS; round++) {
    double start = now();
    for (int i = 0; i < calls; i++) {
      size_t copy = (size_t)(round * calls + i) % (size_t)m.copies;
      call.weights = m.weights + copy * weight_bytes(kind, m.groups);
      call.scales = m.scales + copy * scale_bytes(kind, m.groups);
      k->matmul[kind][act](&call);
    }
    best = fmin(best, (now() - start) / calls);
  }
  return best;
}

static void measure_products(const ck_kernels *k, const char *only, const char *tokens_list) {
  static const char *kinds[] = {"mxfp4", "int8", "bf16"}, *acts[] = {"f32", "bf16", "q16", "q8"};
  for (int kind = 0; kind < 3; kind++)
    for (int act = 0; act < 4; act++) {
      char name[32];
      snprintf(name, sizeof name, "%s %s", kinds[kind], acts[act]);
      if (*only && strcmp(only, name)) continue;
      // What a set lacks is borrowed from the scalar one, whose rate nobody needs many times.
      if (strcmp(k->name, "scalar") && k->matmul[kind][act] == ck_scalar_kernels.matmul[kind][act]) continue;
      matrices memory = make_matrices((ck_weight_kind)kind, 0), cache = make_matrices((ck_weight_kind)kind, 1);
      char list[128], *next = list;
      snprintf(list, sizeof list, "%s", tokens_list);
      for (char *word; (word = strsep(&next, " "));) {
        int tokens = atoi(word);
        if (tokens < 1 || tokens > MAX_TOKENS) continue;
        double m = time_product(k, (ck_weight_kind)kind, (ck_activation_kind)act, tokens, memory);
        double c = time_product(k, (ck_weight_kind)kind, (ck_activation_kind)act, tokens, cache);
        double bytes = (double)(weight_bytes((ck_weight_kind)kind, 1) + scale_bytes((ck_weight_kind)kind, 1));
        double flop = 2.0 * tokens * COLUMNS * 16;
        printf(
            "%-7s %-5s x %-4s %5d %12.2f %12.2f %12.1f %12.1f\n", k->name, kinds[kind], acts[act], tokens,
            bytes * memory.groups / m * 1e-9, bytes * cache.groups / c * 1e-9, flop * memory.groups / m * 1e-9,
            flop * cache.groups / c * 1e-9);
        fflush(stdout);
      }
      free_matrices((ck_weight_kind)kind, memory);
      free_matrices((ck_weight_kind)kind, cache);
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx512f"))) static double multiply_add_512(uint64_t rounds) {
  __m512 sums[12] = {_mm512_setzero_ps()}, x = _mm512_set1_ps(1.0000001f), y = _mm512_set1_ps(1e-9f);
  for (uint64_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < 12; j++) sums[j] = _mm512_fmadd_ps(sums[j], x, y);
  }
  for (int j = 1; j < 12; j++) sums[0] = _mm512_add_ps(sums[0], sums[j]);
  volatile float sink = _mm512_cvtss_f32(sums[0]);
  (void)sink;
  return (double)rounds * 12 * 16 * 2;
}
#endif

/// Eight query heads of 64 over one key/value head: a tile of the last `tokens` of `positions` positions, full or with a
/// window of 128.
static void measure_attention(
    const ck_kernels *k, ck_page_element element, int tokens, int positions, int window, double ceiling) {
  enum { HEADS = 8, DIMS = 64, STRIDE = HEADS * DIMS };
  static const char *elements[] = {"f32", "f16", "i8"};
  size_t pages = (size_t)(positions / CK_PAGE_TOKENS), bytes = 2 * ck_page_bytes(element, DIMS);
  uint8_t *memory = allocate(bytes * pages), *scratch = allocate(ck_attention_scratch_bytes(HEADS, DIMS));
  int32_t *numbers = allocate(pages * 4);
  float *queries = allocate(CK_ATTENTION_TOKENS * STRIDE * 4), *out = allocate(CK_ATTENTION_TOKENS * STRIDE * 4);
  float sinks[HEADS] = {0};
  // Out of order, as after some requests came and went.
  for (size_t p = 0; p < pages; p++) numbers[p] = (int32_t)(p * 5 % pages);
  ck_attention call = {
      .queries = queries, .query_stride = STRIDE, .tokens = tokens, .first_position = positions - tokens,
      .window = window, .group = HEADS, .head_dim = DIMS, .element = element, .pages = memory, .page_stride = bytes,
      .value_offset = bytes / 2, .page_numbers = numbers, .scale = 0.125f, .sinks = sinks, .out = out,
      .out_stride = STRIDE, .scratch = scratch};
  double best = 1e9, seen = 0;
  for (int t = 0; t < tokens; t++) {
    int all = positions - tokens + t + 1;
    seen += window && window < all ? window : all;
  }
  int calls = 1 + (int)(200000 / seen);
  for (int round = 0; round < ROUNDS * 3; round++) {
    double start = now();
    for (int i = 0; i < calls; i++) k->attention(&call);
    best = fmin(best, (now() - start) / calls);
  }
  double span = window ? window + tokens - 1 : positions;
  printf(
      "%-7s attention %-3s %6d %9d %6d %12.2f %12.1f %11.0f %%\n", k->name, elements[element], tokens, positions, window,
      (double)bytes * span / CK_PAGE_TOKENS / best * 1e-9, 4.0 * HEADS * DIMS * seen / best * 1e-9,
      4.0 * HEADS * DIMS * seen / best / ceiling * 100);
  fflush(stdout);
  munmap(memory, bytes * pages);
}

/// Floating-point operations per second of multiply-adds on registers, in floats, as wide as the set has them.
static double multiply_add_ceiling(const ck_kernels *k) {
  double rate = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double start = now(), operations;
#if defined(__x86_64__)
    operations = strstr("avx512 amx", k->name) ? multiply_add_512(1 << 18) : ck_matrix_probe(k, 1 << 18);
#else
    operations = ck_matrix_probe(k, 1 << 18);
#endif
    rate = fmax(rate, operations / (now() - start));
  }
  return rate;
}

static void measure_attentions(const ck_kernels *k) {
  const double ceiling = multiply_add_ceiling(k);
  printf("%-7s attention of 8 heads of 64; multiply-add of floats %.1f GFLOP/s\n", k->name, ceiling * 1e-9);
  printf(
      "%-7s attention %-3s %6s %9s %6s %12s %12s %13s\n", "set", "", "tokens", "positions", "window", "GB/s of K, V",
      "GFLOP/s", "of ceiling");
  for (int element = CK_PAGE_F32; element <= CK_PAGE_I8; element++)
    for (int tokens = 1; tokens <= CK_ATTENTION_TOKENS; tokens += CK_ATTENTION_TOKENS - 1) {
      measure_attention(k, (ck_page_element)element, tokens, 128, 0, ceiling);
      measure_attention(k, (ck_page_element)element, tokens, 8192, 0, ceiling);
      measure_attention(k, (ck_page_element)element, tokens, 8192, 128, ceiling);
    }
}

static void measure_ceilings(const ck_kernels *k) {
  double best = 0, rate = 0;
  uint8_t *bytes = allocate(memory_bytes);
  for (int round = 0; round < ROUNDS; round++) {
    double start = now();
    volatile uint64_t sum = ck_read_probe(bytes, memory_bytes);
    (void)sum;
    best = fmax(best, (double)memory_bytes / (now() - start));
    start = now();
    double operations = ck_matrix_probe(k, 1 << 18);
    rate = fmax(rate, operations / (now() - start));
  }
  munmap(bytes, memory_bytes);
  printf("%-7s ceilings: read %.2f GB/s, multiply-add %.1f GFLOP/s\n", k->name, best * 1e-9, rate * 1e-9);
}

int main(int count, char **arguments) {
  static const char *every[] = {"scalar", "avx2", "avx512", "amx", "neon"};
  const char *only = getenv("ONLY"), *tokens = getenv("TOKENS");
  for (int i = 0; i < (count > 1 ? count - 1 : 5); i++) {
    ck_kernels k;
    if (!ck_select(count > 1 ? arguments[i + 1] : every[i], &k)) continue;
    ck_thread_begin(&k);
    measure_ceilings(&k);
    printf("%-7s %-12s %6s %12s %12s", "set", "product", "tokens", "GB/s memory", "cache");
    printf(" %12s %12s\n", "GFLOP/s mem.", "cache");
    int is_scalar = !strcmp(k.name, "scalar");
    measure_products(&k, only ? only : "", tokens ? tokens : is_scalar ? "1" : "1 2 4 8 16 64 256");
    if (!only || !strcmp(only, "attention")) measure_attentions(&k);
    ck_thread_end(&k);
  }
  return 0;
}
