/* YAML to documents: configuration, waivers, frameworks and resource types. */
#ifndef MW_DOC_YAML_H
#define MW_DOC_YAML_H

#include "base/arena.h"
#include "moonward/doc.h"

/**
 * Where each value of a YAML text stands. `MW_AUTO(mw_yaml_marks) m = {0};`
 * Paths are keys joined by dots and `[i]` for elements: `accounts[2].role`, `types.AWS::S3::Bucket.id`.
 */
typedef struct mw_yaml_mark {
    const char *path; /* in the arena; "" is the whole document */
    unsigned line;    /* from 1: of the key, or of the element */
} mw_yaml_mark;

typedef struct mw_yaml_marks {
    mw_arena arena;
    mw_yaml_mark *items;
    size_t count, cap;
} mw_yaml_marks;

void mw_yaml_marks_clear(mw_yaml_marks *m);
/** Line of @p path, or of the nearest value around it; 0 when nothing is known (NULL marks). */
unsigned mw_yaml_line(const mw_yaml_marks *m, const char *path);

/**
 * Parse one YAML document and push it. An empty text gives null.
 *
 * Plain scalars follow the YAML 1.2 core schema (`yes`, `on` and `012345678901` are strings: an
 * account id keeps its leading zeros); quoted and block scalars are strings; keys are always strings.
 * Refused: duplicate keys, `<<`, a second document, tags outside the core schema, an alias inside its
 * own anchor, more than 64 levels, more than 250 000 nodes once aliases are expanded, 16 MiB of text.
 *
 * @param name   For messages: `name:line:column: …`.
 * @param marks  Filled when not NULL.
 * @return MW_OK; MW_ERR_PARSE; MW_ERR_LIMIT; MW_ERR_NOMEM. On failure @p b holds the failure too.
 */
mw_status mw_yaml_read(mw_doc_builder *b, const char *text, size_t len, const char *name, mw_yaml_marks *marks,
                       mw_error *err);

#endif
