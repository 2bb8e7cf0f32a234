/* How costs grow: of a connection and of a message with the number of connections, of a delivery
 * with the number of subscribers, of a message with the number of topics. CPU time of the server
 * processes, user and kernel, as tables in Markdown.
 *
 * usage: growth [CONNECTIONS_MAX]     100,000 unless said */
#include "crowd/crowd.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    CONNECTIONS_MAX = 100000,
    MESSAGES = 200000,
    DELIVERIES = 200000,
    TIMES_MIN = 5,
    TOPICS_MAX = 1000000,
    TOPIC_CONNECTIONS = 1000,
    TOPICS_PER_TURN = 100,
    TOPIC_TURNS = 1000,
};

/* For each of `count`, in nanoseconds. */
static double cost(struct crowd_usage before, struct crowd_usage after, double count)
{
    return (double)(after.user_ns + after.system_ns - before.user_ns - before.system_ns) / count;
}

static void print_connections_row(uint32_t connections)
{
    struct crowd *crowd = crowd_start(connections);
    crowd_open(crowd);
    struct crowd_usage opened = crowd_usage(crowd);
    crowd_echo(crowd, connections); /* Each once, to warm up. */
    struct crowd_usage warm = crowd_usage(crowd);
    crowd_echo(crowd, MESSAGES);
    struct crowd_usage echoed = crowd_usage(crowd);

    /* The fewer subscribers, the more messages. */
    uint32_t times = DELIVERIES / connections;
    times = times > TIMES_MIN ? times : TIMES_MIN;
    crowd_subscribe(crowd, 1);
    crowd_publish(crowd, 1, 1);
    struct crowd_usage subscribed = crowd_usage(crowd);
    double delivered = (double)crowd_publish(crowd, times, 1);
    struct crowd_usage published = crowd_usage(crowd);

    printf("| %u | %u | %.0f | %.0f | %.0f | %.0f |\n", connections, crowd_processes(crowd),
           cost((struct crowd_usage){ 0 }, opened, connections), cost(warm, echoed, MESSAGES),
           cost(subscribed, published, delivered), (double)opened.memory_bytes / connections);
    fflush(stdout);
    crowd_end(crowd);
}

static void print_topics_row(uint32_t topics)
{
    uint32_t connections = topics < TOPIC_CONNECTIONS ? topics : TOPIC_CONNECTIONS;
    struct crowd *crowd = crowd_start(connections);
    crowd_open(crowd);
    struct crowd_usage opened = crowd_usage(crowd);
    crowd_subscribe(crowd, topics);
    struct crowd_usage subscribed = crowd_usage(crowd);
    crowd_publish(crowd, TOPIC_TURNS / 10, TOPICS_PER_TURN);
    struct crowd_usage warm = crowd_usage(crowd);
    double delivered = (double)crowd_publish(crowd, TOPIC_TURNS, TOPICS_PER_TURN);
    struct crowd_usage published = crowd_usage(crowd);

    printf("| %u | %.0f | %.0f | %.0f |\n", topics, cost(opened, subscribed, topics),
           cost(warm, published, delivered),
           (double)(subscribed.memory_bytes - opened.memory_bytes) / topics);
    fflush(stdout);
    crowd_end(crowd);
}

int main(int argc, char **argv)
{
    uint32_t most = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : CONNECTIONS_MAX;
    if (argc > 2 || most == 0) {
        fprintf(stderr, "usage: growth [CONNECTIONS_MAX]\n");
        return 2;
    }
    printf("CPU time of the servers in ns; one server process has at most %u connections here.\n\n",
           crowd_process_max());
    printf("| connections | processes | opening | message | delivery | bytes each |\n"
           "|---:|---:|---:|---:|---:|---:|\n");
    for (uint32_t connections = 100; connections <= most; connections *= 10)
        print_connections_row(connections);
    printf("\n| topics | subscribing | message | bytes each |\n|---:|---:|---:|---:|\n");
    for (uint32_t topics = 100; topics <= TOPICS_MAX; topics *= 10)
        print_topics_row(topics);
    return 0;
}
