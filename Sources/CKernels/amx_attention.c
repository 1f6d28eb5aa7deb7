// Paged attention on tiles, for pages of half floats and bytes. Pages of floats go to the AVX-512 set.
//
// Every operand is split into two bf16, the number rounded and what that leaves, and a product is taken as three: high
// by high, high by low, low by high. Keys and values in half floats are split exactly; the rest keeps 16 bits, so that
// results are within some 2^-16 of f32 ones. Denormals count as zero, as the instructions define.
//
// A row is one head of one token, padded to whole tiles of 16 rows. Rows do not mix in a tile, and what a row does not
// see has probability zero in it, so that a token's result does not depend on what it is computed with.
#if defined(__x86_64__)
#include "avx512.h"

#include <math.h>
#include <string.h>

#include "amx_tile.h"
#include "attention_span.h"

#pragma clang attribute push(__attribute__((target(AMX_TARGET ",avx512vnni,f16c,fma"))), apply_to = function)

enum {
  ROWS = AMX_TILE_ROWS,
  DIMS = 32,                                        // dimensions of a tile of queries, or of two of values
  PART = AMX_TILE_ROWS * AMX_TILE_ROW_BYTES,        // bytes of a tile
  BLOCK_VECTORS = CK_ATTENTION_BLOCK / 16,
  PROBABILITY_BYTES = CK_ATTENTION_BLOCK * 2,       // of a row, high or low
};

/// The scratch of a call.
typedef struct {
  float *scores;       // [rows][CK_ATTENTION_BLOCK], then probabilities: a row's high parts, then its low ones
  float *sums;         // [rows][dims]: values summed so far
  float *total;        // [rows][16]: exponentials summed so far
  uint8_t *queries;    // high parts [rows][dims] bf16, then low ones
  uint8_t *keys;       // of a page: [dims / 32][2 halves of the positions][high, low] tiles
  uint8_t *values;     // of a block: [pages][dims / 16][high, low] tiles
  float *maximum;      // [rows], times log2(e)
  size_t rows, dims;   // padded to whole tiles
} workspace;

CK_INLINE workspace divide_scratch(const ck_attention *c) {
  workspace w = {.dims = ((size_t)c->head_dim + DIMS - 1) / DIMS * DIMS};
  w.rows = ((size_t)(c->tokens * c->group) + ROWS - 1) / ROWS * ROWS;
  w.scores = (float *)c->scratch;
  w.sums = w.scores + w.rows * CK_ATTENTION_BLOCK;
  w.total = w.sums + w.rows * w.dims;
  w.queries = (uint8_t *)(w.total + w.rows * 16);
  w.keys = w.queries + w.rows * w.dims * 4;
  w.values = w.keys + w.dims * CK_PAGE_TOKENS * 4;
  w.maximum = (float *)(w.values + BLOCK_PAGES * w.dims * CK_PAGE_TOKENS * 4);
  return w;
}

/// What the rows of tile `m` see, together; empty for none.
CK_INLINE range tile_range(const ck_attention *c, size_t m) {
  const int32_t first = (int32_t)(m * ROWS) / c->group, last = (int32_t)(m * ROWS + ROWS - 1) / c->group;
  return (range){visible(c, first).begin, visible(c, last < c->tokens ? last : c->tokens - 1).end};
}

// MARK: Splitting

/// Two vectors as sixteen pairs of bf16, and pairs of what that leaves.
CK_INLINE void split_pairs(__m512 first, __m512 second, void *high, void *low) {
  static const uint16_t interleave[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                          8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i order = _mm512_loadu_si512(interleave), upper = _mm512_set1_epi32((int)0xffff0000);
  const __m512i pairs = _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(second, first));
  first = _mm512_sub_ps(first, _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16)));
  second = _mm512_sub_ps(second, _mm512_castsi512_ps(_mm512_and_si512(pairs, upper)));
  _mm512_store_si512(high, pairs);
  _mm512_store_si512(low, _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(second, first)));
}

