/*
 * Values that wait for the end of their structure: the elements of a flattened list may stand
 * between other members, and a map's value before its key.
 */
#ifndef MW_AWS_XML_ITEMS_H
#define MW_AWS_XML_ITEMS_H

#include "moonward/doc.h"
#include "moonward/model.h"

typedef struct mw__xml_item {
    const mw_member *member; /* of a structure; NULL in a list */
    mw_val name;             /* of `member` as a key, or absent: then it is looked up */
    mw_val key;              /* of a map entry */
    mw_val value;
    bool flat; /* one element of the flattened collection `member` */
    bool done; /* already emitted */
} mw__xml_item;

/** One list that all open structures share, each using its end. Zeroed is empty. */
typedef struct mw__xml_items {
    mw__xml_item *at;
    size_t count, cap;
} mw__xml_items;

/** A new one at the end, all its values absent; NULL when out of memory. */
mw__xml_item *mw__xml_push(mw__xml_items *items);
/**
 * Put the members since @p from into the object that is open in @p b, and drop them.
 * @param unknown  Name of a union's member that the model lacks, or NULL.
 */
void mw__xml_emit_members(mw__xml_items *items, mw_doc_builder *b, const mw_shape *s, size_t from, const char *unknown);
void mw__xml_items_clear(mw__xml_items *items);

#endif
