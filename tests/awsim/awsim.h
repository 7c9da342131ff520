/*
 * What the units of the load and fault server share. It is a program of the tests: nothing here is
 * linked with, or taken from, the parsers, the signer or the models that it helps to test.
 */
#ifndef AWSIM_H
#define AWSIM_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* ---- text.c: answers from templates ---------------------------------------------------------- */

struct arg {
    const char *s;
    uint64_t u; /* a number, or the length of s */
};

static inline struct arg S(const char *s) {
    return (struct arg){s ? s : "", s ? strlen(s) : 0};
} static inline struct arg U(uint64_t u) {
    return (struct arg){.u = u};
}

/**
 * Append @p format. `$s` text as it is, `$x` as XML text, `$j` as the inside of a JSON string, `$p`
 * percent-encoded, `$d` decimal, `$h` the 17 hex digits of an id, `$H` 16 upper-case hex digits,
 * `$2` two hex digits, `$t` a Unix time as `2024-01-02T03:04:05Z`, `$T` with `.000Z`, `$$` a dollar.
 * The number of arguments must be the number of verbs: anything else ends the program.
 */
void put(mw_buf *out, const char *format, size_t len, const struct arg *args, size_t count);
#define say(out, format, ...)                                                                                          \
    put(out, format, strlen(format), (const struct arg[]){__VA_ARGS__},                                                \
        sizeof((const struct arg[]){__VA_ARGS__}) / sizeof(struct arg))
#define text(out, literal) put(out, literal, strlen(literal), NULL, 0)

#define HOSTILE_NAMES 16
/** Names that break careless readers, as XML text and as the inside of a JSON string. */
struct name {
    const char *plain;
    char xml[192];
    char json[192];
};
extern struct name hostile_names[HOSTILE_NAMES];
void names_init(void);

/* ---- world.c: what exists, as a function of the seed ------------------------------------------ */

enum kind {
    K_INSTANCE,
    K_VOLUME,
    K_SNAPSHOT,
    K_SECURITY_GROUP,
    K_VPC,
    K_SUBNET,
    K_ROUTE_TABLE,
    K_FLOW_LOG,
    K_DB_INSTANCE,
    K_FUNCTION,
    K_KEY,
    K_TRAIL,
    K_USER, /* from here on: one list for each account, whatever the region */
    K_ROLE,
    K_GROUP,
    K_POLICY,
    K_BUCKET,
    K_ACCESS_KEY, /* the last two hang on users; they have no list of their own */
    K_VIRTUAL_MFA,
    K_COUNT
};

#define MAX_REGIONS   40
#define FIRST_ACCOUNT UINT64_C(100000000000)

struct world {
    uint64_t seed;
    uint32_t accounts;
    unsigned regions;
    const char *region[MAX_REGIONS];
    uint32_t mean[K_COUNT];
    unsigned spread; /* percent that a count may be off its mean */
    unsigned active; /* percent of (account, region) that hold anything */
    uint64_t tick;   /* each tick changes about one resource in a hundred */
};

/** One list: the resources of a kind in one account and region. */
struct scope {
    const struct world *world;
    enum kind kind;
    uint32_t account;
    unsigned region;
    uint64_t key;
    uint64_t first, count;
};

/** One resource: `fixed` never changes, `now` changes with the ticks. */
struct thing {
    const struct scope *scope;
    uint64_t index;
    uint64_t fixed, now;
};

/** Indices from here on were created by a call. */
#define CREATED (UINT64_C(1) << 40)

const char *kind_name(enum kind kind);
bool kind_is_global(enum kind kind);
int kind_of_option(const char *option);
struct scope scope_of(const struct world *w, enum kind kind, uint32_t account, unsigned region);
struct thing thing_of(const struct scope *s, uint64_t index);
/** False for the holes of a list: not each VPC has a flow log. */
bool thing_exists(const struct thing *t);
/** An even draw from 0 to @p n - 1; the salt tells the draws of one thing apart. */
unsigned draw(const struct thing *t, unsigned salt, unsigned n);
unsigned draw_fixed(const struct thing *t, unsigned salt, unsigned n);
/** The number behind `i-0…` and the like, and back; false when it is no index of the scope. */
uint64_t thing_id(const struct scope *s, uint64_t index);
bool thing_of_id(const struct scope *s, mw_str id, const char *prefix, uint64_t *index);
/** The index within the name of a user, database, function or bucket. */
bool thing_of_name(const struct scope *s, mw_str name, uint64_t *index);
#define NAME_SIZE 64
/** What AWS calls the thing: an id for most, a name for some; the oracle's word for it. */
void thing_name(char out[NAME_SIZE], const struct thing *t);
uint64_t thing_created(const struct thing *t);
void account_id(char out[13], uint32_t account);
/** The region's place in the world, or -1. */
int world_region(const struct world *w, mw_str name);
uint64_t mix64(uint64_t x);

