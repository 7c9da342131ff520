/*
 * Partition of a region, by botocore's partitions.json: regions named there first, then each
 * partition's region pattern. Relies on the pack's document; holds no list of its own.
 */
#include "aws/endpoint_internal.h"

#include <ctype.h>
#include <string.h>

/* One element of a pattern: a class or literal, perhaps with '+'; or a group of literals. */
static bool element_matches(const char *p, size_t len, char c)
{
    if (len == 2 && p[0] == '\\') {
        if (p[1] == 'w')
            return isalnum((unsigned char)c) || c == '_';
        if (p[1] == 'd')
            return c >= '0' && c <= '9';
        return c == p[1];
    }
    return c == p[0];
}

/*
 * The subset that partitions.json uses: literals, escapes, \w, \d, `+`, (a|b). Anything else makes
 * the pattern match nothing. @p budget bounds backtracking for a hostile file.
 */
static bool match_here(const char *p, const char *s, unsigned *budget)
{
    size_t len;

    if (*budget == 0)
        return false;
    (*budget)--;
    if (*p == '\0')
        return true; /* not anchored at the end */
    if (p[0] == '$' && p[1] == '\0')
        return *s == '\0';
    if (*p == '(') {
        const char *end = strchr(p, ')');
        const char *alt = p + 1;

        while (end && alt <= end) {
            size_t n = strcspn(alt, "|)");
            if (strncmp(alt, s, n) == 0 && match_here(end + 1, s + n, budget))
                return true;
            alt += n + 1;
        }
        return false;
    }
    if (strchr("[]*?.{}^|)+", *p))
        return false;
    len = *p == '\\' && p[1] ? 2 : 1;
    if (p[len] == '+') {
        size_t n = 0;

        while (s[n] && element_matches(p, len, s[n]))
            n++;
        for (; n > 0; n--)
            if (match_here(p + len + 1, s + n, budget))
                return true;
        return false;
    }
    return *s && element_matches(p, len, *s) && match_here(p + len, s + 1, budget);
}

bool mw__partition_regex(const char *pattern, const char *text)
{
    unsigned budget = 10000;

    return match_here(*pattern == '^' ? pattern + 1 : pattern, text, &budget);
}

mw_val mw__partition_find(const mw_doc *d, mw_val partitions, const char *region)
{
    mw_val list = mw_val_get(d, partitions, "partitions");
    size_t n = mw_val_len(d, list);

    for (size_t i = 0; region && i < n; i++) {
        mw_val p = mw_val_at(d, list, i);
        if (mw_val_get(d, mw_val_get(d, p, "regions"), region) != MW_VAL_ABSENT)
            return p;
    }
    for (size_t i = 0; region && i < n; i++) {
        mw_val p = mw_val_at(d, list, i);
        const char *pattern = mw_val_get_str(d, p, "regionRegex", NULL);
        if (pattern && mw__partition_regex(pattern, region))
            return p;
    }
    return mw_val_at(d, list, 0);
}

const char *mw_partition_of_region(const mw_models *m, const char *region)
{
    const mw_doc *d = mw_models_doc(m);
    mw_val p = mw__partition_find(d, mw_models_partitions(m), region);

    return mw_val_get_str(d, p, "id", "aws");
}
