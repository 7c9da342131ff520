/* Snapshots through the store and back: the same document, in every corner of the contract. */
#include "support/support.h"

#include "base/buf.h"
#include "base/mem.h"
#include "engine/archive.h"
#include "lua/snapshot.h"
#include "unit/store/scratch.h"

#define SCOPE(account, region, type, facet, state, cause)                                                              \
    "{\"account\":\"" account "\",\"region\":\"" region "\",\"partition\":\"aws\",\"type\":\"" type                    \
    "\",\"facet\":" facet ",\"state\":\"" state "\",\"resources\":1,\"calls\":2,\"cause\":" cause "}"
#define RESOURCE(account, region, type, id, doc)                                                                       \
    "{\"type\":\"" type "\",\"id\":\"" id "\",\"arn\":null,\"name\":\"" id "\",\"account\":\"" account                 \
    "\",\"region\":\"" region                                                                                          \
    "\",\"partition\":\"aws\",\"tags\":{\"$$unknown\":\"mine\"},\"created\":null,\"rest\":null,\"doc\":" doc "}"
#define CAUSE "{\"operation\":\"s3:GetX\",\"code\":\"AccessDenied\",\"message\":\"no\",\"class\":\"denied\"}"
#define HEAD(now)                                                                                                      \
    "{\"now\":\"" now "\",\"types\":{"                                                                                 \
    "\"AWS::IAM::Role\":{\"scope\":\"global\",\"facets\":[\"Policies\"],\"collected\":[]},"                            \
    "\"AWS::Logs::Trail\":{\"scope\":\"regional\",\"facets\":[],\"collected\":[]},"                                    \
    "\"AWS::S3::Bucket\":{\"scope\":\"global\",\"facets\":[\"Acl\",\"Versioning\"],\"collected\":[\"Versioning\"]}},"

/* Two accounts; buckets of several regions in one scope; a trail of a region that nobody asked for. */
static const char whole[] =
    HEAD("2026-01-02T03:04:05Z") "\"worlds\":[{\"now\":\"2026-01-02T03:04:05Z\",\"scopes\":[" SCOPE(
        "111111111111", "eu-west-1", "AWS::Logs::Trail", "null", "complete",
        "null") "," SCOPE("111111111111", "us-east-1", "AWS::IAM::Role", "null", "complete",
                          "null") "," SCOPE("111111111111", "us-east-1", "AWS::S3::Bucket", "null", "complete",
                                            "null") "," SCOPE("111111111111", "us-east-1", "AWS::S3::Bucket",
                                                              "\"Versioning\"", "partial",
                                                              CAUSE) "," SCOPE("222222222222", "us-east-1",
                                                                               "AWS::S3::Bucket", "null", "denied",
                                                                               CAUSE) "],\"resources\":{\"AWS::Logs::"
                                                                                      "Trail\":"
                                                                                      "[" RESOURCE(
                                                                                          "111111111111", "eu-west-1",
                                                                                          "AWS::Logs::Trail", "t1",
                                                                                          "{\"N\":9007199254740993,"
                                                                                          "\"R\":1."
                                                                                          "0}") "," RESOURCE("111111111"
                                                                                                             "111",
                                                                                                             "us-west-"
                                                                                                             "2",
                                                                                                             "AWS::"
                                                                                                             "Logs::"
                                                                                                             "Trail",
                                                                                                             "shadow",
                                                                                                             "{\"R\":{"
                                                                                                             "\"$"
                                                                                                             "real\":"
                                                                                                             "\"NaN\"}"
                                                                                                             "}") "]"
                                                                                                                  ","
                                                                                                                  "\"AW"
                                                                                                                  "S::"
                                                                                                                  "S3::"
                                                                                                                  "Buck"
                                                                                                                  "et\""
                                                                                                                  ":"
                                                                                                                  "[" RESOURCE(
                                                                                                                      "111111111111",
                                                                                                                      "eu-west-1",
                                                                                                                      "AWS::S3::Bucket",
                                                                                                                      "b",
                                                                                                                      "{\"Versioning\":{\"$unknown\":" CAUSE
                                                                                                                      "}}") "," RESOURCE("111111111111",
                                                                                                                                         "us-east-1",
                                                                                                                                         "AWS::S3::Bucket",
                                                                                                                                         "a",
                                                                                                                                         "{\"Versioning\":null,\"$$unknown\":{\"a\":[null,{}]}}") "]}}]}";

