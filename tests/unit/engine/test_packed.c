/*
 * Findings in packed form: nobody who reads them can tell them from listed ones, and what cannot be packed (no
 * order, two resources alike, too many messages) is listed.
 */
#include "support/support.h"

#include "unit/engine/folder.h"
#include "unit/engine/packs.h"
#include "unit/engine/snapshot.h"

#include "base/str.h"
#include "engine/worker.h"

#include <unistd.h>

#define SUBJECTS 200 /* several words, and not all of the last */
#define RULES    3

static mw_types *types;

/* ---- a list and its twin ---- */

/* What rule @p rule says of a subject: 0 passes, 1 and 2 do not apply, 3 fails, 4 is two findings of subkeys. */
static int what(int rule, int subject)
{
    return (subject * 7 + rule * 3 + subject / 13) % 5;
}

static void both(mw_findings *packed, mw_findings *listed, bool pack_all)
{
    static const char *const rules[RULES] = {"r-a", "r-b", "r-c"};
    mw_subject *subjects = mw_arena_alloc(&packed->arena, SUBJECTS * sizeof(*subjects));
    size_t kinds[RULES][3];

    for (int i = 0; i < SUBJECTS; i++) {
        char id[16];
        snprintf(id, sizeof(id), "i-%03d", i);
        subjects[i] = (mw_subject){.id = mw_arena_strdup(&packed->arena, id),
                                   .account = i < 150 ? "1" : "2",
                                   .region = "eu-west-1",
                                   .partition = "aws",
                                   .name = i % 2 ? "name" : NULL};
    }
    for (int r = RULES; r-- > 0;) /* in no order: sorting is the list's */
        for (int k = 3; k-- > 0;) {
            const mw_packed kind = {.rule = rules[r],
                                    .severity = "low",
                                    .type = "T",
                                    .subjects = subjects,
                                    .subject_count = SUBJECTS,
                                    .subject_bytes = 32,
                                    .status = k ? MW_VERDICT_NOT_APPLICABLE : MW_VERDICT_PASS,
                                    .message = k == 1 ? "off" : NULL};
            assert_int_equal(mw_findings_pack(packed, &kind, NULL), MW_OK);
            kinds[r][k] = packed->packed_count - 1;
        }
    for (int i = SUBJECTS; i-- > 0;)
        for (int r = 0; r < RULES; r++) {
            const mw_subject *s = &subjects[i];
            int w = what(r, i);
            mw_finding f = {.rule = rules[r],
                            .severity = "low",
                            .type = "T",
                            .id = s->id,
                            .name = s->name,
                            .account = s->account,
                            .region = s->region,
                            .partition = s->partition};
            for (int k = 0; k < (w == 4 ? 2 : 1); k++) {
                f.status = w == 0 ? MW_VERDICT_PASS : w < 3 ? MW_VERDICT_NOT_APPLICABLE : MW_VERDICT_FAIL;
                f.message = w == 1 ? "off" : w == 3 ? "fails" : NULL;
                f.subkey = w == 4 ? (k ? "b" : "a") : NULL;
                assert_int_equal(mw_findings_add(listed, &f, NULL), MW_OK);
                if (w < 3 && (pack_all || i % 3))
                    mw_packed_set(&packed->packed[kinds[r][w]], (size_t)i);
                else
                    assert_int_equal(mw_findings_add(packed, &f, NULL), MW_OK);
            }
        }
    mw_findings_sort(packed);
    mw_findings_sort(listed);
}

static void assert_same(const mw_finding *x, const mw_finding *y)
{
    if (!mw_str_eq(x->rule, y->rule) || !mw_str_eq(x->severity, y->severity) || x->status != y->status ||
        !mw_str_eq(x->type, y->type) || !mw_str_eq(x->id, y->id) || !mw_str_eq(x->arn, y->arn) ||
        !mw_str_eq(x->name, y->name) || !mw_str_eq(x->account, y->account) || !mw_str_eq(x->region, y->region) ||
        !mw_str_eq(x->partition, y->partition) || !mw_str_eq(x->subkey, y->subkey) ||
        !mw_str_eq(x->message, y->message) || !mw_str_eq(x->evidence, y->evidence) ||
        !mw_str_eq(x->fingerprint, y->fingerprint))
        fail_msg("%s on %s (%s) is not %s on %s (%s)", x->rule, x->id, mw_verdict_name(x->status), y->rule, y->id,
                 mw_verdict_name(y->status));
}

