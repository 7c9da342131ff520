/*
 * The worker of an audit: one script over one scope. It asks the broker over its results socket and
 * waits for the answer, so the script looks as if it blocked. Answers are read into one growing document
 * that lives as long as the worker. The same walls as for rules; nothing here may decide what is called.
 */
#include "engine/audit_internal.h"

#include "base/file.h"
#include "base/mem.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define HEADROOM_BYTES ((size_t)512 << 20) /* address space for the frames of one answer, libc, seccomp's own */
#define HARD_EXTRA_S   5                   /* beyond the soft deadline, then the kernel ends the process */

struct audit_worker {
    mw_doc *bundle, *snapshot;
    mw_snap snap;
    mw_doc_builder *answers;
    mw_buf out, frame;
};

static void say(struct audit_worker *w, const mw_record *r)
{
    mw_buf_reset(&w->out);
    if (mw_record_encode(&w->out, r, NULL) != MW_OK ||
        mw_fd_write_all(MW_WORKER_RESULTS_FD, "results", w->out.data, w->out.len, NULL) != MW_OK)
        _exit(1); /* nobody listens any more; sizes were checked before */
}

/* The broker is believed: it could do everything that we can. */
static void read_exactly(void *to, size_t len)
{
    if (!mw__worker_read(to, len))
        _exit(1);
}

static mw_frame_kind read_frame(struct audit_worker *w)
{
    uint8_t head[MW_FRAME_HEADER];
    uint32_t len;
    char *to;

    read_exactly(head, sizeof(head));
    len = mw__frame_len(head);
    mw_buf_reset(&w->frame);
    to = len ? mw_buf_reserve(&w->frame, len, NULL) : NULL;
    if (len && !to)
        _exit(1);
    read_exactly(to, len);
    mw_buf_grown(&w->frame, len);
    return (mw_frame_kind)head[4];
}

static void copy(char *to, size_t size, const char *from)
{
    size_t len = strlen(from);

    if (len >= size)
        len = size - 1;
    memcpy(to, from, len);
    to[len] = '\0';
}

static void take_failure(struct audit_worker *w, mw_vm_answer *out)
{
    mw_doc_builder *b = NULL;
    const mw_doc *d;
    mw_val v;

    copy(out->code, sizeof(out->code), "internal");
    copy(out->message, sizeof(out->message), "the answer could not be read");
    if (mw_doc_builder_new(NULL, &b, NULL) == MW_OK &&
        mw_json_read(b, w->frame.data, w->frame.len, NULL, NULL, NULL) == MW_OK) {
        v = mw_doc_pop(b);
        d = mw_doc_view(b);
        copy(out->code, sizeof(out->code), mw_val_get_str(d, v, "code", ""));
        copy(out->message, sizeof(out->message), mw_val_get_str(d, v, "message", ""));
    }
    mw_doc_builder_free(b);
}

static void ask(void *user, const mw_vm_question *q, mw_vm_answer *out)
{
    struct audit_worker *w = user;
    const mw_record r = {
        .kind = MW_RECORD_ASK, .item = (uint32_t)q->kind, .count = q->pages_max, .text = {q->operation, q->params}};
    mw_error err = {0};
    mw_frame_kind kind;

    *out = (mw_vm_answer){.ok = false};
    say(w, &r);
    mw_doc_begin_array(w->answers);
    while ((kind = read_frame(w)) == MW_FRAME_PAGE)
        if (err.status == MW_OK)
            mw_json_read(w->answers, w->frame.data, w->frame.len, NULL, NULL, &err);
    mw_doc_end_array(w->answers);
    out->pages = mw_doc_pop(w->answers);
    if (kind != MW_FRAME_END) {
        take_failure(w, out);
    } else if (mw_doc_builder_status(w->answers, &err) != MW_OK || err.status != MW_OK) {
        copy(out->code, sizeof(out->code), mw_status_name(err.status));
        copy(out->message, sizeof(out->message),
             err.status == MW_ERR_LIMIT ? "all answers of a scope together are too large (audits.md, Limits)"
                                        : err.message);
    } else {
        copy(out->key, sizeof(out->key), w->frame.data && w->frame.len ? w->frame.data : "");
        out->ok = true;
    }
}

static bool hand_on(struct audit_worker *w, mw_record_kind kind, mw_str text)
{
    const mw_record r = {.kind = kind, .text = {text.data ? text : MW_STR("")}};

    say(w, &r);
    return true; /* how much is too much is counted by the broker */
}

static bool line(void *user, mw_str text)
{
    return hand_on(user, MW_RECORD_LOG, text);
}

static bool row(void *user, mw_str json)
{
    return hand_on(user, MW_RECORD_ROW, json);
}

static bool columns(void *user, mw_str json)
{
    return hand_on(user, MW_RECORD_COLUMNS, json);
}

