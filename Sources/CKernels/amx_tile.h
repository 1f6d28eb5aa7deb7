// The tile instructions that the AMX kernels use, or, with CK_EMULATE_AMX, their meaning in C for tests on processors
// without them. Tile numbers are constants, as the instructions demand.
#ifndef CK_AMX_TILE_H
#define CK_AMX_TILE_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define AMX_TILE_ROWS 16
#define AMX_TILE_ROW_BYTES 64

/// What LDTILECFG reads.
typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} __attribute__((aligned(64))) amx_configuration;

#ifndef CK_EMULATE_AMX

#define AMX_TARGET "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16"
#define amx_configure(configuration) _tile_loadconfig(configuration)
#define amx_release() _tile_release()
#define amx_zero(tile) _tile_zero(tile)
#define amx_load(tile, base, stride) _tile_loadd(tile, base, stride)
#define amx_store(tile, base, stride) _tile_stored(tile, base, stride)
#define amx_multiply(sum, a, b) _tile_dpbf16ps(sum, a, b)

#else

#include <string.h>

#define AMX_TARGET "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16"

static _Thread_local struct {
  int is_configured;
  uint8_t tiles[8][AMX_TILE_ROWS][AMX_TILE_ROW_BYTES];
} amx_state;

/// Using a tile before its configuration is the fault that it is on the processor.
static inline void amx_require_configuration(void) {
  if (!amx_state.is_configured) __builtin_trap();
}

static inline void amx_configure(const amx_configuration *configuration) {
  memset(&amx_state, 0, sizeof amx_state);
  amx_state.is_configured = configuration->palette == 1;
  for (int t = 0; t < 8; t++)
    if (configuration->rows[t] != AMX_TILE_ROWS || configuration->row_bytes[t] != AMX_TILE_ROW_BYTES)
      amx_state.is_configured = 0;
}

static inline void amx_release(void) { amx_state.is_configured = 0; }

static inline void amx_zero(int tile) {
  amx_require_configuration();
  memset(amx_state.tiles[tile], 0, sizeof amx_state.tiles[tile]);
}

static inline void amx_load(int tile, const void *base, size_t stride) {
  amx_require_configuration();
  for (int row = 0; row < AMX_TILE_ROWS; row++)
    memcpy(amx_state.tiles[tile][row], (const uint8_t *)base + (size_t)row * stride, AMX_TILE_ROW_BYTES);
}

static inline void amx_store(int tile, void *base, size_t stride) {
  amx_require_configuration();
  for (int row = 0; row < AMX_TILE_ROWS; row++)
    memcpy((uint8_t *)base + (size_t)row * stride, amx_state.tiles[tile][row], AMX_TILE_ROW_BYTES);
}

#pragma clang attribute push(__attribute__((target(AMX_TARGET))), apply_to = function)

/// Denormals count as zero, in operands and results.
static inline __m512 amx_flush(__m512 x) {
  __mmask16 normal = _mm512_test_epi32_mask(_mm512_castps_si512(x), _mm512_set1_epi32(0x7f800000));
  return _mm512_maskz_mov_ps(normal, x);
}

/// The even or odd bf16 of sixteen pairs as floats.
static inline __m512 amx_half(__m512i pairs, int odd) {
  __m512i bits = odd ? _mm512_and_si512(pairs, _mm512_set1_epi32((int)0xffff0000)) : _mm512_slli_epi32(pairs, 16);
  return amx_flush(_mm512_castsi512_ps(bits));
}

/// TDPBF16PS: even and odd products are summed apart in k order by fused multiply-adds, then added to the tile.
static inline void amx_multiply(int sum, int a, int b) {
  amx_require_configuration();
  for (int m = 0; m < AMX_TILE_ROWS; m++) {
    __m512 even = _mm512_setzero_ps(), odd = _mm512_setzero_ps();
    for (int k = 0; k < 16; k++) {
      int32_t pair;
      memcpy(&pair, &amx_state.tiles[a][m][4 * k], 4);
      __m512i x = _mm512_set1_epi32(pair), w = _mm512_loadu_si512(amx_state.tiles[b][k]);
      even = amx_flush(_mm512_fmadd_ps(amx_half(x, 0), amx_half(w, 0), even));
      odd = amx_flush(_mm512_fmadd_ps(amx_half(x, 1), amx_half(w, 1), odd));
    }
    __m512 total = amx_flush(_mm512_loadu_ps(amx_state.tiles[sum][m]));
    _mm512_storeu_ps(amx_state.tiles[sum][m], amx_flush(_mm512_add_ps(total, amx_flush(_mm512_add_ps(even, odd)))));
  }
}

#pragma clang attribute pop

#endif
#endif
