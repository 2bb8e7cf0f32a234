/* The TLS of `weft serve`, and of `weft connect` and `weft bench`. */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include "args.h"
#include "weft/tls.h"

/* What a client trusts and shows. */
struct trust_options {
    const char *ca_file;
    const char *certificate_file;
    const char *key_file;
    struct args_texts pinned_keys;
    bool is_insecure;
};

/* Rows of an option table. */
#define TRUST_ROWS(trust)                                                                            \
    { "ca",      0,                                                                                  \
      ARGS_TEXT, &(trust)->ca_file,                                                                  \
      "FILE",    "wss: trust the certificates in a PEM file, not the system's" },                    \
        { "cert",    0,                                                                              \
          ARGS_TEXT, &(trust)->certificate_file,                                                     \
          "FILE",    "wss: show a certificate (PEM, with its chain); needs --key" },                 \
        { "key", 0, ARGS_TEXT, &(trust)->key_file, "FILE", "wss: the private key of --cert (PEM)" }, \
        { "pin",                                                                                     \
          0,                                                                                         \
          ARGS_TEXTS,                                                                                \
          &(trust)->pinned_keys,                                                                     \
          "KEY",                                                                                     \
          "wss: the server's public key must be this one, \"sha256//BASE64\" as\n"                   \
          "for curl; may be repeated" },                                                             \
    {                                                                                                \
        "insecure", 0, ARGS_FLAG, &(trust)->is_insecure, NULL,                                       \
            "wss: accept any certificate and any name in it"                                         \
    }

/* *tls_out NULL: nothing was asked for, the library's defaults will do. Not CLI_DONE: one line on
 * stderr has said why. */
enum cli_status trust_create(const char *command, const struct trust_options *options,
                             weft_tls **tls_out);

/* Certificates of a server, each with its key. */
struct identity_options {
    struct args_texts certificate_files;
    struct args_texts key_files;
    const char *ca_file; /* Clients must show a certificate that it has signed. */
};

/* Likewise; NULL: it speaks no TLS. */
enum cli_status identity_create(const struct identity_options *options, weft_tls **tls_out);

/* Reads the files again; one line on stderr says how that went, unless `quiet` and well. */
void identity_reload(weft_tls *tls, bool quiet);

#endif
