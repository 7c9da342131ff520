/* Pages about rules: what is on them, in which order, and that no text of a rule becomes markup. */
#include "unit/engine/folder.h"
#include "unit/engine/packs.h"

#include "base/buf.h"
#include "base/mem.h"
#include "engine/worker.h"
#include "report/reference.h"

#define ITEMS 3

static mw_rules *rules;
static mw_doc *fixtures;
static mw_reference_rule items[ITEMS];
static mw_reference all = {.items = items, .count = ITEMS};

#define RULE(id, title, resource, members)                                                                             \
    "return rule { id = \"" id "\", title = \"" title "\", severity = \"low\", resource = \"" resource "\", " members  \
    " check = function(r, ctx) return pass() end }"

static int open_rules(void **state)
{
    static const char *const calls[] = {"s3:GetBucketVersioning", "s3:ListBuckets"};
    static const char examples[] =
        "[{\"name\":\"*on*\",\"expect\":\"pass\",\"resource\":{\"Name\":\"```\"},\"tags\":{\"a\":\"b\"}},"
        "{\"name\":\"two\",\"expect\":[\"fail\",\"fail\"],\"resource\":{}}]";
    mw_doc_builder *b;
    folder f;

    test_open_types(state);
    folder_open(&f);
    folder_add(&f, "a-bucket.lua",
               "--- First line.\n-- Goes on.\n--\n-- A <b>second</b> paragraph.\n-- @see https://example.com/\n" RULE(
                   "a-bucket", "Buckets <script>alert(1)</script> [x](y) *z*", "AWS::S3::Bucket",
                   "needs = { \"Versioning\" }, params = { days = 30 }, "
                   "controls = { cis = { \"2.1\", \"1.1\" } },"));
    folder_add(&f, "b-account.lua",
               RULE("b-account", "Accounts", "AWS::::Account", "controls = { cis = { \"1.1\" } },"));
    folder_add(&f, "c-instance.lua", RULE("c-instance", "Instances", "AWS::EC2::Instance", ""));
    rules = test_load(&f);
    assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
    assert_int_equal(mw_json_read(b, examples, strlen(examples), NULL, NULL, NULL), MW_OK);
    assert_int_equal(mw_doc_finish(b, mw_doc_pop(b), &fixtures, NULL), MW_OK);
    mw_doc_builder_free(b);
    for (size_t i = 0; i < ITEMS; i++)
        items[i] = (mw_reference_rule){.rule = mw_rules_at(rules, i)};
    items[0].operations = calls;
    items[0].operation_count = 2;
    items[0].fixtures = fixtures;
    all.rules = rules;
    return 0;
}

static int close_rules(void **state)
{
    mw_doc_free(fixtures);
    mw_rules_free(rules);
    return test_close_types(state);
}

/* Each text follows the one before. */
static void in_order(const mw_buf *out, const char *const *texts)
{
    const char *at = out->data;

    for (size_t i = 0; texts[i]; i++) {
        at = strstr(at, texts[i]);
        if (!at)
            fail_msg("'%s' is missing, or not in its place:\n%s", texts[i], out->data);
        at += strlen(texts[i]);
    }
}

