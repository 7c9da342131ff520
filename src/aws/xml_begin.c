/*
 * Where an XML document begins: its mark, its declaration and its encoding. Relies on the
 * declaration being ASCII in each encoding that is taken. It must never guess an encoding: what is
 * none of the three is refused by its name.
 */
#include "aws/xml_internal.h"

#include <strings.h>

/* `name = "value"` of an XML declaration, white space first; false when it is none. */
static bool pseudo_attribute(const char **at, const char *end, mw_str *name, mw_str *value)
{
    const char *p = *at;
    char quote;

    if (p == end || !mw__xml_is(*p, MW__XML_SPACE))
        return false;
    while (p < end && mw__xml_is(*p, MW__XML_SPACE))
        p++;
    name->data = p;
    while (p < end && mw__xml_is(*p, MW__XML_NAME_START))
        p++;
    name->len = (size_t)(p - name->data);
    while (p < end && mw__xml_is(*p, MW__XML_SPACE))
        p++;
    if (p == end || *p++ != '=')
        return false;
    while (p < end && mw__xml_is(*p, MW__XML_SPACE))
        p++;
    if (p == end || (*p != '"' && *p != '\''))
        return false;
    quote = *p++;
    value->data = p;
    while (p < end && mw__xml_is(*p, MW__XML_NAME) && *p != ':')
        p++;
    value->len = (size_t)(p - value->data);
    if (p == end || *p != quote)
        return false;
    *at = p + 1;
    return true;
}

/* [23] from behind `<?xml` to @p end: the encoding's name, empty when there is none. */
static bool read_declaration(const char *p, const char *end, mw_str *encoding)
{
    static const char *const names[] = {"version", "encoding", "standalone"};
    size_t next = 0;
    mw_str name, value;

    *encoding = (mw_str){"", 0};
    for (;;) {
        const char *q = p;
        while (q < end && mw__xml_is(*q, MW__XML_SPACE))
            q++;
        if (q == end)
            return next > 0;
        if (!pseudo_attribute(&p, end, &name, &value))
            return false;
        while (next < MW_COUNT(names) && !mw__xml_named(name, names[next])) {
            if (next++ == 0)
                return false; /* the version is not optional */
        }
        if (next == 1) {
            if (!value.len || !mw__xml_is(*value.data, MW__XML_NAME_START) || *value.data == '_')
                return false;
            *encoding = value;
        }
        if (next == 2 && !mw__xml_named(value, "yes") && !mw__xml_named(value, "no"))
            return false;
        if (next++ == MW_COUNT(names))
            return false;
    }
}

static bool called(mw_str name, const char *other)
{
    return strlen(other) == name.len && strncasecmp(other, name.data, name.len) == 0;
}

/* ISO-8859-1 is the first 256 characters. */
static void convert(mw__xml_reader *r)
{
    size_t at = (size_t)(r->at - r->start);

    r->converted.max = 2 * (size_t)(r->end - r->start) + 1;
    for (const char *p = r->start; p < r->end; p++) {
        char one[4];
        mw_buf_add(&r->converted, one, mw_utf8_encode(one, (unsigned char)*p), NULL);
    }
    if (r->converted.failed != MW_OK) {
        mw__xml_bad(r, MW_ERR_NOMEM, r->at, "out of memory");
        return;
    }
    r->start = r->converted.data;
    r->end = r->start + r->converted.len;
    r->at = r->start + at; /* the declaration is ASCII */
}

static void apply_encoding(mw__xml_reader *r, mw_str name)
{
    if (!name.len || called(name, "UTF-8"))
        return;
    if (called(name, "ISO-8859-1")) {
        convert(r);
        return;
    }
    if (!called(name, "US-ASCII")) {
        mw__xml_bad(r, MW_ERR_PARSE, name.data, "encoding '%.*s' is not supported", name.len < 40 ? (int)name.len : 40,
                    name.data);
        return;
    }
    for (const char *p = r->at; p < r->end; p++) {
        if ((unsigned char)*p >= 0x80) {
            mw__xml_bad(r, MW_ERR_PARSE, p, "not well-formed: byte 0x%02X is not US-ASCII", (unsigned char)*p);
            return;
        }
    }
}

void mw__xml_begin(mw__xml_reader *r, const char *body, size_t len, mw_error *err)
{
    const char *close;
    mw_str encoding;

    r->start = r->at = body;
    r->end = body + len;
    r->err = err;
    r->status = MW_OK;
    r->depth = 0;
    r->began = r->empty = r->cdata = false;
    r->converted = (mw_buf){0};
    r->attribute_count = 0;
    if (mw__xml_stands(r, body, MW_STR("\xEF\xBB\xBF")))
        r->start = r->at = body + 3;
    if (mw__xml_stands(r, body, MW_STR("\xFF\xFE")) || mw__xml_stands(r, body, MW_STR("\xFE\xFF"))) {
        mw__xml_bad(r, MW_ERR_PARSE, body, "encoding 'UTF-16' is not supported");
        return;
    }
    if (!mw__xml_stands(r, r->at, MW_STR("<?xml")) || r->end - r->at < 6 || !mw__xml_is(r->at[5], MW__XML_SPACE))
        return;
    close = memmem(r->at, (size_t)(r->end - r->at), "?>", 2);
    if (!close || !read_declaration(r->at + 5, close, &encoding)) {
        mw__xml_bad(r, MW_ERR_PARSE, r->at, "the XML declaration is not well-formed");
        return;
    }
    r->at = close + 2;
    apply_encoding(r, encoding);
}

void mw__xml_finish(mw__xml_reader *r)
{
    mw_buf_clear(&r->converted);
}
