/* The snapshot store: names, logs, dictionaries, hostile ids, and what may go wrong: kills, full disks, damage, memory. */
#include "support/support.h"

#include "base/buf.h"
#include "base/mem.h"
#include "store/snapshots.h"
#include "unit/store/scratch.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define TYPE "AWS::S3::Bucket"

struct item {
    const char *id, *doc;
};

static mw_status put_all(mw_store *s, const char *id, const struct item *items, size_t count, bool complete,
                         mw_snapshot_counts *counts, mw_error *err)
{
    mw_snapshot_writer *w;
    mw_status st = mw_snapshot_begin(s, id, "2026-01-02T03:04:05Z", id, "{}", &w, err);

    if (st == MW_OK)
        st = mw_snapshot_open(w, "aws", "111122223333", "*", TYPE, err);
    for (size_t i = 0; i < count && st == MW_OK; i++)
        st = mw_snapshot_put(w, "us-east-1", items[i].id, items[i].doc, strlen(items[i].doc), err);
    if (st == MW_OK)
        st = mw_snapshot_close(w, complete, err);
    if (st == MW_OK)
        return mw_snapshot_seal(w, counts, err);
    if (w)
        mw_snapshot_abandon(w);
    return st;
}

static bool add_text(void *user, const mw_snapshot_resource *r)
{
    mw_buf_printf(user, "%s%s=%s;", r->stale ? "~" : "", r->id, r->doc ? r->doc : "");
    return true;
}

static void assert_holds(mw_store *s, const char *id, const mw_snapshot_filter *f, const char *expected)
{
    MW_AUTO(mw_buf) text = {0};
    mw_error err = {0};

    assert_ok(mw_snapshot_resources(s, id, f, true, add_text, &text, &err));
    assert_string_equal(text.data ? text.data : "", expected);
}

static mw_store *open_store(const char *name)
{
    mw_error err = {0};
    mw_store *s;

    assert_ok(mw_store_open(scratch(name), NULL, &s, &err));
    return s;
}

static void what_is_the_same_writes_nothing(void **state)
{
    static const struct item items[] = {{"a", "{\"v\":1}"}, {"b", "{\"v\":2}"}};
    static const struct item later[] = {{"a", "{\"v\":3}"}, {"c", "{\"v\":2}"}};
    mw_store *s = open_store("same.db");
    mw_snapshot_counts c;
    mw_error err = {0};

    (void)state;
    assert_ok(put_all(s, "one", items, 2, true, &c, &err));
    assert_int_equal(c.added, 2);
    assert_ok(put_all(s, "two", items, 2, true, &c, &err));
    assert_int_equal(c.added + c.changed + c.removed, 0);
    assert_int_equal(c.resources, 2);
    assert_ok(put_all(s, "three", later, 2, true, &c, &err));
    assert_int_equal(c.added, 1);
    assert_int_equal(c.changed, 1);
    assert_int_equal(c.removed, 1);
    assert_holds(s, "two", NULL, "a={\"v\":1};b={\"v\":2};");
    assert_holds(s, "three", NULL, "a={\"v\":3};c={\"v\":2};");
    assert_holds(s, "two", &(mw_snapshot_filter){.id = "b"}, "b={\"v\":2};");
    assert_holds(s, "two", &(mw_snapshot_filter){.region = "eu-west-1"}, "");
    assert_holds(s, "two",
                 &(mw_snapshot_filter){.region = "us-east-1", .type = TYPE, .account = "111122223333", .id = "a"},
                 "a={\"v\":1};");
    mw_store_close(s);
}

static void denied_is_not_gone(void **state)
{
    static const struct item items[] = {{"a", "1"}, {"b", "2"}};
    mw_store *s = open_store("denied.db");
    mw_snapshot_counts c;
    mw_error err = {0};

    (void)state;
    assert_ok(put_all(s, "one", items, 2, true, NULL, &err));
    assert_ok(put_all(s, "denied", NULL, 0, false, &c, &err));
    assert_int_equal(c.removed, 0);
    assert_int_equal(c.stale, 2);
    assert_ok(put_all(s, "partial", items + 1, 1, false, &c, &err));
    assert_int_equal(c.stale, 1);
    assert_holds(s, "denied", NULL, "~a=1;~b=2;");
    assert_holds(s, "partial", NULL, "~a=1;b=2;");
    assert_ok(put_all(s, "empty", NULL, 0, true, &c, &err));
    assert_int_equal(c.removed, 2);
    assert_holds(s, "empty", NULL, "");
    assert_holds(s, "partial", NULL, "~a=1;b=2;");
    mw_store_close(s);
}

