// The scalar kernels: the executable specification that every other instruction set is tested against.
//
// Plain loops in the order that CKernels.h fixes; the compiler may vectorise them, the results are those of the loops.
#include "CKernels.h"
#include "private.h"

#include <math.h>
#include <string.h>

static const float mxfp4_values[16] = {0, .5f, 1, 1.5f, 2, 3, 4, 6, -0.f, -.5f, -1, -1.5f, -2, -3, -4, -6};
/// Position within a dword of the weight bytes of column k % 4, and the other way round.
static const int byte_order[4] = {0, 2, 1, 3};

static float bits_to_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}
static uint32_t float_to_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}
static float bf16_to_float(uint16_t bits) { return bits_to_float((uint32_t)bits << 16); }
static float f16_to_float(uint16_t bits) {
  _Float16 value;
  memcpy(&value, &bits, 2);
  return (float)value;
}
/// 2^(scale - 127); the smallest is subnormal.
static float e8m0_to_float(uint8_t scale) { return bits_to_float(scale ? (uint32_t)scale << 23 : 0x00400000u); }

/// The 32 weights of one row of a block before scaling, in column order, and the block's scale.
static float load_block(const ck_matmul *call, ck_weight_kind kind, int group, int block, int row, float w[32]) {
  const size_t blocks = (size_t)call->columns / CK_K_BLOCK;
  const size_t index = (size_t)group * blocks + (size_t)block;
  if (kind == CK_MXFP4) {
    const uint8_t *bytes = call->weights + index * 256;
    for (int k = 0; k < 16; k++) {
      const uint8_t byte = bytes[(k / 4) * 64 + row * 4 + byte_order[k % 4]];
      w[k] = mxfp4_values[byte & 15];
      w[16 + k] = mxfp4_values[byte >> 4];
    }
    return e8m0_to_float(call->scales[index * 16 + (size_t)row]);
  }
  if (kind == CK_INT8) {
    const uint8_t *bytes = call->weights + index * 512;
    for (int k = 0; k < 32; k++) w[k] = (float)((int)bytes[(k / 4) * 64 + row * 4 + byte_order[k % 4]] - 128);
    uint16_t scale;
    memcpy(&scale, call->scales + (index * 16 + (size_t)row) * 2, 2);
    return f16_to_float(scale);
  }
  const size_t pair = (size_t)group * ((size_t)call->columns / 2) + (size_t)block * 16;
  const uint16_t *values = (const uint16_t *)call->weights + pair * 32;
  for (int k = 0; k < 32; k++) w[k] = bf16_to_float(values[(k / 2) * 32 + row * 2 + k % 2]);
  return 1;
}

static float dot_block(const ck_matmul *call, ck_activation_kind kind, int token, int block, const float w[32]) {
  const uint8_t *row = (const uint8_t *)call->activations + (size_t)token * call->activation_stride;
  float sum = 0;
  if (kind == CK_ACT_F32) {
    const float *x = (const float *)row + block * 32;
    for (int k = 0; k < 32; k++) sum += w[k] * x[k];
  } else if (kind == CK_ACT_BF16) {
    const uint16_t *x = (const uint16_t *)row + block * 32;
    for (int k = 0; k < 32; k++) sum += w[k] * bf16_to_float(x[k]);
  } else if (kind == CK_ACT_Q8) {
    const ck_q8_block *x = (const ck_q8_block *)row + block;
    for (int k = 0; k < 32; k++) sum += w[k] * (float)x->values[k / 4 * 4 + byte_order[k % 4]];
    sum *= x->scale;
  } else {
    const ck_q16_block *x = (const ck_q16_block *)row + block;
    for (int k = 0; k < 32; k++) {
      const int i = k / 4 * 4 + byte_order[k % 4];
      sum += w[k] * (float)(256 * x->high[i] + x->low[i]);
    }
    sum *= x->scale;
  }
  return sum;
}

