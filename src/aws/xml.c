/*
 * The XML reader: a cursor over one document, and a stack of the names that are open. Relies on the
 * document being whole, so that nothing needs to be kept for later and text is lent where it lies;
 * it allocates for ISO-8859-1 alone. It must never let pass what is not well-formed, and never read
 * a document type declaration: entities beyond the five do not exist here, nor do their bombs.
 *
 * Source: Extensible Markup Language 1.0, fifth edition; productions are named as [n].
 */
#include "aws/xml_internal.h"

#include <stdio.h>
#include <strings.h>

const uint8_t mw__xml_classes[256] = {
    [' '] = MW__XML_PLAIN | MW__XML_SPACE,
    ['\t'] = MW__XML_SPACE,
    ['\n'] = MW__XML_SPACE,
    ['\r'] = MW__XML_SPACE,
    ['!' ... '%'] = MW__XML_PLAIN,
    ['\'' ... ','] = MW__XML_PLAIN,
    ['-' ... '.'] = MW__XML_PLAIN | MW__XML_NAME,
    ['/'] = MW__XML_PLAIN,
    ['0' ... '9'] = MW__XML_PLAIN | MW__XML_NAME,
    [':'] = MW__XML_PLAIN | MW__XML_NAME | MW__XML_NAME_START,
    [';'] = MW__XML_PLAIN,
    ['=' ... '@'] = MW__XML_PLAIN,
    ['A' ... 'Z'] = MW__XML_PLAIN | MW__XML_NAME | MW__XML_NAME_START,
    ['[' ... '\\'] = MW__XML_PLAIN,
    ['^'] = MW__XML_PLAIN,
    ['_'] = MW__XML_PLAIN | MW__XML_NAME | MW__XML_NAME_START,
    ['`'] = MW__XML_PLAIN,
    ['a' ... 'z'] = MW__XML_PLAIN | MW__XML_NAME | MW__XML_NAME_START,
    ['{' ... 0x7F] = MW__XML_PLAIN,
};

/* ---- failing ---- */

static size_t line_at(const mw__xml_reader *r, const char *p)
{
    size_t line = 1;

    for (const char *q = r->start; q < p && (q = memchr(q, '\n', (size_t)(p - q))); q++)
        line++;
    return line;
}

size_t mw__xml_line(const mw__xml_reader *r)
{
    return line_at(r, r->at);
}

void *mw__xml_bad(mw__xml_reader *r, mw_status st, const char *p, const char *format, ...)
{
    char message[160];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    r->at = p;
    r->status = mw_fail(r->err, st, "XML: %s (line %zu, byte %zu)", message, line_at(r, p), (size_t)(p - r->start));
    return NULL;
}

__attribute__((cold)) static void *expected(mw__xml_reader *r, const char *p, const char *what)
{
    if (p == r->end)
        return mw__xml_bad(r, MW_ERR_PARSE, p, "not well-formed: it ends where %s is expected", what);
    return mw__xml_bad(r, MW_ERR_PARSE, p,
                       *p >= ' ' && *p < 0x7F ? "not well-formed: '%c' where %s is expected"
                                              : "not well-formed: byte 0x%02X where %s is expected",
                       (unsigned char)*p, what);
}

/* ---- characters ---- */

/* [2] */
static bool is_character(uint32_t c)
{
    return c >= 0x20 ? c < 0xD800 || (c > 0xDFFF && c < 0xFFFE) || (c > 0xFFFF && c < 0x110000)
                     : c == '\t' || c == '\n' || c == '\r';
}

/* One character of UTF-8 that is not ASCII: its length and *c, or 0. */
static size_t wide(const char *p, const char *end, uint32_t *c)
{
    size_t n = mw_utf8_sequence(p, (size_t)(end - p));

    *c = n ? (unsigned char)*p & (0xFFu >> (n + 1)) : 0;
    for (size_t i = 1; i < n; i++)
        *c = *c << 6 | ((unsigned char)p[i] & 0x3Fu);
    return n;
}

