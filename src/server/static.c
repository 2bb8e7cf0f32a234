#include "server/static.h"

#include "codec/http1.h"
#include "server/content_type.h"
#include "server/embedded.h"
#include "server/folder.h"
#include "server/representation.h"
#include "server/responder.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct wf_static {
    char *folder; /* NULL: embedded. */
    struct wf_embedded_table embedded;
    char *index;
    char *cache_control;
    struct weft_header *headers; /* One block with their characters. */
    size_t header_count;
};

/* ---- the copy ---- */

static weft_status copy_headers(struct wf_static *files, const struct weft_allocator *allocator,
                                const struct weft_header *headers, size_t count)
{
    size_t bytes = count * sizeof *headers;
    for (size_t i = 0; i < count; i++) {
        if (!wf_http1_is_token(headers[i].name) || !wf_http1_is_field_value(headers[i].value))
            return WEFT_ERR_SYNTAX;
        bytes += headers[i].name.count + headers[i].value.count;
    }
    if (count == 0)
        return WEFT_OK;
    files->headers = wf_alloc(allocator, bytes);
    if (!files->headers)
        return WEFT_ERR_MEMORY;
    char *at = (char *)(files->headers + count);
    for (size_t i = 0; i < count; i++) {
        struct weft_header *copy = &files->headers[i];
        *copy = (struct weft_header){ { at, headers[i].name.count },
                                      { at + headers[i].name.count, headers[i].value.count } };
        memcpy(at, headers[i].name.data, headers[i].name.count);
        at += headers[i].name.count;
        if (headers[i].value.count)
            memcpy(at, headers[i].value.data, headers[i].value.count);
        at += headers[i].value.count;
    }
    files->header_count = count;
    return WEFT_OK;
}

static weft_status copy_source(struct wf_static *files, const struct weft_allocator *allocator,
                               const struct weft_files *source)
{
    if (source->folder)
        return wf_folder_resolve(allocator, source->folder, &files->folder);
    return wf_embedded_fill(&files->embedded, allocator, source->embedded, source->embedded_count);
}

static bool is_usable(const struct weft_files *source)
{
    bool is_one = source->folder ? !source->embedded : source->embedded && source->embedded_count;
    return is_one && (source->headers || !source->header_count) &&
           source->header_count <= WF_REPRESENTATION_HEADERS_MAX &&
           (!source->index || wf_folder_is_name(weft_text_of(source->index)));
}

weft_status wf_static_create(const struct weft_allocator *allocator,
                             const struct weft_files *source, struct wf_static **static_out)
{
    if (!is_usable(source))
        return WEFT_ERR_ARGUMENT;
    if (source->cache_control && !wf_http1_is_field_value(weft_text_of(source->cache_control)))
        return WEFT_ERR_SYNTAX;
    struct wf_static *files = wf_alloc_zero(allocator, sizeof *files);
    if (!files)
        return WEFT_ERR_MEMORY;

    const char *index = source->index ? source->index : "index.html";
    const char *cache_control = source->cache_control ? source->cache_control : "no-cache";
    files->index = wf_copy_text(allocator, weft_text_of(index));
    files->cache_control = wf_copy_text(allocator, weft_text_of(cache_control));
    weft_status status = files->index && files->cache_control ? WEFT_OK : WEFT_ERR_MEMORY;
    if (!status)
        status = copy_headers(files, allocator, source->headers, source->header_count);
    if (!status)
        status = copy_source(files, allocator, source);
    if (status)
        wf_static_destroy(allocator, files);
    else
        *static_out = files;
    return status;
}

void wf_static_destroy(const struct weft_allocator *allocator, struct wf_static *files)
{
    if (!files)
        return;
    wf_embedded_drop(&files->embedded, allocator);
    wf_free(allocator, files->folder);
    wf_free(allocator, files->index);
    wf_free(allocator, files->cache_control);
    wf_free(allocator, files->headers);
    wf_free(allocator, files);
}

/* ---- finding ---- */

static void describe_file(struct wf_representation *file, const struct stat *about, int64_t now)
{
    struct wf_validators *validators = &file->validators;
    uint64_t time_ns =
        (uint64_t)about->st_mtim.tv_sec * 1000000000u + (uint64_t)about->st_mtim.tv_nsec;
    int count = snprintf(file->etag, sizeof file->etag, "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"",
                         time_ns, (uint64_t)about->st_size, (uint64_t)about->st_ino);
    validators->etag = (struct weft_text){ file->etag, (size_t)count };
    validators->has_time = true;
    /* RFC 9110 8.8.2.1: no time in the future. */
    validators->modified = about->st_mtim.tv_sec < now ? about->st_mtim.tv_sec : now;
    wf_http_date_format(validators->modified, file->modified);
    file->bytes = (uint64_t)about->st_size;
}

static enum wf_folder_result find_in_memory(const struct wf_static *files, struct weft_text path,
                                            struct wf_representation *file)
{
    bool wants_index = path.count == 0 || path.data[path.count - 1] == '/';
    struct weft_text name = wants_index ? weft_text_of(files->index) : (struct weft_text){ "", 0 };
    const struct wf_embedded *item = wf_embedded_find(&files->embedded, path, name);
    if (!item)
        return !wants_index && wf_embedded_has_folder(&files->embedded, path) ? WF_FOLDER_FOLDER
                                                                              : WF_FOLDER_MISSING;
    file->data = item->bytes.data;
    file->bytes = item->bytes.count;
    file->validators.etag = (struct weft_text){ item->etag, sizeof item->etag };
    file->content_type = wf_content_type_of(item->path);
    return WF_FOLDER_FILE;
}

/* What an encoded slash or a dot would lead astray names nothing in memory either. */
static bool are_names(const struct weft_text *segments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_end = i + 1 == count && segments[i].count == 0;
        if (!is_end && !wf_folder_is_name(segments[i]))
            return false;
    }
    return true;
}

static enum wf_folder_result find(const struct wf_visit *visit, const struct wf_static *files,
                                  struct wf_representation *file, int64_t now)
{
    const struct weft_text *segments = visit->path.segments + visit->entry->segment_count;
    size_t count = visit->path.count - visit->entry->segment_count;
    struct weft_text rest = wf_route_rest(visit->entry, &visit->path);
    struct stat about;
    if (!are_names(segments, count))
        return WF_FOLDER_MISSING;
    if (!files->folder)
        return find_in_memory(files, rest, file);
    enum wf_folder_result result =
        wf_folder_open(files->folder, segments, count, files->index, &file->fd, &about);
    if (result == WF_FOLDER_FILE) {
        bool is_index = segments[count - 1].count == 0;
        file->content_type = wf_content_type_of(is_index ? weft_text_of(files->index) : rest);
        describe_file(file, &about, now);
    }
    return result;
}

void wf_static_answer(struct wf_visit *visit, const struct wf_static *files)
{
    struct wf_representation file = { .fd = -1,
                                      .cache_control = files->cache_control,
                                      .headers = { files->headers, files->header_count } };
    int64_t now = (int64_t)time(NULL);
    switch (find(visit, files, &file, now)) {
    case WF_FOLDER_FILE:
        wf_representation_send(visit, &file, now);
        break;
    case WF_FOLDER_FOLDER:
        wf_responder_add_slash(visit);
        break;
    case WF_FOLDER_BUSY:
        wf_answer_text(visit, 503, "too many files are open", NULL, 0);
        break;
    case WF_FOLDER_MISSING:
        wf_answer_text(visit, 404, "there is no such file", NULL, 0);
        break;
    }
    if (file.fd >= 0)
        close(file.fd);
}
