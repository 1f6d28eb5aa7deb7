// Paged attention of a tile of tokens, written once over a few vector operations that each instruction set defines.
//
// Before it includes this file a set defines, with VECTOR the floats of a `vector` (at most 16) and TILE_HEADS (at most
// 8) the heads whose sums of 32 columns fit into its registers:
//
//   v_zero() v_all(f) v_load(p) v_store(p, x) v_add(a, b) v_multiply(a, b) v_divide(a, b) v_larger(a, b)
//   v_multiply_add(a, b, c)        a * b + c
//   v_between(x, begin, end)       lanes begin..<end of x, minus infinity in the others; any begin and end
//   v_exp2(x)                      2^x for x up to 1: 0 for minus infinity, NaN for NaN
//   v_largest(x) v_sum(x)          over the lanes
//   v_from_half(p) v_from_byte(p)  VECTOR half floats, or signed bytes, as floats
//
// A page is brought to floats once per tile; then every token adds exactly its visible positions, so that what it
// shares a tile with cannot change its result. Maxima and totals are brought up to date once per block of pages; totals
// are kept as vectors and their lanes summed at the end.
#include "attention_rows.h"
#include "attention_span.h"

#include <math.h>

/// The scratch of a call; a row is one head of one token.
typedef struct {
  float *scores;   // [rows][CK_ATTENTION_BLOCK], then probabilities
  float *sums;     // [rows][stride]: values summed so far; the totals follow
  float *total;    // [rows][VECTOR]: exponentials summed so far
  float *maximum;  // [rows], times log2(e)
  float *keys;     // [head_dim][CK_PAGE_TOKENS]
  float *values;   // [CK_PAGE_TOKENS][stride]
  size_t stride;   // head_dim rounded up to whole vectors
} workspace;

CK_INLINE workspace divide_scratch(const ck_attention *c) {
  const size_t rows = (size_t)c->tokens * (size_t)c->group, dims = (size_t)c->head_dim;
  workspace w = {.stride = (dims + VECTOR - 1) / VECTOR * VECTOR};
  w.scores = (float *)c->scratch;
  w.sums = w.scores + rows * CK_ATTENTION_BLOCK;
  w.total = w.sums + rows * w.stride;
  w.keys = w.total + rows * VECTOR;
  w.values = w.keys + dims * CK_PAGE_TOKENS;
  w.maximum = w.values + CK_PAGE_TOKENS * w.stride;
  return w;
}

// MARK: Products

/// Scores of token i at a page's positions, all of them.
CK_INLINE void score_page(
    ck_page_element element, const ck_attention *c, const workspace *w, int32_t i, int32_t page, const void *keys,
    const uint8_t *next) {
  const size_t dims = (size_t)c->head_dim;
  const uint8_t *first = keys, *scales = first + dims * CK_PAGE_TOKENS;
  const page_rows p = {element, 1, first, CK_PAGE_TOKENS, scales, next, {0, c->head_dim}};
  float *scores = w->scores + (size_t)i * (size_t)c->group * CK_ATTENTION_BLOCK + page % BLOCK_PAGES * CK_PAGE_TOKENS;
  add_rows_of_heads(
      c->group, TILE_VECTORS, p, c->queries + (size_t)i * c->query_stride, dims, scores, CK_ATTENTION_BLOCK);
}

/// Adds the values at some slots of a page to the results of token i; a slot has `stride` elements.
CK_INLINE void add_values(
    ck_page_element element, const ck_attention *c, const workspace *w, int32_t i, int32_t page, const void *values,
    const uint8_t *next, range slots) {
  const size_t row = (size_t)i * (size_t)c->group, size = (size_t)ck_element_bytes(element);
  const float *probabilities = w->scores + row * CK_ATTENTION_BLOCK + page % BLOCK_PAGES * CK_PAGE_TOKENS;
  float *sums = w->sums + row * w->stride;
  for (size_t d = 0; d < w->stride;) {
    const size_t columns = d + TILE_COLUMNS <= w->stride ? TILE_COLUMNS : VECTOR;
    const uint8_t *first = (const uint8_t *)values + d * size;
    const uint8_t *scales = (const uint8_t *)values + w->stride * CK_PAGE_TOKENS + d / 32 * CK_PAGE_TOKENS * 2;
    const page_rows p = {element, 0, first, w->stride, scales, next ? next + d * size : NULL, slots};
    if (columns == TILE_COLUMNS)
      add_rows_of_heads(c->group, TILE_VECTORS, p, probabilities, CK_ATTENTION_BLOCK, sums + d, w->stride);
    else
      add_rows_of_heads(c->group, 1, p, probabilities, CK_ATTENTION_BLOCK, sums + d, w->stride);
    d += columns;
  }
}