static bool add_version(void *user, const mw_snapshot_version *v)
{
    mw_buf_printf(user, "%s-%s:%s;", v->first, v->ended ? v->ended : "", v->resource.doc);
    return true;
}

static void a_log_tells_every_state(void **state)
{
    static const struct item was[] = {{"a", "on"}}, is[] = {{"a", "off"}};
    const mw_snapshot_filter a = {.type = TYPE, .id = "a"};
    mw_store *s = open_store("log.db");
    MW_AUTO(mw_buf) text = {0};
    mw_snapshot_pruned pruned;
    mw_error err = {0};

    (void)state;
    assert_ok(put_all(s, "1", was, 1, true, NULL, &err));
    assert_ok(put_all(s, "2", is, 1, true, NULL, &err));
    assert_ok(put_all(s, "3", was, 1, true, NULL, &err));
    assert_ok(put_all(s, "4", NULL, 0, true, NULL, &err));
    assert_ok(put_all(s, "5", was, 1, true, NULL, &err));
    assert_ok(mw_snapshot_log(s, &a, add_version, &text, &err));
    assert_string_equal(text.data, "1-2:on;2-3:off;3-4:on;5-:on;");
    assert_ok(mw_snapshots_prune(s, (const char *const[]){"2"}, 1, &pruned, &err));
    assert_int_equal(pruned.states, 1);
    mw_buf_reset(&text);
    assert_ok(mw_snapshot_log(s, &a, add_version, &text, &err));
    assert_string_equal(text.data, "1-3:on;3-4:on;5-:on;");
    assert_ok(mw_snapshots_prune(s, (const char *const[]){"1", "3", "5", "4"}, 4, &pruned, &err));
    assert_int_equal(pruned.resources, 1);
    assert_ok(mw_snapshots_check(s, &err));
    assert_int_equal(mw_snapshots_prune(s, (const char *const[]){"1"}, 1, NULL, &err), MW_ERR_NOTFOUND);
    mw_store_close(s);
}

static bool add_name(void *user, const mw_snapshot_info *info)
{
    mw_buf_printf(user, "%s;", info->id);
    return true;
}

static void snapshots_have_names(void **state)
{
    static const struct {
        const char *name, *found;
        mw_status st;
    } rows[] = {{"latest", "01JBBB;", MW_OK},  {"01JAAA", "01JAAA;", MW_OK},  {"01JA", "01JAAA;", MW_OK},
                {"01J", "", MW_ERR_NOTFOUND},  {"01JX", "", MW_ERR_NOTFOUND}, {"", "", MW_ERR_NOTFOUND},
                {"01J%", "", MW_ERR_NOTFOUND}, {"01JC", "", MW_ERR_INVALID},  {"' OR 1=1 --", "", MW_ERR_NOTFOUND}};
    mw_store *s = open_store("names.db");
    MW_AUTO(mw_buf) text = {0};
    mw_error err = {0};

    (void)state;
    assert_int_equal(mw_snapshot_find(s, "latest", add_name, &text, &err), MW_ERR_NOTFOUND);
    assert_non_null(strstr(err.message, "moonward collect"));
    assert_ok(put_all(s, "01JCCC", NULL, 0, true, NULL, &err));
    assert_ok(put_all(s, "01JCCD", NULL, 0, true, NULL, &err));
    assert_ok(put_all(s, "01JAAA", NULL, 0, true, NULL, &err));
    assert_ok(put_all(s, "01JBBB", NULL, 0, true, NULL, &err));
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_buf_reset(&text);
        mw_buf_puts(&text, "");
        assert_int_equal(mw_snapshot_find(s, rows[i].name, add_name, &text, &err), rows[i].st);
        assert_string_equal(text.data, rows[i].found);
    }
    mw_buf_reset(&text);
    assert_ok(mw_snapshots_list(s, add_name, &text, &err));
    assert_string_equal(text.data, "01JBBB;01JAAA;01JCCD;01JCCC;");
    assert_int_equal(put_all(s, "01JAAA", NULL, 0, true, NULL, &err), MW_ERR_CONFLICT);
    mw_store_close(s);
}

