#include "base/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char letters[] = "abcdefghij";
enum { COUNT = 10 };

/* A file without a name that has the letters. */
static int open_letters(void)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(letters, 1, COUNT, file), COUNT);
    assert_int_equal(fflush(file), 0);
    int fd = dup(fileno(file));
    assert_true(fd >= 0);
    fclose(file);
    return fd;
}

static weft_blob *memory_blob(void)
{
    weft_blob *blob;
    assert_int_equal(weft_blob_create_copy(letters, COUNT, &blob), WEFT_OK);
    return blob;
}

static weft_blob *file_blob(void)
{
    weft_blob *blob;
    int fd = open_letters();
    assert_int_equal(weft_blob_from_fd(fd, 0, WEFT_BLOB_TO_END, &blob), WEFT_OK);
    close(fd);
    return blob;
}

/* Reads all of it, in pieces of each size. */
static void expect(const weft_blob *blob, const char *wanted)
{
    size_t bytes = strlen(wanted), count;
    assert_int_equal(weft_blob_bytes(blob), bytes);
    for (size_t piece = 1; piece <= bytes + 1; piece++) {
        char found[64] = "";
        size_t at = 0;
        do {
            assert_int_equal(weft_blob_read(blob, at, found + at, piece, &count), WEFT_OK);
            at += count;
        } while (count == piece);
        assert_int_equal(at, bytes);
        assert_string_equal(found, wanted);
    }
    assert_int_equal(weft_blob_read(blob, UINT64_MAX, NULL, 0, &count), WEFT_OK);
    assert_int_equal(count, 0);
}

static const struct {
    int64_t start, end;
    const char *wanted;
} slices[] = {
    { 0, INT64_MAX, "abcdefghij" },
    { 0, 10, "abcdefghij" },
    { 3, 5, "de" },
    { 3, 3, "" },
    { 5, 3, "" },
    { -3, INT64_MAX, "hij" },
    { -3, -1, "hi" },
    { 0, -10, "" },
    { 0, -9, "a" },
    { -100, 2, "ab" },
    { INT64_MIN, INT64_MAX, "abcdefghij" },
    { INT64_MAX, INT64_MIN, "" },
    { 9, 100, "j" },
    { 10, 100, "" },
};

/* Of each slice another one, once the first and the whole are given back. */
static void check_slices(weft_blob *blob)
{
    for (size_t i = 0; i < sizeof slices / sizeof *slices; i++) {
        weft_blob *slice, *rest;
        assert_int_equal(weft_blob_slice(blob, slices[i].start, slices[i].end, &slice), WEFT_OK);
        expect(slice, slices[i].wanted);
        assert_int_equal(weft_blob_slice(slice, 1, INT64_MAX, &rest), WEFT_OK);
        weft_blob_release(slice);
        expect(rest, *slices[i].wanted ? slices[i].wanted + 1 : "");
        weft_blob_release(rest);
    }
    weft_blob *last;
    assert_int_equal(weft_blob_slice(blob, -2, INT64_MAX, &last), WEFT_OK);
    weft_blob_release(blob);
    expect(last, "ij");
    weft_blob_release(last);
}

static void slices_are_those_of_the_standard(void **state)
{
    (void)state;
    check_slices(memory_blob());
    check_slices(file_blob());
}

static void memory_is_in_one_piece_and_a_file_is_not(void **state)
{
    (void)state;
    weft_blob *memory = memory_blob(), *file = file_blob(), *slice;
    assert_memory_equal(weft_blob_data(memory), letters, COUNT);
    assert_null(weft_blob_data(file));
    assert_null(weft_blob_data(NULL));
    assert_int_equal(weft_blob_slice(memory, 4, 6, &slice), WEFT_OK);
    assert_ptr_equal(weft_blob_data(slice), (const char *)weft_blob_data(memory) + 4);
    weft_blob_release(slice);
    weft_blob_release(memory);
    weft_blob_release(file);
}

static int release_count;

static void note_release(void *data, size_t bytes, void *user)
{
    assert_int_equal(bytes, COUNT);
    assert_ptr_equal(data, user);
    release_count++;
}

static void adopted_memory_is_given_back_once(void **state)
{
    (void)state;
    char data[COUNT];
    weft_blob *blob, *slice;
    memcpy(data, letters, COUNT);
    release_count = 0;
    assert_int_equal(weft_blob_adopt(data, COUNT, note_release, data, &blob), WEFT_OK);
    assert_ptr_equal(weft_blob_data(blob), data);
    assert_int_equal(weft_blob_slice(blob, 0, 1, &slice), WEFT_OK);
    weft_blob_release(weft_blob_retain(blob));
    weft_blob_release(blob);
    assert_int_equal(release_count, 0);
    expect(slice, "a");
    weft_blob_release(slice);
    assert_int_equal(release_count, 1);
    assert_int_equal(weft_blob_adopt(data, COUNT, NULL, NULL, &blob), WEFT_OK);
    weft_blob_release(blob);
    assert_int_equal(release_count, 1);
}

