// Ceilings of the machine, measured with nothing but the instruction itself: what `outcrop bench` holds its rates against.
#include "CKernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Eight independent accumulators hide the latency of every multiply-add unit there is.
static double probe_portable(uint64_t rounds) {
  volatile float sink;
  float a[8] = {0}, x = 1.0000001f, y = 1e-9f;
  for (uint64_t i = 0; i < rounds; i++)
    for (int j = 0; j < 8; j++) a[j] = a[j] * x + y;
  sink = a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
  (void)sink;
  return (double)rounds * 8 * 2;
}

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
static double probe_avx2(uint64_t rounds) {
  __m256 a[10], x = _mm256_set1_ps(1.0000001f), y = _mm256_set1_ps(1e-9f);
  for (int j = 0; j < 10; j++) a[j] = _mm256_setzero_ps();
  for (uint64_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < 10; j++) a[j] = _mm256_fmadd_ps(a[j], x, y);
  }
  for (int j = 1; j < 10; j++) a[0] = _mm256_add_ps(a[0], a[j]);
  volatile float sink = _mm256_cvtss_f32(a[0]);
  (void)sink;
  return (double)rounds * 10 * 8 * 2;
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))), apply_to = function)
static double probe_avx512_bf16(uint64_t rounds) {
  __m512 a[12];
  const __m512bh x = (__m512bh)_mm512_set1_epi16(0x3f80), y = (__m512bh)_mm512_set1_epi16(0x0080);
  for (int j = 0; j < 12; j++) a[j] = _mm512_setzero_ps();
  for (uint64_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < 12; j++) a[j] = _mm512_dpbf16_ps(a[j], x, y);
  }
  for (int j = 1; j < 12; j++) a[0] = _mm512_add_ps(a[0], a[j]);
  volatile float sink = _mm512_cvtss_f32(a[0]);
  (void)sink;
  return (double)rounds * 12 * 32 * 2;
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
static double probe_avx512(uint64_t rounds) {
  __m512 a[12], x = _mm512_set1_ps(1.0000001f), y = _mm512_set1_ps(1e-9f);
  for (int j = 0; j < 12; j++) a[j] = _mm512_setzero_ps();
  for (uint64_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < 12; j++) a[j] = _mm512_fmadd_ps(a[j], x, y);
  }
  for (int j = 1; j < 12; j++) a[0] = _mm512_add_ps(a[0], a[j]);
  volatile float sink = _mm512_cvtss_f32(a[0]);
  (void)sink;
  return (double)rounds * 12 * 16 * 2;
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("amx-tile,amx-bf16"))), apply_to = function)
// The calling thread has its tiles configured (ck_thread_begin).
static double probe_amx(uint64_t rounds) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
  for (uint64_t i = 0; i < rounds; i++) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  return (double)rounds * 4 * 16 * 16 * 32 * 2;
}
#pragma clang attribute pop
#endif

double ck_matrix_probe(const ck_kernels *kernels, uint64_t rounds) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!strcmp(kernels->name, "amx")) return probe_amx(rounds);
  if (!strcmp(kernels->name, "avx512"))
    return __builtin_cpu_supports("avx512bf16") ? probe_avx512_bf16(rounds) : probe_avx512(rounds);
  if (!strcmp(kernels->name, "avx2")) return probe_avx2(rounds);
#endif
  return probe_portable(rounds);
}
