/*
 * The function library of endpoint rule sets: the twelve functions that AWS's rule sets call. All
 * are pure; strings they make lie in the evaluation's arena. None may touch the network, the
 * environment or the clock.
 *
 * Facts: Smithy 2.0, "Rules engine standard library" and "AWS rules engine library functions".
 */
#include "aws/endpoint_internal.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

rule_value mw__rule_string(const char *text)
{
    return (rule_value){.kind = text ? RULE_STRING : RULE_UNSET, .text = text};
}

static rule_value boolean(bool truth)
{
    return (rule_value){.kind = RULE_BOOL, .truth = truth};
}

static const char *kind_name(rule_kind k)
{
    static const char *const names[] = {"nothing", "a boolean", "a number", "a string", "a list", "a record"};
    return names[k];
}

static mw_status want(const char *function, const rule_value *v, rule_kind kind, mw_error *err)
{
    if (v->kind == kind)
        return MW_OK;
    return mw_fail(err, MW_ERR_INVALID, "%s: expected %s, found %s", function, kind_name(kind), kind_name(v->kind));
}

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory");
}

/* ---- records ---- */

typedef struct record {
    rule_field *fields;
    rule_value *values;
    size_t count;
} record;

#define RECORD_MAX 8

static bool record_new(mw_arena *arena, record *r)
{
    r->fields = mw_arena_alloc(arena, RECORD_MAX * sizeof(*r->fields));
    r->values = mw_arena_alloc(arena, RECORD_MAX * sizeof(*r->values));
    r->count = 0;
    return r->fields && r->values;
}

static void record_add(record *r, const char *name, rule_value v)
{
    r->values[r->count] = v;
    r->fields[r->count] = (rule_field){name, &r->values[r->count]};
    r->count++;
}

static rule_value record_done(const record *r)
{
    return (rule_value){.kind = RULE_RECORD, .fields = r->fields, .count = r->count};
}

/* One step of a path: `name`, `name[n]` or `[n]`. */
static rule_value step(const rule_value *v, const char *part, size_t len)
{
    const char *bracket = memchr(part, '[', len);
    size_t name_len = bracket ? (size_t)(bracket - part) : len;
    const rule_value *at = v;
    long long index;

    if (name_len > 0) {
        at = NULL;
        for (size_t i = 0; v->kind == RULE_RECORD && i < v->count && !at; i++)
            if (strlen(v->fields[i].name) == name_len && memcmp(v->fields[i].name, part, name_len) == 0)
                at = v->fields[i].value;
    }
    if (!at)
        return (rule_value){0};
    if (!bracket)
        return *at;
    if (len - name_len < 3 || part[len - 1] != ']' || !mw_parse_int(bracket + 1, len - name_len - 2, &index) ||
        at->kind != RULE_LIST || index < 0 || (unsigned long long)index >= at->count)
        return (rule_value){0};
    return at->items[index];
}

rule_value mw__rule_attribute(const rule_value *v, const char *path)
{
    rule_value at = *v;

    while (*path && at.kind != RULE_UNSET) {
        size_t len = strcspn(path, ".");
        at = step(&at, path, len);
        path += len + (path[len] == '.');
    }
    return at;
}

/* ---- plain functions ---- */

static mw_status is_set(const rule_library *lib, const rule_value *a, rule_value *out, mw_error *err)
{
    (void)lib, (void)err;
    *out = boolean(a[0].kind != RULE_UNSET);
    return MW_OK;
}

static mw_status not_(const rule_library *lib, const rule_value *a, rule_value *out, mw_error *err)
{
    (void)lib, (void)err;
    *out = boolean(a[0].kind == RULE_UNSET || (a[0].kind == RULE_BOOL && !a[0].truth));
    return MW_OK;
}

static mw_status boolean_equals(const rule_library *lib, const rule_value *a, rule_value *out, mw_error *err)
{
    mw_status st = want("booleanEquals", &a[0], RULE_BOOL, err);

    (void)lib;
    if (st == MW_OK)
        st = want("booleanEquals", &a[1], RULE_BOOL, err);
    if (st == MW_OK)
        *out = boolean(a[0].truth == a[1].truth);
    return st;
}

static mw_status string_equals(const rule_library *lib, const rule_value *a, rule_value *out, mw_error *err)
{
    mw_status st = want("stringEquals", &a[0], RULE_STRING, err);

    (void)lib;
    if (st == MW_OK)
        st = want("stringEquals", &a[1], RULE_STRING, err);
    if (st == MW_OK)
        *out = boolean(strcmp(a[0].text, a[1].text) == 0);
    return st;
}

