/* TLS: a server's certificates, a client's trust, and what a connection has agreed on. */
#ifndef WEFT_TLS_H
#define WEFT_TLS_H

#include "weft/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Who one is towards the peers, and whom one believes: made once, used by any number of connections
 * on any thread. It never changes but by weft_tls_reload().
 */
typedef struct weft_tls weft_tls;

/** The oldest version that is spoken. There is nothing below TLS 1.2. */
enum weft_tls_version {
    WEFT_TLS_DEFAULT = 0, /* TLS 1.2. */
    WEFT_TLS_1_2 = 12,
    WEFT_TLS_1_3 = 13,
};

/** Whether a server asks its clients for a certificate. */
enum weft_tls_client_certificate {
    WEFT_TLS_NOT_ASKED = 0,
    WEFT_TLS_OPTIONAL, /* A client without one gets in; one with a bad one does not. */
    WEFT_TLS_REQUIRED,
};

/** Two PEM files. Both NULL: none. */
struct weft_tls_certificate {
    const char *certificate_file; /* The leaf first, then those that lead to its authority. */
    const char *key_file;         /* Its private key, without a passphrase. */
};

/** For weft_tls_server_create(), which copies all of it. Zero in a field is its default. */
struct weft_tls_server_options {
    /* At least one. The client's server name (SNI) chooses by the names in the certificates, and
     * the first is for all the rest. */
    const struct weft_tls_certificate *certificates;
    size_t certificate_count;
    const char *ca_file; /* PEM: who signs the certificates of clients. Needed when they are asked
                            for. */
    enum weft_tls_client_certificate client_certificate;
    enum weft_tls_version version_min;
    uint32_t ticket_lifetime_s; /* How long a session can be resumed. 0: 7 200; at most 604 800. */
    bool tickets_off;           /* true: no session is ever resumed. */
};

/** For weft_tls_client_create(), which copies all of it. Zero in a field is its default. */
struct weft_tls_client_options {
    const char *ca_file; /* PEM: all that is trusted. NULL: what the system trusts, or the
                            environment says (SSL_CERT_FILE, SSL_CERT_DIR). */
    bool insecure;       /* true: anybody may pretend to be the server. Pinned keys still count. */
    struct weft_tls_certificate certificate; /* Shown to servers that ask. */
    const char *const *pinned_keys;          /* "sha256//" and the base 64 of the SHA-256 of the
                                                SubjectPublicKeyInfo, as curl takes it. When there are
                                                any, the server's key must be one of them. */
    size_t pinned_key_count;
    enum weft_tls_version version_min;
    bool resumption_off;   /* true: each handshake is a full one. */
    uint32_t sessions_max; /* Sessions remembered, by host and port. 0: 64; at most 4 096. */
};

/**
 * What a connection has agreed on. Lent: valid as long as the connection it was asked of. No text
 * is NULL; "" is what is not there. What is not printable ASCII in a name that a peer gave is "?".
 */
struct weft_tls_info {
    const char *version;          /* "TLSv1.3". */
    const char *cipher;           /* "TLS_AES_256_GCM_SHA384". */
    const char *server_name;      /* SNI. */
    const char *alpn;             /* "http/1.1". */
    bool is_resumed;              /* An earlier session goes on. */
    bool peer_is_verified;        /* A certificate was shown, and it is good. */
    const char *peer_subject;     /* Its subject in the form of RFC 2253, "CN=client". */
    const char *peer_names;       /* Its names and addresses, separated by commas; maybe cut. */
    const char *peer_fingerprint; /* Its SHA-256: 64 hexadecimal digits in lower case. */
};

/**
 * Makes a server's identity: reads the files and checks that each key fits its certificate.
 *
 * tls_out    one reference, to be given back with weft_tls_release(); NULL on failure.
 * error_out  room for error_out_bytes characters, or NULL. On failure one line that names the file
 *            and the reason; on success empty, or a warning about a certificate that has expired
 *            or is not valid yet, which is served nevertheless.
 *
 * Returns WEFT_ERR_ARGUMENT for options that make no sense and for files that are not usable,
 * WEFT_ERR_UNSUPPORTED in a build without TLS, WEFT_ERR_MEMORY. Blocks for the files. Any thread.
 */
WEFT_API WEFT_MUST_USE weft_status
weft_tls_server_create(const struct weft_tls_server_options *options, weft_tls **tls_out,
                       char *error_out, size_t error_out_bytes);

/**
 * Makes a client's trust. options may be NULL: all defaults, which verify the server's certificate
 * and its name.
 *
 * All else is as with weft_tls_server_create(). Blocks for the files. Any thread.
 */
WEFT_API WEFT_MUST_USE weft_status
weft_tls_client_create(const struct weft_tls_client_options *options, weft_tls **tls_out,
                       char *error_out, size_t error_out_bytes);

/**
 * Reads the same files again and uses them for connections that begin from now on; those that
 * stand keep what they have. Certificates that have expired or are not valid yet are refused here.
 * Sessions from before the call are not resumed when certificates of the peers are checked.
 *
 * On failure all stays as it was, and error_out (room for error_out_bytes, or NULL) says in one
 * line which file and why. Returns as weft_tls_server_create(). Blocks for the files. Any thread.
 */
WEFT_API WEFT_MUST_USE weft_status weft_tls_reload(weft_tls *tls, char *error_out,
                                                   size_t error_out_bytes);

/** One reference more; answers tls. NULL is allowed. Any thread. */
WEFT_API weft_tls *weft_tls_retain(weft_tls *tls);

/** Gives a reference back; the last one frees. NULL is allowed. Any thread. */
WEFT_API void weft_tls_release(weft_tls *tls);

#ifdef __cplusplus
}
#endif
#endif
