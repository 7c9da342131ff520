/*
 * Paginators as botocore models them (input_token, output_token, more_results, limit_key,
 * result_key, non_aggregate_keys). Relies on JMESPath for the few expressions that are more than a
 * name. It must never stop early without being told to: a token that does not change, and the word
 * that there is more without a token, are errors and not an end.
 */
#include "aws/paginate.h"

#include "base/buf.h"
#include "base/mem.h"
#include "moonward/jmespath.h"

#include <string.h>

#define TOKENS_MAX      8  /* route53 ListResourceRecordSets has three */
#define RESULT_KEYS_MAX 8  /* four in today's models */
#define KEYS_MAX        32 /* result keys and non-aggregate keys together */
#define TOKEN_MAX_BYTES ((size_t)1 << 20)
#define PAGES_MAX       100000 /* S18: pages of one call */

typedef struct expression {
    const char *text;
    mw_jmespath *compiled; /* NULL when the text is a plain path */
} expression;

struct mw_paginator {
    const char *limit_key;
    const char *input[TOKENS_MAX];
    expression output[TOKENS_MAX];
    size_t token_count;
    expression more;
    mw_buf path;          /* text of an implied output token */
    mw_doc_builder *held; /* the tokens for the next request */
    mw_val token[TOKENS_MAX];
    bool has_tokens;
    mw_buf last; /* canonical JSON of the tokens before */
    /* Those of an earlier page, renewed after 1, 2, 4, 8… pages: a circle of any length comes by it (Brent 1980). */
    mw_buf mark;
    size_t mark_age, mark_life;
};

/* ---- expressions ---- */

