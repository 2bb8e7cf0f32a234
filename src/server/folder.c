#include "server/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { NAME_BYTES_MAX = 255 };

static bool is_text(struct weft_text segment, const char *text)
{
    return segment.count == strlen(text) && memcmp(segment.data, text, segment.count) == 0;
}

bool wf_folder_is_name(struct weft_text segment)
{
    if (segment.count == 0 || segment.count > NAME_BYTES_MAX)
        return false;
    if (memchr(segment.data, '/', segment.count) || memchr(segment.data, '\\', segment.count) ||
        memchr(segment.data, '\0', segment.count))
        return false;
    return segment.data[0] != '.' || is_text(segment, ".well-known");
}

static char *join(const struct weft_allocator *allocator, const char *base, const char *path)
{
    size_t bytes = strlen(base) + 1 + strlen(path) + 1;
    char *joined = wf_alloc(allocator, bytes);
    if (joined)
        snprintf(joined, bytes, "%s/%s", base, path);
    return joined;
}

weft_status wf_folder_resolve(const struct weft_allocator *allocator, const char *folder,
                              char **path_out)
{
    char current[PATH_MAX];
    struct stat about;
    if (stat(folder, &about))
        return WEFT_ERR_SYSTEM;
    if (!S_ISDIR(about.st_mode)) {
        errno = ENOTDIR;
        return WEFT_ERR_SYSTEM;
    }
    if (folder[0] == '/') {
        *path_out = wf_copy_text(allocator, weft_text_of(folder));
    } else {
        /* The program may change its working folder later. */
        if (!getcwd(current, sizeof current))
            return WEFT_ERR_SYSTEM;
        *path_out = join(allocator, current, folder);
    }
    return *path_out ? WEFT_OK : WEFT_ERR_MEMORY;
}

static enum wf_folder_result result_of_errno(void)
{
    bool is_busy = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
    return is_busy ? WF_FOLDER_BUSY : WF_FOLDER_MISSING;
}

/* Goes one step down from *fd, which is closed. O_NONBLOCK: a named pipe does not hold us up. */
static enum wf_folder_result step(int *fd, struct weft_text segment, bool is_last)
{
    char name[NAME_BYTES_MAX + 1];
    int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    memcpy(name, segment.data, segment.count);
    name[segment.count] = '\0';
    int next = openat(*fd, name, is_last ? flags : flags | O_DIRECTORY);
    enum wf_folder_result result = next < 0 ? result_of_errno() : WF_FOLDER_FILE;
    close(*fd);
    *fd = next;
    return result;
}

/* What a descriptor at the end of the way is. */
static enum wf_folder_result look_at(int fd, struct stat *stat_out)
{
    if (fstat(fd, stat_out))
        return WF_FOLDER_MISSING;
    if (S_ISDIR(stat_out->st_mode))
        return WF_FOLDER_FOLDER;
    return S_ISREG(stat_out->st_mode) ? WF_FOLDER_FILE : WF_FOLDER_MISSING;
}

static bool are_names(const struct weft_text *segments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!wf_folder_is_name(segments[i]))
            return false;
    }
    return true;
}

enum wf_folder_result wf_folder_open(const char *folder, const struct weft_text *segments,
                                     size_t segment_count, const char *index, int *fd_out,
                                     struct stat *stat_out)
{
    bool wants_index = segment_count == 0 || segments[segment_count - 1].count == 0;
    size_t named = segment_count - (segment_count && wants_index);
    if (!are_names(segments, named))
        return WF_FOLDER_MISSING;

    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum wf_folder_result result = fd < 0 ? result_of_errno() : WF_FOLDER_FILE;
    for (size_t i = 0; i < named && result == WF_FOLDER_FILE; i++)
        result = step(&fd, segments[i], i + 1 == named && !wants_index);
    if (wants_index && result == WF_FOLDER_FILE)
        result = step(&fd, weft_text_of(index), true);
    if (result == WF_FOLDER_FILE)
        result = look_at(fd, stat_out);
    if (wants_index && result == WF_FOLDER_FOLDER)
        result = WF_FOLDER_MISSING;
    if (result == WF_FOLDER_FILE)
        *fd_out = fd;
    else if (fd >= 0)
        close(fd);
    return result;
}
