/*
 * Moonward's envelope: one piece of code for what AWS sent and for fixtures, so that a rule's tests meet
 * what a sweep gives. It never invents: a path that reads nothing is null, unless the call that would
 * have filled it failed; then it is that unknown.
 */
#include "inventory/envelope.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "inventory/cause.h"

#include <string.h>

/* A member of the envelope: a path, or a template when it is written with a brace; or neither. */
struct source {
    mw_jmespath *path;
    mw_template *text;
};

struct mw_envelope {
    const mw_type *type;
    struct source id, arn, name;
    mw_jmespath *created, *tags;
    const char *tag_key, *tag_value; /* member names in a list of tags */
    const char *tag_facet;
};

static mw_status path(const mw_type *t, const char *key, mw_jmespath **out, mw_error *err)
{
    size_t len;
    const char *s = mw_val_str(t->d, mw_val_path(t->d, t->v, key), &len);

    return s ? mw_jmespath_compile(s, len, out, err) : MW_OK;
}

static mw_status source(const mw_type *t, const char *key, struct source *out, mw_error *err)
{
    mw_val v = mw_val_get(t->d, t->v, key);
    const char *s = mw_val_str(t->d, v, NULL);

    return s && strchr(s, '{') ? mw_template_compile(t->d, v, &out->text, err) : path(t, key, &out->path, err);
}

mw_status mw_envelope_new(const mw_type *type, mw_envelope **out, mw_error *err)
{
    mw_envelope *e = mw_alloc(sizeof(*e));
    const char *shape = mw_val_str(type->d, mw_val_path(type->d, type->v, "tags.shape"), NULL);
    mw_status st;

    *out = NULL;
    if (!e)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for type %s", type->name);
    e->type = type;
    e->tag_facet = mw_type_tag_facet(type);
    e->tag_key = mw_str_eq(shape, "list-TagKey-TagValue")       ? "TagKey"
                 : mw_str_eq(shape, "list-key-value-lowercase") ? "key"
                                                                : "Key";
    e->tag_value = e->tag_key[0] == 'T' ? "TagValue" : e->tag_key[0] == 'k' ? "value" : "Value";
    if ((st = source(type, "id", &e->id, err)) == MW_OK && (st = source(type, "arn", &e->arn, err)) == MW_OK &&
        (st = source(type, "name", &e->name, err)) == MW_OK && (st = path(type, "created", &e->created, err)) == MW_OK)
        st = path(type, "tags.from", &e->tags, err);
    if (st != MW_OK) {
        mw_envelope_free(e);
        return mw_error_prefix(err, st, "type %s", type->name);
    }
    *out = e;
    return MW_OK;
}

void mw_envelope_free(mw_envelope *e)
{
    if (!e)
        return;
    mw_jmespath_free(e->id.path);
    mw_template_free(e->id.text);
    mw_jmespath_free(e->arn.path);
    mw_template_free(e->arn.text);
    mw_jmespath_free(e->name.path);
    mw_template_free(e->name.text);
    mw_jmespath_free(e->created);
    mw_jmespath_free(e->tags);
    mw_free(e);
}

/* A number as an identity (an account, a sequence) is its digits. */
static mw_val as_text(mw_doc_builder *b, mw_val v)
{
    const mw_doc *d = mw_doc_view(b);
    mw_kind kind = mw_val_kind(d, v);

    if (kind == MW_KIND_STRING || kind == MW_KIND_UNKNOWN)
        return v;
    if (kind == MW_KIND_INT) {
        MW_AUTO(mw_buf) digits = {0};
        mw_json_write(&digits, d, v, MW_JSON_COMPACT);
        mw_doc_add_str(b, digits.data ? digits.data : "", digits.len);
        return mw_doc_pop(b);
    }
    return MW_VAL_NULL;
}