static void ids_are_what_they_are(void **state)
{
    static char huge[60000];
    const struct item items[] = {{"", "0"},
                                 {"'; DROP TABLE resource; --", "1"},
                                 {"%", "2"},
                                 {"*", "3"},
                                 {"a\nb\x1b[31m", "4"},
                                 {"\xE2\x80\xAE"
                                  "evil",
                                  "5"},
                                 {"A", "6"},
                                 {"a", "7"},
                                 {huge, "8"}};
    MW_AUTO(mw_buf) text = {0};
    mw_store *s = open_store("ids.db");
    mw_snapshot_counts c;
    mw_error err = {0};

    (void)state;
    memset(huge, 'x', sizeof(huge) - 1);
    for (int round = 0; round < 2; round++) {
        assert_ok(put_all(s, round ? "two" : "one", items, MW_COUNT(items), true, &c, &err));
        assert_int_equal(c.added, round ? 0 : MW_COUNT(items));
    }
    for (size_t i = 0; i < MW_COUNT(items); i++) {
        const mw_snapshot_filter f = {.id = items[i].id};
        mw_buf_reset(&text);
        mw_buf_printf(&text, "%s=%s;", items[i].id, items[i].doc);
        assert_holds(s, "two", &f, text.data);
    }
    assert_ok(mw_snapshots_check(s, &err));
    mw_store_close(s);
}

static void twice_is_a_mistake(void **state)
{
    static const struct item same[] = {{"a", "1"}, {"a", "1"}}, other[] = {{"a", "1"}, {"a", "2"}};
    mw_store *s = open_store("twice.db");
    mw_error err = {0};

    (void)state;
    assert_int_equal(put_all(s, "1", same, 2, true, NULL, &err), MW_ERR_CONFLICT);
    assert_int_equal(put_all(s, "1", other, 2, true, NULL, &err), MW_ERR_CONFLICT);
    assert_ok(put_all(s, "1", same, 1, true, NULL, &err));
    assert_int_equal(put_all(s, "2", same, 2, true, NULL, &err), MW_ERR_CONFLICT);
    assert_holds(s, "1", NULL, "a=1;");
    mw_store_close(s);
}

/* ---- dictionaries ---- */

static void make_doc(mw_buf *b, size_t i)
{
    mw_buf_reset(b);
    mw_buf_printf(
        b,
        "{\"Arn\":\"arn:aws:s3:::bucket-%zu\",\"Versioning\":{\"Status\":\"%s\"},\"Owner\":\"team-%zu\",\"Encryption\":"
        "{\"Rules\":[{\"ApplyServerSideEncryptionByDefault\":{\"SSEAlgorithm\":\"aws:kms\",\"KMSMasterKeyID\":\"%zx\"},"
        "\"BucketKeyEnabled\":true}]},\"PublicAccessBlock\":{\"BlockPublicAcls\":true,\"IgnorePublicAcls\":true}}",
        i, i % 3 ? "Enabled" : "Suspended", i % 7, i * 2654435761u);
}

static void documents_come_back_from_a_dictionary(void **state)
{
    enum { COUNT = 1000 };
    static mw_buf docs[COUNT];
    mw_str samples[COUNT];
    struct item items[COUNT];
    char ids[COUNT][16];
    MW_AUTO(mw_buf) all = {0};
    mw_store *s = open_store("dictionary.db");
    mw_snapshot_writer *w;
    mw_error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        make_doc(&docs[i], i);
        samples[i] = (mw_str){docs[i].data, docs[i].len};
        snprintf(ids[i], sizeof(ids[i]), "%04zu", i);
        items[i] = (struct item){ids[i], docs[i].data};
        mw_buf_printf(&all, "%s=%s;", ids[i], docs[i].data);
    }
    assert_ok(mw_snapshot_begin(s, "learn", "2026-01-01T00:00:00Z", "d", "{}", &w, &err));
    assert_false(mw_snapshot_knows(w, TYPE));
    assert_ok(mw_snapshot_learn(w, TYPE, samples, 3, &err)); /* too few */
    assert_false(mw_snapshot_knows(w, TYPE));
    assert_ok(mw_snapshot_learn(w, TYPE, samples, COUNT, &err));
    assert_true(mw_snapshot_knows(w, TYPE));
    mw_snapshot_abandon(w); /* and it is forgotten with it */
    assert_ok(mw_snapshot_begin(s, "learn", "2026-01-01T00:00:00Z", "d", "{}", &w, &err));
    assert_false(mw_snapshot_knows(w, TYPE));
    assert_ok(mw_snapshot_learn(w, TYPE, samples, COUNT, &err));
    assert_ok(mw_snapshot_seal(w, NULL, &err));
    assert_ok(put_all(s, "all", items, COUNT, true, NULL, &err));
    assert_holds(s, "all", NULL, all.data);
    mw_store_close(s);
    s = open_store("dictionary.db"); /* with a codec that knows nothing yet */
    assert_holds(s, "all", NULL, all.data);
    assert_ok(mw_snapshots_check(s, &err));
    mw_store_close(s);
    assert_true(scratch_sql("dictionary.db", "UPDATE dictionary SET body = substr(body, 2)"));
    s = open_store("dictionary.db");
    assert_int_equal(mw_snapshots_check(s, &err), MW_ERR_PARSE);
    assert_non_null(strstr(err.message, "dictionary"));
    mw_store_close(s);
    for (size_t i = 0; i < COUNT; i++)
        mw_buf_clear(&docs[i]);
}

