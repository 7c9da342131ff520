/*
 * The worker process. Maps the snapshot and the bundle read-only, gives everything else up, then
 * runs scripts and writes records. It holds no credential, has no network and no files, and may be
 * killed at any instruction: the broker knows from the progress page where it was.
 */
#include "engine/repl_internal.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/sys.h"
#include "doc/withhold.h"
#include "lua/instrument.h"
#include "lua/vm.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

/* Address space beyond the documents and the VM: libc, buffers, indexes, seccomp's own. */
#define HEADROOM_BYTES ((size_t)256 << 20)
#define FLUSH_AT       ((size_t)60 << 10) /* a pipe takes 64 KiB at once */
#define FLUSH_TICKS    50                 /* half a second of processor time: the broker counts on answers */

/* What the broker told of a rule, besides what the VM is told. */
struct rule {
    mw_val params, applies;  /* applies: ABSENT when there is no guard */
    mw_val variants, ranges; /* parameters by resource; ABSENT = params everywhere */
    size_t range;            /* of the resource judged last */
    size_t pack;
    int64_t cpu_ns, max_ns; /* with `profile` */
    size_t memory_bytes;
    char broken[MW_ERROR_MESSAGE_SIZE]; /* why it cannot be loaded here; "" */
};

struct worker {
    mw_work work;
    mw_doc *snapshot, *bundle;
    mw_progress_page *page;
    mw_vm **vms; /* one for each pack: rules of one cannot reach those of another */
    bool *used;  /* by pack: something was evaluated in its VM */
    size_t pack_count;
    mw_vm_rule *rules;
    struct rule *told;
    mw_position plain; /* the first of those in a row that have one verdict and nothing to say */
    uint32_t plain_count;
    mw_verdict plain_status;
    size_t rule_count;
    bool profile;
    size_t vm_bytes;
    unsigned soft_ms;
    bool observe;
    struct marks {
        uint8_t *ways;
        size_t count;
    } * marks; /* per rule, when observed; outlives the VMs */
    mw_buf out;
    mw_arena arena;
};

/* The timer's signal finds the VM here; volatile because it may arrive at any time. */
static mw_vm *volatile ticking;
static volatile sig_atomic_t ticks;

static void on_tick(int signal)
{
    mw_vm *vm = ticking;

    (void)signal;
    if (ticks < FLUSH_TICKS)
        ticks++;
    if (vm)
        mw_vm_tick(vm);
}

/* Processor time, not wall time: a busy machine must not change verdicts. */
static void start_timer(void)
{
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    const struct itimerval every = {{0, MW_VM_TICK_MS * 1000}, {0, MW_VM_TICK_MS * 1000}};

    sigemptyset(&action.sa_mask);
    sigaction(SIGPROF, &action, NULL);
    setitimer(ITIMER_PROF, &every, NULL);
}

void mw__worker_tick(mw_vm *vm)
{
    static bool started;

    ticking = vm;
    if (!started)
        start_timer();
    started = true;
}

/* ---- talking ---- */

