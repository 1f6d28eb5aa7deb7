// Counts the allocations of a thread by taking the place of the C library's allocation functions.
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

/// Whether allocations can be counted here: only with the GNU C library and without an address sanitizer.
int ac_is_available(void);

/// Begins to count the allocations of the calling thread, from 0.
void ac_begin(void);

/// Ends the count and returns it.
long ac_end(void);

#endif