/* ---- what goes wrong ---- */

static bool count_info(void *user, const mw_snapshot_info *info)
{
    (void)info;
    ++*(size_t *)user;
    return true;
}

static bool count_one(void *user, const mw_snapshot_resource *r)
{
    (void)r;
    ++*(size_t *)user;
    return true;
}

/* Snapshots of 300 resources, of which 30 change each time, until killed. */
static void write_for_ever(const char *path, int from)
{
    mw_store *s;

    if (mw_store_open(path, NULL, &s, NULL) != MW_OK)
        _exit(10);
    for (int n = from;; n++) {
        mw_snapshot_writer *w;
        char id[32];
        snprintf(id, sizeof(id), "snap-%06d", n);
        if (mw_snapshot_begin(s, id, "2026-01-02T03:04:05Z", id, "{}", &w, NULL) != MW_OK ||
            mw_snapshot_open(w, "aws", "1", "*", TYPE, NULL) != MW_OK)
            _exit(11);
        for (int i = 0; i < 300; i++) {
            char name[16], doc[64];
            snprintf(name, sizeof(name), "%d", i);
            snprintf(doc, sizeof(doc), "{\"round\":%d}", i % 10 == n % 10 ? n : 0);
            if (mw_snapshot_put(w, "us-east-1", name, doc, strlen(doc), NULL) != MW_OK)
                _exit(12);
        }
        if (mw_snapshot_close(w, true, NULL) != MW_OK || mw_snapshot_seal(w, NULL, NULL) != MW_OK)
            _exit(13);
    }
}

static void a_kill_leaves_whole_snapshots_only(void **state)
{
    size_t sealed = 0;

    (void)state;
    for (int round = 0; round < 25; round++) {
        size_t now = 0, resources = 0;
        mw_error err = {0};
        mw_store *s;
        int how;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0)
            write_for_ever(scratch("killed.db"), round * 100000);
        usleep((useconds_t)(5000 + round * 1700) * (scratch_database() ? 10 : 1)); /* it connects first */
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));
        s = open_store("killed.db");
        assert_ok(mw_snapshots_check(s, &err));
        assert_ok(mw_snapshots_list(s, count_info, &now, &err));
        assert_true(now >= sealed);
        sealed = now;
        if (sealed) {
            MW_AUTO(mw_buf) id = {0};
            assert_ok(mw_snapshot_find(s, "latest", add_name, &id, &err));
            id.data[id.len - 1] = '\0';
            assert_ok(mw_snapshot_resources(s, id.data, NULL, true, count_one, &resources, &err));
            assert_int_equal(resources, 300);
        }
        mw_store_close(s);
    }
    assert_true(sealed > 0);
}

static void a_full_disk_loses_nothing(void **state)
{
    static const struct item one[] = {{"a", "1"}};
    mw_error err = {0};
    mw_store *s = open_store("full.db");
    pid_t child;
    int how;

    (void)state;
    if (scratch_database()) { /* its files are the server's: integration/postgresql */
        mw_store_close(s);
        return;
    }
    assert_ok(put_all(s, "first", one, 1, true, NULL, &err));
    mw_store_close(s);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        enum { COUNT = 3000 };
        static char noise[COUNT][600], ids[COUNT][16];
        static struct item items[COUNT];
        const struct rlimit small = {(rlim_t)300 << 10, (rlim_t)300 << 10};
        unsigned seed = 1;
        for (int i = 0; i < COUNT; i++) {
            for (int k = 0; k < 599; k++)
                noise[i][k] = (char)('!' + (seed = seed * 1103515245u + 12345u) / 65536 % 90);
            snprintf(ids[i], sizeof(ids[i]), "%d", i);
            items[i] = (struct item){ids[i], noise[i]};
        }
        signal(SIGXFSZ, SIG_IGN);
        if (mw_store_open(scratch("full.db"), NULL, &s, NULL) != MW_OK || setrlimit(RLIMIT_FSIZE, &small))
            _exit(10);
        if (put_all(s, "second", items, COUNT, true, NULL, &err) != MW_ERR_IO || !strstr(err.message, "full.db"))
            _exit(11);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
    s = open_store("full.db");
    assert_holds(s, "first", NULL, "a=1;");
    assert_ok(mw_snapshots_check(s, &err));
    assert_ok(put_all(s, "third", one, 1, true, NULL, &err));
    mw_store_close(s);
}