/// The same for pages in floats, which tiles of several tokens use.
static void score_wide_page(const ck_attention *c, const workspace *w, int32_t i, int32_t page, const float *keys) {
  score_page(CK_PAGE_F32, c, w, i, page, keys, NULL);
}
static void add_wide_values(
    const ck_attention *c, const workspace *w, int32_t i, int32_t page, const float *values, range slots) {
  add_values(CK_PAGE_F32, c, w, i, page, values, NULL, slots);
}

// MARK: Softmax

/// A larger maximum makes less of what has been summed.
CK_INLINE void raise_maximum(const workspace *w, size_t row, float maximum) {
  const vector decay = v_exp2(v_all(w->maximum[row] - maximum));
  float *sums = w->sums + row * w->stride, *total = w->total + row * VECTOR;
  for (size_t d = 0; d < w->stride; d += VECTOR) v_store(sums + d, v_multiply(v_load(sums + d), decay));
  v_store(total, v_multiply(v_load(total), decay));
  w->maximum[row] = maximum;
}

/// Turns a row's scores at some slots of a block into exponentials; `factor` makes scores logarithms to base 2.
CK_INLINE void soften_row(const workspace *w, size_t row, range slots, float factor) {
  float *scores = w->scores + row * CK_ATTENTION_BLOCK, *total = w->total + row * VECTOR;
  const int32_t first = slots.begin / VECTOR * VECTOR;
  vector largest = v_all(-INFINITY);
  for (int32_t s = first; s < slots.end; s += VECTOR) {
    vector x = v_load(scores + s);
    if (s < slots.begin || s + VECTOR > slots.end) {
      x = v_between(x, slots.begin - s, slots.end - s);
      v_store(scores + s, x);
    }
    largest = v_larger(largest, x);
  }
  const float maximum = v_largest(largest) * factor;
  if (maximum > w->maximum[row]) raise_maximum(w, row, maximum);
  const vector times = v_all(factor), minus = v_all(-w->maximum[row]);
  vector sum = v_load(total);
  for (int32_t s = first; s < slots.end; s += VECTOR) {
    const vector p = v_exp2(v_multiply_add(v_load(scores + s), times, minus));
    v_store(scores + s, p);
    sum = v_add(sum, p);
  }
  v_store(total, sum);
}

/// Softens the rows of every token that sees something of a block.
static void soften_block(const ck_attention *c, const workspace *w, int32_t block) {
  const float factor = c->scale * CK_LOG2_E;
  for (int32_t i = 0; i < c->tokens; i++) {
    const range slots = within(visible(c, i), block * CK_ATTENTION_BLOCK, CK_ATTENTION_BLOCK);
    if (slots.end <= slots.begin) continue;
    for (int32_t h = 0; h < c->group; h++) soften_row(w, (size_t)i * (size_t)c->group + (size_t)h, slots, factor);
  }
}

// MARK: The whole

/// Scores of a page for every token that sees something of it; `next` is what will be read next.
CK_INLINE void score_tokens(
    ck_page_element element, int is_direct, const ck_attention *c, const workspace *w, int32_t page,
    const uint8_t *next) {
  const uint8_t *address = page_address(c, page);
  if (is_direct) return score_page(element, c, w, 0, page, address, next);
  const float *keys = widen_keys(element, address, next, (size_t)c->head_dim, w->keys);
  for (int32_t i = 0; i < c->tokens; i++) {
    const range slots = within(visible(c, i), page * CK_PAGE_TOKENS, CK_PAGE_TOKENS);
    if (slots.begin < slots.end) score_wide_page(c, w, i, page, keys);
  }
}

