#include "kernel_checks.h"

static const int lengths[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 100, 2880};
#define LENGTHS ((int)(sizeof lengths / sizeof *lengths))

static float *random_floats(int n, float size, kc_random *r) {
  float *x = kc_allocate((size_t)n * 4);
  for (int i = 0; i < n; i++) x[i] = kc_normal(r) * size;
  return x;
}

static long check_norm(const ck_kernels *t, int n, kc_random *r, char *message, size_t capacity) {
  float *x = random_floats(n, 3, r), *gain = random_floats(n, 1, r), *out = random_floats(n, 1, r);
  double square = 0;
  for (int i = 0; i < n; i++) square += (double)x[i] * x[i];
  double factor = 1 / sqrt(square / n + 1e-5);
  t->rms_norm(x, gain, 1e-5f, n, out);
  for (int i = 0; i < n; i++)
    if (!(fabs(out[i] - x[i] * factor * gain[i]) <= 1e-6 * fabs(x[i] * factor * gain[i]) + 1e-9))
      KC_FAIL("%s rms_norm, n %d: [%d] is %.9g, expected %.9g", t->name, n, i, out[i], x[i] * factor * gain[i]);
  free(x);
  free(gain);
  free(out);
  return n;
}

static long check_narrow(const ck_kernels *t, int n, kc_random *r, char *message, size_t capacity) {
  float *x = random_floats(n, 1, r);
  static const float special[] = {0.0f,           -0.0f,    65504.0f,    65519.9f,   65520.0f,
                                  -1e9f,          INFINITY, -INFINITY,   1e-7f,      5.96e-8f,
                                  2.9e-8f,        3.0e-8f,  6.1e-5f,     6.0975e-5f, 1.00048828125f,
                                  1.00146484375f, 3.38e38f, 1.00390625f, 1.01171875f};
  for (int i = 0; i < n; i++)
    if (kc_below(r, 3) == 0)
      x[i] = special[kc_below(r, (int)(sizeof special / sizeof *special))];
    else if (kc_below(r, 2))
      x[i] = ldexpf(x[i], kc_below(r, 60) - 40);
  uint16_t *out = kc_allocate((size_t)n * 2);
  if (t->to_f16) {
    t->to_f16(x, n, out);
    for (int i = 0; i < n; i++)
      if (out[i] != kc_to_half(x[i]))
        KC_FAIL("%s to_f16 of %.9g is %04x, expected %04x", t->name, x[i], out[i], kc_to_half(x[i]));
  }
  if (t->to_bf16) {
    x[n / 2] = NAN;
    t->to_bf16(x, n, out);
    for (int i = 0; i < n; i++)
      if (isnan(x[i]) ? !isnan(kc_from_bf16(out[i])) : out[i] != kc_to_bf16(x[i]))
        KC_FAIL("%s to_bf16 of %.9g is %04x, expected %04x", t->name, x[i], out[i], kc_to_bf16(x[i]));
  }
  free(x);
  free(out);
  return 2 * n;
}

/// One block of fixed point: `most` is the largest number, `q` the numbers by column.
static long check_fixed(
    const ck_kernels *t, const float *x, int most, const int q[32], float scale, int offset, char *message,
    size_t capacity) {
  float largest = 0;
  int sum = 0;
  for (int i = 0; i < 32; i++) largest = fmaxf(largest, fabsf(x[i]));
  const float wanted = fminf(fmaxf(largest / (float)most, CK_LEAST_SCALE), CK_MOST_SCALE);
  if (!(fabsf(scale - wanted) <= 1e-6f * wanted) || scale < CK_LEAST_SCALE || scale > CK_MOST_SCALE)
    KC_FAIL("%s to fixed point of %d: scale %g, expected %g", t->name, most, scale, wanted);
  for (int i = 0; i < 32; i++) {
    const double limit = (double)most * scale;
    const double expected = isnan(x[i]) ? 0 : fmin(fmax(x[i], -limit), limit);
    sum += q[i];
    if (abs(q[i]) > most) KC_FAIL("%s to fixed point: %d is beyond %d", t->name, q[i], most);
    if (!(fabs((double)q[i] * scale - expected) <= scale * 0.51))
      KC_FAIL("%s to fixed point of %d: column %d is %g, expected %g", t->name, most, i, q[i] * scale, expected);
  }
  if (offset != -128 * sum) KC_FAIL("%s to fixed point: offset %d, expected %d", t->name, offset, -128 * sum);
  return 32;
}

