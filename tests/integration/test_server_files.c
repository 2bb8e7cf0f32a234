/* Static files: of a folder and in memory, whole and in part, fast and slow, and no way out. */
#include "support/cases.h"
#include "support/serving.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGE_BYTES = 5 << 20 };

#define GET(target, more) "GET " target " HTTP/1.1\r\nHost: a\r\n" more "\r\n"

/* ---- a folder beside a secret ---- */

struct site {
    struct serving *serving;
    char root[64];
};

static const char *in_site(const struct site *site, const char *path)
{
    static char full[4][256];
    static unsigned turn;
    char *out = full[turn++ % 4];
    snprintf(out, sizeof full[0], "%s/%s", site->root, path);
    return out;
}

static void make_file(const struct site *site, const char *path, const char *content)
{
    FILE *file = fopen(in_site(site, path), "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static unsigned char pattern_at(size_t place)
{
    return (unsigned char)(place * 31 + place / 4096);
}

static void make_large_file(const struct site *site, const char *path)
{
    FILE *file = fopen(in_site(site, path), "w");
    assert_non_null(file);
    for (size_t i = 0; i < LARGE_BYTES; i++)
        putc(pattern_at(i), file);
    assert_int_equal(fclose(file), 0);
}

static const char *const folders[] = { "public", "public/docs", "public/.git" };
static const struct {
    const char *path;
    const char *content;
} plain_files[] = {
    { "secret.txt", "secret" },           { "public/index.html", "<p>root" },
    { "public/docs/index.html", "docs" }, { "public/docs/a b.txt", "0123456789" },
    { "public/app.mjs", "code" },         { "public/empty.txt", "" },
    { "public/.git/config", "secret" },   { "public/100%.txt", "percent" },
};
static const char *const links[][2] = {
    { "../secret.txt", "public/out.txt" },
    { "..", "public/up" },
    { "/etc", "public/etc" },
};
static const char *const other_files[] = { "public/large.bin", "public/shrinks.bin" };

static int set_up(struct site *site)
{
    snprintf(site->root, sizeof site->root, "/tmp/weft-files-XXXXXX");
    assert_non_null(mkdtemp(site->root));
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        assert_int_equal(mkdir(in_site(site, folders[i]), 0700), 0);
    for (size_t i = 0; i < COUNT_OF(plain_files); i++)
        make_file(site, plain_files[i].path, plain_files[i].content);
    for (size_t i = 0; i < COUNT_OF(links); i++)
        assert_int_equal(symlink(links[i][0], in_site(site, links[i][1])), 0);
    struct weft_files files = { .folder = in_site(site, "public") };
    assert_int_equal(weft_server_files(site->serving->server, "/*", &files), WEFT_OK);
    assert_int_equal(weft_server_files(site->serving->server, "/below/*", &files), WEFT_OK);
    return 0;
}

static int set_up_with(void **state, int (*set_up_serving)(void **state))
{
    struct site *site = calloc(1, sizeof *site);
    void *serving;
    assert_non_null(site);
    if (set_up_serving(&serving))
        return -1;
    site->serving = serving;
    *state = site;
    return set_up(site);
}

static int set_up_epoll(void **state)
{
    return set_up_with(state, serving_set_up_epoll);
}

static int set_up_poll(void **state)
{
    return set_up_with(state, serving_set_up_poll);
}

static int tear_down(void **state)
{
    struct site *site = *state;
    void *serving = site->serving;
    for (size_t i = 0; i < COUNT_OF(links); i++)
        unlink(in_site(site, links[i][1]));
    for (size_t i = 0; i < COUNT_OF(other_files); i++)
        unlink(in_site(site, other_files[i]));
    for (size_t i = 0; i < COUNT_OF(plain_files); i++)
        unlink(in_site(site, plain_files[i].path));
    for (size_t i = COUNT_OF(folders); i > 0; i--)
        rmdir(in_site(site, folders[i - 1]));
    int failed = rmdir(site->root);
    free(site);
    return serving_tear_down(&serving) || failed;
}

static void ask(struct site *site, struct raw_answer *answer, const char *request)
{
    struct raw_client client;
    serving_ask(site->serving, &client, answer, request);
    raw_close(&client);
}

/* ---- whole files ---- */

static const struct file_case {
    const char *name;
    const char *request;
    int status;
    const char *type;
    const char *body;
    const char *location;
} file_cases[] = {
    { "index", GET("/", ""), 200, "text/html; charset=utf-8", "<p>root", NULL },
    { "by name", GET("/index.html", ""), 200, "text/html; charset=utf-8", "<p>root", NULL },
    { "module", GET("/app.mjs?v=1", ""), 200, "text/javascript; charset=utf-8", "code", NULL },
    { "below, decoded", GET("/docs/a%20b.txt", ""), 200, "text/plain; charset=utf-8", "0123456789",
      NULL },
    { "percent in a name", GET("/100%25.txt", ""), 200, "text/plain; charset=utf-8", "percent",
      NULL },
    { "empty", GET("/empty.txt", ""), 200, "text/plain; charset=utf-8", "", NULL },
    { "index of a folder", GET("/docs/", ""), 200, "text/html; charset=utf-8", "docs", NULL },
    { "folder without slash", GET("/docs", ""), 301, NULL, NULL, "/docs/" },
    { "and its query", GET("/docs?a=1&b", ""), 301, NULL, NULL, "/docs/?a=1&b" },
    { "the pattern's folder", GET("/below", ""), 301, NULL, NULL, "/below/" },
    { "below the pattern", GET("/below/docs/", ""), 200, "text/html; charset=utf-8", "docs", NULL },
    { "missing", GET("/none.txt", ""), 404, NULL, NULL, NULL },
    { "missing below", GET("/none/none.txt", ""), 404, NULL, NULL, NULL },
    { "file as a folder", GET("/app.mjs/", ""), 404, NULL, NULL, NULL },
    { "POST", "POST /app.mjs HTTP/1.1\r\nHost: a\r\n\r\n", 405, NULL, NULL, NULL },
};

static void files_are_served(void **state)
{
    struct site *site = *state;
    struct raw_answer answer = { 0 };
    for_each_case(c, file_cases)
    {
        ask(site, &answer, c->request);
        assert_int_equal(answer.status, c->status);
        if (c->type)
            assert_string_equal(raw_field(&answer, "Content-Type"), c->type);
        if (c->body)
            assert_string_equal(answer.body, c->body);
        if (c->location)
            assert_string_equal(raw_field(&answer, "Location"), c->location);
    }
    raw_drop(&answer);
}

static void a_file_has_its_fields(void **state)
{
    struct site *site = *state;
    struct raw_answer answer = { 0 };
    ask(site, &answer, GET("/app.mjs", ""));
    assert_string_equal(raw_field(&answer, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(raw_field(&answer, "Cache-Control"), "no-cache");
    assert_string_equal(raw_field(&answer, "Accept-Ranges"), "bytes");
    assert_int_equal(raw_field(&answer, "ETag")[0], '"');
    assert_int_equal(strlen(raw_field(&answer, "Last-Modified")), 29);
    assert_non_null(raw_field(&answer, "Date"));
    raw_drop(&answer);
}

static void head_has_the_fields_alone(void **state)
{
    struct site *site = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    make_large_file(site, "public/large.bin");
    raw_open(&client, site->serving->loop, site->serving->address);
    raw_send(&client, "HEAD /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    raw_take(&client, &answer, true);
    assert_int_equal(answer.status, 200);
    assert_string_equal(raw_field(&answer, "Content-Length"), "5242880");
    raw_send(&client, "HEAD /app.mjs HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n");
    raw_take(&client, &answer, true);
    assert_int_equal(answer.status, 200);
    assert_string_equal(raw_field(&answer, "Content-Length"), "4");
    raw_send(&client, "HEAD /docs HTTP/1.1\r\nHost: a\r\n\r\n");
    raw_take(&client, &answer, true);
    assert_int_equal(answer.status, 301);
    raw_send(&client, GET("/app.mjs", ""));
    raw_take(&client, &answer, false);
    assert_string_equal(answer.body, "code");
    raw_close(&client);
    raw_drop(&answer);
}

/* ---- no way out ---- */

static const struct escape_case {
    const char *name;
    const char *target;
} escape_cases[] = {
    { "up", "/../secret.txt" },
    { "up behind a folder", "/docs/../../secret.txt" },
    { "up inside", "/docs/../index.html" },
    { "dot", "/./index.html" },
    { "encoded dots", "/%2e%2e/secret.txt" },
    { "half encoded dots", "/.%2E/secret.txt" },
    { "encoded slash", "/..%2fsecret.txt" },
    { "encoded slash behind a folder", "/docs%2f..%2f..%2fsecret.txt" },
    { "encoded slash inside", "/docs%2Findex.html" },
    { "encoded twice", "/%252e%252e/secret.txt" },
    { "backslash", "/..\\secret.txt" },
    { "encoded backslash", "/..%5csecret.txt" },
    { "backslash inside", "/docs%5Cindex.html" },
    { "absolute", "//etc/passwd" },
    { "absolute, encoded", "/%2fetc%2fpasswd" },
    { "empty segment", "/docs//index.html" },
    { "below, up", "/below/../secret.txt" },
    { "link to a file outside", "/out.txt" },
    { "link to a folder outside", "/up/secret.txt" },
    { "link to an absolute folder", "/etc/passwd" },
    { "hidden folder", "/.git/config" },
    { "NUL", "/index.html%00.txt" },
    { "NUL up", "/..%00/secret.txt" },
    { "overlong dots", "/%c0%ae%c0%ae/secret.txt" },
    { "overlong slash", "/..%c0%afsecret.txt" },
    { "dots and a space", "/..%20/secret.txt" },
    { "drive", "/C:/secret.txt" },
};

static void there_is_no_way_out(void **state)
{
    struct site *site = *state;
    struct raw_answer answer = { 0 };
    char request[256];
    for_each_case(c, escape_cases)
    {
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", c->target);
        ask(site, &answer, request);
        assert_true(answer.status == 404 || answer.status == 400);
        assert_null(strstr(answer.body, "secret"));
        assert_null(strstr(answer.body, "root"));
    }
    raw_drop(&answer);
}

/* ---- conditions ---- */

static void ask_with(struct site *site, struct raw_answer *answer, const char *target,
                     const char *name, const char *value)
{
    char request[512];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n%s: %s\r\n\r\n", target, name,
             value);
    ask(site, answer, request);
}

static void what_the_reader_has_is_not_sent(void **state)
{
    struct site *site = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    char etag[128], modified[64], request[512];
    ask(site, &answer, GET("/app.mjs", ""));
    snprintf(etag, sizeof etag, "%s", raw_field(&answer, "ETag"));
    snprintf(modified, sizeof modified, "%s", raw_field(&answer, "Last-Modified"));

    ask_with(site, &answer, "/app.mjs", "If-None-Match", etag);
    assert_int_equal(answer.status, 304);
    assert_string_equal(raw_field(&answer, "ETag"), etag);
    assert_string_equal(raw_field(&answer, "Cache-Control"), "no-cache");
    assert_null(raw_field(&answer, "Content-Type"));
    ask_with(site, &answer, "/app.mjs", "If-None-Match", "\"other\"");
    assert_int_equal(answer.status, 200);
    ask_with(site, &answer, "/app.mjs", "If-Modified-Since", modified);
    assert_int_equal(answer.status, 304);
    ask_with(site, &answer, "/app.mjs", "If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_int_equal(answer.status, 200);
    ask_with(site, &answer, "/app.mjs", "If-Match", "\"other\"");
    assert_int_equal(answer.status, 412);

    /* Nothing follows a 304 on its connection. */
    raw_open(&client, site->serving->loop, site->serving->address);
    snprintf(request, sizeof request,
             "GET /app.mjs HTTP/1.1\r\nHost: a\r\nIf-None-Match: %s\r\n\r\n", etag);
    raw_send(&client, request);
    raw_send(&client, GET("/app.mjs", ""));
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 304);
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "code");
    raw_close(&client);

    /* The file changes, and with it the tag. */
    make_file(site, "public/app.mjs", "other code");
    ask_with(site, &answer, "/app.mjs", "If-None-Match", etag);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "other code");
    raw_drop(&answer);
}

/* ---- parts ---- */

static const struct part_case {
    const char *name;
    const char *range;
    int status;
    const char *content_range;
    const char *body;
} part_cases[] = {
    { "first", "bytes=0-3", 206, "bytes 0-3/10", "0123" },
    { "middle", "bytes=4-5", 206, "bytes 4-5/10", "45" },
    { "rest", "bytes=7-", 206, "bytes 7-9/10", "789" },
    { "last", "bytes=-2", 206, "bytes 8-9/10", "89" },
    { "over the end", "bytes=8-100", 206, "bytes 8-9/10", "89" },
    { "behind the end", "bytes=10-", 416, "bytes */10", NULL },
    { "several", "bytes=0-1,3-4", 200, NULL, "0123456789" },
    { "nonsense", "bytes=x", 200, NULL, "0123456789" },
};

static void parts_are_served(void **state)
{
    struct site *site = *state;
    struct raw_answer answer = { 0 };
    for_each_case(c, part_cases)
    {
        ask_with(site, &answer, "/docs/a%20b.txt", "Range", c->range);
        assert_int_equal(answer.status, c->status);
        if (c->content_range)
            assert_string_equal(raw_field(&answer, "Content-Range"), c->content_range);
        else
            assert_null(raw_field(&answer, "Content-Range"));
        if (c->body)
            assert_string_equal(answer.body, c->body);
    }
    raw_drop(&answer);
}

static void parts_of_another_version_are_not(void **state)
{
    struct site *site = *state;
    struct raw_answer answer = { 0 };
    char request[512];
    ask(site, &answer, GET("/docs/a%20b.txt", ""));
    snprintf(request, sizeof request,
             "GET /docs/a%%20b.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\nIf-Range: %s\r\n\r\n",
             raw_field(&answer, "ETag"));
    ask(site, &answer, request);
    assert_int_equal(answer.status, 206);
    assert_string_equal(answer.body, "12");
    ask(site, &answer, GET("/docs/a%20b.txt", "Range: bytes=1-2\r\nIf-Range: \"other\"\r\n"));
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "0123456789");
    raw_drop(&answer);
}

/* ---- large files ---- */

static void assert_large(const struct raw_answer *answer, size_t first, size_t bytes)
{
    assert_int_equal(answer->body_bytes, bytes);
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)answer->body[i] != pattern_at(first + i))
            fail_msg("byte %zu is wrong", i);
    }
}

