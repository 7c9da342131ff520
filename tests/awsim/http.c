/*
 * Requests: HTTP/1.1 heads, forms, and as much JSON and CBOR as finding one top-level member takes.
 *
 * All results point into the request's bytes or into the buffer that the caller hands over. Bodies
 * must have a Content-Length: no SDK sends anything else to the operations served here.
 */
#include "awsim.h"

#include <strings.h>

#define MAX_HEAD 65536

bool str_is(mw_str s, const char *literal)
{
    size_t n = strlen(literal);
    return s.data && s.len == n && memcmp(s.data, literal, n) == 0;
}

bool str_has(mw_str s, const char *literal)
{
    return s.data && memmem(s.data, s.len, literal, strlen(literal)) != NULL;
}

long long str_number(mw_str s, long long otherwise)
{
    long long n;
    if (!s.data)
        return otherwise;
    return mw_parse_int(s.data, s.len, &n) ? n : -1;
}

mw_str request_header(const struct request *r, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < r->headers; i++)
        if (r->header[i].name.len == n && strncasecmp(r->header[i].name.data, name, n) == 0)
            return r->header[i].value;
    return (mw_str){NULL, 0};
}

static bool parse_line(struct request *r, const char *line, const char *end)
{
    const char *a = memchr(line, ' ', (size_t)(end - line));
    const char *b = a ? memchr(a + 1, ' ', (size_t)(end - a - 1)) : NULL;
    if (!b || a[1] != '/' || end - b != 9 || memcmp(b + 1, "HTTP/1.", 7) != 0)
        return false;
    r->method = (mw_str){line, (size_t)(a - line)};
    r->target = (mw_str){a + 1, (size_t)(b - a - 1)};
    const char *q = memchr(a + 1, '?', r->target.len);
    r->path = (mw_str){a + 1, (size_t)((q ? q : b) - a - 1)};
    r->query = q ? (mw_str){q + 1, (size_t)(b - q - 1)} : (mw_str){b, 0};
    r->close = b[8] == '0';
    return true;
}

static bool parse_header(struct request *r, const char *line, const char *end)
{
    const char *colon = memchr(line, ':', (size_t)(end - line));
    if (!colon || colon == line || r->headers == MAX_HEADERS)
        return false;
    const char *v = colon + 1;
    while (v < end && (*v == ' ' || *v == '\t'))
        v++;
    while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    r->header[r->headers++] = (struct header){{line, (size_t)(colon - line)}, {v, (size_t)(end - v)}};
    return true;
}