bool mw__worker_read(void *to, size_t len)
{
    char *p = to;

    while (len > 0) {
        ssize_t n = mw_sys.read_fn(mw_sys.ctx, MW_WORKER_RESULTS_FD, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* Only this process writes it, so nothing needs to be locked. */
static void move(struct worker *w)
{
    atomic_store_explicit(&w->page->sequence, atomic_load_explicit(&w->page->sequence, memory_order_relaxed) + 1,
                          memory_order_release);
}

static void get_on(struct worker *w, mw_position p)
{
    atomic_store_explicit(&w->page->item, p.item, memory_order_relaxed);
    atomic_store_explicit(&w->page->rule, p.rule, memory_order_relaxed);
    move(w);
}

static void set_phase(struct worker *w, mw_worker_phase phase)
{
    atomic_store_explicit(&w->page->phase, (uint32_t)phase, memory_order_relaxed);
    move(w);
}

static void say(struct worker *w, const mw_record *r);

/* The verdicts that were only counted so far. Whoever leaves an evaluation out calls this first: they are in a row. */
static void say_plain(struct worker *w)
{
    const mw_record r = {.kind = MW_RECORD_PASSES,
                         .item = w->plain.item,
                         .rule = w->plain.rule,
                         .count = w->plain_count,
                         .status = (uint8_t)w->plain_status};

    if (w->plain_count == 0)
        return;
    w->plain_count = 0;
    say(w, &r);
}

static void count_plain(struct worker *w, mw_position p, mw_verdict status)
{
    if (w->plain_count == MW_PASSES_MAX || status != w->plain_status)
        say_plain(w);
    if (w->plain_count++ > 0)
        return;
    w->plain = p;
    w->plain_status = status;
}

static void flush(struct worker *w)
{
    say_plain(w);
    if (w->out.len > 0 && mw_fd_write_all(MW_WORKER_RESULTS_FD, "results", w->out.data, w->out.len, NULL) != MW_OK)
        _exit(1); /* nobody listens any more */
    mw_buf_reset(&w->out);
    ticks = 0;
}

static mw_str text(const char *s)
{
    return s ? mw_str_of(s) : (mw_str){NULL, 0};
}

static void say(struct worker *w, const mw_record *r)
{
    say_plain(w);
    if (w->out.len >= FLUSH_AT)
        flush(w);
    if (mw_record_encode(&w->out, r, NULL) == MW_OK)
        return;
    /* Too large: the same without its texts, as an error, so that it is never simply missing. */
    mw_record plain = *r;
    plain.status = MW_VERDICT_ERROR;
    plain.text[0] = r->kind == MW_RECORD_VERDICT ? r->text[0] : text("the result is too large");
    plain.text[1] = text("the result is too large");
    plain.text[2] = text("[]");
    if (plain.kind != MW_RECORD_VERDICT)
        plain.kind = MW_RECORD_FAILED;
    if (mw_record_encode(&w->out, &plain, NULL) != MW_OK)
        _exit(1);
}

/* ---- the VM ---- */

static mw_status new_vm(struct worker *w, size_t pack, mw_error *err)
{
    mw_vm **vm = &w->vms[pack];
    mw_status st;

    ticking = NULL;
    mw_vm_free(*vm);
    *vm = NULL;
    w->used[pack] = false;
    st = mw_vm_new(w->vm_bytes, vm, err);
    if (st == MW_OK) {
        mw_vm_set_documents(*vm, w->snapshot ? &w->work.snap : NULL, w->bundle);
        if (w->observe)
            mw_vm_keep_tracebacks(*vm);
        ticking = *vm;
    }
    return st;
}

static const char *const *strings_of(struct worker *w, mw_val array, size_t *count)
{
    size_t n = mw_val_len(w->bundle, array);
    const char **list = mw_arena_alloc(&w->arena, (n + 1) * sizeof(*list));

    *count = list ? n : 0;
    for (size_t i = 0; list && i < n; i++)
        list[i] = mw_val_str(w->bundle, mw_val_at(w->bundle, array, i), NULL);
    return list;
}

static bool describe_rule(struct worker *w, size_t i)
{
    mw_val rule = mw_val_at(w->bundle, w->work.rules, i);
    mw_val facets = mw_val_get(w->bundle, rule, "tag_facets");
    size_t n = mw_val_len(w->bundle, facets);
    const char **types = mw_arena_alloc(&w->arena, (n + 1) * sizeof(*types));
    const char **names = mw_arena_alloc(&w->arena, (n + 1) * sizeof(*names));
    mw_val resolved = mw_val_get(w->bundle, rule, "resolved");
    mw_vm_rule *r = &w->rules[i];
    struct rule *told = &w->told[i];

    if (!types || !names)
        return false;
    told->params = mw_val_get(w->bundle, rule, "params");
    told->variants = mw_val_get(w->bundle, resolved, "variants");
    told->ranges = mw_val_get(w->bundle, resolved, "ranges");
    told->pack = (size_t)mw_val_get_int(w->bundle, rule, "pack", 0);
    if (told->pack >= w->pack_count)
        return false;
    for (size_t k = 0; k < n; k++) {
        mw_val key, value = mw_val_member(w->bundle, facets, k, &key);
        types[k] = mw_val_str(w->bundle, key, NULL);
        names[k] = mw_val_str(w->bundle, value, NULL);
    }
    r->id = mw_val_get_str(w->bundle, rule, "id", "");
    r->resource = mw_val_get_str(w->bundle, rule, "resource", "");
    r->needs = strings_of(w, mw_val_get(w->bundle, rule, "needs"), &r->need_count);
    r->related = strings_of(w, mw_val_get(w->bundle, rule, "related"), &r->related_count);
    r->tag_facet_count = n;
    r->tag_facet_types = types;
    r->tag_facets = names;
    told->applies = mw_val_get(w->bundle, rule, "applies");
    if (mw_val_len(w->bundle, told->applies) == 0)
        told->applies = MW_VAL_ABSENT;
    return r->needs && r->related;
}

static bool make_marks(struct worker *w, size_t i)
{
    int64_t n = mw_val_get_int(w->bundle, mw_val_at(w->bundle, w->work.rules, i), "marks", 0);
    struct marks *m = &w->marks[i];

    if (n <= 0 || n > MW_MARKS_MAX)
        return true;
    m->ways = mw_arena_alloc(&w->arena, (size_t)n);
    m->count = m->ways ? (size_t)n : 0;
    return m->ways != NULL;
}

static bool quarantined(const struct worker *w, uint32_t rule)
{
    if (rule / 8 >= MW_QUARANTINE_BYTES)
        return false;
    return atomic_load_explicit(&w->page->quarantined[rule / 8], memory_order_relaxed) >> (rule % 8) & 1;
}

/* A pack's rules into a fresh VM. A rule that fails now, for it loaded before, makes its evaluations errors. */
static mw_status load_pack(struct worker *w, size_t pack, mw_error *err)
{
    for (size_t tries = 0; tries <= w->rule_count; tries++) {
        mw_status st = new_vm(w, pack, err);
        mw_vm *vm = w->vms[pack];
        if (st != MW_OK)
            return st;
        for (size_t i = 0; i < w->rule_count && !mw_vm_spoiled(vm); i++) {
            mw_val rule = mw_val_at(w->bundle, w->work.rules, i);
            mw_val source = mw_val_get(w->bundle, rule, "source");
            mw_error why = {0};
            size_t len;
            const char *s = mw_val_str(w->bundle, source, &len);
            if (w->told[i].pack != pack || w->told[i].broken[0] || quarantined(w, (uint32_t)i))
                continue;
            get_on(w, (mw_position){UINT32_MAX, (uint32_t)i});
            mw_vm_set_marks(vm, w->marks[i].ways, w->marks[i].count);
            st = mw_vm_load(vm, MW_VM_RULE, mw_val_get_str(w->bundle, rule, "path", ""), s ? s : "", len,
                            &w->rules[i].ref, &why);
            if (st == MW_OK)
                st = mw_vm_rule_ready(vm, &w->rules[i], &why);
            if (st != MW_OK)
                snprintf(w->told[i].broken, MW_ERROR_MESSAGE_SIZE, "%s", why.message);
        }
        if (!mw_vm_spoiled(vm))
            return MW_OK;
    }
    return mw_fail(err, MW_ERR_SCRIPT, "rules cannot be loaded");
}

static mw_status load_rules(struct worker *w, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; i < w->pack_count && st == MW_OK; i++)
        st = load_pack(w, i, err);
    return st;
}

/* ---- evaluating ---- */

static void say_verdicts(struct worker *w, mw_position p, const mw_vm_verdict *v, size_t n)
{
    _Static_assert((int)MW_VM_ERROR == (int)MW_VERDICT_ERROR && (int)MW_VM_FAIL == (int)MW_VERDICT_FAIL &&
                       (int)MW_VM_UNKNOWN == (int)MW_VERDICT_UNKNOWN,
                   "the VM's outcomes are the verdicts");
    if (n == 1 && (v->outcome == MW_VM_PASS || v->outcome == MW_VM_NOT_APPLICABLE) && !v->subkey && !v->message) {
        count_plain(w, p, (mw_verdict)v->outcome);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const mw_record r = {.kind = MW_RECORD_VERDICT,
                             .item = p.item,
                             .rule = p.rule,
                             .index = (uint32_t)i,
                             .count = (uint32_t)n,
                             .status = (uint8_t)v[i].outcome,
                             .text = {text(v[i].subkey), text(v[i].message),
                                      v[i].outcome == MW_VM_FAIL ? text(v[i].evidence) : text(NULL)}};
        say(w, &r);
    }
}

/* `applies`, natively. True when that decided. */
static bool guard(struct worker *w, mw_position p, mw_val resource)
{
    mw_val applies = w->told[p.rule].applies, value;
    MW_AUTO(mw_buf) message = {.max = 4096};
    mw_vm_verdict v = {.outcome = MW_VM_NOT_APPLICABLE};
    const char *path;
    char cause[400];
    int match = mw_snap_applies(&w->work.snap, resource, w->bundle, applies, &path, &value);

    if (match == 1)
        return false;
    if (match < 0) {
        v.outcome = MW_VM_UNKNOWN;
        mw_snap_cause_text(w->snapshot, mw_val_cause(w->snapshot, value), cause, sizeof(cause));
        mw_buf_printf(&message, "%s is unknown: %s", path, cause);
    } else {
        mw_buf_printf(&message, "%s is ", path);
        if (value == MW_VAL_ABSENT)
            mw_buf_puts(&message, "absent");
        else if (mw_snap_path_mask(&w->work.snap, resource, path) != MW_VAL_ABSENT &&
                 mw_val_kind(w->snapshot, value) >= MW_KIND_STRING)
            mw_buf_puts(&message, "another one, which is withheld");
        else if (mw_val_str(w->snapshot, value, NULL))
            mw_buf_puts(&message, mw_val_str(w->snapshot, value, NULL));
        else
            mw_json_write(&message, w->snapshot, value, MW_JSON_COMPACT);
    }
    v.message = message.data;
    say_verdicts(w, p, &v, 1);
    return true;
}

/* The number of what overrides give the resource, from the ranges: resources come in order, so the last hit is near. */
static int64_t variant_of(struct worker *w, struct rule *r, size_t resource)
{
    size_t n = mw_val_len(w->bundle, r->ranges) / 2, low = 0, high = n;

    if (r->range < n && (size_t)mw_val_int(w->bundle, mw_val_at(w->bundle, r->ranges, 2 * r->range)) <= resource)
        low = r->range;
    if (low + 1 < n && (size_t)mw_val_int(w->bundle, mw_val_at(w->bundle, r->ranges, 2 * low + 2)) > resource)
        high = low + 1;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if ((size_t)mw_val_int(w->bundle, mw_val_at(w->bundle, r->ranges, 2 * mid)) <= resource)
            low = mid;
        else
            high = mid;
    }
    r->range = low;
    return n ? mw_val_int(w->bundle, mw_val_at(w->bundle, r->ranges, 2 * low + 1)) : -1;
}

/* The parameters of an evaluation; ABSENT when they depend on tags that are unknown. */
static mw_val params_of(struct worker *w, mw_position p, const mw_work_group *g)
{
    struct rule *r = &w->told[p.rule];
    int64_t number;

    if (g->params != MW_VAL_ABSENT)
        return g->params;
    if (r->ranges == MW_VAL_ABSENT)
        return r->params;
    number = variant_of(w, r, g->offset + (p.item - g->first));
    return number < 0 ? MW_VAL_ABSENT : mw_val_at(w->bundle, r->variants, (size_t)number);
}

static void say_params_unknown(struct worker *w, mw_position p, mw_val resource)
{
    mw_val tags = mw_val_get_atom(w->snapshot, resource, w->work.snap.tags);
    char cause[400], message[512];
    const mw_vm_verdict v = {.outcome = MW_VM_UNKNOWN, .message = message};

    mw_snap_cause_text(w->snapshot, mw_val_cause(w->snapshot, tags), cause, sizeof(cause));
    snprintf(message, sizeof(message), "a parameter depends on tags, and tags is unknown: %s", cause);
    say_verdicts(w, p, &v, 1);
}

/* What the last evaluation cost and did; its marks begin anew. */
static void say_observed(struct worker *w, mw_position p, int64_t spent_ns)
{
    struct marks *m = &w->marks[p.rule];
    mw_record r = {.kind = MW_RECORD_OBSERVED,
                   .item = p.item,
                   .rule = p.rule,
                   .count = spent_ns < UINT32_MAX ? (uint32_t)spent_ns : UINT32_MAX};
    MW_AUTO(mw_buf) ways = {.max = MW_MARKS_MAX + 1};

    for (size_t i = 0; i < m->count; i++) {
        mw_buf_putc(&ways, (char)('0' + (m->ways[i] & (MW_WAY_TRUE | MW_WAY_FALSE))));
        m->ways[i] = 0;
    }
    r.text[0] = (mw_str){ways.data, ways.len};
    r.text[1] = text(mw_vm_traceback(w->vms[w->told[p.rule].pack]));
    say(w, &r);
}

static size_t check(struct worker *w, mw_position p, const mw_vm_subject *s, const mw_vm_verdict **verdicts)
{
    struct rule *r = &w->told[p.rule];
    mw_vm *vm = w->vms[r->pack];
    int64_t begun_ns, took_ns;
    size_t n, bytes;

    ticking = vm;
    if (!w->profile && !w->observe)
        return mw_vm_check(vm, s, verdicts);
    mw_vm_peak_reset(vm);
    begun_ns = mw_thread_cpu_ns();
    n = mw_vm_check(vm, s, verdicts);
    took_ns = mw_thread_cpu_ns() - begun_ns;
    if (w->observe)
        say_observed(w, p, took_ns);
    r->cpu_ns += took_ns;
    if (took_ns > r->max_ns)
        r->max_ns = took_ns;
    if ((bytes = mw_vm_peak(vm)) > r->memory_bytes)
        r->memory_bytes = bytes;
    return n;
}

static void renew(struct worker *w, size_t pack)
{
    mw_error err = {0};

    if (load_pack(w, pack, &err) != MW_OK)
        _exit(1);
}

static void evaluate(struct worker *w, mw_position p, const mw_work_group *g, mw_val resource)
{
    struct rule *told = &w->told[p.rule];
    mw_vm *vm = w->vms[told->pack];
    const mw_vm_verdict *verdicts, failed = {.outcome = MW_VM_ERROR, .message = told->broken};
    mw_vm_subject s = {.rule = &w->rules[p.rule],
                       .world = g->world,
                       .resource = resource,
                       .params = params_of(w, p, g),
                       .soft_ms = w->soft_ms};
    size_t n;

    if (told->applies != MW_VAL_ABSENT && guard(w, p, resource))
        return;
    if (told->broken[0]) {
        say_verdicts(w, p, &failed, 1);
        return;
    }
    if (s.params == MW_VAL_ABSENT) {
        say_params_unknown(w, p, resource);
        return;
    }
    n = check(w, p, &s, &verdicts);
    if (mw_vm_exhausted(vm) && w->used[told->pack]) {
        /* Again with all of the memory: what others left in the VM must not decide. */
        renew(w, told->pack);
        vm = w->vms[told->pack];
        get_on(w, p);
        n = check(w, p, &s, &verdicts);
    }
    w->used[told->pack] = true;
    for (size_t i = 0; i < mw_vm_log_count(vm); i++) {
        const mw_record r = {
            .kind = MW_RECORD_LOG, .item = p.item, .rule = p.rule, .text = {text(mw_vm_log_at(vm, i))}};
        say(w, &r);
    }
    say_verdicts(w, p, verdicts, n);
    if (mw_vm_spoiled(vm)) {
        flush(w);
        renew(w, told->pack);
    }
}

static void say_profile(struct worker *w)
{
    for (size_t i = 0; i < w->rule_count && w->profile; i++) {
        const struct rule *r = &w->told[i];
        const long long measures[MW_RECORD_TEXTS] = {r->cpu_ns, r->max_ns, (long long)r->memory_bytes};
        char digits[MW_RECORD_TEXTS][24];
        mw_record record = {.kind = MW_RECORD_PROFILE, .rule = (uint32_t)i};
        for (size_t k = 0; k < MW_RECORD_TEXTS; k++) {
            snprintf(digits[k], sizeof(digits[k]), "%lld", measures[k]);
            record.text[k] = text(digits[k]);
        }
        say(w, &record);
    }
}

static void evaluate_all(struct worker *w, mw_position from, uint32_t end, mw_position skip)
{
    for (mw_position p = from; mw_work_at_or_after(&w->work, &p) && p.item < end; p = (mw_position){p.item + 1, 0}) {
        const mw_work_group *g = mw_work_group_of(&w->work, p.item);
        mw_val resource = mw_work_resource(&w->work, p.item);
        for (size_t i = mw_work_rule_at(g, p.rule); i < g->rule_count; i++) {
            p.rule = g->rules[i];
            if (mw_position_compare(p, skip) == 0) {
                flush(w); /* what came before the deadly one is safe now */
                continue;
            }
            if (quarantined(w, p.rule)) {
                say_plain(w);
                continue;
            }
            get_on(w, p);
            evaluate(w, p, g, resource);
            if (ticks >= FLUSH_TICKS)
                flush(w);
        }
    }
}

/* ---- loading ---- */

static void say_failed(struct worker *w, uint32_t file, const char *why)
{
    const mw_record r = {.kind = MW_RECORD_FAILED,
                         .item = file,
                         .status = MW_VERDICT_ERROR,
                         .index = 0,
                         .count = 1,
                         .text = {text(why)}};

    say(w, &r);
}

static void load_file(struct worker *w, uint32_t number)
{
    mw_val file = mw_val_at(w->bundle, w->work.files, number);
    bool rule = w->work.mode == MW_WORK_LOAD;
    MW_AUTO(mw_buf) json = {.max = MW_RECORD_MAX - 1024}; /* room for the record's own members */
    mw_error err = {0};
    size_t len, n;
    const char *source = mw_val_str(w->bundle, mw_val_get(w->bundle, file, "source"), &len);
    const char *path = mw_val_get_str(w->bundle, file, "path", "");
    mw_status st;
    int ref;

    st = mw_vm_load(w->vms[0], rule ? MW_VM_RULE : MW_VM_FIXTURES, path, source ? source : "", source ? len : 0, &ref,
                    &err);
    if (st != MW_OK) {
        say_failed(w, number, err.message);
        return;
    }
    n = rule ? 1 : mw_vm_list_len(w->vms[0], ref);
    if (n == 0)
        say_failed(w, number, "there are no fixtures in this file");
    for (size_t i = 0; i < n; i++) {
        mw_record r = {.kind = rule ? MW_RECORD_LOADED : MW_RECORD_FIXTURE,
                       .item = number,
                       .index = (uint32_t)i,
                       .count = (uint32_t)n};
        mw_buf_reset(&json);
        st = mw_vm_to_json(w->vms[0], ref, rule ? 0 : i + 1, &json, &err);
        if (st != MW_OK) {
            if (!rule)
                mw_error_prefix(&err, st, "fixture %zu", i + 1);
            mw_error_prefix(&err, st, "%s", path);
            r.kind = MW_RECORD_FAILED;
            r.text[0] = text(err.message);
        } else {
            r.text[0] = (mw_str){json.data, json.len};
        }
        say(w, &r);
        if (st != MW_OK)
            break; /* the file's answer is complete with that */
    }
}

static void load_all(struct worker *w, mw_position from, uint32_t end, mw_position skip)
{
    mw_error err = {0};

    for (uint32_t i = from.item; i < end; i++) {
        if (i == skip.item && skip.rule == 0) {
            flush(w);
            continue;
        }
        get_on(w, (mw_position){i, 0});
        load_file(w, i);
        if (mw_vm_spoiled(w->vms[0]) && new_vm(w, 0, &err) != MW_OK)
            _exit(1);
    }
}

/* ---- start ---- */

static size_t size_of(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size : 0;
}

static mw_status open_all(struct worker *w, mw_error *err)
{
    mw_status st = mw_doc_map(MW_WORKER_BUNDLE_FD, &w->bundle, err);
    const char *mode;
    mw_val root;

    if (st != MW_OK)
        return st;
    root = mw_doc_root(w->bundle);
    mode = mw_val_get_str(w->bundle, root, "mode", "");
    if (strcmp(mode, "evaluate") == 0 && (st = mw_doc_map(MW_WORKER_SNAPSHOT_FD, &w->snapshot, err)) != MW_OK)
        return st;
    if (w->snapshot && mw_snapshot_withholds(w->snapshot))
        mw_hash_ready(); /* evidence will need tokens, in the jail */
    w->page = mmap(NULL, MW_PROGRESS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, MW_WORKER_PROGRESS_FD, 0);
    if (w->page == MAP_FAILED)
        return mw_fail(err, MW_ERR_IO, "cannot map the progress page: %s", strerror(errno));
    w->vm_bytes = (size_t)mw_val_get_int(w->bundle, root, "vm_bytes", 0);
    if (w->vm_bytes == 0)
        w->vm_bytes = MW_VM_BYTES_DEFAULT;
    w->soft_ms = (unsigned)mw_val_get_int(w->bundle, root, "soft_ms", 50);
    w->profile = mw_val_get_bool(w->bundle, root, "profile", false);
    w->pack_count = (size_t)mw_val_get_int(w->bundle, root, "packs", 1);
    w->vms = mw_alloc(w->pack_count * sizeof(*w->vms));
    w->used = mw_alloc(w->pack_count * sizeof(*w->used));
    if (!w->vms || !w->used)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for %zu rule packs", w->pack_count);
    w->observe = mw_val_get_bool(w->bundle, root, "observe", false);
    return MW_OK;
}

static mw_status prepare(struct worker *w, mw_error *err)
{
    mw_status st = mw_work_init(&w->work, w->bundle, w->snapshot, err);

    if (st != MW_OK)
        return st;
    if (w->work.mode != MW_WORK_EVALUATE)
        return new_vm(w, 0, err);
    w->rule_count = mw_val_len(w->bundle, w->work.rules);
    w->rules = mw_alloc((w->rule_count + 1) * sizeof(*w->rules));
    w->told = mw_alloc((w->rule_count + 1) * sizeof(*w->told));
    w->marks = mw_alloc((w->rule_count + 1) * sizeof(*w->marks));
    if (!w->rules || !w->told || !w->marks)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for %zu rules", w->rule_count);
    for (size_t i = 0; i < w->rule_count; i++)
        if (!describe_rule(w, i) || !make_marks(w, i))
            return mw_fail(err, MW_ERR_NOMEM, "out of memory for rules");
    return load_rules(w, err);
}

static uint32_t argument(int argc, char **argv, int i, uint32_t fallback)
{
    long long n;

    return i < argc && mw_parse_int(argv[i], strlen(argv[i]), &n) && n >= 0 && n <= UINT32_MAX ? (uint32_t)n : fallback;
}

/* argv: --worker first-item first-rule end-item skip-item skip-rule broker-pid */
int mw_worker_main(int argc, char **argv)
{
    static struct worker w;
    mw_record r = {.kind = MW_RECORD_READY};
    mw_position from = {argument(argc, argv, 2, 0), argument(argc, argv, 3, 0)};
    mw_position skip = {argument(argc, argv, 5, UINT32_MAX), argument(argc, argv, 6, UINT32_MAX)};
    uint32_t end = argument(argc, argv, 4, UINT32_MAX);
    mw_error err = {0};
    char isolation[128];

    if (argc > 2 && strcmp(argv[2], "audit") == 0)
        mw__audit_worker_main(argc, argv);
    if (argc > 2 && strcmp(argv[2], "repl") == 0)
        mw__repl_worker_main(argc, argv);
    w.out.max = (size_t)4 << 20;
    w.arena.max_bytes = (size_t)64 << 20;
    if (open_all(&w, &err) != MW_OK)
        _exit(2);
    start_timer();
    mw__jail_enter((pid_t)argument(argc, argv, 7, 0),
                   size_of(MW_WORKER_SNAPSHOT_FD) / 2 + w.vm_bytes * (w.pack_count + 1) + HEADROOM_BYTES, isolation,
                   sizeof(isolation));
    set_phase(&w, MW_PHASE_LOAD);
    if (prepare(&w, &err) != MW_OK) {
        say_failed(&w, UINT32_MAX, err.message);
        flush(&w);
        _exit(2);
    }
    r.text[0] = text(isolation);
    say(&w, &r);
    flush(&w);
    set_phase(&w, MW_PHASE_RUN);
    if (w.work.mode == MW_WORK_EVALUATE) {
        evaluate_all(&w, from, end, skip);
        say_profile(&w);
    } else {
        load_all(&w, from, end < w.work.items ? end : w.work.items, skip);
    }
    r = (mw_record){.kind = MW_RECORD_DONE};
    say(&w, &r);
    flush(&w);
    _exit(0);
}