static void a_page(void **state)
{
    static const char *const markdown[] = {"Buckets \\<script\\>alert(1)\\</script\\> \\[x\\](y) \\*z\\*",
                                           "First line. Goes on.",
                                           "A \\<b\\>second\\</b\\> paragraph.",
                                           "`a-bucket`",
                                           "low",
                                           "`AWS::S3::Bucket`",
                                           "`Versioning`",
                                           "`s3:GetBucketVersioning`",
                                           "`s3:ListBuckets`",
                                           "https://example.com/",
                                           "Parameters",
                                           "days",
                                           "30",
                                           "Controls",
                                           "cis",
                                           "Examples",
                                           "`pass`",
                                           "\\*on\\*",
                                           "````",
                                           "```",
                                           "tags: {\"a\":\"b\"}",
                                           "````",
                                           "two",
                                           "index.md",
                                           NULL};
    static const char *const html[] = {"Buckets &lt;script&gt;alert(1)&lt;/script&gt; [x](y) *z*",
                                       "A &lt;b&gt;second&lt;/b&gt; paragraph.",
                                       "a-bucket",
                                       "Parameters",
                                       "Examples",
                                       "index.html",
                                       NULL};
    MW_AUTO(mw_buf) md = {.max = 1 << 20};
    MW_AUTO(mw_buf) page = {.max = 1 << 20};

    (void)state;
    assert_int_equal(mw_reference_page(&all, &items[0], MW_REFERENCE_MARKDOWN, &md, NULL), MW_OK);
    in_order(&md, markdown);
    assert_int_equal(mw_reference_page(&all, &items[0], MW_REFERENCE_HTML, &page, NULL), MW_OK);
    in_order(&page, html);
    assert_null(strstr(page.data, "<script>"));
    mw_buf_reset(&md);
    assert_int_equal(mw_reference_page(&all, &items[2], MW_REFERENCE_MARKDOWN, &md, NULL), MW_OK);
    assert_null(strstr(md.data, "Parameters")); /* what a rule has not is left out */
    assert_null(strstr(md.data, "Examples"));
}

static void the_index(void **state)
{
    static const char *const order[] = {
        "Account", "b-account.md", "EC2",         "c-instance.md", "S3",  "a-bucket.md", "Frameworks",
        "cis",     "1.1",          "a-bucket.md", "b-account.md",  "2.1", "a-bucket.md", NULL};
    MW_AUTO(mw_buf) out = {.max = 1 << 20};
    MW_AUTO(mw_buf) again = {.max = 1 << 20};

    (void)state;
    assert_int_equal(mw_reference_index(&all, MW_REFERENCE_MARKDOWN, &out, NULL), MW_OK);
    in_order(&out, order);
    assert_int_equal(mw_reference_index(&all, MW_REFERENCE_MARKDOWN, &again, NULL), MW_OK);
    assert_string_equal(out.data, again.data);
}

static void as_json(void **state)
{
    MW_AUTO(mw_buf) out = {.max = 1 << 20};
    mw_doc_builder *b;
    const mw_doc *d;
    mw_val list, first;

    (void)state;
    assert_int_equal(mw_reference_json(&all, &out, NULL), MW_OK);
    assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
    assert_int_equal(mw_json_read(b, out.data, out.len, NULL, NULL, NULL), MW_OK);
    d = mw_doc_view(b);
    list = mw_val_get(d, mw_doc_pop(b), "rules");
    first = mw_val_at(d, list, 0);
    assert_int_equal(mw_val_len(d, list), ITEMS);
    assert_string_equal(mw_val_get_str(d, first, "id", ""), "a-bucket");
    assert_int_equal(mw_val_len(d, mw_val_get(d, first, "calls")), 2);
    assert_int_equal(mw_val_get_int(d, mw_val_get(d, first, "params"), "days", 0), 30);
    assert_int_equal(mw_val_len(d, mw_val_get(d, first, "examples")), 2);
    assert_int_equal(mw_val_kind(d, mw_val_get(d, mw_val_at(d, list, 1), "examples")), MW_KIND_NULL);
    mw_doc_builder_free(b);
}

static void no_room(void **state)
{
    MW_AUTO(mw_buf) out = {.max = 64};
    mw_error err = {0};

    (void)state;
    assert_int_equal(mw_reference_page(&all, &items[0], MW_REFERENCE_HTML, &out, &err), MW_ERR_LIMIT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_page), cmocka_unit_test(the_index), cmocka_unit_test(as_json),
                                       cmocka_unit_test(no_room)};

    if (argc > 1 && strcmp(argv[1], "--worker") == 0)
        return mw_worker_main(argc, argv);
    return cmocka_run_group_tests(tests, open_rules, close_rules);
}
