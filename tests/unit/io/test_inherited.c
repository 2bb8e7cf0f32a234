#include "io/inherited.h"

#include "support/cases.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TAKEN_MAX = 5 };

static const struct {
    const char *name;
    bool is_for_other; /* LISTEN_PID is another process's. */
    const char *fds, *names;
    const char *wanted; /* The name that is asked for, again and again. */
    int taken[TAKEN_MAX];
} cases[] = {
    { "nothing is said", false, NULL, NULL, "", { -1 } },
    { "one", false, "1", NULL, "", { 3, -1 } },
    { "two", false, "2", "a:b", "", { 3, 4, -1 } },
    { "by name", false, "3", "a:b:a", "a", { 3, 5, -1 } },
    { "by another name", false, "2", "a:b", "c", { -1 } },
    { "names are missing", false, "3", "a", "unknown", { 4, 5, -1 } },
    { "no names", false, "2", NULL, "unknown", { 3, 4, -1 } },
    { "an empty name", false, "2", ":b", "b", { 4, -1 } },
    { "for another process", true, "2", "a:b", "", { -1 } },
    { "no number", false, "2x", NULL, "", { -1 } },
    { "negative", false, "-1", NULL, "", { -1 } },
    { "too many", false, "65", NULL, "", { -1 } },
    { "far too many", false, "99999999999999999999", NULL, "", { -1 } },
};

static void set(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

/* In a child, whose environment and descriptors it may change. 0: as expected. */
static int take_all(size_t index)
{
    char pid[32];
    snprintf(pid, sizeof pid, "%ld", (long)getpid() + cases[index].is_for_other);
    set("LISTEN_PID", cases[index].fds ? pid : NULL);
    set("LISTEN_FDS", cases[index].fds);
    set("LISTEN_FDNAMES", cases[index].names);
    for (int fd = 3; fd < 6; fd++)
        if (dup2(0, fd) != fd)
            return 1;
    for (size_t i = 0;; i++) {
        int fd = wf_inherited_take(weft_text_of(cases[index].wanted));
        if (fd != cases[index].taken[i])
            return 2;
        if (fd < 0)
            break;
        if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC))
            return 3;
    }
    bool was_ours = cases[index].fds && !cases[index].is_for_other;
    if (was_ours && (getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES")))
        return 4;
    if (cases[index].is_for_other && !getenv("LISTEN_PID"))
        return 5;
    if (cases[index].taken[0] < 0)
        return 0;
    wf_inherited_give_back(cases[index].taken[0]);
    return wf_inherited_take(weft_text_of(NULL)) == 3 || cases[index].taken[0] != 3 ? 0 : 6;
}

static void descriptors_and_their_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  %s\n", cases[i].name);
        pid_t child = fork();
        if (child == 0)
            _exit(take_all(i));
        assert_true(child > 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(descriptors_and_their_names) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
