#include "kernel_checks.h"

static const double e2m1[16] = {0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6};
static const int byte_of_column[4] = {0, 2, 1, 3};  // the inverse of order, which is its own inverse

typedef struct {
  ck_weight_kind kind;
  int groups, columns;
  uint8_t *weights, *scales;
  double *values;  // [row][column]
} matrix;

static double weight(const matrix *m, int row, int column) {
  size_t block = (size_t)(row / 16) * (size_t)(m->columns / 32) + (size_t)(column / 32);
  int r = row % 16, c = column % 32;
  if (m->kind == CK_MXFP4) {
    uint8_t byte = m->weights[block * 256 + (size_t)(c % 16 / 4 * 64 + r * 4 + byte_of_column[c % 4])];
    return ldexp(e2m1[c < 16 ? byte & 15 : byte >> 4], m->scales[block * 16 + (size_t)r] - 127);
  }
  if (m->kind == CK_INT8) {
    uint16_t half;
    memcpy(&half, m->scales + (block * 16 + (size_t)r) * 2, 2);
    return (m->weights[block * 512 + (size_t)(c / 4 * 64 + r * 4 + byte_of_column[c % 4])] - 128.0) *
           kc_from_half(half);
  }
  uint16_t value;
  size_t element =
      ((size_t)(row / 16) * (size_t)(m->columns / 2) + (size_t)(column / 2)) * 32 + (size_t)(r * 2 + column % 2);
  memcpy(&value, m->weights + element * 2, 2);
  return kc_from_bf16(value);
}

/// `regime` picks MXFP4 scale bytes: 0 usual ones, 1 the smallest, 2 the largest, 3 any finite.
static matrix make_matrix(ck_weight_kind kind, int groups, int columns, int regime, kc_random *r) {
  size_t blocks = (size_t)groups * (size_t)(columns / 32);
  matrix m = {kind, groups, columns, kc_allocate(blocks * ((size_t)256 << kind)), NULL, kc_allocate(blocks * 512 * 8)};
  for (size_t i = 0; i < blocks * ((size_t)256 << kind); i++)
    m.weights[i] = (uint8_t)(kind == CK_INT8 ? 1 + kc_below(r, 255) : kc_below(r, 256));
  if (kind == CK_BF16)
    for (size_t i = 0; i < blocks * 512; i++) {
      uint16_t value = kc_to_bf16(kc_normal(r) * 0.05f);
      memcpy(m.weights + 2 * i, &value, 2);
    }
  if (kind == CK_MXFP4) {
    m.scales = kc_allocate(blocks * 16);
    for (size_t i = 0; i < blocks * 16; i++)
      m.scales[i] = (uint8_t)(regime == 1   ? kc_below(r, 4)
                              : regime == 2 ? 249 + kc_below(r, 6)
                              : regime == 3 ? kc_below(r, 255)
                                            : 112 + kc_below(r, 12));
  }
  if (kind == CK_INT8) {
    m.scales = kc_allocate(blocks * 32);
    for (size_t i = 0; i < blocks * 16; i++) {
      uint16_t half = kc_to_half(fabsf(kc_normal(r)) * 1e-3f);
      memcpy(m.scales + 2 * i, &half, 2);
    }
  }
  for (int row = 0; row < groups * 16; row++)
    for (int column = 0; column < columns; column++)
      m.values[(size_t)row * (size_t)columns + (size_t)column] = weight(&m, row, column);
  return m;
}

typedef struct {
  uint8_t *bytes;
  size_t stride;
  float *values;
} activations;

