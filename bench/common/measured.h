/* The server that is measured, as its generators see it: its process, its port, its handshake. What
 * fails ends the program with a line. */
#ifndef BENCH_MEASURED_H
#define BENCH_MEASURED_H

#include <stdint.h>

struct measured {
    const char *pid;
    uint16_t port; /* Of 127.0.0.1. */
};

_Noreturn void measured_die(const char *what);

/* Seconds of the monotonic clock. */
double measured_now(void);

/* Nanoseconds on a CPU of all threads of the server. */
double measured_cpu_ns(const struct measured *server);

/* Resident memory of the server. */
double measured_memory_bytes(const struct measured *server);

/* A connected descriptor, that blocks. `number` chooses the address that it comes from: one alone
 * has too few ports for many. */
int measured_connect(const struct measured *server, uint32_t number);

void measured_send_request(const struct measured *server, int fd, const char *path);

/* Sends the request and reads the answer, which must be 101, and not a byte more. */
void measured_shake_hands(const struct measured *server, int fd, const char *path);

#endif
