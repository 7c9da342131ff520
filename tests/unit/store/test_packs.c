/*
 * Packed findings against a model: random verdicts of a few rules on the resources of three accounts, run after run. What is
 * packed, what has a row and what a life makes a row of must read back as one list in the contract's order.
 */
#include "base/mem.h"
#include "base/str.h"
#include "store/fingerprint.h"
#include "store/snapshots.h"
#include "unit/store/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ACCOUNTS 3
#define SUBJECTS 70 /* of an account; more than a word of bits */
#define RULES    4
#define RUNS     8

enum verdict { NONE, PASS, PASS_TOLD, NOT_APPLICABLE, FAIL, UNKNOWN, VERDICTS };

static const char *const status_of[] = {NULL, "pass", "pass", "not_applicable", "fail", "unknown"};
static const char *const message_of[] = {NULL, NULL, "told", "not today", "bad", "denied"};

static const char *const rules[RULES] = {"r-0", "r-1", "r-2", "r-3"}, *const accounts[ACCOUNTS] = {"1", "2", "3"};

struct life {
    bool known, open;
    int first, last; /* run */
};

struct model {
    uint32_t seed;
    char ids[SUBJECTS][16], times[RUNS][32];
    enum verdict said[ACCOUNTS][RULES][SUBJECTS];
    struct life lives[ACCOUNTS][RULES][SUBJECTS];
    mw_store_subject subjects[ACCOUNTS][SUBJECTS];
};

static uint32_t pick(struct model *m, uint32_t n)
{
    m->seed = m->seed * 1664525 + 1013904223;
    return (m->seed >> 8) % n;
}

static bool is_packed(enum verdict v)
{
    return v == PASS || v == NOT_APPLICABLE || v == PASS_TOLD;
}

static void write_line(mw_buf *out, const char *rule, const char *status, const mw_store_subject *x,
                       const char *message, const char *change, const char *first, const char *last)
{
    char fingerprint[MW_FINGERPRINT_SIZE];

    assert_int_equal(mw_fingerprint(rule, x->partition, x->account, x->region, x->id, NULL, fingerprint, NULL), MW_OK);
    mw_buf_printf(out, "%s %s %s/%s/%s %s %s %s|%s|%s|%s|%s\n", rule, status, x->account, x->region, x->id,
                  x->arn ? x->arn : "-", x->name ? x->name : "-", message ? message : "-", fingerprint, change, first,
                  last);
}

static bool read_line(void *user, const mw_store_finding *f)
{
    const mw_store_subject x = {.id = f->id,
                                .arn = f->arn,
                                .name = f->name,
                                .account = f->account,
                                .region = f->region,
                                .partition = f->partition};
    char fingerprint[MW_FINGERPRINT_SIZE];

    write_line(user, f->rule, f->status, &x, f->message, f->change, f->first_seen, f->last_seen);
    assert_int_equal(mw_fingerprint(f->rule, f->partition, f->account, f->region, f->id, NULL, fingerprint, NULL),
                     MW_OK);
    assert_string_equal(f->fingerprint, fingerprint);
    assert_string_equal(f->evidence, "[]");
    return true;
}

static void make_subjects(struct model *m)
{
    for (size_t i = 0; i < SUBJECTS; i++)
        snprintf(m->ids[i], sizeof(m->ids[i]), "i-%05zu", i);
    for (size_t a = 0; a < ACCOUNTS; a++)
        for (size_t i = 0; i < SUBJECTS; i++)
            m->subjects[a][i] = (mw_store_subject){.id = m->ids[i],
                                                   .arn = i % 3 ? m->ids[i] : NULL,
                                                   .name = i % 5   ? "n\xc3\xa4me"
                                                           : i % 2 ? ""
                                                                   : NULL,
                                                   .account = accounts[a],
                                                   .region = i < SUBJECTS / 2 ? "eu-west-1" : "us-east-1",
                                                   .partition = "aws"};
}

/* What the run makes of a life, as the ledger should. */
static const char *live(struct life *l, enum verdict v, int run)
{
    const char *change = "";

    if (v == FAIL) {
        change = !l->known ? "new" : l->open ? "open" : "regressed";
        l->first = l->known ? l->first : run;
        l->last = run;
        l->known = l->open = true;
    } else if (is_packed(v) && l->open) {
        change = "fixed";
        l->open = false;
    }
    return change;
}