static void a_large_file_is_streamed(void **state)
{
    struct site *site = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    make_large_file(site, "public/large.bin");
    raw_open(&client, site->serving->loop, site->serving->address);
    client.is_slow = true;
    raw_send(&client, GET("/large.bin", "") GET("/large.bin", "Range: bytes=1000001-4000000\r\n")
                          GET("/app.mjs", ""));
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 200);
    assert_large(&answer, 0, LARGE_BYTES);
    client.is_slow = false;
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 206);
    assert_string_equal(raw_field(&answer, "Content-Range"), "bytes 1000001-4000000/5242880");
    assert_large(&answer, 1000001, 3000000);
    raw_take(&client, &answer, false);
    assert_string_equal(answer.body, "code");
    raw_close(&client);
    raw_drop(&answer);
}

/* How many descriptors of this process are of a file: other threads have some of their own. */
static int descriptors_of(const char *name)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));) {
        char link[64], target[512] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%.20s", entry->d_name);
        ssize_t bytes = readlink(link, target, sizeof target - 1);
        if (bytes > 0 && strstr(target, name))
            count++;
    }
    closedir(folder);
    return count;
}

static void the_reader_may_go_in_the_midst(void **state)
{
    struct site *site = *state;
    struct raw_client client;
    make_large_file(site, "public/large.bin");
    raw_open(&client, site->serving->loop, site->serving->address);
    raw_send(&client, GET("/large.bin", ""));
    raw_until(site->serving->loop, descriptors_of("/public/large.bin") == 1);
    raw_until(site->serving->loop, (raw_receive(&client), client.bytes > 0));
    raw_close(&client);
    raw_until(site->serving->loop, serving_counts(site->serving).connections == 0);
    assert_int_equal(descriptors_of("/public/large.bin"), 0);
}

