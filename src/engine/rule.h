/*
 * Rule packs: which rules there are, what they need, how they are chosen. Rule files are loaded in a
 * worker process without credentials; this process only ever sees the metadata that comes back, as
 * hostile input.
 */
#ifndef MW_ENGINE_RULE_H
#define MW_ENGINE_RULE_H

#include "inventory/type.h"
#include "moonward/doc.h"

typedef struct mw_rules mw_rules;

typedef struct mw_rule {
    const char *id, *title, *severity, *pillar, *resource, *remediation; /* remediation may be NULL */
    const char *description; /* the leading --- comment; "" when none */
    const char *see;         /* first @see or "" */
    const char *path;        /* file */
    size_t need_count;       /* own facets first, then "AWS::X::Y.Facet" */
    const char *const *needs;
    size_t related_count;
    const char *const *related;
    mw_val params, controls, applies; /* in mw_rules_doc() */
} mw_rule;

typedef struct mw_rules_options {
    const char *const *paths; /* files and folders (recursive, *.lua without *_test.lua) */
    size_t path_count;
    const mw_types *types;    /* to check resource, needs, related */
    const mw_doc *config_doc; /* may be NULL; overrides: {rule id: {param: value}} */
    mw_val params;            /* ABSENT when none */
} mw_rules_options;

/** MW_ERR_SCRIPT / MW_ERR_INVALID name file, line, key and what was expected; duplicate ids are refused. */
mw_status mw_rules_load(const mw_rules_options *o, mw_rules **out, mw_error *err);
void mw_rules_free(mw_rules *r);
size_t mw_rules_count(const mw_rules *r);
const mw_rule *mw_rules_at(const mw_rules *r, size_t i); /* in id order */
const mw_rule *mw_rules_get(const mw_rules *r, const char *id);
const mw_doc *mw_rules_doc(const mw_rules *r);
/** Keep the rules that match any of the globs over ids (`s3-*`) ; MW_ERR_NOTFOUND names a glob that matches none, with the nearest id. */
mw_status mw_rules_keep(mw_rules *r, const char *const *globs, size_t n, mw_error *err);
/** SHA-256 hex over ids, sources and effective parameters. */
const char *mw_rules_digest(const mw_rules *r);

#endif
