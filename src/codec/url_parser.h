/* The parser of URLs, for the files that are its states. */
#ifndef WF_CODEC_URL_PARSER_H
#define WF_CODEC_URL_PARSER_H

#include "codec/url.h"
#include "codec/url_parts.h"

struct wf_url_parser {
    const char *at;
    const char *end;
    const struct wf_url *base;
    struct wf_url *url;
    struct wf_url_out out;
    bool is_websocket; /* http and https are to become ws and wss. */
    const char *reason;
};

static inline bool wf_url_is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* Whether the authority, or a part of the path, ends here. */
static inline bool wf_url_is_part_end(char c)
{
    return wf_url_is_slash(c) || c == '?' || c == '#';
}

static inline struct weft_text wf_url_between(const char *first, const char *end)
{
    return (struct weft_text){ first, (size_t)(end - first) };
}

/* What was written since `first`. */
static inline struct weft_text wf_url_written_since(const struct wf_url_parser *p, size_t first)
{
    return (struct weft_text){ p->out.data + first, p->out.count - first };
}

/* url_authority.c: the states "special authority ignore slashes", "authority", "host", "port". */
WEFT_MUST_USE weft_status wf_url_parse_authority(struct wf_url_parser *parser);

/* url_path.c: the state "path"; what was written since path_first is the base's part. */
void wf_url_parse_path(struct wf_url_parser *parser, size_t path_first);

/* Drops the last segment with its slash. */
void wf_url_shorten_path(struct wf_url_parser *parser, size_t path_first);

/* The states "query" and "fragment", of what is left. */
void wf_url_parse_query(struct wf_url_parser *parser, size_t path_first);

/* The states from "path start" on. */
void wf_url_parse_path_and_query(struct wf_url_parser *parser);

#endif
