#include "kernel_checks.h"

typedef struct {
  int group, head_dim, first_position, tokens, window;
  ck_page_element element;
  float sink;
} shape;

/// A call with its pages, and the keys and values in them as floats, [position - begin][head_dim].
typedef struct {
  shape s;
  int begin, end;  // what any token sees
  ck_attention call;
  uint8_t *pages;
  size_t page_bytes, page_stride;
  int32_t *page_numbers;
  float *keys, *values, *queries, *sinks, *out;
} fixture;

static const char *element_names[] = {"f32", "f16", "i8"};

static uint8_t *tile(const fixture *f, int position, int is_values) {
  const int32_t number = f->page_numbers[position / CK_PAGE_TOKENS - f->call.first_page];
  return f->pages + (size_t)number * f->page_stride + (is_values ? f->page_bytes : 0);
}

/// Writes the key or value of a position to its page, as the page can hold it, and rounds `x` to that.
static void put(const fixture *f, int position, int is_values, float *x) {
  const int dims = f->s.head_dim, slot = position % CK_PAGE_TOKENS;
  uint8_t *page = tile(f, position, is_values);
  for (int d = 0; d < dims; d++) {
    const size_t index = (size_t)(is_values ? slot * dims + d : d * CK_PAGE_TOKENS + slot);
    if (f->s.element == CK_PAGE_F32) {
      memcpy(page + index * 4, &x[d], 4);
    } else if (f->s.element == CK_PAGE_F16) {
      const uint16_t half = kc_to_half(x[d]);
      memcpy(page + index * 2, &half, 2);
      x[d] = kc_from_half(half);
    } else {
      float largest = 0;
      for (int i = d / 32 * 32; i < dims && i < d / 32 * 32 + 32; i++) largest = fmaxf(largest, fabsf(x[i]));
      // Elements before this one have been rounded, and the largest of them to itself or a little less or more.
      const uint16_t scale = d % 32 ? 0 : kc_to_half(largest / 127);
      uint8_t *scales = page + dims * CK_PAGE_TOKENS + (d / 32 * CK_PAGE_TOKENS + slot) * 2;
      if (d % 32 == 0) memcpy(scales, &scale, 2);
      uint16_t stored;
      memcpy(&stored, scales, 2);
      const float unit = kc_from_half(stored);
      const int byte = (int)lrintf(fminf(fmaxf(x[d] / unit, -127), 127));
      page[index] = (uint8_t)byte;
      x[d] = (float)byte * unit;
    }
  }
}

/// Makes what no token may touch a NaN.
static void poison(const fixture *f, int position) {
  const int dims = f->s.head_dim, slot = position % CK_PAGE_TOKENS, size = ck_element_bytes(f->s.element);
  for (int is_values = 0; is_values < 2; is_values++) {
    uint8_t *page = tile(f, position, is_values);
    for (int d = 0; d < dims; d++)
      memset(page + (is_values ? slot * dims + d : d * CK_PAGE_TOKENS + slot) * size, 0xff, (size_t)size);
    for (int b = 0; f->s.element == CK_PAGE_I8 && b < (dims + 31) / 32; b++)
      memset(page + dims * CK_PAGE_TOKENS + (b * CK_PAGE_TOKENS + slot) * 2, 0xff, 2);
  }
}

/// Pages in random order, all NaN but for what the tokens see.
static void place_pages(fixture *f, kc_random *r) {
  const int first_page = kc_below(r, f->begin / CK_PAGE_TOKENS + 1), spare = 2;
  const int used = (f->end - 1) / CK_PAGE_TOKENS - first_page + 1;
  f->page_bytes = ck_page_bytes(f->s.element, f->s.head_dim);
  f->page_stride = 2 * f->page_bytes;
  f->pages = kc_allocate((size_t)(used + spare) * f->page_stride);
  memset(f->pages, 0xff, (size_t)(used + spare) * f->page_stride);
  f->page_numbers = kc_allocate((size_t)used * 4);
  f->call.first_page = first_page;
  const int shift = kc_below(r, used + spare);
  for (int i = 0; i < used; i++) f->page_numbers[i] = (used - 1 - i + shift) % (used + spare);
  for (int position = f->begin; position < f->end; position++) {
    put(f, position, 0, f->keys + (size_t)(position - f->begin) * (size_t)f->s.head_dim);
    put(f, position, 1, f->values + (size_t)(position - f->begin) * (size_t)f->s.head_dim);
  }
}

