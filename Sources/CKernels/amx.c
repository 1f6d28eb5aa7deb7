// The AMX set: bf16 products on tiles, for Sapphire Rapids and later. All else comes from the AVX-512 set.
//
// A tile of weights is one k block of one row group: 16 rows of 16 dwords, a dword being one output row's weights of
// two adjacent columns. bf16 weights lie in memory like that; MXFP4 and int8 are unpacked into scratch, two row groups
// ("panel") at a time, and stay in L2 while all tokens are multiplied by them. Token rows that do not fill a tile are
// copied to scratch and padded with zeros, so that tiles always have 16 rows and the configuration never changes.
//
// Precision: MXFP4 weights are exact (the scale is added to the bf16 exponent; blocks where that leaves the normal
// numbers are multiplied apart, in f32). int8 weights are rounded to bf16 after scaling: by at most 2^-8 of a weight,
// 0.17 % in the mean square, as much as the rounding of the activations (so that errors grow by sqrt(2), inside the
// limits for bf16 inputs) and a third of what the int8 quantisation itself does. Exact int8 weights would need a scale
// per 32 columns applied outside the tiles, which empties them after every product. Sums are f32; denormals count as
// zero, as the instruction defines.
#if defined(__x86_64__)
#include "private.h"

#include "amx_tile.h"

#include <string.h>

#pragma clang attribute push(__attribute__((target(AMX_TARGET))), apply_to = function)

#define CK_INLINE static inline __attribute__((always_inline))

enum {
  TILE_BYTES = AMX_TILE_ROWS * AMX_TILE_ROW_BYTES,
  PASS_BYTES = 3 << 19,  // activations that share an unpacked panel: they and it fit in 2 MiB of L2
  LARGE_TOKENS = 16,     // from how many tokens a tile beats byte dot products
};

/// Loads the tile configuration on the calling thread.
static void configure_tiles(void) {
  amx_configuration configuration;
  memset(&configuration, 0, sizeof configuration);
  configuration.palette = 1;
  for (int tile = 0; tile < 8; tile++) {
    configuration.rows[tile] = AMX_TILE_ROWS;
    configuration.row_bytes[tile] = AMX_TILE_ROW_BYTES;
  }
  amx_configure(&configuration);
}

/// Releases the tiles of the calling thread.
static void release_tiles(void) { amx_release(); }

/// Whether a scale keeps every nonzero value of MXFP4 (0.5 ... 6) a normal bf16.
CK_INLINE int is_ordinary(uint8_t scale) { return scale >= 2 && scale <= 252; }

/// One k block of MXFP4 as a tile. Rows with an extraordinary scale become zero; returns whether there are any.
CK_INLINE int unpack_mxfp4(const uint8_t *block, const uint8_t *scales, uint8_t *tile) {
  // Twice the 16 values: a nibble's upper neighbour bit, which `vpermw` sees too, does not matter.
  static const uint16_t values[16] = {0,      0x3f00, 0x3f80, 0x3fc0, 0x4000, 0x4040, 0x4080, 0x40c0,
                                      0x8000, 0xbf00, 0xbf80, 0xbfc0, 0xc000, 0xc040, 0xc080, 0xc0c0};
  const __m512i lut = _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)values));
  __m512i scale = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)scales));
  __mmask16 ordinary = _mm512_cmple_epu32_mask(_mm512_sub_epi32(scale, _mm512_set1_epi32(2)), _mm512_set1_epi32(250));
  __m512i exponent = _mm512_slli_epi32(_mm512_sub_epi32(scale, _mm512_set1_epi32(127)), 7);
  exponent = _mm512_or_si512(_mm512_and_si512(exponent, _mm512_set1_epi32(0xffff)), _mm512_slli_epi32(exponent, 16));
  for (int g = 0; g < 4; g++) {
    __m512i v = _mm512_loadu_si512(block + g * 64);
    __m512i codes[4] = {v, _mm512_srli_epi16(v, 8), _mm512_srli_epi16(v, 4), _mm512_srli_epi16(v, 12)};
    for (int i = 0; i < 4; i++) {
      __m512i w = _mm512_permutexvar_epi16(codes[i], lut);
      __mmask32 nonzero = _mm512_test_epi16_mask(w, _mm512_set1_epi16(0x7fff));
      w = _mm512_maskz_add_epi16(nonzero, w, exponent);
      _mm512_store_si512(tile + ((i & 2) * 4 + 2 * g + (i & 1)) * 64, w);
    }
  }
  if (ordinary == 0xffff) return 0;
  for (int row = 0; row < AMX_TILE_ROWS; row++) {
    void *dwords = tile + row * 64;
    _mm512_store_si512(dwords, _mm512_maskz_mov_epi32(ordinary, _mm512_load_si512(dwords)));
  }
  return 1;
}

