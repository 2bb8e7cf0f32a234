/* What the files of the program share: its commands and their exit statuses. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

enum cli_status {
    CLI_DONE = 0,   /* It worked; for `connect`: the connection was closed cleanly. */
    CLI_FAILED = 1, /* The world said no. */
    CLI_USAGE = 2,  /* The caller asked for something that does not exist. */
};

/* One command; argv[0] is its name. */
struct cli_command {
    const char *name;
    const char *summary;
    enum cli_status (*run)(int argc, char **argv);
};

enum cli_status cli_serve(int argc, char **argv);
enum cli_status cli_connect(int argc, char **argv);
enum cli_status cli_bench(int argc, char **argv);

#endif