/* Later: the bucket b and the trail of the other region are gone, the list of account 2 is still denied. */
static const char later[] =
    HEAD("2026-01-03T03:04:05Z") "\"worlds\":[{\"now\":\"2026-01-03T03:04:05Z\",\"scopes\":[" SCOPE(
        "111111111111", "eu-west-1", "AWS::Logs::Trail", "null", "complete",
        "null") "," SCOPE("111111111111", "us-east-1", "AWS::S3::Bucket", "null", "complete",
                          "null") "],\"resources\":{\"AWS::S3::Bucket\":[" RESOURCE("111111111111", "us-east-1",
                                                                                    "AWS::S3::Bucket", "a",
                                                                                    "{\"Versioning\":null,"
                                                                                    "\"$$unknown\":{\"a\":["
                                                                                    "null,{}]}}") "]}}]}";

static const mw_json_options exact = {.exact = true};

static mw_doc *doc_of(const char *text)
{
    mw_doc_builder *b;
    mw_error err = {0};
    mw_doc *d;

    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_json_read(b, text, strlen(text), &exact, NULL, &err));
    assert_ok(mw_doc_finish(b, mw_doc_pop(b), &d, &err));
    mw_doc_builder_free(b);
    return d;
}

static void put(mw_store *s, const char *id, const char *text, mw_snapshot_counts *counts)
{
    mw_doc *d = doc_of(text);
    const mw_archive_name name = {
        .id = id, .digest = "d", .notes_doc = d, .notes = mw_val_get(d, mw_doc_root(d), "now")};
    mw_error err = {0};

    assert_ok(mw_archive_put(s, d, &name, counts, &err));
    mw_doc_free(d);
}

static mw_doc *load(mw_store *s, const char *id, const mw_archive_options *o, mw_archived *a)
{
    mw_error err = {0};
    mw_doc *d;
    int fd;

    assert_ok(mw_archive_load(s, id, o, &fd, a, &err));
    assert_ok(mw_doc_map(fd, &d, &err));
    close(fd);
    return d;
}

static void assert_same(const mw_doc *a, mw_val va, const mw_doc *b, mw_val vb)
{
    MW_AUTO(mw_buf) x = {0};
    MW_AUTO(mw_buf) y = {0};

    assert_int_equal(mw_json_write(&x, a, va, MW_JSON_EXACT), MW_OK);
    assert_int_equal(mw_json_write(&y, b, vb, MW_JSON_EXACT), MW_OK);
    assert_string_equal(x.data, y.data);
}

static mw_store *open_store(void)
{
    mw_error err = {0};
    mw_store *s;

    assert_ok(mw_store_open(scratch("archive.db"), NULL, &s, &err));
    return s;
}

static void what_was_collected_comes_back(void **state)
{
    mw_store *s = open_store();
    mw_archived a;
    mw_doc *was = doc_of(whole), *is;
    const mw_archive_options all = {0};

    (void)state;
    put(s, "one", whole, NULL);
    is = load(s, "one", &all, &a);
    assert_same(was, mw_val_get(was, mw_doc_root(was), "worlds"), is, mw_val_get(is, mw_doc_root(is), "worlds"));
    assert_same(was, mw_val_get(was, mw_doc_root(was), "now"), is, mw_val_get(is, mw_doc_root(is), "now"));
    assert_same(was, mw_val_get(was, mw_doc_root(was), "now"), a.about, a.notes);
    mw_doc_free(is);
    mw_doc_free(was);
    mw_archived_clear(&a);
    mw_store_close(s);
}

