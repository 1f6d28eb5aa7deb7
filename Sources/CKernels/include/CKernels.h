// The inner loops of the engine, behind one table per instruction set.
//
// Contract of every function here: no allocation, no threads, no locks, no mutable globals, no failure. The caller
// (module Numerics) checks shapes and bounds once before the call. The scalar functions are the specification; every
// other instruction set is tested against them.
//
// Weight layouts ("row group" = 16 consecutive output rows, "k block" = 32 consecutive input columns)
// ------------------------------------------------------------------------------------------------
// A matrix has `rows` outputs, padded with zero rows to whole row groups, and `columns` inputs, a multiple of 32.
//
//   CK_MXFP4  blocks [row groups][k blocks][256] bytes, scales [row groups][k blocks][16] bytes (E8M0, one per row).
//             Byte g*64 + r*4 + j of a block (g 0..3, r 0..15, j 0..3) belongs to row r and holds in its low nibble
//             column 4g + order[j], in its high nibble column 16 + 4g + order[j], with order = {0, 2, 1, 3}.
//             value = {0,.5,1,1.5,2,3,4,6,-0,-.5,...,-6}[nibble] * 2^(scale-127).
//   CK_INT8   values [row groups][k blocks][512] bytes, scales [row groups][k blocks][16] IEEE half floats.
//             Byte g*64 + r*4 + j (g 0..7) belongs to row r and column 4g + order[j]; weight = (byte - 128) * scale,
//             bytes are 1..255.
//   CK_BF16   values [row groups][columns / 2][16][2] bfloat16: element (p, r, i) is row r, column 2p + i. No scales.
//
// Why this order: a 64-byte group is one 512-bit (or two 256-bit, or four 128-bit) register of dwords, one row each,
// so 4-way byte dot products need no shuffles and no horizontal sums; bytes 0 and 2 of a dword are adjacent columns,
// so that `vpermw` on the raw bytes (table entries repeated, so that the high bits do not matter) yields a row of a
// bf16 AMX tile directly. One layout serves decode and prefill on every instruction set.
//
// Activation layouts
// ------------------
//   CK_ACT_F32   rows of float.
//   CK_ACT_BF16  rows of bfloat16, natural order (round to nearest even).
//   CK_ACT_Q16   rows of ck_q16_block, one per k block: 16-bit fixed point in two signed byte planes.
//   CK_ACT_Q8    rows of ck_q8_block, one per k block: 8-bit fixed point.
//
// Result of a matmul: out[m * out_stride + row] = sum over columns of weight * activation (+ bias[row]), for every
// token m and every row of the given row groups, padded rows included. For CK_ACT_F32 a result is bit-identical
// whatever `tokens` and the row-group range are: products are accumulated per k block from 0 in one fixed order
// (acc_block, in the order in which the function visits the columns), then acc = acc + scale * acc_block.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#define CK_ROW_GROUP 16
#define CK_K_BLOCK 32
#define CK_PAGE_TOKENS 32
/// Bounds of the scale of fixed-point activations, powers of two: times a weight's scale it is then seldom subnormal or
/// infinite. Smaller activations are rounded to multiples of the least, larger ones are cut off.
#define CK_LEAST_SCALE 0x1p-80f
#define CK_MOST_SCALE 0x1p63f
/// The most tokens of an attention call.
#define CK_ATTENTION_TOKENS 16
/// Positions whose scores attention keeps before it goes on to their values.
#define CK_ATTENTION_BLOCK 128
#define CK_SUM_BLOCK 512

typedef enum { CK_MXFP4 = 0, CK_INT8 = 1, CK_BF16 = 2 } ck_weight_kind;
typedef enum { CK_ACT_F32 = 0, CK_ACT_BF16 = 1, CK_ACT_Q16 = 2, CK_ACT_Q8 = 3 } ck_activation_kind;

/// 32 activations as 16-bit fixed point: x[k] is about scale * (256 * high[i] + low[i]), |256*high + low| <= 32512,
/// stored at i = 4 * (k / 4) + j where order[j] = k % 4 (the byte order of the weights). The scale lies between
/// CK_LEAST_SCALE and CK_MOST_SCALE; offset = -128 * the sum of 256*high + low: what undoes a bias of 128 in the weights.
typedef struct {
  int8_t high[32];
  int8_t low[32];
  float scale;
  int32_t offset;
} ck_q16_block;

/// 32 activations as 8-bit fixed point: x[k] is about scale * values[i], |values[i]| <= 127; order, scale and offset as
/// of ck_q16_block.
typedef struct {
  int8_t values[32];
  float scale;
  int32_t offset;
} ck_q8_block;

