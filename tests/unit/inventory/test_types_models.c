/*
 * Every built-in type held against the models: operations exist and only read, parameters are members
 * of their inputs and complete, each path is in the answer that it reads, lists are paged to their end.
 * Models older than a type must lack it, never contradict it.
 */
#include "../../support/support.h"

#include "aws/client.h"
#include "aws/paginate.h"
#include "base/buf.h"
#include "base/file.h"
#include "inventory/type_internal.h"
#include "shapes.h"

struct hold {
    const mw_models *m;
    const mw_types *types;
    const mw_type *t;
    forms f;
    bool newest; /* what the models lack is then a fault of the type */
    unsigned calls, lacking, faults;
    const form *item, *parent, *each, *prepared;
};

__attribute__((format(printf, 2, 3))) static void fault(struct hold *h, const char *format, ...)
{
    va_list args;
    char text[400];

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (h->newest)
        print_message("  %s: %s\n", mw_type_name(h->t), text);
    h->faults++;
}

static const form *path(struct hold *h, const char *part, const char *text, const form *in)
{
    const form *v;

    h->f.fault[0] = '\0';
    v = form_path(&h->f, text, in);
    if (h->f.fault[0])
        fault(h, "%s: '%s': %s", part, text, h->f.fault);
    return v;
}

static const char *text_of(struct hold *h, mw_val v, const char *key)
{
    return mw_val_get_str(h->t->d, v, key, NULL);
}

static const mw_operation *operation(const struct hold *h, const char *name)
{
    const char *colon = strchr(name, ':');
    char service[64];
    const mw_service *s;

    snprintf(service, sizeof(service), "%.*s", (int)(colon - name), name);
    s = mw_models_service(h->m, service);
    return s ? mw_service_operation(s, colon + 1) : NULL;
}

/* ---- templates ---- */

static void check_placeholder(struct hold *h, const char *part, const char *s)
{
    static const char *const plain[] = {"account", "region", "partition", "now", "month", "prepared"};

    if (strncmp(s, "after '", 7) == 0 || strncmp(s, "before '", 8) == 0)
        s = strchr(strchr(s, '\'') + 1, '\'') + 2;
    for (size_t i = 0; i < MW_COUNT(plain); i++)
        if (mw_str_eq(s, plain[i]))
            return;
    if (mw_str_starts(s, "now-") || mw_str_starts(s, "now+") || mw_str_starts(s, "month-") ||
        mw_str_starts(s, "param."))
        return;
    if (mw_str_eq(s, "each") || mw_str_starts(s, "each."))
        path(h, part, s[4] ? s + 5 : "@", h->each);
    else if (mw_str_starts(s, "parent."))
        path(h, part, s + 7, h->parent);
    else
        path(h, part, s, h->item);
}

static void check_template(struct hold *h, const char *part, mw_val v)
{
    const mw_doc *d = h->t->d;
    const char *s = mw_val_str(d, v, NULL);
    mw_kind kind = mw_val_kind(d, v);

    for (size_t i = 0; (kind == MW_KIND_ARRAY || kind == MW_KIND_OBJECT) && i < mw_val_len(d, v); i++)
        check_template(h, part, kind == MW_KIND_ARRAY ? mw_val_at(d, v, i) : mw_val_member(d, v, i, NULL));
    while (s && (s = strchr(s, '{'))) {
        char inner[512];
        size_t n = 0, depth = 1;
        for (s++; *s && (depth += (size_t)(*s == '{'), depth -= (size_t)(*s == '}'), depth) > 0; s++)
            inner[n++] = *s;
        inner[n] = '\0';
        check_placeholder(h, part, inner);
    }
}