static void test_twins(void **state)
{
    (void)state;
    for (int all = 0; all < 2; all++) {
        mw_findings packed = {0}, listed = {0};
        mw_findings_cursor c;
        const mw_finding *f;
        char one[65], two[65];
        size_t n = 0;
        both(&packed, &listed, all);
        assert_true(packed.count < listed.count);
        assert_int_equal(mw_findings_total(&packed), listed.count);
        mw_findings_read(&c, packed.items, packed.count, packed.packed, packed.packed_count);
        for (; (f = mw_findings_next(&c)); n++)
            assert_same(f, &listed.items[n]);
        assert_int_equal(n, listed.count);
        assert_null(mw_findings_next(&c));
        assert_int_equal(mw_findings_digest(&packed, one, NULL), MW_OK);
        assert_int_equal(mw_findings_digest(&listed, two, NULL), MW_OK);
        assert_string_equal(one, two);
        assert_int_equal(mw_findings_unpack(&packed, NULL), MW_OK);
        assert_int_equal(packed.packed_count, 0);
        assert_int_equal(packed.count, listed.count);
        for (size_t i = 0; i < n; i++)
            assert_same(&packed.items[i], &listed.items[i]);
        mw_findings_clear(&packed);
        mw_findings_clear(&listed);
    }
}

/* ---- lists that become one ---- */

static void add_both(mw_findings *one, mw_findings *listed, mw_finding f, const char *account)
{
    if (one)
        assert_int_equal(mw_findings_add(one, &f, NULL), MW_OK);
    if (mw_str_eq(f.account, "*"))
        f.account = account;
    assert_int_equal(mw_findings_add(listed, &f, NULL), MW_OK);
}

/* What one account gave: passes packed, some fails, and a rule that was given up in it. */
static void of_account(mw_findings *one, mw_findings *listed, const char *account, int subjects)
{
    static const char *const rules[] = {"r-a", "r-b"};
    mw_subject *all = mw_arena_alloc(&one->arena, (size_t)subjects * sizeof(*all));

    for (int i = 0; i < subjects; i++)
        all[i] = (mw_subject){.id = mw_arena_printf(&one->arena, "i-%03d", i),
                              .account = mw_arena_strdup(&one->arena, account),
                              .region = "eu-west-1",
                              .partition = "aws"};
    for (size_t r = MW_COUNT(rules); r-- > 0;) {
        const mw_packed kind = {.rule = rules[r],
                                .severity = "low",
                                .type = "T",
                                .subjects = all,
                                .subject_count = (size_t)subjects,
                                .subject_bytes = 32};
        assert_int_equal(mw_findings_pack(one, &kind, NULL), MW_OK);
        for (int i = 0; i < subjects; i++) {
            bool passes = (i + (int)r) % 3 != 0;
            mw_finding f = {.rule = rules[r],
                            .severity = "low",
                            .type = "T",
                            .id = all[i].id,
                            .account = account,
                            .region = "eu-west-1",
                            .partition = "aws",
                            .status = passes ? MW_VERDICT_PASS : MW_VERDICT_FAIL,
                            .message = passes ? NULL : "fails"};
            if (passes)
                mw_packed_set(&one->packed[one->packed_count - 1], (size_t)i);
            add_both(passes ? NULL : one, listed, f, account);
        }
    }
    add_both(one, listed,
             (mw_finding){.rule = "r-c",
                          .severity = "low",
                          .type = "T",
                          .id = "*",
                          .account = "*",
                          .region = "*",
                          .partition = "*",
                          .status = MW_VERDICT_ERROR},
             account);
    one->passed += (size_t)subjects;
}