/// One matrix product: some row groups of one matrix by `tokens` rows of activations.
typedef struct {
  const uint8_t *weights;     ///< blocks or values of the whole matrix, 64-byte aligned
  const uint8_t *scales;      ///< scales of the whole matrix; NULL for CK_BF16
  int32_t columns;            ///< inputs, a multiple of 32
  int32_t row_group_begin;    ///< first row group to compute
  int32_t row_group_end;      ///< one past the last
  int32_t tokens;             ///< rows of activations, >= 1
  const void *activations;    ///< first row, 64-byte aligned
  size_t activation_stride;   ///< bytes from one row to the next, a multiple of 64, of fixed point of 8
  float *out;                 ///< token m, row r goes to out[m * out_stride + r] (r counted in the whole matrix)
  size_t out_stride;          ///< floats from one token to the next
  const float *bias;          ///< one per padded row, or NULL
  uint8_t *scratch;           ///< ck_matmul_scratch_bytes(columns) bytes, 64-byte aligned, private to the thread
} ck_matmul;

typedef void (*ck_matmul_function)(const ck_matmul *);

/// What a page of keys or values is made of. A page covers CK_PAGE_TOKENS positions. Keys are transposed: element
/// (d, t), of dimension d and position t, is at d * CK_PAGE_TOKENS + t. Of values it is at t * head_dim + d.
///
///   CK_PAGE_F32, CK_PAGE_F16   floats or half floats, nothing else.
///   CK_PAGE_I8                 signed bytes -127..127; behind them half-float scales [blocks][CK_PAGE_TOKENS], a block
///                              being 32 dimensions (or what is left): value = byte * scale of (d / 32, t).
typedef enum { CK_PAGE_F32 = 0, CK_PAGE_F16 = 1, CK_PAGE_I8 = 2 } ck_page_element;

/// Attention of a tile of consecutive tokens of one sequence: the query heads that share one key/value head ("group").
///
/// Token i has position p = first_position + i and sees the positions max(0, p + 1 - window) ... p, or all up to p if
/// window is 0. For each head h, score_j = (query . key_j) * scale for every visible position j, then a softmax over
/// the scores and the sink sinks[h] (which has no value), with a maximum subtracted; the result is the sum of
/// probabilities times values. A token's result has the same bits whatever tile it is computed in: work proceeds in
/// blocks of CK_ATTENTION_BLOCK positions from multiples of it on, for every token over its visible positions alone.
/// (The AMX set multiplies numbers of 16 bits, but for pages of floats.)
typedef struct {
  const float *queries;         ///< token i, head h: queries + i * query_stride + h * head_dim, rotated
  size_t query_stride;          ///< floats from one token to the next
  int32_t tokens;               ///< 1 ... CK_ATTENTION_TOKENS
  int32_t first_position;       ///< of token 0
  int32_t window;               ///< positions that a token sees, itself included; 0 sees all
  int32_t group;                ///< query heads per key/value head
  int32_t head_dim;             ///< even
  ck_page_element element;
  const uint8_t *pages;         ///< keys of page number 0 for this layer and key/value head, 64-byte aligned
  size_t page_stride;           ///< bytes from a page to the next number's
  size_t value_offset;          ///< bytes from the keys of a page to its values
  const int32_t *page_numbers;  ///< page_numbers[i] covers positions (first_page + i) * CK_PAGE_TOKENS ...
  int32_t first_page;
  float scale;                  ///< > 0
  const float *sinks;           ///< [group]
  float *out;                   ///< token i, head h: out + i * out_stride + h * head_dim
  size_t out_stride;            ///< floats from one token to the next
  uint8_t *scratch;             ///< ck_attention_scratch_bytes(group, head_dim), 64-byte aligned
} ck_attention;

typedef void (*ck_attention_function)(const ck_attention *);

/// Which activation kind a precision uses for a weight kind: `small` below `threshold` tokens, `large` from it.
typedef struct {
  ck_activation_kind small;
  ck_activation_kind large;
  int32_t threshold;
} ck_activation_choice;

