/* One collection against a scripted AWS: begin, need, collect, look, end. */
#ifndef MW_TESTS_INVENTORY_RUN_H
#define MW_TESTS_INVENTORY_RUN_H

#include "script.h"

#include "base/buf.h"
#include "base/file.h"

#define ACCOUNT "111122223333"

struct run {
    script s;
    mw_client *client;
    mw_types *types;
    mw_plan *plan;
    mw_doc *snapshot;
    int fd;
    mw_error err;
    char folder[256], file[300];
};

static const char *const regions[] = {"eu-west-1", "us-east-1"};

static inline void begin(struct run *r, script_rule *rules, size_t count, const char *types)
{
    mw_error err = {0};
    const mw_models *models = NULL;
    const char *dirs[1];
    mw_client_options o = {.max_attempts = 1};

    memset(r, 0, sizeof(*r));
    r->fd = -1;
    script_init(&r->s, rules, count);
    assert_ok(mw_models_builtin(&models, &err));
    o.models = models;
    o.http = &r->s.http;
    o.stop = &r->s.stop;
    assert_ok(mw_client_new(&o, &r->client, &err));
    if (types) {
        snprintf(r->folder, sizeof(r->folder), "%s/collect-types-%d", MW_BINARY_DIR, (int)getpid());
        snprintf(r->file, sizeof(r->file), "%s/own.yaml", r->folder);
        assert_ok(mw_mkdirs(r->folder, 0755, &err));
        assert_ok(mw_file_write_atomic(r->file, types, strlen(types), 0644, &err));
        dirs[0] = r->folder;
    }
    assert_ok(mw_types_load(dirs, types ? 1 : 0, &r->types, &err));
    assert_ok(mw_plan_new(r->types, models, &r->plan, &err));
}

static inline void need(struct run *r, const char *type, const char *facet)
{
    mw_error err = {0};

    assert_ok(mw_plan_need(r->plan, type, facet, &err));
}

static inline mw_status collect(struct run *r, size_t region_count)
{
    mw_collect_account account = {.account = ACCOUNT,
                                  .partition = "aws",
                                  .home_region = "us-east-1",
                                  .regions = regions + (2 - region_count),
                                  .region_count = region_count};
    mw_collect_options o = {
        .accounts = &account, .account_count = 1, .now_unix = 1767322845 /* 2026-01-02T03:00:45Z */};
    mw_status st = mw_collect(r->client, r->plan, &o, &r->fd, &r->err);
    mw_error err = {0};

    if (st == MW_OK)
        assert_ok(mw_doc_map(r->fd, &r->snapshot, &err));
    return st;
}

static inline void end(struct run *r)
{
    mw_doc_free(r->snapshot);
    if (r->fd >= 0)
        close(r->fd);
    mw_plan_free(r->plan);
    mw_types_free(r->types);
    mw_client_free(r->client);
    script_clear(&r->s);
    if (r->folder[0]) {
        unlink(r->file);
        rmdir(r->folder);
    }
}

static inline mw_val world(struct run *r)
{
    const mw_doc *d = r->snapshot;

    return mw_val_at(d, mw_val_get(d, mw_doc_root(d), "worlds"), 0);
}

static inline mw_val resource(struct run *r, const char *type, size_t i)
{
    const mw_doc *d = r->snapshot;

    return mw_val_at(d, mw_val_get(d, mw_val_get(d, world(r), "resources"), type), i);
}

static inline size_t resource_count(struct run *r, const char *type)
{
    const mw_doc *d = r->snapshot;

    return mw_val_len(d, mw_val_get(d, mw_val_get(d, world(r), "resources"), type));
}

static inline mw_val scope_of(struct run *r, const char *type, const char *facet, const char *region)
{
    const mw_doc *d = r->snapshot;
    mw_val scopes = mw_val_get(d, world(r), "scopes");

    for (size_t i = 0; i < mw_val_len(d, scopes); i++) {
        mw_val s = mw_val_at(d, scopes, i);
        if (mw_str_eq(mw_val_get_str(d, s, "type", ""), type) &&
            mw_str_eq(mw_val_get_str(d, s, "facet", NULL), facet) &&
            mw_str_eq(mw_val_get_str(d, s, "region", ""), region))
            return s;
    }
    fail_msg("no scope of %s.%s in %s", type, facet ? facet : "", region);
    return MW_VAL_ABSENT;
}

/* Compare the JSON of a value of the snapshot. */
static inline void is_json(struct run *r, mw_val v, const char *expected)
{
    mw_buf text = {0};

    assert_int_equal(mw_json_write(&text, r->snapshot, v, MW_JSON_COMPACT), MW_OK);
    if (strcmp(text.data, expected) != 0)
        fail_msg("got      %s\nexpected %s", text.data, expected);
    mw_buf_clear(&text);
}

static inline void is_scope(struct run *r, const char *type, const char *facet, const char *region, const char *state,
                            int64_t resources, int64_t calls, const char *code)
{
    const mw_doc *d = r->snapshot;
    mw_val s = scope_of(r, type, facet, region);
    mw_val cause = mw_val_get(d, s, "cause");

    assert_string_equal(mw_val_get_str(d, s, "state", ""), state);
    assert_int_equal(mw_val_get_int(d, s, "resources", -1), resources);
    assert_int_equal(mw_val_get_int(d, s, "calls", -1), calls);
    if (code)
        assert_string_equal(mw_val_get_str(d, cause, "code", ""), code);
    else
        assert_int_equal(mw_val_kind(d, cause), MW_KIND_NULL);
}

static inline mw_val facet(struct run *r, const char *type, size_t i, const char *name)
{
    const mw_doc *d = r->snapshot;

    return mw_val_get(d, mw_val_get(d, resource(r, type, i), "doc"), name);
}

static inline void is_unknown(struct run *r, mw_val v, const char *operation, const char *code)
{
    mw_val cause = mw_val_cause(r->snapshot, v);

    assert_int_equal(mw_val_kind(r->snapshot, v), MW_KIND_UNKNOWN);
    assert_string_equal(mw_val_get_str(r->snapshot, cause, "operation", ""), operation);
    assert_string_equal(mw_val_get_str(r->snapshot, cause, "code", ""), code);
}

#endif