static void damage_is_found(void **state)
{
    static const struct item items[] = {{"a", "{\"v\":1}"}, {"b", "{\"v\":2}"}};
    static const char *const damage[] = {
        "UPDATE version SET doc = substr(doc, 1, length(doc) - 1) WHERE vid = 1",
        "UPDATE version SET doc = (SELECT doc FROM version WHERE vid = 2) WHERE vid = 1",
        "UPDATE version SET len = 9000000000 WHERE vid = 1",
        "UPDATE version SET len = -1 WHERE vid = 1",
        "UPDATE version SET dictionary = 77 WHERE vid = 2",
        "DELETE FROM version WHERE vid = 2",
        "UPDATE span SET sha = (SELECT sha FROM span ORDER BY sha LIMIT 1)",
        "UPDATE span SET sha = substr(sha, 1, 1)",
        "DELETE FROM resource WHERE id = 'a'",
        "UPDATE resource SET id = 'c' WHERE id = 'a'",
        "UPDATE snapshot SET resources = 5",
        "DELETE FROM scope",
        "UPDATE span SET s1 = 0",
        "DELETE FROM word WHERE text = '*'",
        "UPDATE span SET vid = (SELECT max(vid) FROM version)"};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(damage); i++) {
        mw_store *s = open_store("damaged.db");
        mw_error err = {0};
        size_t n = 0;
        assert_ok(put_all(s, "one", items, 2, true, NULL, &err));
        assert_ok(mw_snapshots_check(s, &err));
        mw_store_close(s);
        assert_true(scratch_sql("damaged.db", damage[i]));
        s = open_store("damaged.db");
        if (mw_snapshots_check(s, &err) != MW_ERR_PARSE)
            fail_msg("not found: %s", damage[i]);
        (void)mw_snapshot_resources(s, "one", NULL, true, count_one, &n, &err); /* no crash */
        mw_store_close(s);
        scratch_empty(NULL);
    }
}

static void no_memory_loses_nothing(void **state)
{
    static const struct item items[] = {{"a", "{\"v\":1}"}, {"b", "{\"v\":2}"}}, later[] = {{"a", "{\"v\":3}"}};
    mw_store *s = open_store("memory.db");
    mw_error err = {0};
    mw_status st = MW_ERR_NOMEM;
    long n;

    (void)state;
    assert_ok(put_all(s, "one", items, 2, true, NULL, &err));
    for (n = 1; st != MW_OK && n < 1000; n++) {
        struct failing_alloc f = {.fail_at = n, .persistent = n % 2 == 0};
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &f;
        st = put_all(s, "two", later, 1, true, NULL, &err);
        mw_sys_reset();
        assert_true(st == MW_OK || st == MW_ERR_NOMEM);
        assert_holds(s, "one", NULL, "a={\"v\":1};b={\"v\":2};");
    }
    assert_true(n > 3 && n < 1000);
    assert_holds(s, "two", NULL, "a={\"v\":3};");
    assert_ok(mw_snapshots_check(s, &err));
    mw_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_the_same_writes_nothing, scratch_empty),
        cmocka_unit_test_teardown(denied_is_not_gone, scratch_empty),
        cmocka_unit_test_teardown(a_log_tells_every_state, scratch_empty),
        cmocka_unit_test_teardown(snapshots_have_names, scratch_empty),
        cmocka_unit_test_teardown(ids_are_what_they_are, scratch_empty),
        cmocka_unit_test_teardown(twice_is_a_mistake, scratch_empty),
        cmocka_unit_test_teardown(documents_come_back_from_a_dictionary, scratch_empty),
        cmocka_unit_test_teardown(a_kill_leaves_whole_snapshots_only, scratch_empty),
        cmocka_unit_test_teardown(a_full_disk_loses_nothing, scratch_empty),
        cmocka_unit_test_teardown(damage_is_found, scratch_empty),
        cmocka_unit_test_teardown(no_memory_loses_nothing, scratch_empty),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