/// The kernels of one instruction set. A NULL entry is filled by `ck_select` from the next simpler set.
typedef struct {
  const char *name;                       ///< "scalar", "avx2", "avx512", "amx", "neon"
  void (*thread_begin)(void);             ///< prepares a thread to run the set; NULL if there is nothing to prepare
  void (*thread_end)(void);               ///< undoes thread_begin
  ck_matmul_function matmul[3][4];        ///< [ck_weight_kind][ck_activation_kind]
  ck_activation_choice fast[3];           ///< [ck_weight_kind]; never CK_ACT_Q8
  ck_activation_choice int8[3];           ///< [ck_weight_kind]; CK_ACT_Q8 where it is faster than `fast`
  ck_attention_function attention;        ///< pages of every element

  /// out[i] = x[i] * rsqrt(mean(x^2) + epsilon) * gain[i]; mean in double or in float lanes; n >= 1.
  void (*rms_norm)(const float *x, const float *gain, float epsilon, int32_t n, float *out);
  /// n floats to bfloat16, round to nearest even (NaN stays NaN).
  void (*to_bf16)(const float *x, int32_t n, uint16_t *out);
  /// n floats (a multiple of 32) to n / 32 blocks of the scale that takes the largest to 32512, within the bounds of
  /// scales, round to nearest even. What is beyond the range takes its end; NaN counts as zero.
  void (*to_q16)(const float *x, int32_t n, ck_q16_block *out);
  /// The same to 8 bits: the largest becomes 127.
  void (*to_q8)(const float *x, int32_t n, ck_q8_block *out);
  /// n floats to half floats, clamped to +-65504, round to nearest even.
  void (*to_f16)(const float *x, int32_t n, uint16_t *out);
  /// n floats to signed bytes and a half-float scale per 32 (or what is left): scale = largest magnitude / 127, byte =
  /// x / scale, to nearest even and within +-127, 0 if the scale is. A NaN may become any byte.
  void (*to_i8)(const float *x, int32_t n, int8_t *out, uint16_t *scales);
  /// Rotates `heads` heads of head_dim floats in place: pairs (i, i + head_dim / 2), cosines and sines [head_dim / 2].
  void (*rope)(float *x, int32_t heads, int32_t head_dim, const float *cosines, const float *sines);
  /// gate_up holds pairs of row groups: 16 gates, then the 16 ups of the same units. For unit groups begin..<end:
  /// g = min(gate, limit), u = clamp(up, -limit, limit), out[16*i + r] = g * sigmoid(alpha * g) * (u + 1).
  void (*swiglu)(const float *gate_up, int32_t begin, int32_t end, float limit, float alpha, float *out);
  /// y[i] += w * x[i].
  void (*scale_add)(float *y, const float *x, float w, int32_t n);
  /// Index of the largest of n values, the lowest index on ties; NaN counts as the smallest. n >= 1.
  int32_t (*argmax)(const float *x, int32_t n);
  /// Sum of exp((x[i] - maximum) * inverse_temperature) over the x[i] >= bound (NaN is not; none exceeds the maximum;
  /// bound > -infinity). If `blocks` is not NULL, blocks[b] becomes the sum over the b-th CK_SUM_BLOCK values; the result
  /// is the sum of these in order, in double. At the inverse temperature 0 it is the exact number of the values.
  double (*sum_exp)(
      const float *x, int32_t n, float maximum, float inverse_temperature, float bound, double *blocks);
  /// Writes the ascending indices of the values with low <= x[i] < high (NaN is not), at most `capacity`, and returns
  /// their number, or capacity + 1 if there are more than are written.
  int32_t (*gather)(const float *x, int32_t n, float low, float high, int32_t capacity, int32_t *indices);
} ck_kernels;

/// Bytes of scratch that a matmul over `columns` inputs may use.
static inline size_t ck_matmul_scratch_bytes(int32_t columns) { return (size_t)columns * 64 * 4 + 16384; }
/// Bytes of one element of a page, scales apart.
static inline int32_t ck_element_bytes(ck_page_element element) { return 4 >> element; }
/// Bytes of the keys (or values) of one page, layer and key/value head: a multiple of 64.
static inline size_t ck_page_bytes(ck_page_element element, int32_t head_dim) {
  const size_t scales = element == CK_PAGE_I8 ? (size_t)(head_dim + 31) / 32 * CK_PAGE_TOKENS * 2 : 0;
  return (size_t)head_dim * CK_PAGE_TOKENS * (size_t)ck_element_bytes(element) + scales;
}
/// Bytes of scratch that an attention call may use.
static inline size_t ck_attention_scratch_bytes(int32_t group, int32_t head_dim) {
  const size_t rows = (size_t)group * CK_ATTENTION_TOKENS, dims = ((size_t)head_dim + 31) / 32 * 32;
  return (rows * (CK_ATTENTION_BLOCK + 2 * dims + 17) + dims * (CK_PAGE_TOKENS + CK_ATTENTION_BLOCK)) * 4;
}

/// The kernels for `name` ("scalar", "avx2", "avx512", "amx", "neon"), gaps filled from simpler sets; for NULL or "" the
/// best this machine can run. Writes the complete table and returns 1, or returns 0 if the name is unknown or this
/// machine cannot run it. Asks Linux for the AMX permission when it considers "amx": call before starting threads.
int ck_select(const char *name, ck_kernels *out);

/// Per-thread preparation (AMX tile configuration). Call on each thread that runs kernels of a set, once.
void ck_thread_begin(const ck_kernels *kernels);
/// Undoes ck_thread_begin.
void ck_thread_end(const ck_kernels *kernels);

/// Tells the processor that the thread spins.
static inline void ck_spin_hint(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Keeps the calling thread on one logical processor; does nothing where the system cannot or will not.
void ck_pin_thread(int32_t processor);

/// Sum of all bytes' 64-bit words: the read-bandwidth probe (bytes a multiple of 64).
uint64_t ck_read_probe(const uint8_t *bytes, size_t count);

/// Runs `rounds` rounds of the set's widest multiply-add on registers and returns the floating-point operations done: the
/// matrix-rate probe. On a thread prepared by ck_thread_begin.
double ck_matrix_probe(const ck_kernels *kernels, uint64_t rounds);

// The sets themselves (entries may be NULL; use ck_select).
extern const ck_kernels ck_scalar_kernels;
#if defined(__x86_64__)
extern const ck_kernels ck_avx2_kernels;
extern const ck_kernels ck_avx512_kernels;
extern const ck_kernels ck_amx_kernels;
#elif defined(__aarch64__)
extern const ck_kernels ck_neon_kernels;
#endif

#endif
