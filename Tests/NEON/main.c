// Checks the NEON set, with and without the byte dot product, and that it is what the selection finds.
#include <stdio.h>
#include <string.h>

#include "../../Sources/CKernels/neon.h"
#include "KernelChecks.h"

static int check(const char *title, const ck_kernels *table) {
  char message[512] = "";
  long count = kc_check_table(table, message, sizeof message);
  if (count < 0)
    printf("FAILED %s: %s\n", title, message);
  else
    printf("passed %s: %ld comparisons\n", title, count);
  return count < 0;
}

int main(void) {
  ck_kernels without_dot = ck_neon_kernels, with_dot = ck_neon_kernels, chosen;
  without_dot.matmul[CK_MXFP4][CK_ACT_Q16] = ck_neon_mxfp4_q16;
  without_dot.matmul[CK_INT8][CK_ACT_Q16] = ck_neon_int8_q16;
  with_dot.matmul[CK_MXFP4][CK_ACT_Q16] = ck_neon_mxfp4_q16_dot;
  with_dot.matmul[CK_INT8][CK_ACT_Q16] = ck_neon_int8_q16_dot;
  int failures = check("neon", &with_dot) + check("neon without dot products", &without_dot);
  if (!ck_select(NULL, &chosen) || strcmp(chosen.name, "neon")) {
    printf("FAILED selection: the best set is %s, expected neon\n", chosen.name);
    failures++;
  }
  return failures != 0;
}