/// Sixteen floats as bf16 in their order, and what that leaves.
CK_INLINE void split_vector(__m512 x, void *high, void *low) {
  const __m256i halves = (__m256i)_mm512_cvtneps_pbh(x);
  x = _mm512_sub_ps(x, _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16)));
  _mm256_store_si256(high, halves);
  _mm256_store_si256(low, (__m256i)_mm512_cvtneps_pbh(x));
}

/// Elements of a page as floats, zeros for those that `mask` lacks; bytes are to be scaled.
CK_INLINE __m512 load_elements(ck_page_element element, const uint8_t *p, __mmask16 mask) {
  if (element == CK_PAGE_F16) return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, p));
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, p)));
}

static void split_queries(const ck_attention *c, const workspace *w) {
  memset(w->queries, 0, w->rows * w->dims * 4);
  for (size_t row = 0; row < (size_t)(c->tokens * c->group); row++) {
    const size_t group = (size_t)c->group;
    const float *query = c->queries + row / group * c->query_stride + row % group * (size_t)c->head_dim;
    uint8_t *high = w->queries + row * w->dims * 2, *low = high + w->rows * w->dims * 2;
    for (int32_t d = 0; d < c->head_dim; d += 16)
      split_vector(_mm512_maskz_loadu_ps(avx512_lanes_below(c->head_dim - d), query + d), high + d * 2, low + d * 2);
  }
}

/// Sixteen positions of the keys of one dimension, zeros beyond the last; `half` of the page.
CK_INLINE __m512 key_row(ck_page_element element, const ck_attention *c, const uint8_t *page, int32_t d, int half) {
  const int32_t size = ck_element_bytes(element), place = d * CK_PAGE_TOKENS + half * 16;
  if (d >= c->head_dim) return _mm512_setzero_ps();
  __m512 x = load_elements(element, page + place * size, 0xffff);
  if (element == CK_PAGE_F16) return x;
  const uint8_t *scales = page + c->head_dim * CK_PAGE_TOKENS;
  return _mm512_mul_ps(x, avx512_half(scales + (d / 32 * CK_PAGE_TOKENS + half * 16) * 2));
}

CK_INLINE void split_keys(ck_page_element element, const ck_attention *c, const workspace *w, const uint8_t *page) {
  for (int32_t d = 0; d < (int32_t)w->dims; d += 2)
    for (int half = 0; half < 2; half++) {
      uint8_t *high = w->keys + (d / DIMS * 2 + half) * 2 * PART + d % DIMS / 2 * AMX_TILE_ROW_BYTES;
      split_pairs(key_row(element, c, page, d, half), key_row(element, c, page, d + 1, half), high, high + PART);
    }
}

/// Sixteen dimensions of the value at a slot, zeros beyond the last and for slots that nobody sees.
CK_INLINE __m512 value_row(
    ck_page_element element, const ck_attention *c, const uint8_t *page, int32_t t, int32_t d, range slots) {
  const int32_t size = ck_element_bytes(element);
  if (t < slots.begin || t >= slots.end) return _mm512_setzero_ps();
  __m512 x = load_elements(element, page + (t * c->head_dim + d) * size, avx512_lanes_below(c->head_dim - d));
  if (element == CK_PAGE_F16) return x;
  const uint8_t *scales = page + c->head_dim * CK_PAGE_TOKENS;
  return _mm512_mul_ps(x, _mm512_set1_ps(scale_at(scales, (size_t)(d / 32 * CK_PAGE_TOKENS + t))));
}

CK_INLINE void split_values(
    ck_page_element element, const ck_attention *c, const workspace *w, const uint8_t *page, range slots,
    uint8_t *tiles) {
  for (int32_t t = 0; t < CK_PAGE_TOKENS; t += 2)
    for (int32_t d = 0; d < (int32_t)w->dims; d += 16) {
      uint8_t *high = tiles + d / 16 * 2 * PART + t / 2 * AMX_TILE_ROW_BYTES;
      const __m512 first = value_row(element, c, page, t, d, slots);
      split_pairs(first, value_row(element, c, page, t + 1, d, slots), high, high + PART);
    }
}

