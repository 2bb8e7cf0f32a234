#include "tls/identity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void wf_complaint_write(const struct wf_complaint *complaint, const char *format, ...)
{
    if (!complaint->out || !complaint->bytes)
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(complaint->out, complaint->bytes, format, arguments);
    va_end(arguments);
}

static const char *reason_of(unsigned long error, char *room, size_t room_bytes)
{
    if (ERR_SYSTEM_ERROR(error))
        return strerror_r(ERR_GET_REASON(error), room, room_bytes);
    int library = ERR_GET_LIB(error);
    int reason = ERR_GET_REASON(error);
    if (library == ERR_LIB_PEM && reason == PEM_R_NO_START_LINE)
        return "nothing in PEM form that is needed here";
    if (library == ERR_LIB_PEM && reason == PEM_R_BAD_PASSWORD_READ)
        return "the key has a passphrase";
    const char *text = ERR_reason_error_string(error);
    return text ? text : "not usable";
}

void wf_complaint_write_file(const struct wf_complaint *complaint, const char *file)
{
    char room[128];
    unsigned long error = ERR_peek_error();
    wf_complaint_write(complaint, "%s: %s", file, reason_of(error, room, sizeof room));
    ERR_clear_error();
}
