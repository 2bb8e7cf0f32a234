/* The file of a Unix-domain socket that listens: made, given to its owner, removed. */
#ifndef WF_IO_SOCKET_FILE_H
#define WF_IO_SOCKET_FILE_H

#include "io/listener.h"

#include <sys/stat.h>

/* A file that was made, to be removed if it is still this one. */
struct wf_socket_file {
    bool is_made;
    dev_t device;
    ino_t inode;
};

/* Binds a socket to any address, before listen(2). A stale path, where nobody answers, is replaced.
 * 0 or errno; file_out is filled in either case. */
int wf_socket_file_bind(int fd, const struct wf_address *address,
                        const struct wf_listener_options *options, struct wf_socket_file *file_out);

void wf_socket_file_remove(const struct wf_socket_file *file, const struct wf_address *address);

#endif