/* The place behind the character at @p p, which is before the end. */
static const char *skip_character(mw__xml_reader *r, const char *p)
{
    unsigned char first = (unsigned char)*p;
    uint32_t c = first;
    size_t n = first < 0x80 ? 1 : wide(p, r->end, &c);

    if (!n)
        return mw__xml_bad(r, MW_ERR_PARSE, p, "not well-formed: byte 0x%02X is not UTF-8", first);
    if (!is_character(c))
        return mw__xml_bad(r, MW_ERR_PARSE, p, "not well-formed: U+%04X is no character of XML", c);
    return p + n;
}

static const char *skip_space(const mw__xml_reader *r, const char *p)
{
    while (p < r->end && mw__xml_is(*p, MW__XML_SPACE))
        p++;
    return p;
}

/* ---- names ---- */

/* [4], [4a] beyond ASCII */
static bool is_name_character(uint32_t c, bool first)
{
    static const struct {
        uint32_t from, to;
        bool first;
    } ranges[] = {
        {0xB7, 0xB7, false},     {0xC0, 0xD6, true},     {0xD8, 0xF6, true},       {0xF8, 0x2FF, true},
        {0x300, 0x36F, false},   {0x370, 0x37D, true},   {0x37F, 0x1FFF, true},    {0x200C, 0x200D, true},
        {0x203F, 0x2040, false}, {0x2070, 0x218F, true}, {0x2C00, 0x2FEF, true},   {0x3001, 0xD7FF, true},
        {0xF900, 0xFDCF, true},  {0xFDF0, 0xFFFD, true}, {0x10000, 0xEFFFF, true},
    };

    for (size_t i = 0; i < MW_COUNT(ranges); i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return ranges[i].first || !first;
    return false;
}

/* The place behind the name at @p p; @p what says whose name is expected there. */
static const char *skip_name(mw__xml_reader *r, const char *p, const char *what)
{
    const char *from = p;
    uint32_t c;
    size_t n;

    if (p == r->end || ((unsigned char)*p < 0x80 && !mw__xml_is(*p, MW__XML_NAME_START)))
        return expected(r, p, what);
    for (;;) {
        while (p < r->end && mw__xml_is(*p, MW__XML_NAME))
            p++;
        if (p == r->end || (unsigned char)*p < 0x80 || !(n = wide(p, r->end, &c)) || !is_name_character(c, p == from))
            break;
        p += n;
    }
    return p > from ? p : expected(r, p, what);
}

/* ---- references ---- */

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

static const char *skip_number(mw__xml_reader *r, const char *p, uint32_t *c)
{
    bool hex = mw__xml_stands(r, p, MW_STR("&#x"));
    unsigned base = hex ? 16 : 10, digit;
    const char *first = p + (hex ? 3 : 2), *q = first;

    *c = 0;
    for (; q < r->end && (digit = digit_of(*q)) < base; q++)
        if (*c < 0x110000)
            *c = *c * base + digit;
    if (q == first)
        return expected(r, q, "a digit");
    if (q == r->end || *q != ';')
        return expected(r, q, "';'");
    if (!is_character(*c))
        return mw__xml_bad(r, MW_ERR_PARSE, p, "reference to invalid character U+%04X", *c);
    return q + 1;
}

/* The place behind the reference at @p p, and the character that it names. */
static const char *skip_reference(mw__xml_reader *r, const char *p, uint32_t *c)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    mw_str name = {.data = p + 1};
    const char *end;

    if (mw__xml_stands(r, p, MW_STR("&#")))
        return skip_number(r, p, c);
    if (!(end = skip_name(r, name.data, "an entity's name or '#'")))
        return NULL;
    if (end == r->end || *end != ';')
        return expected(r, end, "';'");
    name.len = (size_t)(end - name.data);
    for (size_t i = 0; i < MW_COUNT(entities); i++) {
        if (mw__xml_named(name, entities[i].name)) {
            *c = (unsigned char)entities[i].c;
            return end + 1;
        }
    }
    return mw__xml_bad(r, MW_ERR_PARSE, p, "undefined entity &%.*s;", name.len < 64 ? (int)name.len : 64, name.data);
}

