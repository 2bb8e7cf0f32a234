#include "client/no_proxy.h"

#include "io/address.h"

#include <netinet/in.h>
#include <strings.h>

/* An address without its family's dress. */
struct ip {
    size_t bytes; /* 4 or 16. */
    uint8_t data[16];
};

static bool read_ip(struct weft_text text, struct ip *ip_out)
{
    struct wf_address address;
    if (wf_address_of_ip(&address, text, 0))
        return false;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address.storage;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address.storage;
    if (address.storage.ss_family == AF_INET) {
        ip_out->bytes = sizeof v4->sin_addr;
        memcpy(ip_out->data, &v4->sin_addr, sizeof v4->sin_addr);
    } else {
        ip_out->bytes = sizeof v6->sin6_addr;
        memcpy(ip_out->data, &v6->sin6_addr, sizeof v6->sin6_addr);
    }
    return true;
}

static bool have_same_bits(const struct ip *one, const struct ip *other, uint32_t bits)
{
    if (one->bytes != other->bytes || bits > one->bytes * 8 ||
        memcmp(one->data, other->data, bits / 8) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xFF00u >> bits % 8);
    return bits % 8 == 0 || ((one->data[bits / 8] ^ other->data[bits / 8]) & mask) == 0;
}

/* Digits and nothing else, at most max. */
static bool read_number(struct weft_text text, uint32_t max, uint32_t *number_out)
{
    uint32_t number = 0;
    for (size_t i = 0; i < text.count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        number = number * 10 + (uint32_t)(text.data[i] - '0');
        if (number > max)
            return false;
    }
    *number_out = number;
    return text.count > 0;
}

static struct weft_text behind(struct weft_text text, const char *at)
{
    return (struct weft_text){ at + 1, text.count - (size_t)(at + 1 - text.data) };
}

static struct weft_text before(struct weft_text text, const char *at)
{
    return (struct weft_text){ text.data, (size_t)(at - text.data) };
}

/* Takes brackets and a port off an entry. False: it is no entry, or one for another port. */
static bool take_port(struct weft_text *entry, uint16_t port)
{
    uint32_t number;
    const char *colon = memrchr(entry->data, ':', entry->count);
    if (entry->data[0] == '[') {
        const char *bracket = memchr(entry->data, ']', entry->count);
        if (!bracket)
            return false;
        struct weft_text rest = behind(*entry, bracket);
        *entry = (struct weft_text){ entry->data + 1, (size_t)(bracket - entry->data) - 1 };
        if (rest.count == 0)
            return true;
        return rest.data[0] == ':' && read_number(behind(rest, rest.data), UINT16_MAX, &number) &&
               number == port;
    }
    /* Of more than one colon none is a port's: an IPv6 address. */
    if (!colon || memchr(entry->data, ':', (size_t)(colon - entry->data)))
        return true;
    struct weft_text digits = behind(*entry, colon);
    *entry = before(*entry, colon);
    return read_number(digits, UINT16_MAX, &number) && number == port;
}

static bool has_ip(struct weft_text entry, const struct ip *host)
{
    struct ip ip;
    uint32_t bits = (uint32_t)host->bytes * 8;
    const char *slash = memchr(entry.data, '/', entry.count);
    if (slash && !read_number(behind(entry, slash), 128, &bits))
        return false;
    if (slash)
        entry = before(entry, slash);
    return entry.count && read_ip(entry, &ip) && have_same_bits(&ip, host, bits);
}

static struct weft_text without_dots(struct weft_text name, bool also_first)
{
    if (name.count && name.data[name.count - 1] == '.')
        name.count--;
    if (also_first && name.count && name.data[0] == '.')
        name = (struct weft_text){ name.data + 1, name.count - 1 };
    return name;
}

static bool has_name(struct weft_text entry, struct weft_text host)
{
    entry = without_dots(entry, true);
    host = without_dots(host, false);
    if (entry.count == 0 || host.count < entry.count)
        return false;
    size_t more = host.count - entry.count;
    return strncasecmp(host.data + more, entry.data, entry.count) == 0 &&
           (more == 0 || host.data[more - 1] == '.');
}

static bool is_separator(char c)
{
    return c == ',' || c == ' ' || c == '\t';
}

bool wf_no_proxy_has(struct weft_text list, struct weft_text host, uint16_t port)
{
    struct ip ip;
    bool host_is_ip = read_ip(host, &ip);
    if (list.count == 1 && list.data[0] == '*')
        return true;
    for (size_t at = 0; at < list.count;) {
        size_t end = at;
        while (end < list.count && !is_separator(list.data[end]))
            end++;
        struct weft_text entry = { list.data + at, end - at };
        at = end + 1;
        if (entry.count && take_port(&entry, port) && entry.count &&
            (host_is_ip ? has_ip(entry, &ip) : has_name(entry, host)))
            return true;
    }
    return false;
}
