/*
 * `-- lint: ignore MW1604 reason`: silences one code on its own line, or on the next line of code
 * when it stands alone. A comment without a reason, of an unknown code, or that silences nothing is
 * a finding itself.
 */
#include "lint/internal.h"

#include "base/mem.h"

static mw_str trim(mw_str s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.len--;
    }
    while (s.len && strchr(" \t\r\n", s.data[s.len - 1]))
        s.len--;
    return s;
}

static mw_str word(mw_str *s)
{
    mw_str w = {s->data, 0};

    while (w.len < s->len && w.data[w.len] != ' ' && w.data[w.len] != '\t')
        w.len++;
    s->data += w.len;
    s->len -= w.len;
    *s = trim(*s);
    return w;
}

/* The first line behind @p line that holds more than blanks and comments. */
static unsigned next_code_line(const lua_tree *t, unsigned line)
{
    for (line++; line <= t->line_count; line++) {
        const char *s = t->source + t->lines[line - 1],
                   *end = line < t->line_count ? t->source + t->lines[line] : t->source + t->len;
        while (s < end && strchr(" \t\r\n", *s))
            s++;
        if (s < end && !(end - s >= 2 && s[0] == '-' && s[1] == '-'))
            break;
    }
    return line;
}

static void one(file *f, const lua_comment *c, size_t cap)
{
    static const char start[] = "lint:";
    mw_str s = trim((mw_str){f->tree.source + c->at, c->len}), id;
    uint32_t at = (uint32_t)(s.data - f->tree.source), end = at + (uint32_t)s.len;
    const mw_lint_code *code;
    unsigned line, column;

    if (s.len < sizeof(start) - 1 || memcmp(s.data, start, sizeof(start) - 1) != 0)
        return;
    s = trim((mw_str){s.data + sizeof(start) - 1, s.len - (sizeof(start) - 1)});
    if (!mw_lua_is(word(&s), "ignore")) {
        mw__lint_report(f, "MW1002", at, end, "expected `lint: ignore CODE reason`");
        return;
    }
    id = word(&s);
    code = mw_lint_code_get(id.data, id.len);
    if (!code) {
        const char *names[128];
        size_t n;
        const mw_lint_code *codes = mw_lint_codes(&n);
        for (size_t i = 0; i < n && i < MW_COUNT(names); i++)
            names[i] = codes[i].id;
        mw__lint_report(f, "MW1002", at, end, "there is no code '%.*s'%s", (int)id.len, id.data,
                        mw__lint_near(f, id, names, n < MW_COUNT(names) ? n : MW_COUNT(names)));
        return;
    }
    if (s.len < 3) {
        mw__lint_report(f, "MW1002", at, end, "expected a reason behind %s", code->id);
        return;
    }
    mw_lua_position(&f->tree, c->at, &line, &column);
    if (c->alone)
        line = next_code_line(&f->tree, line);
    if (f->ignore_count < cap)
        f->ignores[f->ignore_count++] = (ignore){.code = code, .at = at, .end = end, .line = line};
}

void mw__lint_ignores(file *f)
{
    f->ignores = mw_arena_alloc(f->arena, (f->tree.comment_count + 1) * sizeof(*f->ignores));
    if (!f->ignores) {
        mw__lint_out_of_memory(f->lint);
        return;
    }
    for (size_t i = 0; i < f->tree.comment_count; i++)
        one(f, &f->tree.comments[i], f->tree.comment_count);
}

void mw__lint_unused_ignores(file *f)
{
    for (size_t i = 0; i < f->ignore_count; i++)
        if (!f->ignores[i].used)
            mw__lint_report(f, "MW1003", f->ignores[i].at, f->ignores[i].end, "%s is not found on line %u",
                            f->ignores[i].code->id, f->ignores[i].line);
}