static long check_fixed_points(const ck_kernels *t, int blocks, kc_random *r, char *message, size_t capacity) {
  static const int byte_of_column[4] = {0, 2, 1, 3};
  static const float odd[] = {NAN, INFINITY, -INFINITY, 3e38f, -2e30f, 1e-40f, -0.0f};
  float *x = random_floats(blocks * 32, 1, r);
  ck_q16_block *wide = kc_allocate((size_t)blocks * sizeof *wide);
  ck_q8_block *narrow = kc_allocate((size_t)blocks * sizeof *narrow);
  for (int b = 0; b < blocks; b++) {
    float size = b % 5 == 1 ? 0 : ldexpf(1, kc_below(r, 40) - 20);
    if (b % 11 == 3) size = ldexpf(1, kc_below(r, 200) - 100);
    for (int i = 0; i < 32; i++) x[b * 32 + i] *= size;
    if (b % 7 == 2) x[b * 32 + kc_below(r, 32)] = odd[kc_below(r, 7)];
  }
  t->to_q16(x, blocks * 32, wide);
  t->to_q8(x, blocks * 32, narrow);
  long count = 0;
  for (int b = 0; b < blocks && count >= 0; b++) {
    int q16[32], q8[32];
    for (int i = 0; i < 32; i++) {
      int place = i / 4 * 4 + byte_of_column[i % 4];
      q16[i] = 256 * wide[b].high[place] + wide[b].low[place];
      q8[i] = narrow[b].values[place];
    }
    count = check_fixed(t, x + b * 32, 32512, q16, wide[b].scale, wide[b].offset, message, capacity);
    if (count >= 0) count = check_fixed(t, x + b * 32, 127, q8, narrow[b].scale, narrow[b].offset, message, capacity);
  }
  free(x);
  free(wide);
  free(narrow);
  return count < 0 ? count : 2L * blocks * 32;
}

static long check_rope(const ck_kernels *t, int heads, int dims, kc_random *r, char *message, size_t capacity) {
  int half = dims / 2;
  float *x = random_floats(heads * dims, 1, r), *c = random_floats(half, 1, r), *s = random_floats(half, 1, r);
  float *y = kc_allocate((size_t)(heads * dims) * 4);
  memcpy(y, x, (size_t)(heads * dims) * 4);
  t->rope(y, heads, dims, c, s);
  for (int h = 0; h < heads; h++)
    for (int i = 0; i < half; i++) {
      double a = x[h * dims + i], b = x[h * dims + half + i];
      if (!(fabs(y[h * dims + i] - (a * c[i] - b * s[i])) <= 1e-6) ||
          !(fabs(y[h * dims + half + i] - (b * c[i] + a * s[i])) <= 1e-6))
        KC_FAIL("%s rope, head_dim %d: pair %d of head %d", t->name, dims, i, h);
    }
  free(x);
  free(c);
  free(s);
  free(y);
  return heads * dims;
}

static long check_swiglu(const ck_kernels *t, int begin, int end, kc_random *r, char *message, size_t capacity) {
  float *x = random_floats(end * 32, 6, r), *out = kc_allocate((size_t)end * 64);
  if (end > 1) {
    x[end * 32 - 32] = -200;
    x[end * 32 - 31] = -60;
    x[end * 32 - 30] = 1e30f;
    x[end * 32 - 29] = -1e30f;
  }
  for (int i = 0; i < end * 16; i++) out[i] = -77;
  t->swiglu(x, begin, end, 7.0f, 1.702f, out);
  for (int i = 0; i < end * 16; i++) {
    double g = fmin(x[i / 16 * 32 + i % 16], 7), u = fmax(fmin(x[i / 16 * 32 + 16 + i % 16], 7), -7);
    double expected = i < begin * 16 ? -77 : g / (1 + exp(-1.702f * g)) * (u + 1);
    if (!(fabs(out[i] - expected) <= 2e-6 * fabs(expected) + 1e-7))
      KC_FAIL("%s swiglu %d..<%d: [%d] is %.9g, expected %.9g", t->name, begin, end, i, out[i], expected);
  }
  free(x);
  free(out);
  return (end - begin) * 16;
}

static long check_reductions(const ck_kernels *t, int n, kc_random *r, char *message, size_t capacity) {
  float *x = random_floats(n, 4, r), *y = random_floats(n, 1, r), *z = kc_allocate((size_t)n * 4);
  if (t->scale_add) {
    memcpy(z, y, (size_t)n * 4);
    t->scale_add(z, x, 0.3f, n);
    for (int i = 0; i < n; i++)
      if (!(fabs(z[i] - (y[i] + 0.3 * x[i])) <= 3e-6)) KC_FAIL("%s scale_add, n %d: [%d]", t->name, n, i);
  }
  for (int round = 0; t->argmax && round < 24; round++) {
    for (int i = 0; i < n; i++) x[i] = (float)(kc_below(r, 6 + n / 4) - n / 8);
    for (int i = 0; i < n; i++)
      if (round % 3 == 1 ? kc_below(r, 4) == 0 : round == 3) x[i] = NAN;
    if (round == 5)
      for (int i = 0; i < n; i++) x[i] = -INFINITY;
    if (round == 8)
      for (int i = 0; i < n; i++) x[i] = i ? -INFINITY : NAN;
    int best = -1;
    for (int i = 0; i < n; i++)
      if (!isnan(x[i]) && (best < 0 || x[i] > x[best])) best = i;
    int got = t->argmax(x, n);
    if (best < 0 ? got < 0 || got >= n : got != best)
      KC_FAIL(
          "%s argmax, n %d, round %d: %d (%g), expected %d", t->name, n, round, got, got >= 0 && got < n ? x[got] : 0,
          best);
  }
  free(x);
  free(y);
  free(z);
  return n;
}