/// One k block of int8 as a tile, (byte - 128) * scale rounded to nearest even.
CK_INLINE void unpack_int8(const uint8_t *block, const uint8_t *scales, uint8_t *tile) {
  static const uint16_t interleave[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                          8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i order = _mm512_loadu_si512(interleave), byte = _mm512_set1_epi32(255);
  __m512 scale = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)scales));
  __m512 offset = _mm512_mul_ps(scale, _mm512_set1_ps(128.0f));
  for (int g = 0; g < 8; g++) {
    __m512i v = _mm512_loadu_si512(block + g * 64);
    for (int odd = 0; odd < 2; odd++, v = _mm512_srli_epi32(v, 8)) {
      __m512 first = _mm512_cvtepi32_ps(_mm512_and_si512(v, byte));
      __m512 second = _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(v, 16), byte));
      first = _mm512_fmsub_ps(first, scale, offset);
      second = _mm512_fmsub_ps(second, scale, offset);
      __m512i pairs = (__m512i)_mm512_cvtne2ps_pbh(second, first);
      _mm512_store_si512(tile + (2 * g + odd) * 64, _mm512_permutexvar_epi16(order, pairs));
    }
  }
}

/// Where the tiles of up to two row groups lie: k block k of group i at tiles + i * group_stride + k * block_stride.
typedef struct {
  const uint8_t *tiles;
  size_t group_stride;
  size_t block_stride;
  int is_incomplete;  // some blocks of MXFP4 are zero instead of extraordinary
} panel;

CK_INLINE panel make_panel(ck_weight_kind kind, const ck_matmul *c, int32_t group, int groups) {
  size_t blocks = (size_t)(c->columns / CK_K_BLOCK), first = (size_t)group * blocks;
  if (kind == CK_BF16) return (panel){c->weights + first * TILE_BYTES, blocks * TILE_BYTES, TILE_BYTES, 0};
  panel p = {c->scratch, TILE_BYTES, 2 * TILE_BYTES, 0};
  for (int i = 0; i < groups; i++)
    for (size_t k = 0; k < blocks; k++) {
      size_t index = first + (size_t)i * blocks + k;
      uint8_t *tile = c->scratch + (size_t)i * p.group_stride + k * p.block_stride;
      if (kind == CK_MXFP4)
        p.is_incomplete |= unpack_mxfp4(c->weights + index * 256, c->scales + index * 16, tile);
      else
        unpack_int8(c->weights + index * 512, c->scales + index * 32, tile);
    }
  return p;
}

/// The weights of the next panel, fetched into L2 bit by bit while the tiles are busy.
typedef struct {
  const uint8_t *next, *end;
  int lines;  // per k block
} fetch;

CK_INLINE void fetch_some(fetch *f) {
  for (int i = 0; i < f->lines && f->next < f->end; i++, f->next += 64)
    _mm_prefetch((const char *)f->next, _MM_HINT_T1);
}

/// Sixteen rows of activations; those of the last, partly filled tile lie in scratch.
typedef struct {
  const uint8_t *first;
  size_t stride;
} token_tile;

/// One or two tiles of tokens by one or two row groups; results go to `out`, `row_bytes` from one token to the next.
CK_INLINE void multiply_tiles(
    int token_tiles, int groups, const panel *p, const token_tile *x, int32_t blocks, const float *bias, fetch *f,
    float *const out[2], const size_t row_bytes[2]) {
  if (bias) {
    // A stride of zero: every token starts from the bias.
    amx_load(0, bias, 0);
    if (groups == 2) amx_load(1, bias + CK_ROW_GROUP, 0);
    if (token_tiles == 2) amx_load(2, bias, 0);
    if (token_tiles == 2 && groups == 2) amx_load(3, bias + CK_ROW_GROUP, 0);
  } else {
    amx_zero(0);
    amx_zero(1);
    amx_zero(2);
    amx_zero(3);
  }
  for (int32_t k = 0; k < blocks; k++) {
    const uint8_t *w = p->tiles + (size_t)k * p->block_stride;
    amx_load(4, x[0].first + k * AMX_TILE_ROW_BYTES, x[0].stride);
    amx_load(6, w, AMX_TILE_ROW_BYTES);
    amx_multiply(0, 4, 6);
    if (groups == 2) {
      amx_load(7, w + p->group_stride, AMX_TILE_ROW_BYTES);
      amx_multiply(1, 4, 7);
    }
    if (token_tiles == 2) {
      amx_load(5, x[1].first + k * AMX_TILE_ROW_BYTES, x[1].stride);
      amx_multiply(2, 5, 6);
      if (groups == 2) amx_multiply(3, 5, 7);
    }
    fetch_some(f);
  }
  amx_store(0, out[0], row_bytes[0]);
  if (groups == 2) amx_store(1, out[0] + CK_ROW_GROUP, row_bytes[0]);
  if (token_tiles == 2) amx_store(2, out[1], row_bytes[1]);
  if (token_tiles == 2 && groups == 2) amx_store(3, out[1] + CK_ROW_GROUP, row_bytes[1]);
}