static void test_absorb(void **state)
{
    static const struct {
        const char *account;
        int subjects;
    } accounts[] = {{"1", 70}, {"2", 1}, {"3", 129}, {"4", 64}};
    mw_findings all = {0}, listed = {0};
    mw_findings_cursor c;
    const mw_finding *f;
    size_t n = 0;

    (void)state;
    for (size_t i = MW_COUNT(accounts); i-- > 0;) { /* in whatever order */
        mw_findings one = {0};
        of_account(&one, &listed, accounts[i].account, accounts[i].subjects);
        mw_findings_sort(&one);
        assert_int_equal(mw_findings_name_account(&one, accounts[i].account, NULL), MW_OK);
        assert_int_equal(mw_findings_absorb(&all, &one, NULL), MW_OK);
        assert_int_equal(mw_findings_total(&one), 0);
        assert_null(one.arena.blocks);
    }
    mw_findings_sort(&all);
    mw_findings_sort(&listed);
    assert_int_equal(all.passed, 264);
    assert_int_equal(mw_findings_total(&all), listed.count);
    mw_findings_read(&c, all.items, all.count, all.packed, all.packed_count);
    for (; (f = mw_findings_next(&c)); n++)
        assert_same(f, &listed.items[n]);
    assert_int_equal(n, listed.count);
    mw_findings_clear(&all);
    mw_findings_clear(&listed);
}

/* Refused memory leaves both lists as they can be cleared, and is told. */
static void test_absorb_without_memory(void **state)
{
    mw_status st = MW_ERR_NOMEM;

    (void)state;
    for (long n = 1; st == MW_ERR_NOMEM; n++) {
        struct failing_alloc refuse = {.fail_at = n};
        mw_findings all = {0}, one = {0}, listed = {0};
        of_account(&all, &listed, "1", 3);
        of_account(&one, &listed, "2", 200);
        mw_sys.ctx = &refuse;
        mw_sys.realloc_fn = failing_realloc;
        if ((st = mw_findings_name_account(&one, "2", NULL)) == MW_OK)
            st = mw_findings_absorb(&all, &one, NULL);
        mw_sys_reset();
        assert_int_equal(mw_findings_total(&all), st == MW_OK ? 2 * 203 + 2 : 7);
        mw_findings_clear(&all);
        mw_findings_clear(&one);
        mw_findings_clear(&listed);
    }
    assert_int_equal(st, MW_OK);
}

static bool is_of(void *rule, const mw_packed *p)
{
    return strcmp(p->rule, rule) == 0;
}

static void test_drop(void **state)
{
    char rule[] = "r-b";
    mw_findings packed = {0}, listed = {0};
    mw_findings_cursor c;
    const mw_finding *f;
    size_t n = 0;

    (void)state;
    both(&packed, &listed, true);
    mw_findings_drop_packed(&packed, is_of, rule);
    mw_findings_read(&c, packed.items, packed.count, packed.packed, packed.packed_count);
    while ((f = mw_findings_next(&c)))
        n += strcmp(f->rule, rule) == 0 && f->status != MW_VERDICT_FAIL;
    assert_int_equal(n, 0);
    mw_findings_clear(&packed);
    mw_findings_clear(&listed);
}

static void test_too_long(void **state)
{
    const mw_packed kind = {.rule = "r", .severity = "low", .type = "T", .subject_bytes = 8192};
    mw_findings l = {0};

    (void)state;
    assert_int_equal(mw_findings_pack(&l, &kind, NULL), MW_ERR_LIMIT);
    assert_int_equal(l.packed_count, 0);
    mw_findings_clear(&l);
}

/* ---- of a run ---- */

static int make_snapshot(const char *const *ids, size_t count)
{
    MW_AUTO(mw_buf) json = {.max = 1 << 20};

    mw_buf_puts(&json,
                "{\"now\":\"2026-01-02T03:04:05Z\",\"types\":{\"AWS::S3::Bucket\":{\"scope\":\"global\",\"facets\":[],"
                "\"collected\":[]}},\"worlds\":[{\"scopes\":[],\"resources\":{\"AWS::S3::Bucket\":[");
    for (size_t i = 0; i < count; i++)
        mw_buf_printf(
            &json,
            "%s{\"type\":\"AWS::S3::Bucket\",\"id\":\"%s\",\"arn\":null,\"name\":\"%s\",\"account\":\"1\",\"region\":"
            "\"us-east-1\",\"partition\":\"aws\",\"tags\":null,\"rest\":null,\"doc\":{\"Number\":%zu}}",
            i ? "," : "", ids[i], ids[i], i);
    mw_buf_puts(&json, "]}}]}");
    return test_memfd(json.data);
}

