/* Opens very many connections, leaves them idle, and tells what they cost: memory of the server's
 * process and of the kernel, and the CPU time of a ping to each.
 *
 * usage: idle [CONNECTIONS]     200,000 unless said */
#include "crowd/crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONNECTIONS = 200000, PING_ROUNDS = 5 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* What the kernel's objects take, of all processes of the machine. */
static double slab_bytes(void)
{
    char line[128];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/meminfo", "r");
    crowd_need(file != NULL, "/proc/meminfo");
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "Slab: %llu kB", &kib) == 1)
            break;
    fclose(file);
    return (double)kib * 1024;
}

static void print_ping_round(struct crowd *crowd, uint32_t connections)
{
    struct crowd_usage before = crowd_usage(crowd);
    double begin = now();
    crowd_ping(crowd);
    double seconds = now() - begin;
    struct crowd_usage after = crowd_usage(crowd);
    double user = (double)(after.user_ns - before.user_ns) / connections;
    double system = (double)(after.system_ns - before.system_ns) / connections;
    printf("ping round         %.2f s, %.0f ns of the servers' CPU per connection (%.0f of them "
           "user)\n",
           seconds, user + system, user);
}

int main(int argc, char **argv)
{
    uint32_t connections = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : CONNECTIONS;
    if (argc > 2 || connections == 0) {
        fprintf(stderr, "usage: idle [CONNECTIONS]\n");
        return 2;
    }
    double slab_before = slab_bytes();
    struct crowd *crowd = crowd_start(connections);
    double begin = now();
    crowd_open(crowd);
    printf("connections        %u, opened in %.1f s\n", connections, now() - begin);
    printf("server processes   %u (the hard limit of descriptors allows %u connections in one)\n",
           crowd_processes(crowd), crowd_process_max());
    struct crowd_usage usage = crowd_usage(crowd);
    printf("opening            %.0f ns of the servers' CPU per connection (%.0f of them user)\n",
           (double)(usage.user_ns + usage.system_ns) / connections,
           (double)usage.user_ns / connections);
    printf("memory, process    %.0f bytes per connection\n",
           (double)usage.memory_bytes / connections);
    printf("memory, kernel     %.0f bytes per connection (slab; both ends are on this machine)\n",
           (slab_bytes() - slab_before) / connections);
    fflush(stdout);
    for (int i = 0; i < PING_ROUNDS; i++)
        print_ping_round(crowd, connections);
    printf("memory, process    %.0f bytes per connection after the pings\n",
           (double)crowd_usage(crowd).memory_bytes / connections);
    crowd_end(crowd);
    return 0;
}