static float *normals(size_t count, float size, kc_random *r) {
  float *x = kc_allocate(count * 4);
  for (size_t i = 0; i < count; i++) x[i] = kc_normal(r) * size;
  return x;
}

static fixture make_fixture(shape s, kc_random *r) {
  fixture f = {.s = s, .end = s.first_position + s.tokens};
  const size_t width = (size_t)(s.group * s.head_dim);
  f.begin = s.window && s.first_position + 1 > s.window ? s.first_position + 1 - s.window : 0;
  f.keys = normals((size_t)(f.end - f.begin) * (size_t)s.head_dim, 1, r);
  f.values = normals((size_t)(f.end - f.begin) * (size_t)s.head_dim, 1, r);
  f.sinks = normals((size_t)s.group, 1, r);
  for (int h = 0; h < s.group && s.sink != 0; h++) f.sinks[h] = s.sink;
  f.call = (ck_attention){
      .query_stride = width + (size_t)kc_below(r, 5), .tokens = s.tokens, .first_position = s.first_position,
      .window = s.window, .group = s.group, .head_dim = s.head_dim, .element = s.element,
      .scale = 1.0f / sqrtf((float)s.head_dim), .sinks = f.sinks, .out_stride = width + (size_t)kc_below(r, 5)};
  place_pages(&f, r);
  f.call.queries = f.queries = normals((size_t)s.tokens * f.call.query_stride, 2, r);
  f.call.out = f.out = normals((size_t)s.tokens * f.call.out_stride, 1, r);
  f.call.pages = f.pages;
  f.call.page_stride = f.page_stride;
  f.call.value_offset = f.page_bytes;
  f.call.page_numbers = f.page_numbers;
  f.call.scratch = kc_allocate(ck_attention_scratch_bytes(s.group, s.head_dim));
  memset(f.call.scratch, 0xff, ck_attention_scratch_bytes(s.group, s.head_dim));
  return f;
}

static void free_fixture(fixture *f) {
  free(f->keys);
  free(f->values);
  free(f->sinks);
  free(f->pages);
  free(f->page_numbers);
  free(f->queries);
  free(f->out);
  free(f->call.scratch);
}

/// One head of one token, in double arithmetic.
static void reference(const fixture *f, int token, int head, double *out) {
  const int dims = f->s.head_dim, end = f->s.first_position + token + 1;
  const int begin = f->s.window && end > f->s.window ? end - f->s.window : 0;
  const float *q = f->queries + (size_t)token * f->call.query_stride + (size_t)(head * dims);
  double *score = kc_allocate((size_t)(end - begin) * 8), largest = f->sinks[head];
  for (int j = begin; j < end; j++) {
    const float *key = f->keys + (size_t)(j - f->begin) * (size_t)dims;
    double sum = 0;
    for (int d = 0; d < dims; d++) sum += (double)q[d] * key[d];
    score[j - begin] = sum * f->call.scale;
    largest = fmax(largest, score[j - begin]);
  }
  double total = exp(f->sinks[head] - largest);
  for (int d = 0; d < dims; d++) out[d] = 0;
  for (int j = begin; j < end; j++) {
    const double p = exp(score[j - begin] - largest);
    total += p;
    for (int d = 0; d < dims; d++) out[d] += p * f->values[(size_t)(j - f->begin) * (size_t)dims + (size_t)d];
  }
  for (int d = 0; d < dims; d++) out[d] /= total;
  free(score);
}

static int describe(const fixture *f, const ck_kernels *table, char *text, size_t capacity) {
  const shape *s = &f->s;
  return snprintf(
      text, capacity, "%s attention %s, group %d, head_dim %d, %d tokens from %d, window %d, sink %g", table->name,
      element_names[s->element], s->group, s->head_dim, s->tokens, s->first_position, s->window, s->sink);
}