/* Names inside a parameter's value against the input's shape. */
static void check_input(struct hold *h, const char *part, mw_val v, const mw_shape *s)
{
    const mw_doc *d = h->t->d;
    mw_kind kind = mw_val_kind(d, v);

    if (mw_shape_document(s) || kind == MW_KIND_STRING)
        return;
    if (kind == MW_KIND_ARRAY) {
        if (mw_shape_type_of(s) != MW_SHAPE_LIST)
            fault(h, "%s: a list for %s", part, mw_shape_name(s));
        for (size_t i = 0; mw_shape_type_of(s) == MW_SHAPE_LIST && i < mw_val_len(d, v); i++)
            check_input(h, part, mw_val_at(d, v, i), mw_member_shape(mw_shape_element(s)));
    }
    for (size_t i = 0; kind == MW_KIND_OBJECT && i < mw_val_len(d, v); i++) {
        mw_val key, inner = mw_val_member(d, v, i, &key);
        const char *name = mw_val_str(d, key, NULL);
        const mw_member *m = mw_shape_type_of(s) == MW_SHAPE_MAP         ? mw_shape_value(s)
                             : mw_shape_type_of(s) == MW_SHAPE_STRUCTURE ? mw_shape_member(s, name, strlen(name))
                                                                         : NULL;
        if (m)
            check_input(h, part, inner, mw_member_shape(m));
        else
            fault(h, "%s: %s has no member %s", part, mw_shape_name(s), name);
    }
}

/* ---- calls ---- */

static bool names(const mw_doc *d, mw_val object, const char *name)
{
    return mw_val_get(d, object, name) != MW_VAL_ABSENT;
}

/* Does an answer go on elsewhere although no paginator says how? */
static bool unpaged(const mw_operation *op)
{
    static const char *const tokens[] = {"Token", "Marker", "position"};
    const mw_shape *shapes[] = {mw_operation_input(op), mw_operation_output(op)};
    bool found[2] = {false, false};
    mw_paginator *p = NULL;
    mw_error err = {0};

    assert_ok(mw_paginator_new(op, &p, &err));
    if (!p)
        assert_ok(mw_paginator_implied(op, &p, &err));
    for (size_t k = 0; !p && k < 2; k++)
        for (size_t i = 0; shapes[k] && i < mw_shape_member_count(shapes[k]); i++)
            for (size_t t = 0; t < MW_COUNT(tokens); t++)
                found[k] = found[k] || mw_str_ends(mw_member_name(mw_shape_member_at(shapes[k], i)), tokens[t]);
    mw_paginator_free(p);
    return found[0] && found[1];
}

static void check_errors(struct hold *h, const char *part, const mw_operation *op, mw_val list)
{
    /* Codes of EC2, of Query services and of HEAD requests, which no model names. */
    static const char *const known[] = {"404",          "ValidationError", "InvalidAMIID.NotFound",
                                        "NoSuchEntity", "NoSuchBucket",    "AWS.SimpleQueueService.NonExistentQueue"};
    const mw_doc *d = h->t->d;

    for (size_t i = 0; i < mw_val_len(d, list); i++) {
        mw_val v = mw_val_at(d, list, i);
        const char *code = mw_val_str(d, v, NULL) ? mw_val_str(d, v, NULL) : text_of(h, v, "code");
        bool good = mw_service_error(mw_operation_service(op), code) != NULL ||
                    mw_str_starts(mw_service_name(mw_operation_service(op)), "s3");
        for (size_t k = 0; k < MW_COUNT(known); k++)
            good = good || mw_str_eq(known[k], code);
        if (!good)
            fault(h, "%s: %s does not know the error %s", part, mw_operation_name(op), code);
        if (mw_val_str(d, v, NULL) && (strstr(code, "AccessDenied") || mw_str_eq(code, "403")))
            fault(h, "%s: %s alone does not tell absence from a denial", part, code);
    }
}

