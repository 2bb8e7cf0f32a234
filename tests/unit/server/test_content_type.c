#include "server/content_type.h"

#include "support/cases.h"
#include "support/guard_page.h"

static const struct type_case {
    const char *name;
    struct weft_text path;
    const char *type;
} type_cases[] = {
    { "html", TEXT("index.html"), "text/html; charset=utf-8" },
    { "css", TEXT("a/b/style.css"), "text/css; charset=utf-8" },
    { "js", TEXT("app.js"), "text/javascript; charset=utf-8" },
    { "mjs", TEXT("app.mjs"), "text/javascript; charset=utf-8" },
    { "json", TEXT("a.json"), "application/json" },
    { "svg", TEXT("a.svg"), "image/svg+xml" },
    { "png", TEXT("a.png"), "image/png" },
    { "jpg", TEXT("a.jpg"), "image/jpeg" },
    { "jpeg", TEXT("a.jpeg"), "image/jpeg" },
    { "webp", TEXT("a.webp"), "image/webp" },
    { "ico", TEXT("favicon.ico"), "image/vnd.microsoft.icon" },
    { "txt", TEXT("a.txt"), "text/plain; charset=utf-8" },
    { "wasm", TEXT("a.wasm"), "application/wasm" },
    { "woff2", TEXT("a.woff2"), "font/woff2" },
    { "pdf", TEXT("a.pdf"), "application/pdf" },
    { "mp4", TEXT("a.mp4"), "video/mp4" },
    { "first of the table", TEXT("a.aac"), "audio/aac" },
    { "last of the table", TEXT("a.zst"), "application/zstd" },
    { "longest of the table", TEXT("a.webmanifest"), "application/manifest+json" },
    { "capitals", TEXT("A.HTML"), "text/html; charset=utf-8" },
    { "the last dot counts", TEXT("a.html.png"), "image/png" },
    { "none", TEXT("README"), "application/octet-stream" },
    { "unknown", TEXT("a.xyz"), "application/octet-stream" },
    { "too long", TEXT("a.htmlhtmlhtmlhtml"), "application/octet-stream" },
    { "dot at the end", TEXT("a."), "application/octet-stream" },
    { "dot in a folder", TEXT("a.html/b"), "application/octet-stream" },
    { "hidden", TEXT(".html"), "application/octet-stream" },
    { "hidden in a folder", TEXT("a/.html"), "application/octet-stream" },
    { "empty", TEXT(""), "application/octet-stream" },
};

static void the_name_says_the_type(void **state)
{
    (void)state;
    for_each_case(c, type_cases)
    {
        uint8_t *placed = guard_page_place(c->path.data, c->path.count);
        struct weft_text path = { (const char *)placed, c->path.count };
        assert_string_equal(wf_content_type_of(path), c->type);
        guard_page_free(placed, c->path.count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_name_says_the_type) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
