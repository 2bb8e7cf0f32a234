#include "server/content_type.h"

#include <stdbool.h>
#include <stdlib.h>

enum { EXTENSION_BYTES_MAX = 12 };

struct type {
    char extension[EXTENSION_BYTES_MAX + 1];
    const char *name;
};

/* Sorted by extension. */
static const struct type types[] = {
    { "aac", "audio/aac" },
    { "apng", "image/apng" },
    { "avif", "image/avif" },
    { "bmp", "image/bmp" },
    { "bz2", "application/x-bzip2" },
    { "cjs", "text/javascript; charset=utf-8" },
    { "css", "text/css; charset=utf-8" },
    { "csv", "text/csv; charset=utf-8" },
    { "flac", "audio/flac" },
    { "gif", "image/gif" },
    { "gz", "application/gzip" },
    { "htm", "text/html; charset=utf-8" },
    { "html", "text/html; charset=utf-8" },
    { "ico", "image/vnd.microsoft.icon" },
    { "ics", "text/calendar; charset=utf-8" },
    { "jpeg", "image/jpeg" },
    { "jpg", "image/jpeg" },
    { "js", "text/javascript; charset=utf-8" },
    { "json", "application/json" },
    { "jsonld", "application/ld+json" },
    { "jxl", "image/jxl" },
    { "m4a", "audio/mp4" },
    { "m4v", "video/mp4" },
    { "map", "application/json" },
    { "md", "text/markdown; charset=utf-8" },
    { "mjs", "text/javascript; charset=utf-8" },
    { "mp3", "audio/mpeg" },
    { "mp4", "video/mp4" },
    { "oga", "audio/ogg" },
    { "ogg", "audio/ogg" },
    { "ogv", "video/ogg" },
    { "opus", "audio/ogg" },
    { "otf", "font/otf" },
    { "pdf", "application/pdf" },
    { "png", "image/png" },
    { "svg", "image/svg+xml" },
    { "tar", "application/x-tar" },
    { "tif", "image/tiff" },
    { "tiff", "image/tiff" },
    { "ttf", "font/ttf" },
    { "txt", "text/plain; charset=utf-8" },
    { "vtt", "text/vtt; charset=utf-8" },
    { "wasm", "application/wasm" },
    { "wav", "audio/wav" },
    { "weba", "audio/webm" },
    { "webm", "video/webm" },
    { "webmanifest", "application/manifest+json" },
    { "webp", "image/webp" },
    { "woff", "font/woff" },
    { "woff2", "font/woff2" },
    { "xhtml", "application/xhtml+xml" },
    { "xml", "application/xml" },
    { "zip", "application/zip" },
    { "zst", "application/zstd" },
};

static int compare(const void *extension, const void *type)
{
    return strcmp(extension, ((const struct type *)type)->extension);
}

const char *wf_content_type_of(struct weft_text path)
{
    char extension[EXTENSION_BYTES_MAX + 1] = { 0 };
    const struct type *found = NULL;
    size_t begin = path.count;
    while (begin > 0 && path.data[begin - 1] != '.' && path.data[begin - 1] != '/')
        begin--;
    size_t bytes = path.count - begin;
    /* ".html" alone is a hidden file's name, not an extension. */
    bool has_stem = begin > 1 && path.data[begin - 1] == '.' && path.data[begin - 2] != '/';
    if (has_stem && bytes <= EXTENSION_BYTES_MAX) {
        for (size_t i = 0; i < bytes; i++) {
            char c = path.data[begin + i];
            extension[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        }
        found = bsearch(extension, types, sizeof types / sizeof *types, sizeof *types, compare);
    }
    return found ? found->name : "application/octet-stream";
}
