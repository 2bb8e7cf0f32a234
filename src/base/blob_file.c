/* Blobs whose bytes lie in a file. */
#include "base/blob.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static_assert(sizeof(off_t) == sizeof(int64_t), "files may be larger than 2 GiB");

/* Whether the part lies within the file; *count becomes what it stands for. */
static weft_status check_part(int fd, uint64_t offset, uint64_t *count)
{
    struct stat about;
    if (fstat(fd, &about))
        return WEFT_ERR_SYSTEM;
    if (!S_ISREG(about.st_mode) || offset > (uint64_t)about.st_size)
        return WEFT_ERR_ARGUMENT;
    uint64_t left = (uint64_t)about.st_size - offset;
    if (*count == WEFT_BLOB_TO_END)
        *count = left;
    return *count <= left ? WEFT_OK : WEFT_ERR_ARGUMENT;
}

/* The blob owns the descriptor, unless this fails. */
static weft_status create(int fd, uint64_t offset, uint64_t count, weft_blob **blob_out)
{
    weft_blob *blob = wf_blob_create(0);
    if (!blob)
        return WEFT_ERR_MEMORY;
    blob->fd = fd;
    blob->offset = offset;
    blob->bytes = count;
    *blob_out = blob;
    return WEFT_OK;
}

static weft_status create_checked(int fd, uint64_t offset, uint64_t count, weft_blob **blob_out)
{
    if (fd < 0)
        return WEFT_ERR_SYSTEM;
    weft_status status = check_part(fd, offset, &count);
    if (!status)
        status = create(fd, offset, count, blob_out);
    if (status) {
        int error = errno;
        close(fd);
        errno = error;
    }
    return status;
}

weft_status weft_blob_from_file(const char *path, uint64_t offset, uint64_t count,
                                weft_blob **blob_out)
{
    if (!path || !blob_out)
        return WEFT_ERR_ARGUMENT;
    /* A pipe without a writer would hold the caller. */
    return create_checked(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), offset, count, blob_out);
}

weft_status weft_blob_from_fd(int fd, uint64_t offset, uint64_t count, weft_blob **blob_out)
{
    if (fd < 0 || !blob_out)
        return WEFT_ERR_ARGUMENT;
    return create_checked(fcntl(fd, F_DUPFD_CLOEXEC, 0), offset, count, blob_out);
}

weft_status wf_blob_file_read(const weft_blob *blob, uint64_t offset, void *buffer, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t count = pread(blob->fd, (uint8_t *)buffer + done, bytes - done,
                              (off_t)(blob->offset + offset + done));
        if (count == 0)
            return WEFT_ERR_NOT_READABLE;
        if (count < 0 && errno != EINTR)
            return WEFT_ERR_SYSTEM;
        done += count > 0 ? (size_t)count : 0;
    }
    return WEFT_OK;
}

/* Where the system or its file system knows no file without a name: one that loses it at once. */
static int open_unlinked(const char *folder)
{
    char path[4096];
    int count = snprintf(path, sizeof path, "%s/weft-XXXXXX", folder);
    if (count < 0 || (size_t)count >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

weft_status wf_spool_open(struct wf_spool *spool)
{
    const char *folder = getenv("TMPDIR");
    if (!folder || !*folder)
        folder = "/tmp";
    int fd = -1;
#ifdef O_TMPFILE
    fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
#endif
    if (fd < 0)
        fd = open_unlinked(folder);
    *spool = (struct wf_spool){ .fd = fd };
    return fd < 0 ? WEFT_ERR_SYSTEM : WEFT_OK;
}

weft_status wf_spool_write(struct wf_spool *spool, struct weft_bytes bytes)
{
    for (size_t done = 0; done < bytes.count;) {
        ssize_t count = write(spool->fd, bytes.data + done, bytes.count - done);
        if (count < 0 && errno != EINTR)
            return WEFT_ERR_SYSTEM;
        done += count > 0 ? (size_t)count : 0;
    }
    spool->bytes += bytes.count;
    return WEFT_OK;
}

weft_status wf_spool_finish(struct wf_spool *spool, weft_blob **blob_out)
{
    weft_status status = create(spool->fd, 0, spool->bytes, blob_out);
    if (!status)
        spool->fd = -1;
    return status;
}

void wf_spool_drop(struct wf_spool *spool)
{
    if (spool->fd >= 0)
        close(spool->fd);
    spool->fd = -1;
}