static mw_rules *load(void)
{
    static const char *const bodies[][3] = {
        {"says", "", "return pass('number %d', r.Number)"},
        {"passes", "", "return pass()"},
        {"skips", "", "return not_applicable()"},
        {"guarded", "applies = { Number = 3 },", "return pass { subkey = 'k' }"},
        {"fails", "", "return r.Number % 2 == 0 and fail('even') or pass()"},
    };
    folder dir;
    const char *paths[] = {dir.path};
    mw_error err = {0};
    mw_rules *rules;

    folder_open(&dir);
    for (size_t i = 0; i < MW_COUNT(bodies); i++) {
        char name[64], text[1024];
        snprintf(name, sizeof(name), "%s.lua", bodies[i][0]);
        snprintf(text, sizeof(text),
                 "return rule { id = \"%s\", title = \"t\", severity = \"low\", resource = \"AWS::S3::Bucket\", "
                 "%s check = function(r, ctx) %s end }",
                 bodies[i][0], bodies[i][1], bodies[i][2]);
        folder_add(&dir, name, text);
    }
    rules = test_pack_of(paths, 1, types, &err);
    folder_close(&dir);
    if (!rules)
        fail_msg("%s", err.message);
    return rules;
}

#define IDS 12
static const struct {
    const char *name;
    const char *ids[IDS];
    bool packed;
} runs[] = {
    {"in order", {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}, true},
    {"not in order", {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "l", "k"}, false},
    {"two alike", {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "k"}, false},
};

static size_t count(const mw_findings *l, const char *rule, mw_verdict status)
{
    size_t n = 0;

    for (size_t i = 0; i < l->count; i++)
        n += strcmp(l->items[i].rule, rule) == 0 && l->items[i].status == status;
    return n;
}

static void test_runs(void **state)
{
    mw_rules *rules = load();

    (void)state;
    for (size_t i = 0; i < MW_COUNT(runs); i++) {
        int fd = make_snapshot(runs[i].ids, IDS);
        for (int workers = 1; workers <= 2; workers++) {
            mw_findings out = {0};
            mw_error err = {0};
            char one[65], two[65];
            if (mw_evaluate(rules, fd, &(mw_evaluate_options){.workers = workers}, &out, NULL, &err) != MW_OK)
                fail_msg("%s: %s", runs[i].name, err.message);
            if (runs[i].packed ? out.packed_count == 0 || count(&out, "passes", MW_VERDICT_PASS) != 0
                               : out.packed_count != 0)
                fail_msg("%s: %zu packed kinds", runs[i].name, out.packed_count);
            assert_int_equal(mw_findings_total(&out), 5 * IDS);
            assert_int_equal(mw_findings_digest(&out, one, NULL), MW_OK);
            assert_int_equal(mw_findings_unpack(&out, &err), MW_OK);
            assert_int_equal(mw_findings_digest(&out, two, NULL), MW_OK);
            assert_string_equal(one, two);
            assert_int_equal(out.count, 5 * IDS);
            assert_int_equal(count(&out, "says", MW_VERDICT_PASS), IDS);
            assert_int_equal(count(&out, "passes", MW_VERDICT_PASS), IDS);
            assert_int_equal(count(&out, "skips", MW_VERDICT_NOT_APPLICABLE), IDS);
            assert_int_equal(count(&out, "guarded", MW_VERDICT_NOT_APPLICABLE), IDS - 1);
            assert_int_equal(count(&out, "guarded", MW_VERDICT_PASS), 1);
            assert_int_equal(count(&out, "fails", MW_VERDICT_FAIL), IDS / 2);
            mw_findings_clear(&out);
        }
        close(fd);
    }
    mw_rules_free(rules);
}

static int open_types(void **state)
{
    (void)state;
    return mw_types_load(NULL, 0, &types, NULL) == MW_OK ? 0 : -1;
}

static int close_types(void **state)
{
    (void)state;
    mw_types_free(types);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_twins),    cmocka_unit_test(test_drop),
                                       cmocka_unit_test(test_too_long), cmocka_unit_test(test_runs),
                                       cmocka_unit_test(test_absorb),   cmocka_unit_test(test_absorb_without_memory)};

    if (argc > 1 && strcmp(argv[1], "--worker") == 0)
        return mw_worker_main(argc, argv);
    return cmocka_run_group_tests(tests, open_types, close_types);
}