// MARK: Products

/// Scores of one or two tiles of rows at a page's positions.
CK_INLINE void score_tiles(int tiles, const workspace *w, size_t m, float *scores) {
  const size_t stride = w->dims * 2, low = w->rows * stride;
  amx_zero(0);
  amx_zero(1);
  amx_zero(2);
  amx_zero(3);
  for (size_t k = 0; k < w->dims / DIMS; k++) {
    const uint8_t *q = w->queries + m * ROWS * stride + k * AMX_TILE_ROW_BYTES, *keys = w->keys + k * 4 * PART;
    amx_load(4, q + low, stride);
    amx_load(6, keys, AMX_TILE_ROW_BYTES);
    amx_load(7, keys + 2 * PART, AMX_TILE_ROW_BYTES);
    amx_multiply(0, 4, 6);
    amx_multiply(1, 4, 7);
    if (tiles == 2) {
      amx_load(5, q + low + ROWS * stride, stride);
      amx_multiply(2, 5, 6);
      amx_multiply(3, 5, 7);
      amx_load(5, q + ROWS * stride, stride);
      amx_multiply(2, 5, 6);
      amx_multiply(3, 5, 7);
    }
    amx_load(4, q, stride);
    amx_multiply(0, 4, 6);
    amx_multiply(1, 4, 7);
    amx_load(6, keys + PART, AMX_TILE_ROW_BYTES);
    amx_load(7, keys + 3 * PART, AMX_TILE_ROW_BYTES);
    amx_multiply(0, 4, 6);
    amx_multiply(1, 4, 7);
    if (tiles == 2) {
      amx_multiply(2, 5, 6);
      amx_multiply(3, 5, 7);
    }
  }
  float *out = scores + m * ROWS * CK_ATTENTION_BLOCK;
  amx_store(0, out, CK_ATTENTION_BLOCK * 4);
  amx_store(1, out + 16, CK_ATTENTION_BLOCK * 4);
  if (tiles == 2) {
    amx_store(2, out + ROWS * CK_ATTENTION_BLOCK, CK_ATTENTION_BLOCK * 4);
    amx_store(3, out + ROWS * CK_ATTENTION_BLOCK + 16, CK_ATTENTION_BLOCK * 4);
  }
}

/// Adds the values of pages begin..<end of a block to 32 dimensions of a tile of rows.
CK_INLINE void add_values(const workspace *w, size_t m, size_t d, range pages) {
  const uint8_t *p = (const uint8_t *)(w->scores + m * ROWS * CK_ATTENTION_BLOCK);
  float *sums = w->sums + m * ROWS * w->dims + d;
  amx_load(0, sums, w->dims * 4);
  amx_load(1, sums + 16, w->dims * 4);
  for (int32_t page = pages.begin; page < pages.end; page++) {
    const uint8_t *high = p + page * AMX_TILE_ROW_BYTES;
    const uint8_t *values = w->values + ((size_t)page * w->dims + d) / 16 * 2 * PART;
    amx_load(4, high, CK_ATTENTION_BLOCK * 4);
    amx_load(5, high + PROBABILITY_BYTES, CK_ATTENTION_BLOCK * 4);
    amx_load(6, values, AMX_TILE_ROW_BYTES);
    amx_load(7, values + 2 * PART, AMX_TILE_ROW_BYTES);
    amx_multiply(0, 5, 6);
    amx_multiply(1, 5, 7);
    amx_multiply(0, 4, 6);
    amx_multiply(1, 4, 7);
    amx_load(6, values + PART, AMX_TILE_ROW_BYTES);
    amx_load(7, values + 3 * PART, AMX_TILE_ROW_BYTES);
    amx_multiply(0, 4, 6);
    amx_multiply(1, 4, 7);
  }
  amx_store(0, sums, w->dims * 4);
  amx_store(1, sums + 16, w->dims * 4);
}

