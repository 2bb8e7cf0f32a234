#include "measured.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void measured_die(const char *what)
{
    fprintf(stderr, "load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

double measured_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

double measured_cpu_ns(const struct measured *server)
{
    char path[320];
    double sum = 0;
    snprintf(path, sizeof path, "/proc/%s/task", server->pid);
    DIR *folder = opendir(path);
    if (!folder)
        measured_die(path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        unsigned long long ns;
        snprintf(path, sizeof path, "/proc/%s/task/%s/schedstat", server->pid, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (file && fscanf(file, "%llu", &ns) == 1)
            sum += (double)ns;
        if (file)
            fclose(file);
    }
    closedir(folder);
    return sum;
}

double measured_memory_bytes(const struct measured *server)
{
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%s/statm", server->pid);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        measured_die(path);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

void measured_print(uint64_t count, double seconds, double cpu_ns)
{
    errno = 0;
    if (count == 0)
        measured_die("nothing has come");
    printf("{\"messages\": %llu, \"seconds\": %.4f, \"cpu_ns\": %.1f", (unsigned long long)count,
           seconds, cpu_ns / (double)count);
}
