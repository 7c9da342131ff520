/* Writing Lua: strings, keys and comments that cannot end early. Pure. */
#include "report/lua_text.h"

#include "base/mem.h"
#include "report/term.h"

#include <string.h>

static bool among(const char *s, size_t len, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(list[i]) == len && memcmp(list[i], s, len) == 0)
            return true;
    return false;
}

bool mw_lua_is_name(const char *s, size_t len)
{
    static const char *const keywords[] = {"and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
                                           "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
                                           "repeat",   "return", "then", "true", "until",  "while"};

    if (len == 0 || (s[0] >= '0' && s[0] <= '9'))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= '0' && s[i] <= '9') ||
              s[i] == '_'))
            return false;
    return !among(s, len, keywords, MW_COUNT(keywords));
}

bool mw_lua_is_known(const char *s)
{
    static const char *const names[] = {"arn",   "assert", "error",   "fail", "ipairs", "math",   "next",
                                        "pairs", "pass",   "pcall",   "rule", "select", "string", "table",
                                        "try",   "type",   "unknown", "utf8", "value",  "ctx"};

    return among(s, strlen(s), names, MW_COUNT(names));
}

void mw_lua_string(mw_buf *out, const char *s)
{
    mw_buf_putc(out, '"');
    for (; s && *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            mw_buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            mw_buf_printf(out, "\\%03u", c); /* three digits: what follows may be one */
        else
            mw_buf_putc(out, (char)c);
    }
    mw_buf_putc(out, '"');
}

void mw_lua_comment(mw_buf *out, const char *s)
{
    mw_term_text(out, s);
}

void mw_lua_key(mw_buf *out, const char *s, size_t len)
{
    if (mw_lua_is_name(s, len)) {
        mw_buf_add(out, s, len, NULL);
        return;
    }
    mw_buf_puts(out, "[\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\' || c < 0x20)
            mw_buf_printf(out, "\\%03u", c);
        else
            mw_buf_putc(out, (char)c);
    }
    mw_buf_puts(out, "\"]");
}