/// The values of a page for every token that sees something of it.
CK_INLINE void add_tokens(
    ck_page_element element, int is_direct, const ck_attention *c, const workspace *w, int32_t page,
    const uint8_t *next) {
  const range all = {visible(c, 0).begin, visible(c, c->tokens - 1).end};
  const range some = within(all, page * CK_PAGE_TOKENS, CK_PAGE_TOKENS);
  const uint8_t *address = page_address(c, page) + c->value_offset;
  if (is_direct) return add_values(element, c, w, 0, page, address, next, some);
  const float *values = widen_values(element, address, next, (size_t)c->head_dim, w->stride, some, w->values);
  for (int32_t i = 0; i < c->tokens; i++) {
    const range slots = within(visible(c, i), page * CK_PAGE_TOKENS, CK_PAGE_TOKENS);
    if (slots.begin < slots.end) add_wide_values(c, w, i, page, values, slots);
  }
}

/// Pages begin..<end of a block; `after` is the page that comes next, or the last again.
CK_INLINE void attend_block(
    ck_page_element element, int is_direct, const ck_attention *c, const workspace *w, range pages, int32_t after) {
  for (int32_t page = pages.begin; page < pages.end; page++) {
    const int is_last = page + 1 == pages.end;
    score_tokens(
        element, is_direct, c, w, page,
        page_address(c, is_last ? pages.begin : page + 1) + (is_last ? c->value_offset : 0));
  }
  soften_block(c, w, pages.begin / BLOCK_PAGES);
  for (int32_t page = pages.begin; page < pages.end; page++) {
    const int is_last = page + 1 == pages.end;
    add_tokens(
        element, is_direct, c, w, page,
        page_address(c, is_last ? after : page + 1) + (is_last ? 0 : c->value_offset));
  }
}

/// The sink is the first term: exp(sink - maximum) is 1 while it is the maximum.
CK_INLINE void start_rows(const ck_attention *c, const workspace *w) {
  const size_t rows = (size_t)c->tokens * (size_t)c->group;
  memset(w->sums, 0, rows * (w->stride + VECTOR) * sizeof(float));
  for (size_t row = 0; row < rows; row++) {
    w->maximum[row] = c->sinks[row % (size_t)c->group] * CK_LOG2_E;
    w->total[row * VECTOR] = 1;
  }
}

CK_INLINE void store_results(const ck_attention *c, const workspace *w) {
  const size_t dims = (size_t)c->head_dim, group = (size_t)c->group;
  for (size_t row = 0; row < (size_t)c->tokens * group; row++) {
    float *sums = w->sums + row * w->stride;
    const vector total = v_all(v_sum(v_load(w->total + row * VECTOR)));
    for (size_t d = 0; d < dims; d += VECTOR) v_store(sums + d, v_divide(v_load(sums + d), total));
    memcpy(c->out + row / group * c->out_stride + row % group * dims, sums, dims * sizeof(float));
  }
}

CK_INLINE void attend(ck_page_element element, int is_direct, const ck_attention *c) {
  const workspace w = divide_scratch(c);
  const int32_t last = (visible(c, c->tokens - 1).end - 1) / CK_PAGE_TOKENS;
  start_rows(c, &w);
  for (int32_t page = visible(c, 0).begin / CK_PAGE_TOKENS; page <= last;) {
    const int32_t block_end = page / BLOCK_PAGES * BLOCK_PAGES + BLOCK_PAGES;
    const int32_t end = block_end <= last ? block_end : last + 1;
    attend_block(element, is_direct, c, &w, (range){page, end}, end <= last ? end : last);
    page = end;
  }
  store_results(c, &w);
}

/// `attend` for each kind of page; elements that are used only once are brought to floats as they are read.
CK_INLINE void attend_pages(const ck_attention *c) {
  const int is_direct = c->tokens == 1 && c->group <= TILE_HEADS && c->head_dim % VECTOR == 0;
  if (c->element == CK_PAGE_F32)
    attend(CK_PAGE_F32, 0, c);
  else if (c->element == CK_PAGE_F16)
    is_direct ? attend(CK_PAGE_F16, 1, c) : attend(CK_PAGE_F16, 0, c);
  else
    is_direct ? attend(CK_PAGE_I8, 1, c) : attend(CK_PAGE_I8, 0, c);
}
