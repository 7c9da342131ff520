/*
 * Rule packs: which rules there are, what they need, how they are chosen. Rule files are loaded in a
 * worker process without credentials; this process only ever sees the metadata that comes back, as
 * hostile input.
 */
#ifndef MW_ENGINE_RULE_H
#define MW_ENGINE_RULE_H

#include "doc/yaml.h"
#include "inventory/type.h"
#include "moonward/doc.h"

typedef struct mw_rules mw_rules;

typedef struct mw_rule {
    const char *id, *title, *severity, *pillar, *resource, *remediation; /* remediation may be NULL */
    const char *description;                                             /* the leading --- comment; "" when none */
    const char *see;                                                     /* first @see or "" */
    const char *path;                                                    /* file */
    const char *pack;                                                    /* name of the pack that it came with */
    size_t tag_count;
    const char *const *tags; /* words of the author's own, for selections */
    size_t need_count;       /* own facets first, then "AWS::X::Y.Facet" */
    const char *const *needs;
    size_t related_count;
    const char *const *related;
    /* In mw_rules_doc(). params: as they hold where no override does; origins: {param: who set it};
     * overrides: what accounts, regions and tags change (rule_params.h). */
    mw_val params, origins, overrides, controls, applies;
} mw_rule;

/** A trust domain: rules of different packs are loaded and judged in VMs of their own. */
typedef struct mw_rule_pack {
    const char *name;
    const char *const *paths; /* files and folders (recursive, *.lua without *_test.lua) */
    size_t path_count;
    const char *const *selects; /* which of its rules there are; all of them must hold */
    size_t select_count;
    mw_val params;     /* in config_doc: {rule id or glob: {param: value}}, for its own rules only */
    const char *where; /* its place in the configuration ("rules[1]"), or NULL */
} mw_rule_pack;

#define MW_RULE_PACKS_MAX 64

typedef struct mw_rules_options {
    const mw_rule_pack *packs;
    size_t pack_count;
    const char *const *paths; /* without packs: one pack "rules" of these */
    size_t path_count;
    const mw_types *types;    /* to check resource, needs, related */
    const mw_doc *config_doc; /* may be NULL */
    mw_val params;            /* {rule id or glob: {param: value}}; ABSENT when none */
    mw_val overrides;         /* list, as in docs/reference/configuration.md; ABSENT when none */
    const char *config_path;  /* for messages; NULL = they name no place */
    const mw_yaml_marks *marks;
} mw_rules_options;

/**
 * MW_ERR_SCRIPT / MW_ERR_INVALID name file, line, key and what was expected; duplicate ids are refused, with
 * both files. Mistakes in parameters and packs name the place in the configuration and the nearest name.
 */
mw_status mw_rules_load(const mw_rules_options *o, mw_rules **out, mw_error *err);
void mw_rules_free(mw_rules *r);
size_t mw_rules_count(const mw_rules *r);
const mw_rule *mw_rules_at(const mw_rules *r, size_t i); /* in id order */
const mw_rule *mw_rules_get(const mw_rules *r, const char *id);
const mw_doc *mw_rules_doc(const mw_rules *r);
/** Keep the rules that match any of the globs over ids (`s3-*`) ; MW_ERR_NOTFOUND names a glob that matches none, with the nearest id. */
mw_status mw_rules_keep(mw_rules *r, const char *const *globs, size_t n, mw_error *err);
/**
 * Keep the rules that any of the globs names (no glob: all) and all of the selections choose.
 * @param[out] failed  Number of the selection that an error is about, SIZE_MAX when it is a glob; may be NULL.
 * @return as mw_rules_keep(), mw_select_parse() and mw_select_mark(); never an empty set.
 */
mw_status mw_rules_choose(mw_rules *r, const char *const *globs, size_t glob_count, const char *const *selects,
                          size_t select_count, size_t *failed, mw_error *err);
/**
 * Push {params, origins: {param: who set it}, elsewhere: [override, …]}: a rule's parameters in an account and a region,
 * and the overrides that other places or tags would bring. Without an account only those hold that ask for no place.
 */
void mw_rules_params_at(const mw_rules *rules, const mw_rule *rule, const char *account, const char *region,
                        mw_doc_builder *b);
/**
 * May the rule read what lies at a dotted path of a document ("*": any member)? Its text has a word for each step. Errs
 * towards yes; a helper that another file defines is not looked into.
 */
bool mw_rule_names_path(const mw_rule *rule, const char *path);
/** The words of a rule's metadata: its keys, what `severity` and `pillar` may be. */
typedef enum mw_rule_words { MW_RULE_KEYS, MW_RULE_SEVERITIES, MW_RULE_PILLARS } mw_rule_words;
const char *const *mw_rule_words_of(mw_rule_words which, size_t *count);
/** SHA-256 hex over ids, sources, effective parameters and what overrides them. */
const char *mw_rules_digest(const mw_rules *r);

#endif
