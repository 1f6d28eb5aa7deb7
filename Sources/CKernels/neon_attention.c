// Paged attention on NEON: scores of a page for up to two heads at a time, online softmax, values.
//
// Half-float pages are widened into scratch once per page, then serve every head of the group.
#if defined(__aarch64__)
#include "neon.h"

#include <math.h>
#include <string.h>

enum { TILE_HEADS = 2, TILE_VECTORS = 8, SCORE_VECTORS = CK_PAGE_TOKENS / 4 };

/// The scratch of a call.
typedef struct {
  float *scores;   // [group][CK_PAGE_TOKENS], then probabilities
  float *sums;     // [group][head_dim]: values summed so far
  float *maximum;  // [group]
  float *total;    // [group]: exponentials summed so far
  float *decay;    // [group]: what the new maximum makes of older sums
  float *keys;     // [head_dim][CK_PAGE_TOKENS]
  float *values;   // [CK_PAGE_TOKENS][head_dim]
} workspace;

CK_INLINE workspace divide_scratch(const ck_attention *c) {
  size_t group = (size_t)c->group, dims = (size_t)c->head_dim;
  workspace w;
  w.scores = (float *)c->scratch;
  w.sums = w.scores + group * CK_PAGE_TOKENS;
  w.keys = w.sums + group * dims;
  w.values = w.keys + dims * CK_PAGE_TOKENS;
  w.maximum = w.values + CK_PAGE_TOKENS * dims;
  w.total = w.maximum + group;
  w.decay = w.total + group;
  return w;
}

/// Dot products of `heads` queries with the 32 keys of a page.
CK_INLINE void score_tile(const float *queries, int heads, int32_t dims, const float *keys, float *scores) {
  float32x4_t sum[TILE_HEADS][SCORE_VECTORS];
  for (int h = 0; h < heads; h++)
    for (int v = 0; v < SCORE_VECTORS; v++) sum[h][v] = vdupq_n_f32(0);
  for (int32_t d = 0; d < dims; d++) {
    float32x4_t q[TILE_HEADS];
    for (int h = 0; h < heads; h++) q[h] = vld1q_dup_f32(queries + (size_t)h * (size_t)dims + d);
    for (int v = 0; v < SCORE_VECTORS; v++) {
      float32x4_t k = vld1q_f32(keys + d * CK_PAGE_TOKENS + v * 4);
      for (int h = 0; h < heads; h++) sum[h][v] = vfmaq_f32(sum[h][v], q[h], k);
    }
  }
  for (int h = 0; h < heads; h++)
    for (int v = 0; v < SCORE_VECTORS; v++) vst1q_f32(scores + h * CK_PAGE_TOKENS + v * 4, sum[h][v]);
}

/// Turns a head's scores of slots begin..<end into exponentials, and updates its maximum and total.
CK_INLINE void soften(const ck_attention *c, workspace *w, int32_t head, int32_t begin, int32_t end) {
  static const int32_t lane_numbers[4] = {0, 1, 2, 3};
  const float32x4_t nothing = vdupq_n_f32(-INFINITY);
  float *scores = w->scores + (size_t)head * CK_PAGE_TOKENS;
  float32x4_t s[SCORE_VECTORS], largest = nothing, sum = vdupq_n_f32(0);
  for (int v = 0; v < SCORE_VECTORS; v++) {
    int32x4_t slot = vaddq_s32(vld1q_s32(lane_numbers), vdupq_n_s32(v * 4));
    uint32x4_t visible = vandq_u32(vcgeq_s32(slot, vdupq_n_s32(begin)), vcltq_s32(slot, vdupq_n_s32(end)));
    s[v] = vbslq_f32(visible, vmulq_n_f32(vld1q_f32(scores + v * 4), c->scale), nothing);
    largest = vmaxq_f32(largest, s[v]);
  }
  float maximum = fmaxf(w->maximum[head], vmaxvq_f32(largest));
  for (int v = 0; v < SCORE_VECTORS; v++) {
    s[v] = neon_exp(vsubq_f32(s[v], vdupq_n_f32(maximum)));
    sum = vaddq_f32(sum, s[v]);
    vst1q_f32(scores + v * 4, s[v]);
  }
  float decay = vgetq_lane_f32(neon_exp(vdupq_n_f32(w->maximum[head] - maximum)), 0);
  w->decay[head] = decay;
  w->maximum[head] = maximum;
  w->total[head] = w->total[head] * decay + vaddvq_f32(sum);
}

