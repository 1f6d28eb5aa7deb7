// Products of f32 activations on AVX-512, for the three kinds of weights.
//
// A vector is one column of a row group. Within a k block the columns are visited as they come out of a dword by shifts
// (`column_of_step`), in the same order for every token. A tile is two row groups by up to twelve tokens, its weights
// unpacked as they are met: again for the next tile, which costs less than storing them. A last single row group is
// computed as a pair with itself.
#if defined(__x86_64__)
#include "avx512.h"

#pragma clang attribute push(__attribute__((target(CK_AVX512_TARGET))), apply_to = function)

enum {
  TILE_TOKENS = 12,       // 24 sums, 2 weights, 1 activation, the rest for unpacking
  PREFETCH_BYTES = 8192,  // how far ahead weights are fetched
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

/// Starts fetching a vector of weights into L2, which may lie beyond the matrix: a prefetch never faults. bf16 weights
/// of one token pass so quickly that the processor sees a stream and is better left alone.
CK_INLINE void fetch(ck_weight_kind kind, int tokens, const uint8_t *vector) {
  if (kind != CK_BF16 || tokens > 1) _mm_prefetch((const char *)vector + PREFETCH_BYTES, _MM_HINT_T1);
}

/// Two row groups and the tokens of one tile.
typedef struct {
  const ck_matmul *call;
  int32_t groups[2];
  int32_t first_token;
} tile;

CK_INLINE void store_rows(const ck_matmul *c, int32_t token, int32_t group, __m512 total) {
  if (c->bias) total = _mm512_add_ps(total, _mm512_loadu_ps(c->bias + (size_t)group * CK_ROW_GROUP));
  _mm512_storeu_ps(c->out + (size_t)token * c->out_stride + (size_t)group * CK_ROW_GROUP, total);
}

CK_INLINE void multiply_tile(ck_weight_kind kind, const tile *t, int tokens) {
  const ck_matmul *c = t->call;
  const size_t blocks = (size_t)(c->columns / CK_K_BLOCK), bytes = avx512_block_bytes(kind);
  const size_t first = (size_t)t->groups[0] * blocks, second = (size_t)t->groups[1] * blocks;
  avx512_rows x = avx512_rows_from(c, t->first_token);
  // Totals live in memory: the registers belong to the sums.
  float *totals = (float *)c->scratch;
  for (int i = 0; i < 2 * tokens; i++) _mm512_store_ps(totals + i * 16, _mm512_setzero_ps());
  for (size_t k = 0; k < blocks; k++) {
    const uint8_t *w0 = c->weights + (first + k) * bytes, *w1 = c->weights + (second + k) * bytes;
    __m512 sums[TILE_TOKENS][2];
#pragma clang loop unroll(full)
    for (int m = 0; m < tokens; m++) sums[m][0] = sums[m][1] = _mm512_setzero_ps();
#pragma clang loop unroll(disable)
    for (int g = 0; g < vectors_of(kind); g++) {
      __m512i v0 = _mm512_loadu_si512(w0 + g * 64), v1 = _mm512_loadu_si512(w1 + g * 64);
      fetch(kind, tokens, w0 + g * 64);
      fetch(kind, tokens, w1 + g * 64);
#pragma clang loop unroll(full)
      for (int step = 0; step < steps_of(kind); step++) {
        __m512 a = unpack_column(kind, v0, step), b = unpack_column(kind, v1, step);
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

CK_INLINE void multiply(ck_weight_kind kind, const ck_matmul *c) {
  const int32_t share = avx512_tile_tokens(c->tokens, kind == CK_INT8 ? TILE_TOKENS - 2 : TILE_TOKENS);
  for (int32_t group = c->row_group_begin; group < c->row_group_end; group += 2) {
    tile t = {c, {group, group + 1 < c->row_group_end ? group + 1 : group}, 0};
    for (; t.first_token < c->tokens; t.first_token += share) {
      int32_t tokens = c->tokens - t.first_token < share ? c->tokens - t.first_token : share;
      CK_WITH_CONSTANT(tokens, multiply_tile, kind, &t);
    }
  }
}

void ck_avx512_mxfp4_f32(const ck_matmul *call) { multiply(CK_MXFP4, call); }
void ck_avx512_int8_f32(const ck_matmul *call) { multiply(CK_INT8, call); }
void ck_avx512_bf16_f32(const ck_matmul *call) { multiply(CK_BF16, call); }

#pragma clang attribute pop
#endif
