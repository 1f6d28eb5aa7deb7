// Products of f32 activations on AVX-512, for the three kinds of weights.
//
// A vector is one column of a row group. Within a k block the columns are visited as they come out of a dword by shifts
// (`column_of_step`), whether the weights are unpacked on the fly (one tile of tokens) or into a panel that stays in L2
// (several): hence the same bits. A tile is two row groups by up to twelve tokens; a last single row group is computed
// as a pair with itself.
#if defined(__x86_64__)
#include "avx512.h"

#pragma clang attribute push(__attribute__((target(CK_AVX512_TARGET))), apply_to = function)

enum {
  TILE_TOKENS = 12,       // 24 sums, 2 weights, 1 activation, the rest for unpacking
  PREFETCH_BYTES = 2048,  // how far ahead weights are fetched that are used as they are met
};

/// 64-byte vectors of a k block, and columns in each.
CK_INLINE int vectors_of(ck_weight_kind kind) { return 4 << kind; }
CK_INLINE int steps_of(ck_weight_kind kind) { return 8 >> kind; }

/// The column of the block that step `step` of vector `g` yields.
CK_INLINE int column_of_step(ck_weight_kind kind, int g, int step) {
  static const int order[4] = {0, 2, 1, 3};
  if (kind == CK_MXFP4) return (step & 1) * 16 + 4 * g + order[step >> 1];
  return kind == CK_INT8 ? 4 * g + order[step] : 2 * g + step;
}

/// Sixteen rows of one column, before scaling.
CK_INLINE __m512 unpack_column(ck_weight_kind kind, __m512i v, int step) {
  if (kind == CK_MXFP4) {
    // A permutation looks at the lowest four bits only.
    const __m512 values = _mm512_setr_ps(
        0, .5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -.5f, -1, -1.5f, -2, -3, -4, -6);
    return _mm512_permutexvar_ps(_mm512_srli_epi32(v, (unsigned)step * 4), values);
  }
  if (kind == CK_INT8) {
    // 0x4b0000nn is the float 2^23 + nn.
    __m512i bits = _mm512_ternarylogic_epi32(
        _mm512_srli_epi32(v, (unsigned)step * 8), _mm512_set1_epi32(255), _mm512_set1_epi32(0x4b000000), 0xea);
    return _mm512_sub_ps(_mm512_castsi512_ps(bits), _mm512_set1_ps(8388608.0f + 128.0f));
  }
  return _mm512_castsi512_ps(
      step ? _mm512_and_si512(v, _mm512_set1_epi32((int)0xffff0000)) : _mm512_slli_epi32(v, 16));
}

/// Two row groups and the tokens of one tile.
typedef struct {
  const ck_matmul *call;
  int32_t groups[2];
  const float *panel;  // [k block][vector][step][group][16], or NULL: unpack on the fly
  int32_t first_token;
} tile;

CK_INLINE void store_rows(const ck_matmul *c, int32_t token, int32_t group, __m512 total) {
  if (c->bias) total = _mm512_add_ps(total, _mm512_loadu_ps(c->bias + (size_t)group * CK_ROW_GROUP));
  _mm512_storeu_ps(c->out + (size_t)token * c->out_stride + (size_t)group * CK_ROW_GROUP, total);
}

