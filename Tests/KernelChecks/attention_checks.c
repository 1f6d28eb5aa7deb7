#include "kernel_checks.h"

typedef struct {
  int group, head_dim, first_page, begin, end, half;
  float sink;
} shape;

static void reference(
    const shape *s, const float *q, const float *k, const float *v, const float *sinks, float scale, double *out) {
  int keys = s->end - s->begin;
  double *score = kc_allocate((size_t)keys * 8);
  for (int h = 0; h < s->group; h++) {
    double largest = sinks[h];
    for (int j = 0; j < keys; j++) {
      score[j] = 0;
      for (int d = 0; d < s->head_dim; d++) score[j] += (double)q[h * s->head_dim + d] * k[j * s->head_dim + d];
      score[j] *= scale;
      largest = fmax(largest, score[j]);
    }
    double sum = exp(sinks[h] - largest);
    for (int d = 0; d < s->head_dim; d++) out[h * s->head_dim + d] = 0;
    for (int j = 0; j < keys; j++) {
      double p = exp(score[j] - largest);
      sum += p;
      for (int d = 0; d < s->head_dim; d++) out[h * s->head_dim + d] += p * v[j * s->head_dim + d];
    }
    for (int d = 0; d < s->head_dim; d++) out[h * s->head_dim + d] /= sum;
  }
  free(score);
}

static void put(uint8_t *page, int half, size_t index, float *value) {
  if (half) {
    uint16_t h = kc_to_half(*value);
    memcpy(page + index * 2, &h, 2);
    *value = kc_from_half(h);
  } else {
    memcpy(page + index * 4, value, 4);
  }
}

static long check_shape(const ck_kernels *table, shape s, kc_random *r, char *message, size_t capacity) {
  ck_attention_function function = s.half ? table->attention_f16 : table->attention_f32;
  int keys = s.end - s.begin, pages = (s.end - 1) / CK_PAGE_TOKENS - s.first_page + 1;
  size_t n = (size_t)(s.group * s.head_dim), dims = (size_t)s.head_dim,
         page_bytes = dims * CK_PAGE_TOKENS * (s.half ? 2 : 4);
  float *q = kc_allocate(n * 4), *k = kc_allocate((size_t)keys * dims * 4), *v = kc_allocate((size_t)keys * dims * 4);
  float *sinks = kc_allocate((size_t)s.group * 4), *out = kc_allocate(n * 4);
  double *expected = kc_allocate(n * 8);
  const void **key_pages = kc_allocate((size_t)pages * 8), **value_pages = kc_allocate((size_t)pages * 8);
  for (int p = 0; p < pages; p++) {
    key_pages[p] = memset(kc_allocate(page_bytes), 0xff, page_bytes);  // NaN wherever no key is visible
    value_pages[p] = memset(kc_allocate(page_bytes), 0xff, page_bytes);
  }
  for (size_t i = 0; i < n; i++) q[i] = kc_normal(r) * 2;
  for (int h = 0; h < s.group; h++) sinks[h] = s.sink == 0 ? kc_normal(r) : s.sink;
  for (int j = 0; j < keys; j++)
    for (size_t d = 0; d < dims; d++) {
      size_t place = (size_t)j * dims + d;
      k[place] = kc_normal(r);
      v[place] = kc_normal(r);
      int page = (s.begin + j) / CK_PAGE_TOKENS - s.first_page, slot = (s.begin + j) % CK_PAGE_TOKENS;
      put((uint8_t *)key_pages[page], s.half, d * CK_PAGE_TOKENS + (size_t)slot, &k[place]);
      put((uint8_t *)value_pages[page], s.half, (size_t)slot * dims + d, &v[place]);
    }
  float scale = 1.0f / sqrtf((float)s.head_dim);
  uint8_t *scratch = kc_allocate(ck_attention_scratch_bytes(s.group, s.head_dim));
  memset(scratch, 0xff, ck_attention_scratch_bytes(s.group, s.head_dim));
  ck_attention call = {q,       s.group, s.head_dim, key_pages, value_pages, s.first_page,
                       s.begin, s.end,   scale,      sinks,     out,         scratch};
  function(&call);
  reference(&s, q, k, v, sinks, scale, expected);
  long count = 0;
  for (size_t i = 0; i < n && count >= 0; i++, count++)
    if (!(fabs(out[i] - expected[i]) <= 4e-6)) {
      snprintf(
          message, capacity,
          "%s attention %s, group %d, head_dim %d, keys %d..<%d, sink %g: [%zu] is %.9g, expected %.9g", table->name,
          s.half ? "f16" : "f32", s.group, s.head_dim, s.begin, s.end, s.sink, i, out[i], expected[i]);
      count = -2;
    }
  for (int p = 0; p < pages; p++) {
    free((void *)key_pages[p]);
    free((void *)value_pages[p]);
  }
  free(q);
  free(k);
  free(v);
  free(sinks);
  free(out);
  free(expected);
  free(key_pages);
  free(value_pages);
  free(scratch);
  return count < 0 ? -1 : count;
}

long kc_check_attention(const ck_kernels *table, char *message, size_t capacity) {
  static const int groups[] = {1, 2, 3, 5, 8}, dims[] = {2, 6, 8, 14, 16, 32, 64, 80, 96};
  static const int ranges[][2] = {{0, 1},   {0, 31},  {0, 32},  {0, 33},   {31, 32},
                                  {32, 33}, {31, 65}, {64, 96}, {70, 200}, {5, 7}};
  static const float sinks[] = {0, -INFINITY, 30, -50};
  kc_random r = {11};
  long count = 0;
  for (int half = 0; half < 2; half++) {
    if (!(half ? table->attention_f16 : table->attention_f32)) continue;
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
      for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
        for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
          int begin = ranges[i][0], page = begin / CK_PAGE_TOKENS;
          shape s = {groups[g], dims[d], kc_below(&r, 2) ? page : 0, begin, ranges[i][1], half, sinks[kc_below(&r, 4)]};
          long n = check_shape(table, s, &r, message, capacity);
          if (n < 0) return n;
          count += n;
        }
  }
  return count;
}
