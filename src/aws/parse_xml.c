/*
 * XML answers (query, EC2, rest-xml) straight from the reader's events (xml.h) to document values:
 * a stack of frames, each led by a plan of the model (xml_plan.h). No tree of the XML is made; what
 * the model does not know costs a counter, text is used where it lies in the answer.
 *
 * Lists and most structures grow on the builder itself. Where the elements of a flattened
 * collection may stand between other members, values wait in one list that the open frames share
 * until their structure ends. Hostile input meets ceilings: of depth here, of all else in the
 * reader.
 */
#include "aws/xml.h"
#include "aws/xml_items.h"
#include "aws/xml_plan.h"

#include <string.h>

/* One open element that the model knows. */
struct frame {
    mw__xml_kind kind;
    bool collects;      /* its values wait as items, else they grow on the builder */
    mw__xml_plan *plan; /* NULL: a wrapper */
    mw__xml_step *step; /* what it is to the element around it; NULL for the root and map entries */
    mw__xml_step *last; /* the member met last */
    size_t first;       /* its items: items[first..] */
    size_t elements;    /* of a list, begun so far */
};

struct mw__xml {
    mw__xml_reader *in; /* while it is read */
    mw_doc_builder *b;
    mw_error *err;
    mw_status failed;
    const mw_shape *shape;
    mw__xml_root mode;
    const char *wrapper;
    bool found;     /* the structure's element was met */
    bool known;     /* so was one of its members */
    unsigned skip;  /* depth inside an element that is not wanted */
    unsigned depth; /* of frames */
    mw__xml_plans plans;
    mw__xml_items items;
    const char *text; /* of the frame on top */
    size_t text_len;
    mw_buf pieces; /* text that came in several pieces */
    char root[64];
    char foreign[64];  /* the first element in the structure that the model does not have */
    char unknown[128]; /* a union's member that the model lacks, of the union at unknown_depth */
    unsigned unknown_depth;
    const mw_member *root_scalar;            /* the root's text, when the root is named like this member */
    struct frame frames[MW__PROTOCOL_DEPTH]; /* not zeroed: `depth` of them mean something */
};

/* ---- failing ---- */

static void where(const mw__xml *x, mw_buf *path)
{
    for (unsigned i = 0; i < x->depth; i++) {
        const struct frame *f = &x->frames[i];
        const char *name = f->step ? mw_member_name(f->step->member) : NULL;

        if (f->kind == MW__XML_ENTRY || !f->step)
            continue;
        if (name)
            mw_buf_printf(path, "%s%s", path->len ? "." : "", name);
        else if (i && x->frames[i - 1].kind == MW__XML_LIST)
            mw_buf_printf(path, "[%zu]", x->frames[i - 1].elements - 1);
    }
}

static void fail(mw__xml *x, mw_status st, const char *message)
{
    MW_AUTO(mw_buf) path = {.max = 4096};

    if (x->failed != MW_OK)
        return;
    where(x, &path);
    x->failed = st;
    mw_fail(x->err, st, "%s%s%s (line %zu)", path.len ? path.data : "", path.len ? ": " : "", message,
            mw__xml_line(x->in));
}

static void fail_text(mw__xml *x, mw_status st, const mw_error *lower)
{
    fail(x, st, lower->message[0] ? lower->message : mw_status_name(st));
}

/* ---- values ---- */

static void *out_of_memory(mw__xml *x)
{
    fail(x, MW_ERR_NOMEM, "out of memory");
    return NULL;
}

static mw__xml_item *push(mw__xml *x)
{
    mw__xml_item *it = mw__xml_push(&x->items);

    return it ? it : out_of_memory(x);
}

/* A member of a structure that collects, or one half of a map's entry. */
static void wait_as_item(mw__xml *x, const mw__xml_step *s, mw_val value)
{
    mw__xml_item *it = push(x);

    if (!it)
        return;
    it->member = s->member;
    it->name = s->name;
    it->value = value;
    it->flat = s->flat;
}

static bool last_text_is(const mw__xml_step *s, const char *text, size_t len)
{
    return s->last_len == len && memcmp(s->last_text, text, len) == 0;
}

