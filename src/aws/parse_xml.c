/*
 * XML answers (query, EC2, rest-xml) straight from expat's events to document values: a stack of
 * frames, each led by a plan of the model (xml_plan.h). No tree of the XML is made; what the model
 * does not know costs a counter, text is used where it lies in expat's buffer.
 *
 * Lists and most structures grow on the builder itself. Where the elements of a flattened
 * collection may stand between other members, values wait in one list that the open frames share
 * until their structure ends. Hostile input meets ceilings: depth, expat's protection against
 * entity amplification, and no document type declaration at all.
 */
#include "aws/xml_items.h"
#include "aws/xml_plan.h"

#include <expat.h>
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
    mw__xml_plans plans;
    mw__xml_items items;
    const char *input; /* expat's buffer: text in it stays where it is */
    size_t input_len;
    const char *text; /* of the frame on top */
    size_t text_len;
    mw_buf pieces; /* text that came in several pieces */
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
    mw_fail(x->err, st, "%s%s%s (line %lu)", path.len ? path.data : "", path.len ? ": " : "",
            message, (unsigned long)XML_GetCurrentLineNumber(x->parser));
    XML_StopParser(x->parser, XML_FALSE);
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

static struct frame *open_frame(mw__xml *x, mw__xml_kind kind, mw__xml_plan *plan,
                                mw__xml_step *step)
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
            mw__xml_item *it;
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

/* The element that @p s describes begins. */
static void open_step(mw__xml *x, mw__xml_step *s, const char **atts)
{
    bool keyed =
        x->frames[x->depth - 1].kind == MW__XML_STRUCT && !x->frames[x->depth - 1].collects;
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
    else if (f->kind == MW__XML_STRUCT && atts[0])
        read_attributes(x, s->plan->shape, atts);
}

static void start_member(mw__xml *x, struct frame *f, const char *name, const char **atts)
{
    mw__xml_step *s;

    if (mw__xml_find_member(&x->plans, f->plan, name, &s) != MW_OK) {
        out_of_memory(x);
        return;
    }
    if (!s || s->unwanted) {
        if (!s && mw_shape_union(f->plan->shape) && strlen(name) < sizeof(x->unknown)) {
            memcpy(x->unknown, name, strlen(name) + 1);
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
    open_step(x, s, atts);
}

static void start_reference(mw__xml *x, mw__xml_step **slot, const mw_member *m, const char **atts)
{
    mw__xml_step *s = mw__xml_reference(&x->plans, slot, m);

    if (s)
        open_step(x, s, atts);
    else
        out_of_memory(x);
}

static void start_structure(mw__xml *x, const char **atts)
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
    if (atts[0])
        read_attributes(x, x->shape, atts);
}

static bool is_scalar(const mw_shape *s)
{
    mw_shape_type type = mw_shape_type_of(s);

    return type != MW_SHAPE_STRUCTURE && type != MW_SHAPE_LIST && type != MW_SHAPE_MAP;
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
            if (m && mw_member_location(m) == MW_LOC_BODY && is_scalar(mw_member_shape(m)))
                x->root_scalar = m;
        }
        return;
    case MW__XML_WRAPPED:
        if (!is_root && strcmp(name, x->wrapper) == 0)
            start_structure(x, atts);
        else if (is_root)
            open_frame(x, MW__XML_WRAP, NULL, NULL);
        else
            x->skip = 1;
        return;
    case MW__XML_ERROR:
        if (strcmp(name, "Error") == 0 ||
            (is_root && strcmp(name, "ErrorResponse") != 0 && strcmp(name, "Response") != 0))
            start_structure(x, atts);
        else if (is_root || strcmp(name, "Errors") == 0)
            open_frame(x, MW__XML_WRAP, NULL, NULL);
        else
            x->skip = 1;
        return;
    }
}

static bool is_called(const mw_member *m, const char *usual, const char *name)
{
    const char *own = mw_member_location_name(m);

    return strcmp(name, own ? own : usual) == 0;
}

/* An element that was not expected, by its name without prefix. */
static void start_other(mw__xml *x, struct frame *top, const char *name, const char **atts)
{
    mw__xml_plan *plan = top->plan;

    switch (top->kind) {
    case MW__XML_WRAP:
        if (x->found)
            x->skip = 1;
        else
            start_outer(x, name, atts);
        return;
    case MW__XML_STRUCT: start_member(x, top, name, atts); return;
    case MW__XML_LIST:
        top->elements++;
        start_reference(x, &plan->element, mw_shape_element(plan->shape), atts);
        return;
    case MW__XML_MAP: open_frame(x, MW__XML_ENTRY, plan, NULL); return;
    case MW__XML_ENTRY:
        if (is_called(mw_shape_key(plan->shape), "key", name))
            start_reference(x, &plan->key, mw_shape_key(plan->shape), atts);
        else if (is_called(mw_shape_value(plan->shape), "value", name))
            start_reference(x, &plan->value, mw_shape_value(plan->shape), atts);
        else
            x->skip = 1;
        return;
    case MW__XML_TEXT: x->skip = 1; return;
    }
}