static void the_server_may_go_in_the_midst(void **state)
{
    struct site *site = *state;
    struct raw_client client;
    make_large_file(site, "public/large.bin");
    raw_open(&client, site->serving->loop, site->serving->address);
    client.is_slow = true;
    raw_send(&client, GET("/large.bin", ""));
    raw_until(site->serving->loop, (raw_receive(&client), client.bytes > 0));
    weft_server_destroy(site->serving->server);
    site->serving->server = NULL;
    client.is_slow = false;
    raw_until(site->serving->loop, (raw_receive(&client), client.has_ended));
    assert_true(client.bytes < LARGE_BYTES);
    raw_close(&client);
}

/* Rather no end than a wrong one. */
static void a_file_that_shrinks_breaks_off(void **state)
{
    struct site *site = *state;
    struct raw_client client;
    make_large_file(site, "public/shrinks.bin");
    raw_open(&client, site->serving->loop, site->serving->address);
    client.is_slow = true;
    raw_send(&client, GET("/shrinks.bin", ""));
    raw_until(site->serving->loop, (raw_receive(&client), client.bytes > 0));
    assert_int_equal(truncate(in_site(site, "public/shrinks.bin"), 1000), 0);
    client.is_slow = false;
    raw_until(site->serving->loop, (raw_receive(&client), client.has_ended));
    assert_true(client.bytes < LARGE_BYTES);
    raw_close(&client);
    assert_int_equal(serving_counts(site->serving).connections, 0);
}

