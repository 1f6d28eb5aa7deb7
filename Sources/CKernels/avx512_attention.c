// Paged attention on AVX-512: scores and values of a page for up to eight heads at a time, online softmax between.
//
// Both are the same small product: rows of a page (keys of one dimension at 32 positions; 32 dimensions of one value),
// each loaded once and added to every head's sums. Half floats are widened as they are loaded.
#if defined(__x86_64__)
#include "avx512.h"

#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target(CK_AVX512_TARGET))), apply_to = function)

enum { TILE_HEADS = 8, TILE_COLUMNS = 32 };

/// The scratch of a call.
typedef struct {
  float *scores;   // [group][CK_PAGE_TOKENS], then probabilities
  float *sums;     // [group][stride]: values summed so far
  float *maximum;  // [group]
  float *total;    // [group]: exponentials summed so far
  float *decay;    // [group]: what the new maximum makes of older sums
  size_t stride;   // head_dim rounded up to whole vectors
} workspace;

CK_INLINE workspace divide_scratch(const ck_attention *c) {
  size_t group = (size_t)c->group;
  workspace w = {.stride = ((size_t)c->head_dim + 15) & ~(size_t)15};
  w.scores = (float *)c->scratch;
  w.sums = w.scores + group * CK_PAGE_TOKENS;
  w.maximum = w.sums + group * w.stride;
  w.total = w.maximum + group;
  w.decay = w.total + group;
  return w;
}

/// Elements begin..<end of `rows` rows of a page, from `column` on.
typedef struct {
  const uint8_t *first;  // row 0, column 0
  size_t pitch;          // elements from one row to the next
  int32_t begin, end;    // rows
  int32_t columns;       // that exist, at most TILE_COLUMNS are used
  int is_half;
} page_tile;

CK_INLINE __m512 load_row(const page_tile *p, size_t row, int vector, __mmask16 mask) {
  const size_t element = row * p->pitch + (size_t)vector * 16;
  if (!p->is_half) return _mm512_maskz_loadu_ps(mask, (const float *)(const void *)p->first + element);
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, (const uint16_t *)(const void *)p->first + element));
}

/// sums[h][...] = sums[h][...] * decay[h] + sum over rows of factors[h][row] * page row; from zero if `decay` is NULL.
CK_INLINE void add_rows(
    const page_tile *p, const float *factors, size_t factor_pitch, const float *decay, float *sums, size_t stride,
    int heads) {
  const __mmask16 m0 = avx512_lanes_below(p->columns), m1 = avx512_lanes_below(p->columns - 16);
  __m512 sum[TILE_HEADS][2];
#pragma clang loop unroll(full)
  for (int h = 0; h < heads; h++)
    for (int v = 0; v < 2; v++) {
      const float *old = sums + (size_t)h * stride + v * 16;
      sum[h][v] = decay ? _mm512_mul_ps(_mm512_maskz_loadu_ps(v ? m1 : m0, old), _mm512_set1_ps(decay[h]))
                        : _mm512_setzero_ps();
    }
  for (int32_t row = p->begin; row < p->end; row++) {
    __m512 a = load_row(p, (size_t)row, 0, m0), b = load_row(p, (size_t)row, 1, m1);
#pragma clang loop unroll(full)
    for (int h = 0; h < heads; h++) {
      __m512 factor = _mm512_set1_ps(factors[(size_t)h * factor_pitch + (size_t)row]);
      sum[h][0] = _mm512_fmadd_ps(factor, a, sum[h][0]);
      sum[h][1] = _mm512_fmadd_ps(factor, b, sum[h][1]);
    }
  }
#pragma clang loop unroll(full)
  for (int h = 0; h < heads; h++)
    for (int v = 0; v < 2; v++) _mm512_mask_storeu_ps(sums + (size_t)h * stride + v * 16, v ? m1 : m0, sum[h][v]);
}

