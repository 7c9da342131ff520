/*
 * XML answers (query, EC2, rest-xml) straight from expat's events to document values: a stack of
 * frames, each a shape of the model, and one list of finished values that the open frames share. No
 * tree of the XML is made; what the model does not know costs a counter.
 *
 * Members are kept as values and put into their object when its element ends, because a flattened
 * list's elements may stand between other members. Hostile input meets ceilings: depth, expat's
 * protection against entity amplification, and no document type declaration at all.
 */
#include "aws/protocol_internal.h"

#include "base/hash.h"

#include <expat.h>
#include <string.h>

enum kind { FR_WRAP, FR_STRUCT, FR_LIST, FR_MAP, FR_ENTRY, FR_TEXT };

/* One open element that the model knows. */
struct frame {
    enum kind kind;
    const mw_shape *shape;
    const mw_member *member; /* what the finished value is to the parent; NULL for the root */
    const mw_member
        *owner;   /* the flattened list or map of the parent that it belongs to, or NULL */
    size_t first; /* its values: items[first..] */
    mw_val name;  /* of `member` as a key, or absent */
};

/* A finished value, waiting for its container to end. */
struct item {
    const mw_member *member; /* of a structure; NULL in a list */
    mw_val name;             /* of `member` as a key, or absent: then it is looked up */
    mw_val key;              /* of a map entry */
    mw_val value;
    bool flat; /* one element of the flattened collection `member` */
    bool done; /* already emitted */
};

/* A member met before: answers repeat the same few for each item. */
struct known {
    const mw_shape *shape; /* NULL: not to be met again */
    const mw_member *member;
    mw_val name;
};

#define KNOWN_COUNT 256u

struct mw__xml {
    XML_Parser parser;
    mw_doc_builder *b;
    mw_error *err;
    mw_status failed;
    const mw_shape *shape;
    mw__xml_root mode;
    const char *wrapper;
    bool found;     /* the structure's element was met */
    unsigned skip;  /* depth inside an element that is not wanted */
    unsigned depth; /* of frames */
    struct frame frames[MW__PROTOCOL_DEPTH];
    struct known known[KNOWN_COUNT];
    struct item *items;
    size_t count, cap;
    mw_buf text;
    char root[64];
    char unknown[128]; /* a union's member that the model lacks, of the union at unknown_depth */
    unsigned unknown_depth;
    const mw_member *root_scalar; /* the root's text, when the root is named like this member */
};

/* expat expects no zeroes, and its buffers are large. */
static void *unzeroed(size_t size)
{
    return mw_realloc(NULL, size);
}

static const XML_Memory_Handling_Suite memory = {unzeroed, mw_realloc, mw_free};

/* ---- failing ---- */

static void where(const mw__xml *x, mw_buf *path)
{
    for (unsigned i = 0; i < x->depth; i++) {
        const struct frame *f = &x->frames[i];
        const mw_member *m = f->owner ? f->owner : f->member;
        if (!m || f->kind == FR_ENTRY)
            continue;
        if (mw_member_name(m))
            mw_buf_printf(path, "%s%s", path->len ? "." : "", mw_member_name(m));
        else if (i && x->frames[i - 1].kind == FR_LIST)
            mw_buf_printf(path, "[%zu]", f->first - x->frames[i - 1].first);
    }
}

static void fail(mw__xml *x, mw_status st, const char *message)
{
    MW_AUTO(mw_buf) path = {.max = 4096};

    if (x->failed != MW_OK)
        return;
    where(x, &path);
    x->failed = st;
    mw_fail(x->err, st, "%s%s%s (line %lu)", path.len ? path.data : "", path.len ? ": " : "",
            message, (unsigned long)XML_GetCurrentLineNumber(x->parser));
    XML_StopParser(x->parser, XML_FALSE);
}

static void fail_text(mw__xml *x, mw_status st, const mw_error *lower)
{
    fail(x, st, lower->message[0] ? lower->message : mw_status_name(st));
}

/* ---- values ---- */

static struct item *push(mw__xml *x)
{
    if (x->count == x->cap) {
        size_t cap = x->cap ? x->cap * 2 : 64;
        struct item *grown = mw_realloc(x->items, cap * sizeof(*grown));
        if (!grown) {
            fail(x, MW_ERR_NOMEM, "out of memory");
            return NULL;
        }
        x->items = grown;
        x->cap = cap;
    }
    x->items[x->count] =
        (struct item){.name = MW_VAL_ABSENT, .key = MW_VAL_ABSENT, .value = MW_VAL_ABSENT};
    return &x->items[x->count++];
}