static void what_was_not_collected_is_unknown(void **state)
{
    static const char *const wanted[] = {"AWS::S3::Bucket"};
    const mw_archive_options some = {.wanted = wanted, .wanted_count = 1};
    mw_store *s = open_store();
    mw_archived a;
    mw_error err = {0};
    mw_doc *d;
    mw_snap snap;
    mw_val bucket;

    (void)state;
    put(s, "one", whole, NULL);
    d = load(s, "latest", &some, &a);
    assert_ok(mw_snap_init(&snap, d, &err));
    assert_true(mw_snap_resources(&snap, 0, "AWS::Logs::Trail") == MW_VAL_ABSENT); /* not wanted */
    bucket = mw_val_at(d, mw_snap_resources(&snap, 0, "AWS::S3::Bucket"), 1);
    assert_int_equal(mw_val_kind(d, mw_snap_member(&snap, bucket, "Acl", 3)), MW_KIND_UNKNOWN);
    assert_string_equal(mw_val_get_str(d, mw_val_cause(d, mw_snap_member(&snap, bucket, "Acl", 3)), "code", ""),
                        "NotCollected");
    assert_int_equal(mw_val_kind(d, mw_snap_member(&snap, bucket, "Versioning", 10)), MW_KIND_NULL);
    assert_int_equal(mw_val_kind(d, mw_snap_member(&snap, bucket, "Nothing", 7)), MW_KIND_ABSENT);
    mw_doc_free(d);
    mw_archived_clear(&a);
    mw_store_close(s);
}

/* A type that has more metrics today than when the snapshot was taken. */
static void a_later_metric_is_unknown(void **state)
{
#define MACHINE "AWS::StepFunctions::StateMachine"
    static const char text[] =
        "{\"now\":\"2026-01-02T03:04:05Z\",\"types\":{\"" MACHINE "\":{\"scope\":\"regional\",\"facets\":"
        "[\"Metrics.ExecutionsStarted\"],\"collected\":[\"Metrics.ExecutionsStarted\"]}},"
        "\"worlds\":[{\"now\":\"2026-01-02T03:04:05Z\",\"scopes\":[" SCOPE(
            "111111111111", "eu-west-1", MACHINE, "null", "complete",
            "null") "],\"resources\":{\"" MACHINE "\":[" RESOURCE("111111111111", "eu-west-1", MACHINE, "m",
                                                                  "{\"Metrics\":{\"ExecutionsStarted\":{}}}") "]}}]}";
    mw_store *s = open_store();
    mw_archive_options o = {0};
    mw_types *types;
    mw_archived a;
    mw_error err = {0};

    (void)state;
    put(s, "one", text, NULL);
    assert_ok(mw_types_load(NULL, 0, &types, &err));
    for (int today = 0; today < 2; today++) {
        mw_doc *d;
        mw_snap snap;
        mw_val machine;
        o.types = today ? types : NULL;
        d = load(s, "one", &o, &a);
        assert_ok(mw_snap_init(&snap, d, &err));
        machine = mw_val_at(d, mw_snap_resources(&snap, 0, MACHINE), 0);
        assert_int_equal(mw_val_kind(d, mw_snap_member(&snap, machine, "Metrics", 7)),
                         today ? MW_KIND_UNKNOWN : MW_KIND_OBJECT);
        mw_doc_free(d);
        mw_archived_clear(&a);
    }
    mw_types_free(types);
    mw_store_close(s);
}

static bool list_stale(void *user, const mw_snapshot_resource *r)
{
    mw_buf_printf(user, "%s%s;", r->stale ? "~" : "", r->id);
    return true;
}