/* ---- what is read over ---- */

/* The place behind the comment whose text begins at @p p. */
static const char *skip_comment(mw__xml_reader *r, const char *p)
{
    while (p && p < r->end && !mw__xml_stands(r, p, MW_STR("--")))
        p = skip_character(r, p);
    if (!p || mw__xml_stands(r, p, MW_STR("-->")))
        return p ? p + 3 : NULL;
    return expected(r, p == r->end ? p : p + 2, p == r->end ? "-->" : "'>' behind '--'");
}

/* The place behind the processing instruction at @p p. */
static const char *skip_instruction(mw__xml_reader *r, const char *p)
{
    const char *name = p + 2, *end = skip_name(r, name, "an instruction's name");

    if (!end)
        return NULL;
    if (end - name == 3 && strncasecmp(name, "xml", 3) == 0)
        return mw__xml_bad(r, MW_ERR_PARSE, p,
                           "not well-formed: an XML declaration stands only at the beginning, and says version");
    if (!mw__xml_stands(r, end, MW_STR("?>")) && (end == r->end || !mw__xml_is(*end, MW__XML_SPACE)))
        return expected(r, end, "?>");
    while (end && end < r->end && !mw__xml_stands(r, end, MW_STR("?>")))
        end = skip_character(r, end);
    if (end == r->end)
        return expected(r, end, "?>");
    return end ? end + 2 : NULL;
}

/* ---- tags ---- */

/* The place behind the attribute at @p p. */
static const char *read_attribute(mw__xml_reader *r, const char *p)
{
    mw__xml_attribute a = {.name.data = p};
    uint32_t c;
    char quote;

    if (!(p = skip_name(r, p, "an attribute, '/' or '>'")))
        return NULL;
    a.name.len = (size_t)(p - a.name.data);
    p = skip_space(r, p);
    if (p == r->end || *p != '=')
        return expected(r, p, "'='");
    p = skip_space(r, p + 1);
    if (p == r->end || (*p != '"' && *p != '\''))
        return expected(r, p, "a quoted value");
    quote = *p++;
    a.value.data = p;
    while (p && p < r->end && *p != quote && *p != '<')
        p = *p == '&' ? skip_reference(r, p, &c) : skip_character(r, p);
    if (!p)
        return NULL;
    if (p == r->end || *p == '<')
        return expected(r, p, "the end of an attribute's value");
    a.value.len = (size_t)(p - a.value.data);
    for (size_t i = 0; i < r->attribute_count; i++)
        if (r->attributes[i].name.len == a.name.len && memcmp(r->attributes[i].name.data, a.name.data, a.name.len) == 0)
            return mw__xml_bad(r, MW_ERR_PARSE, a.name.data, "duplicate attribute %.*s",
                               a.name.len < 64 ? (int)a.name.len : 64, a.name.data);
    if (r->attribute_count == MW__XML_ATTRIBUTES_MAX)
        return mw__xml_bad(r, MW_ERR_LIMIT, a.name.data, "an element has more than %u attributes",
                           MW__XML_ATTRIBUTES_MAX);
    r->attributes[r->attribute_count++] = a;
    return p + 1;
}

/* The start tag at @p p. */
static mw__xml_event start_tag(mw__xml_reader *r, const char *p)
{
    const char *name = p + 1;

    if (r->depth == MW__XML_DEPTH_MAX) {
        mw__xml_bad(r, MW_ERR_LIMIT, p, "elements nest too deeply");
        return MW__XML_FAILED;
    }
    if (!(p = skip_name(r, name, "an element's name")))
        return MW__XML_FAILED;
    r->began = true;
    r->name = r->open[r->depth++] = (mw_str){name, (size_t)(p - name)};
    r->attribute_count = 0;
    while (p == r->end || *p != '>') {
        const char *behind = p;

        p = skip_space(r, p);
        if (p < r->end && *p == '/') {
            r->empty = true;
            if (++p < r->end && *p == '>')
                break;
            expected(r, p, "'>'");
            return MW__XML_FAILED;
        }
        if (p < r->end && *p == '>')
            break;
        if (p == behind)
            p = expected(r, p, "white space, '/' or '>'");
        else
            p = read_attribute(r, p);
        if (!p)
            return MW__XML_FAILED;
    }
    r->at = p + 1;
    return MW__XML_START;
}

