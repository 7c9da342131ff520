/*
 * A backtracking matcher for Lua's string patterns. Each comparison of a character and each entry
 * into the matcher takes one step of the budget, so no pattern, however hostile, burns more than a
 * few milliseconds: a hook cannot interrupt C, so C has to stop by itself. Pure: no Lua state, no
 * allocation; errors are left in the struct for the caller to raise.
 */
#include "lua/matcher.h"

#include <ctype.h>
#include <string.h>

#define ESCAPE '%'

static const char *match_rest(mw_match *m, const char *s, const char *p);

void mw_match_init(mw_match *m, const char *text, size_t len, const char *pattern_end, long steps)
{
    m->text = text;
    m->text_end = text + len;
    m->pattern_end = pattern_end;
    m->steps = steps;
    m->depth = 0;
    m->captures = 0;
    m->error = NULL;
}

bool mw_match_is_pattern(const char *pattern, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (pattern[i] != '\0' && strchr("^$*+?.([%-", pattern[i]))
            return true;
    return false;
}

static const char *give_up(mw_match *m, const char *why)
{
    if (!m->error)
        m->error = why;
    return NULL;
}

static bool step(mw_match *m)
{
    if (m->steps-- > 0)
        return true;
    m->steps = 0;
    give_up(m, "pattern needs too many steps (budget used up)");
    return false;
}

/* The pattern's character at @p p; NUL at its end, where none of the special ones can be. */
static char at(const mw_match *m, const char *p)
{
    return p < m->pattern_end ? *p : '\0';
}

/* Behind the single-character item that starts at @p p, or NULL with the error set. */
static const char *item_end(mw_match *m, const char *p)
{
    char first = *p++;

    if (first == ESCAPE) {
        if (p >= m->pattern_end)
            return give_up(m, "malformed pattern (ends with '%')");
        return p + 1;
    }
    if (first != '[')
        return p;
    if (at(m, p) == '^')
        p++;
    /* A ']' right after the opening is an ordinary member of the set. */
    for (bool member = true; member; member = at(m, p) != ']') {
        if (p >= m->pattern_end)
            return give_up(m, "malformed pattern (missing ']')");
        if (*p++ == ESCAPE && p < m->pattern_end)
            p++;
    }
    return p + 1;
}

static bool in_class(int c, int class)
{
    bool in;

    switch (tolower(class)) {
    case 'a': in = isalpha(c); break;
    case 'c': in = iscntrl(c); break;
    case 'd': in = isdigit(c); break;
    case 'g': in = isgraph(c); break;
    case 'l': in = islower(c); break;
    case 'p': in = ispunct(c); break;
    case 's': in = isspace(c); break;
    case 'u': in = isupper(c); break;
    case 'w': in = isalnum(c); break;
    case 'x': in = isxdigit(c); break;
    case 'z': in = c == 0; break; /* as Lua still has it */
    default: return class == c;
    }
    return isupper(class) ? !in : in;
}

/* @p p is at '[', @p close at its ']'. */
static bool in_set(int c, const char *p, const char *close)
{
    bool found = true;

    p++;
    if (p < close && *p == '^') {
        found = false;
        p++;
    }
    for (; p < close; p++) {
        if (*p == ESCAPE) {
            p++;
            if (in_class(c, (unsigned char)*p))
                return found;
        } else if (p + 2 < close && p[1] == '-') {
            if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2])
                return found;
            p += 2;
        } else if ((unsigned char)*p == c) {
            return found;
        }
    }
    return !found;
}

static bool one(mw_match *m, const char *s, const char *p, const char *end)
{
    int c;

    if (!step(m) || s >= m->text_end)
        return false;
    c = (unsigned char)*s;
    switch (*p) {
    case '.': return true;
    case ESCAPE: return in_class(c, (unsigned char)p[1]);
    case '[': return in_set(c, p, end - 1);
    default: return (unsigned char)*p == c;
    }
}

/* %bxy: @p p at x. */
static const char *balanced(mw_match *m, const char *s, const char *p)
{
    int level = 1;

    if (p + 1 >= m->pattern_end)
        return give_up(m, "malformed pattern (missing arguments to '%b')");
    if (s >= m->text_end || *s != *p)
        return NULL;
    while (++s < m->text_end && step(m)) {
        if (*s == p[1]) {
            if (--level == 0)
                return s + 1;
        } else if (*s == *p) {
            level++;
        }
    }
    return NULL;
}

/* %f[set]: @p p at 'f's set. Behind the item when the frontier is here. */
static const char *frontier(mw_match *m, const char *s, const char *p)
{
    const char *end;
    int before, here;

    if (at(m, p) != '[')
        return give_up(m, "missing '[' after '%f' in pattern");
    end = item_end(m, p);
    if (!end || !step(m))
        return NULL;
    before = s == m->text ? 0 : (unsigned char)s[-1];
    here = s < m->text_end ? (unsigned char)*s : 0;
    return !in_set(before, p, end - 1) && in_set(here, p, end - 1) ? end : NULL;
}

