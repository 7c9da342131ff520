/* moonward.yaml, checked whole before anything runs. Keys: docs/reference/configuration.md. */
#ifndef MW_CLI_CONFIG_H
#define MW_CLI_CONFIG_H

#include "base/arena.h"
#include "doc/yaml.h"
#include "moonward/doc.h"

/** `MW_AUTO(mw_config) c = {0};` An absent file is an empty configuration. */
typedef struct mw_config {
    const char *path; /* NULL when there is no file */
    mw_doc *doc;      /* NULL when there is no file */
    mw_val root;
    mw_yaml_marks marks;
    mw_arena arena;
} mw_config;

#define MW_CONFIG_DEFAULT "moonward.yaml"

/**
 * @param path  NULL: MW_CONFIG_DEFAULT in the working directory, if it is there.
 * @return MW_OK; MW_ERR_NOTFOUND (a named file is missing); MW_ERR_INVALID: "path:line: key …, expected …".
 */
mw_status mw_config_load(const char *path, mw_config *out, mw_error *err);
void mw_config_clear(mw_config *c);

/** A value by key; NULL, 0, @p fallback when it is not set. Paths are relative to the file's folder. */
const char *mw_config_str(const mw_config *c, const char *key);
long long mw_config_int(const mw_config *c, const char *key, long long fallback);
bool mw_config_bool(const mw_config *c, const char *key, bool fallback);
/** Lists; a single string counts as a list of one. */
size_t mw_config_count(const mw_config *c, const char *key);
const char *mw_config_at(const mw_config *c, const char *key, size_t i);
/** What stands under a key, in c->doc, or MW_VAL_ABSENT: for what is more than a text or a list of them. */
mw_val mw_config_value(const mw_config *c, const char *key);
/** A path that stands in it, relative to the file's folder; NULL when @p v is no text, or out of memory. */
const char *mw_config_path(const mw_config *c, mw_val v);
/** The keys that there are, in order; NULL behind the last. */
const char *mw_config_key_at(size_t i);
/** Fail with "path:line: …", the line being that of @p where ("params.some-rule"). */
mw_status mw_config_fail(const mw_config *c, const char *where, mw_error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
