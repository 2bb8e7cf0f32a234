/* What a proxy answers, to CONNECT and to SOCKS5: the same in pieces as whole. The first byte says
 * where it is cut, and which of the two is asked. An input that begins with 'x' is hexadecimal
 * digits. */
#include "client/proxy_http.h"
#include "client/proxy_socks5.h"
#include "support/hex.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct run {
    struct wf_proxy_http http;
    struct wf_socks5 socks;
    bool is_http;
    enum wf_proxy_step step;
    size_t used;
    size_t said;
    struct wf_proxy_refusal refusal;
};

static void check(const struct run *run, size_t left, size_t used)
{
    if (used > left || (run->step == WF_PROXY_STEP_FAILED) != (run->refusal.status != WEFT_OK))
        abort();
    if (strlen(run->refusal.text) >= sizeof run->refusal.text)
        abort();
}

static void feed(struct run *run, struct weft_bytes input)
{
    uint8_t out[WF_SOCKS5_BYTES_MAX];
    size_t used, count = 0;
    do {
        struct weft_bytes rest = { input.data + run->used, input.count - run->used };
        run->step = run->is_http
                        ? wf_proxy_http_read(&run->http, rest, &used, &run->refusal)
                        : wf_socks5_read(&run->socks, rest, &used, out, &count, &run->refusal);
        check(run, rest.count, used);
        run->used += used;
        run->said += count;
    } while (run->step == WF_PROXY_STEP_MORE && used && !run->is_http);
}

static struct run begin(uint8_t choice)
{
    struct run run = { .is_http = choice % 2 == 0, .step = WF_PROXY_STEP_MORE };
    run.socks.host = weft_text_of("h.example");
    if (choice & 2)
        run.socks.username = run.socks.password = weft_text_of("secret");
    return run;
}

static void compare(uint8_t choice, struct weft_bytes input)
{
    struct run whole = begin(choice), cut = begin(choice);
    size_t step = choice / 4 + 1u;
    feed(&whole, input);
    for (size_t count = 0; cut.step == WF_PROXY_STEP_MORE && count < input.count;) {
        count = input.count - count > step ? count + step : input.count;
        feed(&cut, (struct weft_bytes){ input.data, count });
    }
    /* In pieces a wrong byte of a head may be told with the end of its line, see codec/http1.h. */
    bool is_late = whole.is_http && whole.step == WF_PROXY_STEP_FAILED &&
                   whole.refusal.http_status == 0 && cut.step == WF_PROXY_STEP_MORE;
    if (input.count == 0 || is_late)
        return;
    if (whole.step != cut.step || whole.said != cut.said)
        abort();
    if (whole.step == WF_PROXY_STEP_DONE && whole.used != cut.used)
        abort();
    if (whole.refusal.http_status != cut.refusal.http_status)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    uint8_t *decoded = NULL;
    if (bytes && data[0] == 'x')
        data = decoded = hex_decode(data + 1, bytes - 1, &bytes);
    if (bytes)
        compare(data[0], (struct weft_bytes){ data + 1, bytes - 1 });
    free(decoded);
    return 0;
}