/// Adds the blocks with extraordinary scales, which their tiles lack.
static void add_extraordinary(const ck_matmul *c, int32_t group, int32_t first, int32_t tokens) {
  static const float values[16] = {0, .5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -.5f, -1, -1.5f, -2, -3, -4, -6};
  static const int order[4] = {0, 2, 1, 3};
  size_t blocks = (size_t)(c->columns / CK_K_BLOCK);
  for (size_t k = 0; k < blocks; k++)
    for (size_t row = 0; row < CK_ROW_GROUP; row++) {
      size_t index = (size_t)group * blocks + k;
      uint8_t byte = c->scales[index * 16 + row];
      if (is_ordinary(byte)) continue;
      uint32_t bits = byte ? (uint32_t)byte << 23 : 0x00400000;
      float scale;
      memcpy(&scale, &bits, sizeof scale);
      for (int32_t t = first; t < first + tokens; t++) {
        const uint8_t *x = (const uint8_t *)c->activations + (size_t)t * c->activation_stride + k * 64;
        float sum = 0;
        for (int i = 0; i < CK_K_BLOCK; i++) {
          uint8_t pair = c->weights[index * 256 + (size_t)(i % 16 / 4 * 64) + row * 4 + (size_t)order[i % 4]];
          uint16_t half;
          memcpy(&half, x + i * 2, sizeof half);
          uint32_t wide = (uint32_t)half << 16;
          float activation;
          memcpy(&activation, &wide, sizeof activation);
          sum += values[i < 16 ? pair & 15 : pair >> 4] * activation;
        }
        c->out[(size_t)t * c->out_stride + (size_t)group * CK_ROW_GROUP + row] += scale * sum;
      }
    }
}

/// The scratch of a call: panel, rows of the last tile, results of the last tile.
CK_INLINE uint8_t *padded_rows(const ck_matmul *c) { return c->scratch + (size_t)c->columns * 64; }
CK_INLINE float *padded_results(const ck_matmul *c) { return (float *)(c->scratch + (size_t)c->columns * 96); }

/// Copies the rows after the last whole tile of tokens to scratch, and zeros for those that are missing.
CK_INLINE void pad_rows(const ck_matmul *c) {
  size_t row_bytes = (size_t)c->columns * 2;
  int32_t rest = c->tokens % AMX_TILE_ROWS;
  const uint8_t *rows = (const uint8_t *)c->activations + (size_t)(c->tokens - rest) * c->activation_stride;
  if (rest == 0) return;
  for (int32_t t = 0; t < rest; t++)
    memcpy(padded_rows(c) + (size_t)t * row_bytes, rows + (size_t)t * c->activation_stride, row_bytes);
  memset(padded_rows(c) + (size_t)rest * row_bytes, 0, (size_t)(AMX_TILE_ROWS - rest) * row_bytes);
}

/// A panel of one or two row groups by tokens first..<first + tokens, a whole number of tiles but at the very end.
CK_INLINE void multiply_panel(
    int groups, const ck_matmul *c, const panel *p, int32_t group, int32_t first, int32_t tokens, fetch *f) {
  const float *bias = c->bias ? c->bias + (size_t)group * CK_ROW_GROUP : NULL;
  int32_t blocks = c->columns / CK_K_BLOCK, end = first + tokens;
  for (int32_t m = first; m < end; m += 2 * AMX_TILE_ROWS) {
    int tiles = end - m > AMX_TILE_ROWS ? 2 : 1;
    token_tile x[2];
    float *out[2];
    size_t row_bytes[2];
    int32_t missing = 0;
    for (int i = 0; i < tiles; i++) {
      int32_t t = m + i * AMX_TILE_ROWS;
      x[i] = (token_tile){(const uint8_t *)c->activations + (size_t)t * c->activation_stride, c->activation_stride};
      out[i] = c->out + (size_t)t * c->out_stride + (size_t)group * CK_ROW_GROUP;
      row_bytes[i] = c->out_stride * sizeof(float);
      if (t + AMX_TILE_ROWS <= c->tokens) continue;
      missing = t + AMX_TILE_ROWS - c->tokens;
      x[i] = (token_tile){padded_rows(c), (size_t)c->columns * 2};
      out[i] = padded_results(c);
      row_bytes[i] = 2 * AMX_TILE_ROW_BYTES;
    }
    if (tiles == 2)
      multiply_tiles(2, groups, p, x, blocks, bias, f, out, row_bytes);
    else
      multiply_tiles(1, groups, p, x, blocks, bias, f, out, row_bytes);
    for (int32_t i = 0; missing && i < AMX_TILE_ROWS - missing; i++) {
      size_t token = (size_t)(c->tokens - (AMX_TILE_ROWS - missing) + i);
      memcpy(
          c->out + token * c->out_stride + (size_t)group * CK_ROW_GROUP, padded_results(c) + i * 2 * CK_ROW_GROUP,
          (size_t)groups * AMX_TILE_ROW_BYTES);
    }
  }
  for (int i = 0; p->is_incomplete && i < groups; i++) add_extraordinary(c, group + i, first, tokens);
}

