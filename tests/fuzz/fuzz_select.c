/* Selections of arbitrary text: either a tree that can be asked, or a message with a column. */
#include "engine/select.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const words[] = {"Versioning"};
    const mw_rule rule = {.id = "s3-a",
                          .title = "A title",
                          .severity = "high",
                          .pillar = "security",
                          .path = "rules/s3/s3-a.lua",
                          .resource = "AWS::S3::Bucket",
                          .pack = "rules",
                          .needs = words,
                          .need_count = 1,
                          .tags = words,
                          .tag_count = 1};
    const mw_rule *const rules[] = {&rule};
    mw_arena arena = {0};
    const mw_select *s;
    mw_error err = {0};
    char *text = calloc(1, size + 1);
    mw_doc_builder *b = NULL;
    bool keep;

    if (!text || mw_doc_builder_new(NULL, &b, NULL) != MW_OK)
        abort();
    memcpy(text, data, size);
    if (mw_select_parse(text, &arena, &s, &err) == MW_OK) {
        mw_status st = mw_select_mark(&s, 1, rules, 1, mw_doc_view(b), &keep, NULL, &err);
        if (st == MW_OK ? !keep || !mw_select_fits(s, &rule, mw_doc_view(b)) : !strstr(err.message, "column "))
            abort();
    } else if (!strstr(err.message, "column ") && strlen(text) <= MW_SELECT_TEXT_MAX) {
        abort();
    }
    mw_arena_clear(&arena);
    mw_doc_builder_free(b);
    free(text);
    return 0;
}