static void remember_text(const mw__xml *x, mw__xml_step *s, mw_val v)
{
    if (x->text_len > MW__XML_LAST_MAX)
        return;
    s->last = v;
    s->last_len = x->text_len;
    memcpy(s->last_text, x->text, x->text_len);
}

/* The text's value, absent when it is none; the same text as last time has the same value. */
static mw_val text_value(mw__xml *x, mw__xml_step *s)
{
    mw_error lower;
    bool added;
    mw_val v = MW_VAL_ABSENT;
    mw_status st;

    if (last_text_is(s, x->text, x->text_len))
        return s->last;
    if (s->plan->type == MW_SHAPE_STRING) {
        v = mw_doc_str(x->b, x->text, x->text_len);
        remember_text(x, s, v);
        return v;
    }
    lower.message[0] = '\0'; /* one for each value: not worth zeroing whole */
    st = mw__add_text(x->b, s->plan->shape, x->text, x->text_len, &added, &lower);
    if (st != MW_OK) {
        fail_text(x, st, &lower);
        return MW_VAL_ABSENT;
    }
    if (added)
        v = mw_doc_pop(x->b);
    remember_text(x, s, v);
    return v;
}

static void finish_text(mw__xml *x, const struct frame *f)
{
    mw_val v = text_value(x, f->step);

    if (v == MW_VAL_ABSENT)
        return;
    if (f[-1].collects)
        wait_as_item(x, f->step, v);
    else if (f[-1].kind == MW__XML_STRUCT)
        mw_doc_member_val(x->b, f->step->name, v);
    else
        mw_doc_add_val(x->b, v);
}

/* A container's value, pushed on the builder. */
static void finish_container(mw__xml *x, const struct frame *f)
{
    if (f->kind == MW__XML_LIST) {
        mw_doc_end_array(x->b);
        return;
    }
    if (f->collects) {
        mw_doc_begin_object(x->b);
        if (f->kind == MW__XML_STRUCT) {
            mw__xml_emit_members(&x->items, x->b, f->plan->shape, f->first,
                                 x->unknown_depth == x->depth && x->unknown[0] ? x->unknown : NULL);
        } else {
            for (size_t i = f->first; i < x->items.count; i++) {
                mw_doc_key_val(x->b, x->items.at[i].key);
                mw_doc_add_val(x->b, x->items.at[i].value);
            }
            x->items.count = f->first;
        }
    }
    mw_doc_end_object(x->b);
}

/* An entry's two values become one item with a key. */
static void finish_entry(mw__xml *x, const struct frame *f)
{
    mw_val key = MW_VAL_ABSENT, value = MW_VAL_ABSENT;
    mw__xml_item *it;

    for (size_t i = f->first; i < x->items.count; i++) {
        if (x->items.at[i].member == mw_shape_key(f->plan->shape))
            key = x->items.at[i].value;
        else
            value = x->items.at[i].value;
    }
    x->items.count = f->first;
    if (key == MW_VAL_ABSENT || value == MW_VAL_ABSENT) {
        fail(x, MW_ERR_PARSE, "a map entry lacks its key or its value");
        return;
    }
    if ((it = push(x)) != NULL) {
        it->member = f->step ? f->step->member : NULL;
        it->flat = f->step != NULL;
        it->key = key;
        it->value = value;
    }
}

/* ---- elements ---- */

static struct frame *open_frame(mw__xml *x, mw__xml_kind kind, mw__xml_plan *plan, mw__xml_step *step)
{
    struct frame *f;

    if (x->depth == MW__PROTOCOL_DEPTH) {
        fail(x, MW_ERR_LIMIT, "XML nests too deeply");
        return NULL;
    }
    f = &x->frames[x->depth++];
    if (x->unknown_depth >= x->depth)
        x->unknown_depth = 0; /* that union has ended */
    f->kind = kind;
    f->collects = kind == MW__XML_ENTRY || (plan && plan->collects);
    f->plan = plan;
    f->step = step;
    f->last = NULL;
    f->first = x->items.count;
    f->elements = 0;
    return f;
}