static void emit_flat(mw__xml *x, size_t from, size_t to)
{
    const mw_member *m = x->items[from].member;
    bool map = mw_shape_type_of(mw_member_shape(m)) == MW_SHAPE_MAP;

    if (map)
        mw_doc_begin_object(x->b);
    else
        mw_doc_begin_array(x->b);
    for (size_t i = from; i < to; i++) {
        struct item *it = &x->items[i];
        if (it->member != m)
            continue;
        it->done = true;
        if (map)
            mw_doc_key_val(x->b, it->key);
        mw_doc_add_val(x->b, it->value);
    }
    if (map)
        mw_doc_end_object(x->b);
    else
        mw_doc_end_array(x->b);
}

/* The members collected since @p from, into the object that is open. */
static void emit_members(mw__xml *x, const mw_shape *s, size_t from, const char *unknown)
{
    size_t to = x->count;

    for (size_t i = from; i < to; i++) {
        struct item *it = &x->items[i];
        if (it->done)
            continue;
        if (it->name != MW_VAL_ABSENT)
            mw_doc_key_val(x->b, it->name);
        else
            mw_doc_ckey(x->b, mw_member_name(it->member));
        if (it->flat)
            emit_flat(x, i, to);
        else
            mw_doc_add_val(x->b, it->value);
    }
    if (to == from && unknown && mw_shape_union(s)) {
        mw_doc_ckey(x->b, "SDK_UNKNOWN_MEMBER");
        mw_doc_begin_object(x->b);
        mw_doc_member_str(x->b, "name", unknown);
        mw_doc_end_object(x->b);
    }
    x->count = from;
}

/* The value of the frame on top, pushed on the builder; false when it has none. */
static bool finish_value(mw__xml *x, const struct frame *f)
{
    mw_error lower;
    bool added = true;
    mw_status st;

    switch (f->kind) {
    case FR_TEXT:
        lower.message[0] = '\0'; /* one for each value: not worth zeroing whole */
        st = mw_buf_status(&x->text, &lower);
        if (st == MW_OK)
            st = mw__add_text(x->b, f->shape, x->text.data ? x->text.data : "", x->text.len, &added,
                              &lower);
        if (st != MW_OK)
            fail_text(x, st, &lower);
        return st == MW_OK && added;
    case FR_STRUCT:
        mw_doc_begin_object(x->b);
        emit_members(x, f->shape, f->first,
                     x->unknown_depth == x->depth && x->unknown[0] ? x->unknown : NULL);
        mw_doc_end_object(x->b);
        return true;
    case FR_LIST:
        mw_doc_begin_array(x->b);
        for (size_t i = f->first; i < x->count; i++)
            mw_doc_add_val(x->b, x->items[i].value);
        mw_doc_end_array(x->b);
        break;
    case FR_MAP:
        mw_doc_begin_object(x->b);
        for (size_t i = f->first; i < x->count; i++) {
            mw_doc_key_val(x->b, x->items[i].key);
            mw_doc_add_val(x->b, x->items[i].value);
        }
        mw_doc_end_object(x->b);
        break;
    default: return false;
    }
    x->count = f->first;
    return true;
}

/* An entry's two values become one item with a key. */
static void finish_entry(mw__xml *x, const struct frame *f)
{
    mw_val key = MW_VAL_ABSENT, value = MW_VAL_ABSENT;
    struct item *it;

    for (size_t i = f->first; i < x->count; i++) {
        if (x->items[i].member == mw_shape_key(f->shape))
            key = x->items[i].value;
        else
            value = x->items[i].value;
    }
    x->count = f->first;
    if (key == MW_VAL_ABSENT || value == MW_VAL_ABSENT) {
        fail(x, MW_ERR_PARSE, "a map entry lacks its key or its value");
        return;
    }
    if ((it = push(x)) != NULL) {
        it->member = f->owner;
        it->flat = f->owner != NULL;
        it->key = key;
        it->value = value;
    }
}

/* ---- elements ---- */

