/*
 * The list of waiting values and how they become an object's members. Relies on the builder for
 * ceilings; a value that waits is never part of two objects.
 */
#include "aws/xml_items.h"

#include "base/mem.h"

mw__xml_item *mw__xml_push(mw__xml_items *items)
{
    if (items->count == items->cap) {
        size_t cap = items->cap ? items->cap * 2 : 64;
        mw__xml_item *grown = mw_realloc(items->at, cap * sizeof(*grown));

        if (!grown)
            return NULL;
        items->at = grown;
        items->cap = cap;
    }
    items->at[items->count] = (mw__xml_item){.name = MW_VAL_ABSENT, .key = MW_VAL_ABSENT, .value = MW_VAL_ABSENT};
    return &items->at[items->count++];
}

void mw__xml_items_clear(mw__xml_items *items)
{
    mw_free(items->at);
    *items = (mw__xml_items){0};
}

static void emit_flat(mw__xml_items *items, mw_doc_builder *b, size_t from, size_t to)
{
    const mw_member *m = items->at[from].member;
    bool map = mw_shape_type_of(mw_member_shape(m)) == MW_SHAPE_MAP;

    if (map)
        mw_doc_begin_object(b);
    else
        mw_doc_begin_array(b);
    for (size_t i = from; i < to; i++) {
        mw__xml_item *it = &items->at[i];
        if (it->member != m)
            continue;
        it->done = true;
        if (map)
            mw_doc_member_val(b, it->key, it->value);
        else
            mw_doc_add_val(b, it->value);
    }
    if (map)
        mw_doc_end_object(b);
    else
        mw_doc_end_array(b);
}

void mw__xml_emit_members(mw__xml_items *items, mw_doc_builder *b, const mw_shape *s, size_t from, const char *unknown)
{
    size_t to = items->count;

    for (size_t i = from; i < to; i++) {
        mw__xml_item *it = &items->at[i];
        if (it->done)
            continue;
        if (it->name != MW_VAL_ABSENT)
            mw_doc_key_val(b, it->name);
        else
            mw_doc_ckey(b, mw_member_name(it->member));
        if (it->flat)
            emit_flat(items, b, i, to);
        else
            mw_doc_add_val(b, it->value);
    }
    if (to == from && unknown && mw_shape_union(s)) {
        mw_doc_ckey(b, "SDK_UNKNOWN_MEMBER");
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "name", unknown);
        mw_doc_end_object(b);
    }
    items->count = from;
}
