/* Values of the endpoint rule language, and its function library. Shared by endpoint_*.c only. */
#ifndef MW_AWS_ENDPOINT_INTERNAL_H
#define MW_AWS_ENDPOINT_INTERNAL_H

#include "aws/endpoint.h"

typedef enum rule_kind { RULE_UNSET, RULE_BOOL, RULE_INT, RULE_STRING, RULE_LIST, RULE_RECORD } rule_kind;

typedef struct rule_value rule_value;
typedef struct rule_field {
    const char *name;
    const rule_value *value;
} rule_field;

/** Strings and items lie in the evaluation's arena or in the rule set's document. */
struct rule_value {
    rule_kind kind;
    bool truth;
    int64_t number;
    const char *text;
    const rule_value *items;  /* LIST */
    const rule_field *fields; /* RECORD */
    size_t count;             /* of items or fields */
};

/** What library functions may use. */
typedef struct rule_library {
    const mw_doc *doc; /* holds the partitions */
    mw_val partitions; /* root of partitions.json */
    mw_arena *arena;
} rule_library;

typedef mw_status (*rule_function)(const rule_library *lib, const rule_value *args, rule_value *out, mw_error *err);
typedef struct rule_function_entry {
    const char *name;
    unsigned arguments;
    rule_function call;
} rule_function_entry;

#define MW_RULE_FUNCTION_COUNT 12
#define MW_RULE_MAX_ARGUMENTS  4
extern const rule_function_entry mw__rule_functions[MW_RULE_FUNCTION_COUNT];

/** Attribute by path ("name", "list[0]", "a.b"); RULE_UNSET when there is none. */
rule_value mw__rule_attribute(const rule_value *v, const char *path);
rule_value mw__rule_string(const char *text);

/** Member of partitions.json's list for a region; the first partition when none fits. ABSENT for an empty file. */
mw_val mw__partition_find(const mw_doc *d, mw_val partitions, const char *region);
/** Whether @p text matches the small regular expressions that partitions.json has. */
bool mw__partition_regex(const char *pattern, const char *text);

/** The pieces of an absolute http(s) URL without query and fragment. */
typedef struct rule_url {
    const char *scheme, *authority, *path; /* path raw, may be "" */
    const char *host;                      /* without user and port; IPv6 in brackets */
    int port;                              /* 0 when not given */
    bool is_ip;
} rule_url;
/** MW_ERR_INVALID for anything that is not such a URL; MW_ERR_NOMEM. Without a message. */
mw_status mw__rule_url_parse(mw_arena *arena, const char *text, rule_url *out);

/** Fill url, scheme, host, port and path of @p out from an absolute URL. */
mw_status mw__endpoint_set_url(mw_arena *arena, const char *text, mw_endpoint *out, mw_error *err);

bool mw__host_label_valid(const char *s, bool subdomains);

#endif