/* Facts that answers, rules and the oracle must agree on; writes may have changed some. */
enum fact {
    F_VERSIONING,   /* 0 never, 1 Enabled, 2 Suspended */
    F_PUBLIC_BLOCK, /* 16: none; else four bits: acls, ignore acls, policy, restrict */
    F_HTTP_TOKENS,  /* 0 optional, 1 required */
    F_STATE,        /* 0 running, 1 stopped, 2 terminated */
    F_ENCRYPTED,
    F_PUBLIC,
    F_OPEN_SSH,
    F_ROTATES,
    F_DOOMED,    /* a key that waits for its deletion */
    F_CONSOLE,   /* a user with a password */
    F_MFA,       /* a user with a second factor */
    F_KEYS,      /* how many access keys a user has */
    F_POLICY,    /* bucket: 0 none, 1 TLS only, 2 the world, 3 another account */
    F_VALIDATES, /* a trail with log file validation */
    F_SPANS,     /* a trail of all regions */
    F_LOGGED,    /* a VPC with a flow log */
    F_RETENTION,
    F_ADMIN /* a policy that allows everything */
};
unsigned fact(const struct thing *t, enum fact f);

/* ---- effects.c: what calls changed ------------------------------------------------------------- */

struct request;
struct call;
bool effect_get(const struct scope *s, uint64_t index, enum fact f, unsigned *value);
/** False when the ledger is full: the write must then be refused. */
bool effect_set(struct call *c, const struct scope *s, uint64_t index, enum fact f, unsigned value);
/** Note a write that took effect; every write does, whatever its answer is going to be. */
bool effect_note(struct call *c, const char *resource, const char *detail);
/** The n-th snapshot that calls created in the scope: its index and volume. */
bool effect_snapshot(const struct scope *s, size_t n, uint64_t *index, uint64_t *volume);
bool effect_create_snapshot(struct call *c, const struct scope *s, uint64_t volume, uint64_t *index);
void effects_list(mw_buf *out, uint64_t since);
void effects_reset(void);
/** How the last noted write was answered: set when a fault swallowed or changed the answer. */
void effect_answered(uint64_t from, const char *how);
uint64_t effects_count(void);

/* ---- http.c: requests ---------------------------------------------------------------------------- */

#define MAX_HEADERS 64
#define MAX_PARAMS  512

struct header {
    mw_str name, value;
};
struct request {
    mw_str method, target, path, query, body;
    struct header header[MAX_HEADERS];
    size_t headers;
    bool close, expects;
    size_t size; /* with its body */
};
/** 1 and the request, 0 when more bytes are needed, -1 when it is none. */
int request_parse(struct request *r, const char *data, size_t len);
mw_str request_header(const struct request *r, const char *name);

struct param {
    mw_str key, value;
};
struct params {
    struct param list[MAX_PARAMS];
    size_t count;
    mw_buf text;
};
/** Add the pairs of a form or a query string, decoded. */
bool params_add(struct params *p, mw_str form);
/** {NULL, 0} when there is none; `key=` gives an empty text that is not NULL. */
mw_str param(const struct params *p, const char *key);
/** The member of the top object of a JSON body: a string decoded into @p keep, else as written. */
mw_str json_member(mw_str body, const char *key, mw_buf *keep);
/** The text of a text-keyed member of the top map of a CBOR body. */
mw_str cbor_text(mw_str body, const char *key);
bool str_is(mw_str s, const char *text);
bool str_has(mw_str s, const char *text);
/** @p otherwise when absent; -1 when it is no number. */
long long str_number(mw_str s, long long otherwise);

/* ---- serve.c: from a request to an answer -------------------------------------------------------- */

enum protocol { P_QUERY, P_EC2, P_REST_XML, P_JSON10, P_JSON11, P_REST_JSON, P_CBOR };

struct operation {
    const char *service, *name;
    void (*run)(struct call *c);
};

struct call {
    const struct world *world;
    const struct request *request;
    struct params *params;
    enum protocol protocol;
    const char *service, *operation; /* as the faults and statistics name them */
    uint32_t account;
    unsigned region; /* place in the world; the first for global services */
    char account_id[13];
    const char *region_name;
    char caller[128]; /* ARN */
    char caller_id[64];
    mw_str rest; /* what the path names: a bucket, a function */
    uint64_t serial;
    int64_t now; /* seconds; as the server's clock has it */
    int status;
    const char *code;  /* an error when not NULL */
    char message[400]; /* what went wrong */
    mw_buf *out;
    mw_buf head;       /* further header lines */
    mw_buf keep;       /* texts that live as long as the call */
    bool repeat_token; /* a fault: the next token is the one that was sent */
    mw_str sent_token;
};