static bool complete(void *user, const char *account, const char *region, const char *type)
{
    (void)account;
    (void)region;
    (void)type;
    return *(const bool *)user;
}

static void put_account(mw_store *s, struct model *m, const char *run, int at, size_t a)
{
    static const enum verdict kinds[] = {PASS, NOT_APPLICABLE, PASS_TOLD};
    const mw_run r = {.id = run, .started_at = m->times[at], .rules = rules, .rule_count = RULES};
    static mw_store_finding rows[RULES * SUBJECTS];
    static char fingerprints[RULES * SUBJECTS][MW_FINGERPRINT_SIZE];
    static uint64_t bits[RULES * MW_COUNT(kinds)][(SUBJECTS + 63) / 64];
    mw_store_pack packs[RULES * MW_COUNT(kinds)];
    mw_store_part part = {.account = accounts[a],
                          .at = m->times[at],
                          .digest = run,
                          .passed = a,
                          .findings = rows,
                          .packs = packs,
                          .complete = complete,
                          .user = &(bool){false}};
    mw_error err = {0};

    memset(bits, 0, sizeof(bits));
    for (size_t k = 0; k < RULES; k++) {
        for (size_t i = 0; i < SUBJECTS; i++) {
            const mw_store_subject *x = &m->subjects[a][i];
            enum verdict v = m->said[a][k][i];
            if (v != FAIL && v != UNKNOWN)
                continue;
            mw_fingerprint(rules[k], x->partition, x->account, x->region, x->id, NULL, fingerprints[part.count], NULL);
            rows[part.count] = (mw_store_finding){.fingerprint = fingerprints[part.count],
                                                  .rule = rules[k],
                                                  .status = status_of[v],
                                                  .severity = "high",
                                                  .type = "T",
                                                  .id = x->id,
                                                  .arn = x->arn,
                                                  .name = x->name,
                                                  .account = x->account,
                                                  .region = x->region,
                                                  .partition = x->partition,
                                                  .message = message_of[v],
                                                  .evidence = "[]"};
            part.count++;
        }
        for (size_t n = 0; n < MW_COUNT(kinds); n++) {
            mw_store_pack *p = &packs[part.pack_count];
            *p = (mw_store_pack){.rule = rules[k],
                                 .status = status_of[kinds[n]],
                                 .severity = "high",
                                 .type = "T",
                                 .message = message_of[kinds[n]],
                                 .subjects = m->subjects[a],
                                 .subject_count = SUBJECTS,
                                 .bits = bits[part.pack_count]};
            for (size_t i = 0; i < SUBJECTS; i++)
                if (m->said[a][k][i] == kinds[n]) {
                    bits[part.pack_count][i / 64] |= (uint64_t)1 << i % 64;
                    p->count++;
                }
            part.pack_count++;
        }
    }
    if (mw_store_put_part(s, &r, &part, &err) != MW_OK)
        fail_msg("%s", err.message);
}

/* Every finding of the run as it should read back, and those that are not settled. */
static void tell(struct model *m, int at, mw_buf *all, mw_buf *unsettled, size_t *size)
{
    *size = 0;
    for (size_t k = 0; k < RULES; k++)
        for (size_t a = 0; a < ACCOUNTS; a++)
            for (size_t i = 0; i < SUBJECTS; i++) {
                struct life *l = &m->lives[a][k][i];
                enum verdict v = m->said[a][k][i];
                const char *change = live(l, v, at);
                if (v == NONE)
                    continue;
                ++*size;
                write_line(all, rules[k], status_of[v], &m->subjects[a][i], message_of[v], change,
                           l->known ? m->times[l->first] : "", l->known ? m->times[l->last] : "");
                if (v == FAIL || v == UNKNOWN)
                    write_line(unsettled, rules[k], status_of[v], &m->subjects[a][i], message_of[v], change,
                               l->known ? m->times[l->first] : "", l->known ? m->times[l->last] : "");
            }
}

static bool add_count(void *user, const mw_store_count *c)
{
    *(size_t *)user += c->count;
    return true;
}

static bool add_part(void *user, const mw_store_part *p)
{
    mw_buf_printf(user, "%s %s %zu;", p->account, p->digest, p->passed);
    return true;
}

