/*
 * A collection under way. One rule holds it together: what happens when an answer arrives only stores
 * values and queues jobs; only the pump, between answers, starts calls. So nothing recurses, and what
 * waits costs a job's few bytes instead of a prepared request.
 *
 * Life: account opened → its lists start → items become resources (described, located) → facets →
 * account finished: its snapshot is written and handed out, and its memory goes. What an account reads lies in
 * a builder of its own; `c->b` is that of the account whose turn it is (collection_enter()).
 */
#ifndef MW_INVENTORY_COLLECT_INTERNAL_H
#define MW_INVENTORY_COLLECT_INTERNAL_H

#include "base/arena.h"
#include "inventory/collect.h"
#include "inventory/plan_internal.h"

typedef struct collection collection;
typedef struct account account;
typedef struct scope scope;
typedef struct resource resource;
typedef struct answer answer;

/* A region of an account; what a call borrows while it is under way. */
typedef struct place {
    mw_scope scope;
    struct place *next;
} place;

typedef void (*job_fn)(collection *c, void *a, void *b);

typedef struct job {
    job_fn fn;
    account *account;
    void *a, *b;
} job;

typedef struct job_ring {
    job *items;
    size_t head, count, cap;
} job_ring;

/* Who waits for an answer. `done` may read the answer's value of `query`, or its unknown. */
typedef struct waiter {
    struct waiter *next;
    void (*done)(collection *c, struct waiter *w, answer *a);
    void *subject; /* resource, batch, group, item… as `done` knows */
    size_t query, index;
} waiter;

/* A list that takes the items of each page as it arrives. */
typedef struct lister {
    struct lister *next;
    scope *scope;
    const resource *parent; /* NULL at the top */
    size_t query;
    mw_val newest, newest_key;  /* ABSENT: none yet */
    struct pending_item *batch; /* waiting for a full describe call */
    size_t batch_count;
} lister;

typedef struct pending_item {
    struct pending_item *next;
    scope *scope;
    const resource *parent;
    mw_val item, key;
} pending_item;

/* Elements of an answer by one of their members. */
typedef struct join_index {
    struct join_index *next;
    const mw_jmespath *field;
    mw_val unknown; /* ABSENT; UNKNOWN: the member of some element cannot be read, so none is known to be missing */
    struct join_entry {
        mw_atom atom;
        uint32_t element;
    } * entries;
    size_t count;
} join_index;

typedef struct seen {
    const size_t *by;
    struct seen *next;
} seen;

/* What a call gave: shared by all who ask for the same thing in the same place. */
struct answer {
    answer *next; /* in the account's table */
    unsigned char key[16];
    struct call *live; /* until it is there */
    mw_val unknown;    /* UNKNOWN when the call failed, else ABSENT */
    unsigned calls;    /* API calls that it took */
    seen seen;         /* the counts that have them */
    join_index *indexes;
    mw_val values[]; /* one per query of the planned call */
};

typedef struct page_values {
    mw_val *v;
    size_t count, cap;
} page_values;

/* A call under way; freed when its answer is there. */
typedef struct call {
    collection *c;
    account *account;
    const plan_call *plan;
    const place *at;
    answer *answer;
    mw_doc *params, *prepare_params;
    mw_val item, parent; /* for the parameters that need {prepared} */
    mw_val prepared;
    unsigned polls, pages;
    int64_t waited_ms;
    bool preparing, started, ready, failed_job, too_many;
    lister *listers;
    waiter *waiters, *last_waiter;
    page_values *pages_of; /* one per query */
    mw_status trouble;     /* a failure of ours while reading pages */
    mw_error trouble_error;
} call;

typedef struct facet_scope {
    size_t ok, failed, calls;
    mw_val cause;                 /* smallest seen, or ABSENT */
    struct batch *open;           /* being filled */
    struct metric_batch *metrics; /* the same of the lead of metrics that share a call */
    size_t entered;               /* resources that have been through a batch facet */
} facet_scope;

struct scope {
    account *account;
    const plan_type *type;
    const place *at;
    scope *parent, *children, *sibling;   /* types listed per item of this one */
    struct feed *feeds;                   /* scopes of types derived from this one */
    struct member *members, *last_member; /* of a derived scope that groups: what it was fed */
    size_t member_count;
    size_t pending; /* what may still bring resources */
    bool listed;
    int64_t known_unix; /* not asked: it was fetched then; 0 = asked */
    size_t resources, calls, pages, failed;
    size_t undescribed; /* listed, but the describe call failed */
    mw_val cause, describe_cause;
    resource *first, *last;
    size_t count; /* resources in the list above */
    facet_scope *facets;
};

