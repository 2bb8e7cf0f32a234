/* A server behind a scripted proxy, under a name that nobody can look up. */
#ifndef SUPPORT_PROXY_SCENE_H
#define SUPPORT_PROXY_SCENE_H

#include "support/cases.h"
#include "support/fake_proxy.h"
#include "support/secure.h"
#include "support/world.h"

#define OK_ANSWER  BYTES_OF("HTTP/1.1 200 Connection established\r\n\r\n")
#define V4_REPLY   BYTES_OF("\x05\x00\x00\x01\x7F\x00\x00\x01\x00\x50")
#define NO_LOGIN   BYTES_OF("\x05\x00")
#define WANT_LOGIN BYTES_OF("\x05\x02")
#define LOGGED_IN  BYTES_OF("\x01\x00")

enum { NAME_REQUEST_BYTES = 4 + 1 + 10 + 2, V4_REQUEST_BYTES = 10 }; /* "other.test" */

extern const struct fake_script http_tunnel, socks_tunnel, login_tunnel, v4_tunnel;

struct scene {
    struct world world;
    char named_address[64]; /* Of the server whose certificate has the names. */
    struct record server, client;
    struct fake_proxy proxy;
    char proxy_url[128];
    char heard[FAKE_HEARD_BYTES + 1]; /* As text, zeros too. */
};

/* The URL is that of the name. No proxy of the environment's is left. */
void scene_begin(struct scene *scene, enum weft_backend backend, const struct fake_script *script,
                 const char *proxy_prefix);
void scene_end(struct scene *scene);

/* Another host and port; what the proxy leads to follows. */
void scene_set_url(struct scene *scene, const char *authority);

/* Connects and waits for the end; the client closes when it is open. */
void scene_connect(struct scene *scene, const char *path,
                   const struct weft_connect_options *options);

void clear_environment(void);

#endif
