/*
 * Progress on stderr. Rate-limited by the monotonic clock, so that a fast sweep writes nothing and a slow one
 * costs nothing; a pipe or a log file gets whole lines only.
 */
#include "cli/progress.h"

#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

void mw_progress_start(mw_progress *p, const mw_cli *cli)
{
    const char *mode = mw_args_get(cli->args, "progress"), *term = getenv("TERM");
    bool terminal = isatty(STDERR_FILENO) && !mw_str_eq(term, "dumb");

    *p = (mw_progress){.mode = terminal ? MW_PROGRESS_LINE : MW_PROGRESS_HEARTBEAT, .last_ms = mw_mono_ms()};
    if (mw_str_eq(mode, "off") || mw_args_flag(cli->args, "quiet"))
        p->mode = MW_PROGRESS_OFF;
    else if (mw_str_eq(mode, "plain"))
        p->mode = MW_PROGRESS_PLAIN;
    else if (mw_str_eq(mode, "json"))
        p->mode = MW_PROGRESS_JSON;
}

static bool due(mw_progress *p)
{
    static const int64_t every_ms[] = {[MW_PROGRESS_OFF] = INT64_MAX,
                                       [MW_PROGRESS_LINE] = 100,
                                       [MW_PROGRESS_PLAIN] = 1000,
                                       [MW_PROGRESS_JSON] = 1000,
                                       [MW_PROGRESS_HEARTBEAT] = 30000};
    int64_t now = mw_mono_ms();

    if (p->mode == MW_PROGRESS_OFF || now - p->last_ms < every_ms[p->mode])
        return false;
    p->last_ms = now;
    return true;
}

static void show(mw_progress *p, const mw_buf *text)
{
    MW_AUTO(mw_buf) out = {.max = 4096};

    if (p->mode == MW_PROGRESS_LINE) {
        mw_buf_printf(&out, "\r\033[K%s", text->data); /* EL, ECMA-48: erase to the end of the line */
        p->drawn = true;
    } else if (p->mode == MW_PROGRESS_JSON) {
        mw_buf_printf(&out, "%s\n", text->data);
    } else {
        mw_buf_printf(&out, "moonward: %s\n", text->data);
    }
    if (out.failed == MW_OK)
        (void)mw_fd_write_all(STDERR_FILENO, "stderr", out.data, out.len, NULL);
}

void mw_progress_collect(void *user, const mw_collect_progress *c)
{
    mw_progress *p = user;
    MW_AUTO(mw_buf) text = {.max = 4096};

    if (!due(p))
        return;
    if (p->mode == MW_PROGRESS_JSON)
        mw_buf_printf(&text,
                      "{\"phase\":\"collect\",\"scopes_done\":%zu,\"scopes_total\":%zu,\"resources\":%zu,"
                      "\"requests\":%" PRIu64 ",\"throttled\":%" PRIu64 "}",
                      c->scopes_done, c->scopes_total, c->resources, c->requests, c->throttled);
    else
        mw_buf_printf(&text,
                      "collecting: %zu of %zu scopes, %zu resources, %" PRIu64 " requests, %" PRIu64 " throttled",
                      c->scopes_done, c->scopes_total, c->resources, c->requests, c->throttled);
    show(p, &text);
}

void mw_progress_evaluate(void *user, size_t done, size_t total)
{
    mw_progress *p = user;
    MW_AUTO(mw_buf) text = {.max = 4096};

    if (!due(p))
        return;
    if (p->mode == MW_PROGRESS_JSON)
        mw_buf_printf(&text, "{\"phase\":\"evaluate\",\"done\":%zu,\"total\":%zu}", done, total);
    else
        mw_buf_printf(&text, "evaluating: %zu of %zu", done, total);
    show(p, &text);
}

void mw_progress_audit(mw_progress *p, const mw_audit_progress *a)
{
    MW_AUTO(mw_buf) text = {.max = 4096};

    if (!due(p))
        return;
    if (p->mode == MW_PROGRESS_JSON)
        mw_buf_printf(
            &text, "{\"phase\":\"audit\",\"scopes_done\":%zu,\"scopes_total\":%zu,\"rows\":%zu,\"calls\":%" PRIu64 "}",
            a->scopes_done, a->scopes_total, a->rows, a->calls);
    else
        mw_buf_printf(&text, "auditing: %zu of %zu scopes, %zu rows, %" PRIu64 " calls", a->scopes_done,
                      a->scopes_total, a->rows, a->calls);
    show(p, &text);
}

void mw_progress_end(mw_progress *p)
{
    if (p->drawn)
        (void)mw_fd_write_all(STDERR_FILENO, "stderr", "\r\033[K", 4, NULL);
    p->drawn = false;
}