/* The answer's form; `extra` is a parameter beside the written ones, `per` those of list.per. */
static const form *check_call(struct hold *h, const char *part, mw_val v, const char *extra, mw_val per)
{
    const mw_doc *d = h->t->d;
    const char *name = text_of(h, v, "operation");
    const mw_operation *op = operation(h, name);
    const mw_shape *in;
    mw_val params = mw_val_get(d, v, "params");

    h->calls++;
    check_template(h, part, params);
    if (!op) {
        h->lacking++;
        if (h->newest)
            print_message("  models %s lack %s (%s.%s)\n", mw_models_botocore_version(h->m), name, mw_type_name(h->t),
                          part);
        return &form_any;
    }
    if (!mw_operation_read_only(op))
        fault(h, "%s: %s does more than read", part, name);
    in = mw_operation_input(op);
    if (in)
        check_input(h, part, params, in);
    else if (mw_val_len(d, params))
        fault(h, "%s: %s takes no parameters", part, name);
    if (extra && (!in || !mw_shape_member(in, extra, strlen(extra))))
        fault(h, "%s: %s has no parameter %s", part, name, extra);
    for (size_t i = 0; i < mw_val_len(d, per); i++) {
        mw_val key;
        const char *param;
        path(h, part, mw_val_str(d, mw_val_member(d, per, i, &key), NULL), h->parent);
        param = mw_val_str(d, key, NULL);
        if (!in || !mw_shape_member(in, param, strlen(param)))
            fault(h, "%s: %s has no parameter %s", part, name, param);
    }
    for (size_t i = 0; in && i < mw_shape_member_count(in); i++) {
        const mw_member *m = mw_shape_member_at(in, i);
        if (mw_member_required(m) && !names(d, params, mw_member_name(m)) && !mw_str_eq(extra, mw_member_name(m)) &&
            !names(d, per, mw_member_name(m)))
            fault(h, "%s: %s needs %s", part, name, mw_member_name(m));
    }
    if (unpaged(op) && mw_val_get(d, v, "pages") == MW_VAL_ABSENT)
        fault(h, "%s: %s has pages that nothing follows", part, name);
    check_errors(h, part, op, mw_val_get(d, v, "absent_errors"));
    return mw_operation_output(op) ? form_of(&h->f, mw_operation_output(op)) : &form_any;
}

/* ---- a type ---- */

static const form *facet_form(struct hold *h, const char *name, mw_val v, const form *item, const form *parent);

static const form *item_of(struct hold *h, const mw_type *t, unsigned depth);

static const form *with_needs(struct hold *h, mw_val v, const form *item, const form *parent)
{
    const mw_doc *d = h->t->d;
    mw_val needs = mw_val_get(d, v, "needs_facet");

    for (size_t i = 0; i < mw_val_len(d, needs); i++) {
        const char *name = mw_val_str(d, mw_val_at(d, needs, i), NULL);
        struct hold quiet = *h;
        quiet.newest = false; /* it is told where the facet itself is checked */
        const form *f = facet_form(&quiet, name, mw_val_get(d, h->t->facets, name), item, parent);
        h->f = quiet.f;
        item = form_merge(&h->f, item, form_member(&h->f, name, f, NULL));
    }
    return item;
}

