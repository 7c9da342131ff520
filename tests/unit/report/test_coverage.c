/* The ledger as figures: percent, accounts, types, classes. */
#include "base/mem.h"
#include "report/coverage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void figures(void **state)
{
    static const char text[] =
        "[{\"account\":\"2\",\"type\":\"B\",\"state\":\"complete\",\"cause\":null,\"cached\":{"
        "\"age_s\":1}},"
        "{\"account\":\"1\",\"type\":\"A\",\"state\":\"complete\",\"cause\":null},"
        "{\"account\":\"1\",\"type\":\"B\",\"state\":\"denied\",\"cause\":{\"code\":"
        "\"AccessDenied\",\"message\":\"with an explicit "
        "deny in a service control policy\"}},"
        "{\"account\":\"1\",\"type\":\"AWS::::Region\",\"state\":\"skipped\",\"cause\":{\"code\":"
        "\"RegionDisabled\"}}]";
    MW_AUTO(mw_tally) t = {0};
    MW_AUTO(mw_buf) out = {0};
    mw_doc_builder *b;
    mw_val list;

    (void)state;
    assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
    assert_int_equal(mw_json_read(b, text, strlen(text), NULL, NULL, NULL), MW_OK);
    list = mw_doc_pop(b);
    for (size_t i = 0; i < mw_val_len(mw_doc_view(b), list); i++)
        assert_int_equal(mw_tally_add(&t, mw_doc_view(b), mw_val_at(mw_doc_view(b), list, i), NULL), MW_OK);
    mw_tally_json(&t, &out);
    assert_string_equal(out.data, "{\"scopes\":3,\"complete\":2,\"percent\":66.6,\"skipped\":1,\"cached\":1,\"by_"
                                  "class\":{\"denied_scp\":1},"
                                  "\"by_account\":[{\"account\":\"1\",\"scopes\":2,\"complete\":1,\"percent\":50},"
                                  "{\"account\":\"2\",\"scopes\":1,\"complete\":1,\"percent\":100}],"
                                  "\"by_type\":[{\"type\":\"A\",\"scopes\":1,\"complete\":1,\"percent\":100},"
                                  "{\"type\":\"B\",\"scopes\":2,\"complete\":1,\"percent\":50}]}");
    mw_doc_builder_free(b);
}

static void percent(void **state)
{
    (void)state;
    assert_int_equal(mw_tally_permille(0, 0), 1000);
    assert_int_equal(mw_tally_permille(999999, 1000000), 999); /* never rounded up to complete */
    assert_int_equal(mw_tally_permille(7, 7), 1000);
    assert_int_equal(mw_tally_permille(0, 7), 0);
}

static void most_first(void **state)
{
    MW_AUTO(mw_buf) out = {0};
    size_t counts[MW_CAUSE_COUNT] = {0};

    (void)state;
    counts[MW_CAUSE_THROTTLED] = 2;
    counts[MW_CAUSE_DENIED_SCP] = 5;
    mw_tally_classes_text(counts, &out);
    assert_string_equal(out.data, "5 denied_scp, 2 throttled");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(figures), cmocka_unit_test(percent),
                                       cmocka_unit_test(most_first)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