/// Adds slots begin..<end of `heads` heads to their sums, for `vectors` vectors of the head's values.
CK_INLINE void value_tile(
    int heads, int vectors, const float *probabilities, const float *decay, const float *values, size_t dims,
    int32_t begin, int32_t end, float *sums) {
  float32x4_t sum[TILE_HEADS][TILE_VECTORS];
  for (int h = 0; h < heads; h++)
    for (int v = 0; v < vectors; v++) sum[h][v] = vmulq_n_f32(vld1q_f32(sums + (size_t)h * dims + v * 4), decay[h]);
  for (int32_t t = begin; t < end; t++) {
    float32x4_t p[TILE_HEADS];
    for (int h = 0; h < heads; h++) p[h] = vld1q_dup_f32(probabilities + h * CK_PAGE_TOKENS + t);
    for (int v = 0; v < vectors; v++) {
      float32x4_t x = vld1q_f32(values + (size_t)t * dims + v * 4);
      for (int h = 0; h < heads; h++) sum[h][v] = vfmaq_f32(sum[h][v], p[h], x);
    }
  }
  for (int h = 0; h < heads; h++)
    for (int v = 0; v < vectors; v++) vst1q_f32(sums + (size_t)h * dims + v * 4, sum[h][v]);
}

CK_INLINE void add_values(
    int heads, const ck_attention *c, workspace *w, int32_t head, const float *values, int32_t begin, int32_t end) {
  const float *p = w->scores + (size_t)head * CK_PAGE_TOKENS, *decay = w->decay + head;
  size_t dims = (size_t)c->head_dim, d = 0;
  float *sums = w->sums + (size_t)head * dims;
  for (; d + 4 * TILE_VECTORS <= dims; d += 4 * TILE_VECTORS)
    value_tile(heads, TILE_VECTORS, p, decay, values + d, dims, begin, end, sums + d);
  for (; d + 4 <= dims; d += 4) value_tile(heads, 1, p, decay, values + d, dims, begin, end, sums + d);
  for (; d < dims; d++)
    for (int h = 0; h < heads; h++) {
      float sum = sums[(size_t)h * dims + d] * decay[h];
      for (int32_t t = begin; t < end; t++) sum = fmaf(p[h * CK_PAGE_TOKENS + t], values[(size_t)t * dims + d], sum);
      sums[(size_t)h * dims + d] = sum;
    }
}

/// One page whose slots begin..<end are visible.
CK_INLINE void attend_page(
    const ck_attention *c, workspace *w, const float *keys, const float *values, int32_t begin, int32_t end) {
  int32_t h = 0, dims = c->head_dim;
  for (; h + TILE_HEADS <= c->group; h += TILE_HEADS)
    score_tile(c->queries + (size_t)h * (size_t)dims, TILE_HEADS, dims, keys, w->scores + h * CK_PAGE_TOKENS);
  for (; h < c->group; h++)
    score_tile(c->queries + (size_t)h * (size_t)dims, 1, dims, keys, w->scores + h * CK_PAGE_TOKENS);
  for (h = 0; h < c->group; h++) soften(c, w, h, begin, end);
  for (h = 0; h + TILE_HEADS <= c->group; h += TILE_HEADS) add_values(TILE_HEADS, c, w, h, values, begin, end);
  for (; h < c->group; h++) add_values(1, c, w, h, values, begin, end);
}

/// Widens `count` half floats, reading and writing no further.
CK_INLINE void widen(const uint8_t *halves, int32_t count, float *out) {
  int32_t i = 0;
  for (; i + 4 <= count; i += 4) vst1q_f32(out + i, neon_half(halves + (size_t)i * 2));
  if (i < count) {
    uint8_t rest[8] = {0};
    float floats[4];
    memcpy(rest, halves + (size_t)i * 2, (size_t)(count - i) * 2);
    vst1q_f32(floats, neon_half(rest));
    memcpy(out + i, floats, (size_t)(count - i) * 4);
  }
}

CK_INLINE void attend(const ck_attention *c, int is_half) {
  workspace w = divide_scratch(c);
  size_t dims = (size_t)c->head_dim;
  for (int32_t h = 0; h < c->group; h++) {
    // The sink is the first term: exp(sink - maximum) is 1 while it is the maximum.
    w.maximum[h] = c->sinks[h];
    w.total[h] = 1.0f;
  }
  memset(w.sums, 0, (size_t)c->group * dims * sizeof(float));
  for (int32_t page = c->begin / CK_PAGE_TOKENS; page <= (c->end - 1) / CK_PAGE_TOKENS; page++) {
    int32_t start = page * CK_PAGE_TOKENS;
    int32_t begin = c->begin > start ? c->begin - start : 0;
    int32_t end = c->end - start < CK_PAGE_TOKENS ? c->end - start : CK_PAGE_TOKENS;
    const uint8_t *keys = c->key_pages[page - c->first_page], *values = c->value_pages[page - c->first_page];
    if (!is_half) {
      attend_page(c, &w, (const float *)keys, (const float *)values, begin, end);
      continue;
    }
    widen(keys, c->head_dim * CK_PAGE_TOKENS, w.keys);
    widen(values + (size_t)begin * dims * 2, (end - begin) * c->head_dim, w.values + (size_t)begin * dims);
    attend_page(c, &w, w.keys, w.values, begin, end);
  }
  for (int32_t h = 0; h < c->group; h++)
    for (size_t d = 0; d < dims; d++) c->out[(size_t)h * dims + d] = w.sums[(size_t)h * dims + d] / w.total[h];
}

void ck_neon_attention_f16(const ck_attention *call) { attend(call, 1); }
void ck_neon_attention_f32(const ck_attention *call) { attend(call, 0); }
#endif