/// `add_rows` for every head of the group.
CK_INLINE void add_rows_of_group(
    const ck_attention *c, const page_tile *p, const float *factors, size_t pitch, const float *decay, float *sums,
    size_t stride) {
  int32_t h = 0;
  while (h < c->group) {
    const float *f = factors + (size_t)h * pitch, *d = decay ? decay + h : NULL;
    float *out = sums + (size_t)h * stride;
    if (c->group - h >= TILE_HEADS) {
      add_rows(p, f, pitch, d, out, stride, TILE_HEADS);
      h += TILE_HEADS;
    } else if (c->group - h >= 4) {
      add_rows(p, f, pitch, d, out, stride, 4);
      h += 4;
    } else {
      add_rows(p, f, pitch, d, out, stride, 1);
      h++;
    }
  }
}

/// Turns a head's scores of slots begin..<end into exponentials, and updates its maximum and total.
CK_INLINE void soften(const ck_attention *c, workspace *w, int32_t head, int32_t begin, int32_t end) {
  const __m512 nothing = _mm512_set1_ps(-INFINITY), scale = _mm512_set1_ps(c->scale);
  float *scores = w->scores + (size_t)head * CK_PAGE_TOKENS;
  __m512 s[2];
  for (int v = 0; v < 2; v++) {
    __mmask16 visible = avx512_lanes_below(end - v * 16) & (__mmask16)~avx512_lanes_below(begin - v * 16);
    s[v] = _mm512_mask_mul_ps(nothing, visible, _mm512_load_ps(scores + v * 16), scale);
  }
  float maximum = fmaxf(w->maximum[head], _mm512_reduce_max_ps(_mm512_max_ps(s[0], s[1])));
  for (int v = 0; v < 2; v++) {
    s[v] = avx512_exp(_mm512_sub_ps(s[v], _mm512_set1_ps(maximum)));
    _mm512_store_ps(scores + v * 16, s[v]);
  }
  float decay = _mm512_cvtss_f32(avx512_exp(_mm512_set1_ps(w->maximum[head] - maximum)));
  w->decay[head] = decay;
  w->maximum[head] = maximum;
  w->total[head] = w->total[head] * decay + _mm512_reduce_add_ps(_mm512_add_ps(s[0], s[1]));
}

CK_INLINE void attend(const ck_attention *c, int is_half) {
  workspace w = divide_scratch(c);
  const size_t dims = (size_t)c->head_dim, size = is_half ? 2 : 4;
  for (int32_t h = 0; h < c->group; h++) {
    // The sink is the first term: exp(sink - maximum) is 1 while it is the maximum.
    w.maximum[h] = c->sinks[h];
    w.total[h] = 1.0f;
  }
  memset(w.sums, 0, (size_t)c->group * w.stride * sizeof(float));
  for (int32_t page = c->begin / CK_PAGE_TOKENS; page <= (c->end - 1) / CK_PAGE_TOKENS; page++) {
    int32_t start = page * CK_PAGE_TOKENS;
    int32_t begin = c->begin > start ? c->begin - start : 0;
    int32_t end = c->end - start < CK_PAGE_TOKENS ? c->end - start : CK_PAGE_TOKENS;
    const uint8_t *values = c->value_pages[page - c->first_page];
    page_tile keys = {c->key_pages[page - c->first_page], CK_PAGE_TOKENS, 0, c->head_dim, CK_PAGE_TOKENS, is_half};
    add_rows_of_group(c, &keys, c->queries, dims, NULL, w.scores, CK_PAGE_TOKENS);
    for (int32_t h = 0; h < c->group; h++) soften(c, &w, h, begin, end);
    for (size_t d = 0; d < dims; d += TILE_COLUMNS) {
      page_tile tile = {values + d * size, dims, begin, end, c->head_dim - (int32_t)d, is_half};
      add_rows_of_group(c, &tile, w.scores, CK_PAGE_TOKENS, w.decay, w.sums + d, w.stride);
    }
  }
  for (int32_t h = 0; h < c->group; h++)
    for (int32_t d = 0; d < c->head_dim; d += 16) {
      __m512 result = _mm512_div_ps(_mm512_loadu_ps(w.sums + (size_t)h * w.stride + d), _mm512_set1_ps(w.total[h]));
      _mm512_mask_storeu_ps(c->out + (size_t)h * dims + d, avx512_lanes_below(c->head_dim - d), result);
    }
}

void ck_avx512_attention_f16(const ck_attention *call) { attend(call, 1); }
void ck_avx512_attention_f32(const ck_attention *call) { attend(call, 0); }

#pragma clang attribute pop
#endif
