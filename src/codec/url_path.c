#include "codec/url_parser.h"

/* "." with `dots` 1, ".." with 2; a dot may be written %2e. */
static bool is_dots(struct weft_text segment, unsigned dots)
{
    size_t at = 0;
    for (; dots > 0; dots--) {
        if (at < segment.count && segment.data[at] == '.')
            at++;
        else if (segment.count - at >= 3 && memcmp(segment.data + at, "%2", 2) == 0 &&
                 (segment.data[at + 2] | 0x20) == 'e')
            at += 3;
        else
            return false;
    }
    return at == segment.count;
}

void wf_url_shorten_path(struct wf_url_parser *p, size_t path_first)
{
    while (p->out.count > path_first && p->out.data[--p->out.count] != '/')
        ;
}

void wf_url_parse_path(struct wf_url_parser *p, size_t path_first)
{
    for (bool is_last = false; !is_last;) {
        const char *first = p->at;
        while (p->at < p->end && !wf_url_is_part_end(*p->at))
            p->at++;
        struct weft_text segment = wf_url_between(first, p->at);
        is_last = p->at == p->end || !wf_url_is_slash(*p->at);
        p->at += !is_last;

        bool is_double = is_dots(segment, 2);
        if (is_double)
            wf_url_shorten_path(p, path_first);
        if (is_double || is_dots(segment, 1)) {
            if (is_last)
                wf_url_put_char(&p->out, '/');
            continue;
        }
        wf_url_put_char(&p->out, '/');
        wf_url_put_encoded(&p->out, segment, WF_URL_SET_PATH);
    }
    p->url->path = wf_url_written_since(p, path_first);
}

void wf_url_parse_query(struct wf_url_parser *p, size_t path_first)
{
    if (p->at < p->end && *p->at == '?') {
        const char *first = ++p->at;
        while (p->at < p->end && *p->at != '#')
            p->at++;
        p->url->has_query = true;
        wf_url_put_char(&p->out, '?');
        size_t query_first = p->out.count;
        wf_url_put_encoded(&p->out, wf_url_between(first, p->at), WF_URL_SET_QUERY);
        p->url->query = wf_url_written_since(p, query_first);
    }
    p->url->has_fragment = p->at < p->end;
    p->url->target = wf_url_written_since(p, path_first);
}

void wf_url_parse_path_and_query(struct wf_url_parser *p)
{
    size_t path_first = p->out.count;
    if (p->at < p->end && wf_url_is_slash(*p->at))
        p->at++;
    wf_url_parse_path(p, path_first);
    wf_url_parse_query(p, path_first);
}
