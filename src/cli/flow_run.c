/*
 * Which run this is, and whose turn it is to write. One run at a time has the store; the next one
 * waits and says so. A run that was not ended is gone on with only where the command line says so
 * and its rules are the same, so that one run never mixes two judgements.
 */
#include "cli/flow_run.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SHARDS_MAX 1000
#define WAIT_MS    200

/* ---- shards ---- */

size_t mw_shard_take(const char *account, size_t *held, size_t count, size_t room)
{
    uint64_t most = 0;
    size_t best = count;
    char text[128];

    for (size_t i = 0; i < count; i++) {
        uint8_t sha[MW_SHA256_SIZE];
        uint64_t weight = 0;
        int len = snprintf(text, sizeof(text), "%zu %.64s", i, account);
        if (held[i] >= room)
            continue;
        mw_sha256(sha, text, (size_t)len);
        for (size_t k = 0; k < sizeof(weight); k++)
            weight = weight << 8 | sha[k];
        if (best == count || weight > most) {
            most = weight;
            best = i;
        }
    }
    if (best < count)
        held[best]++;
    return best;
}

mw_status mw_shard_parse(const char *text, const char *(*getenv_fn)(const char *name), size_t *index, size_t *count,
                         mw_error *err)
{
    static const char *const names[] = {"JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"};
    const char *slash = strchr(text, '/'), *total = slash ? slash + 1 : text, *from_env = NULL;
    long long i = 0, n = 0;

    for (size_t k = 0; !slash && k < MW_COUNT(names) && !from_env; k++)
        from_env = getenv_fn(names[k]);
    if (!mw_parse_int(total, strlen(total), &n) || n < 1 || n > SHARDS_MAX)
        return mw_fail(err, MW_ERR_INVALID, "--shard: '%.40s' is not I/N with N from 1 to %d", text, SHARDS_MAX);
    if (!slash && !from_env)
        return mw_fail(err, MW_ERR_INVALID, "--shard: neither %s nor %s says which of %lld this is", names[0], names[1],
                       n);
    if (slash ? !mw_parse_int(text, (size_t)(slash - text), &i) || i < 1 || i > n
              : !mw_parse_int(from_env, strlen(from_env), &i) || i < 0 || i >= n)
        return mw_fail(err, MW_ERR_INVALID, "--shard: '%.40s' is not one of %lld", slash ? text : from_env, n);
    *index = (size_t)(slash ? i - 1 : i);
    *count = (size_t)n;
    return MW_OK;
}

static const char *environment(const char *name)
{
    return getenv(name);
}

static mw_status shard_of_flow(const mw_flow *f, size_t *index, size_t *count, mw_error *err)
{
    const char *text = mw_args_get(f->take->setup.cli->args, "shard");

    *index = 0;
    *count = 1;
    return text ? mw_shard_parse(text, environment, index, count, err) : MW_OK;
}

mw_status mw_flow_run_check(mw_flow *f, mw_error *err)
{
    const mw_args *args = f->take->setup.cli->args;
    const char *id = mw_args_get(args, "run-id");
    size_t index, count;
    mw_status st = shard_of_flow(f, &index, &count, err);

    if (st != MW_OK)
        return st;
    if (id && (strlen(id) >= sizeof(f->run) || strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                                          "0123456789._-") != strlen(id)))
        return mw_fail(err, MW_ERR_INVALID, "--run-id: '%.80s' is not 1 to %zu letters, digits, '.', '_' and '-'", id,
                       sizeof(f->run) - 1);
    if (!mw_take_stores(f->take) && (id || mw_args_flag(args, "resume")))
        return mw_fail(err, MW_ERR_INVALID, "%s needs a store", id ? "--run-id" : "--resume");
    if (mw_take_stores(f->take) && mw_args_get(args, "shard") && !id)
        return mw_fail(err, MW_ERR_INVALID, "--shard needs --run-id ID, the same for every shard of the run");
    f->started_ns = mw_now_ns();
    if (id)
        snprintf(f->run, sizeof(f->run), "%s", id);
    else if ((st = mw_ulid(f->run, f->started_ns, err)) != MW_OK)
        return st;
    /* STS: 2 to 64 characters; those of an id all are allowed. */
    f->take->list.session_name = mw_arena_printf(&f->take->setup.arena, "moonward-%.55s", f->run);
    return f->take->list.session_name ? MW_OK : mw_fail(err, MW_ERR_NOMEM, "run: out of memory");
}

/* ---- a run that was not ended ---- */

struct unended {
    mw_flow *f;
    char id[MW_STORE_HOLDER_SIZE];
    size_t accounts;
    bool found, same_rules, same_kind;
    mw_status st;
    mw_error *err;
};

static const char *kind_of(const mw_flow *f)
{
    return f->judges ? "sweep" : "collect";
}