static const form *facet_form(struct hold *h, const char *name, mw_val v, const form *item, const form *parent)
{
    const mw_doc *d = h->t->d;
    mw_val join = mw_val_get(d, v, "join"), batch = mw_val_get(d, v, "batch");
    mw_val prepare = mw_val_get(d, v, "prepare"), keyed = mw_val_get(d, v, "keyed"), key;
    const char *parse = text_of(h, v, "parse"), *each = text_of(h, v, "each");
    const form *answer, *result;

    h->item = with_needs(h, v, item, parent);
    h->parent = parent;
    h->each = &form_any;
    if (text_of(h, v, "when"))
        path(h, name, text_of(h, v, "when"), h->item);
    if (each)
        h->each = form_element(&h->f, path(h, name, each, h->item));
    if (mw_val_get(d, v, "metric") != MW_VAL_ABSENT) {
        check_template(h, name, mw_val_get(d, v, "dimensions"));
        return &form_any;
    }
    answer = check_call(h, name, v, mw_val_get_str(d, batch, "param", NULL), MW_VAL_ABSENT);
    result = path(h, name, text_of(h, v, "result"), answer);
    if (prepare != MW_VAL_ABSENT) {
        const form *job = check_call(h, name, prepare, NULL, MW_VAL_ABSENT);
        const char *bind = text_of(h, prepare, "bind");
        path(h, name, text_of(h, prepare, "until"), bind ? answer : job);
        if (bind)
            path(h, name, bind, job);
    }
    if (parse && mw_str_starts(parse, "csv")) {
        if (result->kind == FORM_ANY)
            result = &form_any;
        result = parse[3] ? result : form_list(&h->f, &form_any);
    } else if (parse) {
        if (result->kind != FORM_SCALAR && result->kind != FORM_ANY)
            fault(h, "%s: what is parsed is no text", name);
        result = &form_any;
    }
    if (join != MW_VAL_ABSENT || batch != MW_VAL_ABSENT) {
        mw_val by = join != MW_VAL_ABSENT ? join : batch;
        h->f.fault[0] = '\0';
        const form *element = form_element(&h->f, result);
        if (h->f.fault[0])
            fault(h, "%s: a joined result must be a list: %s", name, h->f.fault);
        path(h, name, text_of(h, by, "field"), element);
        if (strchr(text_of(h, by, "key"), '{'))
            check_template(h, name, mw_val_get(d, by, "key"));
        else if (!mw_str_eq(text_of(h, by, "key"), "arn"))
            path(h, name, text_of(h, by, "key"), h->item);
        result = text_of(h, by, "value") ? path(h, name, text_of(h, by, "value"), element) : element;
        if (mw_val_get_bool(d, by, "many", false))
            result = form_list(&h->f, result);
    }
    if (mw_val_kind(d, keyed) == MW_KIND_OBJECT) {
        const char *value = mw_val_str(d, mw_val_member(d, keyed, 0, &key), NULL);
        const form *element = form_element(&h->f, result);
        path(h, name, mw_val_str(d, key, NULL), element);
        path(h, name, value, element);
        result = &form_any;
    }
    return result;
}

static const form *exploded(struct hold *h, const form *item, const char *member)
{
    const form *inner = path(h, "list.explode", member, item);
    bool map = inner->kind == FORM_SHAPE && mw_shape_type_of(inner->shape) == MW_SHAPE_MAP;

    return form_merge(&h->f, item, map ? form_find(&h->f, inner, "") : form_element(&h->f, inner));
}

static const form *described(struct hold *h, const form *item, mw_val describe)
{
    const mw_doc *d = h->t->d;
    const form *answer, *items;

    h->item = item;
    path(h, "list.batch_describe", text_of(h, describe, "key"), item);
    answer = check_call(h, "list.batch_describe", describe, text_of(h, describe, "param"), MW_VAL_ABSENT);
    items = path(h, "list.batch_describe", text_of(h, describe, "items"), answer);
    items = items->kind == FORM_LIST ? items->a : items;
    if (mw_val_get_int(d, describe, "size", 1) == 1)
        return form_merge(&h->f, item, items);
    path(h, "list.batch_describe", text_of(h, describe, "key"), items);
    return items;
}

static const form *derived(struct hold *h, mw_val list, unsigned depth)
{
    const mw_doc *d = h->t->d;
    mw_val sources = mw_val_get(d, list, "derived_from"), by = mw_val_get(d, list, "by"), key;
    const form *item = NULL, *group;

    for (size_t i = 0; i < mw_val_len(d, sources); i++) {
        const char *name = mw_val_str(d, mw_val_at(d, sources, i), NULL);
        const form *one = item_of(h, mw_types_get(h->types, name), depth + 1);
        item = item ? form_merge(&h->f, item, one) : one;
    }
    if (by == MW_VAL_ABSENT)
        return item;
    group = form_member(&h->f, "Members", form_list(&h->f, item), NULL);
    for (size_t i = 0; i < mw_val_len(d, by); i++) {
        const form *v = path(h, "list.by", mw_val_str(d, mw_val_member(d, by, i, &key), NULL), item);
        group = form_member(&h->f, mw_val_str(d, key, NULL), v, group);
    }
    return group;
}

