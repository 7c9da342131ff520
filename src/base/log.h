/* Log lines on stderr: text or JSON, masked, one line each, never anything that a script could forge. */
#ifndef MW_BASE_LOG_H
#define MW_BASE_LOG_H

#include <stdbool.h>

typedef enum mw_log_level { MW_LOG_ERROR, MW_LOG_WARN, MW_LOG_INFO, MW_LOG_DEBUG } mw_log_level;

/** Default: MW_LOG_WARN, text. */
void mw_log_setup(mw_log_level level, bool json);
bool mw_log_enabled(mw_log_level level);
void mw_log(mw_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define mw_log_error(...) mw_log(MW_LOG_ERROR, __VA_ARGS__)
#define mw_log_warn(...)  mw_log(MW_LOG_WARN, __VA_ARGS__)
#define mw_log_info(...)  mw_log(MW_LOG_INFO, __VA_ARGS__)
#define mw_log_debug(...)                                                                                              \
    do {                                                                                                               \
        if (mw_log_enabled(MW_LOG_DEBUG))                                                                              \
            mw_log(MW_LOG_DEBUG, __VA_ARGS__);                                                                         \
    } while (0)

#endif
