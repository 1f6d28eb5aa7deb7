// Paged attention on AVX2: scores of a page for up to three heads at a time, online softmax, values.
//
// Half-float pages are widened into scratch once per page, then serve every head of the group.
#if defined(__x86_64__)
#include "avx2.h"

#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

enum { TILE_HEADS = 3, TILE_VECTORS = 4 };

/// The scratch of a call.
typedef struct {
  float *scores;   // [group][CK_PAGE_TOKENS], then probabilities
  float *sums;     // [group][stride]: values summed so far
  float *maximum;  // [group]
  float *total;    // [group]: exponentials summed so far
  float *decay;    // [group]: what the new maximum makes of older sums
  float *keys;     // [head_dim][CK_PAGE_TOKENS]
  float *values;   // [CK_PAGE_TOKENS][stride]
  size_t stride;   // head_dim rounded up to whole vectors
} workspace;

CK_INLINE workspace divide_scratch(const ck_attention *c) {
  size_t group = (size_t)c->group, dims = (size_t)c->head_dim;
  workspace w = {.stride = (dims + 7) & ~(size_t)7};
  w.scores = (float *)c->scratch;
  w.sums = w.scores + group * CK_PAGE_TOKENS;
  w.keys = w.sums + group * w.stride;
  w.values = w.keys + dims * CK_PAGE_TOKENS;
  w.maximum = w.values + CK_PAGE_TOKENS * w.stride;
  w.total = w.maximum + group;
  w.decay = w.total + group;
  return w;
}

/// Dot products of `heads` queries with the 32 keys of a page.
CK_INLINE void score_tile(const float *queries, int heads, int32_t dims, const float *keys, float *scores) {
  __m256 sum[TILE_HEADS][4];
  for (int h = 0; h < heads; h++)
    for (int v = 0; v < 4; v++) sum[h][v] = _mm256_setzero_ps();
  for (int32_t d = 0; d < dims; d++) {
    __m256 q[TILE_HEADS];
    for (int h = 0; h < heads; h++) q[h] = _mm256_broadcast_ss(queries + (size_t)h * (size_t)dims + d);
    for (int v = 0; v < 4; v++) {
      __m256 k = _mm256_loadu_ps(keys + d * CK_PAGE_TOKENS + v * 8);
      for (int h = 0; h < heads; h++) sum[h][v] = _mm256_fmadd_ps(q[h], k, sum[h][v]);
    }
  }
  for (int h = 0; h < heads; h++)
    for (int v = 0; v < 4; v++) _mm256_store_ps(scores + h * CK_PAGE_TOKENS + v * 8, sum[h][v]);
}

/// Turns a head's scores of slots begin..<end into exponentials, and updates its maximum and total.
CK_INLINE void soften(const ck_attention *c, workspace *w, int32_t head, int32_t begin, int32_t end) {
  const __m256 nothing = _mm256_set1_ps(-INFINITY), scale = _mm256_set1_ps(c->scale);
  float *scores = w->scores + (size_t)head * CK_PAGE_TOKENS;
  __m256 s[4], largest = nothing, sum = _mm256_setzero_ps();
  for (int v = 0; v < 4; v++) {
    __m256i visible = _mm256_andnot_si256(avx2_lanes_below(begin - v * 8), avx2_lanes_below(end - v * 8));
    s[v] = _mm256_mul_ps(_mm256_load_ps(scores + v * 8), scale);
    s[v] = _mm256_blendv_ps(nothing, s[v], _mm256_castsi256_ps(visible));
    largest = _mm256_max_ps(largest, s[v]);
  }
  float maximum = fmaxf(w->maximum[head], avx2_max(largest));
  for (int v = 0; v < 4; v++) {
    s[v] = avx2_exp(_mm256_sub_ps(s[v], _mm256_set1_ps(maximum)));
    sum = _mm256_add_ps(sum, s[v]);
    _mm256_store_ps(scores + v * 8, s[v]);
  }
  float decay = _mm256_cvtss_f32(avx2_exp(_mm256_set1_ps(w->maximum[head] - maximum)));
  w->decay[head] = decay;
  w->maximum[head] = maximum;
  w->total[head] = w->total[head] * decay + avx2_sum(sum);
}