/* What an item of the list looks like, described. */
static const form *item_of(struct hold *h, const mw_type *t, unsigned depth)
{
    const mw_type *own = h->t;
    const mw_doc *d = t->d;
    mw_val list = mw_val_get(d, t->v, "list"), variants = mw_val_get(d, list, "variants");
    const char *parent = mw_val_str(d, mw_val_path(d, list, "per.parent"), NULL);
    const char *first = NULL;
    const form *item, *above = &form_any;
    mw_val key;

    assert_true(depth < 8);
    if (parent)
        above = item_of(h, mw_types_get(h->types, parent), depth + 1);
    h->t = t;
    h->parent = above;
    h->item = &form_any;
    if (mw_val_get(d, list, "derived_from") != MW_VAL_ABSENT) {
        item = derived(h, list, depth);
    } else {
        if (mw_val_len(d, variants))
            mw_val_member(d, mw_val_get(d, mw_val_at(d, variants, 0), "params"), 0, &key);
        if (mw_val_len(d, variants))
            first = mw_val_str(d, key, NULL);
        item = path(h, "list", text_of(h, list, "items"),
                    check_call(h, "list", list, first, mw_val_path(d, list, "per.params")));
        h->f.fault[0] = '\0';
        item = form_element(&h->f, item);
        if (h->f.fault[0])
            fault(h, "list: items: %s", h->f.fault);
        if (text_of(h, list, "explode"))
            item = exploded(h, item, text_of(h, list, "explode"));
        if (text_of(h, list, "newest"))
            path(h, "list.newest", text_of(h, list, "newest"), item);
        h->parent = above;
        if (mw_val_get(d, list, "batch_describe") != MW_VAL_ABSENT)
            item = described(h, item, mw_val_get(d, list, "batch_describe"));
    }
    h->t = own;
    h->parent = above;
    return item;
}

static void check_scalar(struct hold *h, const char *part, const char *text, const form *in)
{
    const form *v = text ? path(h, part, text, in) : &form_any;

    if (v->kind != FORM_SCALAR && v->kind != FORM_ANY)
        fault(h, "%s: '%s' is no text", part, text);
}

static void check_identity(struct hold *h, const char *key, const form *item)
{
    const char *text = text_of(h, h->t->v, key);

    if (text && strchr(text, '{'))
        check_template(h, key, mw_val_get(h->t->d, h->t->v, key));
    else
        check_scalar(h, key, text, item);
}

static void check_tags(struct hold *h, mw_val tags, const form *doc)
{
    const char *shape = text_of(h, tags, "shape");
    const form *v = path(h, "tags", text_of(h, tags, "from"), doc);
    bool map = v->kind == FORM_SHAPE && mw_shape_type_of(v->shape) == MW_SHAPE_MAP;

    if (v->kind == FORM_ANY)
        return;
    if (mw_str_eq(shape, "map") != map)
        fault(h, "tags: shape %s does not fit", shape);
    if (map)
        return;
    v = form_element(&h->f, v);
    if (!form_find(&h->f, v,
                   mw_str_eq(shape, "list-Key-Value")         ? "Key"
                   : mw_str_eq(shape, "list-TagKey-TagValue") ? "TagKey"
                                                              : "key"))
        fault(h, "tags: shape %s does not fit", shape);
}

