#include "kernel_checks.h"

long kc_check_table(const ck_kernels *table, char *message, size_t capacity) {
  long elementwise = kc_check_elementwise(table, message, capacity);
  if (elementwise < 0) return -1;
  long attention = kc_check_attention(table, message, capacity);
  if (attention < 0) return -1;
  long matmuls = kc_check_matmuls(table, message, capacity);
  return matmuls < 0 ? -1 : elementwise + attention + matmuls;
}

long kc_check_set(const char *name, char *message, size_t capacity) {
  ck_kernels table;
  if (!ck_select(name, &table)) return 0;
  ck_thread_begin(&table);
  long count = kc_check_table(&table, message, capacity);
  ck_thread_end(&table);
  return count;
}