/// Adds slots begin..<end of `heads` heads to their sums, for `vectors` vectors of the head's values.
CK_INLINE void value_tile(
    int heads, int vectors, __m256i mask, const float *probabilities, const float *decay, const float *values,
    size_t pitch, int32_t begin, int32_t end, float *sums, size_t stride) {
  __m256 sum[TILE_HEADS][TILE_VECTORS];
  for (int h = 0; h < heads; h++)
    for (int v = 0; v < vectors; v++)
      sum[h][v] = _mm256_mul_ps(_mm256_load_ps(sums + (size_t)h * stride + v * 8), _mm256_set1_ps(decay[h]));
  for (int32_t t = begin; t < end; t++) {
    __m256 p[TILE_HEADS];
    for (int h = 0; h < heads; h++) p[h] = _mm256_broadcast_ss(probabilities + h * CK_PAGE_TOKENS + t);
    for (int v = 0; v < vectors; v++) {
      const float *source = values + (size_t)t * pitch + v * 8;
      __m256 x = vectors == 1 ? _mm256_maskload_ps(source, mask) : _mm256_loadu_ps(source);
      for (int h = 0; h < heads; h++) sum[h][v] = _mm256_fmadd_ps(p[h], x, sum[h][v]);
    }
  }
  for (int h = 0; h < heads; h++)
    for (int v = 0; v < vectors; v++) _mm256_store_ps(sums + (size_t)h * stride + v * 8, sum[h][v]);
}

CK_INLINE void add_values(
    int heads, const ck_attention *c, workspace *w, int32_t head, const float *values, size_t pitch, int32_t begin,
    int32_t end) {
  const float *p = w->scores + (size_t)head * CK_PAGE_TOKENS, *decay = w->decay + head;
  float *sums = w->sums + (size_t)head * w->stride;
  int32_t d = 0;
  for (; d + 8 * TILE_VECTORS <= c->head_dim; d += 8 * TILE_VECTORS)
    value_tile(
        heads, TILE_VECTORS, _mm256_setzero_si256(), p, decay, values + d, pitch, begin, end, sums + d, w->stride);
  for (; d < c->head_dim; d += 8)
    value_tile(
        heads, 1, avx2_lanes_below(c->head_dim - d), p, decay, values + d, pitch, begin, end, sums + d, w->stride);
}

/// One page whose slots begin..<end are visible; values have `pitch` floats per slot.
CK_INLINE void attend_page(
    const ck_attention *c, workspace *w, const float *keys, const float *values, size_t pitch, int32_t begin,
    int32_t end) {
  int32_t h = 0, dims = c->head_dim;
  for (; h + TILE_HEADS <= c->group; h += TILE_HEADS)
    score_tile(c->queries + (size_t)h * (size_t)dims, TILE_HEADS, dims, keys, w->scores + h * CK_PAGE_TOKENS);
  for (; h < c->group; h++)
    score_tile(c->queries + (size_t)h * (size_t)dims, 1, dims, keys, w->scores + h * CK_PAGE_TOKENS);
  for (h = 0; h < c->group; h++) soften(c, w, h, begin, end);
  for (h = 0; h + TILE_HEADS <= c->group; h += TILE_HEADS) add_values(TILE_HEADS, c, w, h, values, pitch, begin, end);
  for (; h < c->group; h++) add_values(1, c, w, h, values, pitch, begin, end);
}

/// Widens `count` half floats, reading no further.
CK_INLINE void widen(const uint8_t *halves, int32_t count, float *out) {
  int32_t i = 0;
  for (; i + 8 <= count; i += 8) _mm256_store_ps(out + i, avx2_half(halves + (size_t)i * 2));
  if (i < count) {
    uint8_t rest[16] = {0};
    memcpy(rest, halves + (size_t)i * 2, (size_t)(count - i) * 2);
    _mm256_store_ps(out + i, avx2_half(rest));
  }
}

CK_INLINE void attend(const ck_attention *c, int is_half) {
  workspace w = divide_scratch(c);
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
    const uint8_t *keys = c->key_pages[page - c->first_page], *values = c->value_pages[page - c->first_page];
    if (!is_half) {
      attend_page(c, &w, (const float *)keys, (const float *)values, (size_t)c->head_dim, begin, end);
      continue;
    }
    widen(keys, c->head_dim * CK_PAGE_TOKENS, w.keys);
    for (int32_t t = begin; t < end; t++)
      widen(values + (size_t)t * (size_t)c->head_dim * 2, c->head_dim, w.values + (size_t)t * w.stride);
    attend_page(c, &w, w.keys, w.values, w.stride, begin, end);
  }
  for (int32_t h = 0; h < c->group; h++)
    for (int32_t d = 0; d < c->head_dim; d += 8) {
      __m256 result = _mm256_div_ps(_mm256_load_ps(w.sums + (size_t)h * w.stride + d), _mm256_set1_ps(w.total[h]));
      _mm256_maskstore_ps(c->out + (size_t)h * (size_t)c->head_dim + d, avx2_lanes_below(c->head_dim - d), result);
    }
}

void ck_avx2_attention_f16(const ck_attention *call) { attend(call, 1); }
void ck_avx2_attention_f32(const ck_attention *call) { attend(call, 0); }

#pragma clang attribute pop
#endif