/* ListFunctions leaves `State` empty; the group's own instances say less than the facet. */
static bool replaces_member(const mw_type *t, const char *facet)
{
    return (mw_str_eq(mw_type_name(t), "AWS::Lambda::Function") && mw_str_eq(facet, "State")) ||
           (mw_str_eq(mw_type_name(t), "AWS::AutoScaling::AutoScalingGroup") && mw_str_eq(facet, "Instances"));
}

static void check_type(struct hold *h)
{
    const mw_doc *d = h->t->d;
    mw_val type = h->t->v, from = mw_val_get(d, type, "region_from"), key;
    const form *item = item_of(h, h->t, 0), *parent = h->parent, *doc = item;

    h->item = item;
    check_identity(h, "id", item);
    check_identity(h, "arn", item);
    check_identity(h, "name", item);
    check_scalar(h, "created", text_of(h, type, "created"), item);
    for (size_t i = 0; i < mw_val_len(d, from); i++) {
        mw_val v = mw_val_at(d, from, i);
        if (mw_val_kind(d, v) == MW_KIND_STRING)
            path(h, "region_from", mw_val_str(d, v, NULL), item);
        else
            path(h, "region_from", text_of(h, v, "result"), check_call(h, "region_from", v, NULL, MW_VAL_ABSENT));
    }
    for (size_t i = 0; i < mw_type_facet_count(h->t); i++) {
        mw_val v = mw_val_member(d, h->t->facets, i, &key);
        const char *name = mw_val_str(d, key, NULL);
        const form *facet = facet_form(h, name, v, item, parent);
        if (form_find(&h->f, item, name) && item->kind != FORM_ANY && facet->kind != FORM_ANY &&
            !replaces_member(h->t, name))
            fault(h, "%s: the item has a member of this name", name);
        doc = form_merge(&h->f, doc, form_member(&h->f, name, facet, NULL));
    }
    h->item = item;
    if (mw_val_get(d, type, "tags") != MW_VAL_ABSENT)
        check_tags(h, mw_val_get(d, type, "tags"), doc);
}

static void hold(struct hold *h, const mw_models *m)
{
    mw_types *t = NULL;
    mw_error err = {0};

    h->m = m;
    assert_ok(mw_types_load(NULL, 0, &t, &err));
    h->types = t;
    for (size_t i = 0; i < mw_types_count(t); i++) {
        h->t = mw_types_at(t, i);
        check_type(h);
    }
    print_message("%u calls of %zu types held against botocore %s: %u not in its models\n", h->calls, mw_types_count(t),
                  mw_models_botocore_version(m), h->lacking);
    mw_arena_clear(&h->f.arena);
    mw_types_free(t);
}

static void agree_with_models(void **state)
{
    const mw_models *m = NULL;
    mw_error err = {0};
    struct hold h = {0};

    (void)state;
    assert_ok(mw_models_builtin(&m, &err));
    h.newest = mw_str_starts(mw_models_botocore_version(m), "1.4");
    hold(&h, m);
    assert_true(h.calls > 700);
    if (h.newest)
        assert_int_equal(h.faults, 0);
}

/* Debian 12 carries botocore 1.29 of 2022: most of what is asked for exists there. */
static void older_models_lack_little(void **state)
{
    static const char folder[] = "/usr/lib/python3/dist-packages/botocore/data";
    mw_models *m = NULL;
    mw_buf pack = {.max = (size_t)64 << 20};
    mw_error err = {0};
    struct hold h = {0};

    (void)state;
    if (!mw_file_exists(folder))
        skip();
    assert_ok(mw_models_compile_tree(folder, NULL, &pack, &err));
    assert_ok(mw_models_open(pack.data, pack.len, &m, &err));
    hold(&h, m);
    print_message("%u members are newer\n", h.faults);
    assert_true(h.lacking * 4 < h.calls);
    mw_models_free(m);
    mw_buf_clear(&pack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree_with_models), cmocka_unit_test(older_models_lack_little)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
