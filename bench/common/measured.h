/* The server that is measured, as its generators see it: its process and its port. What fails ends
 * the program with a line. */
#ifndef BENCH_MEASURED_H
#define BENCH_MEASURED_H

#include <stdint.h>

struct measured {
    const char *pid;
    uint16_t port; /* Of 127.0.0.1. */
};

/* With the text of errno, where that is not 0. */
_Noreturn void measured_die(const char *what);

/* Seconds of the monotonic clock. */
double measured_now(void);

/* Nanoseconds on a CPU of all threads of the server. */
double measured_cpu_ns(const struct measured *server);

/* Resident memory of the server. */
double measured_memory_bytes(const struct measured *server);

/* What run.py reads: one line of JSON without its end: more may follow. */
void measured_print(uint64_t count, double seconds, double cpu_ns);

#endif
