/*
 * What the model says of XML elements, worked out once for each answer: answers repeat the same few
 * structures, whose members come in the same order. A plan is a shape, a step is an element's place
 * in one; each step remembers what came behind it and the text that it held last.
 */
#ifndef MW_AWS_XML_PLAN_H
#define MW_AWS_XML_PLAN_H

#include "aws/protocol_internal.h"
#include "base/arena.h"
#include "base/str.h"

/** What an open element is. */
typedef enum mw__xml_kind {
    MW__XML_WRAP, /* something around the structure that is wanted */
    MW__XML_STRUCT,
    MW__XML_LIST,
    MW__XML_MAP,
    MW__XML_ENTRY, /* of a map */
    MW__XML_TEXT
} mw__xml_kind;

typedef struct mw__xml_plan mw__xml_plan;
typedef struct mw__xml_step mw__xml_step;

#define MW__XML_LAST_MAX 32u

struct mw__xml_step {
    mw_str wire;             /* the element's name, of a member only */
    const mw_member *member; /* of the structure, list or map around it */
    mw__xml_plan *plan;      /* of its content; of the map when it is a flattened map's entry */
    mw__xml_kind kind;
    bool flat;           /* one element of the flattened collection `member` */
    bool unwanted;       /* the model has the member elsewhere: in a header, in an attribute */
    mw_val name;         /* of `member` as a key; absent when it has none */
    mw__xml_step *next;  /* what was met behind it, or NULL */
    mw__xml_step *older; /* among the steps of its plan */
    mw_val last;         /* value of `last_text`; absent: that text is no value */
    size_t last_len;     /* SIZE_MAX: none */
    char last_text[MW__XML_LAST_MAX];
};

struct mw__xml_plan {
    const mw_shape *shape;
    mw_shape_type type;
    mw__xml_kind kind;
    bool renamed;                        /* a flattened list is called by its element's name */
    bool collects;                       /* its members wait for its end: flattened ones may stand between others */
    mw__xml_step *first;                 /* what was met first, or NULL */
    mw__xml_step *steps;                 /* all that were met */
    mw__xml_step *element, *key, *value; /* of a list, of a map; NULL until met */
    mw__xml_plan *older;
};

/** All plans of one answer. Zeroed is empty; nothing outlives mw__xml_plans_clear(). */
typedef struct mw__xml_plans {
    mw_arena arena;
    mw_doc_builder *b; /* holds the steps' names */
    mw__xml_plan *newest;
} mw__xml_plans;

/** NULL when out of memory. Cost: the shapes met so far. */
mw__xml_plan *mw__xml_plan_of(mw__xml_plans *p, const mw_shape *s);
/**
 * The step of an element called @p name (without prefix) in a structure. *out is NULL when the
 * model lacks it.
 * @return MW_OK or MW_ERR_NOMEM.
 */
mw_status mw__xml_find_member(mw__xml_plans *p, mw__xml_plan *structure, mw_str name, mw__xml_step **out);
/** The step of a list's element, a map's key or value, kept in *slot; NULL when out of memory. */
mw__xml_step *mw__xml_reference(mw__xml_plans *p, mw__xml_step **slot, const mw_member *m);
void mw__xml_plans_clear(mw__xml_plans *p);

/** The member expected behind @p last (NULL: as first) when it is called @p name, else NULL. */
static inline mw__xml_step *mw__xml_expect(const mw__xml_plan *structure, const mw__xml_step *last, mw_str name)
{
    mw__xml_step *s = last ? last->next : structure->first;

    /* one or two members that others have may be missing */
    for (unsigned i = 0; s && i < 3; i++, s = s->next)
        if (s->wire.len == name.len && memcmp(s->wire.data, name.data, name.len) == 0)
            return s;
    return NULL;
}

#endif
