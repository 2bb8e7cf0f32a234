/* What a TCP connection asks of the kernel. */
#ifndef WEFT_TCP_H
#define WEFT_TCP_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Zero in a field is its default. Connections that are not TCP (Unix-domain) have none of these.
 * What the kernel would not take (over 32 767 s, over 127 probes) is WEFT_ERR_ARGUMENT.
 */
struct weft_tcp_options {
    bool nodelay_off; /* false: TCP_NODELAY. What is written leaves at once; weft gathers what is
                         sent in one turn of the loop by itself. */
    /* Probes of the kernel's (SO_KEEPALIVE), which find a dead host, but not a dead program: the
       pings of weft find both. 0: none are sent. Else after so much silence. */
    uint32_t keepalive_idle_s;
    uint32_t keepalive_interval_s; /* Between two probes without an answer. 0: the system's. */
    uint32_t keepalive_count; /* So many without an answer end the connection. 0: the system's. */
};

#ifdef __cplusplus
}
#endif
#endif