static mw_status get_attr(const rule_library *lib, const rule_value *a, rule_value *out, mw_error *err)
{
    mw_status st = want("getAttr", &a[1], RULE_STRING, err);

    (void)lib;
    if (st == MW_OK)
        *out = mw__rule_attribute(&a[0], a[1].text);
    return st;
}

static mw_status substring(const rule_library *lib, const rule_value *a, rule_value *out, mw_error *err)
{
    mw_status st;
    size_t len, from, to;

    if (a[0].kind == RULE_UNSET)
        return MW_OK;
    if ((st = want("substring", &a[0], RULE_STRING, err)) != MW_OK ||
        (st = want("substring", &a[1], RULE_INT, err)) != MW_OK ||
        (st = want("substring", &a[2], RULE_INT, err)) != MW_OK ||
        (st = want("substring", &a[3], RULE_BOOL, err)) != MW_OK)
        return st;
    len = strlen(a[0].text);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)a[0].text[i] >= 0x80)
            return MW_OK;
    if (a[1].number < 0 || a[1].number >= a[2].number || (uint64_t)a[2].number > len)
        return MW_OK;
    from = a[3].truth ? len - (size_t)a[2].number : (size_t)a[1].number;
    to = a[3].truth ? len - (size_t)a[1].number : (size_t)a[2].number;
    *out = mw__rule_string(mw_arena_strndup(lib->arena, a[0].text + from, to - from));
    return out->text ? MW_OK : no_memory(err);
}

static mw_status uri_encode(const rule_library *lib, const rule_value *a, rule_value *out, mw_error *err)
{
    MW_AUTO(mw_buf) b = {.max = 1 << 16};
    mw_status st;

    if (a[0].kind == RULE_UNSET)
        return MW_OK;
    if ((st = want("uriEncode", &a[0], RULE_STRING, err)) != MW_OK)
        return st;
    mw_uri_encode(&b, a[0].text, strlen(a[0].text), "");
    if ((st = mw_buf_status(&b, err)) != MW_OK)
        return st;
    *out = mw__rule_string(mw_arena_strndup(lib->arena, b.data ? b.data : "", b.len));
    return out->text ? MW_OK : no_memory(err);
}

/* ---- hosts and URLs ---- */

static bool one_label(const char *s, size_t len)
{
    if (len == 0 || len > 63 || s[0] == '-' || s[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)s[i]) && s[i] != '-')
            return false;
    return true;
}

bool mw__host_label_valid(const char *s, bool subdomains)
{
    if (!subdomains)
        return one_label(s, strlen(s));
    for (;;) {
        size_t len = strcspn(s, ".");
        if (!one_label(s, len))
            return false;
        if (!s[len])
            return true;
        s += len + 1;
    }
}

static mw_status host_label_arguments(const char *name, const rule_value *a, mw_error *err)
{
    mw_status st = want(name, &a[0], RULE_STRING, err);

    return st == MW_OK ? want(name, &a[1], RULE_BOOL, err) : st;
}

static mw_status is_valid_host_label(const rule_library *lib, const rule_value *a, rule_value *out, mw_error *err)
{
    mw_status st;

    (void)lib;
    *out = boolean(false);
    if (a[0].kind == RULE_UNSET)
        return MW_OK;
    st = host_label_arguments("isValidHostLabel", a, err);
    if (st == MW_OK)
        out->truth = mw__host_label_valid(a[0].text, a[1].truth);
    return st;
}

/* Dotted quad of one to three digits each, whatever their value: what S3 refuses as a name. */
static bool looks_like_ipv4(const char *s)
{
    for (int part = 0; part < 4; part++) {
        size_t n = strspn(s, "0123456789");
        if (n < 1 || n > 3)
            return false;
        s += n;
        if (part < 3 && *s++ != '.')
            return false;
    }
    return *s == '\0';
}