enum { FACET_WAITING, FACET_STARTED, FACET_DONE };

struct resource {
    resource *next, *same_hash;
    scope *scope;
    const place *at; /* where its facets are called */
    mw_val item, id;
    mw_val rest;        /* UNKNOWN or ABSENT */
    mw_val lost;        /* UNKNOWN: its region could not be found; or ABSENT */
    mw_val parent_item; /* or ABSENT */
    mw_val *facets;
    unsigned char *states;
};

#define ANSWER_BUCKETS   4096u
#define RESOURCE_BUCKETS 4096u

struct account {
    collection *c;
    const mw_collect_account *in;
    size_t index;         /* among those of the options */
    mw_doc_builder *b;    /* everything that was read */
    mw_val not_collected; /* UNKNOWN for tags whose facet was not asked for */
    mw_arena arena;
    place *places;
    scope **scopes;
    size_t scope_count;
    size_t work; /* jobs and calls; the account is finished at 0 */
    answer *answers[ANSWER_BUCKETS];
    resource *resources[RESOURCE_BUCKETS];
};

/* A finished resource, waiting to be sorted. */
typedef struct made {
    mw_val resource, account, region, id;
} made;

typedef struct made_list {
    made *items;
    size_t count, cap;
} made_list;

struct collection {
    mw_client *client;
    const mw_plan *plan;
    const mw_collect_options *o;
    mw_doc *outlines;        /* {outline, sensitive} of the planned types, by name */
    mw_doc_builder *b;       /* of the account whose turn it is */
    mw_doc_builder *scratch; /* parameters of one call */
    job_ring starts;         /* calls ready to go; these go first */
    job_ring jobs;           /* what will ask for more calls */
    size_t active;           /* calls handed to the client */
    account **accounts;      /* as opened; freed when finished */
    size_t next_account, accounts_finished;
    int *snapshot_fd; /* of the only account, without `on_account` */
    bool pumping, cancelled;
    mw_status status; /* first failure of ours: memory, a ceiling */
    mw_error error;
    made_list *made;         /* of the account being finished, by the plan's type */
    mw_scope_entry *entries; /* its coverage */
    size_t entry_count, entry_cap;
    mw_arena names; /* of regions */
    mw_collect_progress progress;
};

/* collect.c */
/** Remember the first failure of our own; the run then winds down. */
void collection_fail(collection *c, mw_status status, const mw_error *err);
void collection_no_memory(collection *c);
void collection_push(collection *c, account *a, job_fn fn, void *x, void *y);
/** The same for starting a call that was asked for: before all other jobs, so that few calls wait. */
void collection_push_start(collection *c, account *a, job_fn fn, void *x);
void collection_pump(collection *c);
/** What is read from here on belongs to this account. */
void collection_enter(collection *c, const account *a);
/** One unit of the account's work is over. */
void account_done(account *a);
/** Region of an account by name, made when new; NULL when out of memory. */
const place *account_place(account *a, const char *region);
void *account_alloc(account *a, size_t size);
/** Add the answer's API calls to @p count, once however many ask and share it. */
void answer_count(account *a, answer *ans, size_t *count);
static inline const mw_doc *view(const collection *c)
{
    return mw_doc_view(c->b);
}

/* collect_call.c */
typedef struct call_context {
    const place *at;
    mw_val item, parent, each;
    const char *extra_param; /* a parameter beside the planned ones, or NULL */
    const mw_val *extra;     /* its value, or its elements when `extra_list` */
    size_t extra_count;
    bool extra_list;
} call_context;

typedef enum ask_outcome { ASK_CALLED, ASK_NULL, ASK_UNKNOWN } ask_outcome;

/**
 * Ask for a planned call. ASK_CALLED: @p w->done runs when the answer is there (at once when it is);
 * ASK_NULL: a parameter is null, no call; ASK_UNKNOWN: a parameter, or the models, make it unknown.
 */