static mw__xml_event leave(mw__xml_reader *r)
{
    r->empty = false;
    r->name = r->open[--r->depth];
    return MW__XML_END;
}

/* The end tag at @p p. */
static mw__xml_event end_tag(mw__xml_reader *r, const char *p)
{
    mw_str due = r->open[r->depth - 1];
    const char *name = p + 2, *end = name + due.len;

    if (!mw__xml_stands(r, name, due) || (end < r->end && mw__xml_is(*end, MW__XML_NAME)) ||
        (end < r->end && (unsigned char)*end >= 0x80)) {
        if ((end = skip_name(r, name, "an element's name")) != NULL)
            mw__xml_bad(r, MW_ERR_PARSE, p, "mismatched tag: </%.*s> where </%.*s> is expected",
                        end - name < 48 ? (int)(end - name) : 48, name, due.len < 48 ? (int)due.len : 48, due.data);
        return MW__XML_FAILED;
    }
    end = skip_space(r, end);
    if (end == r->end || *end != '>') {
        expected(r, end, "'>'");
        return MW__XML_FAILED;
    }
    r->at = end + 1;
    return leave(r);
}

/* ---- text ---- */

static mw__xml_event lend(mw__xml_reader *r, const char *text, size_t len, const char *next)
{
    r->text = (mw_str){text, len};
    r->at = next;
    return MW__XML_CHARS;
}

/* A line's end is one '\n' [2.11]: CR LF is read as its LF. True when @p p is a CR alone. */
static bool lone_return(const mw__xml_reader *r, const char *p)
{
    return r->end - p < 2 || p[1] != '\n';
}

/*
 * The first from @p p on that is not plain, eight bytes at a time: control characters, '<', '&',
 * ']' and what is not ASCII. In `hit` the lowest marked byte is right, others may not be.
 */
static const char *skip_plain(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;

    for (; end - p >= 8; p += 8) {
        uint64_t w, hit;

        memcpy(&w, p, sizeof(w));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        w = __builtin_bswap64(w);
#endif
        hit = (w | (w - ones * 0x20) | ((w ^ ones * '<') - ones) | ((w ^ ones * '&') - ones) |
               ((w ^ ones * ']') - ones)) &
              high;
        if (hit)
            return p + (__builtin_ctzll(hit) >> 3);
    }
    while (p < end && mw__xml_is(*p, MW__XML_PLAIN))
        p++;
    return p;
}

/* Text at @p p up to the next markup, reference or carriage return. */
static mw__xml_event characters(mw__xml_reader *r, const char *p)
{
    const char *from = p;

    for (;;) {
        p = skip_plain(p, r->end);
        if (p == r->end || *p == '<' || *p == '&' || *p == '\r')
            return lend(r, from, (size_t)(p - from), p);
        if (*p == '\n') {
            p++;
        } else if (mw__xml_stands(r, p, MW_STR("]]>"))) {
            mw__xml_bad(r, MW_ERR_PARSE, p, "not well-formed: ']]>' in text");
            return MW__XML_FAILED;
        } else if (!(p = skip_character(r, p))) {
            return MW__XML_FAILED;
        }
    }
}

static mw__xml_event referred(mw__xml_reader *r, const char *p)
{
    uint32_t c;

    if (!(p = skip_reference(r, p, &c)))
        return MW__XML_FAILED;
    return lend(r, r->one, mw_utf8_encode(r->one, c), p);
}

