/*
 * Values that are not shapes: rule sets, paginators, waiters, context parameters and the few traits
 * of operations that are whole values, copied from JSON into the pack's document, and documents
 * back into JSON so that the compiler has one kind of input. jansson is used because it keeps the
 * order of members, which is part of a model.
 */
#include "model/compiler.h"

#include <string.h>

/* Operation traits kept as values (botocore's names). */
static const char *const operation_keys[] = {
    "httpChecksum",
    "staticContextParams",
    "operationContextParams",
};

const char *mw__json_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

void mw__json_to_doc(mw_doc_builder *b, const json_t *value)
{
    const char *key;
    json_t *child, *whole = (json_t *)(uintptr_t)value; /* jansson iterates over non-const only */
    size_t i;

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        mw_doc_begin_object(b);
        json_object_foreach(whole, key, child)
        {
            if (strcmp(key, "documentation") == 0)
                continue;
            mw_doc_ckey(b, key);
            mw__json_to_doc(b, child);
        }
        mw_doc_end_object(b);
        break;
    case JSON_ARRAY:
        mw_doc_begin_array(b);
        json_array_foreach(value, i, child) mw__json_to_doc(b, child);
        mw_doc_end_array(b);
        break;
    case JSON_STRING: mw_doc_add_str(b, json_string_value(value), json_string_length(value)); break;
    case JSON_INTEGER: mw_doc_add_int(b, json_integer_value(value)); break;
    case JSON_REAL: mw_doc_add_real(b, json_real_value(value)); break;
    case JSON_TRUE: mw_doc_add_bool(b, true); break;
    case JSON_FALSE: mw_doc_add_bool(b, false); break;
    case JSON_NULL: mw_doc_add_null(b); break;
    }
}

json_t *mw__doc_to_json(const mw_doc *d, mw_val v, unsigned depth, mw_error *err)
{
    json_t *json = NULL, *child;
    const char *text;
    size_t len;

    if (depth > 512) {
        mw_fail(err, MW_ERR_LIMIT, "a service model is nested more than 512 levels deep");
        return NULL;
    }
    switch (mw_val_kind(d, v)) {
    case MW_KIND_OBJECT:
        json = json_object();
        for (size_t i = 0; json && i < mw_val_len(d, v); i++) {
            mw_val key, member = mw_val_member(d, v, i, &key);

            text = mw_val_str(d, key, &len);
            child = mw__doc_to_json(d, member, depth + 1, err);
            if (!child || json_object_set_new(json, text, child) != 0)
                goto failed;
        }
        break;
    case MW_KIND_ARRAY:
        json = json_array();
        for (size_t i = 0; json && i < mw_val_len(d, v); i++) {
            child = mw__doc_to_json(d, mw_val_at(d, v, i), depth + 1, err);
            if (!child || json_array_append_new(json, child) != 0)
                goto failed;
        }
        break;
    case MW_KIND_STRING:
        text = mw_val_str(d, v, &len);
        json = json_stringn(text, len);
        break;
    case MW_KIND_INT: json = json_integer(mw_val_int(d, v)); break;
    case MW_KIND_REAL: json = json_real(mw_val_real(d, v)); break;
    case MW_KIND_BOOL: json = json_boolean(mw_val_bool(d, v)); break;
    default: json = json_null(); break;
    }
    if (json)
        return json;
failed:
    json_decref(json);
    if (!err || err->status == MW_OK)
        mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory, or a text that JSON cannot hold");
    return NULL;
}

bool mw__has_operation_values(const json_t *operation)
{
    for (size_t i = 0; i < MW_COUNT(operation_keys); i++) {
        if (json_object_get(operation, operation_keys[i]))
            return true;
    }
    return false;
}

static void add_member(mw_doc_builder *b, const char *key, const json_t *value)
{
    if (!value)
        return;
    mw_doc_ckey(b, key);
    mw__json_to_doc(b, value);
}

static void add_operations(mw_doc_builder *b, json_t *operations)
{
    const char *name;
    json_t *operation;

    mw_doc_ckey(b, "operations");
    mw_doc_begin_object(b);
    json_object_foreach(operations, name, operation)
    {
        if (!mw__has_operation_values(operation))
            continue;
        mw_doc_ckey(b, name);
        mw_doc_begin_object(b);
        for (size_t i = 0; i < MW_COUNT(operation_keys); i++)
            add_member(b, operation_keys[i], json_object_get(operation, operation_keys[i]));
        mw_doc_end_object(b);
    }
    mw_doc_end_object(b);
}

void mw__add_service_values(mw_doc_builder *b, const mw_service_source *source)
{
    mw_doc_begin_object(b);
    add_member(b, "ruleset", source->ruleset);
    add_member(b, "paginators", json_object_get(source->paginators, "pagination"));
    add_member(b, "waiters", json_object_get(source->waiters, "waiters"));
    add_member(b, "clientContextParams", json_object_get(source->model, "clientContextParams"));
    add_operations(b, json_object_get(source->model, "operations"));
    mw_doc_end_object(b);
}