/* `xsi:type`: the prefix is the document's choice, that there is one is not. */
static bool attribute_named(mw_str name, const char *wire)
{
    const char *colon = strchr(wire, ':');

    if (!colon)
        return mw__xml_named(name, wire);
    return memchr(name.data, ':', name.len) && mw__xml_named(mw__xml_local(name), colon + 1);
}

static void read_attribute(mw__xml *x, const mw_member *m, const mw__xml_attribute *a)
{
    MW_AUTO(mw_buf) text = {.max = a->value.len + 1};
    mw_error lower = {0};
    mw__xml_item *it;
    bool added;
    mw_status st;

    mw__xml_attribute_text(x->in, a, &text);
    st = text.failed != MW_OK
             ? text.failed
             : mw__add_text(x->b, mw_member_shape(m), text.data ? text.data : "", text.len, &added, &lower);
    if (st != MW_OK) {
        fail_text(x, st, &lower);
    } else if (added && (it = push(x)) != NULL) {
        it->member = m;
        it->value = mw_doc_pop(x->b);
    }
}

static void read_attributes(mw__xml *x, const mw_shape *s)
{
    for (size_t i = 0; x->in->attribute_count && i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);

        for (size_t n = 0; mw_member_xml_attribute(m) && n < x->in->attribute_count; n++)
            if (attribute_named(x->in->attributes[n].name, mw__wire_name(m)))
                read_attribute(x, m, &x->in->attributes[n]);
    }
}

/* The element that @p s describes begins. */
static void open_step(mw__xml *x, mw__xml_step *s)
{
    bool keyed = x->frames[x->depth - 1].kind == MW__XML_STRUCT && !x->frames[x->depth - 1].collects;
    struct frame *f = open_frame(x, s->kind, s->plan, s);

    if (!f)
        return;
    if (f->kind == MW__XML_TEXT) {
        x->text = "";
        x->text_len = 0;
        return;
    }
    if (keyed)
        mw_doc_key_val(x->b, s->name);
    if (f->kind == MW__XML_LIST)
        mw_doc_begin_array(x->b);
    else if (!f->collects)
        mw_doc_begin_object(x->b);
    else if (f->kind == MW__XML_STRUCT)
        read_attributes(x, s->plan->shape);
}

static void put_name(char *out, size_t size, mw_str name)
{
    size_t len = name.len < size ? name.len : size - 1;

    memcpy(out, name.data, len);
    out[len] = '\0';
}

static void start_member(mw__xml *x, struct frame *f, mw_str name)
{
    mw__xml_step *s;

    if (mw__xml_find_member(&x->plans, f->plan, name, &s) != MW_OK) {
        out_of_memory(x);
        return;
    }
    if (f == x->frames) {
        if (s)
            x->known = true;
        else if (!x->foreign[0] && !mw__xml_named(name, "requestId") && !mw__xml_named(name, "ResponseMetadata"))
            put_name(x->foreign, sizeof(x->foreign), name);
    }
    if (!s || s->unwanted) {
        if (!s && mw_shape_union(f->plan->shape) && name.len < sizeof(x->unknown)) {
            put_name(x->unknown, sizeof(x->unknown), name);
            x->unknown_depth = x->depth;
        }
        x->skip = 1;
        return;
    }
    if (f->last)
        f->last->next = s;
    else
        f->plan->first = s;
    f->last = s;
    open_step(x, s);
}

static void start_reference(mw__xml *x, mw__xml_step **slot, const mw_member *m)
{
    mw__xml_step *s = mw__xml_reference(&x->plans, slot, m);

    if (s)
        open_step(x, s);
    else
        out_of_memory(x);
}

static void start_structure(mw__xml *x)
{
    mw__xml_plan *plan = mw__xml_plan_of(&x->plans, x->shape);
    struct frame *f;

    x->found = true;
    if (!plan) {
        out_of_memory(x);
        return;
    }
    if (!(f = open_frame(x, MW__XML_STRUCT, plan, NULL)))
        return;
    f->collects = true; /* its items stay for mw__xml_emit() */
    read_attributes(x, x->shape);
}

