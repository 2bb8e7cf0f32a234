/* The URL and, behind a zero byte, its base. What was serialised must parse to itself. */
#include "codec/url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check_inside(const struct wf_url *url, struct weft_text part)
{
    if (part.count &&
        (part.data < url->href.data || part.data + part.count > url->href.data + url->href.count))
        abort();
}

static void check_url(const struct wf_url *url)
{
    if (url->href.data[url->href.count] != '\0' || url->target.count == 0 ||
        url->target.data[0] != '/')
        abort();
    check_inside(url, url->scheme);
    check_inside(url, url->username);
    check_inside(url, url->password);
    check_inside(url, url->path);
    check_inside(url, url->query);
    check_inside(url, url->target);
    if (url->scheme_id != WF_URL_WS_UNIX)
        check_inside(url, url->authority);

    struct wf_url again;
    if (wf_url_parse(NULL, url->href, NULL, &again, NULL))
        abort();
    if (again.href.count != url->href.count ||
        memcmp(again.href.data, url->href.data, url->href.count) != 0 || again.has_fragment)
        abort();
    wf_url_drop(NULL, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const uint8_t *zero = bytes ? memchr(data, 0, bytes) : NULL;
    size_t count = zero ? (size_t)(zero - data) : bytes;
    struct weft_text input = { (const char *)data, count };
    struct weft_text base = { 0 };
    if (zero)
        base = (struct weft_text){ (const char *)zero + 1, bytes - count - 1 };

    struct wf_url url;
    const char *reason = NULL;
    weft_status status = wf_url_parse_websocket(NULL, input, base, &url, &reason);
    if ((status == WEFT_ERR_SYNTAX) != (reason != NULL))
        abort();
    if (!status) {
        if (url.scheme_id == WF_URL_HTTP || url.scheme_id == WF_URL_HTTPS || url.has_fragment)
            abort();
        check_url(&url);
    }
    wf_url_drop(NULL, &url);
    return 0;
}