int request_parse(struct request *r, const char *data, size_t len)
{
    const char *end = memmem(data, len, "\r\n\r\n", 4);
    if (!end)
        return len > MAX_HEAD ? -1 : 0;
    r->headers = 0;
    r->expects = false;
    bool first = true;
    for (const char *line = data; line < end + 2;) {
        const char *stop = memchr(line, '\r', (size_t)(end + 1 - line));
        if (!stop || stop[1] != '\n' || !(first ? parse_line(r, line, stop) : parse_header(r, line, stop)))
            return -1;
        first = false;
        line = stop + 2;
    }
    long long body = 0;
    for (size_t i = 0; i < r->headers; i++) {
        mw_str name = r->header[i].name, value = r->header[i].value;
        if (name.len == 14 && strncasecmp(name.data, "content-length", 14) == 0) {
            if (!mw_parse_int(value.data, value.len, &body) || body < 0 || body > (1 << 20))
                return -1;
        } else if (name.len == 17 && strncasecmp(name.data, "transfer-encoding", 17) == 0) {
            return -1;
        } else if (name.len == 10 && strncasecmp(name.data, "connection", 10) == 0) {
            r->close = value.len == 5 && strncasecmp(value.data, "close", 5) == 0;
        } else if (name.len == 6 && strncasecmp(name.data, "expect", 6) == 0) {
            r->expects = true;
        }
    }
    size_t head = (size_t)(end + 4 - data);
    r->body = (mw_str){end + 4, (size_t)body};
    r->size = head + (size_t)body;
    return len >= r->size ? 1 : 0;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static mw_str decode(mw_buf *keep, const char *s, const char *end)
{
    char *begin = mw_buf_reserve(keep, (size_t)(end - s) + 1, NULL), *p = begin;
    if (!p)
        return (mw_str){NULL, 0};
    while (s < end) {
        int high, low;
        if (*s == '%' && end - s > 2 && (high = nibble(s[1])) >= 0 && (low = nibble(s[2])) >= 0) {
            *p++ = (char)(high << 4 | low);
            s += 3;
        } else {
            *p++ = *s == '+' ? ' ' : *s;
            s++;
        }
    }
    mw_str r = {begin, (size_t)(p - begin)};
    mw_buf_grown(keep, r.len);
    return r;
}

bool params_add(struct params *p, mw_str form)
{
    /* One reservation for all: what was handed out must not move. */
    if (form.len == 0)
        return true;
    if (p->count == 0 && !mw_buf_reserve(&p->text, 2 << 20, NULL))
        return false;
    const char *s = form.data, *end = form.data + form.len;
    while (s < end) {
        const char *stop = memchr(s, '&', (size_t)(end - s));
        stop = stop ? stop : end;
        const char *eq = memchr(s, '=', (size_t)(stop - s));
        if (stop > s) {
            if (p->count == MAX_PARAMS)
                return false;
            struct param *n = &p->list[p->count++];
            n->key = decode(&p->text, s, eq ? eq : stop);
            n->value = decode(&p->text, eq ? eq + 1 : stop, stop);
        }
        s = stop + 1;
    }
    return true;
}

mw_str param(const struct params *p, const char *key)
{
    for (size_t i = 0; i < p->count; i++)
        if (str_is(p->list[i].key, key))
            return p->list[i].value;
    return (mw_str){NULL, 0};
}

/* ---- JSON: one member of the top object ------------------------------------------------------- */

static const char *json_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* Behind the value at p, or NULL. */
static const char *json_skip(const char *p, const char *end)
{
    int depth = 0;
    bool quoted = false;
    for (; p < end; p++) {
        if (quoted) {
            if (*p == '\\')
                p++;
            else if (*p == '"')
                quoted = false;
            if (quoted)
                continue;
        } else if (*p == '"') {
            quoted = true;
            continue;
        } else if (*p == '{' || *p == '[') {
            depth++;
            continue;
        } else if (depth > 0 && (*p == '}' || *p == ']')) {
            depth--;
        } else if (depth == 0 && (*p == ',' || *p == '}' || *p == ']')) {
            return p;
        } else {
            continue;
        }
        if (depth == 0)
            return p + 1;
    }
    return NULL;
}

static uint32_t json_unit(const char *p, const char *end)
{
    uint32_t u = 0;
    for (int i = 0; i < 4; i++) {
        int n = p + i < end ? nibble(p[i]) : -1;
        if (n < 0)
            return 0xFFFD;
        u = u << 4 | (uint32_t)n;
    }
    return u;
}

static mw_str json_string(const char *p, const char *end, mw_buf *keep)
{
    char *begin = mw_buf_reserve(keep, (size_t)(end - p) + 8, NULL), *o = begin;
    if (!o)
        return (mw_str){NULL, 0};
    for (; p < end; p++) {
        if (*p != '\\' || p + 1 == end) {
            *o++ = *p;
            continue;
        }
        p++;
        uint32_t u;
        switch (*p) {
        case 'n': *o++ = '\n'; break;
        case 't': *o++ = '\t'; break;
        case 'r': *o++ = '\r'; break;
        case 'b': *o++ = '\b'; break;
        case 'f': *o++ = '\f'; break;
        case 'u':
            u = json_unit(p + 1, end);
            p += 4;
            if (u >= 0xD800 && u < 0xDC00 && end - p > 6 && p[1] == '\\' && p[2] == 'u') {
                u = 0x10000 + ((u & 0x3FF) << 10) + (json_unit(p + 3, end) & 0x3FF);
                p += 6;
            }
            if (u < 0x80) {
                *o++ = (char)u;
            } else if (u < 0x800) {
                *o++ = (char)(0xC0 | u >> 6);
                *o++ = (char)(0x80 | (u & 63));
            } else if (u < 0x10000) {
                *o++ = (char)(0xE0 | u >> 12);
                *o++ = (char)(0x80 | (u >> 6 & 63));
                *o++ = (char)(0x80 | (u & 63));
            } else {
                *o++ = (char)(0xF0 | u >> 18);
                *o++ = (char)(0x80 | (u >> 12 & 63));
                *o++ = (char)(0x80 | (u >> 6 & 63));
                *o++ = (char)(0x80 | (u & 63));
            }
            break;
        default: *o++ = *p; break;
        }
    }
    mw_str r = {begin, (size_t)(o - begin)};
    mw_buf_grown(keep, r.len);
    return r;
}

mw_str json_member(mw_str body, const char *key, mw_buf *keep)
{
    mw_str none = {NULL, 0};
    const char *end = body.data + body.len, *p = body.data;
    if (!p || (p = json_space(p, end)) == end || *p != '{')
        return none;
    if (keep->cap == 0 && !mw_buf_reserve(keep, 2 << 20, NULL)) /* nothing handed out may move */
        return none;
    for (p++;;) {
        p = json_space(p, end);
        if (p == end || *p != '"')
            return none;
        const char *name = p + 1;
        if (!(p = json_skip(p, end)))
            return none;
        mw_str found = {name, (size_t)(p - 1 - name)};
        p = json_space(p, end);
        if (p == end || *p != ':')
            return none;
        const char *value = json_space(p + 1, end);
        if (value == end || !(p = json_skip(value, end)))
            return none;
        if (str_is(found, key)) {
            if (*value == '"')
                return json_string(value + 1, p - 1, keep);
            while (p > value && (p[-1] == ' ' || p[-1] == '\n'))
                p--;
            mw_str raw = {value, (size_t)(p - value)};
            return str_is(raw, "null") ? none : raw;
        }
        p = json_space(p, end);
        if (p == end || *p != ',')
            return none;
        p++;
    }
}

/* ---- CBOR: the same, for texts ------------------------------------------------------------------ */

struct cbor {
    const unsigned char *p, *end;
};

/* Major type and argument; 31 in *info says an indefinite length. False at the end. */
static bool cbor_head(struct cbor *c, unsigned *major, unsigned *info, uint64_t *n)
{
    if (c->p == c->end)
        return false;
    *major = *c->p >> 5;
    *info = *c->p++ & 31;
    *n = *info;
    if (*info < 24 || *info == 31)
        return true;
    size_t bytes = (size_t)1 << (*info - 24);
    if (*info > 27 || (size_t)(c->end - c->p) < bytes)
        return false;
    for (*n = 0; bytes; bytes--)
        *n = *n << 8 | *c->p++;
    return true;
}

static bool cbor_skip(struct cbor *c, int depth)
{
    unsigned major, info;
    uint64_t n;
    if (depth > 32 || !cbor_head(c, &major, &info, &n))
        return false;
    if (major == 2 || major == 3) {
        if (info == 31 || n > (uint64_t)(c->end - c->p))
            return false;
        c->p += n;
    } else if (major == 4 || major == 5) {
        for (uint64_t i = 0; info == 31 || i < n; i++) {
            if (info == 31 && c->p < c->end && *c->p == 0xff) {
                c->p++;
                return true;
            }
            if (!cbor_skip(c, depth + 1) || (major == 5 && !cbor_skip(c, depth + 1)))
                return false;
        }
    } else if (major == 6) {
        return cbor_skip(c, depth + 1);
    }
    return true;
}

mw_str cbor_text(mw_str body, const char *key)
{
    mw_str none = {NULL, 0};
    struct cbor c = {(const unsigned char *)body.data, (const unsigned char *)body.data + body.len};
    unsigned major, info;
    uint64_t pairs, n;
    if (!body.data || !cbor_head(&c, &major, &info, &pairs) || major != 5)
        return none;
    for (uint64_t i = 0; info == 31 || i < pairs; i++) {
        unsigned m, k;
        if (!cbor_head(&c, &m, &k, &n) || m != 3 || k == 31 || n > (uint64_t)(c.end - c.p))
            return none;
        mw_str name = {(const char *)c.p, (size_t)n};
        c.p += n;
        if (str_is(name, key)) {
            if (!cbor_head(&c, &m, &k, &n) || m != 3 || k == 31 || n > (uint64_t)(c.end - c.p))
                return none;
            return (mw_str){(const char *)c.p, (size_t)n};
        }
        if (!cbor_skip(&c, 0))
            return none;
    }
    return none;
}