static bool is_scalar(const mw_shape *s)
{
    mw_shape_type type = mw_shape_type_of(s);

    return type != MW_SHAPE_STRUCTURE && type != MW_SHAPE_LIST && type != MW_SHAPE_MAP;
}

/* The root, and what stands between it and the structure. */
static void start_outer(mw__xml *x, mw_str name)
{
    bool is_root = x->depth == 0;

    if (is_root) {
        put_name(x->root, sizeof(x->root), name);
        if (strcasecmp(x->root, "html") == 0) {
            fail(x, MW_ERR_PARSE, "the answer is an HTML page, not the service's XML");
            return;
        }
    }
    switch (x->mode) {
    case MW__XML_ROOT:
        start_structure(x);
        if (x->shape) {
            const mw_member *m = mw_shape_member_wire(x->shape, name.data, name.len);
            if (m && mw_member_location(m) == MW_LOC_BODY && is_scalar(mw_member_shape(m)))
                x->root_scalar = m;
        }
        return;
    case MW__XML_WRAPPED:
        if (!is_root && mw__xml_named(name, x->wrapper))
            start_structure(x);
        else if (is_root)
            open_frame(x, MW__XML_WRAP, NULL, NULL);
        else
            x->skip = 1;
        return;
    case MW__XML_ERROR:
        if (mw__xml_named(name, "Error") ||
            (is_root && !mw__xml_named(name, "ErrorResponse") && !mw__xml_named(name, "Response")))
            start_structure(x);
        else if (is_root || mw__xml_named(name, "Errors"))
            open_frame(x, MW__XML_WRAP, NULL, NULL);
        else
            x->skip = 1;
        return;
    }
}

static bool is_called(const mw_member *m, const char *usual, mw_str name)
{
    const char *own = mw_member_location_name(m);

    return mw__xml_named(name, own ? own : usual);
}

/* An element that was not expected, by its name without prefix. */
static void start_other(mw__xml *x, struct frame *top, mw_str name)
{
    mw__xml_plan *plan = top->plan;

    switch (top->kind) {
    case MW__XML_WRAP:
        if (x->found)
            x->skip = 1;
        else
            start_outer(x, name);
        return;
    case MW__XML_STRUCT: start_member(x, top, name); return;
    case MW__XML_LIST:
        top->elements++;
        start_reference(x, &plan->element, mw_shape_element(plan->shape));
        return;
    case MW__XML_MAP: open_frame(x, MW__XML_ENTRY, plan, NULL); return;
    case MW__XML_ENTRY:
        if (is_called(mw_shape_key(plan->shape), "key", name))
            start_reference(x, &plan->key, mw_shape_key(plan->shape));
        else if (is_called(mw_shape_value(plan->shape), "value", name))
            start_reference(x, &plan->value, mw_shape_value(plan->shape));
        else
            x->skip = 1;
        return;
    case MW__XML_TEXT: x->skip = 1; return;
    }
}

static void on_start(mw__xml *x, mw_str qualified)
{
    struct frame *top = x->depth ? &x->frames[x->depth - 1] : NULL;
    mw__xml_step *s;

    if (x->skip) {
        x->skip++;
        return;
    }
    if (x->depth == 1 && top->kind == MW__XML_STRUCT)
        x->root_scalar = NULL; /* it has elements */
    if (top && top->kind == MW__XML_STRUCT && (s = mw__xml_expect(top->plan, top->last, qualified)) != NULL) {
        top->last = s;
        open_step(x, s);
    } else if (top) {
        start_other(x, top, mw__xml_local(qualified));
    } else {
        start_outer(x, mw__xml_local(qualified));
    }
}

static void finish_root(mw__xml *x)
{
    mw__xml_item *it;
    mw_error lower = {0};
    bool added;
    mw_status st;

    if (!x->root_scalar || x->items.count || !x->text_len)
        return;
    /* The root itself is the member (S3 GetBucketLocation): text and no elements. */
    st = mw__add_text(x->b, mw_member_shape(x->root_scalar), x->text, x->text_len, &added, &lower);
    if (st != MW_OK)
        fail_text(x, st, &lower);
    else if (added && (it = push(x)) != NULL) {
        it->member = x->root_scalar;
        it->value = mw_doc_pop(x->b);
    }
}

