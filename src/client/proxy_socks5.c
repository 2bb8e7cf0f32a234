#include "client/proxy_socks5.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

enum {
    VERSION = 5,
    LOGIN_VERSION = 1, /* RFC 1929 2. */
    NO_LOGIN = 0,      /* The methods of RFC 1928 3. */
    BY_PASSWORD = 2,
    NO_METHOD = 0xFF,
    CONNECT = 1,
    OF_V4 = 1, /* The kinds of addresses of RFC 1928 5. */
    OF_NAME = 3,
    OF_V6 = 4,
};

size_t wf_socks5_begin(const struct wf_socks5 *socks, uint8_t out[static WF_SOCKS5_BYTES_MAX])
{
    bool has_login = socks->username.count > 0;
    size_t count = 0;
    out[count++] = VERSION;
    out[count++] = has_login ? 2 : 1;
    out[count++] = NO_LOGIN;
    if (has_login)
        out[count++] = BY_PASSWORD;
    return count;
}

static size_t put_text(struct weft_text text, uint8_t *out)
{
    assert(text.count <= UINT8_MAX);
    out[0] = (uint8_t)text.count;
    if (text.count)
        memcpy(out + 1, text.data, text.count);
    return 1 + text.count;
}

/* RFC 1929 2. */
static size_t write_login(const struct wf_socks5 *socks, uint8_t *out)
{
    size_t count = 0;
    out[count++] = LOGIN_VERSION;
    count += put_text(socks->username, out + count);
    return count + put_text(socks->password, out + count);
}

static size_t put_address(const struct wf_address *address, uint8_t *out)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->storage;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->storage;
    bool is_v4 = address->storage.ss_family == AF_INET;
    size_t count = is_v4 ? sizeof v4->sin_addr : sizeof v6->sin6_addr;
    out[0] = is_v4 ? OF_V4 : OF_V6;
    memcpy(out + 1, is_v4 ? (const void *)&v4->sin_addr : (const void *)&v6->sin6_addr, count);
    return 1 + count;
}

/* RFC 1928 4. Of a host whose length fits. */
static size_t write_request(const struct wf_socks5 *socks, uint8_t *out)
{
    size_t count = 0;
    out[count++] = VERSION;
    out[count++] = CONNECT;
    out[count++] = 0;
    if (socks->address.bytes) {
        count += put_address(&socks->address, out + count);
    } else {
        out[count++] = OF_NAME;
        count += put_text(socks->host, out + count);
    }
    out[count++] = (uint8_t)(socks->port >> 8);
    out[count++] = (uint8_t)socks->port;
    return count;
}

static enum wf_proxy_step fail(struct wf_proxy_refusal *refusal, weft_status status,
                               const char *text)
{
    refusal->status = status;
    snprintf(refusal->text, sizeof refusal->text, "%s", text);
    return WF_PROXY_STEP_FAILED;
}

static enum wf_proxy_step be_no_proxy(struct wf_proxy_refusal *refusal)
{
    return fail(refusal, WEFT_ERR_PROTOCOL, "no SOCKS5 answer");
}

/* What may be asked now: RFC 1928 5 has one byte for the length of a name, a URL no such limit. */
static enum wf_proxy_step ask(struct wf_socks5 *socks, uint8_t *out, size_t *out_count,
                              struct wf_proxy_refusal *refusal)
{
    if (!socks->address.bytes && socks->host.count > UINT8_MAX)
        return fail(refusal, WEFT_ERR_UNSUPPORTED, "a name of over 255 bytes");
    socks->waits_for = WF_SOCKS5_REPLY;
    *out_count = write_request(socks, out);
    return WF_PROXY_STEP_MORE;
}

/* The second byte is the method. RFC 1928 3. */
static enum wf_proxy_step read_method(struct wf_socks5 *socks, uint8_t method, uint8_t *out,
                                      size_t *out_count, struct wf_proxy_refusal *refusal)
{
    if (method == NO_LOGIN)
        return ask(socks, out, out_count, refusal);
    if (method == BY_PASSWORD && socks->username.count) {
        socks->waits_for = WF_SOCKS5_LOGIN;
        *out_count = write_login(socks, out);
        return WF_PROXY_STEP_MORE;
    }
    if (method != NO_METHOD)
        return fail(refusal, WEFT_ERR_PROTOCOL, "a way to log in that was not offered");
    return fail(refusal, WEFT_ERR_REFUSED,
                socks->username.count ? "it takes no password"
                                      : "it wants a user name and a password");
}