/// All row groups by tokens first..<first + tokens.
CK_INLINE void multiply_pass(ck_weight_kind kind, const ck_matmul *c, int32_t first, int32_t tokens) {
  size_t group_bytes = (size_t)(c->columns / CK_K_BLOCK) * ((size_t)256 << kind);
  int steps = (tokens + 2 * AMX_TILE_ROWS - 1) / (2 * AMX_TILE_ROWS), lines = 2 * (256 << kind) / 64;
  for (int32_t group = c->row_group_begin; group < c->row_group_end; group += 2) {
    int groups = c->row_group_end - group > 1 ? 2 : 1;
    int32_t ahead = c->row_group_end - group - groups;
    const uint8_t *next = c->weights + (size_t)(group + groups) * group_bytes;
    fetch f = {next, next + (size_t)(ahead < 2 ? ahead : 2) * group_bytes, (lines + steps - 1) / steps};
    panel p = make_panel(kind, c, group, groups);
    if (groups == 2)
      multiply_panel(2, c, &p, group, first, tokens, &f);
    else
      multiply_panel(1, c, &p, group, first, tokens, &f);
  }
}

CK_INLINE void multiply(ck_weight_kind kind, const ck_matmul *c) {
  pad_rows(c);
  int32_t most = PASS_BYTES / (c->columns * 2) / 32 * 32;
  if (most < 64) most = 64;
  int32_t passes = (c->tokens + most - 1) / most;
  int32_t share = ((c->tokens + passes - 1) / passes + 31) / 32 * 32;
  for (int32_t first = 0; first < c->tokens; first += share)
    multiply_pass(kind, c, first, c->tokens - first < share ? c->tokens - first : share);
}

static void mxfp4_bf16(const ck_matmul *call) { multiply(CK_MXFP4, call); }
static void int8_bf16(const ck_matmul *call) { multiply(CK_INT8, call); }
static void bf16_bf16(const ck_matmul *call) { multiply(CK_BF16, call); }

#pragma clang attribute pop

const ck_kernels ck_amx_kernels = {
    .name = "amx",
    .thread_begin = configure_tiles,
    .thread_end = release_tiles,
    .matmul =
        {
            [CK_MXFP4] = {[CK_ACT_BF16] = mxfp4_bf16},
            [CK_INT8] = {[CK_ACT_BF16] = int8_bf16},
            [CK_BF16] = {[CK_ACT_BF16] = bf16_bf16},
        },
    .fast =
        {
            [CK_MXFP4] = {CK_ACT_Q16, CK_ACT_BF16, LARGE_TOKENS},
            [CK_INT8] = {CK_ACT_Q16, CK_ACT_BF16, LARGE_TOKENS},
            [CK_BF16] = {CK_ACT_F32, CK_ACT_BF16, LARGE_TOKENS},
        },
    // No tiles of int8: activations and weights change their scales every 32 columns, half of such a tile's depth, and
    // every tile of sums would have to be stored and scaled after a single product. bf16 tiles have the scales within.
    // Byte dot products take half of the time that they take with 16 bits.
    .int8 =
        {
            [CK_MXFP4] = {CK_ACT_Q8, CK_ACT_BF16, 2 * LARGE_TOKENS},
            [CK_INT8] = {CK_ACT_Q8, CK_ACT_BF16, 2 * LARGE_TOKENS},
            [CK_BF16] = {CK_ACT_F32, CK_ACT_BF16, LARGE_TOKENS},
        },
    .attention = ck_amx_attention,
};
#endif