static void on_end(mw__xml *x)
{
    const struct frame *f;

    if (x->skip) {
        x->skip--;
        return;
    }
    f = &x->frames[x->depth - 1];
    if (f->kind == MW__XML_TEXT) {
        finish_text(x, f);
    } else if (f->kind == MW__XML_ENTRY) {
        finish_entry(x, f);
    } else if (f->step) {
        finish_container(x, f);
        if (f[-1].collects)
            wait_as_item(x, f->step, mw_doc_pop(x->b));
    } else if (f->kind == MW__XML_STRUCT) {
        finish_root(x);
    }
    x->depth--;
}

/* One run of characters, as a rule the element's whole text. */
static void on_text(mw__xml *x, mw_str run)
{
    if (x->skip || x->depth == 0)
        return;
    if (x->frames[x->depth - 1].kind != MW__XML_TEXT && !(x->depth == 1 && x->root_scalar))
        return;
    if (!x->text_len && run.data >= x->in->start && run.data < x->in->end) {
        x->text = run.data;
        x->text_len = run.len;
        return;
    }
    if (x->text != x->pieces.data) {
        mw_buf_reset(&x->pieces);
        mw_buf_add(&x->pieces, x->text, x->text_len, NULL);
    }
    mw_buf_add(&x->pieces, run.data, run.len, NULL);
    if (x->pieces.failed != MW_OK)
        out_of_memory(x);
    x->text = x->pieces.data ? x->pieces.data : "";
    x->text_len = x->pieces.len;
}

static mw_status read_all(mw__xml *x)
{
    while (x->failed == MW_OK) {
        switch (mw__xml_next(x->in)) {
        case MW__XML_START: on_start(x, x->in->name); break;
        case MW__XML_END: on_end(x); break;
        case MW__XML_CHARS: on_text(x, x->in->text); break;
        case MW__XML_DONE: return MW_OK;
        case MW__XML_FAILED: return x->in->status;
        }
    }
    return x->failed;
}

/* ---- the door ---- */

mw_status mw__xml_open(mw_doc_builder *b, const mw_shape *s, mw__xml_root root, const char *wrapper, const char *body,
                       size_t len, mw__xml **out, mw_error *err)
{
    mw__xml *x = mw_realloc(NULL, sizeof(*x));
    mw__xml_reader in;
    mw_status st;

    *out = NULL;
    if (!x)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for an XML reader");
    memset(x, 0, offsetof(struct mw__xml, frames));
    x->b = b;
    x->err = err;
    x->shape = s;
    x->mode = root;
    x->wrapper = wrapper;
    x->plans.b = b;
    x->text = "";
    x->pieces.max = len + 1;
    *out = x;
    if (len > (size_t)1 << 30)
        return mw_fail(err, MW_ERR_LIMIT, "an XML answer of %zu bytes is too large", len);
    x->in = &in;
    mw__xml_begin(&in, body, len, err);
    st = read_all(x);
    mw__xml_finish(&in);
    x->in = NULL;
    if (st != MW_OK)
        return st;
    if (!x->found && x->mode == MW__XML_WRAPPED && mw_shape_member_count(s))
        return mw_fail(err, MW_ERR_PARSE, "XML: <%s> holds no <%s>", x->root, wrapper);
    if (!x->known && x->foreign[0] && x->mode != MW__XML_ERROR && mw__promises_more(s))
        return mw_fail(err, MW_ERR_PARSE, "XML: <%s> holds <%s>, and nothing of what the model says", x->root,
                       x->foreign);
    return mw_doc_builder_status(b, err);
}

void mw__xml_emit(mw__xml *x)
{
    mw__xml_emit_members(&x->items, x->b, x->shape, 0, x->unknown_depth && x->unknown_depth <= 2 ? x->unknown : NULL);
}

void mw__xml_free(mw__xml *x)
{
    if (!x)
        return;
    mw__xml_items_clear(&x->items);
    mw_buf_clear(&x->pieces);
    mw__xml_plans_clear(&x->plans);
    mw_free(x);
}