static void matmul(const ck_matmul *call, ck_weight_kind weights, ck_activation_kind activations) {
  for (int group = call->row_group_begin; group < call->row_group_end; group++)
    for (int row = 0; row < CK_ROW_GROUP; row++) {
      const size_t output = (size_t)group * CK_ROW_GROUP + (size_t)row;
      for (int token = 0; token < call->tokens; token++) call->out[(size_t)token * call->out_stride + output] = 0;
      for (int block = 0; block < call->columns / CK_K_BLOCK; block++) {
        float w[32];
        const float scale = load_block(call, weights, group, block, row, w);
        for (int token = 0; token < call->tokens; token++)
          call->out[(size_t)token * call->out_stride + output] += scale * dot_block(call, activations, token, block, w);
      }
      if (call->bias)
        for (int token = 0; token < call->tokens; token++)
          call->out[(size_t)token * call->out_stride + output] += call->bias[output];
    }
}

static void matmul_mxfp4_f32(const ck_matmul *c) { matmul(c, CK_MXFP4, CK_ACT_F32); }
static void matmul_mxfp4_bf16(const ck_matmul *c) { matmul(c, CK_MXFP4, CK_ACT_BF16); }
static void matmul_mxfp4_q16(const ck_matmul *c) { matmul(c, CK_MXFP4, CK_ACT_Q16); }
static void matmul_int8_f32(const ck_matmul *c) { matmul(c, CK_INT8, CK_ACT_F32); }
static void matmul_int8_bf16(const ck_matmul *c) { matmul(c, CK_INT8, CK_ACT_BF16); }
static void matmul_int8_q16(const ck_matmul *c) { matmul(c, CK_INT8, CK_ACT_Q16); }
static void matmul_bf16_f32(const ck_matmul *c) { matmul(c, CK_BF16, CK_ACT_F32); }
static void matmul_bf16_bf16(const ck_matmul *c) { matmul(c, CK_BF16, CK_ACT_BF16); }
static void matmul_bf16_q16(const ck_matmul *c) { matmul(c, CK_BF16, CK_ACT_Q16); }
static void matmul_mxfp4_q8(const ck_matmul *c) { matmul(c, CK_MXFP4, CK_ACT_Q8); }
static void matmul_int8_q8(const ck_matmul *c) { matmul(c, CK_INT8, CK_ACT_Q8); }
static void matmul_bf16_q8(const ck_matmul *c) { matmul(c, CK_BF16, CK_ACT_Q8); }

static void rms_norm(const float *x, const float *gain, float epsilon, int32_t n, float *out) {
  double squares = 0;
  for (int i = 0; i < n; i++) squares += (double)x[i] * x[i];
  const float factor = 1 / sqrtf((float)(squares / n) + epsilon);
  for (int i = 0; i < n; i++) out[i] = x[i] * factor * gain[i];
}

