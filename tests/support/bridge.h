/* Plain bytes on one side, TLS as a client on the other; OpenSSL's own, in a thread. */
#ifndef SUPPORT_BRIDGE_H
#define SUPPORT_BRIDGE_H

/* Owns the connected descriptor, and answers one end of a socketpair. */
int bridge_open(int fd, const char *ca_file);

#endif