static long compare_with_reference(const fixture *f, const ck_kernels *table, char *message, size_t capacity) {
  const int dims = f->s.head_dim;
  // Tiles multiply numbers of 16 bits.
  const double tolerance = !strcmp(table->name, "amx") && f->s.element != CK_PAGE_F32 ? 1e-4 : 4e-6;
  double *expected = kc_allocate((size_t)dims * 8);
  long count = 0;
  for (int token = 0; token < f->s.tokens && count >= 0; token++)
    for (int head = 0; head < f->s.group && count >= 0; head++) {
      reference(f, token, head, expected);
      const float *out = f->out + (size_t)token * f->call.out_stride + (size_t)(head * dims);
      for (int d = 0; d < dims && count >= 0; d++, count++)
        if (!(fabs(out[d] - expected[d]) <= tolerance)) {
          int used = describe(f, table, message, capacity);
          snprintf(
              message + used, capacity - (size_t)used, ": token %d, head %d, [%d] is %.9g, expected %.9g", token, head,
              d, out[d], expected[d]);
          count = -2;
        }
    }
  free(expected);
  return count < 0 ? -1 : count;
}

/// Each token alone, and each in a tile with its successor, must have the bits that it has in the whole tile, also when
/// what it does not see is not a number.
static long compare_tiles(const fixture *f, const ck_kernels *table, char *message, size_t capacity) {
  const size_t width = (size_t)(f->s.group * f->s.head_dim);
  float *out = kc_allocate(2 * f->call.out_stride * 4);
  long count = 0;
  for (int token = f->s.tokens - 1; token >= 0; token--) {
    ck_attention part = f->call;
    const int end = f->s.first_position + token + 1;
    part.first_position += token;
    part.queries += (size_t)token * part.query_stride;
    part.out = out;
    for (int tokens = 2; tokens > 0; tokens--) {
      if (token + tokens > f->s.tokens) continue;
      part.tokens = tokens;
      if (tokens == 1) {
        if (end < f->end) poison(f, end);
        for (int j = f->begin; f->s.window && j < end - f->s.window; j++) poison(f, j);
      }
      table->attention(&part);
      if (memcmp(out, f->out + (size_t)token * f->call.out_stride, width * 4)) {
        int used = describe(f, table, message, capacity);
        snprintf(message + used, capacity - (size_t)used, ": token %d differs in a tile of %d", token, tokens);
        free(out);
        return -1;
      }
      count++;
    }
    // Its window ends before those of the tokens to come, which are earlier ones: put back what was hidden.
    for (int j = f->begin; f->s.window && j < end - f->s.window; j++) {
      put(f, j, 0, f->keys + (size_t)(j - f->begin) * (size_t)f->s.head_dim);
      put(f, j, 1, f->values + (size_t)(j - f->begin) * (size_t)f->s.head_dim);
    }
  }
  free(out);
  return count;
}

/// Heads that are computed without the others of their group must have the bits that they have with them.
static long compare_heads(const fixture *f, const ck_kernels *table, char *message, size_t capacity) {
  const size_t dims = (size_t)f->s.head_dim, tokens = (size_t)f->s.tokens;
  float *out = kc_allocate(tokens * f->call.out_stride * 4);
  long count = 0;
  for (int heads = 1; heads < f->s.group && count >= 0; heads++)
    for (int first = 0; f->s.group % heads == 0 && first < f->s.group && count >= 0; first += heads) {
      ck_attention part = f->call;
      part.group = heads;
      part.queries += (size_t)first * dims;
      part.sinks += first;
      part.out = out;
      table->attention(&part);
      for (size_t i = 0; i < tokens && count >= 0; i++, count++) {
        const float *expected = f->out + i * f->call.out_stride + (size_t)first * dims;
        if (!memcmp(out + i * f->call.out_stride, expected, (size_t)heads * dims * 4)) continue;
        int used = describe(f, table, message, capacity);
        snprintf(message + used, capacity - (size_t)used, ": %d heads from %d alone differ", heads, first);
        count = -2;
      }
    }
  free(out);
  return count < 0 ? -1 : count;
}