CK_INLINE void multiply_tile(ck_weight_kind kind, int is_panel, const tile *t, int tokens) {
  const ck_matmul *c = t->call;
  const size_t blocks = (size_t)(c->columns / CK_K_BLOCK), bytes = avx512_block_bytes(kind);
  const size_t first = (size_t)t->groups[0] * blocks, second = (size_t)t->groups[1] * blocks;
  avx512_rows x = avx512_rows_from(c, t->first_token);
  // Totals live in memory: the registers belong to the sums.
  float *totals = (float *)c->scratch;
  for (int i = 0; i < 2 * tokens; i++) _mm512_store_ps(totals + i * 16, _mm512_setzero_ps());
  for (size_t k = 0; k < blocks; k++) {
    const uint8_t *w0 = c->weights + (first + k) * bytes, *w1 = c->weights + (second + k) * bytes;
    const float *panel = t->panel + k * (CK_K_BLOCK * 32);
    __m512 sums[TILE_TOKENS][2];
#pragma clang loop unroll(full)
    for (int m = 0; m < tokens; m++) sums[m][0] = sums[m][1] = _mm512_setzero_ps();
#pragma clang loop unroll(disable)
    for (int g = 0; g < vectors_of(kind); g++) {
      __m512i v0, v1;
      if (!is_panel) {
        v0 = _mm512_loadu_si512(w0 + g * 64);
        v1 = _mm512_loadu_si512(w1 + g * 64);
        _mm_prefetch((const char *)w0 + g * 64 + PREFETCH_BYTES, _MM_HINT_T0);
        _mm_prefetch((const char *)w1 + g * 64 + PREFETCH_BYTES, _MM_HINT_T0);
      }
#pragma clang loop unroll(full)
      for (int step = 0; step < steps_of(kind); step++) {
        const float *w = panel + (g * steps_of(kind) + step) * 32;
        __m512 a = is_panel ? _mm512_load_ps(w) : unpack_column(kind, v0, step);
        __m512 b = is_panel ? _mm512_load_ps(w + 16) : unpack_column(kind, v1, step);
        const size_t column = k * CK_K_BLOCK + (size_t)column_of_step(kind, g, step);
        avx512_hide_stride(&x);
#pragma clang loop unroll(full)
        for (int m = 0; m < tokens; m++) {
          __m512 activation = _mm512_set1_ps(*(const float *)avx512_row(&x, m, column * 4));
          sums[m][0] = _mm512_fmadd_ps(a, activation, sums[m][0]);
          sums[m][1] = _mm512_fmadd_ps(b, activation, sums[m][1]);
        }
      }
    }
    const __m512 one = _mm512_set1_ps(1.0f);
    __m512 s0 = kind == CK_BF16 ? one : avx512_scale(kind, c->scales, first + k);
    __m512 s1 = kind == CK_BF16 ? one : avx512_scale(kind, c->scales, second + k);
#pragma clang loop unroll(full)
    for (int m = 0; m < tokens; m++) {
      float *total = totals + m * 32;
      _mm512_store_ps(total, _mm512_fmadd_ps(s0, sums[m][0], _mm512_load_ps(total)));
      _mm512_store_ps(total + 16, _mm512_fmadd_ps(s1, sums[m][1], _mm512_load_ps(total + 16)));
    }
  }
  for (int m = 0; m < tokens; m++)
    for (int i = 0; i < 2; i++)
      store_rows(c, t->first_token + m, t->groups[i], _mm512_load_ps(totals + m * 32 + i * 16));
}

/// Two row groups as floats, in the order of the steps.
CK_INLINE void unpack_panel(ck_weight_kind kind, const ck_matmul *c, const int32_t groups[2], float *panel) {
  const size_t blocks = (size_t)(c->columns / CK_K_BLOCK), bytes = avx512_block_bytes(kind);
  for (int i = 0; i < 2; i++) {
    const uint8_t *w = c->weights + (size_t)groups[i] * blocks * bytes;
    for (size_t g = 0; g < blocks * (size_t)vectors_of(kind); g++) {
      __m512i v = _mm512_loadu_si512(w + g * 64);
      _mm_prefetch((const char *)w + g * 64 + PREFETCH_BYTES, _MM_HINT_T0);
#pragma clang loop unroll(full)
      for (int step = 0; step < steps_of(kind); step++)
        _mm512_store_ps(
            panel + ((g * (size_t)steps_of(kind) + (size_t)step) * 2 + (size_t)i) * 16, unpack_column(kind, v, step));
    }
  }
}

#define DEFINE_PRODUCT(name, kind)                                                                       \
  static void name##_direct(const tile *t, int32_t tokens) {                                             \
    CK_WITH_CONSTANT(tokens, multiply_tile, kind, 0, t);                                                 \
  }                                                                                                      \
  static void name##_panel(const tile *t, int32_t tokens) {                                              \
    CK_WITH_CONSTANT(tokens, multiply_tile, kind, 1, t);                                                 \
  }                                                                                                      \
  void name(const ck_matmul *c) {                                                                        \
    int32_t share = avx512_tile_tokens(c->tokens, TILE_TOKENS);                                          \
    float *panel = (float *)(c->scratch + TILE_TOKENS * 2 * 64);                                         \
    for (int32_t group = c->row_group_begin; group < c->row_group_end; group += 2) {                     \
      tile t = {c, {group, group + 1 < c->row_group_end ? group + 1 : group}, panel, 0};                 \
      if (share == c->tokens) {                                                                          \
        name##_direct(&t, share);                                                                        \
        continue;                                                                                        \
      }                                                                                                  \
      unpack_panel(kind, c, t.groups, panel);                                                            \
      for (; t.first_token < c->tokens; t.first_token += share)                                          \
        name##_panel(&t, c->tokens - t.first_token < share ? c->tokens - t.first_token : share);         \
    }                                                                                                    \
  }

DEFINE_PRODUCT(ck_avx512_mxfp4_f32, CK_MXFP4)
DEFINE_PRODUCT(ck_avx512_int8_f32, CK_INT8)
DEFINE_PRODUCT(ck_avx512_bf16_f32, CK_BF16)

#pragma clang attribute pop
#endif
