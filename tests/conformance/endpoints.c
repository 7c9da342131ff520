/* Modes "endpoint-load" and "endpoint": a rule set given at run time, else the pack's. */
#include "aws/endpoint.h"
#include "conformance.h"

#include <string.h>

enum { MAX_LOADED = 1024 };

static struct {
    char name[64];
    mw_doc *doc; /* {"ruleset", "partitions"} */
} loaded[MAX_LOADED];
static size_t loaded_count;

void endpoint_rules_clear(void)
{
    for (size_t i = 0; i < loaded_count; i++)
        mw_doc_free(loaded[i].doc);
    loaded_count = 0;
}

mw_status mode_endpoint_load(turn *t, mw_error *err)
{
    const char *name = mw_val_get_str(t->d, t->request, "service", "");
    mw_doc_builder *b = NULL;
    mw_doc *doc = NULL;
    size_t len = strlen(name), at = 0;
    mw_status st;

    while (at < loaded_count && !mw_str_eq(loaded[at].name, name))
        at++;
    if (at == MAX_LOADED || len >= sizeof(loaded[0].name))
        return mw_fail(err, MW_ERR_LIMIT, "too many rule sets, or too long a name");
    if ((st = mw_doc_builder_new(NULL, &b, err)) != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "ruleset");
    mw_doc_add_copy(b, t->d, mw_val_get(t->d, t->request, "ruleset"));
    mw_doc_ckey(b, "partitions");
    mw_doc_add_copy(b, t->d, mw_val_get(t->d, t->request, "partitions"));
    mw_doc_end_object(b);
    st = mw_doc_finish(b, mw_doc_pop(b), &doc, err);
    mw_doc_builder_free(b);
    if (st != MW_OK)
        return st;
    if (at < loaded_count)
        mw_doc_free(loaded[at].doc);
    else
        loaded_count++;
    memcpy(loaded[at].name, name, len + 1);
    loaded[at].doc = doc;
    mw_doc_member_bool(t->out, "ok", true);
    return MW_OK;
}

static mw_status find_rules(const char *name, const mw_doc **d, mw_val *rules, mw_val *partitions, mw_error *err)
{
    const mw_models *models;
    const mw_service *service;
    mw_status st;

    for (size_t i = 0; i < loaded_count; i++) {
        if (!mw_str_eq(loaded[i].name, name))
            continue;
        *d = loaded[i].doc;
        *rules = mw_val_get(*d, mw_doc_root(*d), "ruleset");
        *partitions = mw_val_get(*d, mw_doc_root(*d), "partitions");
        return MW_OK;
    }
    if ((st = mw_models_builtin(&models, err)) != MW_OK)
        return st;
    service = mw_models_service(models, name);
    if (!service)
        return mw_fail(err, MW_ERR_NOTFOUND, "the pack has no service '%s'", name);
    *d = mw_models_doc(models);
    *rules = mw_service_ruleset(service);
    *partitions = mw_models_partitions(models);
    return MW_OK;
}

mw_status mode_endpoint(turn *t, mw_error *err)
{
    const mw_doc *d = NULL;
    mw_val rules = MW_VAL_ABSENT, partitions = MW_VAL_ABSENT, params;
    mw_doc_builder *b = NULL;
    mw_endpoint e = {0};
    mw_status st = find_rules(mw_val_get_str(t->d, t->request, "service", ""), &d, &rules, &partitions, err);

    if (st == MW_OK)
        st = mw_doc_builder_new(NULL, &b, err);
    if (st != MW_OK)
        return st;
    mw_doc_add_copy(b, t->d, mw_val_get(t->d, t->request, "params"));
    params = mw_doc_pop(b);
    st = mw_ruleset_eval(d, rules, partitions, b, params, &t->arena, &e, err);
    if (st == MW_OK) {
        mw_doc_member_str(t->out, "url", e.url);
        mw_doc_ckey(t->out, "headers");
        mw_doc_begin_object(t->out);
        for (size_t i = 0; i < e.headers.count; i++) {
            mw_doc_ckey(t->out, e.headers.items[i].name);
            mw_doc_begin_array(t->out);
            mw_doc_add_cstr(t->out, e.headers.items[i].value);
            mw_doc_end_array(t->out);
        }
        mw_doc_end_object(t->out);
        mw_doc_ckey(t->out, "properties");
        if (e.properties == MW_VAL_ABSENT)
            mw_doc_add_null(t->out);
        else
            mw_doc_add_copy(t->out, mw_doc_view(b), e.properties);
    }
    mw_doc_builder_free(b);
    return st;
}
