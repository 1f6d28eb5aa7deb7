// Compares a table of kernels with double arithmetic done straight from the layouts' definition.
#ifndef KERNEL_CHECKS_H
#define KERNEL_CHECKS_H

#include <stddef.h>

#include "CKernels.h"

/// Runs every function of `table` that is not NULL at many shapes. Returns the number of comparisons, or -1 with the
/// first mismatch described in `message`.
long kc_check_table(const ck_kernels *table, char *message, size_t capacity);

/// The parts of it.
long kc_check_matmuls(const ck_kernels *table, char *message, size_t capacity);
long kc_check_attention(const ck_kernels *table, char *message, size_t capacity);
long kc_check_elementwise(const ck_kernels *table, char *message, size_t capacity);

#if defined(__x86_64__)
/// The AMX set with its tile instructions emulated; needs AVX-512 with BF16.
extern const ck_kernels kc_emulated_amx_kernels;
/// Whether this processor can run it.
int kc_can_emulate_amx(void);
/// What ck_thread_begin and ck_thread_end do for it.
void kc_emulated_amx_begin(void);
void kc_emulated_amx_end(void);
#endif

/// Prints rates of the table's products on this machine: GB/s of weights from memory at one token, GFLOP/s at many.
void kc_measure(const ck_kernels *table);

#endif
