/* The tree of a selection, as its parser makes it and its judge walks it. */
#ifndef MW_ENGINE_SELECT_INTERNAL_H
#define MW_ENGINE_SELECT_INTERNAL_H

#include "base/str.h"
#include "engine/select.h"

typedef enum select_node { SELECT_TERM, SELECT_NOT, SELECT_AND, SELECT_OR } select_node;

typedef enum select_key {
    SELECT_ID,
    SELECT_TITLE,
    SELECT_SEVERITY,
    SELECT_PILLAR,
    SELECT_SERVICE,
    SELECT_TYPE,
    SELECT_FRAMEWORK,
    SELECT_CONTROL,
    SELECT_PACK,
    SELECT_TAG,
    SELECT_PATH,
    SELECT_REMEDIATION,
    SELECT_NEEDS
} select_key;

typedef enum select_compare { SELECT_EQ, SELECT_NE, SELECT_GE, SELECT_GT, SELECT_LE, SELECT_LT } select_compare;

struct mw_select {
    select_node node;
    mw_str written;         /* as it stands in the text */
    size_t column;          /* where, in characters from 1 */
    const mw_select *items; /* of NOT (one), AND and OR (two or more) */
    const mw_select *next;  /* beside it */
    /* terms */
    select_key key;
    select_compare compare;
    const char *value; /* a glob, in lower case */
    const char *wider; /* fits as well: "*value*" for titles, "*" "/value" for paths; or NULL */
    int rank;          /* of a severity */
};

/** 0 info … 4 critical; -1 for anything else. */
int mw__severity_rank(const char *severity);
/** Names that a term's value may have, when they are known before any rule; else 0. */
size_t mw__select_choices(select_key key, const char *const **out);
const char *mw__select_key_name(select_key key);

#endif
