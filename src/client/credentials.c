#include "client/credentials.h"

#include "codec/base64.h"
#include "codec/http1.h"
#include "codec/percent.h"

static bool has_control(struct weft_text text)
{
    for (size_t i = 0; i < text.count; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7F)
            return true;
    return false;
}

/* RFC 7617 2: no colon in the user-id, no controls. */
weft_status wf_credentials_basic(const struct weft_allocator *allocator, struct weft_text username,
                                 struct weft_text password, char **value_out)
{
    static const struct weft_text scheme = { "Basic ", 6 };
    if ((username.count && memchr(username.data, ':', username.count)) || has_control(username) ||
        has_control(password))
        return WEFT_ERR_SYNTAX;
    size_t bytes = username.count + 1 + password.count;
    size_t text_bytes = WF_BASE64_TEXT_BYTES(bytes);
    char *value = wf_alloc(allocator, scheme.count + text_bytes + 1 + bytes);
    if (!value)
        return WEFT_ERR_MEMORY;
    char *pair = value + scheme.count + text_bytes + 1;
    if (username.count)
        memcpy(pair, username.data, username.count);
    pair[username.count] = ':';
    if (password.count)
        memcpy(pair + username.count + 1, password.data, password.count);
    memcpy(value, scheme.data, scheme.count);
    wf_base64_encode((struct weft_bytes){ (const uint8_t *)pair, bytes }, value + scheme.count);
    value[scheme.count + text_bytes] = '\0';
    *value_out = value;
    return WEFT_OK;
}

/* RFC 6750 2.1: visible characters, no spaces. */
static weft_status bearer(const struct weft_allocator *allocator, struct weft_text token,
                          char **value_out)
{
    static const struct weft_text scheme = { "Bearer ", 7 };
    if (!wf_http1_is_target(token))
        return WEFT_ERR_SYNTAX;
    char *value = wf_alloc(allocator, scheme.count + token.count + 1);
    if (!value)
        return WEFT_ERR_MEMORY;
    memcpy(value, scheme.data, scheme.count);
    memcpy(value + scheme.count, token.data, token.count);
    value[scheme.count + token.count] = '\0';
    *value_out = value;
    return WEFT_OK;
}

static weft_status basic_of_url(const struct weft_allocator *allocator, const struct wf_url *url,
                                char **value_out)
{
    struct weft_text username = url->username, password = url->password;
    char *memory = wf_alloc(allocator, username.count + password.count + 1);
    if (!memory)
        return WEFT_ERR_MEMORY;
    char *second = memory + username.count;
    bool is_decoded = wf_percent_decode(username, memory, &username.count) &&
                      wf_percent_decode(password, second, &password.count);
    weft_status status = WEFT_ERR_SYNTAX;
    if (is_decoded)
        status = wf_credentials_basic(allocator, (struct weft_text){ memory, username.count },
                                      (struct weft_text){ second, password.count }, value_out);
    wf_free(allocator, memory);
    return status;
}

weft_status wf_credentials_of(const struct weft_allocator *allocator,
                              const struct weft_connect_options *options, const struct wf_url *url,
                              char **value_out)
{
    struct weft_headers headers = { options->headers, options->header_count };
    bool has_header = weft_headers_find(headers, "Authorization", NULL) != NULL;
    *value_out = NULL;
    if (has_header + (options->username != NULL) + (options->bearer_token != NULL) > 1)
        return WEFT_ERR_ARGUMENT;
    if (has_header)
        return WEFT_OK;
    if (options->bearer_token)
        return bearer(allocator, weft_text_of(options->bearer_token), value_out);
    if (options->username)
        return wf_credentials_basic(allocator, weft_text_of(options->username),
                                    weft_text_of(options->password), value_out);
    if (url->username.count || url->password.count)
        return basic_of_url(allocator, url, value_out);
    return WEFT_OK;
}