static bool parse(void *user, mw_str json, mw_val *out, mw_error *err)
{
    const mw_json_options o = {.max_depth = 64};
    struct audit_worker *w = user;

    if (mw_json_read(w->answers, json.data, json.len, &o, NULL, err) != MW_OK)
        return false;
    *out = mw_doc_pop(w->answers);
    return true;
}

static const char **read_args(struct audit_worker *w, mw_val list, size_t *count)
{
    size_t n = mw_val_len(w->bundle, list);
    const char **args = mw_alloc((n + 1) * sizeof(*args));

    if (!args)
        _exit(2);
    for (size_t i = 0; i < n; i++)
        args[i] = mw_val_str(w->bundle, mw_val_at(w->bundle, list, i), NULL);
    *count = n;
    return args;
}

static void give_up(struct audit_worker *w, const mw_error *err)
{
    const mw_record r = {
        .kind = MW_RECORD_FAILED, .item = (uint32_t)-err->status, .count = 1, .text = {mw_str_of(err->message)}};

    say(w, &r);
    _exit(0);
}

/* The snapshot of an audit that has one; mapped before the walls are up. */
static size_t open_snapshot(struct audit_worker *w)
{
    mw_error err = {0};

    if (!mw_val_get_bool(w->bundle, mw_doc_root(w->bundle), "snapshot", false))
        return 0;
    if (mw_doc_map(MW_WORKER_SNAPSHOT_FD, &w->snapshot, &err) != MW_OK ||
        mw_snap_init(&w->snap, w->snapshot, &err) != MW_OK)
        _exit(2);
    return mw_doc_size(w->snapshot);
}

static pid_t broker_of(int argc, char **argv)
{
    long long n;

    return argc > 3 && mw_parse_int(argv[3], strlen(argv[3]), &n) ? (pid_t)n : 0;
}

void mw__audit_worker_main(int argc, char **argv)
{
    static struct audit_worker w = {.out = {.max = MW_RECORD_MAX * 2}, .frame = {.max = MW_AUDIT_ANSWER_MAX + 1}};
    const mw_vm_host host = {&w, ask, line, row, columns, parse};
    const mw_doc_options doc = {.max_bytes = MW_AUDIT_DOC_BYTES};
    struct rlimit cpu;
    mw_record r = {.kind = MW_RECORD_READY};
    mw_vm_audit a = {0};
    mw_error err = {0};
    mw_vm *vm = NULL;
    char isolation[128];
    size_t inventory;
    mw_val root;

    if (mw_doc_map(MW_WORKER_BUNDLE_FD, &w.bundle, &err) != MW_OK ||
        mw_doc_builder_new(&doc, &w.answers, &err) != MW_OK)
        _exit(2);
    inventory = open_snapshot(&w);
    root = mw_doc_root(w.bundle);
    a.soft_ms = (unsigned)mw_val_get_int(w.bundle, root, "cpu_ms", MW_AUDIT_CPU_MS);
    cpu.rlim_cur = a.soft_ms / 1000 + HARD_EXTRA_S;
    cpu.rlim_max = cpu.rlim_cur + 1; /* SIGXCPU says what it was; then SIGKILL, which nothing holds off */
    setrlimit(RLIMIT_CPU, &cpu);
    mw__worker_tick(NULL);
    /* A document that grows is copied: the old and the new one are there for a moment. */
    mw__jail_enter(broker_of(argc, argv), MW_AUDIT_VM_BYTES + MW_AUDIT_DOC_BYTES * 3 + inventory / 2 + HEADROOM_BYTES,
                   isolation, sizeof(isolation)); /* half of the snapshot: indexes over it */
    a.path = mw_val_get_str(w.bundle, root, "path", "");
    a.source = mw_val_str(w.bundle, mw_val_get(w.bundle, root, "source"), &a.len);
    a.account = mw_val_get_str(w.bundle, root, "account", "");
    a.region = mw_val_get_str(w.bundle, root, "region", "");
    a.partition = mw_val_get_str(w.bundle, root, "partition", "");
    a.now_unix = mw_val_get_int(w.bundle, root, "now", 0);
    a.first = mw_val_get_bool(w.bundle, root, "first", false);
    a.args = read_args(&w, mw_val_get(w.bundle, root, "args"), &a.arg_count);
    a.snap = w.snapshot ? &w.snap : NULL;
    a.answers = mw_doc_view(w.answers);
    a.host = mw_val_get_bool(w.bundle, root, "check", false) ? NULL : &host;
    if (!a.source || mw_vm_new(MW_AUDIT_VM_BYTES, &vm, &err) != MW_OK)
        _exit(2);
    mw__worker_tick(vm);
    r.text[0] = mw_str_of(isolation);
    say(&w, &r);
    if (mw_vm_audit_run(vm, &a, &err) != MW_OK)
        give_up(&w, &err);
    r = (mw_record){.kind = MW_RECORD_DONE};
    say(&w, &r);
    _exit(0);
}