static const char *back_reference(mw_match *m, const char *s, int digit)
{
    int i = digit - '1';
    size_t len;

    if (i < 0 || i >= m->captures || m->capture[i].len == MW_CAPTURE_OPEN)
        return give_up(m, "invalid capture index in pattern");
    if (m->capture[i].len == MW_CAPTURE_POSITION)
        return NULL;
    len = (size_t)m->capture[i].len;
    m->steps -= (long)(len / 16); /* memcmp is far faster than a step a byte */
    if (!step(m) || (size_t)(m->text_end - s) < len)
        return NULL;
    return len == 0 || memcmp(m->capture[i].at, s, len) == 0 ? s + len : NULL;
}

static const char *open_capture(mw_match *m, const char *s, const char *p, ptrdiff_t kind)
{
    const char *end;

    if (m->captures >= MW_MATCH_CAPTURES)
        return give_up(m, "too many captures");
    m->capture[m->captures].at = s;
    m->capture[m->captures].len = kind;
    m->captures++;
    end = match_rest(m, s, p);
    if (!end)
        m->captures--;
    return end;
}

static const char *close_capture(mw_match *m, const char *s, const char *p)
{
    const char *end;
    int i = m->captures - 1;

    while (i >= 0 && m->capture[i].len != MW_CAPTURE_OPEN)
        i--;
    if (i < 0)
        return give_up(m, "invalid pattern capture");
    m->capture[i].len = s - m->capture[i].at;
    end = match_rest(m, s, p);
    if (!end)
        m->capture[i].len = MW_CAPTURE_OPEN;
    return end;
}

static const char *longest(mw_match *m, const char *s, const char *p, const char *end)
{
    ptrdiff_t n = 0;

    while (one(m, s + n, p, end))
        n++;
    for (; n >= 0 && !m->error; n--) {
        const char *found = match_rest(m, s + n, end + 1);
        if (found)
            return found;
    }
    return NULL;
}

static const char *shortest(mw_match *m, const char *s, const char *p, const char *end)
{
    for (;;) {
        const char *found = match_rest(m, s, end + 1);
        if (found || m->error)
            return found;
        if (!one(m, s, p, end))
            return NULL;
        s++;
    }
}

/* One single-character item and its quantifier. True: go on at *s, *p. False: *s is the answer. */
static bool item(mw_match *m, const char **s, const char **p)
{
    const char *end = item_end(m, *p), *found;
    bool hit;
    char how;

    if (!end) {
        *s = NULL;
        return false;
    }
    how = at(m, end);
    hit = one(m, *s, *p, end);
    if (m->error) {
        *s = NULL;
        return false;
    }
    if (!hit && (how == '?' || how == '*' || how == '-')) {
        *p = end + 1; /* matches nothing: no need to recurse */
        return true;
    }
    switch (how) {
    case '?':
        found = match_rest(m, *s + 1, end + 1);
        if (found || m->error) {
            *s = found;
            return false;
        }
        *p = end + 1;
        return true;
    case '+': *s = hit ? longest(m, *s + 1, *p, end) : NULL; return false;
    case '*': *s = longest(m, *s, *p, end); return false;
    case '-': *s = shortest(m, *s, *p, end); return false;
    default:
        if (!hit) {
            *s = NULL;
            return false;
        }
        ++*s;
        *p = end;
        return true;
    }
}

/* The loop over what needs no recursion. */
static const char *match_loop(mw_match *m, const char *s, const char *p)
{
    for (;;) {
        if (p >= m->pattern_end)
            return s;
        if (*p == '(') {
            if (at(m, p + 1) == ')')
                return open_capture(m, s, p + 2, MW_CAPTURE_POSITION);
            return open_capture(m, s, p + 1, MW_CAPTURE_OPEN);
        }
        if (*p == ')')
            return close_capture(m, s, p + 1);
        if (*p == '$' && p + 1 == m->pattern_end)
            return s == m->text_end ? s : NULL;
        if (*p == ESCAPE) {
            char next = at(m, p + 1);
            if (next == 'b') {
                if (!(s = balanced(m, s, p + 2)))
                    return NULL;
                p += 4;
                continue;
            }
            if (next == 'f') {
                if (!(p = frontier(m, s, p + 2)))
                    return NULL;
                continue;
            }
            if (isdigit((unsigned char)next)) {
                if (!(s = back_reference(m, s, next)))
                    return NULL;
                p += 2;
                continue;
            }
        }
        if (!item(m, &s, &p))
            return s;
    }
}

static const char *match_rest(mw_match *m, const char *s, const char *p)
{
    const char *end;

    if (!step(m))
        return NULL;
    if (m->depth >= MW_MATCH_DEPTH)
        return give_up(m, "pattern too complex");
    m->depth++;
    end = match_loop(m, s, p);
    m->depth--;
    return m->error ? NULL : end;
}

const char *mw_match_at(mw_match *m, const char *s, const char *pattern)
{
    m->captures = 0;
    m->depth = 0;
    return match_rest(m, s, pattern);
}
