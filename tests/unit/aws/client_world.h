/* A client on the scripted carrier, with keys and parameters, and what became of its call. */
#ifndef MW_TESTS_CLIENT_WORLD_H
#define MW_TESTS_CLIENT_WORLD_H

#include "client_fake.h"

static const mw_models *models;

typedef struct world {
    fake_http fake;
    mw_aws_config *config;
    mw_client *client;
    mw_provider *provider;
    mw_scope scope;
    mw_doc_builder *params;
    /* outcome */
    mw_call_result result;
    int done;
    int pages, stop_after;
    mw_buf text; /* the pages as JSON, one a line */
} world;

/* A test's own variables, before the ones below; or NULL. */
static const char *(*world_env)(const char *name);

static inline const char *fake_env(const char *name)
{
    const char *own = world_env ? world_env(name) : NULL;

    if (own)
        return own;
    if (strcmp(name, "AWS_CONFIG_FILE") == 0 || strcmp(name, "AWS_SHARED_CREDENTIALS_FILE") == 0)
        return "/nonexistent";
    if (strcmp(name, "AWS_MAX_ATTEMPTS") == 0)
        return getenv("TEST_MAX_ATTEMPTS");
    return NULL;
}

static inline bool on_page(void *user, mw_doc_builder *page, mw_val result)
{
    world *w = user;

    mw_json_write(&w->text, mw_doc_view(page), result, MW_JSON_COMPACT); /* may fail in the sweep */
    mw_buf_putc(&w->text, '\n');
    return ++w->pages != w->stop_after;
}

static inline void on_done(void *user, const mw_call_result *result)
{
    world *w = user;

    w->done++;
    w->result = *result;
}

static inline void open_world_with(world *w, const fake_answer *answers, size_t count, const mw_client_options *more)
{
    mw_error err = {0};
    mw_aws_config_options co = {.getenv_fn = fake_env};
    mw_client_options o = more ? *more : (mw_client_options){0};

    memset(w, 0, sizeof(*w));
    fake_init(&w->fake, answers, count);
    assert_ok(mw_aws_config_load(&co, &w->config, &err));
    o.models = models;
    o.config = w->config;
    o.http = &w->fake.http;
    assert_ok(mw_client_new(&o, &w->client, &err));
    assert_ok(mw_provider_static("AKIATEST", "a-long-enough-secret", NULL, &w->provider, &err));
    assert_ok(mw_doc_builder_new(NULL, &w->params, &err));
    w->scope = (mw_scope){"aws", "123456789012", "eu-west-1", w->provider};
}

#define open_world(w, answers) open_world_with(w, answers, MW_COUNT(answers), NULL)

static inline void close_world(world *w)
{
    mw_client_free(w->client);
    mw_provider_unref(w->provider);
    mw_aws_config_free(w->config);
    mw_doc_builder_free(w->params);
    mw_buf_clear(&w->text);
}

/** Start a call with JSON parameters. */
static inline mw_status start(world *w, const char *service, const char *operation, const char *params,
                              const mw_call *more, mw_error *err)
{
    mw_call call = more ? *more : (mw_call){0};

    mw_doc_builder_reset(w->params);
    call.scope = &w->scope;
    call.service = service;
    call.operation = operation;
    if (params) {
        assert_int_equal(mw_json_read(w->params, params, strlen(params), NULL, NULL, err), MW_OK);
        call.params_doc = mw_doc_view(w->params);
        call.params = mw_doc_pop(w->params);
    }
    call.on_page = on_page;
    call.on_done = on_done;
    call.user = w;
    return mw_client_call(w->client, &call, err);
}

static inline void call(world *w, const char *service, const char *operation, const char *params, const mw_call *more)
{
    mw_error err = {0};

    assert_ok(start(w, service, operation, params, more, &err));
    assert_ok(mw_client_run(w->client, &err));
    assert_int_equal(w->done, 1);
}

/** Make the call with allocation @p n refused, and close the world; true when none was refused any more. */
static inline bool refuse_one(world *w, mw_call call, long n)
{
    struct failing_alloc f = {.fail_at = n};
    mw_error err = {0};
    mw_status st;

    call.scope = &w->scope;
    call.on_page = on_page;
    call.on_done = on_done;
    call.user = w;
    mw_sys.realloc_fn = failing_realloc;
    mw_sys.ctx = &f;
    st = mw_client_call(w->client, &call, &err);
    if (st == MW_OK)
        mw_client_run(w->client, &err);
    mw_sys_reset();
    assert_int_equal(w->done, st == MW_OK ? 1 : 0);
    if (f.count < n)
        assert_int_equal(w->result.status, MW_OK);
    close_world(w);
    return f.count < n;
}

#endif