ask_outcome call_ask(account *a, size_t plan_call_index, const call_context *ctx, waiter *w, mw_val *unknown);
/** The same for a list, whose items are taken from each page. `w->done` runs at the end. */
ask_outcome call_list(account *a, size_t plan_call_index, const call_context *ctx, lister *l, waiter *w,
                      mw_val *unknown);
void call_free(call *k);
/** UNKNOWN with a cause of ours. */
mw_val unknown_of(collection *c, const char *operation, const char *code, const char *message);
/** What the templates of a call may read. */
mw_template_context collection_template(const account *a, const call_context *x);
/** Is this failure one that means absence? */
bool is_absent(const collection *c, mw_val unknown, const plan_absent *absent, size_t count);
/** The smaller of two causes by operation, code and message, so that runs agree on which to show. */
mw_val smaller_cause(const collection *c, mw_val a, mw_val b);
/** Pages of one query added up: arrays joined, objects member by member, else the first that is not null. */
mw_val combine_pages(collection *c, const mw_val *pages, size_t n);

/* collect_known.c */
/** Which scopes of the account need not be asked: those that are known with all that they are linked to. */
void account_know(collection *c, account *a);
/** The resources of such a scope, into @p list; and their number. */
void scope_load(collection *c, scope *s, made_list *list);

/* collect_finish.c */
void made_add(collection *c, made_list *list, mw_val whole);

/* collect_list.c */
void scope_start(collection *c, scope *s);
void scope_page(collection *c, lister *l, mw_doc_builder *page, mw_val items);
/** One thing that might have brought resources is over. */
void scope_release(collection *c, scope *s);
void scope_failed(collection *c, scope *s, mw_val unknown);
/** UNKNOWN that has the operation of the scope's list. */
mw_val scope_unknown(collection *c, const scope *s, const char *code, const char *message);
/** The list holds something that no resource can be made of: it is not whole. */
void scope_spoilt(collection *c, scope *s, const char *code, const char *message);
/** Start one list of the scope, of all or of one parent's items. */
void scope_list(collection *c, scope *s, const plan_list *list, const resource *parent);
/** The lists of the types that are listed per item of this one's. */
void scope_start_children(collection *c, resource *r);

/* collect_resource.c */
/** An item that is described: it becomes a resource once its region is known. */
void scope_add_item(collection *c, scope *s, const resource *parent, mw_val item, mw_val rest);

/* collect_derive.c */
void scope_link_sources(account *a, scope *derived);
/** Call @p fn for each scope that this one feeds. */
void scope_each_fed(scope *source, void (*fn)(void *user, scope *fed), void *user);
/** A resource of a source: of a union at once one of the derived type, else kept for its group. */
void scope_feed(collection *c, resource *r);
/** The source's list is over: so may be those that it feeds. */
void scope_fed(collection *c, scope *source);
void scope_group(collection *c, scope *derived);

/* collect_metrics.c */
void metric_enter(collection *c, resource *r, size_t facet, mw_val item);
/** The metric of one resource was decided without a call: it no longer holds its batch up. */
void metric_pass(collection *c, scope *s, size_t facet);
void metrics_flush(collection *c, scope *s, size_t facet);

/* collect_facet.c */
void facet_set(collection *c, resource *r, size_t facet, mw_val v);
/** Null because a failed describe hides what the facet asks by is not absence. */
void facet_set_null(collection *c, resource *r, size_t facet);
/** The values of `each`: an ARRAY, NULL when there are none, or UNKNOWN. */
mw_val facet_values(collection *c, const resource *r, const plan_facet *f, mw_val item);
void resource_facets(collection *c, void *resource_, void *unused);
/** All resources of the scope are known: batches need not wait for more. */
void facets_flush(collection *c, scope *s);

/* collect_join.c */
typedef struct join_how {
    const mw_jmespath *field, *value; /* value: NULL = the element itself */
    bool many;
    const char *operation; /* for causes */
} join_how;

/**
 * Elements of the array @p list whose `field` is one of @p key (text, or a list of texts): the first one's `value`
 * or NULL, or the list of all with `many`. UNKNOWN when @p list is no list, or an expression cannot be evaluated.
 */
mw_val join_find(collection *c, answer *a, mw_val list, const join_how *how, mw_val key);

/* collect_finish.c */
void account_free(collection *c, account *a);
/** Write its snapshot, hand it out, free it. */
void account_finish(collection *c, account *a);

#endif