static void to_bf16(const float *x, int32_t n, uint16_t *out) {
  for (int i = 0; i < n; i++) {
    const uint32_t bits = float_to_bits(x[i]);
    out[i] = (uint16_t)(isnan(x[i]) ? (bits >> 16) | 0x40 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  }
}

/// 32 floats as whole numbers of -most...most, in the byte order of the weights; returns their scale.
static float quantise(const float *x, int most, int out[32]) {
  float largest = 0;
  for (int k = 0; k < 32; k++) largest = fmaxf(largest, fabsf(x[k]));
  const float scale = fminf(fmaxf(largest / (float)most, CK_LEAST_SCALE), CK_MOST_SCALE), inverse = 1 / scale;
  for (int k = 0; k < 32; k++) {
    const float scaled = isnan(x[k]) ? 0 : x[k] * inverse;
    out[k / 4 * 4 + byte_order[k % 4]] = (int)lrintf(fminf(fmaxf(scaled, (float)-most), (float)most));
  }
  return scale;
}

static void to_q16(const float *x, int32_t n, ck_q16_block *out) {
  for (int block = 0; block < n / 32; block++) {
    int q[32];
    out[block].scale = quantise(x + block * 32, 32512, q);
    out[block].offset = 0;
    for (int i = 0; i < 32; i++) {
      const int high = (q[i] + 128) >> 8;
      out[block].high[i] = (int8_t)high;
      out[block].low[i] = (int8_t)(q[i] - 256 * high);
      out[block].offset -= 128 * q[i];
    }
  }
}

static void to_q8(const float *x, int32_t n, ck_q8_block *out) {
  for (int block = 0; block < n / 32; block++) {
    int q[32];
    out[block].scale = quantise(x + block * 32, 127, q);
    out[block].offset = 0;
    for (int i = 0; i < 32; i++) {
      out[block].values[i] = (int8_t)q[i];
      out[block].offset -= 128 * q[i];
    }
  }
}

static void to_f16(const float *x, int32_t n, uint16_t *out) {
  for (int i = 0; i < n; i++) {
    const _Float16 value = (_Float16)fminf(fmaxf(x[i], -65504.f), 65504.f);
    memcpy(out + i, &value, 2);
  }
}

static void rope(float *x, int32_t heads, int32_t head_dim, const float *cosines, const float *sines) {
  const int half = head_dim / 2;
  for (int h = 0; h < heads; h++, x += head_dim)
    for (int i = 0; i < half; i++) {
      const float a = x[i], b = x[i + half];
      x[i] = a * cosines[i] - b * sines[i];
      x[i + half] = b * cosines[i] + a * sines[i];
    }
}

static void swiglu(const float *gate_up, int32_t begin, int32_t end, float limit, float alpha, float *out) {
  for (int unit = begin * 16; unit < end * 16; unit++) {
    const float *pair = gate_up + unit / 16 * 32 + unit % 16;
    const float g = fminf(pair[0], limit), u = fminf(fmaxf(pair[16], -limit), limit);
    out[unit] = g / (1 + expf(-alpha * g)) * (u + 1);
  }
}

static void scale_add(float *y, const float *x, float w, int32_t n) {
  for (int i = 0; i < n; i++) y[i] += w * x[i];
}

static int32_t argmax(const float *x, int32_t n) {
  int32_t best = 0;
  for (int32_t i = 1; i < n; i++)
    if (x[i] > x[best] || (isnan(x[best]) && !isnan(x[i]))) best = i;
  return best;
}

static double sum_exp(
    const float *x, int32_t n, float maximum, float inverse_temperature, float bound, double *blocks) {
  double total = 0;
  for (int32_t begin = 0; begin < n; begin += CK_SUM_BLOCK) {
    const int32_t end = n - begin < CK_SUM_BLOCK ? n : begin + CK_SUM_BLOCK;
    double sum = 0;
    for (int32_t i = begin; i < end; i++)
      if (x[i] >= bound) sum += expf((x[i] - maximum) * inverse_temperature);
    if (blocks) blocks[begin / CK_SUM_BLOCK] = sum;
    total += sum;
  }
  return total;
}

static int32_t gather(const float *x, int32_t n, float low, float high, int32_t capacity, int32_t *indices) {
  int32_t count = 0;
  for (int32_t i = 0; i < n; i++) {
    if (!(x[i] >= low && x[i] < high)) continue;
    if (count == capacity) return capacity + 1;
    indices[count++] = i;
  }
  return count;
}

const ck_kernels ck_scalar_kernels = {
    .name = "scalar",
    .matmul = {{matmul_mxfp4_f32, matmul_mxfp4_bf16, matmul_mxfp4_q16, matmul_mxfp4_q8},
               {matmul_int8_f32, matmul_int8_bf16, matmul_int8_q16, matmul_int8_q8},
               {matmul_bf16_f32, matmul_bf16_bf16, matmul_bf16_q16, matmul_bf16_q8}},
    .fast = {{CK_ACT_F32, CK_ACT_F32, 1}, {CK_ACT_F32, CK_ACT_F32, 1}, {CK_ACT_F32, CK_ACT_F32, 1}},
    .int8 = {{CK_ACT_F32, CK_ACT_F32, 1}, {CK_ACT_F32, CK_ACT_F32, 1}, {CK_ACT_F32, CK_ACT_F32, 1}},
    .attention = ck_scalar_attention,
    .rms_norm = rms_norm,
    .to_bf16 = to_bf16,
    .to_q16 = to_q16,
    .to_q8 = to_q8,
    .to_f16 = to_f16,
    .to_i8 = ck_scalar_to_i8,
    .rope = rope,
    .swiglu = swiglu,
    .scale_add = scale_add,
    .argmax = argmax,
    .sum_exp = sum_exp,
    .gather = gather,
};
