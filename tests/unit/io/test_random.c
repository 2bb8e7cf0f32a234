#include "io/random.h"

#include "support/cases.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int compare_words(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* No 8 bytes come twice, and every bit is now set, now clear. */
static void test_differs(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    static uint64_t words[COUNT];
    uint64_t ever_set = 0, ever_clear = 0;
    for (int i = 0; i < COUNT; i++) {
        wf_random(&words[i], sizeof words[i], NULL);
        ever_set |= words[i];
        ever_clear |= ~words[i];
    }
    assert_true(ever_set == UINT64_MAX && ever_clear == UINT64_MAX);
    qsort(words, COUNT, sizeof *words, compare_words);
    for (int i = 1; i < COUNT; i++)
        assert_true(words[i - 1] != words[i]);
}

/* Every size fills what it should and nothing behind: small ones from the batch, large ones
 * directly. */
static void test_sizes(void **state)
{
    (void)state;
    for (size_t count = 0; count < 3000; count = count < 300 ? count + 1 : count + 97) {
        uint8_t *out = malloc(count + 1), *seen = calloc(count + 1, 1);
        assert_true(out && seen);
        out[count] = 0xA5;
        for (int round = 0; round < 40; round++) {
            memset(out, 0, count);
            wf_random(out, count, NULL);
            for (size_t i = 0; i < count; i++)
                seen[i] |= out[i];
        }
        for (size_t i = 0; i < count; i++)
            assert_int_not_equal(seen[i], 0);
        assert_int_equal(out[count], 0xA5);
        free(out);
        free(seen);
    }
}

static void test_fork(void **state)
{
    (void)state;
    uint8_t warm, mine[16], childs[16];
    int ends[2];
    wf_random(&warm, 1, NULL);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        wf_random(childs, sizeof childs, NULL);
        _exit(write(ends[1], childs, sizeof childs) != sizeof childs);
    }
    assert_true(child > 0);
    assert_int_equal(read(ends[0], childs, sizeof childs), sizeof childs);
    assert_int_equal(waitpid(child, NULL, 0), child);
    wf_random(mine, sizeof mine, NULL);
    assert_memory_not_equal(mine, childs, sizeof mine);
    close(ends[0]);
    close(ends[1]);
}

static void *fill(void *user)
{
    wf_random(user, 16, NULL);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    uint8_t out[4][16];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fill, out[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 1; i < 4; i++)
        assert_memory_not_equal(out[i - 1], out[i], 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differs),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
