/* Unpredictable bytes from the kernel (getrandom), in batches kept per thread: keys and masks. */
#ifndef WF_IO_RANDOM_H
#define WF_IO_RANDOM_H

#include <stddef.h>

/* Fills `out`. Never fails: without a source of randomness the process is ended (abort), since keys
 * that can be guessed must not leave it. `user` is not used. */
void wf_random(void *out, size_t count, void *user);

#endif
