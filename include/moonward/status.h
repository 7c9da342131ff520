/* Status codes and the error that every fallible function fills. */
#ifndef MOONWARD_STATUS_H
#define MOONWARD_STATUS_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Result of a function that can fail: 0, or one of these negative names. */
typedef enum mw_status {
    MW_OK = 0,
    MW_ERR_NOMEM = -1,        /**< an allocation was refused */
    MW_ERR_INVALID = -2,      /**< the caller's input is wrong: usage, configuration, parameters */
    MW_ERR_NOTFOUND = -3,     /**< the named thing does not exist */
    MW_ERR_LIMIT = -4,        /**< a declared ceiling was reached */
    MW_ERR_PARSE = -5,        /**< text or bytes are not what their format says */
    MW_ERR_IO = -6,           /**< disk or pipe failure; the message carries strerror */
    MW_ERR_NET = -7,          /**< connection, DNS or TLS failure: no answer was received */
    MW_ERR_TIMEOUT = -8,      /**< a deadline passed */
    MW_ERR_AWS = -9,          /**< AWS answered with an error; see mw_aws_error */
    MW_ERR_CREDENTIALS = -10, /**< no usable credentials, or not the expected account */
    MW_ERR_UNSUPPORTED = -11, /**< the compiled models or this build lack it */
    MW_ERR_CANCELLED = -12,   /**< stopped by a signal or by the caller */
    MW_ERR_SCRIPT = -13,      /**< a Lua script failed */
    MW_ERR_CONFLICT = -14,    /**< somebody else holds or changed it */
    MW_ERR_PENDING = -15      /**< not ready yet; the caller will be called back */
} mw_status;

/** Longest message, in bytes with its NUL. Longer ones are cut at a UTF-8 boundary. */
#define MW_ERROR_MESSAGE_SIZE 512

/** Caller-owned; nothing is allocated. Initialise with `{0}`. One line, never a secret. */
typedef struct mw_error {
    mw_status status;
    char message[MW_ERROR_MESSAGE_SIZE];
} mw_error;

/**
 * Fill @p err and return @p status, so that `return mw_fail(err, …)` is one statement.
 *
 * @param err     Caller-owned; may be NULL (then only the status is returned).
 * @param status  A negative status.
 * @param format  printf format: name the thing and the place, one line, no secret.
 */
mw_status mw_fail(mw_error *err, mw_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/** mw_fail() with an argument list already started. */
mw_status mw_vfail(mw_error *err, mw_status status, const char *format, va_list args)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 0)))
#endif
    ;

/**
 * Put "<context>: " before the message already in @p err, to say where a lower failure happened.
 * @return @p status, unchanged.
 */
mw_status mw_error_prefix(mw_error *err, mw_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/** Stable lower-case name of a status, e.g. "timeout". Never NULL. */
const char *mw_status_name(mw_status status);

#ifdef __cplusplus
}
#endif
#endif