static enum kind kind_of(const mw_shape *s)
{
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRUCTURE: return FR_STRUCT;
    case MW_SHAPE_LIST: return FR_LIST;
    case MW_SHAPE_MAP: return FR_MAP;
    default: return FR_TEXT;
    }
}

static struct frame *open_frame(mw__xml *x, enum kind kind, const mw_shape *s, const mw_member *m)
{
    struct frame *f;

    if (x->depth == MW__PROTOCOL_DEPTH) {
        fail(x, MW_ERR_LIMIT, "XML nests too deeply");
        return NULL;
    }
    f = &x->frames[x->depth++];
    if (x->unknown_depth >= x->depth)
        x->unknown_depth = 0; /* that union has ended */
    *f = (struct frame){
        .kind = kind, .shape = s, .member = m, .first = x->count, .name = MW_VAL_ABSENT};
    if (kind == FR_TEXT)
        mw_buf_reset(&x->text);
    return f;
}

static void read_attributes(mw__xml *x, const mw_shape *s, const char **atts)
{
    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        const char *name, *local, *colon;
        if (!mw_member_xml_attribute(m))
            continue;
        name = mw__wire_name(m);
        colon = strchr(name, ':');
        local = colon ? colon + 1 : name;
        for (const char **a = atts; *a; a += 2) {
            const char *have = strchr(*a, ':');
            mw_error lower = {0};
            struct item *it;
            bool added;
            mw_status st;
            /* `xsi:type`: the prefix is the document's choice, that there is one is not. */
            if (colon ? !have || strcmp(have + 1, local) != 0 : strcmp(*a, local) != 0)
                continue;
            st = mw__add_text(x->b, mw_member_shape(m), a[1], strlen(a[1]), &added, &lower);
            if (st != MW_OK) {
                fail_text(x, st, &lower);
                return;
            }
            if (added && (it = push(x)) != NULL) {
                it->member = m;
                it->value = mw_doc_pop(x->b);
            }
        }
    }
}

static const char *flat_name(const mw_member *m)
{
    if (!mw_member_flattened(m) || mw_shape_type_of(mw_member_shape(m)) != MW_SHAPE_LIST)
        return NULL;
    return mw_member_location_name(mw_shape_element(mw_member_shape(m)));
}

/* A flattened list is called by its element's name where that has one. */
static const mw_member *member_of(const mw_shape *s, const char *name, size_t len)
{
    const mw_member *m = mw_shape_member_wire(s, name, len);
    const char *own = m ? flat_name(m) : NULL;

    if (m && (!own || strcmp(own, name) == 0))
        return m;
    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *other = mw_shape_member_at(s, i);
        const char *flat = flat_name(other);
        if (flat && strcmp(flat, name) == 0)
            return other;
    }
    return m;
}

static const struct known *known_member(mw__xml *x, const mw_shape *s, const char *name, size_t len)
{
    struct known *k = &x->known[(mw_hash64(name, len) ^ (size_t)s / sizeof(void *)) % KNOWN_COUNT];
    const mw_member *m;

    if (k->shape == s && strcmp(mw__wire_name(k->member), name) == 0)
        return k;
    if (!(m = member_of(s, name, len)))
        return NULL;
    mw_doc_add_cstr(x->b, mw_member_name(m));
    *k = (struct known){.shape = strcmp(mw__wire_name(m), name) == 0 ? s : NULL, .member = m,
                        .name = mw_doc_pop(x->b)};
    return k;
}

static void start_member(mw__xml *x, struct frame *f, const char *name, const char **atts)
{
    size_t len = strlen(name);
    const struct known *k = known_member(x, f->shape, name, len);
    const mw_member *m = k ? k->member : NULL;
    const mw_shape *s, *target;
    struct frame *child;
    bool flat;

    if (!m || mw_member_location(m) != MW_LOC_BODY || mw_member_xml_attribute(m)) {
        if (!m && mw_shape_union(f->shape) && len < sizeof(x->unknown)) {
            memcpy(x->unknown, name, len + 1);
            x->unknown_depth = x->depth;
        }
        x->skip = 1;
        return;
    }
    target = s = mw_member_shape(m);
    flat = mw_member_flattened(m);
    if (flat && mw_shape_type_of(s) == MW_SHAPE_LIST) {
        s = mw_member_shape(mw_shape_element(s));
        child = open_frame(x, kind_of(s), s, m);
    } else if (flat && mw_shape_type_of(s) == MW_SHAPE_MAP) {
        child = open_frame(x, FR_ENTRY, s, m);
    } else {
        flat = false;
        child = open_frame(x, kind_of(s), s, m);
    }
    if (!child)
        return;
    child->name = k->name;
    child->owner = flat && (mw_shape_type_of(target) == MW_SHAPE_LIST ||
                            mw_shape_type_of(target) == MW_SHAPE_MAP)
                       ? m
                       : NULL;
    if (child->kind == FR_STRUCT && atts[0])
        read_attributes(x, s, atts);
}