static long check_shape(const ck_kernels *table, shape s, kc_random *r, char *message, size_t capacity) {
  fixture f = make_fixture(s, r);
  float *before = kc_allocate((size_t)s.tokens * f.call.out_stride * 4);
  memcpy(before, f.out, (size_t)s.tokens * f.call.out_stride * 4);
  table->attention(&f.call);
  long count = compare_with_reference(&f, table, message, capacity), tiles = 0, heads = 0;
  for (int token = 0; token < s.tokens && count >= 0; token++)
    for (size_t i = (size_t)(s.group * s.head_dim); i < f.call.out_stride; i++)
      if (f.out[(size_t)token * f.call.out_stride + i] != before[(size_t)token * f.call.out_stride + i]) {
        describe(&f, table, message, capacity);
        count = -1;
      }
  if (count >= 0) heads = compare_heads(&f, table, message, capacity);
  if (count >= 0 && heads >= 0) tiles = compare_tiles(&f, table, message, capacity);
  free(before);
  free_fixture(&f);
  return count < 0 || tiles < 0 || heads < 0 ? -1 : count + tiles + heads;
}

/// Bytes and scales by their definition.
static long check_to_i8(const ck_kernels *table, kc_random *r, char *message, size_t capacity) {
  long count = 0;
  for (int round = 0; round < 400; round++) {
    const int n = 1 + kc_below(r, 96), blocks = (n + 31) / 32;
    float *x = normals((size_t)n, ldexpf(1, kc_below(r, 24) - 12), r);
    if (round % 8 == 0) memset(x, 0, (size_t)n * 4);
    int8_t *bytes = kc_allocate((size_t)n);
    uint16_t *scales = kc_allocate((size_t)blocks * 2);
    table->to_i8(x, n, bytes, scales);
    for (int i = 0; i < n; i++, count++) {
      float largest = 0;
      for (int j = i / 32 * 32; j < n && j < i / 32 * 32 + 32; j++) largest = fmaxf(largest, fabsf(x[j]));
      const float scale = kc_from_half(scales[i / 32]);
      // Half a unit; a scale that was rounded down leaves the largest number a little beyond 127.
      if (!(fabsf(scale - largest / 127) <= largest / 127 * 0x1p-11f + 0x1p-25f) || bytes[i] == -128 ||
          !(fabs((double)bytes[i] * scale - x[i]) <= scale * 0.5001 + fabs(127.0 * scale - largest)))
        KC_FAIL("%s to_i8: %g of %g is %d times %g", table->name, x[i], largest, bytes[i], scale);
    }
    free(x);
    free(bytes);
    free(scales);
  }
  return count;
}

long kc_check_attention(const ck_kernels *table, char *message, size_t capacity) {
  static const int groups[] = {1, 2, 3, 5, 8, 12}, dims[] = {2, 6, 14, 16, 32, 48, 64, 80};
  static const int firsts[] = {0, 1, 5, 30, 31, 32, 63, 100, 127, 128, 199, 300};
  static const int windows[] = {0, 1, 7, 32, 33, 128};
  static const float sinks[] = {0, -INFINITY, 30, -50};
  kc_random r = {11};
  long count = 0;
  if (table->to_i8) count = check_to_i8(table, &r, message, capacity);
  for (int element = CK_PAGE_F32; table->attention && count >= 0 && element <= CK_PAGE_I8; element++)
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
      for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
        for (int round = 0; round < 5; round++) {
          shape s = {
              .group = groups[g], .head_dim = dims[d], .first_position = firsts[kc_below(&r, 12)],
              .tokens = kc_below(&r, 3) ? 1 + kc_below(&r, CK_ATTENTION_TOKENS) : 1,
              .window = windows[kc_below(&r, 6)], .element = (ck_page_element)element, .sink = sinks[kc_below(&r, 4)]};
          long n = check_shape(table, s, &r, message, capacity);
          if (n < 0) return n;
          count += n;
        }
  return count;
}