/* ---- in memory, and options ---- */

static char large[200000];

static const struct weft_embedded_file embedded[] = {
    { "index.html", "<p>in memory", 12 },
    { "docs/index.html", "docs", 4 },
    { "style.css", "css", 3 },
    { "large.bin", large, sizeof large },
};

static void files_in_memory_are_served(void **state)
{
    struct site *site = *state;
    struct raw_answer answer = { 0 };
    char etag[128];
    struct weft_header headers[] = {
        { WEFT_TEXT_LITERAL("Content-Security-Policy"), WEFT_TEXT_LITERAL("default-src 'self'") },
        { WEFT_TEXT_LITERAL("x-content-type-options"), WEFT_TEXT_LITERAL("mine") },
    };
    struct weft_files files = { .embedded = embedded,
                                .embedded_count = COUNT_OF(embedded),
                                .cache_control = "max-age=60",
                                .headers = headers,
                                .header_count = 2 };
    assert_int_equal(weft_server_files(site->serving->server, "/m/*", &files), WEFT_OK);
    memset(headers, 0, sizeof headers); /* Everything was copied. */
    memset(large, 'x', sizeof large);

    ask(site, &answer, GET("/m/", ""));
    assert_string_equal(answer.body, "<p>in memory");
    assert_string_equal(raw_field(&answer, "Content-Security-Policy"), "default-src 'self'");
    assert_string_equal(raw_field(&answer, "X-Content-Type-Options"), "mine");
    assert_null(strstr(answer.head, "nosniff"));
    assert_string_equal(raw_field(&answer, "Cache-Control"), "max-age=60");
    assert_null(raw_field(&answer, "Last-Modified"));
    ask(site, &answer, GET("/m", ""));
    assert_string_equal(raw_field(&answer, "Location"), "/m/");
    ask(site, &answer, GET("/m/docs", ""));
    assert_string_equal(raw_field(&answer, "Location"), "/m/docs/");
    ask(site, &answer, GET("/m/docs/", ""));
    assert_string_equal(answer.body, "docs");
    ask(site, &answer, GET("/m/docs%2findex.html", ""));
    assert_int_equal(answer.status, 404);
    ask(site, &answer, GET("/m/none", ""));
    assert_int_equal(answer.status, 404);

    ask(site, &answer, GET("/m/style.css", ""));
    snprintf(etag, sizeof etag, "%s", raw_field(&answer, "ETag"));
    ask_with(site, &answer, "/m/style.css", "If-None-Match", etag);
    assert_int_equal(answer.status, 304);
    assert_string_equal(raw_field(&answer, "Content-Security-Policy"), "default-src 'self'");
    ask_with(site, &answer, "/m/style.css", "Range", "bytes=1-1");
    assert_string_equal(answer.body, "s");
    ask(site, &answer, GET("/m/large.bin", ""));
    assert_int_equal(answer.body_bytes, sizeof large);
    assert_memory_equal(answer.body, large, sizeof large);
    raw_drop(&answer);
}