static mw_status read(const mw_jmespath *j, mw_doc_builder *b, mw_val from, mw_val rest, mw_val *out, mw_error *err)
{
    mw_status st;

    *out = MW_VAL_NULL;
    if (!j)
        return MW_OK;
    st = mw_jmespath_eval(j, b, from, out, err);
    if (st == MW_OK && mw_val_kind(mw_doc_view(b), *out) == MW_KIND_NULL && rest != MW_VAL_ABSENT)
        *out = rest;
    return st;
}

/* Text of the item (and its parent): a STRING, NULL, or an UNKNOWN that hides it. */
static mw_status identify(const struct source *from, mw_doc_builder *b, const mw_envelope_input *in, mw_val *out,
                          mw_error *err)
{
    mw_template_context c = {.b = b,
                             .item = in->item,
                             .parent = in->parent,
                             .account = in->account,
                             .region = in->region,
                             .partition = in->partition};
    mw_template_outcome outcome;
    MW_AUTO(mw_buf) text = {.max = 1 << 16};
    mw_val unknown;
    mw_status st;

    c.each = c.prepared = MW_VAL_ABSENT;
    if (!from->text) {
        st = read(from->path, b, in->item, in->rest, out, err);
        if (st == MW_OK)
            *out = as_text(b, *out);
        return st;
    }
    st = mw_template_text(from->text, &c, &text, &outcome, &unknown, err);
    if (st != MW_OK)
        return st;
    if (outcome == MW_TEMPLATE_VALUE) {
        mw_doc_add_str(b, text.data ? text.data : "", text.len);
        *out = mw_doc_pop(b);
    } else {
        *out = outcome == MW_TEMPLATE_UNKNOWN ? unknown : in->rest != MW_VAL_ABSENT ? in->rest : MW_VAL_NULL;
    }
    return MW_OK;
}

mw_status mw_envelope_id(const mw_envelope *e, mw_doc_builder *b, const mw_envelope_input *in, mw_val *id,
                         mw_error *err)
{
    mw_status st = identify(&e->id, b, in, id, err);
    size_t len = 0;

    if (st != MW_OK)
        return mw_error_prefix(err, st, "%s: id", e->type->name);
    if (!mw_val_str(mw_doc_view(b), *id, &len) || len == 0)
        *id = MW_VAL_ABSENT;
    return MW_OK;
}

mw_status mw_envelope_arn(const mw_envelope *e, mw_doc_builder *b, const mw_envelope_input *in, mw_val *arn,
                          mw_error *err)
{
    return identify(&e->arn, b, in, arn, err);
}

#define TIME_MAX_MS 9e12 /* what nanoseconds in 64 bits can hold: to the year 2255 */

static void add_created(mw_doc_builder *b, mw_val v)
{
    const mw_doc *d = mw_doc_view(b);
    mw_kind kind = mw_val_kind(d, v);
    size_t len = 0;
    const char *s = mw_val_str(d, v, &len);
    char text[MW_TIME_SIZE];
    int64_t ns = 0;
    double ms = mw_val_real(d, v);

    if (kind == MW_KIND_UNKNOWN || kind == MW_KIND_NULL) {
        mw_doc_add_val(b, v);
        return;
    }
    /* Seconds, or milliseconds where a service has plain numbers (CloudWatch Logs): those are 1e12 now. */
    if (ms < 1e11)
        ms *= 1e3;
    if ((kind == MW_KIND_INT || kind == MW_KIND_REAL) && ms > -TIME_MAX_MS && ms < TIME_MAX_MS)
        ns = (int64_t)ms * 1000000;
    else if (!s || mw_time_parse(s, len, &ns, NULL) != MW_OK) {
        mw_doc_add_unknown_cause(b, NULL, "UnexpectedShape", "it is no time");
        return;
    }
    mw_time_iso(text, ns);
    mw_doc_add_cstr(b, text);
}

