// What an attention call's tokens see, and where it lies. Needs CK_INLINE.
#ifndef CK_ATTENTION_SPAN_H
#define CK_ATTENTION_SPAN_H

#include "private.h"

#include <string.h>

enum { BLOCK_PAGES = CK_ATTENTION_BLOCK / CK_PAGE_TOKENS };

/// Positions or slots begin..<end.
typedef struct {
  int32_t begin, end;
} range;

/// What token i sees.
CK_INLINE range visible(const ck_attention *c, int32_t i) {
  const int32_t end = c->first_position + i + 1;
  return (range){c->window && end > c->window ? end - c->window : 0, end};
}

/// The part of `r` in the `count` positions from `start` on, counted from there; empty if end <= begin.
CK_INLINE range within(range r, int32_t start, int32_t count) {
  return (range){r.begin > start ? r.begin - start : 0, r.end - start < count ? r.end - start : count};
}

CK_INLINE const uint8_t *page_address(const ck_attention *c, int32_t page) {
  return c->pages + (size_t)c->page_numbers[page - c->first_page] * c->page_stride;
}

/// A half float of those at `halves`, as a float.
CK_INLINE float scale_at(const uint8_t *halves, size_t index) {
  _Float16 scale;
  memcpy(&scale, halves + index * 2, 2);
  return (float)scale;
}

#endif
