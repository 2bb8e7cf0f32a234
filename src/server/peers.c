#include "server/peers.h"

#include "base/alloc.h"

static bool are_there(const char *const *texts, size_t count)
{
    for (size_t i = 0; texts && i < count; i++)
        if (!texts[i])
            return false;
    return texts != NULL;
}

weft_status wf_peers_create(const struct weft_allocator *allocator, const char *const *texts,
                            size_t count, struct wf_peers **peers_out)
{
    *peers_out = NULL;
    if (count == 0)
        return WEFT_OK;
    if (!are_there(texts, count))
        return WEFT_ERR_ARGUMENT;
    struct wf_peers *peers = wf_alloc_zero(allocator, sizeof *peers + count * sizeof *peers->nets);
    if (!peers)
        return WEFT_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(texts[i], "unix") == 0) {
            peers->has_unix = true;
        } else if (!wf_ip_net_parse(weft_text_of(texts[i]), &peers->nets[peers->net_count++])) {
            wf_free(allocator, peers);
            return WEFT_ERR_SYNTAX;
        }
    }
    *peers_out = peers;
    return WEFT_OK;
}

bool wf_peers_have_ip(const struct wf_peers *peers, const struct wf_ip *ip)
{
    for (size_t i = 0; peers && i < peers->net_count; i++) {
        if (wf_ip_net_has(&peers->nets[i], ip))
            return true;
    }
    return false;
}

/* "192.0.2.1:80", "[fe80::1%eth0]:80": without the port, the brackets and the zone. */
static struct weft_text address_in(const char *peer)
{
    if (*peer == '[')
        return (struct weft_text){ peer + 1, strcspn(peer + 1, "]%") };
    const char *colon = strchr(peer, ':');
    bool has_port = colon && !strchr(colon + 1, ':');
    return (struct weft_text){ peer, has_port ? (size_t)(colon - peer) : strlen(peer) };
}

bool wf_peers_have(const struct wf_peers *peers, const char *peer)
{
    struct wf_ip ip;
    if (!peers)
        return false;
    if (strncmp(peer, "unix", 4) == 0)
        return peers->has_unix;
    return wf_ip_parse(address_in(peer), &ip) && wf_peers_have_ip(peers, &ip);
}