/* `{Key: Value}` of a list of pairs or of a map, or UNKNOWN: a tag that cannot be read is no missing one. */
static mw_val tags_of(const mw_envelope *e, mw_doc_builder *b, mw_val v)
{
    const mw_doc *d = mw_doc_view(b);
    bool map = mw_val_kind(d, v) == MW_KIND_OBJECT, read = true;

    mw_doc_begin_object(b);
    for (size_t i = 0; i < mw_val_len(d, v); i++) {
        mw_val key = MW_VAL_ABSENT, value;
        mw_kind kind;
        if (map) {
            value = mw_val_member(d, v, i, &key);
        } else {
            mw_val pair = mw_val_at(d, v, i);
            key = mw_val_get(d, pair, e->tag_key);
            value = mw_val_get(d, pair, e->tag_value);
        }
        kind = mw_val_kind(d, value);
        read = mw_val_kind(d, key) == MW_KIND_STRING && kind != MW_KIND_BOOL && kind != MW_KIND_INT &&
               kind != MW_KIND_REAL && kind != MW_KIND_ARRAY && kind != MW_KIND_OBJECT;
        if (!read)
            break;
        mw_doc_key_val(b, key);
        if (kind == MW_KIND_NULL || kind == MW_KIND_ABSENT)
            mw_doc_add_cstr(b, ""); /* EC2 leaves an empty value out */
        else
            mw_doc_add_val(b, value);
    }
    mw_doc_end_object(b);
    v = mw_doc_pop(b);
    if (read)
        return v;
    mw_doc_add_unknown_cause(b, NULL, "UnexpectedShape", "a tag is not a key and a text");
    return mw_doc_pop(b);
}

static mw_status build_tags(const mw_envelope *e, mw_doc_builder *b, const mw_envelope_input *in, mw_val *out,
                            mw_error *err)
{
    mw_val from = in->tags;
    mw_kind kind;
    mw_status st = MW_OK;

    *out = MW_VAL_NULL;
    if (from == MW_VAL_ABSENT) {
        if (!e->tags)
            return MW_OK;
        /* A tag facet is filled by its own call: what a describe call hides does not hide it. */
        st = read(e->tags, b, in->doc, e->tag_facet ? MW_VAL_ABSENT : in->rest, &from, err);
        if (st != MW_OK)
            return st;
    }
    kind = mw_val_kind(mw_doc_view(b), from);
    if (kind == MW_KIND_UNKNOWN) {
        *out = from;
        return MW_OK;
    }
    if (kind == MW_KIND_NULL || kind == MW_KIND_ARRAY || kind == MW_KIND_OBJECT) {
        *out = tags_of(e, b, from);
        return MW_OK;
    }
    mw_doc_add_unknown_cause(b, NULL, "UnexpectedShape", "tags are neither a list nor a map");
    *out = mw_doc_pop(b);
    return MW_OK;
}

mw_status mw_envelope_build(const mw_envelope *e, mw_doc_builder *b, const mw_envelope_input *in, mw_val *resource,
                            mw_error *err)
{
    mw_val id, arn, name, created, tags;
    mw_status st;

    if ((st = mw_envelope_id(e, b, in, &id, err)) != MW_OK || (st = mw_envelope_arn(e, b, in, &arn, err)) != MW_OK ||
        (st = identify(&e->name, b, in, &name, err)) != MW_OK ||
        (st = read(e->created, b, in->item, in->rest, &created, err)) != MW_OK ||
        (st = build_tags(e, b, in, &tags, err)) != MW_OK)
        return mw_error_prefix(err, st, "%s", e->type->name);
    if (id == MW_VAL_ABSENT && in->fallback_id) {
        mw_doc_add_cstr(b, in->fallback_id);
        id = mw_doc_pop(b);
    }
    if (id == MW_VAL_ABSENT)
        return mw_fail(err, MW_ERR_NOTFOUND, "%s: an item without %s", e->type->name,
                       mw_val_get_str(e->type->d, e->type->v, "id", "id"));
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "type", e->type->name);
    mw_doc_ckey(b, "id");
    mw_doc_add_val(b, id);
    mw_doc_ckey(b, "arn");
    mw_doc_add_val(b, arn);
    mw_doc_ckey(b, "name");
    mw_doc_add_val(b, name);
    mw_doc_member_str(b, "account", in->account);
    mw_doc_member_str(b, "region", in->region);
    mw_doc_member_str(b, "partition", in->partition);
    mw_doc_ckey(b, "tags");
    mw_doc_add_val(b, tags);
    mw_doc_ckey(b, "created");
    add_created(b, created);
    mw_doc_ckey(b, "rest");
    mw_doc_add_val(b, in->rest == MW_VAL_ABSENT ? MW_VAL_NULL : in->rest);
    mw_doc_ckey(b, "doc");
    mw_doc_add_val(b, in->doc);
    mw_doc_end_object(b);
    *resource = mw_doc_pop(b);
    return mw_doc_builder_status(b, err);
}