static activations make_activations(ck_activation_kind kind, int tokens, int columns, float size, kc_random *r) {
  size_t n = (size_t)columns;
  // A stride larger than the row, so that a kernel that ignores it shows.
  size_t stride = kind == CK_ACT_F32    ? n * 4 + 64
                  : kind == CK_ACT_BF16 ? n * 2 + 64
                  : kind == CK_ACT_Q16  ? n / 32 * sizeof(ck_q16_block) + 8
                                        : n / 32 * sizeof(ck_q8_block) + 8;
  activations a = {
      kc_allocate(stride * (size_t)(tokens - 1) + (stride - 8)), stride, kc_allocate((size_t)tokens * n * 4)};
  for (int t = 0; t < tokens; t++)
    for (int b = 0; b < columns / 32; b++) {
      float x[32], largest = 0;
      for (int i = 0; i < 32; i++) {
        x[i] = kc_normal(r) * size * (kc_below(r, 50) ? 1.0f : 10.0f);
        largest = fmaxf(largest, fabsf(x[i]));
      }
      uint8_t *row = a.bytes + (size_t)t * stride;
      float *value = a.values + (size_t)t * n + (size_t)b * 32;
      if (kind == CK_ACT_F32) {
        memcpy(row + b * 128, x, 128);
        memcpy(value, x, 128);
      } else if (kind == CK_ACT_BF16) {
        for (int i = 0; i < 32; i++) {
          uint16_t v = kc_to_bf16(x[i]);
          memcpy(row + b * 64 + i * 2, &v, 2);
          value[i] = kc_from_bf16(v);
        }
      } else if (kind == CK_ACT_Q16) {
        ck_q16_block block = {.scale = largest / 32512.0f, .offset = 0};
        for (int i = 0; i < 32; i++) {
          int q = (int)lrintf(x[i] / largest * 32512.0f), place = i / 4 * 4 + byte_of_column[i % 4];
          block.low[place] = (int8_t)q;
          block.high[place] = (int8_t)((q - block.low[place]) / 256);
          block.offset -= 128 * q;
          value[i] = (float)q * block.scale;
        }
        memcpy(row + (size_t)b * sizeof block, &block, sizeof block);
      } else {
        // Some blocks are at the end of the range everywhere, for sums as large as they get.
        ck_q8_block block = {.scale = largest / 127.0f, .offset = 0};
        int is_extreme = kc_below(r, 8) == 0;
        for (int i = 0; i < 32; i++) {
          int q = is_extreme ? 127 : (int)lrintf(x[i] / largest * 127.0f);
          block.values[i / 4 * 4 + byte_of_column[i % 4]] = (int8_t)q;
          block.offset -= 128 * q;
          value[i] = (float)q * block.scale;
        }
        memcpy(row + (size_t)b * sizeof block, &block, sizeof block);
      }
    }
  return a;
}

typedef struct {
  ck_activation_kind act;
  int columns, groups, tokens, regime, begin, end;
  int bias;
} shape;

static const char *kinds[] = {"mxfp4", "int8", "bf16"}, *acts[] = {"f32", "bf16", "q16", "q8"};

/// Allowed error as a part of the sum of |weight * activation|.
static double tolerance(const ck_kernels *table, ck_weight_kind kind, ck_activation_kind act) {
  // The AMX set rounds int8 weights to bf16 after scaling (at most 2^-8 each).
  if (!strcmp(table->name, "amx") && kind == CK_INT8 && act == CK_ACT_BF16) return 1.0 / 256;
  return act == CK_ACT_BF16 ? 2e-6 : 1e-6;
}

static long compare(
    const ck_kernels *table, const matrix *m, const activations *x, const shape *s, const float *out, size_t stride,
    const float *bias, char *message, size_t capacity) {
  long count = 0;
  for (int t = 0; t < s->tokens; t++)
    for (int row = 0; row < s->groups * 16; row++) {
      float got = out[(size_t)t * stride + (size_t)row];
      int inside = row >= s->begin * 16 && row < s->end * 16;
      if (!inside) {
        if (got != -77.0f) KC_FAIL("%s %s: row %d outside the range was written", kinds[m->kind], acts[s->act], row);
        continue;
      }
      double sum = 0, size = 0;
      const double *w = m->values + (size_t)row * (size_t)s->columns;
      const float *a = x->values + (size_t)t * (size_t)s->columns;
      for (int c = 0; c < s->columns; c++) {
        double product = w[c] * a[c];
        sum += product;
        size += fabs(product);
      }
      if (bias) {
        sum += bias[row];
        size += fabs(bias[row]);
      }
      if (size > 1e38) continue;  // beyond floats on the way
      count++;
      if (!(fabs(got - sum) <= size * tolerance(table, m->kind, s->act) + 1e-36))
        KC_FAIL(
            "%s %s x %s, columns %d, groups %d, tokens %d, regime %d: token %d row %d is %.9g, expected %.9g of %.3g",
            table->name, kinds[m->kind], acts[s->act], s->columns, s->groups, s->tokens, s->regime, t, row, got, sum,
            size);
    }
  return count;
}

