// Where a thread runs: a call that Swift does not see, since glibc keeps it behind _GNU_SOURCE.
#define _GNU_SOURCE
#include "CKernels.h"

#if defined(__linux__)
#include <sched.h>

void ck_pin_thread(int32_t processor) {
  if (processor < 0 || processor >= CPU_SETSIZE) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET((size_t)processor, &set);
  // A refusal leaves the thread where the system wants it.
  (void)sched_setaffinity(0, sizeof set, &set);
}
#else
void ck_pin_thread(int32_t processor) { (void)processor; }
#endif
