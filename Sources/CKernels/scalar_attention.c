// The scalar set's attention over paged keys and values, and how bytes get into a page: the specification.
#include "private.h"

#include <math.h>
#include <string.h>

static float half_at(const uint8_t *halves, int index) {
  _Float16 value;
  memcpy(&value, halves + (size_t)index * 2, 2);
  return (float)value;
}

/// The value at `index` of a page's keys or values, which belongs to slot t and dimension d.
static float element(const ck_attention *c, const uint8_t *page, int index, int t, int d) {
  float value;
  switch (c->element) {
    case CK_PAGE_F32: memcpy(&value, page + (size_t)index * 4, 4); return value;
    case CK_PAGE_F16: return half_at(page, index);
    default:
      return (float)(int8_t)page[index] * half_at(page + c->head_dim * CK_PAGE_TOKENS, d / 32 * CK_PAGE_TOKENS + t);
  }
}

/// One head of one token over positions begin..<end; `results` are its values' sums.
static void attend_head(const ck_attention *c, const float *query, float sink, int begin, int end, float *results) {
  const int dims = c->head_dim;
  float maximum = sink, total = 1;
  memset(results, 0, (size_t)dims * sizeof(float));
  for (int page = begin / CK_PAGE_TOKENS; page * CK_PAGE_TOKENS < end; page++) {
    const int start = page * CK_PAGE_TOKENS;
    const int from = begin > start ? begin - start : 0;
    const int to = end - start < CK_PAGE_TOKENS ? end - start : CK_PAGE_TOKENS;
    const uint8_t *keys = c->pages + (size_t)c->page_numbers[page - c->first_page] * c->page_stride;
    const uint8_t *values = keys + c->value_offset;
    float score[CK_PAGE_TOKENS], best = maximum;
    for (int t = from; t < to; t++) {
      score[t] = 0;
      for (int d = 0; d < dims; d++) score[t] += query[d] * element(c, keys, d * CK_PAGE_TOKENS + t, t, d);
      score[t] *= c->scale;
      if (score[t] > best) best = score[t];
    }
    const float keep = expf(maximum - best);
    maximum = best;
    total *= keep;
    for (int d = 0; d < dims; d++) results[d] *= keep;
    for (int t = from; t < to; t++) {
      const float p = expf(score[t] - best);
      total += p;
      for (int d = 0; d < dims; d++) results[d] += p * element(c, values, t * dims + d, t, d);
    }
  }
  for (int d = 0; d < dims; d++) results[d] /= total;
}

void ck_scalar_attention(const ck_attention *c) {
  for (int i = 0; i < c->tokens; i++) {
    const int end = c->first_position + i + 1, begin = c->window && end > c->window ? end - c->window : 0;
    for (int h = 0; h < c->group; h++)
      attend_head(
          c, c->queries + (size_t)i * c->query_stride + (size_t)(h * c->head_dim), c->sinks[h], begin, end,
          c->out + (size_t)i * c->out_stride + (size_t)(h * c->head_dim));
  }
}

void ck_scalar_to_i8(const float *x, int32_t n, int8_t *out, uint16_t *scales) {
  for (int block = 0; block * 32 < n; block++) {
    const int begin = block * 32, end = n - begin < 32 ? n : begin + 32;
    float largest = 0;
    for (int i = begin; i < end; i++) largest = fmaxf(largest, fabsf(x[i]));
    const _Float16 half = (_Float16)fminf(largest / 127, 65504.f);
    memcpy(scales + block, &half, 2);
    const float inverse = half > 0 ? 1 / (float)half : 0;
    for (int i = begin; i < end; i++) out[i] = (int8_t)rintf(fminf(fmaxf(x[i] * inverse, -127.f), 127.f));
  }
}