/* S3 User Guide, "General purpose bucket naming rules". */
static mw_status is_virtual_hostable(const rule_library *lib, const rule_value *a, rule_value *out, mw_error *err)
{
    mw_status st;
    bool upper = false;

    (void)lib;
    *out = boolean(false);
    if (a[0].kind == RULE_UNSET)
        return MW_OK;
    st = host_label_arguments("aws.isVirtualHostableS3Bucket", a, err);
    if (st != MW_OK)
        return st;
    for (const char *p = a[0].text; *p; p++)
        upper |= isupper((unsigned char)*p) != 0;
    out->truth =
        strlen(a[0].text) >= 3 && !upper && !looks_like_ipv4(a[0].text) && mw__host_label_valid(a[0].text, a[1].truth);
    return MW_OK;
}

static bool bracketed_ipv6(const char *host)
{
    char inner[INET6_ADDRSTRLEN];
    struct in6_addr address;
    size_t len = strlen(host);

    if (len < 4 || len - 2 >= sizeof(inner) || host[0] != '[' || host[len - 1] != ']')
        return false;
    memcpy(inner, host + 1, len - 2);
    inner[len - 2] = '\0';
    return inet_pton(AF_INET6, inner, &address) == 1;
}

mw_status mw__rule_url_parse(mw_arena *arena, const char *text, rule_url *out)
{
    const char *rest, *at, *colon;
    size_t authority_len;
    char *authority, *host;
    long long port = 0;

    *out = (rule_url){0};
    if (strncasecmp(text, "https://", 8) == 0) {
        out->scheme = "https";
        rest = text + 8;
    } else if (strncasecmp(text, "http://", 7) == 0) {
        out->scheme = "http";
        rest = text + 7;
    } else {
        return MW_ERR_INVALID;
    }
    if (strpbrk(rest, "?#"))
        return MW_ERR_INVALID;
    for (const char *p = rest; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7F || *p == '\\')
            return MW_ERR_INVALID;
    authority_len = strcspn(rest, "/");
    authority = mw_arena_strndup(arena, rest, authority_len);
    host = mw_arena_strndup(arena, rest, authority_len);
    out->path = mw_arena_strdup(arena, rest + authority_len);
    if (!authority || !host || !out->path)
        return MW_ERR_NOMEM;
    out->authority = authority;
    at = strrchr(host, '@');
    if (at)
        host += (at - host) + 1;
    colon = strrchr(host, ':');
    if (colon && colon[1] != '\0' && !strchr(colon, ']')) {
        if (!mw_parse_int(colon + 1, strlen(colon + 1), &port) || port < 1 || port > 65535)
            return MW_ERR_INVALID;
    }
    if (colon && !strchr(colon, ']'))
        host[colon - host] = '\0';
    if (!*host)
        return MW_ERR_INVALID;
    out->host = host;
    out->port = (int)port;
    out->is_ip = looks_like_ipv4(host) || bracketed_ipv6(host);
    return MW_OK;
}

/* RFC 3986 dot segments removed, what is not a path character encoded, '/' at the end. */
static const char *normalized_path(mw_arena *arena, const char *path)
{
    MW_AUTO(mw_buf) b = {.max = 1 << 16};

    for (const char *p = path; *p;) {
        size_t len = strcspn(p + 1, "/"); /* p stands on a '/' */
        const char *segment = p + 1;

        p = segment + len;
        if (len == 1 && segment[0] == '.')
            continue;
        if (len == 2 && segment[0] == '.' && segment[1] == '.') {
            while (b.len > 0 && b.data[--b.len] != '/')
                continue;
            continue;
        }
        mw_buf_putc(&b, '/');
        mw_uri_encode(&b, segment, len, "%");
    }
    if (b.len == 0 || b.data[b.len - 1] != '/')
        mw_buf_putc(&b, '/');
    return b.failed == MW_OK ? mw_arena_strndup(arena, b.data, b.len) : NULL;
}

static mw_status parse_url(const rule_library *lib, const rule_value *a, rule_value *out, mw_error *err)
{
    rule_url url;
    record r;
    const char *normalized;
    mw_status st;

    if (a[0].kind == RULE_UNSET)
        return MW_OK;
    if ((st = want("parseURL", &a[0], RULE_STRING, err)) != MW_OK)
        return st;
    st = mw__rule_url_parse(lib->arena, a[0].text, &url);
    if (st != MW_OK)
        return st == MW_ERR_NOMEM ? no_memory(err) : MW_OK;
    normalized = normalized_path(lib->arena, url.path);
    if (!normalized || !record_new(lib->arena, &r))
        return no_memory(err);
    record_add(&r, "scheme", mw__rule_string(url.scheme));
    record_add(&r, "authority", mw__rule_string(url.authority));
    record_add(&r, "path", mw__rule_string(url.path));
    record_add(&r, "normalizedPath", mw__rule_string(normalized));
    record_add(&r, "isIp", boolean(url.is_ip));
    *out = record_done(&r);
    return MW_OK;
}