static bool is_plain_path(const char *s)
{
    for (; *s; s++) {
        bool word =
            (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '_' || *s == '.';
        if (!word)
            return false;
    }
    return true;
}

static mw_status expression_init(expression *e, const char *text, mw_error *err)
{
    e->text = text;
    if (is_plain_path(text))
        return MW_OK;
    return mw_jmespath_compile(text, strlen(text), &e->compiled, err);
}

static mw_status expression_eval(const expression *e, mw_doc_builder *b, mw_val v, mw_val *out, mw_error *err)
{
    if (e->compiled)
        return mw_jmespath_eval(e->compiled, b, v, out, err);
    *out = mw_val_path(mw_doc_view(b), v, e->text);
    return MW_OK;
}

/** False as Python sees it: null, false, 0, "", [], {}. */
static bool truthy(const mw_doc *d, mw_val v)
{
    size_t len = 0;

    switch (mw_val_kind(d, v)) {
    case MW_KIND_BOOL: return mw_val_bool(d, v);
    case MW_KIND_INT: return mw_val_int(d, v) != 0;
    case MW_KIND_REAL: return mw_val_real(d, v) < 0 || mw_val_real(d, v) > 0;
    case MW_KIND_STRING: mw_val_str(d, v, &len); return len > 0;
    case MW_KIND_ARRAY:
    case MW_KIND_OBJECT: return mw_val_len(d, v) > 0;
    default: return false;
    }
}

/** A modelled "string or list of strings" as a list. */
static mw_status names(const mw_operation *op, const mw_doc *d, mw_val v, const char *field, const char **out,
                       size_t max, size_t *count, mw_error *err)
{
    size_t n = mw_val_kind(d, v) == MW_KIND_ARRAY ? mw_val_len(d, v) : 1;

    *count = 0;
    if (mw_val_kind(d, v) == MW_KIND_ABSENT)
        return MW_OK;
    for (size_t i = 0; i < n; i++) {
        const char *s = mw_val_str(d, n == 1 && mw_val_kind(d, v) == MW_KIND_STRING ? v : mw_val_at(d, v, i), NULL);

        if (!s || i == max)
            return mw_fail(err, MW_ERR_PARSE, "paginator of %s:%s: '%s' is malformed",
                           mw_service_name(mw_operation_service(op)), mw_operation_name(op), field);
        out[(*count)++] = s;
    }
    return MW_OK;
}

/* ---- tokens ---- */

mw_status mw_paginator_new(const mw_operation *op, mw_paginator **out, mw_error *err)
{
    const mw_service *service = mw_operation_service(op);
    const mw_doc *d = mw_models_doc(mw_service_models(service));
    mw_val model = mw_service_paginator(service, mw_operation_name(op));
    const char *output[TOKENS_MAX], *more;
    size_t outputs = 0;
    mw_paginator *p;
    mw_status st;

    *out = NULL;
    if (mw_val_kind(d, model) != MW_KIND_OBJECT)
        return MW_OK;
    p = mw_alloc(sizeof(*p));
    if (!p)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    p->last.max = p->mark.max = TOKEN_MAX_BYTES;
    if ((st = names(op, d, mw_val_get(d, model, "input_token"), "input_token", p->input, TOKENS_MAX, &p->token_count,
                    err)) != MW_OK ||
        (st = names(op, d, mw_val_get(d, model, "output_token"), "output_token", output, TOKENS_MAX, &outputs, err)) !=
            MW_OK)
        goto out;
    if (outputs != p->token_count) {
        st = mw_fail(err, MW_ERR_PARSE, "paginator of %s:%s: %zu input tokens, %zu output tokens",
                     mw_service_name(service), mw_operation_name(op), p->token_count, outputs);
        goto out;
    }
    for (size_t i = 0; i < outputs; i++)
        if ((st = expression_init(&p->output[i], output[i], err)) != MW_OK)
            goto out;
    more = mw_val_get_str(d, model, "more_results", NULL);
    if (more && (st = expression_init(&p->more, more, err)) != MW_OK)
        goto out;
    p->limit_key = mw_val_get_str(d, model, "limit_key", NULL);
    st = mw_doc_builder_new(&(mw_doc_options){.max_bytes = TOKEN_MAX_BYTES}, &p->held, err);
out:
    if (st != MW_OK) {
        mw_paginator_free(p);
        return st;
    }
    *out = p;
    return MW_OK;
}

/* Is @p name a member of @p output, or of a structure in it? Its path goes to @p path. */
static bool find_token(const mw_shape *output, const char *name, mw_buf *path)
{
    if (mw_shape_member(output, name, strlen(name)))
        return mw_buf_puts(path, name) == MW_OK;
    for (size_t i = 0; i < mw_shape_member_count(output); i++) {
        const mw_member *m = mw_shape_member_at(output, i);
        const mw_shape *s = mw_member_shape(m);

        if (mw_shape_type_of(s) == MW_SHAPE_STRUCTURE && mw_shape_member(s, name, strlen(name)))
            return mw_buf_printf(path, "%s.%s", mw_member_name(m), name) == MW_OK;
    }
    return false;
}

mw_status mw_paginator_implied(const mw_operation *op, mw_paginator **out, mw_error *err)
{
    static const struct {
        const char *input, *output;
    } pairs[] = {{"NextToken", "NextToken"},
                 {"nextToken", "nextToken"},
                 {"NextPageToken", "NextPageToken"},
                 {"nextPageToken", "nextPageToken"},
                 {"NextMarker", "NextMarker"},
                 {"Marker", "NextMarker"},
                 {"Marker", "Marker"},
                 {"PaginationToken", "PaginationToken"},
                 {"position", "position"},
                 {"ContinuationToken", "NextContinuationToken"}};
    const mw_service *service = mw_operation_service(op);
    const mw_shape *in = mw_operation_input(op), *answer = mw_operation_output(op);
    mw_paginator *p;
    mw_status st;

    *out = NULL;
    if (!in || !answer ||
        mw_val_kind(mw_models_doc(mw_service_models(service)), mw_service_paginator(service, mw_operation_name(op))) ==
            MW_KIND_OBJECT)
        return MW_OK;
    p = mw_alloc(sizeof(*p));
    if (!p)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    p->last.max = p->mark.max = TOKEN_MAX_BYTES;
    for (size_t i = 0; p->token_count == 0 && i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (mw_shape_member(in, pairs[i].input, strlen(pairs[i].input)) &&
            find_token(answer, pairs[i].output, &p->path)) {
            p->input[p->token_count++] = pairs[i].input;
            p->output[0].text = p->path.data;
        }
    }
    st = mw_buf_status(&p->path, err);
    if (st == MW_OK)
        st = mw_doc_builder_new(&(mw_doc_options){.max_bytes = TOKEN_MAX_BYTES}, &p->held, err);
    if (st != MW_OK || p->token_count == 0) {
        mw_paginator_free(p);
        return st;
    }
    *out = p;
    return MW_OK;
}

void mw_paginator_free(mw_paginator *p)
{
    if (!p)
        return;
    mw_buf_clear(&p->path);
    for (size_t i = 0; i < TOKENS_MAX; i++)
        mw_jmespath_free(p->output[i].compiled);
    mw_jmespath_free(p->more.compiled);
    mw_doc_builder_free(p->held);
    mw_buf_clear(&p->last);
    mw_buf_clear(&p->mark);
    mw_free(p);
}

static bool replaced(const mw_paginator *p, const char *key, int page_size)
{
    if (page_size > 0 && p->limit_key && strcmp(key, p->limit_key) == 0)
        return true;
    for (size_t i = 0; p->has_tokens && i < p->token_count; i++)
        if (strcmp(key, p->input[i]) == 0)
            return true;
    return false;
}

/** The limit's own type: some services model it as a string (route53 MaxItems). */
static void add_limit(const mw_paginator *p, const mw_operation *op, mw_doc_builder *b, int page_size)
{
    const mw_shape *input = op ? mw_operation_input(op) : NULL;
    const mw_member *m = input ? mw_shape_member(input, p->limit_key, strlen(p->limit_key)) : NULL;
    MW_AUTO(mw_buf) text = {.max = 32};

    if (m && mw_shape_type_of(mw_member_shape(m)) == MW_SHAPE_STRING) {
        mw_buf_printf(&text, "%d", page_size);
        mw_doc_add_str(b, text.data ? text.data : "", text.len);
        return;
    }
    mw_doc_add_int(b, page_size);
}

mw_status mw_paginator_params(const mw_paginator *p, const mw_operation *op, const mw_doc *d, mw_val params,
                              int page_size, mw_doc_builder *b, mw_val *out, mw_error *err)
{
    const mw_doc *held = mw_doc_view(p->held);
    size_t n = d ? mw_val_len(d, params) : 0;

    mw_doc_builder_reset(b);
    mw_doc_begin_object(b);
    for (size_t i = 0; i < n; i++) {
        mw_val key = MW_VAL_ABSENT, value = mw_val_member(d, params, i, &key);
        const char *name = mw_val_str(d, key, NULL);

        if (!name || replaced(p, name, page_size))
            continue;
        mw_doc_ckey(b, name);
        mw_doc_add_copy(b, d, value);
    }
    if (page_size > 0 && p->limit_key) {
        mw_doc_ckey(b, p->limit_key);
        add_limit(p, op, b, page_size);
    }
    for (size_t i = 0; p->has_tokens && i < p->token_count; i++) {
        if (mw_val_kind(held, p->token[i]) == MW_KIND_NULL)
            continue;
        mw_doc_ckey(b, p->input[i]);
        mw_doc_add_copy(b, held, p->token[i]);
    }
    mw_doc_end_object(b);
    *out = mw_doc_pop(b);
    return mw_doc_builder_status(b, err);
}

/** Copy the page's tokens out, as null where there is none. */
static mw_status hold_tokens(mw_paginator *p, mw_doc_builder *page, mw_val result, bool *any, mw_error *err)
{
    *any = false;
    mw_doc_builder_reset(p->held);
    for (size_t i = 0; i < p->token_count; i++) {
        mw_val v = MW_VAL_ABSENT;
        mw_status st = expression_eval(&p->output[i], page, result, &v, err);
        const mw_doc *d = mw_doc_view(page);
        const char *s;

        if (st != MW_OK)
            return st;
        s = mw_val_str(d, v, NULL);
        if (truthy(d, v) && !(s && strcmp(s, "None") == 0)) {
            mw_doc_add_copy(p->held, d, v);
            *any = true;
        } else {
            mw_doc_add_null(p->held);
        }
        p->token[i] = mw_doc_pop(p->held);
    }
    return mw_doc_builder_status(p->held, err);
}

/* What the answer says of further pages, where its operation has a member for that. */
typedef enum announced { NOT_SAID, NO_MORE, MORE } announced;

static mw_status read_announced(const mw_paginator *p, mw_doc_builder *page, mw_val result, announced *out,
                                mw_error *err)
{
    mw_val v = MW_VAL_ABSENT;
    mw_status st = p->more.text ? expression_eval(&p->more, page, result, &v, err) : MW_OK;
    const mw_doc *d = mw_doc_view(page);

    *out = mw_val_kind(d, v) <= MW_KIND_NULL ? NOT_SAID : truthy(d, v) ? MORE : NO_MORE;
    return st;
}

static bool equal(const mw_buf *a, const mw_buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static mw_status keep(mw_buf *out, const mw_buf *token, mw_error *err)
{
    mw_buf_reset(out);
    return mw_buf_add(out, token->data, token->len, err);
}

/* Was it given before? Then the pages go in circles. */
static mw_status remember(mw_paginator *p, const mw_buf *now, mw_error *err)
{
    mw_status st;

    if (p->mark_life > 0 && (equal(now, &p->last) || equal(now, &p->mark)))
        return mw_fail(err, MW_ERR_CONFLICT, "the same page token was given twice: %s = %.200s", p->input[0],
                       now->data);
    if (++p->mark_age >= p->mark_life) {
        if ((st = keep(&p->mark, now, err)) != MW_OK)
            return st;
        p->mark_life = p->mark_life ? p->mark_life * 2 : 1;
        p->mark_age = 0;
    }
    return keep(&p->last, now, err);
}

mw_status mw_paginator_advance(mw_paginator *p, mw_doc_builder *page, mw_val result, bool *more, mw_error *err)
{
    MW_AUTO(mw_buf) now = {.max = TOKEN_MAX_BYTES};
    announced said;
    bool any;
    mw_status st;

    *more = false;
    p->has_tokens = false;
    if ((st = read_announced(p, page, result, &said, err)) != MW_OK || said == NO_MORE)
        return st;
    if ((st = hold_tokens(p, page, result, &any, err)) != MW_OK)
        return st;
    if (!any)
        return said == MORE ? mw_fail(err, MW_ERR_PARSE,
                                      "%s says that there is more, and the answer has no token for it", p->more.text)
                            : MW_OK;
    for (size_t i = 0; i < p->token_count; i++) {
        mw_json_write(&now, mw_doc_view(p->held), p->token[i], MW_JSON_COMPACT);
        mw_buf_putc(&now, '\n');
    }
    if ((st = mw_buf_status(&now, err)) != MW_OK)
        return st;
    if ((st = remember(p, &now, err)) != MW_OK)
        return st;
    p->has_tokens = *more = true;
    return MW_OK;
}

/* ---- adding pages up ---- */

typedef struct merge_key {
    const char *path;
    bool aggregate; /* else from the first page */
} merge_key;

struct mw_page_merge {
    merge_key keys[KEYS_MAX];
    size_t key_count;
    bool paginated;
    mw_doc_builder *pages;
    mw_val *page;
    size_t page_count, page_cap;
};

mw_status mw_page_merge_new(const mw_operation *op, mw_page_merge **out, mw_error *err)
{
    const mw_service *service = mw_operation_service(op);
    const mw_doc *d = mw_models_doc(mw_service_models(service));
    mw_val model = mw_service_paginator(service, mw_operation_name(op));
    mw_page_merge *m = mw_alloc(sizeof(*m));
    const char *list[KEYS_MAX];
    size_t n = 0, others = 0;
    mw_status st;

    *out = NULL;
    if (!m)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    m->paginated = mw_val_kind(d, model) == MW_KIND_OBJECT;
    if (m->paginated) {
        if ((st = names(op, d, mw_val_get(d, model, "result_key"), "result_key", list, RESULT_KEYS_MAX, &n, err)) !=
                MW_OK ||
            (st = names(op, d, mw_val_get(d, model, "non_aggregate_keys"), "non_aggregate_keys", list + n, KEYS_MAX - n,
                        &others, err)) != MW_OK)
            goto out;
    }
    for (size_t i = 0; i < n + others; i++)
        m->keys[m->key_count++] = (merge_key){list[i], i < n};
    st = mw_doc_builder_new(NULL, &m->pages, err);
out:
    if (st != MW_OK) {
        mw_page_merge_free(m);
        return st;
    }
    *out = m;
    return MW_OK;
}

void mw_page_merge_free(mw_page_merge *m)
{
    if (!m)
        return;
    mw_doc_builder_free(m->pages);
    mw_free(m->page);
    mw_free(m);
}

mw_status mw_page_merge_add(mw_page_merge *m, mw_doc_builder *page, mw_val result, mw_error *err)
{
    if (m->page_count == m->page_cap) {
        size_t cap = m->page_cap ? m->page_cap * 2 : 16;
        mw_val *grown;

        if (m->page_count >= PAGES_MAX)
            return mw_fail(err, MW_ERR_LIMIT, "more than %d pages", PAGES_MAX);
        grown = mw_realloc(m->page, cap * sizeof(*grown));
        if (!grown)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
        m->page = grown;
        m->page_cap = cap;
    }
    mw_doc_add_copy(m->pages, mw_doc_view(page), result);
    m->page[m->page_count++] = mw_doc_pop(m->pages);
    return mw_doc_builder_status(m->pages, err);
}

/** Lists are joined, strings concatenated, numbers added: botocore's rule for a result key. */
static void add_aggregate(const mw_page_merge *m, const char *path, mw_doc_builder *out)
{
    const mw_doc *d = mw_doc_view(m->pages);
    MW_AUTO(mw_buf) text = {0};
    int64_t whole = 0;
    double real = 0;
    mw_kind kind = MW_KIND_ABSENT;
    mw_val first = MW_VAL_NULL;

    for (size_t i = 0; i < m->page_count; i++) {
        mw_val v = mw_val_path(d, m->page[i], path);
        mw_kind k = mw_val_kind(d, v);
        size_t len;
        const char *s;

        if (k == MW_KIND_ABSENT || k == MW_KIND_NULL)
            continue;
        if (kind == MW_KIND_ABSENT) {
            kind = k;
            first = v;
            if (k == MW_KIND_ARRAY)
                mw_doc_begin_array(out);
        }
        if (kind == MW_KIND_INT && k == MW_KIND_REAL)
            kind = MW_KIND_REAL;
        if (kind == MW_KIND_ARRAY)
            for (size_t n = 0; n < mw_val_len(d, v); n++)
                mw_doc_add_val(out, mw_val_at(d, v, n));
        else if (kind == MW_KIND_STRING && (s = mw_val_str(d, v, &len)) != NULL)
            mw_buf_add(&text, s, len, NULL);
        whole += mw_val_int(d, v);
        real += mw_val_real(d, v);
    }
    switch (kind) {
    case MW_KIND_ARRAY: mw_doc_end_array(out); break;
    case MW_KIND_STRING:
        if (text.failed != MW_OK)
            mw_doc_builder_fail(out, text.failed, "the joined pages are too large");
        mw_doc_add_str(out, text.data ? text.data : "", text.len);
        break;
    case MW_KIND_INT: mw_doc_add_int(out, whole); break;
    case MW_KIND_REAL: mw_doc_add_real(out, real); break;
    case MW_KIND_ABSENT: mw_doc_add_null(out); break;
    default: mw_doc_add_val(out, first); break;
    }
}

static bool found(const mw_page_merge *m, const merge_key *k)
{
    const mw_doc *d = mw_doc_view(m->pages);

    if (!k->aggregate)
        return true; /* botocore names them even when the answer did not */
    for (size_t i = 0; i < m->page_count; i++) {
        mw_kind kind = mw_val_kind(d, mw_val_path(d, m->page[i], k->path));

        if (kind != MW_KIND_ABSENT && kind != MW_KIND_NULL)
            return true;
    }
    return false;
}

/** The members below @p prefix: keys "A.B" and "A.C" make one object A. */
static void build_level(const mw_page_merge *m, const char *prefix, size_t prefix_len, mw_doc_builder *out)
{
    const mw_doc *d = mw_doc_view(m->pages);

    mw_doc_begin_object(out);
    for (size_t i = 0; i < m->key_count; i++) {
        const merge_key *k = &m->keys[i];
        const char *name = k->path + prefix_len, *dot = strchr(name, '.');
        size_t len = dot ? (size_t)(dot - name) : strlen(name);
        bool seen = false;

        if (strncmp(k->path, prefix, prefix_len) != 0 || !found(m, k))
            continue;
        for (size_t j = 0; dot && j < i && !seen; j++)
            seen = strncmp(m->keys[j].path, k->path, prefix_len + len + 1) == 0 && found(m, &m->keys[j]);
        if (seen)
            continue;
        mw_doc_key(out, name, len);
        if (dot) {
            build_level(m, k->path, prefix_len + len + 1, out);
        } else if (k->aggregate) {
            add_aggregate(m, k->path, out);
        } else {
            mw_val v = m->page_count ? mw_val_path(d, m->page[0], k->path) : MW_VAL_ABSENT;

            if (mw_val_kind(d, v) == MW_KIND_ABSENT)
                mw_doc_add_null(out);
            else
                mw_doc_add_val(out, v);
        }
    }
    mw_doc_end_object(out);
}

mw_status mw_page_merge_build(mw_page_merge *m, mw_doc_builder **out, mw_val *result, mw_error *err)
{
    mw_doc_builder *b = m->pages;

    *out = b;
    if (m->paginated) {
        build_level(m, "", 0, b);
    } else if (m->page_count > 0) {
        mw_doc_add_val(b, m->page[m->page_count - 1]);
    } else {
        mw_doc_begin_object(b);
        mw_doc_end_object(b);
    }
    *result = mw_doc_pop(b);
    return mw_doc_builder_status(b, err);
}
