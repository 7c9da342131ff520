/*
 * Running workers: start them, read their records, watch their progress, replace those that die.
 * Every position of the work gets an answer: what a worker said, or that it was lost. Relies on
 * nothing that a worker says being true: positions must come in exactly the expected order, and the
 * progress page is only a hint of where a worker died.
 */
#include "engine/worker.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS          20
#define START_DEATHS_MAX 3  /* in a row, before any record: then workers do not work here */
#define LOAD_DEATHS_MAX  2  /* of one rule */
#define WALL_FACTOR      20 /* hard deadline is processor time; asleep it may take this much longer */
#define WALL_MIN_MS      10000
#define LOAD_FACTOR      4     /* a file has longer than an evaluation */
#define STALL_MS         30000 /* a worker that moves but gives no answer; it flushes every half second */
#define LOG_LINES_MAX    1000

struct slot {
    pid_t pid;
    int fd;
    mw_progress_page *page;
    mw_buf in;
    mw_position next;  /* first position without an answer */
    mw_position *lost; /* answered by on_lost(); a few */
    size_t lost_count, lost_cap;
    uint32_t end;   /* items of this slot end here */
    uint32_t index; /* verdicts of `next` seen so far */
    bool running, done, ready, ended;
    bool heard;         /* of an evaluation, since this process started */
    size_t quarantines; /* of the run, when this process started */
    unsigned start_deaths;
    size_t answers, answered; /* credible ones so far, and when last looked at */
    uint64_t sequence;        /* of the page, when last looked at */
    int64_t since_ms, cpu_ms;
    int64_t answer_ms, answer_cpu_ms; /* of the last credible answer */
    const char *why;                  /* we killed it for this */
    char text[128];
};

struct run {
    mw_pool *p;
    struct slot *slots;
    size_t count;
    unsigned char *deaths, *slow, *load_deaths; /* per rule */
    size_t rules, answered, log_lines, quarantines;
    int64_t progress_ms;
};

/* ---- what was lost ---- */

static bool is_lost(const struct slot *s, mw_position p)
{
    for (size_t i = 0; i < s->lost_count; i++)
        if (mw_position_compare(s->lost[i], p) == 0)
            return true;
    return false;
}

static mw_status add_lost(struct slot *s, mw_position p, mw_error *err)
{
    if (s->lost_count == s->lost_cap) {
        size_t cap = s->lost_cap ? s->lost_cap * 2 : 8;
        mw_position *grown = mw_realloc(s->lost, cap * sizeof(*grown));
        if (!grown)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory for workers");
        s->lost = grown;
        s->lost_cap = cap;
    }
    s->lost[s->lost_count++] = p;
    return MW_OK;
}

/* The one that the next worker has to leave out: it knows of one only, and answers all before it first. */
static mw_position next_lost(const struct slot *s)
{
    mw_position best = {UINT32_MAX, UINT32_MAX};

    for (size_t i = 0; i < s->lost_count; i++)
        if (mw_position_compare(s->lost[i], s->next) >= 0 && mw_position_compare(s->lost[i], best) < 0)
            best = s->lost[i];
    return best;
}

/* ---- starting ---- */