/* A scope that was complete ends what it does not show; a region that nobody asked for ends nothing. */
static void only_what_was_read_completely_ends(void **state)
{
    mw_store *s = open_store();
    MW_AUTO(mw_buf) text = {0};
    mw_snapshot_counts c;
    mw_error err = {0};

    (void)state;
    put(s, "one", whole, &c);
    assert_int_equal(c.added, 4);
    put(s, "two", later, &c);
    assert_int_equal(c.removed, 2); /* t1 and b; not the trail of us-west-2 */
    assert_int_equal(c.changed, 0);
    put(s, "three", whole, &c);
    assert_int_equal(c.added, 2);
    assert_ok(mw_snapshot_resources(s, "two", NULL, false, list_stale, &text, &err));
    assert_string_equal(text.data, "a;");
    assert_ok(mw_snapshots_check(s, &err));
    mw_store_close(s);
}

static bool find_text(void *user, const mw_snapshot_resource *r)
{
    mw_buf_add(user, r->doc, r->len, NULL);
    return true;
}

#define TRAILS(doc)                                                                                                    \
    "{\"now\":\"2026-01-02T03:04:05Z\",\"types\":{\"AWS::Logs::Trail\":{\"scope\":\"regional\",\"facets\":[],"         \
    "\"collected\":[],"                                                                                                \
    "\"sensitive\":{\"E\":true}}},\"worlds\":[{\"now\":\"2026-01-02T03:04:05Z\",\"scopes\":[" SCOPE(                   \
        "111111111111", "eu-west-1", "AWS::Logs::Trail", "null", "complete",                                           \
        "null") "],\"resources\":{\"AWS::Logs::Trail\":[" RESOURCE("111111111111", "eu-west-1", "AWS::Logs::Trail",    \
                                                                   "t1", doc) "]}}]}"

/* What is sensitive is not in the store; its token is, so an unchanged value changes nothing. */
static void what_is_sensitive_is_withheld(void **state)
{
    static const char one[] = TRAILS("{\"E\":{\"K\":\"canary\",\"M\":\"\"},\"O\":\"open\"}");
    static const char two[] = TRAILS("{\"E\":{\"K\":\"canary2\",\"M\":\"\"},\"O\":\"open\"}");
    const mw_archive_options all = {0};
    mw_store *s = open_store();
    MW_AUTO(mw_buf) text = {0};
    mw_snapshot_counts c;
    mw_error err = {0};
    mw_archived a;
    mw_snap snap;
    mw_val trail, v;
    mw_doc *d;

    (void)state;
    put(s, "one", one, &c);
    put(s, "two", one, &c);
    assert_int_equal(c.changed, 0);
    put(s, "three", two, &c);
    assert_int_equal(c.changed, 1);
    for (int i = 0; i < 3; i++) {
        static const char *const ids[] = {"one", "two", "three"};
        assert_ok(mw_snapshot_resources(s, ids[i], NULL, true, find_text, &text, &err));
    }
    assert_null(strstr(text.data, "canary"));
    assert_non_null(strstr(text.data, "open"));
    d = load(s, "one", &all, &a);
    assert_ok(mw_snap_init(&snap, d, &err));
    assert_false(snap.withholds); /* there is nothing left to withhold */
    trail = mw_val_at(d, mw_snap_resources(&snap, 0, "AWS::Logs::Trail"), 0);
    v = mw_snap_path(&snap, trail, "E.M"); /* an empty text is no less sensitive */
    assert_int_equal(mw_val_kind(d, v), MW_KIND_UNKNOWN);
    assert_string_equal(mw_val_get_str(d, mw_val_cause(d, v), "code", ""), "Withheld");
    assert_string_equal(mw_val_str(d, mw_snap_path(&snap, trail, "O"), NULL), "open");
    mw_doc_free(d);
    mw_archived_clear(&a);
    mw_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_was_collected_comes_back, scratch_empty),
        cmocka_unit_test_teardown(what_was_not_collected_is_unknown, scratch_empty),
        cmocka_unit_test_teardown(a_later_metric_is_unknown, scratch_empty),
        cmocka_unit_test_teardown(what_is_sensitive_is_withheld, scratch_empty),
        cmocka_unit_test_teardown(only_what_was_read_completely_ends, scratch_empty),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
