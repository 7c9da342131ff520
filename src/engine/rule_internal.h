/* What the files of src/engine know of loaded rules beyond engine/rule.h. */
#ifndef MW_ENGINE_RULE_INTERNAL_H
#define MW_ENGINE_RULE_INTERNAL_H

#include "base/arena.h"
#include "engine/rule.h"
#include "inventory/collect.h"

typedef struct mw_tag_facet {
    const char *type, *facet;
} mw_tag_facet;

/* A rule's file, and what the broker found out about it. */
typedef struct mw_rule_entry {
    mw_rule rule;
    const char *source;
    size_t len;
    size_t pack;                    /* number of its pack */
    const mw_tag_facet *tag_facets; /* of its own type and the related ones */
    size_t tag_facet_count;
} mw_rule_entry;

struct mw_rules {
    mw_rule_entry *items; /* by id */
    size_t count;
    const mw_types *types;
    mw_doc *doc;        /* of each rule: params, origins, overrides, controls, applies */
    const char **packs; /* names */
    size_t pack_count;
    char digest[65];
    mw_arena arena;
};

/** critical … info; the pillars. */
extern const char *const mw__severities[5], *const mw__pillars[6];

/** Reading rule text without running it: used by the loader only, never by what decides a verdict. */
typedef struct mw_rule_comment {
    const char *description, *see; /* in the arena; "" when none */
} mw_rule_comment;
/** The leading `---` comment. @return false when out of memory. */
bool mw__rule_comment(const char *source, size_t len, mw_arena *arena, mw_rule_comment *out);
/** How often the name occurs outside comments and strings, or as a whole string (`r["tags"]`). */
size_t mw__rule_uses_name(const char *source, size_t len, const char *name);

/** Does the name occur as a word anywhere, in strings and comments too? */
bool mw__rule_has_word(const char *source, size_t len, const char *word, size_t word_len);

/** Check one rule's metadata (root of @p d, from a worker: hostile) and fill everything but params, controls, applies. */
mw_status mw__rule_check(const mw_rules *rules, const mw_doc *d, mw_val meta, const char *path, mw_arena *arena,
                         mw_rule_entry *out, mw_error *err);

/** Push a fixture's value with {"$unknown": cause} as the unknown value that it stands for. */
void mw__fixture_copy(mw_doc_builder *b, const mw_doc *d, mw_val v);
/** The world that a fixture (a value of @p d) describes, for a resource of @p type. MW_ERR_INVALID: its time is none. */
mw_status mw__fixture_world(const mw_doc *d, mw_val fixture, const char *type, mw_fixture_world *out, mw_error *err);

#endif
