/*
 * A run's exchanges with AWS, kept in a folder without its secrets, to be evaluated again without a
 * network.
 *
 * `exchanges.jsonl`: one canonical JSON object a line, sorted:
 *   {"account","body" or "body_base64","headers":{…},"n":1,"operation","page":1,"params":{…},
 *    "protocol","region","service","status":200}
 * `n` counts equal requests. `manifest.json`:
 * {"format","recorded_at","engine","botocore","exchanges","notes"}.
 *
 * What finds an exchange is what the caller asked for (account, region, service, operation,
 * parameters, page), never how it went over the wire; so the models may differ between recording
 * and replay. The protocol belongs to the key because the body is written in it.
 */
#ifndef MW_AWS_RECORD_H
#define MW_AWS_RECORD_H

#include "aws/http.h"
#include "moonward/model.h"

typedef struct mw_exchange_key {
    const char *account, *region;
    const mw_operation *operation;
    const mw_doc *params_doc; /* as the caller gave them; NULL = {} */
    mw_val params;
    unsigned page; /* 1-based */
} mw_exchange_key;

/* ---- recording ---- */

typedef struct mw_recorder mw_recorder;

/** Makes the folder. Exchanges that it already holds stay: a second recording adds what is missing.
 */
mw_status mw_recorder_new(const char *dir, const mw_models *models, mw_recorder **out, mw_error *err);
void mw_recorder_free(mw_recorder *r);
/** Keep an answer, redacted. */
mw_status mw_recorder_add(mw_recorder *r, const mw_exchange_key *key, const mw_http_response *answer, mw_error *err);
mw_status mw_recorder_note(mw_recorder *r, const char *key, const char *value, mw_error *err);
const char *mw_recorder_noted(const mw_recorder *r, const char *key);
/** Write both files, each whole or not at all. */
mw_status mw_recorder_close(mw_recorder *r, mw_error *err);

/* ---- replay ---- */

typedef struct mw_replay mw_replay;

/** @return MW_OK; MW_ERR_NOTFOUND when @p dir is no recording; MW_ERR_PARSE with path and line. */
mw_status mw_replay_new(const char *dir, mw_replay **out, mw_error *err);
void mw_replay_free(mw_replay *r);
/**
 * The recorded answer to the next request of this key: equal requests replay in order, the last one
 * again and again. The same key in another region of the account serves when the region has none.
 * @param[in,out] answer  Filled; mw_http_response_clear() is the caller's.
 * @return MW_OK; MW_ERR_NOTFOUND naming operation and parameters.
 */
mw_status mw_replay_find(mw_replay *r, const mw_exchange_key *key, mw_http_response *answer, mw_error *err);
int64_t mw_replay_recorded_at_unix(const mw_replay *r);
const char *mw_replay_noted(const mw_replay *r, const char *key);

/** Is what a member of this name holds a secret, whatever the models say? */
bool mw_names_secret(const char *name);

/* ---- inside the two files ---- */

/** Exchanges of a file, sorted by key. */
typedef struct mw_exchange_entry {
    const char *key;   /* up to the region, then the rest */
    size_t any_region; /* length of the part before the region */
    size_t group;      /* length of the part before `n` */
    mw_val value;
} mw_exchange_entry;

typedef struct mw_exchange_file {
    mw_arena arena;
    mw_doc *doc;
    mw_exchange_entry *entries;
    size_t count;
} mw_exchange_file;

/** A missing file is empty. */
mw_status mw__exchange_file_load(const char *path, mw_exchange_file *out, mw_error *err);
void mw__exchange_file_clear(mw_exchange_file *f);
/** Key text of a request with `n`; *any_region and *group as in mw_exchange_entry. */
mw_status mw__exchange_key_text(mw_buf *out, const mw_exchange_key *key, unsigned n, size_t *any_region, size_t *group,
                                mw_error *err);
/** "json", "rest-xml"…: the protocol that the operation's bodies are written in. */
const char *mw__exchange_protocol(const mw_operation *op);
/** MW_ERR_NOTFOUND when the folder has no manifest. */
mw_status mw__manifest_load(const char *dir, mw_doc **out, mw_error *err);

/* ---- record_redact.c ---- */

/** Append @p body as it may be kept on disk. MW_ERR_UNSUPPORTED: it must not be kept at all. */
mw_status mw__redact_body(const mw_operation *op, const mw_http_response *answer, mw_buf *out, mw_error *err);
/** Push @p params with the values of sensitive members replaced. */
void mw__redact_params(const mw_operation *op, const mw_doc *d, mw_val params, mw_doc_builder *b);
/** May this response header be kept? Sensitive modelled ones are not. */
bool mw__keep_header(const mw_operation *op, int status, const char *name);

#endif
