/*
 * The broker's side of a prompt: one worker, one question at a time. What the worker says is bounded and checked; one
 * that does not keep to the order, dies or does not answer is ended and the next line gets another.
 */
#include "engine/repl_internal.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"
#include "engine/rule_internal.h"
#include "lua/prompt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS   50 /* how soon a signal of the user is noticed */
#define SHOWN_MAX (MW_PROMPT_TEXT_MAX + 4096)

struct mw_repl {
    mw_repl_options o;
    mw_doc *snapshot;
    mw_snap snap;
    pid_t pid;
    int fd; /* -1: no worker */
    mw_buf in;
};

/* ---- the worker's life ---- */

static void bury(mw_repl *r, char *why, size_t size)
{
    int status = 0;

    if (r->fd < 0)
        return;
    close(r->fd);
    r->fd = -1;
    kill(r->pid, SIGKILL);
    while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (why)
        mw__worker_death(status, why, size);
}

static mw_status make_bundle(unsigned soft_ms, int *fd, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    *fd = -1;
    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_int(b, "soft_ms", soft_ms ? soft_ms : MW_REPL_SOFT_MS);
    mw_doc_ckey(b, "params");
    mw_doc_begin_object(b);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    st = mw_doc_finish_memfd(b, mw_doc_pop(b), fd, err);
    mw_doc_builder_free(b);
    return st;
}

static mw_status start(mw_repl *r, mw_error *err)
{
    int bundle;
    mw_status st = make_bundle(r->o.soft_ms, &bundle, err);

    if (st != MW_OK)
        return st;
    st = mw__worker_spawn_talking("repl", r->o.snapshot_fd, bundle, &r->pid, &r->fd, err);
    close(bundle);
    mw_buf_reset(&r->in);
    return st;
}

mw_status mw_repl_new(const mw_repl_options *o, mw_repl **out, mw_error *err)
{
    mw_repl *r = mw_alloc(sizeof(*r));
    mw_status st;

    *out = NULL;
    if (!r)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for a prompt");
    r->o = *o;
    r->fd = -1;
    r->in = (mw_buf){.max = MW_RECORD_MAX * 2};
    if ((st = mw_doc_map(o->snapshot_fd, &r->snapshot, err)) == MW_OK &&
        (st = mw_snap_init(&r->snap, r->snapshot, err)) == MW_OK)
        st = start(r, err);
    if (st == MW_OK)
        *out = r;
    else
        mw_repl_free(r);
    return st;
}

void mw_repl_free(mw_repl *r)
{
    if (!r)
        return;
    bury(r, NULL, 0);
    mw_buf_clear(&r->in);
    mw_doc_free(r->snapshot);
    mw_free(r);
}

/* ---- resources ---- */

size_t mw_repl_count(const mw_repl *r, const char *type)
{
    size_t n = 0;

    for (size_t world = 0; world < mw_snap_world_count(&r->snap); world++)
        n += mw_val_len(r->snapshot, mw_snap_resources(&r->snap, world, type));
    return n;
}

mw_repl_at mw_repl_nth(const mw_repl *r, const char *type, size_t n)
{
    for (size_t world = 0; world < mw_snap_world_count(&r->snap); world++) {
        mw_val array = mw_snap_resources(&r->snap, world, type);
        size_t count = mw_val_len(r->snapshot, array);
        if (n < count) {
            mw_val v = mw_val_at(r->snapshot, array, n);
            return (mw_repl_at){true, world, n, mw_snap_text(&r->snap, v, r->snap.type), v};
        }
        n -= count;
    }
    return (mw_repl_at){.resource = MW_VAL_ABSENT};
}

const char *mw_repl_text(const mw_repl *r, const mw_repl_at *at, const char *member)
{
    return at->found ? mw_val_get_str(r->snapshot, at->resource, member, "") : "";
}

size_t mw_repl_find(const mw_repl *r, const char *type, const char *id)
{
    static const char *const members[] = {"id", "name", "arn"};
    size_t n = mw_repl_count(r, type);

    for (size_t m = 0; m < MW_COUNT(members); m++)
        for (size_t i = 0; i < n; i++) {
            mw_repl_at at = mw_repl_nth(r, type, i);
            if (mw_str_eq(mw_repl_text(r, &at, members[m]), id))
                return i;
        }
    return SIZE_MAX;
}

/* ---- questions ---- */

