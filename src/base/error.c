/* mw_error: fixed-size, caller-owned, one line. Control characters are replaced so that a hostile
 * name in a message cannot forge a second log line or drive a terminal. */
#include "moonward/status.h"

#include <stdio.h>
#include <string.h>

/* Cut at a character boundary, so that a message stays valid UTF-8. */
static void tidy(char *s, size_t size)
{
    size_t n = strnlen(s, size - 1);

    if (n == size - 1) {
        size_t i = n;
        while (i > 0 && ((unsigned char)s[i - 1] & 0xC0) == 0x80)
            i--;
        if (i > 0 && (unsigned char)s[i - 1] >= 0xC0) {
            unsigned char lead = (unsigned char)s[i - 1];
            size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
            if (n - (i - 1) < need)
                n = i - 1;
        }
    }
    s[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7F)
            s[i] = ' ';
}

mw_status mw_vfail(mw_error *err, mw_status status, const char *format, va_list args)
{
    char text[MW_ERROR_MESSAGE_SIZE];

    if (!err)
        return status;
    /* Through a copy: an argument may be err->message itself. */
    vsnprintf(text, sizeof(text), format, args);
    tidy(text, sizeof(text));
    err->status = status;
    memcpy(err->message, text, sizeof(text));
    return status;
}

mw_status mw_fail(mw_error *err, mw_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mw_vfail(err, status, format, args);
    va_end(args);
    return status;
}

mw_status mw_error_prefix(mw_error *err, mw_status status, const char *format, ...)
{
    char context[MW_ERROR_MESSAGE_SIZE];
    va_list args;

    if (!err)
        return status;
    va_start(args, format);
    vsnprintf(context, sizeof(context), format, args);
    va_end(args);
    return mw_fail(err, status, "%s: %s", context, err->message);
}

const char *mw_status_name(mw_status status)
{
    switch (status) {
    case MW_OK: return "ok";
    case MW_ERR_NOMEM: return "out of memory";
    case MW_ERR_INVALID: return "invalid";
    case MW_ERR_NOTFOUND: return "not found";
    case MW_ERR_LIMIT: return "limit reached";
    case MW_ERR_PARSE: return "malformed";
    case MW_ERR_IO: return "input/output";
    case MW_ERR_NET: return "network";
    case MW_ERR_TIMEOUT: return "timeout";
    case MW_ERR_AWS: return "AWS error";
    case MW_ERR_CREDENTIALS: return "credentials";
    case MW_ERR_UNSUPPORTED: return "unsupported";
    case MW_ERR_CANCELLED: return "cancelled";
    case MW_ERR_SCRIPT: return "script";
    case MW_ERR_CONFLICT: return "conflict";
    case MW_ERR_PENDING: return "pending";
    }
    return "unknown status";
}