static void XMLCALL on_start(void *user, const char *qualified, const char **atts)
{
    mw__xml *x = user;
    struct frame *top = x->depth ? &x->frames[x->depth - 1] : NULL;
    const char *colon, *name;
    mw__xml_step *s;

    if (x->failed != MW_OK)
        return;
    if (x->skip) {
        if (++x->skip > 4 * MW__PROTOCOL_DEPTH)
            fail(x, MW_ERR_LIMIT, "XML nests too deeply");
        return;
    }
    if (x->depth == 1 && top->kind == MW__XML_STRUCT)
        x->root_scalar = NULL; /* it has elements */
    if (top && top->kind == MW__XML_STRUCT &&
        (s = mw__xml_expect(top->plan, top->last, qualified)) != NULL) {
        top->last = s;
        open_step(x, s, atts);
        return;
    }
    colon = strrchr(qualified, ':');
    name = colon ? colon + 1 : qualified;
    if (top)
        start_other(x, top, name, atts);
    else
        start_outer(x, name, atts);
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

static void XMLCALL on_end(void *user, const char *name)
{
    mw__xml *x = user;
    const struct frame *f;

    (void)name;
    if (x->failed != MW_OK)
        return;
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
static void XMLCALL on_text(void *user, const char *s, int len)
{
    mw__xml *x = user;
    size_t n = (size_t)len;

    if (x->skip || x->depth == 0 || x->failed != MW_OK)
        return;
    if (x->frames[x->depth - 1].kind != MW__XML_TEXT && !(x->depth == 1 && x->root_scalar))
        return;
    if (!x->text_len && s >= x->input && s < x->input + x->input_len) {
        x->text = s;
        x->text_len = n;
        return;
    }
    if (x->text != x->pieces.data) {
        mw_buf_reset(&x->pieces);
        mw_buf_add(&x->pieces, x->text, x->text_len, NULL);
    }
    mw_buf_add(&x->pieces, s, n, NULL);
    if (x->pieces.failed != MW_OK)
        out_of_memory(x);
    x->text = x->pieces.data ? x->pieces.data : "";
    x->text_len = x->pieces.len;
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

/* ---- the parser ---- */

/*
 * One parser is kept between answers, for its buffer and its tables: to make them anew for each would cost a
 * small answer a fifth of its time, and a large one the pages of a second copy. All answers are read by
 * the broker's one thread; XML_ParserReset() takes everything away that an answer left.
 */
static XML_Parser kept;

#define KEPT_ANSWER_MAX ((size_t)8 << 20)

static XML_Parser parser_take(void)
{
    XML_Parser p = kept;

    kept = NULL;
    return p ? p : XML_ParserCreate_MM(NULL, &memory, NULL);
}

static void parser_give(XML_Parser p, size_t answer_len)
{
    if (!kept && answer_len <= KEPT_ANSWER_MAX && XML_ParserReset(p, NULL))
        kept = p;
    else
        XML_ParserFree(p);
}

/* ---- the door ---- */

mw_status mw__xml_open(mw_doc_builder *b, const mw_shape *s, mw__xml_root root, const char *wrapper,
                       const char *body, size_t len, mw__xml **out, mw_error *err)
{
    mw__xml *x = mw_alloc(sizeof(*x));
    enum XML_Status parsed;
    void *input;

    *out = NULL;
    if (!x)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for an XML reader");
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
    x->parser = parser_take();
    if (!x->parser)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for an XML reader");
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, on_start, on_end);
    XML_SetCharacterDataHandler(x->parser, on_text);
    XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
    if (!(input = XML_GetBuffer(x->parser, len ? (int)len : 1))) /* NULL for nothing */
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for an XML answer");
    if (len)
        memcpy(input, body, len);
    x->input = input;
    x->input_len = len;
    parsed = XML_ParseBuffer(x->parser, (int)len, 1);
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
    mw__xml_emit_members(&x->items, x->b, x->shape, 0,
                         x->unknown_depth && x->unknown_depth <= 2 ? x->unknown : NULL);
}

void mw__xml_free(mw__xml *x)
{
    if (!x)
        return;
    if (x->parser)
        parser_give(x->parser, x->input_len);
    mw__xml_items_clear(&x->items);
    mw_buf_clear(&x->pieces);
    mw__xml_plans_clear(&x->plans);
    mw_free(x);
}
