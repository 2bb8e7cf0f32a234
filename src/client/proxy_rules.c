#include "client/proxy_rules.h"

#include "client/no_proxy.h"

#include <stdlib.h>

/* An empty one is as good as none. */
static struct weft_text find(const char *name, const char *other_name)
{
    struct weft_text value = weft_text_of(getenv(name));
    return value.count || !other_name ? value : weft_text_of(getenv(other_name));
}

void wf_proxy_rules_read(struct wf_proxy_rules *rules)
{
    rules->uses_environment = true;
    rules->http_proxy = find("http_proxy", NULL);
    rules->https_proxy = find("https_proxy", "HTTPS_PROXY");
    rules->all_proxy = find("all_proxy", "ALL_PROXY");
    rules->no_proxy = find("no_proxy", "NO_PROXY");
}

struct weft_text wf_proxy_rules_choose(const struct wf_proxy_rules *rules, const struct wf_url *url,
                                       const char **name_out)
{
    bool is_secure = wf_url_is_secure(url);
    struct weft_text own = is_secure ? rules->https_proxy : rules->http_proxy;
    *name_out = "proxy";
    if (url->unix_path.count)
        return (struct weft_text){ 0 };
    if (rules->proxy.count || !rules->uses_environment)
        return rules->proxy;
    if (wf_no_proxy_has(rules->no_proxy, wf_url_dial_host(url), wf_url_port(url)))
        return (struct weft_text){ 0 };
    *name_out = !own.count ? "all_proxy" : is_secure ? "https_proxy" : "http_proxy";
    return own.count ? own : rules->all_proxy;
}