/* ---- parts of a snapshot ---- */

void mw_snapshot_add_type(mw_doc_builder *b, const mw_type *type, const char *const *collected, size_t count,
                          const mw_doc *outlines)
{
    static const char *const known[] = {"outline", "sensitive"};

    mw_doc_ckey(b, type->name);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "scope", mw_type_scope(type));
    mw_doc_ckey(b, "facets");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < mw_type_facet_count(type); i++)
        mw_doc_add_cstr(b, mw_type_facet_at(type, i));
    mw_doc_end_array(b);
    mw_doc_ckey(b, "collected");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < (collected ? count : mw_type_facet_count(type)); i++)
        mw_doc_add_cstr(b, collected ? collected[i] : mw_type_facet_at(type, i));
    mw_doc_end_array(b);
    for (size_t i = 0; i < MW_COUNT(known) && outlines; i++) {
        mw_val v = mw_val_get(outlines, mw_val_get(outlines, mw_doc_root(outlines), type->name), known[i]);
        if (v == MW_VAL_ABSENT)
            continue;
        mw_doc_ckey(b, known[i]);
        mw_doc_add_copy(b, outlines, v);
    }
    mw_doc_end_object(b);
}

void mw_scope_entry_cached(const mw_doc *d, mw_scope_entry *e)
{
    mw_val cached = mw_val_get(d, e->cause, "cached");
    const char *at = mw_val_get_str(d, cached, "fetched_at", NULL);
    int64_t ns;

    if (!at || mw_time_parse(at, strlen(at), &ns, NULL) != MW_OK)
        return;
    e->known_unix = ns / 1000000000;
    e->age_s = mw_val_get_int(d, cached, "age_s", 0);
    e->cause = MW_VAL_ABSENT;
}

void mw_snapshot_add_scope(mw_doc_builder *b, const mw_scope_entry *s)
{
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "account", s->account);
    mw_doc_member_str(b, "region", s->region);
    mw_doc_member_str(b, "partition", s->partition);
    mw_doc_member_str(b, "type", s->type);
    mw_doc_member_str(b, "facet", s->facet);
    mw_doc_member_str(b, "state", s->state);
    mw_doc_member_int(b, "resources", (int64_t)s->resources);
    mw_doc_member_int(b, "calls", (int64_t)s->calls);
    mw_doc_ckey(b, "cause");
    mw_cause_write(b, mw_doc_view(b), s->cause);
    if (s->known_unix) {
        char fetched_at[MW_TIME_SIZE];
        mw_time_iso(fetched_at, s->known_unix * 1000000000);
        mw_doc_ckey(b, "cached");
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "fetched_at", fetched_at);
        mw_doc_member_int(b, "age_s", s->age_s);
        mw_doc_end_object(b);
    }
    mw_doc_end_object(b);
}

const char *mw_scope_state_of(const char *code)
{
    /* AuthFailure and the missing opt-in are refusals too, whatever their class. */
    if (code && (mw_cause_is_denial(mw_cause_classify(code, NULL)) || mw_str_eq(code, "AuthFailure") ||
                 mw_str_eq(code, "OptInRequired") || mw_str_eq(code, "SubscriptionRequiredException")))
        return "denied";
    return mw_str_eq(code, "UnsupportedByModels") ? "unsupported" : "failed";
}
