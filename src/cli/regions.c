/* Which regions: patterns against the regions that are enabled, and the home of global services. Pure. */
#include "cli/session.h"

#include "base/str.h"

#include <string.h>

static mw_status refuse(const char *pattern, const char *const *enabled, size_t count, const char *where, mw_error *err)
{
    const char *near = mw_nearest(pattern, enabled, count);

    if (strpbrk(pattern, "*?"))
        return mw_fail(err, MW_ERR_INVALID, "--region: no region enabled in %s matches '%s'", where, pattern);
    if (near)
        return mw_fail(err, MW_ERR_INVALID, "--region: '%s' is not enabled in %s; did you mean '%s'?", pattern, where,
                       near);
    return mw_fail(err, MW_ERR_INVALID, "--region: '%s' is not enabled in %s", pattern, where);
}

mw_status mw_regions_select(const char *const *patterns, size_t pattern_count, const char *const *enabled,
                            size_t enabled_count, const char *where, const char **out, size_t *count, mw_error *err)
{
    *count = 0;
    for (size_t p = 0; p < pattern_count; p++) {
        bool matched = false;
        for (size_t i = 0; i < enabled_count && !matched; i++)
            matched = mw_glob_match(patterns[p], enabled[i]);
        if (!matched)
            return refuse(patterns[p], enabled, enabled_count, where, err);
    }
    for (size_t i = 0; i < enabled_count; i++) {
        bool matched = i > 0 && mw_str_eq(enabled[i], enabled[i - 1]); /* named twice: once is enough */
        for (size_t p = 0; p < pattern_count && !matched; p++)
            if ((matched = mw_glob_match(patterns[p], enabled[i])))
                out[(*count)++] = enabled[i];
    }
    return MW_OK;
}

size_t mw_regions_skipped(const char *const *patterns, size_t pattern_count, const char *const *disabled,
                          size_t disabled_count, const char **out)
{
    size_t n = 0;

    for (size_t i = 0; i < disabled_count; i++) {
        bool matched = false;
        for (size_t p = 0; p < pattern_count && !matched; p++)
            matched = strpbrk(patterns[p], "*?") && mw_glob_match(patterns[p], disabled[i]);
        if (matched)
            out[n++] = disabled[i];
    }
    return n;
}

mw_status mw_regions_params(mw_doc **out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_bool(b, "AllRegions", true);
    mw_doc_end_object(b);
    st = mw_doc_finish(b, mw_doc_pop(b), out, err);
    mw_doc_builder_free(b);
    return st;
}

/* Where IAM and the other global services of a partition live: AWS General Reference, "IAM endpoints". */
const char *mw_home_region(const char *partition)
{
    static const char *const homes[][2] = {
        {"aws", "us-east-1"},
        {"aws-cn", "cn-north-1"},
        {"aws-us-gov", "us-gov-west-1"},
        {"aws-iso", "us-iso-east-1"},
        {"aws-iso-b", "us-isob-east-1"},
        {"aws-iso-e", "eu-isoe-west-1"},
        {"aws-iso-f", "us-isof-south-1"},
        {"aws-eusc", "eusc-de-east-1"},
    };

    for (size_t i = 0; i < MW_COUNT(homes); i++)
        if (mw_str_eq(homes[i][0], partition))
            return homes[i][1];
    return homes[0][1];
}