static int progress_fd(const struct run *r, struct slot *s)
{
    int fd = memfd_create("moonward-progress", MFD_CLOEXEC);

    if (fd < 0)
        return -1;
    if (ftruncate(fd, MW_PROGRESS_SIZE) != 0) {
        close(fd);
        return -1;
    }
    s->page = mmap(NULL, MW_PROGRESS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (s->page == MAP_FAILED) {
        s->page = NULL;
        close(fd);
        return -1;
    }
    for (size_t i = 0; i < r->rules && i / 8 < MW_QUARANTINE_BYTES; i++)
        if (r->p->quarantined[i])
            atomic_fetch_or(&s->page->quarantined[i / 8], (unsigned char)(1u << (i % 8)));
    return fd;
}

static int spawn(const struct run *r, struct slot *s, int results, int progress)
{
    const mw_position skip = next_lost(s);
    const int snapshot = r->p->snapshot_fd >= 0 ? r->p->snapshot_fd : r->p->bundle_fd;
    const int fds[MW_WORKER_FDS] = {snapshot, r->p->bundle_fd, results, progress};
    const uint32_t values[] = {s->next.item, s->next.rule, s->end, skip.item, skip.rule, (uint32_t)getpid()};
    char numbers[MW_COUNT(values)][16];
    char *argv[] = {"moonward", "--worker", numbers[0], numbers[1], numbers[2],
                    numbers[3], numbers[4], numbers[5], NULL};

    for (size_t i = 0; i < MW_COUNT(values); i++)
        snprintf(numbers[i], sizeof(numbers[i]), "%u", (unsigned)values[i]);
    return mw__worker_spawn(fds, argv, &s->pid);
}

static mw_status start(struct run *r, struct slot *s, mw_error *err)
{
    int ends[2] = {-1, -1}, page = progress_fd(r, s), rc;

    if (page < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        rc = errno;
        if (page >= 0) {
            close(page);
            munmap(s->page, MW_PROGRESS_SIZE);
            s->page = NULL;
        }
        return mw_fail(err, MW_ERR_IO, "cannot prepare a worker: %s", strerror(rc));
    }
    rc = spawn(r, s, ends[1], page);
    close(ends[1]);
    close(page);
    if (rc != 0) {
        close(ends[0]);
        munmap(s->page, MW_PROGRESS_SIZE);
        s->page = NULL;
        return mw_fail(err, MW_ERR_IO, "cannot start a worker from %s: %s", mw__worker_path(), strerror(rc));
    }
    s->fd = ends[0];
    fcntl(s->fd, F_SETFL, O_NONBLOCK);
    s->in.max = (size_t)1 << 20;
    s->running = true;
    s->ready = s->ended = s->heard = false;
    s->why = NULL;
    s->index = 0;
    s->quarantines = r->quarantines;
    s->sequence = 0;
    s->since_ms = mw_mono_ms();
    s->cpu_ms = 0;
    s->answer_ms = s->since_ms;
    s->answer_cpu_ms = 0;
    r->p->started++;
    return MW_OK;
}

static void stop(struct slot *s, int *status)
{
    if (!s->running)
        return;
    kill(s->pid, SIGKILL);
    while (waitpid(s->pid, status, 0) < 0 && errno == EINTR)
        ;
    close(s->fd);
    munmap(s->page, MW_PROGRESS_SIZE);
    mw_buf_clear(&s->in);
    s->page = NULL;
    s->running = false;
}

/* ---- positions ---- */

static bool is_quarantined(const struct run *r, uint32_t rule)
{
    return rule < r->rules && r->p->quarantined[rule];
}

/* Move `next` to the first position that still needs an answer; false at the end of the slot. */
static bool settle(const struct run *r, struct slot *s)
{
    while (mw_work_at_or_after(r->p->work, &s->next) && s->next.item < s->end) {
        if (!is_lost(s, s->next) && !is_quarantined(r, s->next.rule))
            return true;
        s->next.rule++;
    }
    s->next = (mw_position){s->end, 0};
    return false;
}

static void quarantine(struct run *r, uint32_t rule)
{
    if (rule >= r->rules || r->p->quarantined[rule])
        return;
    r->p->quarantined[rule] = 1;
    r->quarantines++;
    for (size_t i = 0; i < r->count; i++)
        if (r->slots[i].page && rule / 8 < MW_QUARANTINE_BYTES)
            atomic_fetch_or(&r->slots[i].page->quarantined[rule / 8], (unsigned char)(1u << (rule % 8)));
}

/* ---- records ---- */

static mw_status incredible(mw_error *err, const char *why)
{
    return mw_fail(err, MW_ERR_PARSE, "a worker's answer is not credible: %s", why);
}

static mw_status take_answer(struct run *r, struct slot *s, const mw_record *rec, mw_error *err)
{
    mw_position at = {rec->item, rec->rule};
    mw_status st;

    if (rec->count == 0 || rec->index >= rec->count)
        return incredible(err, "its count is wrong");
    if (s->index == 0 && !settle(r, s))
        return incredible(err, "it goes beyond its share");
    if (mw_position_compare(at, s->next) != 0) {
        /* Said before the worker saw that the rule is quarantined. */
        if (is_quarantined(r, rec->rule) && s->index == 0 && mw_position_compare(at, s->next) < 0)
            return MW_OK;
        if (s->index == 0 && is_lost(s, at))
            return MW_OK; /* it lived this time; the answer stays */
        return incredible(err, "it is not where it should be");
    }
    if (rec->index != s->index)
        return incredible(err, "its verdicts are out of order");
    st = r->p->on_record(r->p->user, (size_t)(s - r->slots), rec, err);
    if (st != MW_OK)
        return st;
    s->heard = true;
    s->answers++;
    if (rec->kind == MW_RECORD_FAILED || ++s->index == rec->count) {
        s->index = 0;
        s->next.rule++;
        r->answered++;
        s->start_deaths = 0;
    }
    if (rec->kind == MW_RECORD_VERDICT && rec->status == MW_VERDICT_ERROR && rec->rule < r->rules &&
        rec->text[1].data && r->p->quarantine &&
        (memmem(rec->text[1].data, rec->text[1].len, "deadline of ", 12) ||
         memmem(rec->text[1].data, rec->text[1].len, "memory ceiling of ", 18))) {
        if (++r->slow[rec->rule] >= MW_SLOW_MAX)
            quarantine(r, rec->rule);
    }
    return MW_OK;
}

/* Measures of a worker that died are lost; those of the others add up. */
static mw_status take_profile(struct run *r, const mw_record *rec, mw_error *err)
{
    long long n[MW_RECORD_TEXTS];
    mw_profile_rule *to;

    if (!r->p->profile || rec->rule >= r->rules)
        return incredible(err, "nobody asked what that costs");
    for (size_t i = 0; i < MW_RECORD_TEXTS; i++)
        if (!rec->text[i].data || !mw_parse_int(rec->text[i].data, rec->text[i].len, &n[i]) || n[i] < 0 ||
            n[i] > INT64_MAX / (1 << 20)) /* so that no sum of workers overflows */
            return incredible(err, "a measure is no number");
    to = &r->p->profile[rec->rule];
    to->cpu_ns += n[0];
    if (n[1] > to->max_ns)
        to->max_ns = n[1];
    if ((size_t)n[2] > to->memory_bytes)
        to->memory_bytes = (size_t)n[2];
    return MW_OK;
}

/* One as if it had been said alone. */
static mw_status take_plain(struct run *r, struct slot *s, mw_position at, uint8_t status, mw_error *err)
{
    const mw_record one = {.kind = MW_RECORD_VERDICT, .status = status, .count = 1, .item = at.item, .rule = at.rule};

    return take_answer(r, s, &one, err);
}

/*
 * Those of one item at once, from @p at on, where nothing is in question: the slot expects them, none of its evaluations was
 * lost, no rule is in quarantine. *taken = 0: it is not so.
 */
static mw_status take_row(struct run *r, struct slot *s, mw_position at, const mw_record *rec, uint32_t most,
                          uint32_t *taken, mw_error *err)
{
    const mw_work_group *g = mw_work_group_of(r->p->work, at.item);
    size_t k;
    mw_status st;

    *taken = 0;
    if (!r->p->on_plain || !g || s->index != 0 || s->lost_count > 0 || r->quarantines > 0 || !settle(r, s) ||
        mw_position_compare(at, s->next) != 0)
        return MW_OK;
    k = mw_work_rule_at(g, at.rule);
    *taken = most < g->rule_count - k ? most : (uint32_t)(g->rule_count - k);
    st = r->p->on_plain(r->p->user, at.item, &g->rules[k], *taken, (mw_verdict)rec->status, err);
    s->next.rule = g->rules[k + *taken - 1] + 1;
    s->heard = true;
    s->start_deaths = 0;
    s->answers += *taken;
    r->answered += *taken;
    return st;
}

static mw_status take_passes(struct run *r, struct slot *s, const mw_record *rec, mw_error *err)
{
    mw_position at = {rec->item, rec->rule};
    mw_status st = MW_OK;

    for (uint32_t i = 0, taken; st == MW_OK && i < rec->count; i += taken) {
        if (i > 0 && !mw_work_at_or_after(r->p->work, &at))
            return incredible(err, "it goes beyond its share");
        st = take_row(r, s, at, rec, rec->count - i, &taken, err);
        if (st == MW_OK && taken > 0) {
            at = s->next;
        } else if (st == MW_OK) {
            st = take_plain(r, s, at, rec->status, err);
            at.rule++;
            taken = 1;
        }
    }
    return st;
}

static mw_status take_record(struct run *r, struct slot *s, const mw_record *rec, mw_error *err)
{
    switch (rec->kind) {
    case MW_RECORD_READY:
        if (s->ready)
            return incredible(err, "it is ready twice");
        s->ready = true;
        s->answer_ms = mw_mono_ms();
        s->answer_cpu_ms = -1;
        mw__worker_isolation(rec->text[0]);
        if (rec->text[0].data)
            snprintf(r->p->isolation, sizeof(r->p->isolation), "%.*s", (int)rec->text[0].len, rec->text[0].data);
        return MW_OK;
    case MW_RECORD_DONE:
        if (s->index != 0 || settle(r, s))
            return incredible(err, "it stopped before its end");
        s->ended = true;
        return MW_OK;
    case MW_RECORD_LOG:
        if (rec->text[0].data && r->log_lines++ < LOG_LINES_MAX) {
            const char *id = mw_val_get_str(r->p->work->bundle,
                                            mw_val_at(r->p->work->bundle, r->p->work->rules, rec->rule), "id", "?");
            mw_log_info("%s: %.*s", id, (int)rec->text[0].len, rec->text[0].data);
        }
        return MW_OK;
    case MW_RECORD_OBSERVED:
        if (!r->p->on_observed || rec->rule >= r->rules || rec->item >= r->p->work->items)
            return incredible(err, "it tells what nobody asked");
        return r->p->on_observed(r->p->user, rec, err);
    case MW_RECORD_FAILED:
        if (rec->item == UINT32_MAX) {
            snprintf(s->text, sizeof(s->text), "%.*s", (int)rec->text[0].len,
                     rec->text[0].data ? rec->text[0].data : "");
            s->why = s->text;
            return MW_OK;
        }
        return take_answer(r, s, rec, err);
    case MW_RECORD_PASSES:
        if (r->p->work->mode != MW_WORK_EVALUATE)
            return incredible(err, "it answers another question");
        return take_passes(r, s, rec, err);
    case MW_RECORD_VERDICT:
    case MW_RECORD_LOADED:
    case MW_RECORD_FIXTURE:
        if ((rec->kind == MW_RECORD_VERDICT) != (r->p->work->mode == MW_WORK_EVALUATE))
            return incredible(err, "it answers another question");
        return take_answer(r, s, rec, err);
    case MW_RECORD_PROFILE: return take_profile(r, rec, err);
    case MW_RECORD_ASK:
    case MW_RECORD_ROW:
    case MW_RECORD_COLUMNS: break;
    }
    return incredible(err, "a record that has no place in a run of rules");
}

static mw_status take_records(struct run *r, struct slot *s, mw_error *err)
{
    size_t at = 0;
    mw_status st = MW_OK;

    while (st == MW_OK && at < s->in.len) {
        mw_record rec;
        size_t used;
        st = mw_record_decode(s->in.data + at, s->in.len - at, &rec, &used, err);
        if (st == MW_ERR_PENDING) {
            st = MW_OK;
            break;
        }
        if (st == MW_OK)
            st = take_record(r, s, &rec, err);
        at += used;
    }
    if (s->answers != s->answered) {
        s->answered = s->answers;
        s->answer_ms = mw_mono_ms();
        s->answer_cpu_ms = -1;
    }
    if (at > 0) {
        memmove(s->in.data, s->in.data + at, s->in.len - at);
        s->in.len -= at;
    }
    return st;
}

/* True at the end of the pipe. */
static bool read_some(struct slot *s)
{
    char *to = mw_buf_reserve(&s->in, MW_RECORD_MAX, NULL);
    ssize_t n = to ? mw_sys.read_fn(mw_sys.ctx, s->fd, to, MW_RECORD_MAX) : 0;

    if (n < 0)
        return errno != EAGAIN && errno != EINTR;
    if (n > 0)
        mw_buf_grown(&s->in, (size_t)n);
    return n == 0;
}

/* ---- deadlines ---- */

/* Processor time of a process: fields 14 and 15 of proc's stat, behind the name in parentheses. */
static int64_t cpu_ms_of(pid_t pid)
{
    MW_AUTO(mw_buf) text = {.max = 8192};
    char path[64];
    const char *p;
    long long ticks = 0;

    snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    if (mw_file_read(path, &text, NULL) != MW_OK || !text.data || !(p = strrchr(text.data, ')')))
        return -1;
    for (int field = 2; p && field < 16; field++) {
        long long n;
        p = strchr(p, ' ');
        if (!p)
            return -1;
        p++;
        if (field + 1 >= 14 && field + 1 <= 15 && mw_parse_int(p, strcspn(p, " "), &n))
            ticks += n;
    }
    return ticks * 1000 / sysconf(_SC_CLK_TCK);
}

static void put_down(struct slot *s)
{
    s->why = s->text;
    kill(s->pid, SIGKILL);
}

/* One that moves on, or seems to, without ever answering. */
static void watch_answers(struct slot *s, int64_t now)
{
    int64_t cpu;

    if (!s->ready || s->why || now - s->answer_ms < STALL_MS)
        return;
    cpu = cpu_ms_of(s->pid);
    if (s->answer_cpu_ms < 0)
        s->answer_cpu_ms = cpu;
    if (cpu >= 0 && cpu - s->answer_cpu_ms < STALL_MS && now - s->answer_ms < STALL_MS * WALL_FACTOR)
        return;
    snprintf(s->text, sizeof(s->text), "its worker gave no answer for %d s and was killed",
             (int)((now - s->answer_ms) / 1000));
    put_down(s);
}

static void watch(struct run *r, struct slot *s)
{
    uint64_t sequence = atomic_load_explicit(&s->page->sequence, memory_order_acquire);
    uint32_t phase = atomic_load_explicit(&s->page->phase, memory_order_relaxed);
    int64_t now = mw_mono_ms(), cpu, limit = r->p->hard_ms;

    watch_answers(s, now);
    if (phase != MW_PHASE_RUN || r->p->work->mode != MW_WORK_EVALUATE)
        limit = (limit > 500 ? limit : 500) * LOAD_FACTOR;
    if (sequence != s->sequence) {
        s->sequence = sequence;
        s->since_ms = now;
        s->cpu_ms = -1;
        return;
    }
    if (s->cpu_ms < 0)
        s->cpu_ms = cpu_ms_of(s->pid);
    if (now - s->since_ms < limit)
        return;
    cpu = cpu_ms_of(s->pid);
    if (cpu >= 0 && s->cpu_ms >= 0 && cpu - s->cpu_ms < limit &&
        now - s->since_ms < (limit * WALL_FACTOR > WALL_MIN_MS ? limit * WALL_FACTOR : WALL_MIN_MS))
        return; /* it did not get the processor */
    snprintf(s->text, sizeof(s->text), "hard deadline of %d ms passed, its worker was killed", (int)limit);
    put_down(s);
}

/* ---- deaths ---- */

/* Can a worker of this slot have been at @p p, when everything before @p from was answered? */
static bool is_ahead(const struct run *r, const struct slot *s, mw_position from, mw_position p)
{
    mw_position exact = p;

    return mw_position_compare(p, from) >= 0 && p.item < s->end && mw_work_at_or_after(r->p->work, &exact) &&
           mw_position_compare(p, exact) == 0;
}

/*
 * Which evaluation to blame: where the worker said it was, if that can be, else the first unanswered.
 * False: none, for what it died in was lost before, or is in quarantine since it started.
 */
static bool blame(const struct run *r, const struct slot *s, mw_position from, mw_position hint, mw_position *lost)
{
    bool ahead = is_ahead(r, s, from, hint);

    *lost = ahead ? hint : s->next;
    if (!ahead)
        return true;
    if (is_quarantined(r, hint.rule) ? r->quarantines > s->quarantines : is_lost(s, hint) && s->heard)
        return false;
    if (is_quarantined(r, hint.rule) || is_lost(s, hint))
        *lost = s->next;
    return true;
}

static mw_status bury(struct run *r, struct slot *s, const char *incredible_why, mw_error *err)
{
    mw_position hint, from, lost;
    char text[128], why[256];
    int status = 0;
    mw_status st;

    hint.item = atomic_load(&s->page->item);
    hint.rule = atomic_load(&s->page->rule);
    stop(s, &status);
    if (s->ended)
        return MW_OK;
    r->p->died++;
    snprintf(why, sizeof(why), "%s",
             incredible_why ? incredible_why
             : s->why       ? s->why
                            : mw__worker_death(status, text, sizeof(text)));
    s->index = 0;
    if (!s->ready) {
        /* Loading one rule kills twice: that rule is the culprit. Else workers do not work here. */
        if (hint.item == UINT32_MAX && hint.rule < r->rules && r->p->work->mode == MW_WORK_EVALUATE &&
            !r->p->quarantined[hint.rule] && !s->why) {
            if (++r->load_deaths[hint.rule] >= LOAD_DEATHS_MAX)
                quarantine(r, hint.rule);
        } else if (++s->start_deaths >= START_DEATHS_MAX || s->why) {
            return mw_fail(err, MW_ERR_IO, "workers cannot start: %s", why);
        }
        return MW_OK;
    }
    from = s->next; /* before what is quarantined by now is left out */
    if (!settle(r, s))
        return MW_OK; /* everything was answered; only its goodbye is missing */
    if (!blame(r, s, from, hint, &lost))
        return MW_OK;
    st = r->p->on_lost(r->p->user, (size_t)(s - r->slots), lost, why, err);
    if (st == MW_OK)
        st = add_lost(s, lost, err);
    if (st != MW_OK)
        return st;
    r->answered++;
    if (lost.rule < r->rules && r->p->quarantine && ++r->deaths[lost.rule] >= MW_DEATHS_MAX)
        quarantine(r, lost.rule);
    return MW_OK;
}

/* ---- the loop ---- */

static mw_status step(struct run *r, struct slot *s, bool readable, mw_error *err)
{
    mw_error why = {0};
    bool closed = false;
    mw_status st;

    if (readable) {
        closed = read_some(s);
        st = take_records(r, s, &why);
        if (st == MW_ERR_PARSE)
            return bury(r, s, why.message, err);
        if (st != MW_OK) {
            if (err)
                *err = why;
            return st;
        }
    }
    if (closed)
        return bury(r, s, NULL, err);
    watch(r, s);
    return MW_OK;
}

static void tell_progress(struct run *r, bool now)
{
    int64_t ms = mw_mono_ms();

    if (!r->p->on_progress || (!now && ms - r->progress_ms < 100))
        return;
    r->progress_ms = ms;
    r->p->on_progress(r->p->progress_user, r->answered, (size_t)r->p->work->evaluations);
}

static mw_status run_all(struct run *r, mw_error *err)
{
    struct pollfd *fds = mw_alloc(r->count * sizeof(*fds));
    mw_status st = fds ? MW_OK : mw_fail(err, MW_ERR_NOMEM, "out of memory for workers");

    for (bool busy = true; busy && st == MW_OK;) {
        if (r->p->stop && *r->p->stop) {
            st = mw_fail(err, MW_ERR_CANCELLED, "stopped");
            break;
        }
        busy = false;
        for (size_t i = 0; i < r->count && st == MW_OK; i++) {
            struct slot *s = &r->slots[i];
            if (!s->running && !s->done) {
                s->done = s->ended || !settle(r, s);
                if (!s->done)
                    st = start(r, s, err);
            }
            fds[i] = (struct pollfd){.fd = s->running ? s->fd : -1, .events = POLLIN};
            busy = busy || !s->done;
        }
        if (!busy || st != MW_OK)
            break;
        if (poll(fds, r->count, POLL_MS) < 0 && errno != EINTR)
            st = mw_fail(err, MW_ERR_IO, "cannot wait for workers: %s", strerror(errno));
        for (size_t i = 0; i < r->count && st == MW_OK; i++)
            if (r->slots[i].running)
                st = step(r, &r->slots[i], fds[i].revents != 0, err);
        tell_progress(r, false);
    }
    mw_free(fds);
    return st;
}

mw_status mw__pool_run(mw_pool *p, mw_error *err)
{
    struct run r = {.p = p, .count = p->workers ? p->workers : 1};
    mw_status st = MW_OK;

    r.rules = p->work->mode == MW_WORK_EVALUATE ? mw_val_len(p->work->bundle, p->work->rules) : 0;
    r.slots = mw_alloc(r.count * sizeof(*r.slots));
    r.deaths = mw_alloc(r.rules + 1);
    r.slow = mw_alloc(r.rules + 1);
    r.load_deaths = mw_alloc(r.rules + 1);
    if (!r.slots || !r.deaths || !r.slow || !r.load_deaths)
        st = mw_fail(err, MW_ERR_NOMEM, "out of memory for workers");
    for (size_t i = 0; st == MW_OK && i < r.count; i++) {
        r.slots[i].next = (mw_position){mw_work_share(p->work, i, r.count), 0};
        r.slots[i].end = mw_work_share(p->work, i + 1, r.count);
        r.slots[i].fd = -1;
    }
    if (st == MW_OK)
        st = run_all(&r, err);
    if (st == MW_OK)
        tell_progress(&r, true);
    for (size_t i = 0; r.slots && i < r.count; i++) {
        stop(&r.slots[i], NULL);
        mw_free(r.slots[i].lost);
    }
    mw_free(r.slots);
    mw_free(r.deaths);
    mw_free(r.slow);
    mw_free(r.load_deaths);
    return st;
}
