/* The IPv4 and IPv6 parsers and serialisers of the URL Standard, 3.5 and 3.6. */
#include "codec/percent.h"
#include "codec/url_parts.h"

#include <stdio.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- IPv4 ---- */

/* The text before the next '.', which is taken away too; the last part takes all. */
static struct weft_text next_part(struct weft_text *rest)
{
    size_t count = 0;
    while (count < rest->count && rest->data[count] != '.')
        count++;
    struct weft_text part = { rest->data, count };
    size_t used = count < rest->count ? count + 1 : count;
    rest->data += used;
    rest->count -= used;
    return part;
}

/* One final dot counts for nothing. */
static struct weft_text without_last_dot(struct weft_text host)
{
    if (host.count > 1 && host.data[host.count - 1] == '.')
        host.count--;
    return host;
}

/* Decimal, octal with a leading 0, hexadecimal with 0x; too large numbers stay too large. */
static bool read_ipv4_number(struct weft_text part, uint64_t *value_out)
{
    unsigned base = 10;
    if (part.count == 0)
        return false;
    if (part.count >= 2 && part.data[0] == '0') {
        bool is_hex = (part.data[1] | 0x20) == 'x';
        base = is_hex ? 16 : 8;
        part.data += is_hex ? 2 : 1;
        part.count -= is_hex ? 2 : 1;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < part.count; i++) {
        unsigned digit = wf_percent_hex(part.data[i]);
        if (digit >= base)
            return false;
        value = value * base + digit;
        if (value > UINT32_MAX)
            value = (uint64_t)UINT32_MAX + 1;
    }
    *value_out = value;
    return true;
}

bool wf_url_ends_in_number(struct weft_text host)
{
    host = without_last_dot(host);
    size_t first = host.count;
    while (first > 0 && host.data[first - 1] != '.')
        first--;
    struct weft_text last = { host.data + first, host.count - first };
    if (last.count == 0)
        return false;
    size_t digits = 0;
    while (digits < last.count && is_digit(last.data[digits]))
        digits++;
    uint64_t value;
    return digits == last.count || read_ipv4_number(last, &value);
}

static weft_status read_ipv4(struct weft_text rest, uint32_t *address_out, const char **reason)
{
    uint64_t numbers[4];
    unsigned count = 0;
    rest = without_last_dot(rest);
    bool is_last = false;
    while (!is_last) {
        is_last = memchr(rest.data, '.', rest.count) == NULL;
        if (count == 4)
            return wf_url_fail(reason, "an IPv4 address has more than four parts");
        if (!read_ipv4_number(next_part(&rest), &numbers[count++]))
            return wf_url_fail(reason, "a part of an IPv4 address is not a number");
    }
    uint32_t address = 0;
    for (unsigned i = 0; i + 1 < count; i++) {
        if (numbers[i] > 255)
            return wf_url_fail(reason, "a part of an IPv4 address is over 255");
        address |= (uint32_t)numbers[i] << (24 - 8 * i);
    }
    if (numbers[count - 1] >= (uint64_t)1 << (8 * (5 - count)))
        return wf_url_fail(reason, "the last part of an IPv4 address is too large");
    *address_out = address | (uint32_t)numbers[count - 1];
    return WEFT_OK;
}

weft_status wf_url_put_ipv4(struct wf_url_out *out, struct weft_text text, const char **reason)
{
    uint32_t address;
    weft_status status = read_ipv4(text, &address, reason);
    if (status)
        return status;
    char serialised[16];
    snprintf(serialised, sizeof serialised, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
             address >> 8 & 255, address & 255);
    wf_url_put(out, weft_text_of(serialised));
    return WEFT_OK;
}

/* ---- IPv6 ---- */

struct ipv6 {
    uint16_t pieces[8];
    unsigned count; /* Pieces so far. */
    int compress;   /* The piece before which "::" stands, or -1. */
    struct weft_text rest;
};

static char peek(const struct ipv6 *ip, size_t distance)
{
    return distance < ip->rest.count ? ip->rest.data[distance] : '\0';
}

static void skip(struct ipv6 *ip, size_t count)
{
    ip->rest.data += count;
    ip->rest.count -= count;
}