static void what_is_not_usable_is_refused(void **state)
{
    struct site *site = *state;
    weft_server *server = site->serving->server;
    struct weft_header broken = { WEFT_TEXT_LITERAL("X"), WEFT_TEXT_LITERAL("a\nb") };
    struct weft_files both = { .folder = site->root, .embedded = embedded, .embedded_count = 1 };
    struct weft_files none = { 0 };
    struct weft_files missing = { .folder = in_site(site, "none") };
    struct weft_files file = { .folder = in_site(site, "secret.txt") };
    struct weft_files header = { .folder = site->root, .headers = &broken, .header_count = 1 };
    struct weft_files cache = { .folder = site->root, .cache_control = "a\r\nb" };
    struct weft_files index = { .folder = site->root, .index = "../secret.txt" };
    struct weft_files right = { .folder = site->root };
    assert_int_equal(weft_server_files(server, "/x/*", &both), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_server_files(server, "/x/*", &none), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_server_files(server, "/x/*", &index), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_server_files(server, "/x/*", &missing), WEFT_ERR_SYSTEM);
    assert_int_equal(weft_server_files(server, "/x/*", &file), WEFT_ERR_SYSTEM);
    assert_int_equal(weft_server_files(server, "/x/*", &header), WEFT_ERR_SYNTAX);
    assert_int_equal(weft_server_files(server, "/x/*", &cache), WEFT_ERR_SYNTAX);
    assert_int_equal(weft_server_files(server, "/x", &right), WEFT_ERR_SYNTAX);
    assert_int_equal(weft_server_files(server, "/x/", &right), WEFT_ERR_SYNTAX);
    assert_int_equal(weft_server_files(server, "/*", &right), WEFT_ERR_EXISTS);
    assert_int_equal(weft_server_files(server, "/x/*", &right), WEFT_OK);
}

