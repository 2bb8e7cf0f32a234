#include "server/condition.h"

#include "codec/http1.h"
#include "codec/http_date.h"

static bool same_text(struct weft_text one, struct weft_text other)
{
    return one.count == other.count &&
           (one.count == 0 || memcmp(one.data, other.data, one.count) == 0);
}

/* Whether a list of entity tags has this one, or is "*". RFC 9110 8.8.3.2. */
static bool list_has(struct weft_headers headers, const char *name, struct weft_text etag,
                     bool is_weak_comparison)
{
    struct wf_http1_list list = { .headers = headers, .name = name };
    struct weft_text tag;
    while (wf_http1_list_next(&list, &tag)) {
        if (wf_http1_text_equals(tag, "*"))
            return true;
        if (is_weak_comparison && tag.count > 2 && tag.data[0] == 'W' && tag.data[1] == '/') {
            tag.data += 2;
            tag.count -= 2;
        }
        if (same_text(tag, etag))
            return true;
    }
    return false;
}

/* Whether the field has a date; one that is none is ignored (RFC 9110 13.1.3). */
static bool date_of(struct weft_headers headers, const char *name, int64_t now, int64_t *date_out)
{
    const struct weft_header *header = weft_headers_find(headers, name, NULL);
    return header && wf_http_date_parse(header->value, now, date_out);
}

static bool has(struct weft_headers headers, const char *name)
{
    return weft_headers_find(headers, name, NULL) != NULL;
}

/* The order of RFC 9110 13.2.2. */
int wf_condition_evaluate(struct weft_headers headers, const struct wf_validators *validators,
                          int64_t now)
{
    int64_t date;
    if (has(headers, "If-Match")) {
        if (!list_has(headers, "If-Match", validators->etag, false))
            return 412;
    } else if (validators->has_time && date_of(headers, "If-Unmodified-Since", now, &date)) {
        if (validators->modified > date)
            return 412;
    }
    if (has(headers, "If-None-Match"))
        return list_has(headers, "If-None-Match", validators->etag, true) ? 304 : 200;
    if (validators->has_time && date_of(headers, "If-Modified-Since", now, &date))
        return validators->modified <= date ? 304 : 200;
    return 200;
}

bool wf_condition_range_counts(struct weft_headers headers, const struct wf_validators *validators,
                               int64_t now)
{
    const struct weft_header *condition = weft_headers_find(headers, "If-Range", NULL);
    int64_t date;
    if (!condition)
        return true;
    if (condition->value.count && condition->value.data[0] == '"')
        return same_text(condition->value, validators->etag);
    /* RFC 9110 8.8.2.2: a date of the second in which the file changed may stand for two contents.
     */
    return validators->has_time && wf_http_date_parse(condition->value, now, &date) &&
           validators->modified == date && date < now - 1;
}