static mw_status ask(mw_repl *r, mw_repl_ask kind, const mw_repl_at *at, const char *text, size_t len, mw_error *err)
{
    MW_AUTO(mw_buf) message = {.max = MW_VM_SOURCE_MAX * 2};
    const char *type = at->found ? at->type : "";
    const mw_repl_question q = {.kind = (uint32_t)kind,
                                .world = (uint32_t)at->world,
                                .index = at->found ? (uint32_t)at->index : MW_REPL_NOTHING,
                                .type_len = (uint32_t)strlen(type),
                                .text_len = (uint32_t)len};
    mw_status st;

    if (len > MW_VM_SOURCE_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "%zu bytes; a chunk has at most %zu", len, MW_VM_SOURCE_MAX);
    mw_buf_add(&message, &q, sizeof(q), NULL);
    mw_buf_puts(&message, type);
    mw_buf_add(&message, text, len, NULL);
    if ((st = mw_buf_status(&message, err)) != MW_OK || (r->fd < 0 && (st = start(r, err)) != MW_OK))
        return st;
    for (size_t sent = 0; sent < message.len;) {
        ssize_t n = send(r->fd, message.data + sent, message.len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; /* it is gone, which reading tells */
        sent += (size_t)n;
    }
    return MW_OK;
}

/* The next record; false when there will be none, with the reason. Interrupts the line when the user asks for it. */
static bool next_record(mw_repl *r, int64_t deadline_ms, bool *interrupted, size_t *used, mw_record *rec, char *why,
                        size_t size)
{
    mw_error err = {0};

    for (;;) {
        struct pollfd p = {.fd = r->fd, .events = POLLIN};
        mw_status st = mw_record_decode(r->in.data ? r->in.data : "", r->in.len, rec, used, &err);
        char *to;
        ssize_t n;

        if (st == MW_OK)
            return true;
        if (st != MW_ERR_PENDING || mw_mono_ms() > deadline_ms) {
            bury(r, NULL, 0);
            snprintf(why, size, "its worker was ended: %s", st == MW_ERR_PENDING ? "it did not answer" : err.message);
            return false;
        }
        if (r->o.stop && *r->o.stop && !*interrupted) {
            *interrupted = true;
            kill(r->pid, SIGUSR1);
        }
        if (poll(&p, 1, WAIT_MS) <= 0)
            continue;
        to = mw_buf_reserve(&r->in, MW_RECORD_MAX, NULL);
        n = to ? recv(r->fd, to, MW_RECORD_MAX, MSG_DONTWAIT) : 0;
        if (n > 0) {
            mw_buf_grown(&r->in, (size_t)n);
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            bury(r, why, size);
            return false;
        }
    }
}

static void drop(mw_repl *r, size_t used)
{
    memmove(r->in.data, r->in.data + used, r->in.len - used);
    r->in.len -= used;
    r->in.data[r->in.len] = '\0';
}

static mw_repl_outcome listen_to(mw_repl *r, mw_buf *shown, mw_error *err)
{
    int64_t deadline_ms = mw_mono_ms() + MW_REPL_WALL_MS;
    bool interrupted = false;
    size_t total = 0;
    char why[MW_ERROR_MESSAGE_SIZE + 64];

    for (;;) {
        mw_record rec;
        size_t used;
        mw_repl_outcome outcome;

        if (!next_record(r, deadline_ms, &interrupted, &used, &rec, why, sizeof(why))) {
            mw_fail(err, MW_ERR_SCRIPT, "%s", why);
            return MW_REPL_RENEWED;
        }
        if (rec.kind == MW_RECORD_READY) {
            mw__worker_isolation(rec.text[0]);
            mw_log_info("workers: isolation %.*s", (int)rec.text[0].len, rec.text[0].data ? rec.text[0].data : "");
        } else if (rec.kind == MW_RECORD_LOG && (total += rec.text[0].len) <= SHOWN_MAX) {
            mw_buf_add(shown, rec.text[0].data ? rec.text[0].data : "", rec.text[0].len, NULL);
        } else if (rec.kind == MW_RECORD_DONE && rec.item <= MW_REPL_RENEWED) {
            outcome = (mw_repl_outcome)rec.item;
            if (outcome == MW_REPL_FAILED || outcome == MW_REPL_RENEWED)
                mw_fail(err, MW_ERR_SCRIPT, "%.*s", (int)rec.text[0].len, rec.text[0].data ? rec.text[0].data : "");
            drop(r, used);
            return outcome;
        } else {
            bury(r, NULL, 0);
            mw_fail(err, MW_ERR_SCRIPT, "its worker was ended: a record that has no place at a prompt");
            return MW_REPL_RENEWED;
        }
        drop(r, used);
    }
}

mw_status mw_repl_run(mw_repl *r, const mw_repl_at *at, const char *source, size_t len, mw_buf *shown,
                      mw_repl_outcome *outcome, mw_error *err)
{
    mw_status st = ask(r, MW_REPL_ASK_RUN, at, source, len, err);

    *outcome = MW_REPL_FAILED;
    if (st != MW_OK)
        return st;
    *outcome = listen_to(r, shown, err);
    return MW_OK;
}

mw_status mw_repl_names(mw_repl *r, const mw_repl_at *at, const char *chain, size_t len, mw_buf *out, mw_error *err)
{
    mw_status st = ask(r, MW_REPL_ASK_NAMES, at, chain, len, err);

    if (st != MW_OK)
        return st;
    listen_to(r, out, err);
    return mw_buf_status(out, err);
}

/* ---- judging ---- */

mw_status mw_repl_judge(mw_repl *r, const mw_rules *rules, const char *rule, const mw_repl_at *at, mw_findings *out,
                        mw_error *err)
{
    const mw_rule *found = mw_rules_get(rules, rule);
    mw_job job = {.params = MW_VAL_ABSENT, .world = at->world, .resource = at->index};

    if (!found)
        return mw_fail(err, MW_ERR_NOTFOUND, "there is no rule '%s'", rule);
    if (!at->found || !mw_str_eq(found->resource, at->type))
        return mw_fail(err, MW_ERR_INVALID, "%s judges %s, and the resource at hand is %s: :use %s", rule,
                       found->resource, at->found ? at->type : "none", found->resource);
    while (mw_rules_at(rules, job.rule) != found)
        job.rule++;
    return mw__evaluate_jobs(rules, r->o.snapshot_fd, &job, 1, NULL, NULL, NULL, out, err);
}