static enum wf_proxy_step read_login(struct wf_socks5 *socks, uint8_t answer, uint8_t *out,
                                     size_t *out_count, struct wf_proxy_refusal *refusal)
{
    if (answer != 0)
        return fail(refusal, WEFT_ERR_REFUSED, "the user name or the password is wrong");
    return ask(socks, out, out_count, refusal);
}

/* RFC 1928 6. */
static enum wf_proxy_step refuse(uint8_t code, struct wf_proxy_refusal *refusal)
{
    static const struct {
        const char *text;
        weft_status status;
        int system_error;
    } replies[] = {
        [1] = { "general SOCKS server failure", WEFT_ERR_SYSTEM, 0 },
        [2] = { "connection not allowed by ruleset", WEFT_ERR_REFUSED, 0 },
        [3] = { "network unreachable", WEFT_ERR_SYSTEM, ENETUNREACH },
        [4] = { "host unreachable", WEFT_ERR_SYSTEM, EHOSTUNREACH },
        [5] = { "connection refused", WEFT_ERR_SYSTEM, ECONNREFUSED },
        [6] = { "TTL expired", WEFT_ERR_SYSTEM, ETIMEDOUT },
        [7] = { "command not supported", WEFT_ERR_REFUSED, 0 },
        [8] = { "address type not supported", WEFT_ERR_REFUSED, 0 },
    };
    if (code >= sizeof replies / sizeof *replies) {
        snprintf(refusal->text, sizeof refusal->text, "reply %u, which has no name",
                 (unsigned)code);
        refusal->status = WEFT_ERR_PROTOCOL;
        return WF_PROXY_STEP_FAILED;
    }
    refusal->system_error = replies[code].system_error;
    return fail(refusal, replies[code].status, replies[code].text);
}

/* The bytes of the whole reply; 0: not known yet. SIZE_MAX: it is none. */
static size_t reply_bytes(struct weft_bytes bytes)
{
    enum { BEFORE_ADDRESS = 4, PORT = 2 };
    if (bytes.count < BEFORE_ADDRESS)
        return 0;
    switch (bytes.data[3]) {
    case OF_V4:
        return BEFORE_ADDRESS + 4 + PORT;
    case OF_V6:
        return BEFORE_ADDRESS + 16 + PORT;
    case OF_NAME:
        return bytes.count == BEFORE_ADDRESS ? 0 : BEFORE_ADDRESS + 1 + bytes.data[4] + PORT;
    default:
        return SIZE_MAX;
    }
}

/* The address that it has bound is of no interest; a refusal may come without one. */
static enum wf_proxy_step read_reply(struct weft_bytes bytes, size_t *used_out,
                                     struct wf_proxy_refusal *refusal)
{
    if (bytes.data[1] != 0)
        return refuse(bytes.data[1], refusal);
    size_t count = reply_bytes(bytes);
    if (count == SIZE_MAX)
        return be_no_proxy(refusal);
    if (count == 0 || count > bytes.count)
        return WF_PROXY_STEP_MORE;
    *used_out = count;
    return WF_PROXY_STEP_DONE;
}

enum wf_proxy_step wf_socks5_read(struct wf_socks5 *socks, struct weft_bytes bytes,
                                  size_t *used_out, uint8_t out[static WF_SOCKS5_BYTES_MAX],
                                  size_t *out_count, struct wf_proxy_refusal *refusal_out)
{
    *used_out = *out_count = 0;
    *refusal_out = (struct wf_proxy_refusal){ 0 };
    if (bytes.count == 0)
        return WF_PROXY_STEP_MORE;
    if (bytes.data[0] != (socks->waits_for == WF_SOCKS5_LOGIN ? LOGIN_VERSION : VERSION))
        return be_no_proxy(refusal_out);
    if (bytes.count < 2)
        return WF_PROXY_STEP_MORE;
    if (socks->waits_for == WF_SOCKS5_REPLY)
        return read_reply(bytes, used_out, refusal_out);
    *used_out = 2;
    return socks->waits_for == WF_SOCKS5_METHOD
               ? read_method(socks, bytes.data[1], out, out_count, refusal_out)
               : read_login(socks, bytes.data[1], out, out_count, refusal_out);
}