static void start_reference(mw__xml *x, const mw_member *m, const char **atts)
{
    const mw_shape *s = mw_member_shape(m);
    struct frame *f = open_frame(x, kind_of(s), s, m);

    if (f && f->kind == FR_STRUCT && atts[0])
        read_attributes(x, s, atts);
}

static void start_structure(mw__xml *x, const char **atts)
{
    x->found = true;
    if (open_frame(x, FR_STRUCT, x->shape, NULL) && atts[0])
        read_attributes(x, x->shape, atts);
}

/* The root, and what stands between it and the structure. */
static void start_outer(mw__xml *x, const char *name, const char **atts)
{
    bool is_root = x->depth == 0;

    if (is_root) {
        strncpy(x->root, name, sizeof(x->root) - 1);
        if (strcasecmp(name, "html") == 0) {
            fail(x, MW_ERR_PARSE, "the answer is an HTML page, not the service's XML");
            return;
        }
    }
    switch (x->mode) {
    case MW__XML_ROOT:
        start_structure(x, atts);
        if (x->shape) {
            const mw_member *m = mw_shape_member_wire(x->shape, name, strlen(name));
            if (m && kind_of(mw_member_shape(m)) == FR_TEXT && mw_member_location(m) == MW_LOC_BODY)
                x->root_scalar = m;
        }
        return;
    case MW__XML_WRAPPED:
        if (!is_root && strcmp(name, x->wrapper) == 0)
            start_structure(x, atts);
        else if (is_root)
            open_frame(x, FR_WRAP, NULL, NULL);
        else
            x->skip = 1;
        return;
    case MW__XML_ERROR:
        if (strcmp(name, "Error") == 0 ||
            (is_root && strcmp(name, "ErrorResponse") != 0 && strcmp(name, "Response") != 0))
            start_structure(x, atts);
        else if (is_root || strcmp(name, "Errors") == 0)
            open_frame(x, FR_WRAP, NULL, NULL);
        else
            x->skip = 1;
        return;
    }
}

static void XMLCALL on_start(void *user, const char *qualified, const char **atts)
{
    mw__xml *x = user;
    const char *colon = strrchr(qualified, ':'), *name = colon ? colon + 1 : qualified;
    struct frame *top;
    const mw_member *m;

    if (x->failed != MW_OK)
        return;
    if (x->skip) {
        if (++x->skip > 4 * MW__PROTOCOL_DEPTH)
            fail(x, MW_ERR_LIMIT, "XML nests too deeply");
        return;
    }
    if (x->depth == 0) {
        start_outer(x, name, atts);
        return;
    }
    top = &x->frames[x->depth - 1];
    switch (top->kind) {
    case FR_WRAP:
        if (x->found)
            x->skip = 1;
        else
            start_outer(x, name, atts);
        return;
    case FR_STRUCT:
        x->root_scalar = x->depth == 1 ? NULL : x->root_scalar;
        start_member(x, top, name, atts);
        return;
    case FR_LIST: start_reference(x, mw_shape_element(top->shape), atts); return;
    case FR_MAP: open_frame(x, FR_ENTRY, top->shape, NULL); return;
    case FR_ENTRY:
        m = mw_shape_key(top->shape);
        if (strcmp(name, mw_member_location_name(m) ? mw_member_location_name(m) : "key") == 0) {
            start_reference(x, m, atts);
            return;
        }
        m = mw_shape_value(top->shape);
        if (strcmp(name, mw_member_location_name(m) ? mw_member_location_name(m) : "value") == 0)
            start_reference(x, m, atts);
        else
            x->skip = 1;
        return;
    case FR_TEXT: x->skip = 1; return;
    }
}

