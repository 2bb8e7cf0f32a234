#include "codec/ip.h"

#include <arpa/inet.h>
#include <stdio.h>

static const uint8_t v4_clothes[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct wf_ip wf_ip_of(const uint8_t *bytes, size_t count)
{
    struct wf_ip ip = { .count = (uint8_t)count };
    if (count == 16 && memcmp(bytes, v4_clothes, sizeof v4_clothes) == 0) {
        bytes += sizeof v4_clothes;
        ip.count = 4;
    }
    memcpy(ip.bytes, bytes, ip.count);
    return ip;
}

bool wf_ip_parse(struct weft_text text, struct wf_ip *ip_out)
{
    char terminated[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    if (text.count == 0 || text.count >= sizeof terminated || memchr(text.data, '\0', text.count))
        return false;
    memcpy(terminated, text.data, text.count);
    terminated[text.count] = '\0';
    bool is_v6 = memchr(text.data, ':', text.count) != NULL;
    if (inet_pton(is_v6 ? AF_INET6 : AF_INET, terminated, bytes) != 1)
        return false;
    *ip_out = wf_ip_of(bytes, is_v6 ? 16 : 4);
    return true;
}

void wf_ip_text(const struct wf_ip *ip, int32_t port, char *out)
{
    char text[INET6_ADDRSTRLEN];
    bool is_v6 = ip->count == 16;
    inet_ntop(is_v6 ? AF_INET6 : AF_INET, ip->bytes, text, sizeof text);
    if (port < 0)
        snprintf(out, WF_IP_TEXT_MAX, "%s", text);
    else
        snprintf(out, WF_IP_TEXT_MAX, is_v6 ? "[%s]:%u" : "%s:%u", text, (unsigned)port);
}

static bool parse_number(struct weft_text digits, uint32_t max, uint32_t *number_out)
{
    uint32_t number = 0;
    if (digits.count == 0 || (digits.count > 1 && digits.data[0] == '0'))
        return false;
    for (size_t i = 0; i < digits.count; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        number = number * 10 + (uint32_t)(digits.data[i] - '0');
        if (number > max)
            return false;
    }
    *number_out = number;
    return true;
}

bool wf_ip_port_parse(struct weft_text digits, uint16_t *port_out)
{
    uint32_t port;
    if (!parse_number(digits, UINT16_MAX, &port))
        return false;
    *port_out = (uint16_t)port;
    return true;
}

/* Whether the first bits of two addresses of one family are the same. */
static bool are_same(const uint8_t *one, const uint8_t *other, unsigned bits)
{
    unsigned whole = bits / 8;
    if (memcmp(one, other, whole) != 0)
        return false;
    return bits % 8 == 0 || (uint8_t)((one[whole] ^ other[whole]) >> (8 - bits % 8)) == 0;
}

static bool is_zero_behind(const struct wf_ip *ip, unsigned bits)
{
    for (unsigned bit = bits; bit < ip->count * 8u; bit++) {
        if (ip->bytes[bit / 8] & 0x80 >> bit % 8)
            return false;
    }
    return true;
}

bool wf_ip_net_parse(struct weft_text text, struct wf_ip_net *net_out)
{
    const char *slash = text.count ? memchr(text.data, '/', text.count) : NULL;
    struct weft_text address = { text.data, slash ? (size_t)(slash - text.data) : text.count };
    if (!wf_ip_parse(address, &net_out->ip))
        return false;
    uint32_t bits = net_out->ip.count * 8u;
    if (slash) {
        /* A prefix counts the bits of what was written: of ::ffff:0:0/96 the first 96 are gone. */
        bool was_v6 = memchr(address.data, ':', address.count) != NULL;
        uint32_t undressed = was_v6 && net_out->ip.count == 4 ? 96 : 0;
        struct weft_text digits = { slash + 1, text.count - address.count - 1 };
        if (!parse_number(digits, bits + undressed, &bits) || bits < undressed)
            return false;
        bits -= undressed;
    }
    net_out->bits = (uint8_t)bits;
    return is_zero_behind(&net_out->ip, bits);
}

bool wf_ip_net_has(const struct wf_ip_net *net, const struct wf_ip *ip)
{
    return net->ip.count == ip->count && are_same(net->ip.bytes, ip->bytes, net->bits);
}