/* More of the CDATA section; its end is left to be read when there is text before. */
static mw__xml_event section(mw__xml_reader *r, const char *p)
{
    const char *from = p;

    while (p && p < r->end && *p != '\r' && !mw__xml_stands(r, p, MW_STR("]]>")))
        p = skip_character(r, p);
    if (!p)
        return MW__XML_FAILED;
    if (p == r->end) {
        expected(r, p, "]]>");
        return MW__XML_FAILED;
    }
    return lend(r, from, (size_t)(p - from), p);
}

/* ---- the document ---- */

/* Comments, instructions and white space outside of the root, and the root's tag. */
static mw__xml_event outside(mw__xml_reader *r)
{
    for (;;) {
        const char *p = skip_space(r, r->at);

        if (p == r->end && r->began)
            return MW__XML_DONE;
        if (p == r->end)
            p = mw__xml_bad(r, MW_ERR_PARSE, p, "no element found");
        else if (mw__xml_stands(r, p, MW_STR("<!--")))
            p = skip_comment(r, p + 4);
        else if (mw__xml_stands(r, p, MW_STR("<?")))
            p = skip_instruction(r, p);
        else if (r->began)
            p = mw__xml_bad(r, MW_ERR_PARSE, p, "junk after document element");
        else if (mw__xml_stands(r, p, MW_STR("<!DOCTYPE")))
            p = mw__xml_bad(r, MW_ERR_PARSE, p, "a document type declaration is not accepted");
        else if (*p == '<')
            return start_tag(r, p);
        else
            p = expected(r, p, "the root element");
        if (r->status != MW_OK)
            return MW__XML_FAILED;
        r->at = p;
    }
}

mw__xml_event mw__xml_next(mw__xml_reader *r)
{
    if (r->status != MW_OK)
        return MW__XML_FAILED;
    if (r->empty)
        return leave(r);
    if (r->depth == 0)
        return outside(r);
    for (;;) {
        const char *p = r->at;

        if (p == r->end) {
            mw_str name = r->open[r->depth - 1];
            mw__xml_bad(r, MW_ERR_PARSE, p, "it ends inside <%.*s>", name.len < 64 ? (int)name.len : 64, name.data);
            return MW__XML_FAILED;
        }
        if (*p == '\r') {
            r->at = p + 1;
            if (lone_return(r, p))
                return lend(r, "\n", 1, p + 1);
        } else if (r->cdata && !mw__xml_stands(r, p, MW_STR("]]>"))) {
            return section(r, p);
        } else if (r->cdata) {
            r->cdata = false;
            r->at = p + 3;
        } else if (*p == '&') {
            return referred(r, p);
        } else if (*p != '<') {
            return characters(r, p);
        } else if (mw__xml_stands(r, p, MW_STR("</"))) {
            return end_tag(r, p);
        } else if (mw__xml_stands(r, p, MW_STR("<!--"))) {
            if (!(p = skip_comment(r, p + 4)))
                return MW__XML_FAILED;
            r->at = p;
        } else if (mw__xml_stands(r, p, MW_STR("<![CDATA["))) {
            r->cdata = true;
            r->at = p + 9;
        } else if (mw__xml_stands(r, p, MW_STR("<?"))) {
            if (!(p = skip_instruction(r, p)))
                return MW__XML_FAILED;
            r->at = p;
        } else {
            return start_tag(r, p);
        }
    }
}

void mw__xml_attribute_text(mw__xml_reader *r, const mw__xml_attribute *a, mw_buf *out)
{
    const char *p = a->value.data, *end = p + a->value.len;

    while (p < end) { /* no reference fails: each was read before */
        char one[4];
        uint32_t c;

        if (*p == '&') {
            p = skip_reference(r, p, &c);
            mw_buf_add(out, one, mw_utf8_encode(one, c), NULL);
            continue;
        }
        if (*p != '\r' || lone_return(r, p))
            mw_buf_putc(out, mw__xml_is(*p, MW__XML_SPACE) ? ' ' : *p);
        p++;
    }
}