/* A number from 0 to 255 without leading zeros. */
static bool read_byte(struct ipv6 *ip, unsigned *byte_out)
{
    unsigned byte = 0, digits = 0;
    for (; is_digit(peek(ip, 0)); skip(ip, 1), digits++) {
        if (digits > 0 && byte == 0)
            return false;
        byte = byte * 10 + (unsigned)(peek(ip, 0) - '0');
        if (byte > 255)
            return false;
    }
    *byte_out = byte;
    return digits > 0;
}

/* The dotted end of an address: two pieces. */
static bool read_dotted_end(struct ipv6 *ip)
{
    if (ip->count > 6)
        return false;
    for (unsigned i = 0; i < 4; i++) {
        unsigned byte;
        if (i > 0) {
            if (peek(ip, 0) != '.')
                return false;
            skip(ip, 1);
        }
        if (!read_byte(ip, &byte))
            return false;
        unsigned piece = ip->count + i / 2;
        ip->pieces[piece] = (uint16_t)((unsigned)ip->pieces[piece] << 8 | byte);
    }
    ip->count += 2;
    return ip->rest.count == 0;
}

/* One piece and what follows it. */
static bool read_piece(struct ipv6 *ip)
{
    unsigned value = 0;
    size_t digits = 0;
    while (digits < 4 && wf_percent_hex(peek(ip, digits)) < 16)
        value = value << 4 | wf_percent_hex(peek(ip, digits++));
    if (peek(ip, digits) == '.')
        return digits > 0 && read_dotted_end(ip);
    skip(ip, digits);
    if (peek(ip, 0) == ':') {
        skip(ip, 1);
        if (ip->rest.count == 0)
            return false;
    } else if (ip->rest.count > 0) {
        return false;
    }
    ip->pieces[ip->count++] = (uint16_t)value;
    return true;
}

static bool read_ipv6(struct ipv6 *ip)
{
    if (peek(ip, 0) == ':') {
        if (peek(ip, 1) != ':')
            return false;
        skip(ip, 2);
        ip->compress = 0;
    }
    while (ip->rest.count > 0) {
        if (ip->count == 8)
            return false;
        if (peek(ip, 0) != ':') {
            if (!read_piece(ip))
                return false;
            continue;
        }
        if (ip->compress >= 0)
            return false;
        skip(ip, 1);
        ip->compress = (int)ip->count;
    }
    if (ip->compress < 0)
        return ip->count == 8;
    return ip->count < 8;
}

/* Moves the pieces behind "::" to the end. */
static void expand(struct ipv6 *ip)
{
    if (ip->compress < 0)
        return;
    unsigned first = (unsigned)ip->compress, moved = ip->count - first;
    memmove(ip->pieces + 8 - moved, ip->pieces + first, moved * sizeof *ip->pieces);
    memset(ip->pieces + first, 0, (8 - ip->count) * sizeof *ip->pieces);
}

/* The first of the longest runs of at least two zeros: *count_out is 0 if there is none. */
static unsigned longest_zeros(const uint16_t pieces[8], unsigned *count_out)
{
    unsigned best = 0;
    *count_out = 1;
    for (unsigned first = 0; first < 8; first++) {
        unsigned end = first;
        while (end < 8 && pieces[end] == 0)
            end++;
        if (end - first > *count_out) {
            *count_out = end - first;
            best = first;
        }
    }
    if (*count_out == 1)
        *count_out = 0;
    return best;
}

weft_status wf_url_put_ipv6(struct wf_url_out *out, struct weft_text address, const char **reason)
{
    struct ipv6 ip = { .compress = -1, .rest = address };
    if (!read_ipv6(&ip))
        return wf_url_fail(reason, "the IPv6 address is not well-formed");
    expand(&ip);

    unsigned zero_count, zeros = longest_zeros(ip.pieces, &zero_count);
    wf_url_put_char(out, '[');
    for (unsigned i = 0; i < 8; i++) {
        if (zero_count && i == zeros) {
            wf_url_put(out, WEFT_TEXT_LITERAL("::"));
            i += zero_count - 1;
            continue;
        }
        if (i > 0 && !(zero_count && i == zeros + zero_count))
            wf_url_put_char(out, ':');
        char piece[5];
        snprintf(piece, sizeof piece, "%x", ip.pieces[i]);
        wf_url_put(out, weft_text_of(piece));
    }
    wf_url_put_char(out, ']');
    return WEFT_OK;
}