static bool take_open(void *user, const mw_snapshot_info *info)
{
    struct unended *u = user;
    mw_doc_builder *b = NULL;
    mw_val notes = MW_VAL_ABSENT;
    int64_t taken_ns;

    u->found = true;
    snprintf(u->id, sizeof(u->id), "%s", info->id);
    if ((u->st = mw_doc_builder_new(NULL, &b, u->err)) == MW_OK &&
        (u->st = mw_json_read(b, info->about, strlen(info->about), &(mw_json_options){.exact = true}, NULL, u->err)) ==
            MW_OK &&
        (u->st = mw_time_parse(info->taken_at, strlen(info->taken_at), &taken_ns, u->err)) == MW_OK) {
        const mw_doc *d = mw_doc_view(b);
        notes = mw_val_get(d, mw_doc_pop(b), "notes");
        u->same_rules = mw_str_eq(mw_val_get_str(d, notes, "rules", ""), mw_rules_digest(u->f->take->setup.rules));
        u->same_kind = mw_str_eq(mw_val_get_str(d, notes, "command", ""), kind_of(u->f));
        u->f->now_unix = taken_ns / 1000000000;
    }
    mw_doc_builder_free(b);
    return false;
}

static bool count_part(void *user, const char *account, const char *digest)
{
    (void)account;
    (void)digest;
    ++*(size_t *)user;
    return true;
}

static mw_status find_unended(mw_flow *f, struct unended *u, mw_error *err)
{
    mw_error none = {0};
    mw_status st = mw_snapshot_find_open(f->store, take_open, u, &none);

    if (st == MW_ERR_NOTFOUND)
        return MW_OK;
    if (st != MW_OK)
        return mw_fail(err, st, "%s", none.message);
    return u->st == MW_OK ? mw_snapshot_parts(f->store, u->id, count_part, &u->accounts, err) : u->st;
}

static mw_status go_on(const mw_flow *f, const struct unended *u, mw_error *err)
{
    if (!u->same_kind)
        return mw_fail(err, MW_ERR_INVALID, "run %s was begun by '%s'", u->id, f->judges ? "collect" : "sweep");
    if (!u->same_rules)
        return mw_fail(err, MW_ERR_INVALID,
                       "the rules or their parameters have changed since run %s began; start a new one", u->id);
    return MW_OK;
}

/* ---- the claim ---- */

static mw_status claim(mw_flow *f, const char *run, bool shared, mw_error *err)
{
    const mw_targets *t = &f->take->targets;
    const char **accounts = mw_arena_alloc(&f->take->setup.arena, (t->count + 1) * sizeof(*accounts));
    const volatile bool *stop = f->take->setup.cli->stop;
    const struct timespec pause = {.tv_nsec = WAIT_MS * 1000000L};
    char holder[MW_STORE_HOLDER_SIZE];
    bool said = false;
    mw_status st;

    if (!accounts)
        return mw_fail(err, MW_ERR_NOMEM, "claim: out of memory");
    for (size_t i = 0; i < t->count; i++)
        accounts[i] = t->items[i].in.account;
    while ((st = mw_store_claim(f->store, run, accounts, t->count, shared, holder, err)) == MW_ERR_CONFLICT && !*stop) {
        if (!said)
            mw_log_warn("run %s writes to the store: waiting for it to end", holder[0] ? holder : "(another)");
        said = true;
        nanosleep(&pause, NULL);
    }
    return st == MW_ERR_CONFLICT ? mw_fail(err, MW_ERR_CANCELLED, "stopped while run %s wrote to the store", holder)
                                 : st;
}

static mw_status name_run(mw_flow *f, mw_error *err)
{
    const mw_args *args = f->take->setup.cli->args;
    const char *id = mw_args_get(args, "run-id");
    struct unended u = {.f = f, .err = err};
    int64_t now_unix = f->now_unix;
    bool resume = mw_args_flag(args, "resume");
    mw_status st;

    if ((st = claim(f, f->run, mw_args_get(args, "shard") != NULL, err)) != MW_OK ||
        (st = find_unended(f, &u, err)) != MW_OK)
        return st;
    if (resume && (!u.found || (id && !mw_str_eq(id, u.id))))
        return mw_fail(err, MW_ERR_NOTFOUND, "--resume: %s; every other run was ended or replaced",
                       u.found ? "the run that was not ended has another id" : "there is no run to go on with");
    if (resume || (u.found && mw_str_eq(id, u.id))) {
        snprintf(f->run, sizeof(f->run), "%s", u.id);
        mw_log_info("going on with run %s: %zu accounts are stored", u.id, u.accounts);
        /* From here on it is that run's claim. */
        return mw_str_eq(id, u.id) || (st = claim(f, u.id, false, err)) == MW_OK ? go_on(f, &u, err) : st;
    }
    f->now_unix = now_unix;
    if (u.found)
        mw_log_warn("run %s was not ended: %zu account%s of it %s stored. '%s --resume' would have gone on with it; "
                    "it goes when the first account of this run is stored",
                    u.id, u.accounts, u.accounts == 1 ? "" : "s", u.accounts == 1 ? "is" : "are", kind_of(f));
    return MW_OK;
}