// MARK: Softmax

/// A larger maximum makes less of what has been summed.
CK_INLINE void raise_maximum(const workspace *w, size_t row, float maximum) {
  const __m512 decay = avx512_exp2(_mm512_set1_ps(w->maximum[row] - maximum));
  float *sums = w->sums + row * w->dims, *total = w->total + row * 16;
  for (size_t d = 0; d < w->dims; d += 16) _mm512_store_ps(sums + d, _mm512_mul_ps(_mm512_load_ps(sums + d), decay));
  _mm512_store_ps(total, _mm512_mul_ps(_mm512_load_ps(total), decay));
  w->maximum[row] = maximum;
}

/// Turns a row's scores at some slots of a block into exponentials, split in two, and zeros elsewhere. They take the
/// place of the scores, which are all in registers by then; `factor` makes scores logarithms to base 2.
CK_INLINE void soften_row(const workspace *w, size_t row, range slots, float factor) {
  float *scores = w->scores + row * CK_ATTENTION_BLOCK, *total = w->total + row * 16;
  __m512 x[BLOCK_VECTORS], largest = _mm512_set1_ps(-INFINITY);
#pragma clang loop unroll(full)
  for (int v = 0; v < BLOCK_VECTORS; v++) {
    const __mmask16 below = avx512_lanes_below(slots.begin - v * 16), seen = avx512_lanes_below(slots.end - v * 16);
    x[v] = _mm512_mask_mov_ps(_mm512_set1_ps(-INFINITY), seen & (__mmask16)~below, _mm512_load_ps(scores + v * 16));
    largest = _mm512_max_ps(largest, x[v]);
  }
  const float maximum = _mm512_reduce_max_ps(largest) * factor;
  if (maximum > w->maximum[row]) raise_maximum(w, row, maximum);
  const __m512 times = _mm512_set1_ps(factor), minus = _mm512_set1_ps(-w->maximum[row]);
  __m512 sum = _mm512_load_ps(total);
  uint8_t *high = (uint8_t *)scores;
#pragma clang loop unroll(full)
  for (int v = 0; v < BLOCK_VECTORS; v++) {
    const __m512 p = avx512_exp2(_mm512_fmadd_ps(x[v], times, minus));
    split_vector(p, high + v * 32, high + PROBABILITY_BYTES + v * 32);
    sum = _mm512_add_ps(sum, p);
  }
  _mm512_store_ps(total, sum);
}

static void soften_block(const ck_attention *c, const workspace *w, int32_t block) {
  const float factor = c->scale * CK_LOG2_E;
  for (size_t row = 0; row < w->rows; row++) {
    const int32_t token = (int32_t)row / c->group;
    range slots = {0, 0};
    if (token < c->tokens) slots = within(visible(c, token), block * CK_ATTENTION_BLOCK, CK_ATTENTION_BLOCK);
    if (slots.begin < slots.end)
      soften_row(w, row, slots, factor);
    else
      memset(w->scores + row * CK_ATTENTION_BLOCK, 0, CK_ATTENTION_BLOCK * sizeof(float));
  }
}

// MARK: The whole

/// A page's scores, for the tiles of rows that see something of it.
CK_INLINE void score_page(ck_page_element element, const ck_attention *c, const workspace *w, int32_t page) {
  const size_t tiles = w->rows / ROWS;
  split_keys(element, c, w, page_address(c, page));
  for (size_t m = 0; m < tiles;) {
    const range slots = within(tile_range(c, m), page * CK_PAGE_TOKENS, CK_PAGE_TOKENS);
    const int count = slots.begin >= slots.end ? 0 : m + 1 < tiles ? 2 : 1;
    float *scores = w->scores + page % BLOCK_PAGES * CK_PAGE_TOKENS;
    if (count == 2)
      score_tiles(2, w, m, scores);
    else if (count == 1)
      score_tiles(1, w, m, scores);
    m += count ? (size_t)count : 1;
  }
}

