#include "client/trust.h"

#include <pthread.h>

weft_status wf_trust_default(weft_tls **tls_out)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static weft_tls *kept; /* As long as the process: sessions are remembered in it. */
    weft_status status = WEFT_OK;
    pthread_mutex_lock(&lock);
    if (!kept)
        status = weft_tls_client_create(NULL, &kept, NULL, 0);
    if (!status)
        *tls_out = weft_tls_retain(kept);
    pthread_mutex_unlock(&lock);
    return status;
}