static void parts_of_files(void **state)
{
    (void)state;
    static const struct {
        uint64_t offset, count;
        const char *wanted; /* NULL: not within the file. */
    } cases[] = {
        { 0, WEFT_BLOB_TO_END, "abcdefghij" },
        { 4, WEFT_BLOB_TO_END, "efghij" },
        { 4, 3, "efg" },
        { 10, 0, "" },
        { 10, WEFT_BLOB_TO_END, "" },
        { 0, 11, NULL },
        { 9, 2, NULL },
        { 11, 0, NULL },
        { 11, WEFT_BLOB_TO_END, NULL },
        { UINT64_MAX, UINT64_MAX - 1, NULL },
    };
    char path[64];
    int fd = open_letters();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weft_blob *blob;
        weft_status wanted = cases[i].wanted ? WEFT_OK : WEFT_ERR_ARGUMENT;
        for (int by_path = 0; by_path < 2; by_path++) {
            weft_status status =
                by_path ? weft_blob_from_file(path, cases[i].offset, cases[i].count, &blob)
                        : weft_blob_from_fd(fd, cases[i].offset, cases[i].count, &blob);
            assert_int_equal(status, wanted);
            if (status)
                continue;
            expect(blob, cases[i].wanted);
            weft_blob_release(blob);
        }
    }
    assert_int_equal(lseek(fd, 0, SEEK_CUR), COUNT); /* Where writing has left it. */
    close(fd);
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    weft_blob *blob = NULL;
    int pipe_fds[2];
    assert_int_equal(weft_blob_from_file("/does/not/exist", 0, 0, &blob), WEFT_ERR_SYSTEM);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(weft_blob_from_file("/", 0, WEFT_BLOB_TO_END, &blob), WEFT_ERR_ARGUMENT);
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(weft_blob_from_fd(pipe_fds[0], 0, 0, &blob), WEFT_ERR_ARGUMENT);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    assert_int_equal(weft_blob_from_fd(pipe_fds[0], 0, 0, &blob), WEFT_ERR_SYSTEM);
    assert_int_equal(errno, EBADF);
    assert_null(blob);
}

static void misuse_is_a_status(void **state)
{
    (void)state;
    weft_blob *blob = memory_blob(), *other = NULL;
    size_t count;
    assert_int_equal(weft_blob_create_copy(NULL, 1, &other), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_blob_create_copy("a", 1, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_blob_create_copy(letters, SIZE_MAX, &other), WEFT_ERR_MEMORY);
    assert_int_equal(weft_blob_adopt(NULL, 1, NULL, NULL, &other), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_blob_from_file(NULL, 0, 0, &other), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_blob_from_fd(-1, 0, 0, &other), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_blob_slice(NULL, 0, 0, &other), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_blob_slice(blob, 0, 0, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_blob_read(NULL, 0, NULL, 0, &count), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_blob_read(blob, 0, NULL, 1, &count), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_blob_bytes(NULL), 0);
    assert_null(weft_blob_retain(NULL));
    weft_blob_release(NULL);
    assert_null(other);
    weft_blob_release(blob);
}

static void a_file_that_shrank_is_not_readable(void **state)
{
    (void)state;
    weft_blob *blob;
    char buffer[COUNT];
    size_t count = 99;
    int fd = open_letters();
    assert_int_equal(weft_blob_from_fd(fd, 0, WEFT_BLOB_TO_END, &blob), WEFT_OK);
    assert_int_equal(ftruncate(fd, 4), 0);
    assert_int_equal(weft_blob_read(blob, 0, buffer, 4, &count), WEFT_OK);
    assert_int_equal(count, 4);
    assert_int_equal(weft_blob_read(blob, 0, buffer, 5, &count), WEFT_ERR_NOT_READABLE);
    assert_int_equal(count, 0);
    assert_int_equal(weft_blob_read(blob, 9, buffer, 1, &count), WEFT_ERR_NOT_READABLE);
    weft_blob_release(blob);
    close(fd);
}

static void a_spool_becomes_a_blob(void **state)
{
    (void)state;
    struct wf_spool spool;
    weft_blob *blob;
    assert_int_equal(wf_spool_open(&spool), WEFT_OK);
    assert_int_equal(wf_spool_write(&spool, (struct weft_bytes){ (const uint8_t *)"ab", 2 }),
                     WEFT_OK);
    assert_int_equal(wf_spool_write(&spool, (struct weft_bytes){ (const uint8_t *)"cde", 3 }),
                     WEFT_OK);
    assert_int_equal(wf_spool_finish(&spool, &blob), WEFT_OK);
    wf_spool_drop(&spool);
    expect(blob, "abcde");
    weft_blob_release(blob);

    char *folder = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;
    setenv("TMPDIR", "/does/not/exist", 1);
    assert_int_equal(wf_spool_open(&spool), WEFT_ERR_SYSTEM);
    assert_int_equal(errno, ENOENT);
    wf_spool_drop(&spool);
    if (folder)
        setenv("TMPDIR", folder, 1);
    else
        unsetenv("TMPDIR");
    free(folder);
}

enum { THREADS = 4, ROUNDS = 2000 };

static void *use(void *argument)
{
    weft_blob *blob = argument;
    for (int i = 0; i < ROUNDS; i++) {
        weft_blob *slice;
        char buffer[2];
        size_t count;
        assert_int_equal(weft_blob_slice(blob, i % 9, i % 9 + 2, &slice), WEFT_OK);
        weft_blob_retain(slice);
        weft_blob_release(slice);
        assert_int_equal(weft_blob_read(slice, 0, buffer, 2, &count), WEFT_OK);
        assert_memory_equal(buffer, letters + i % 9, 2);
        weft_blob_release(slice);
    }
    weft_blob_release(blob);
    return NULL;
}

static void threads_share_a_blob(void **state)
{
    (void)state;
    for (int in_file = 0; in_file < 2; in_file++) {
        weft_blob *blob = in_file ? file_blob() : memory_blob();
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, use, weft_blob_retain(blob)), 0);
        weft_blob_release(blob);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_those_of_the_standard),
        cmocka_unit_test(memory_is_in_one_piece_and_a_file_is_not),
        cmocka_unit_test(adopted_memory_is_given_back_once),
        cmocka_unit_test(parts_of_files),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(misuse_is_a_status),
        cmocka_unit_test(a_file_that_shrank_is_not_readable),
        cmocka_unit_test(a_spool_becomes_a_blob),
        cmocka_unit_test(threads_share_a_blob),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