/// Pages begin..<end, all of one block.
CK_INLINE void attend_block(ck_page_element element, const ck_attention *c, const workspace *w, range pages) {
  const range all = {visible(c, 0).begin, visible(c, c->tokens - 1).end};
  const int32_t block = pages.begin / BLOCK_PAGES, first = block * BLOCK_PAGES;
  for (int32_t page = pages.begin; page < pages.end; page++) score_page(element, c, w, page);
  soften_block(c, w, block);
  for (int32_t page = pages.begin; page < pages.end; page++)
    split_values(
        element, c, w, page_address(c, page) + c->value_offset, within(all, page * CK_PAGE_TOKENS, CK_PAGE_TOKENS),
        w->values + (size_t)(page - first) * w->dims / 16 * 2 * PART);
  for (size_t m = 0; m < w->rows / ROWS; m++) {
    const int32_t count = (pages.end - pages.begin) * CK_PAGE_TOKENS;
    const range seen = within(tile_range(c, m), pages.begin * CK_PAGE_TOKENS, count);
    if (seen.begin >= seen.end) continue;
    const int32_t skipped = pages.begin - first;
    const range some = {skipped + seen.begin / CK_PAGE_TOKENS, skipped + (seen.end - 1) / CK_PAGE_TOKENS + 1};
    for (size_t d = 0; d < w->dims; d += DIMS) add_values(w, m, d, some);
  }
}

/// The sink is the first term: exp(sink - maximum) is 1 while it is the maximum.
CK_INLINE void start_rows(const ck_attention *c, const workspace *w) {
  split_queries(c, w);
  memset(w->sums, 0, w->rows * w->dims * sizeof(float));
  memset(w->total, 0, w->rows * 16 * sizeof(float));
  for (size_t row = 0; row < w->rows; row++) {
    w->maximum[row] = c->sinks[row % (size_t)c->group] * CK_LOG2_E;
    w->total[row * 16] = 1;
  }
}

CK_INLINE void store_results(const ck_attention *c, const workspace *w) {
  const size_t group = (size_t)c->group;
  for (size_t row = 0; row < (size_t)c->tokens * group; row++) {
    const __m512 total = _mm512_set1_ps(_mm512_reduce_add_ps(_mm512_load_ps(w->total + row * 16)));
    float *out = c->out + row / group * c->out_stride + row % group * (size_t)c->head_dim;
    for (int32_t d = 0; d < c->head_dim; d += 16)
      _mm512_mask_storeu_ps(
          out + d, avx512_lanes_below(c->head_dim - d),
          _mm512_div_ps(_mm512_load_ps(w->sums + row * w->dims + (size_t)d), total));
  }
}

CK_INLINE void attend(ck_page_element element, const ck_attention *c) {
  const workspace w = divide_scratch(c);
  const int32_t last = (visible(c, c->tokens - 1).end - 1) / CK_PAGE_TOKENS;
  start_rows(c, &w);
  for (int32_t page = visible(c, 0).begin / CK_PAGE_TOKENS; page <= last;) {
    const int32_t block_end = page / BLOCK_PAGES * BLOCK_PAGES + BLOCK_PAGES;
    const int32_t end = block_end <= last ? block_end : last + 1;
    attend_block(element, c, &w, (range){page, end});
    page = end;
  }
  store_results(c, &w);
}

void ck_amx_attention(const ck_attention *c) {
  switch (c->element) {
    case CK_PAGE_F16: attend(CK_PAGE_F16, c); break;
    case CK_PAGE_I8: attend(CK_PAGE_I8, c); break;
    default: ck_avx512_attention(c); break;
  }
}

#pragma clang attribute pop
#endif
