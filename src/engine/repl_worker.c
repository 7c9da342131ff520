/*
 * The worker of a prompt. Maps the snapshot, gives everything else up, then reads questions and answers them until
 * the broker closes the socket. A line that ran away costs the VM, which is made anew; the answer says so. The
 * same walls as for rules.
 */
#include "engine/repl_internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "lua/prompt.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADROOM_BYTES ((size_t)256 << 20)
#define PIECE_BYTES    ((size_t)16 << 10) /* of a record: control characters grow when they are repaired */

struct prompt_worker {
    mw_doc *snapshot, *bundle;
    mw_snap snap;
    mw_vm *vm;
    unsigned soft_ms;
    mw_buf in, out, shown;
};

static mw_vm *volatile running; /* the interrupting signal finds the VM here */

static void on_interrupt(int signal)
{
    mw_vm *vm = running;

    (void)signal;
    if (vm)
        mw_vm_interrupt(vm);
}

static void say(struct prompt_worker *w, const mw_record *r)
{
    mw_buf_reset(&w->out);
    if (mw_record_encode(&w->out, r, NULL) != MW_OK ||
        mw_fd_write_all(MW_WORKER_RESULTS_FD, "results", w->out.data, w->out.len, NULL) != MW_OK)
        _exit(1); /* nobody listens any more */
}

static void say_shown(struct prompt_worker *w)
{
    for (size_t at = 0; at < w->shown.len;) {
        size_t len = w->shown.len - at < PIECE_BYTES ? w->shown.len - at : PIECE_BYTES;
        while (at + len < w->shown.len && len > PIECE_BYTES - 4 &&
               ((unsigned char)w->shown.data[at + len] & 0xC0) == 0x80)
            len--;
        say(w, &(mw_record){.kind = MW_RECORD_LOG, .text = {{w->shown.data + at, len}}});
        at += len;
    }
}

static void end_answer(struct prompt_worker *w, mw_repl_outcome outcome, const char *message)
{
    say(w, &(mw_record){.kind = MW_RECORD_DONE, .item = (uint32_t)outcome, .text = {mw_str_of(message)}});
}

static void new_vm(struct prompt_worker *w)
{
    mw_error err = {0};

    running = NULL;
    mw__worker_tick(NULL);
    mw_vm_free(w->vm);
    w->vm = NULL;
    if (mw_vm_new(MW_REPL_VM_BYTES, &w->vm, &err) != MW_OK)
        _exit(2);
    mw_vm_set_documents(w->vm, &w->snap, w->bundle);
    mw__worker_tick(w->vm);
    if (mw_vm_prompt_open(w->vm, &err) != MW_OK)
        _exit(2);
    running = w->vm;
}

static void read_exactly(void *to, size_t len)
{
    if (!mw__worker_read(to, len))
        _exit(0); /* the broker has no more questions */
}

/* The broker is believed: it could do everything that we can. */
static const char *read_text(struct prompt_worker *w, uint32_t len)
{
    char *to = mw_buf_reserve(&w->in, len, NULL);
    size_t at = w->in.len;

    if (!to)
        _exit(1);
    read_exactly(to, len);
    mw_buf_grown(&w->in, len);
    return w->in.data + at;
}

static void answer_run(struct prompt_worker *w, const mw_vm_subject *s, const char *text, size_t len)
{
    mw_error err = {0};
    bool more;
    mw_status st = mw_vm_prompt_run(w->vm, s, text, len, &w->shown, &more, &err);

    say_shown(w);
    if (mw_vm_spoiled(w->vm)) {
        new_vm(w);
        end_answer(w, MW_REPL_RENEWED, err.message);
    } else {
        end_answer(w, more ? MW_REPL_MORE : st == MW_OK ? MW_REPL_DONE : MW_REPL_FAILED, err.message);
    }
}

static void answer_names(struct prompt_worker *w, const mw_vm_subject *s, const char *text, size_t len)
{
    mw_error err = {0};

    mw_vm_prompt_names(w->vm, s, text, len, &w->shown, &err);
    say_shown(w);
    if (mw_vm_spoiled(w->vm)) {
        new_vm(w);
        end_answer(w, MW_REPL_RENEWED, err.message);
    } else {
        end_answer(w, MW_REPL_DONE, "");
    }
}

static void answer(struct prompt_worker *w)
{
    mw_repl_question q;
    mw_vm_rule all = {.id = "prompt", .resource = "", .everything = true};
    mw_vm_subject s = {.rule = &all, .resource = MW_VAL_ABSENT, .params = MW_VAL_ABSENT, .soft_ms = w->soft_ms};
    char type[256] = "";
    const char *text;

    read_exactly(&q, sizeof(q));
    mw_buf_reset(&w->in);
    mw_buf_reset(&w->shown);
    w->shown = (mw_buf){.data = w->shown.data, .cap = w->shown.cap, .max = MW_PROMPT_TEXT_MAX};
    snprintf(type, sizeof(type), "%.*s", (int)q.type_len, read_text(w, q.type_len));
    mw_buf_reset(&w->in);
    text = read_text(w, q.text_len);
    s.world = q.world;
    if (q.index != MW_REPL_NOTHING) {
        all.resource = type;
        s.resource = mw_val_at(w->snapshot, mw_snap_resources(&w->snap, q.world, type), q.index);
    }
    s.params = mw_val_get(w->bundle, mw_doc_root(w->bundle), "params");
    if (q.kind == MW_REPL_ASK_RUN)
        answer_run(w, &s, text, q.text_len);
    else
        answer_names(w, &s, text, q.text_len);
}

void mw__repl_worker_main(int argc, char **argv)
{
    static struct prompt_worker w = {.in = {.max = MW_VM_SOURCE_MAX * 2}, .out = {.max = MW_RECORD_MAX * 2}};
    struct sigaction interrupt = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    char isolation[128];
    long long broker = 0;
    struct stat st;
    mw_error err = {0};

    if (argc <= 3 || !mw_parse_int(argv[3], strlen(argv[3]), &broker) ||
        mw_doc_map(MW_WORKER_BUNDLE_FD, &w.bundle, &err) != MW_OK ||
        mw_doc_map(MW_WORKER_SNAPSHOT_FD, &w.snapshot, &err) != MW_OK ||
        mw_snap_init(&w.snap, w.snapshot, &err) != MW_OK)
        _exit(2);
    w.soft_ms = (unsigned)mw_val_get_int(w.bundle, mw_doc_root(w.bundle), "soft_ms", MW_REPL_SOFT_MS);
    sigemptyset(&interrupt.sa_mask);
    sigaction(SIGUSR1, &interrupt, NULL);
    mw__worker_tick(NULL);
    mw__jail_enter((pid_t)broker,
                   (fstat(MW_WORKER_SNAPSHOT_FD, &st) == 0 ? (size_t)st.st_size : 0) + MW_REPL_VM_BYTES * 2 +
                       HEADROOM_BYTES,
                   isolation, sizeof(isolation));
    new_vm(&w);
    say(&w, &(mw_record){.kind = MW_RECORD_READY, .text = {mw_str_of(isolation)}});
    for (;;)
        answer(&w);
}
