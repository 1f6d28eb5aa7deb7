#include "CVocabulary.h"

static const uint8_t o200k[] = {
#embed "o200k_base.bin"
};

static const uint8_t classes[] = {
#embed "unicode_classes.bin"
};

const uint8_t *cvocabulary_o200k(size_t *count) {
  *count = sizeof o200k;
  return o200k;
}

const uint8_t *cvocabulary_classes(size_t *count) {
  *count = sizeof classes;
  return classes;
}