/// Every token and row group computed alone gives the same bits.
static int is_independent(ck_matmul_function function, ck_matmul call, const shape *s, const float *out, float *again) {
  const uint8_t *first = call.activations;
  for (int t = 0; t < s->tokens; t++)
    for (int group = s->begin; group < s->end; group++) {
      call.activations = first + (size_t)t * call.activation_stride;
      call.tokens = 1;
      call.row_group_begin = group;
      call.row_group_end = group + 1;
      call.out = again;
      function(&call);
      if (memcmp(again + group * 16, out + (size_t)t * call.out_stride + (size_t)group * 16, 64)) return 0;
    }
  return 1;
}

static long check_shape(
    const ck_kernels *table, ck_weight_kind kind, shape s, kc_random *r, char *message, size_t capacity) {
  ck_matmul_function function = table->matmul[kind][s.act];
  matrix m = make_matrix(kind, s.groups, s.columns, s.regime, r);
  float size = s.regime == 1 ? 1e18f : s.regime == 2 ? 1e-18f : 1.0f;
  activations x = make_activations(s.act, s.tokens, s.columns, size, r);
  size_t rows = (size_t)s.groups * 16, stride = rows + 3, outputs = stride * (size_t)(s.tokens - 1) + rows;
  float *out = kc_allocate(outputs * 4), *bias = kc_allocate(rows * 4), *again = kc_allocate(rows * 4);
  for (size_t i = 0; i < outputs; i++) out[i] = -77.0f;
  for (size_t i = 0; i < rows; i++) bias[i] = kc_normal(r) * size;
  uint8_t *scratch = kc_allocate(ck_matmul_scratch_bytes(s.columns));
  memset(scratch, 0xff, ck_matmul_scratch_bytes(s.columns));
  ck_matmul call = {
      m.weights, m.scales, s.columns, s.begin, s.end, s.tokens, x.bytes, x.stride, out, stride, s.bias ? bias : NULL,
      scratch};
  function(&call);
  long count = compare(table, &m, &x, &s, out, stride, s.bias ? bias : NULL, message, capacity);
  if (count >= 0 && s.act != CK_ACT_BF16 && !is_independent(function, call, &s, out, again)) {
    snprintf(
        message, capacity, "%s %s x %s, columns %d, tokens %d: a result depends on what else is computed",
        table->name, kinds[kind], acts[s.act], s.columns, s.tokens);
    count = -1;
  }
  free(m.weights);
  free(m.scales);
  free(m.values);
  free(x.bytes);
  free(x.values);
  free(out);
  free(bias);
  free(again);
  free(scratch);
  return count;
}

long kc_check_matmuls(const ck_kernels *table, char *message, size_t capacity) {
  static const int columns[] = {32, 64, 96, 288, 544, 2880}, groups[] = {1, 2, 3, 5};
  static const int tokens[] = {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 48, 64, 97, 130};
  kc_random r = {7};
  long count = 0;
  for (int kind = 0; kind < 3; kind++)
    for (int act = 0; act < 4; act++) {
      if (!table->matmul[kind][act]) continue;
      for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        for (size_t t = 0; t < sizeof tokens / sizeof *tokens; t++)
          for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
            // The small shapes in every combination, some of the large ones.
            if ((long)columns[c] * tokens[t] * groups[g] > 6000 && (4 * t + g + 5 * c) % 11) continue;
            int end = groups[g], begin = groups[g] > 2 ? kc_below(&r, 2) : 0;
            shape s = {(ck_activation_kind)act, columns[c],     groups[g], tokens[t], 0, begin,
                       end - (end > 3),         kc_below(&r, 2)};
            for (s.regime = 0; s.regime < (kind == CK_MXFP4 && columns[c] < 2880 ? 4 : 1); s.regime++) {
              long n = check_shape(table, (ck_weight_kind)kind, s, &r, message, capacity);
              if (n < 0) return n;
              count += n;
            }
          }
      // So many activations that a kernel may take them in several passes.
      shape many = {(ck_activation_kind)act, 2880, 3, 290, 0, 0, 3, 1};
      long n = check_shape(table, (ck_weight_kind)kind, many, &r, message, capacity);
      if (n < 0) return n;
      count += n;
    }
  return count;
}