/* ---- what to collect ---- */

/* Walks the accounts and the sealed parts together: both are by account. */
struct left {
    mw_flow *f;
    size_t at, kept;
};

static bool drop_sealed(void *user, const char *account, const char *digest)
{
    struct left *l = user;
    mw_flow *f = l->f;

    (void)digest;
    for (; l->at < f->order_count; l->at++) {
        int order = strcmp(f->take->targets.items[f->order[l->at]].in.account, account);
        if (order > 0)
            break;
        if (order < 0)
            f->order[l->kept++] = f->order[l->at];
        else
            f->accounts_done++;
    }
    return true;
}

static mw_status leave_out_sealed(mw_flow *f, mw_error *err)
{
    struct left l = {.f = f};
    mw_status st = mw_snapshot_parts(f->store, f->run, drop_sealed, &l, err);

    while (l.at < f->order_count)
        f->order[l.kept++] = f->order[l.at++];
    f->order_count = l.kept;
    return st;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static mw_status add_regions(const mw_targets *t, mw_doc_builder *b, mw_error *err)
{
    size_t n = 0, at = 0;
    const char **all;

    for (size_t i = 0; i < t->count; i++)
        n += t->items[i].in.region_count;
    if (!(all = mw_alloc((n + 1) * sizeof(*all))))
        return mw_fail(err, MW_ERR_NOMEM, "regions: out of memory");
    for (size_t i = 0; i < t->count; i++)
        for (size_t k = 0; k < t->items[i].in.region_count; k++)
            all[at++] = t->items[i].in.regions[k];
    if (n > 1)
        qsort(all, n, sizeof(*all), by_text);
    mw_doc_begin_array(b);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || !mw_str_eq(all[i], all[i - 1]))
            mw_doc_add_cstr(b, all[i]);
    mw_doc_end_array(b);
    mw_free(all);
    return MW_OK;
}

/* What `evaluate` tells like the sweep would have, beside the snapshot itself, and what --resume compares. */
static mw_status write_notes(mw_flow *f, mw_error *err)
{
    const mw_targets *t = &f->take->targets;
    mw_doc_builder *b;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "engine", MW_VERSION);
    mw_doc_member_str(b, "command", kind_of(f));
    mw_doc_member_str(b, "rules", mw_rules_digest(f->take->setup.rules));
    mw_doc_ckey(b, "regions");
    st = add_regions(t, b, err);
    mw_doc_ckey(b, "extras");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < t->count; i++)
        for (size_t k = 0; k < t->items[i].extra_count; k++)
            mw_coverage_extra_write(b, &t->items[i].extras[k]);
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    if (st == MW_OK)
        st = mw_doc_finish(b, mw_doc_pop(b), &f->notes, err);
    mw_doc_builder_free(b);
    return st;
}

mw_status mw_flow_run_begin(mw_flow *f, mw_error *err)
{
    mw_take *t = f->take;
    size_t held[SHARDS_MAX] = {0};
    size_t index, count;
    const char *path;
    mw_status st = shard_of_flow(f, &index, &count, err);

    if (st != MW_OK)
        return st;
    f->now_unix = mw_client_now_unix(t->session.client);
    mw_time_iso(f->started_at, f->started_ns / 1000000000 * 1000000000);
    memcpy(f->finished_at, f->started_at, sizeof(f->finished_at));
    for (size_t i = 0; i < t->targets.count; i++)
        if (count == 1 ||
            mw_shard_take(t->targets.items[i].in.account, held, count, (t->targets.count + count - 1) / count) == index)
            f->order[f->order_count++] = i;
    if (!mw_take_stores(t))
        return MW_OK;
    if (!(path = mw_setup_store_path(&t->setup, err)))
        return err->status;
    if ((st = mw_store_open(path, NULL, &f->store, err)) != MW_OK || (st = name_run(f, err)) != MW_OK ||
        (st = leave_out_sealed(f, err)) != MW_OK)
        return st;
    return write_notes(f, err);
}

mw_status mw_flow_run_stopped(const mw_flow *f, mw_error *err)
{
    if (!f->store || f->accounts_done == 0)
        return mw_fail(err, MW_ERR_CANCELLED, "stopped by a signal; nothing was stored");
    return mw_fail(err, MW_ERR_CANCELLED,
                   "stopped by a signal; %zu of %zu accounts are stored: 'moonward %s --resume' goes on with run %s",
                   f->accounts_done, f->take->targets.count, kind_of(f), f->run);
}
