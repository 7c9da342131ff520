/* Log lines on stderr. Every line is masked and has its control characters replaced before it leaves. */
#include "base/log.h"

#include "base/buf.h"
#include "base/secret.h"
#include "base/sys.h"
#include "base/time.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static mw_log_level threshold = MW_LOG_WARN;
static bool as_json;

void mw_log_setup(mw_log_level level, bool json)
{
    threshold = level;
    as_json = json;
}

bool mw_log_enabled(mw_log_level level)
{
    return level <= threshold;
}

static const char *level_name(mw_log_level level)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};

    return names[level];
}

static void add_json_text(mw_buf *line, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            mw_buf_printf(line, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            mw_buf_printf(line, "\\u%04x", c);
        else
            mw_buf_putc(line, (char)c);
    }
}

void mw_log(mw_log_level level, const char *format, ...)
{
    char text[4096], when[MW_TIME_SIZE];
    MW_AUTO(mw_buf) masked = {.max = 1 << 16};
    MW_AUTO(mw_buf) line = {.max = 1 << 18};
    va_list args;

    if (!mw_log_enabled(level))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    mw_mask_secrets(&masked, text, strlen(text));
    if (as_json) {
        mw_time_iso(when, mw_now_ns());
        mw_buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"", when, level_name(level));
        add_json_text(&line, masked.data ? masked.data : "", masked.len);
        mw_buf_puts(&line, "\"}\n");
    } else {
        mw_buf_printf(&line, "moonward: %s: ", level_name(level));
        for (size_t i = 0; i < masked.len; i++) {
            unsigned char c = (unsigned char)masked.data[i];
            mw_buf_putc(&line, c < 0x20 || c == 0x7F ? ' ' : (char)c);
        }
        mw_buf_putc(&line, '\n');
    }
    /* One write a line, so that lines of two processes do not mix. A failing stderr has no reader to tell. */
    if (line.failed == MW_OK && line.data)
        (void)!mw_sys.write_fn(mw_sys.ctx, STDERR_FILENO, line.data, line.len);
}