static long check_sum_exp(const ck_kernels *t, int n, kc_random *r, char *message, size_t capacity) {
  float *x = random_floats(n, 4, r);
  int blocks = (n + CK_SUM_BLOCK - 1) / CK_SUM_BLOCK;
  double *sums = kc_allocate((size_t)blocks * 8);
  for (int round = 0; round < 6; round++) {
    if (round == 3)
      for (int i = 0; i < n; i++)
        if (kc_below(r, 3) == 0) x[i] = kc_below(r, 2) ? NAN : -INFINITY;
    // At the inverse temperature 0 the sum counts.
    float bound = round % 3 == 0 ? -3e38f : round % 3 == 1 ? 2.5f : x[n / 2], inverse = round == 1 ? 0 : 0.7f;
    double total = 0, got = t->sum_exp(x, n, 25.0f, inverse, bound, sums);
    for (int b = 0; b < blocks; b++) {
      double sum = 0;
      for (int i = b * CK_SUM_BLOCK; i < n && i < (b + 1) * CK_SUM_BLOCK; i++)
        if (x[i] >= bound) sum += exp(((double)x[i] - 25.0) * (double)inverse);
      if (!(fabs(sums[b] - sum) <= 3e-6 * sum))
        KC_FAIL("%s sum_exp, n %d: block %d is %.12g, expected %.12g", t->name, n, b, sums[b], sum);
      total += sums[b];
    }
    if (got != total) KC_FAIL("%s sum_exp, n %d: %.17g, its blocks %.17g", t->name, n, got, total);
    if (t->sum_exp(x, n, 25.0f, inverse, bound, NULL) != got) KC_FAIL("%s sum_exp, n %d: without blocks", t->name, n);
  }
  free(x);
  free(sums);
  return n;
}

static long check_gather(const ck_kernels *t, int n, kc_random *r, char *message, size_t capacity) {
  static const float special[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f};
  float *x = random_floats(n, 1, r);
  for (int i = 0; i < n; i++)
    if (kc_below(r, 5) == 0) x[i] = special[kc_below(r, 5)];
  for (int round = 0; round < 20; round++) {
    float low = round % 4 == 0 ? -INFINITY : kc_normal(r), high = round % 3 == 0 ? INFINITY : low + 1;
    if (round == 5) low = 0;
    int room = round % 5 == 4 ? n : kc_below(r, n + 1), count = 0;
    // Of exactly the capacity, so that a sanitizer sees a write beyond it.
    int32_t *found = kc_allocate((size_t)room * 4);
    int got = t->gather(x, n, low, high, room, found);
    for (int i = 0; i < n; i++) {
      if (!(x[i] >= low && x[i] < high)) continue;
      if (count < room && found[count] != i)
        KC_FAIL("%s gather, n %d: [%d] is %d, expected %d", t->name, n, count, found[count], i);
      count++;
    }
    if (got != (count > room ? room + 1 : count))
      KC_FAIL("%s gather, n %d: %d of %d, room for %d", t->name, n, got, count, room);
    free(found);
  }
  free(x);
  return 20 * n;
}

long kc_check_elementwise(const ck_kernels *t, char *message, size_t capacity) {
  kc_random r = {13};
  long count = 0, n;
#define RUN(call)                   \
  do {                              \
    if ((n = (call)) < 0) return n; \
    count += n;                     \
  } while (0)
  for (int i = 0; i < LENGTHS; i++) {
    if (t->rms_norm) RUN(check_norm(t, lengths[i], &r, message, capacity));
    for (int again = 0; again < 8; again++) RUN(check_narrow(t, lengths[i], &r, message, capacity));
    RUN(check_reductions(t, lengths[i], &r, message, capacity));
    if (t->sum_exp) RUN(check_sum_exp(t, lengths[i], &r, message, capacity));
    if (t->gather) RUN(check_gather(t, lengths[i], &r, message, capacity));
  }
  for (int blocks = 1; t->to_q16 && t->to_q8 && blocks < 100; blocks += 7)
    RUN(check_fixed_points(t, blocks, &r, message, capacity));
  for (int dims = 2; t->rope && dims <= 128; dims += 2) RUN(check_rope(t, 1 + dims % 3, dims, &r, message, capacity));
  for (int end = 1; t->swiglu && end < 9; end++) RUN(check_swiglu(t, kc_below(&r, end), end, &r, message, capacity));
  return count;
}
