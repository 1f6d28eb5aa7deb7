// The random weights of synthetic checkpoints.
#include "conversion.h"

/// SplitMix64 at a position of a stream (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
static inline uint64_t random_word(uint64_t seed, uint64_t position) {
  uint64_t z = seed + (position + 1) * 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}

void cc_random_words(uint64_t seed, uint64_t position, size_t count, uint64_t *words) {
  for (size_t i = 0; i < count; i++) words[i] = random_word(seed, position + i);
}

void cc_random_bf16(uint64_t seed, uint64_t position, size_t count, float deviation, float mean, uint16_t *out) {
  // The sum of four uniform 16-bit numbers is close to normal: mean 2 * 65535, variance (65536^2 - 1) / 3.
  const float factor = deviation / 37837.2f;
  for (size_t i = 0; i < count; i++) {
    uint64_t word = random_word(seed, position + i);
    int32_t sum = (int32_t)(word & 0xffff) + (int32_t)(word >> 16 & 0xffff) + (int32_t)(word >> 32 & 0xffff) +
                  (int32_t)(word >> 48);
    out[i] = float_bits_to_bf16(float_to_bits((float)(sum - 131070) * factor + mean));
  }
}

void cc_random_scales(uint64_t seed, uint64_t position, size_t count, uint8_t base, uint8_t *out) {
  static const int8_t steps[4] = {-1, 0, 0, 1};
  for (size_t i = 0; i < count; i++) {
    uint64_t word = random_word(seed, (position + i) / 16);
    out[i] = (uint8_t)(base + steps[word >> (position + i) % 16 * 4 & 3]);
  }
}
