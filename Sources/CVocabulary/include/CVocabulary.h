// The o200k vocabulary and the Unicode classes of the split patterns, embedded in the binary.
// Scripts/make-vocabulary makes both files and describes their layout.
#ifndef CVOCABULARY_H
#define CVOCABULARY_H

#include <stddef.h>
#include <stdint.h>

/// The bytes of o200k_base.bin, `*count` of them.
const uint8_t *cvocabulary_o200k(size_t *count);
/// The bytes of unicode_classes.bin, `*count` of them.
const uint8_t *cvocabulary_classes(size_t *count);

#endif
