// The rows of a page: brought to floats, and added to the sums of the heads that use them. Part of attention.h.
//
// Scores (queries by keys) and results (probabilities by values) are the same small product: rows of a page, keys of
// one dimension each or values of one slot each, every one loaded once and added to the sums of all heads of a token.
#include "attention_span.h"

#include <string.h>

enum { TILE_COLUMNS = 32, TILE_VECTORS = TILE_COLUMNS / VECTOR };

CK_INLINE vector from_element(ck_page_element element, const uint8_t *p) {
  if (element == CK_PAGE_F32) return v_load((const float *)(const void *)p);
  return element == CK_PAGE_F16 ? v_from_half(p) : v_from_byte(p);
}

/// The first `count` of a vector's elements, reading no further, and zeros.
CK_INLINE vector from_elements(ck_page_element element, const uint8_t *p, size_t count) {
  uint8_t rest[VECTOR * 4] = {0};
  if (count >= VECTOR) return from_element(element, p);
  memcpy(rest, p, count * (size_t)ck_element_bytes(element));
  return from_element(element, rest);
}

/// Keys of a page as [head_dim][CK_PAGE_TOKENS] floats, while fetching the bytes at `next`, as many as it reads.
CK_INLINE const float *widen_keys(
    ck_page_element element, const uint8_t *page, const uint8_t *next, size_t dims, float *out) {
  const size_t row = (size_t)(CK_PAGE_TOKENS * ck_element_bytes(element));
  const uint8_t *scales = page + dims * row;
  if (element == CK_PAGE_F32) return (const float *)(const void *)page;
  for (size_t d = 0; d < dims; d++) {
    if (d * row % 64 == 0) __builtin_prefetch(next + d * row);
    for (size_t t = 0; t < CK_PAGE_TOKENS; t += VECTOR) {
      vector x = from_element(element, page + d * row + t * (size_t)ck_element_bytes(element));
      if (element == CK_PAGE_I8) x = v_multiply(x, v_from_half(scales + (d / 32 * CK_PAGE_TOKENS + t) * 2));
      v_store(out + d * CK_PAGE_TOKENS + t, x);
    }
  }
  return out;
}

/// Slots `slots` of the values of a page as [CK_PAGE_TOKENS][stride] floats, while fetching the bytes at `next`.
CK_INLINE const float *widen_values(
    ck_page_element element, const uint8_t *page, const uint8_t *next, size_t dims, size_t stride, range slots,
    float *out) {
  const size_t size = (size_t)ck_element_bytes(element);
  const uint8_t *scales = page + dims * CK_PAGE_TOKENS * size;
  if (element == CK_PAGE_F32 && stride == dims) return (const float *)(const void *)page;
  for (size_t t = (size_t)slots.begin; t < (size_t)slots.end; t++)
    for (size_t d = 0; d < dims; d += VECTOR) {
      const size_t offset = (t * dims + d) * size;
      if (d * size % 64 == 0) __builtin_prefetch(next + offset);
      vector x = from_elements(element, page + offset, dims - d);
      if (element == CK_PAGE_I8) x = v_multiply(x, v_all(scale_at(scales, d / 32 * CK_PAGE_TOKENS + t)));
      v_store(out + t * stride + d, x);
    }
  return out;
}

// MARK: Sums of rows

/// Rows of a page from some column on: keys of one dimension each, or values of one slot each.
typedef struct {
  ck_page_element element;
  int is_keys;
  const uint8_t *first;   // row 0
  size_t pitch;           // elements from one row to the next
  const uint8_t *scales;  // of bytes: keys [rows / 32][CK_PAGE_TOKENS], values [rows]
  const uint8_t *next;    // what to fetch meanwhile: the same rows of the page that comes next, or NULL
  range rows;
} page_rows;

/// What turns bytes into floats, for vector v of `row`.
CK_INLINE vector row_scale(const page_rows *p, int32_t row, int v) {
  if (!p->is_keys) return v_all(scale_at(p->scales, (size_t)row));
  return v_from_half(p->scales + (size_t)(row / 32 * CK_PAGE_TOKENS + v * VECTOR) * 2);
}

/// sums[h][...] = sum over rows of factors[h][row] * page row, on top of what is there for values.
CK_INLINE void add_rows(
    int heads, int vectors, page_rows p, const float *factors, size_t factor_pitch, float *sums, size_t stride) {
  const size_t size = (size_t)ck_element_bytes(p.element);
  vector sum[TILE_HEADS][TILE_VECTORS], scale[TILE_VECTORS];
#pragma clang loop unroll(full)
  for (int h = 0; h < heads; h++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sum[h][v] = p.is_keys ? v_zero() : v_load(sums + (size_t)h * stride + v * VECTOR);
  for (int32_t row = p.rows.begin; row < p.rows.end;) {
    // Scales of keys hold for 32 rows.
    const int is_scaled_once = p.element == CK_PAGE_I8 && p.is_keys;
    const int32_t end = is_scaled_once && row / 32 * 32 + 32 < p.rows.end ? row / 32 * 32 + 32 : p.rows.end;
    for (int v = 0; is_scaled_once && v < vectors; v++) scale[v] = row_scale(&p, row, v);
    for (; row < end; row++) {
      const size_t offset = (size_t)row * p.pitch * size;
      if (p.next) __builtin_prefetch(p.next + offset);
      vector factor[TILE_HEADS];
#pragma clang loop unroll(full)
      for (int h = 0; h < heads; h++) factor[h] = v_all(factors[(size_t)h * factor_pitch + (size_t)row]);
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) {
        vector x = from_element(p.element, p.first + offset + (size_t)(v * VECTOR) * size);
        if (p.element == CK_PAGE_I8) x = v_multiply(x, is_scaled_once ? scale[v] : row_scale(&p, row, v));
#pragma clang loop unroll(full)
        for (int h = 0; h < heads; h++) sum[h][v] = v_multiply_add(factor[h], x, sum[h][v]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int h = 0; h < heads; h++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) v_store(sums + (size_t)h * stride + v * VECTOR, sum[h][v]);
}

/// `add_rows` for all heads of a token.
CK_INLINE void add_rows_of_heads(
    int32_t group, int vectors, page_rows p, const float *factors, size_t pitch, float *sums, size_t stride) {
#define TAKE(heads)                                               \
  for (; TILE_HEADS >= heads && group >= heads; group -= heads) { \
    add_rows(heads, vectors, p, factors, pitch, sums, stride);    \
    factors += heads * pitch;                                     \
    sums += heads * stride;                                       \
  }
  TAKE(8)
  TAKE(4)
  TAKE(3)
  TAKE(2)
  TAKE(1)
#undef TAKE
}