/* A relative folder stays the same one when the program goes elsewhere. */
static void the_working_folder_may_change(void **state)
{
    struct site *site = *state;
    struct raw_answer answer = { 0 };
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(here >= 0);
    assert_int_equal(chdir(site->root), 0);
    struct weft_files files = { .folder = "public" };
    assert_int_equal(weft_server_files(site->serving->server, "/relative/*", &files), WEFT_OK);
    assert_int_equal(fchdir(here), 0);
    close(here);
    ask(site, &answer, GET("/relative/app.mjs", ""));
    assert_string_equal(answer.body, "code");
    raw_drop(&answer);
}

#define SITE_TEST(function)                                                                        \
    { #function " (epoll)", function, set_up_epoll, tear_down, NULL },                             \
    {                                                                                              \
#        function " (poll)", function, set_up_poll, tear_down, NULL                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(files_are_served),
        SITE_TEST(a_file_has_its_fields),
        SITE_TEST(head_has_the_fields_alone),
        SITE_TEST(there_is_no_way_out),
        SITE_TEST(what_the_reader_has_is_not_sent),
        SITE_TEST(parts_are_served),
        SITE_TEST(parts_of_another_version_are_not),
        SITE_TEST(a_large_file_is_streamed),
        SITE_TEST(the_reader_may_go_in_the_midst),
        SITE_TEST(the_server_may_go_in_the_midst),
        SITE_TEST(a_file_that_shrinks_breaks_off),
        SITE_TEST(files_in_memory_are_served),
        SITE_TEST(what_is_not_usable_is_refused),
        SITE_TEST(the_working_folder_may_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
