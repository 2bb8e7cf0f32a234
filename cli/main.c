/* weft: picks the command. */
#include "args.h"
#include "cli.h"
#include "weft/weft.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct cli_command commands[] = {
    { "serve", "serves the site, an echo endpoint and the chat", cli_serve },
    { "connect", "connects a terminal or a pipe to a WebSocket server", cli_connect },
    { "bench", "loads a WebSocket server and measures what it does", cli_bench },
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static const struct cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static enum cli_status print_help(void)
{
    printf("usage: weft COMMAND [OPTION]...\n\nWebSockets from the command line.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  weft %-9s %s\n", commands[i].name, commands[i].summary);
    printf("\n  weft help COMMAND (or weft COMMAND --help) tells the options of a command\n"
           "  weft --version    prints the version\n");
    return CLI_DONE;
}

static enum cli_status complain_about(const char *name)
{
    return args_complain(NULL, name[0] == '-' ? "unknown option %s" : "unknown command %s", name);
}

static enum cli_status help(int argc, char **argv)
{
    if (argc < 2)
        return print_help();
    const struct cli_command *command = find_command(argv[1]);
    if (!command)
        return complain_about(argv[1]);
    return command->run(2, (char *[]){ argv[1], "--help", NULL });
}

static enum cli_status run(int argc, char **argv)
{
    if (argc < 2)
        return args_complain(NULL, "a command is missing");
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return print_help();
    if (strcmp(word, "help") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(word, "--version") == 0) {
        printf("weft %s\n", weft_version());
        return CLI_DONE;
    }
    const struct cli_command *command = find_command(word);
    return command ? command->run(argc - 1, argv + 1) : complain_about(word);
}

/* Else the first socket could become descriptor 1, and messages would go to the wrong place. */
static void open_standard_streams(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    open_standard_streams();
    enum cli_status status = run(argc, argv);
    /* What was printed must have arrived: "weft --help >/dev/full" is a failure. */
    if (fflush(stdout) != 0 && status == CLI_DONE)
        status = CLI_FAILED;
    return (int)status;
}