static void is_run(mw_store *s, const char *run, const mw_buf *all, const mw_buf *unsettled, size_t size)
{
    MW_AUTO(mw_buf) has = {0};
    MW_AUTO(mw_buf) parts = {0};
    MW_AUTO(mw_buf) wanted = {0};
    size_t counted = 0, told = 0;
    mw_error err = {0};

    if (mw_store_run_findings(s, run, MW_STORE_ALL, read_line, &has, &err) != MW_OK)
        fail_msg("%s", err.message);
    assert_string_equal(has.data, all->data);
    mw_buf_reset(&has);
    assert_int_equal(mw_store_run_findings(s, run, MW_STORE_UNSETTLED, read_line, &has, &err), MW_OK);
    assert_string_equal(has.data ? has.data : "", unsettled->data ? unsettled->data : "");
    assert_int_equal(mw_store_run_counts(s, run, add_count, &counted, &err), MW_OK);
    assert_int_equal(mw_store_run_size(s, run, &told, &err), MW_OK);
    assert_int_equal(counted, size);
    assert_int_equal(told, size);
    assert_int_equal(mw_store_run_parts(s, run, add_part, &parts, &err), MW_OK);
    mw_buf_printf(&wanted, "1 %s 0;2 %s 1;3 %s 2;", run, run, run);
    assert_string_equal(parts.data, wanted.data);
}

static void play(uint32_t seed)
{
    static struct model m;
    static mw_buf all[RUNS], unsettled[RUNS];
    size_t size[RUNS];
    char file[32], run[RUNS][16];
    mw_store *s;
    mw_error err = {0};

    memset(&m, 0, sizeof(m));
    m.seed = seed;
    make_subjects(&m);
    snprintf(file, sizeof(file), "packs%u.db", seed);
    assert_int_equal(mw_store_open(scratch(file), NULL, &s, &err), MW_OK);
    for (int r = 0; r < RUNS; r++) {
        size_t first = pick(&m, ACCOUNTS);
        uint32_t rate = 1 + pick(&m, 20); /* from hardly any change to much */
        snprintf(m.times[r], sizeof(m.times[r]), "2026-01-01T00:%02d:00Z", r);
        snprintf(run[r], sizeof(run[r]), "R%d", r);
        for (size_t a = 0; a < ACCOUNTS; a++)
            for (size_t k = 0; k < RULES; k++)
                for (size_t i = 0; i < SUBJECTS; i++)
                    if (r == 0 ? true : pick(&m, rate) == 0)
                        m.said[a][k][i] = pick(&m, 3) ? PASS : (enum verdict)pick(&m, VERDICTS);
        for (size_t a = 0; a < ACCOUNTS; a++) /* in whatever order they end */
            put_account(s, &m, run[r], r, (a + first) % ACCOUNTS);
        mw_buf_reset(&all[r]);
        mw_buf_reset(&unsettled[r]);
        tell(&m, r, &all[r], &unsettled[r], &size[r]);
    }
    for (int r = 0; r < RUNS; r++)
        is_run(s, run[r], &all[r], &unsettled[r], size[r]);
    if (mw_snapshots_check(s, &err) != MW_OK)
        fail_msg("%s", err.message);
    mw_store_close(s);
    for (int r = 0; r < RUNS; r++) {
        mw_buf_clear(&all[r]);
        mw_buf_clear(&unsettled[r]);
    }
}

static void reads_back(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= (scratch_database() ? 2 : 12); seed++)
        play(seed);
}

/* ---- damage ---- */

static bool nothing(void *user, const mw_store_finding *f)
{
    (void)user;
    (void)f;
    return true;
}