/* ---- AWS ---- */

static mw_status aws_partition(const rule_library *lib, const rule_value *a, rule_value *out, mw_error *err)
{
    static const char *const texts[] = {"dnsSuffix", "dualStackDnsSuffix", "implicitGlobalRegion"};
    static const char *const flags[] = {"supportsFIPS", "supportsDualStack"};
    const char *region = a[0].kind == RULE_STRING ? a[0].text : NULL;
    mw_val p = mw__partition_find(lib->doc, lib->partitions, region);
    mw_val outputs = mw_val_get(lib->doc, p, "outputs");
    record r;

    if (mw_val_kind(lib->doc, outputs) != MW_KIND_OBJECT)
        return mw_fail(err, MW_ERR_INVALID, "aws.partition: the models have no partitions");
    if (!record_new(lib->arena, &r))
        return no_memory(err);
    record_add(&r, "name", mw__rule_string(mw_val_get_str(lib->doc, p, "id", NULL)));
    for (size_t i = 0; i < MW_COUNT(texts); i++)
        record_add(&r, texts[i], mw__rule_string(mw_val_get_str(lib->doc, outputs, texts[i], NULL)));
    for (size_t i = 0; i < MW_COUNT(flags); i++)
        record_add(&r, flags[i], boolean(mw_val_get_bool(lib->doc, outputs, flags[i], false)));
    *out = record_done(&r);
    return MW_OK;
}

/* The resource part split at ':' and '/'. */
static mw_status split_resource(mw_arena *arena, const char *text, rule_value *out, mw_error *err)
{
    size_t count = 1, at = 0;
    rule_value *items;

    for (const char *p = text; *p; p++)
        count += *p == ':' || *p == '/';
    items = mw_arena_alloc(arena, count * sizeof(*items));
    if (!items)
        return no_memory(err);
    for (;;) {
        size_t len = strcspn(text, ":/");
        items[at] = mw__rule_string(mw_arena_strndup(arena, text, len));
        if (!items[at++].text)
            return no_memory(err);
        if (!text[len])
            break;
        text += len + 1;
    }
    *out = (rule_value){.kind = RULE_LIST, .items = items, .count = count};
    return MW_OK;
}

static mw_status parse_arn(const rule_library *lib, const rule_value *a, rule_value *out, mw_error *err)
{
    static const char *const names[] = {"partition", "service", "region", "accountId"};
    const char *rest;
    rule_value resource;
    record r;
    mw_status st;

    if (a[0].kind == RULE_UNSET)
        return MW_OK;
    if ((st = want("aws.parseArn", &a[0], RULE_STRING, err)) != MW_OK)
        return st;
    if (!mw_str_starts(a[0].text, "arn:"))
        return MW_OK;
    if (!record_new(lib->arena, &r))
        return no_memory(err);
    rest = a[0].text + 4;
    for (size_t i = 0; i < MW_COUNT(names); i++) {
        size_t len = strcspn(rest, ":");
        const char *part;

        if (!rest[len] || (i < 2 && len == 0)) /* partition and service must not be empty */
            return MW_OK;
        part = mw_arena_strndup(lib->arena, rest, len);
        if (!part)
            return no_memory(err);
        record_add(&r, names[i], mw__rule_string(part));
        rest += len + 1;
    }
    if (!*rest)
        return MW_OK;
    if ((st = split_resource(lib->arena, rest, &resource, err)) != MW_OK)
        return st;
    record_add(&r, "resourceId", resource);
    *out = record_done(&r);
    return MW_OK;
}

const rule_function_entry mw__rule_functions[MW_RULE_FUNCTION_COUNT] = {
    {"booleanEquals", 2, boolean_equals},
    {"getAttr", 2, get_attr},
    {"isSet", 1, is_set},
    {"stringEquals", 2, string_equals},
    {"aws.partition", 1, aws_partition},
    {"not", 1, not_},
    {"substring", 4, substring},
    {"isValidHostLabel", 2, is_valid_host_label},
    {"parseURL", 1, parse_url},
    {"aws.parseArn", 1, parse_arn},
    {"aws.isVirtualHostableS3Bucket", 2, is_virtual_hostable},
    {"uriEncode", 1, uri_encode},
};
