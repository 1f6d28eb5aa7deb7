// The loops that turn a checkpoint's tensors into the kernels' weight layouts (drawn in CKernels.h).
//
// Contract of every function here, as in CKernels.h: no allocation, no threads, no mutable globals, no failure; the
// caller checks shapes and bounds. Results depend on the arguments alone, not on the instruction set.
//
// "Row group g" of an output holds 16 rows. Which source row is row r of group g is given by a row order:
//   CC_ROWS_PLAIN        16 * g + r
//   CC_ROWS_INTERLEAVED  gates and ups of a gate_up matrix are interleaved in the source (2j gate, 2j + 1 up); groups
//                        come in pairs here, 16 gates then the 16 ups of the same units: 2 * (16 * (g / 2) + r) + g % 2
// Source rows at or past `rows` do not exist; they become zeros.
#ifndef CCONVERSION_H
#define CCONVERSION_H

#include <stddef.h>
#include <stdint.h>

typedef enum { CC_BF16 = 0, CC_F16 = 1, CC_F32 = 2 } cc_element;
typedef enum { CC_ROWS_PLAIN = 0, CC_ROWS_INTERLEAVED = 1 } cc_row_order;

/// What quantising did to a tensor or a part of one; sums are added to what is there.
typedef struct {
  double squared_error;      ///< sum of (value - decoded)^2
  double squared_sum;        ///< sum of value^2
  uint64_t inexact_groups;   ///< groups of 32 whose decoded values differ from the source
  uint64_t groups;           ///< groups of 32 that were quantised
  uint64_t not_finite;       ///< source values that are NaN or infinite (stored as zero)
} cc_error;

/// MXFP4 rows to row groups: `blocks` [rows][k_blocks][16] (byte i: element 2i low, 2i + 1 high), `scales`
/// [rows][k_blocks]; groups group_begin..<group_end go to out_blocks [..][k_blocks][256] and out_scales
/// [..][k_blocks][16], the first at index 0. Value-exact.
void cc_mxfp4_pack(const uint8_t *blocks, const uint8_t *scales, size_t rows, size_t k_blocks, cc_row_order order,
                   size_t group_begin, size_t group_end, uint8_t *out_blocks, uint8_t *out_scales);

/// Transposed values [32 * k_blocks][rows] to MXFP4 row groups 0..<groups at out_blocks [groups][k_blocks][256] and
/// out_scales [groups][k_blocks][16]. Per row and k block the scale is the one with the least squared error of all; a
/// block on the MXFP4 grid comes back exactly. Ties of a value go to the even code, ties of a scale to the usual
/// choice, by which the largest value becomes 4 or 6 times the scale.
void cc_quantize_mxfp4_transposed(const void *source, cc_element element, size_t rows, size_t k_blocks,
                                  cc_row_order order, size_t groups, uint8_t *out_blocks, uint8_t *out_scales,
                                  cc_error *error);

/// Quantises 32 values to one MXFP4 block: 16 bytes in the checkpoint order (byte i: element 2i low, 2i + 1 high).
/// Returns the scale byte.
uint8_t cc_quantize_mxfp4_block(const float *values, uint8_t *out_block, cc_error *error);

/// The 32 values of an MXFP4 block in checkpoint order. Scales above 252 may give infinities.
void cc_decode_mxfp4_block(const uint8_t *block, uint8_t scale, float *out);

/// `rows` rows [rows][32 * k_blocks] to (rows + 15) / 16 int8 row groups: out_values [groups][k_blocks][512],
/// out_scales [groups][k_blocks][16] half floats. Symmetric, 32 values per scale, round to nearest even.
void cc_quantize_int8(const void *source, cc_element element, size_t rows, size_t k_blocks, uint8_t *out_values,
                      uint16_t *out_scales, cc_error *error);

/// `rows` rows [rows][columns] (columns even) to bfloat16 row groups [groups][columns / 2][16][2]. Returns how many
/// values bfloat16 cannot hold exactly (they are rounded to nearest even); 0 for a bfloat16 source.
uint64_t cc_pack_bf16(const void *source, cc_element element, size_t rows, size_t columns, uint16_t *out);

/// `count` values to bfloat16. Returns how many are not exact.
uint64_t cc_to_bf16(const void *source, cc_element element, size_t count, uint16_t *out);

/// `count` values to floats, exactly.
void cc_to_f32(const void *source, cc_element element, size_t count, float *out);

/// Fills `words` with the pseudo-random stream of a seed from word `position` on (SplitMix64 in counter mode, so any
/// part of a stream can be made alone).
void cc_random_words(uint64_t seed, uint64_t position, size_t count, uint64_t *words);

/// bfloat16 values, roughly normal with the given standard deviation and mean, numbers position..<position + count of
/// the seed's stream.
void cc_random_bf16(uint64_t seed, uint64_t position, size_t count, float deviation, float mean, uint16_t *out);

/// MXFP4 scale bytes `base`, `base` + 1 or `base` - 1, one per block of a random tensor.
void cc_random_scales(uint64_t seed, uint64_t position, size_t count, uint8_t base, uint8_t *out);

/// MXFP4 rows `blocks` [rows][k_blocks][16] and `scales` [rows][k_blocks] as transposed bfloat16 [32 * k_blocks][rows];
/// exact for scales up to 252.
void cc_decode_mxfp4_transposed(const uint8_t *blocks, const uint8_t *scales, size_t rows, size_t k_blocks,
                                uint16_t *out);

/// How much a tensor differs from another one; sums are added to what is there.
typedef struct {
  double squared_difference;  ///< sum of (value - base value)^2; 0 only if all are equal, infinite where one is no number
  double squared_sum;         ///< sum of (base value)^2
} cc_difference;

/// Compares MXFP4 row groups of one shape: `blocks` blocks of 256 bytes with 16 scales each.
void cc_compare_mxfp4(const uint8_t *base, const uint8_t *base_scales, const uint8_t *other,
                      const uint8_t *other_scales, size_t blocks, cc_difference *difference);

/// Compares int8 row groups of one shape: `blocks` blocks of 512 bytes with 16 half-float scales each.
void cc_compare_int8(const uint8_t *base, const uint16_t *base_scales, const uint8_t *other,
                     const uint16_t *other_scales, size_t blocks, cc_difference *difference);

/// Compares `count` values in any order that both have.
void cc_compare(const void *base, const void *other, cc_element element, size_t count, cc_difference *difference);

#endif