static void damage_is_told(void **state)
{
    static const struct {
        const char *sql;
        bool seen_by_reader;
    } rows[] = {
        {"UPDATE roster SET subjects = subjects + 1", true},
        {"UPDATE roster SET subjects = subjects - 1", true},
        {"UPDATE roster SET subjects = 1000000000000", true},
        {"UPDATE roster SET len = len - 1", true},
        {"UPDATE roster SET len = -1", true},
        {"UPDATE roster SET sha = x'00'", false},
        {"UPDATE roster SET body = x'28b52ffd'", true},
        {"DELETE FROM roster", true},
        {"UPDATE pack SET count = count + 1", true},
        {"UPDATE pack SET bits = x'ff'", true},
        {"UPDATE pack SET bits = NULL", true},
        {"UPDATE pack SET part = part + 1000", false},
        {"DELETE FROM verdict", false},
    };
    static struct model m;
    mw_error err = {0};

    (void)state;
    if (scratch_database())
        return; /* the same checks, and a server's tables are not damaged from outside */
    memset(&m, 0, sizeof(m));
    make_subjects(&m);
    snprintf(m.times[0], sizeof(m.times[0]), "2026-01-01T00:00:00Z");
    for (size_t i = 0; i < SUBJECTS; i++)
        m.said[0][0][i] = i == 7 ? FAIL : PASS;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        char file[32];
        mw_status read, check;
        mw_store *s;
        snprintf(file, sizeof(file), "hurt%zu.db", i);
        assert_int_equal(mw_store_open(scratch(file), NULL, &s, &err), MW_OK);
        put_account(s, &m, "R", 0, 0);
        assert_int_equal(mw_snapshots_check(s, &err), MW_OK);
        mw_store_close(s);
        assert_true(scratch_sql(file, rows[i].sql));
        assert_int_equal(mw_store_open(scratch(file), NULL, &s, &err), MW_OK);
        read = mw_store_run_findings(s, "R", MW_STORE_ALL, nothing, NULL, &err);
        check = mw_snapshots_check(s, &err);
        if ((rows[i].seen_by_reader && read != MW_ERR_PARSE) || check != MW_ERR_PARSE)
            fail_msg("%s: read %d, check %d %s", rows[i].sql, read, check, err.message);
        mw_store_close(s);
    }
}

/* ---- a store of before ---- */

static bool add_old_part(void *user, const mw_store_part *p)
{
    assert_null(p->digest);
    mw_buf_join(user, p->account, " ", NULL);
    return true;
}

static bool add_old(void *user, const mw_store_finding *f)
{
    mw_buf_printf(user, "%s/%s:%s ", f->rule, f->account, f->change);
    return true;
}

static void older_runs_read_back(void **state)
{
    MW_AUTO(mw_buf) has = {0};
    mw_store *s;
    mw_error err = {0};

    (void)state;
    if (scratch_database())
        return; /* its first schema was not released without parts */
    assert_int_equal(mw_store_open(scratch("old.db"), NULL, &s, &err), MW_OK);
    mw_store_close(s);
    assert_true(scratch_sql(
        "old.db",
        "DROP TABLE run_part; DROP TABLE roster; DROP TABLE pack; DROP INDEX ledger_of;"
        "CREATE INDEX ledger_open ON ledger(rule, account) WHERE open = 1; PRAGMA user_version = 4;"
        "INSERT INTO run(n, id, started_at, finished_at) VALUES(3, 'O', 'then', 'later');"
        "INSERT INTO verdict(n, digest, fingerprint, rule, status, account, region, id, partition)"
        " VALUES(1, x'', 'a', 'r-b', 'pass', '2', 'x', 'i', 'aws'), (2, x'', 'b', 'r-a', 'fail', '1', 'x', 'i', 'aws'),"
        " (4, x'', 'c', 'r-b', 'fail', '1', 'x', 'i', 'aws');"
        "INSERT INTO finding(run, seq, verdict, change) VALUES(3, 0, 1, ''), (3, 4294967296, 2, 'new'),"
        " (3, 4294967297, 4, 'open')"));
    assert_int_equal(mw_store_open(scratch("old.db"), NULL, &s, &err), MW_OK);
    assert_int_equal(mw_store_run_parts(s, "O", add_old_part, &has, &err), MW_OK);
    assert_string_equal(has.data, "1 2 ");
    mw_buf_reset(&has);
    assert_int_equal(mw_store_run_findings(s, "O", MW_STORE_ALL, add_old, &has, &err), MW_OK);
    assert_string_equal(has.data, "r-a/1:new r-b/1:open r-b/2: ");
    mw_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_back, scratch_empty),
        cmocka_unit_test_teardown(damage_is_told, scratch_empty),
        cmocka_unit_test_teardown(older_runs_read_back, scratch_empty),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
