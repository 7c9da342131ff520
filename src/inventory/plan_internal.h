/* A plan as the collector reads it: types with compiled expressions, and the calls that they share. */
#ifndef MW_INVENTORY_PLAN_INTERNAL_H
#define MW_INVENTORY_PLAN_INTERNAL_H

#include "base/arena.h"
#include "inventory/envelope.h"
#include "inventory/plan.h"
#include "inventory/template.h"

#define PLAN_NONE         SIZE_MAX
/* https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
#define MW_METRICS_A_CALL 500u

/* How often a call is made; a call that several read is made as often as the widest of them says. */
typedef enum plan_per { PER_ACCOUNT, PER_REGION, PER_PARENT, PER_RESOURCE, PER_BATCH, PER_VALUE } plan_per;

/* What is read from the answers of a call; pages add up. */
typedef struct plan_query {
    const char *text;                     /* the expression */
    mw_jmespath *path;                    /* NULL for `@` */
    bool retained;                        /* a value is kept for facets; otherwise items stream to lists */
    bool csv, json;                       /* text that holds a table or a JSON value */
    const char *csv_member;               /* NULL: the result itself is the text */
    const char *keyed_name, *keyed_value; /* members of a list's elements; NULL: no list of pairs */
    bool base64;                          /* the text is a blob of the model */
} plan_query;

typedef struct plan_reader {
    const char *type, *part; /* part: facet, "describe", "region"; NULL = the list */
    const struct plan_type *of;
    plan_per per; /* how often this one alone makes the call */
    unsigned batch;
    struct plan_reader *next;
} plan_reader;

typedef struct plan_call {
    const char *name; /* "iam:ListUsers" */
    const char *service, *operation;
    const mw_operation *op; /* NULL: the models lack it */
    const char *signature;
    mw_template *params; /* object */
    bool per_item;       /* params read an item */
    plan_query *queries;
    size_t query_count, query_cap;
    unsigned pages, max_pages; /* 0 = all */
    bool prepared;             /* the members below hold */
    const char *prepare_name, *prepare_service, *prepare_operation, *bind;
    const mw_operation *prepare_op;
    mw_template *prepare_params;
    mw_jmespath *until, *failed;
    plan_per per;
    unsigned batch; /* of PER_BATCH */
    plan_reader *readers;
} plan_call;

typedef struct plan_absent {
    const char *code, *message; /* message: NULL = any */
} plan_absent;

/* A facet that is read by cloudwatch:GetMetricData, its call shared by the metrics of one window. */
typedef struct plan_metric {
    const char *space, *name, *stat;
    int64_t period;
    mw_template *dimensions; /* object; NULL = none */
    size_t lead;             /* the type's first facet with the same call; it holds the batches */
    size_t sharers;          /* of the lead: how many facets have its call */
} plan_metric;

typedef struct plan_facet {
    const char *name;
    size_t call, query;
    bool home;
    plan_absent *absent;
    size_t absent_count;
    mw_jmespath *when;
    mw_jmespath *key, *field, *value; /* join and batch */
    mw_template *key_text;            /* instead of `key` */
    plan_metric *metric;              /* NULL: a call of its own */
    bool join, many, by_arn;
    const char *batch_param;
    unsigned batch_size;
    mw_jmespath *each;
    bool keyed_each; /* the results stay apart, by the text of their value */
    size_t *needs;   /* indices into the type's facets */
    size_t need_count;
} plan_facet;

typedef struct plan_where {
    mw_jmespath *path;
    mw_template *want;
} plan_where;

typedef struct plan_list {
    size_t call, query;
    bool home;
} plan_list;

/* Members of a group: the source's items that agree in these. */
typedef struct plan_by {
    const char *name;
    mw_jmespath *path;
} plan_by;

typedef struct plan_type {
    const mw_type *type;
    const char *home; /* region of a global type in partition aws; NULL = the account's */
    size_t *sources;  /* indices of the plan's types that this one is derived from */
    size_t source_count;
    plan_by *by; /* grouped by; none: the union of the sources */
    size_t by_count;
    const char *explode;  /* member of an item that holds the items proper; or NULL */
    mw_jmespath *newest;  /* of the items of one list, only the greatest by this */
    plan_list *recursive; /* list again for each item found; or NULL */
    mw_envelope *envelope;
    bool regional;    /* regional or region; else once per account */
    size_t parent;    /* index of the plan's type, or PLAN_NONE */
    plan_list *lists; /* one, or one per variant; none when derived */
    size_t list_count;
    plan_absent *list_absent;
    size_t list_absent_count;
    plan_where *where;
    size_t where_count;
    size_t describe_call, describe_query; /* PLAN_NONE: no describe */
    const char *describe_param;
    mw_jmespath *describe_key;
    unsigned describe_size;
    plan_absent *describe_absent;
    size_t describe_absent_count;
    mw_jmespath **locate; /* region_from paths, in order */
    size_t locate_count;
    size_t locate_call, locate_query; /* PLAN_NONE: no call */
    mw_val locate_map;                /* in type->d, or ABSENT */
    plan_facet *facets;
    size_t facet_count;
} plan_type;

struct mw_plan {
    const mw_types *types;
    const mw_models *models;
    mw_arena arena;
    mw_doc_builder *b; /* parameters as written, filtered by the models */
    plan_type **items; /* in the order of need; parents before children */
    size_t count;
    plan_call **calls;
    size_t call_count, call_cap;
    const char **operations; /* sorted, made when first asked */
    size_t operation_count;
    bool operations_valid;
};

#endif
