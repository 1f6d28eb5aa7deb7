// Compares a table of kernels with double arithmetic done straight from the layouts' definition.
#ifndef KERNEL_CHECKS_H
#define KERNEL_CHECKS_H

#include <stddef.h>

#include "CKernels.h"

/// Checks every function of the set that `ck_select` gives for `name`, on a thread prepared for it. Returns the number
/// of comparisons, 0 if this machine cannot run the set, or -1 with the first mismatch described in `message`.
long kc_check_set(const char *name, char *message, size_t capacity);

/// The AMX set with its tile instructions emulated, gaps filled from the AVX-512 set. Writes it and returns 1, or returns
/// 0 if this machine lacks AVX-512 with BF16.
int kc_select_emulated_amx(ck_kernels *out);

/// The same as `kc_check_set` for the products of the AMX set, its tile instructions emulated; needs AVX-512 with BF16.
long kc_check_emulated_amx(char *message, size_t capacity);

/// Checks the functions of `table` that are not NULL.
long kc_check_table(const ck_kernels *table, char *message, size_t capacity);

/// The parts of it.
long kc_check_matmuls(const ck_kernels *table, char *message, size_t capacity);
long kc_check_attention(const ck_kernels *table, char *message, size_t capacity);
long kc_check_elementwise(const ck_kernels *table, char *message, size_t capacity);

#endif
