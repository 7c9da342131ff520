/* Rows of an audit: whole values in every format, however long they are. */
#include "../../support/support.h"

#include "base/mem.h"
#include "report/audit.h"

#define LONG ((size_t)300 << 10)

typedef struct rows {
    mw_audit a;
    mw_audit_scope scope;
    mw_audit_row row;
    char text[LONG + 1];
} rows;

/* One row {"last", "long"} of one scope; the longer text stands in the column that is asked for. */
static void make(rows *r, bool last)
{
    mw_error err = {0};

    memset(r, 0, sizeof(*r));
    memset(r->text, 'x', LONG);
    r->scope = (mw_audit_scope){
        .account = "111122223333", .region = "eu-west-1", .partition = "aws", .state = MW_AUDIT_COMPLETE, .rows = 1};
    assert_ok(mw_doc_builder_new(NULL, &r->a.doc, &err));
    mw_doc_begin_object(r->a.doc);
    mw_doc_member_str(r->a.doc, last ? "a" : "z", "short");
    mw_doc_member_str(r->a.doc, "long", r->text);
    mw_doc_end_object(r->a.doc);
    r->row.value = mw_doc_pop(r->a.doc);
    r->a.scopes = &r->scope;
    r->a.scope_count = 1;
    r->a.rows = &r->row;
    r->a.row_count = 1;
    r->a.columns = MW_VAL_ABSENT;
}

static void long_values(void **state)
{
    rows *r = mw_alloc(sizeof(*r));
    const mw_text_options plain = {0};
    mw_error err = {0};

    (void)state;
    assert_non_null(r);
    for (int last = 0; last < 2; last++) {
        MW_AUTO(mw_buf) csv = {0};
        MW_AUTO(mw_buf) table = {0};
        MW_AUTO(mw_buf) jsonl = {0};
        make(r, last);
        assert_ok(mw_audit_csv(&r->a, &csv, &err));
        assert_non_null(strstr(csv.data, r->text));
        assert_ok(mw_audit_jsonl(&r->a, &jsonl, &err));
        assert_non_null(strstr(jsonl.data, r->text));
        assert_ok(mw_audit_table(&r->a, &plain, &table, &err));
        assert_non_null(strstr(table.data, last ? r->text : "xxx…"));
        mw_doc_builder_free(r->a.doc);
    }
    mw_free(r);
}

/* A ceiling is a failure, never an empty cell. */
static void ceilings(void **state)
{
    rows *r = mw_alloc(sizeof(*r));
    const mw_text_options plain = {0};
    mw_error err = {0};

    (void)state;
    assert_non_null(r);
    make(r, true);
    for (int format = 0; format < 3; format++) {
        MW_AUTO(mw_buf) out = {.max = LONG / 2};
        mw_status st = format == 0   ? mw_audit_csv(&r->a, &out, &err)
                       : format == 1 ? mw_audit_table(&r->a, &plain, &out, &err)
                                     : mw_audit_jsonl(&r->a, &out, &err);
        assert_int_equal(st, MW_ERR_LIMIT);
    }
    mw_doc_builder_free(r->a.doc);
    mw_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(long_values), cmocka_unit_test(ceilings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