#define JSON_PARAM(c, name) json_member((c)->request->body, name, &(c)->keep)
void fail(struct call *c, int status, const char *code, const char *message, const char *what);
/** The page asked for: @p size from its parameter, the first index from its token. */
struct page {
    uint64_t from, size;
    bool good;
};
struct page page_of(struct call *c, mw_str token, mw_str size, unsigned least, unsigned most, unsigned otherwise,
                    const char *code);
/** The token for @p next: opaque, bound to account, region and operation. */
#define TOKEN_SIZE 48
const char *token_for(struct call *c, char out[TOKEN_SIZE], uint64_t next);

extern const struct operation ec2_operations[], iam_operations[], s3_operations[], json_operations[], rest_operations[],
    sqs_operations[];
/** Operation of a REST request: NULL when the path has no such method. */
const char *s3_route(struct call *c);
const char *rest_route(struct call *c);
void sqs_reset(void);

/* ---- sign.c ---------------------------------------------------------------------------------------- */

struct credential {
    mw_str key, date, region, service;
    uint32_t account;
    bool temporary;
    char session[64];
    const char *problem; /* "missing", "incomplete", "unknown", "signature", "skew", "expired", … */
    char message[256];
};
/** Who signed; `problem` is NULL when all is well. */
void credential_read(struct credential *c, const struct world *w, const struct request *r);
void credential_verify(struct credential *c, const struct world *w, const struct request *r, int64_t now);
void access_key_of(char out[21], uint32_t account, bool temporary);
void secret_of(char out[41], const struct world *w, mw_str token_or_key);
/** A session token for the account, good until @p expires. */
#define SESSION_TOKEN_SIZE 256
void session_token(char out[SESSION_TOKEN_SIZE], const struct world *w, uint32_t account, int64_t expires,
                   const char *session);

/* ---- throttle.c ------------------------------------------------------------------------------------ */

/** `SERVICE[:OPERATION]=SIZE/RATE`; `*` for all services. */
bool throttle_rule(const char *spec);
void throttle_clear(void);
bool throttle_take(const char *service, const char *operation, uint32_t account, unsigned region);

/* ---- fault.c --------------------------------------------------------------------------------------- */

enum fault_kind {
    FAULT_NONE,
    FAULT_ERROR,
    FAULT_DENIED,
    FAULT_RESET,
    FAULT_CLOSE,
    FAULT_HANG,
    FAULT_DELAY,
    FAULT_TRUNCATE,
    FAULT_SLOW,
    FAULT_LENGTH,
    FAULT_LENGTHS,
    FAULT_CHUNK,
    FAULT_BROKEN,
    FAULT_HUGE,
    FAULT_ENDLESS,
    FAULT_SKEW,
    FAULT_LATE,
    FAULT_TOKEN,
    FAULT_GARBAGE,
    FAULT_REDIRECT,
    FAULT_KINDS
};

struct fault {
    char service[40], operation[64], code[64], message[160];
    enum fault_kind kind;
    uint64_t nth, every, times; /* 0: not asked for */
    double share;
    bool before, any_account, any_region;
    uint32_t account;
    unsigned region;
    int status;
    uint64_t ms, bytes;
    int64_t seconds;
    uint64_t seen, fired;
};
/** One line; false and why when it is none. An empty line or a comment adds nothing. */
bool fault_add(const struct world *w, const char *line, mw_error *err);
bool fault_script(const struct world *w, const char *data, size_t len, mw_error *err);
void fault_clear(void);
void faults_list(mw_buf *out);
/** The first fault that this request meets, or NULL. */
const struct fault *fault_for(const struct world *w, const struct call *c);

/* ---- control.c ------------------------------------------------------------------------------------- */

struct server {
    struct world world;
    bool verify;
    unsigned max_body;
    uint64_t serial;
    uint64_t requests, errors, throttled, faulted, refused, connections;
    int64_t skew;
    bool stop;
};

struct reply {
    int status;
    const char *type;
    mw_buf body, head;
    struct fault wire; /* what to do to the answer on its way; kind FAULT_NONE for nothing */
    uint64_t first_effect;
    int64_t skew;
};

/** @p late: the request met a fault before; now it takes effect, and nobody hears the answer. */
void serve(struct server *s, const struct request *r, struct reply *reply, bool late);
/** Requests below /__awsim/. */
void control(struct server *s, const struct request *r, struct reply *reply);
void stats_count(const char *service, const char *operation, const char *outcome);
void stats_write(const struct server *s, mw_buf *out);
void stats_reset(struct server *s);

/* ---- oracle.c -------------------------------------------------------------------------------------- */

/** Counts, hashes, ids and facts of what exists; @p account -1 for all of them. */
void oracle_write(const struct world *w, mw_buf *out, long long account, int kind, bool ids, bool facts);

/* ---- net.c ----------------------------------------------------------------------------------------- */

/** Listen on loopback and serve until the server is told to stop. */
mw_status net_run(struct server *s, unsigned port, const char *port_file, mw_error *err);

#endif