static void finish_root(mw__xml *x)
{
    struct item *it;
    mw_error lower = {0};
    bool added;
    mw_status st;

    if (!x->root_scalar || x->count || !x->text.len)
        return;
    /* The root itself is the member (S3 GetBucketLocation): text and no elements. */
    st = mw__add_text(x->b, mw_member_shape(x->root_scalar), x->text.data, x->text.len, &added,
                      &lower);
    if (st != MW_OK)
        fail_text(x, st, &lower);
    else if (added && (it = push(x)) != NULL) {
        it->member = x->root_scalar;
        it->value = mw_doc_pop(x->b);
    }
}

static void XMLCALL on_end(void *user, const char *name)
{
    mw__xml *x = user;
    struct frame f;
    struct item *it;
    mw_val value;

    (void)name;
    if (x->failed != MW_OK)
        return;
    if (x->skip) {
        x->skip--;
        return;
    }
    f = x->frames[x->depth - 1];
    if (f.kind == FR_WRAP || (f.kind == FR_STRUCT && !f.member)) {
        if (f.kind == FR_STRUCT)
            finish_root(x); /* its items stay for mw__xml_emit() */
        x->depth--;
        return;
    }
    if (f.kind == FR_ENTRY) {
        finish_entry(x, &f);
        x->depth--;
        return;
    }
    if (!finish_value(x, &f)) {
        x->depth--;
        return;
    }
    x->depth--;
    value = mw_doc_pop(x->b);
    if ((it = push(x)) != NULL) {
        it->member = f.member;
        it->name = f.name;
        it->value = value;
        it->flat = f.owner != NULL;
    }
}

static void XMLCALL on_text(void *user, const char *s, int len)
{
    mw__xml *x = user;

    if (x->skip || x->depth == 0 || x->failed != MW_OK)
        return;
    if (x->frames[x->depth - 1].kind == FR_TEXT || (x->depth == 1 && x->root_scalar))
        mw_buf_add(&x->text, s, (size_t)len, NULL);
}

static void XMLCALL on_doctype(void *user, const char *name, const char *system,
                               const char *public_id, int internal)
{
    (void)name;
    (void)system;
    (void)public_id;
    (void)internal;
    fail(user, MW_ERR_PARSE, "a document type declaration is not accepted");
}

/* ---- the door ---- */

mw_status mw__xml_open(mw_doc_builder *b, const mw_shape *s, mw__xml_root root, const char *wrapper,
                       const char *body, size_t len, mw__xml **out, mw_error *err)
{
    mw__xml *x = mw_alloc(sizeof(*x));
    enum XML_Status parsed;

    *out = NULL;
    if (!x)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for an XML reader");
    x->b = b;
    x->err = err;
    x->shape = s;
    x->mode = root;
    x->wrapper = wrapper;
    x->text.max = len + 1;
    *out = x;
    if (len > (size_t)1 << 30)
        return mw_fail(err, MW_ERR_LIMIT, "an XML answer of %zu bytes is too large", len);
    x->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!x->parser)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for an XML reader");
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, on_start, on_end);
    XML_SetCharacterDataHandler(x->parser, on_text);
    XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
    parsed = XML_Parse(x->parser, body, (int)len, 1);
    if (x->failed != MW_OK)
        return x->failed;
    if (parsed != XML_STATUS_OK && XML_GetErrorCode(x->parser) == XML_ERROR_NO_MEMORY)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for an XML answer");
    if (parsed != XML_STATUS_OK)
        return mw_fail(err, MW_ERR_PARSE, "XML: %s (line %lu)",
                       XML_ErrorString(XML_GetErrorCode(x->parser)),
                       (unsigned long)XML_GetCurrentLineNumber(x->parser));
    if (!x->found && x->mode == MW__XML_WRAPPED && mw_shape_member_count(s))
        return mw_fail(err, MW_ERR_PARSE, "XML: <%s> holds no <%s>", x->root, wrapper);
    return mw_doc_builder_status(b, err);
}

const char *mw__xml_root_name(const mw__xml *x)
{
    return x->root;
}

void mw__xml_emit(mw__xml *x)
{
    emit_members(x, x->shape, 0, x->unknown_depth && x->unknown_depth <= 2 ? x->unknown : NULL);
}

void mw__xml_free(mw__xml *x)
{
    if (!x)
        return;
    if (x->parser)
        XML_ParserFree(x->parser);
    mw_free(x->items);
    mw_buf_clear(&x->text);
    mw_free(x);
}
