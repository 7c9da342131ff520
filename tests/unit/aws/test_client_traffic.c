/* Calls under load: rate, circuit breaker, deadline, cancellation, and fifty accounts of which two refuse. */
#include "client_fake.h"

#include "aws/client_internal.h"

static const mw_models *models;

#define CALLS 400

/** A carrier that answers by what a service would do, in virtual time; any number of calls. */
typedef struct world {
    mw_http http;
    struct event {
        int64_t due_ms;
        uint64_t order;
        void (*fn)(void *user); /* a timer, or … */
        mw_http_done done;      /* … an answer */
        void *user;
        char *text;
    } * events;
    size_t count, cap;
    uint64_t order;
    int64_t latency_ms;
    /* the service */
    double tokens, burst, rps;
    int64_t filled_ms;
    bool down, throttles;
    const char *retry_after;
    const char *needles[4];                   /* requests that are answered with 403 */
    unsigned served, throttled, hits, broken; /* broken: so many are not answered first */
    int last_timeout_ms;
    volatile bool stop;
    int64_t stop_at_ms, ended_ms;
    mw_client *client;
    mw_provider *provider;
    mw_scope scope;
    unsigned ok, failed, open, cancelled, late;
    char message[MW_ERROR_MESSAGE_SIZE], open_message[MW_ERROR_MESSAGE_SIZE];
    int open_status;
    mw_call_result last;
} world;

#define IDENTITY                                                                                                       \
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>"                              \
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
#define ASSUMED                                                                                                        \
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA%.12s</AccessKeyId>"                          \
    "<SecretAccessKey>a-secret-of-the-role</SecretAccessKey><SessionToken>a-token</SessionToken>"                      \
    "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
#define XML_ERROR(code) "<ErrorResponse><Error><Code>" code "</Code><Message>no</Message></Error></ErrorResponse>"

static struct event *add(world *w, int64_t delay_ms)
{
    if (w->count == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 64;
        w->events = realloc(w->events, w->cap * sizeof(*w->events));
        assert_non_null(w->events);
    }
    w->events[w->count] = (struct event){.due_ms = fake_clock_ms + delay_ms, .order = w->order++};
    return &w->events[w->count++];
}

static mw_status sim_send(void *ctx, const mw_http_request *q, const mw_http_limits *limits, mw_http_done done,
                          void *user, mw_error *err)
{
    world *w = ctx;
    struct event *e = add(w, w->latency_ms);
    const char *auth = mw_http_get(&q->headers, "authorization");
    size_t n = q->body_len + (auth ? strlen(auth) : 0) + strlen(q->host) + 8;

    (void)err;
    w->hits++;
    w->last_timeout_ms = limits->total_timeout_ms;
    e->done = done;
    e->user = user;
    e->text = malloc(n);
    assert_non_null(e->text);
    snprintf(e->text, n, "%s %s %.*s", q->host, auth ? auth : "", (int)q->body_len, q->body ? q->body : "");
    return MW_OK;
}

static mw_status sim_after(void *ctx, int64_t delay_ms, void (*fn)(void *user), void *user, mw_error *err)
{
    struct event *e = add(ctx, delay_ms);

    (void)err;
    e->fn = fn;
    e->user = user;
    return MW_OK;
}

static void answer(world *w, struct event *e)
{
    MW_AUTO(mw_buf) body = {0};
    mw_http_response r = {.status = 200};
    mw_error err = {0};
    bool denied = false;

    w->tokens += w->rps * (double)(fake_clock_ms - w->filled_ms) / 1000;
    w->tokens = w->tokens > w->burst ? w->burst : w->tokens;
    w->filled_ms = fake_clock_ms;
    for (size_t i = 0; i < MW_COUNT(w->needles) && w->needles[i]; i++)
        denied = denied || strstr(e->text, w->needles[i]);
    if (w->down || w->broken > 0) {
        w->broken -= w->broken > 0 ? 1 : 0;
        mw_fail(&err, MW_ERR_NET, "%.20s: connection refused (curl 7)", e->text);
        e->done(e->user, NULL, &err);
        return;
    }
    if (denied) {
        r.status = 403;
        mw_buf_puts(&body, XML_ERROR("AccessDenied"));
    } else if (w->throttles || (w->rps > 0 && w->tokens < 1)) {
        r.status = 400;
        w->throttled++;
        if (w->retry_after)
            assert_ok(mw_http_add(&r.arena, &r.headers, "x-amz-retry-after", w->retry_after, &err));
        mw_buf_puts(&body, XML_ERROR("Throttling"));
    } else {
        w->tokens -= 1;
        w->served++;
        if (strstr(e->text, "Action=AssumeRole"))
            mw_buf_printf(&body, ASSUMED, strstr(e->text, "iam%3A%3A") + 9);
        else
            mw_buf_puts(&body, IDENTITY);
    }
    r.body = body;
    body = (mw_buf){0};
    e->done(e->user, &r, NULL);
    mw_http_response_clear(&r);
}

static mw_status sim_run(void *ctx, const volatile bool *stop, mw_error *err)
{
    world *w = ctx;

    (void)err;
    while (w->count > 0) {
        size_t first = 0;
        struct event e;

        for (size_t i = 1; i < w->count; i++)
            if (w->events[i].due_ms < w->events[first].due_ms ||
                (w->events[i].due_ms == w->events[first].due_ms && w->events[i].order < w->events[first].order))
                first = i;
        e = w->events[first];
        w->events[first] = w->events[--w->count];
        if (!(stop && *stop) && e.due_ms > fake_clock_ms)
            fake_clock_ms = e.due_ms;
        if (w->stop_at_ms && fake_clock_ms >= w->stop_at_ms)
            w->stop = true;
        if (e.fn) {
            e.fn(e.user);
        } else if (stop && *stop) {
            mw_error gone = {0};

            mw_fail(&gone, MW_ERR_CANCELLED, "stopped before the answer came");
            e.done(e.user, NULL, &gone);
        } else {
            answer(w, &e);
        }
        free(e.text);
    }
    return MW_OK;
}

static const char *mode;

static const char *no_env(const char *name)
{
    if (strcmp(name, "AWS_RETRY_MODE") == 0)
        return mode;
    return strstr(name, "_FILE") ? "/nonexistent" : NULL;
}

static mw_status never(mw_provider *p, int64_t now_unix, mw_error *err)
{
    (void)p;
    (void)now_unix;
    (void)err;
    return MW_ERR_PENDING;
}

static const mw_provider_class never_class = {.name = "never", .refresh = never};

static void on_done(void *user, const mw_call_result *r)
{
    world *w = user;

    w->ended_ms = fake_clock_ms;
    w->last = *r;
    if (r->status == MW_OK) {
        w->ok++;
        return;
    }
    w->failed++;
    if (r->status == MW_ERR_AWS && strcmp(r->aws.code, "CircuitOpen") == 0) {
        w->open++;
        w->open_status = r->aws.http_status;
        memcpy(w->open_message, r->error.message, sizeof(w->open_message));
    }
    w->cancelled += r->status == MW_ERR_CANCELLED;
    w->late += r->status == MW_ERR_TIMEOUT;
    assert_non_null(strstr(r->error.message, "sts:GetCallerIdentity"));
    memcpy(w->message, r->error.message, sizeof(w->message));
}

static mw_aws_config *config;
static uint32_t random_state;

/** The same delays in every run of the test. */
static int steady_random(void *ctx, void *out, size_t size)
{
    unsigned char *p = out;

    (void)ctx;
    for (size_t i = 0; i < size; i++) {
        random_state = random_state * 1664525u + 1013904223u;
        p[i] = (unsigned char)(random_state >> 24);
    }
    return 0;
}

static void open_world(world *w, mw_client_options o)
{
    mw_error err = {0};

    memset(w, 0, sizeof(*w));
    fake_clock_ms = 0;
    mw_sys.clock_mono_ns = fake_mono_ns;
    mw_sys.random_fn = steady_random;
    random_state = 1;
    w->http = (mw_http){.send = sim_send, .after = sim_after, .run = sim_run, .ctx = w};
    w->latency_ms = 50;
    o.models = models;
    o.config = config;
    o.http = &w->http;
    o.stop = &w->stop;
    assert_ok(mw_client_new(&o, &w->client, &err));
    assert_ok(mw_provider_static("AKIATEST", "a-long-enough-secret", NULL, &w->provider, &err));
    w->scope = (mw_scope){"aws", "123456789012", "eu-west-1", w->provider};
}

static void close_world(world *w)
{
    mw_client_free(w->client);
    mw_provider_unref(w->provider);
    free(w->events);
}

static void start(world *w, int64_t deadline_ms)
{
    mw_error err = {0};

    assert_ok(mw_client_call(w->client,
                             &(mw_call){.scope = &w->scope,
                                        .service = "sts",
                                        .operation = "GetCallerIdentity",
                                        .on_done = on_done,
                                        .user = w,
                                        .deadline_ms = deadline_ms},
                             &err));
}

static void run(world *w, int calls)
{
    mw_error err = {0};

    for (int i = 0; i < calls; i++)
        start(w, 0);
    assert_ok(mw_client_run(w->client, &err));
}

/** As AWS with a tenth of what is assumed: standard retries lose calls, waiting for tokens loses none. */
static void no_call_is_lost_to_throttling(void **state)
{
    mw_error err = {0};
    world w;

    (void)state;
    for (int adaptive = 0; adaptive < 2; adaptive++) {
        mode = adaptive ? NULL : "standard";
        assert_ok(mw_aws_config_load(&(mw_aws_config_options){.getenv_fn = no_env}, &config, &err));
        open_world(&w, (mw_client_options){0});
        w.burst = w.tokens = 20;
        w.rps = 20;
        run(&w, CALLS);
        print_message("%s: %u of %d, %u throttled of %u, %.0f s\n", adaptive ? "adaptive" : "standard", w.ok, CALLS,
                      w.throttled, w.hits, (double)fake_clock_ms / 1000);
        if (adaptive) {
            assert_int_equal(w.ok, CALLS);
            assert_true(fake_clock_ms < 60000);
        } else {
            assert_true(w.ok < CALLS); /* what the rate is for */
        }
        assert_int_equal(w.ok + w.failed, CALLS);
        close_world(&w);
        mw_aws_config_free(config);
        config = NULL;
    }
    mode = NULL;
}

static void retry_after_is_honoured(void **state)
{
    world w;

    (void)state;
    open_world(&w, (mw_client_options){.max_attempts = 2});
    w.throttles = true;
    w.retry_after = "4000";
    run(&w, 1);
    assert_int_equal(w.hits, 2);
    assert_string_equal(w.last.aws.code, "Throttling");
    assert_in_range(fake_clock_ms, 4000, 9200);
    close_world(&w);
}

static void an_outage_fails_at_once_and_ends(void **state)
{
    unsigned before;
    world w;

    (void)state;
    open_world(&w, (mw_client_options){.max_attempts = 1, .breaker_failures = 5});
    w.down = true;
    run(&w, 100);
    assert_int_equal(w.failed, 100); /* each is told, none is silently empty */
    assert_true(w.open >= 100 - 5 - 32);
    assert_true(w.hits <= 5 + 32);
    assert_int_equal(mw_client_stats_get(w.client).refused, w.open);
    assert_non_null(strstr(w.open_message, "CircuitOpen"));
    assert_non_null(strstr(w.open_message, "connection refused (curl 7)"));
    assert_non_null(strstr(w.open_message, "123456789012"));
    assert_non_null(strstr(w.open_message, "eu-west-1"));
    assert_int_equal(w.open_status, 0);
    before = w.hits;
    w.scope.region = "us-east-1"; /* another region is another lane */
    run(&w, 1);
    assert_int_equal(w.hits, before + 1);
    w.scope.region = "eu-west-1";
    w.down = false;
    fake_clock_ms += 5001;
    run(&w, 1); /* the one that tries */
    assert_int_equal(w.ok, 1);
    run(&w, 10);
    assert_int_equal(w.ok, 11);
    close_world(&w);
}

static void the_deadline_counts_retries(void **state)
{
    world w;

    (void)state;
    open_world(&w, (mw_client_options){.max_attempts = 100, .deadline_ms = 20000, .breaker_failures = -1});
    w.down = true;
    w.latency_ms = 4000;
    run(&w, 1);
    assert_int_equal(w.late, 1);
    assert_true(fake_clock_ms <= 24000);
    assert_non_null(strstr(w.message, "given up after"));
    assert_non_null(strstr(w.message, "attempts"));
    assert_non_null(strstr(w.message, "connection refused"));
    assert_true(w.last_timeout_ms > 0 && w.last_timeout_ms < 20000); /* the rest of it, for the carrier */
    close_world(&w);
    /* the call's own, shorter or none */
    open_world(&w, (mw_client_options){.max_attempts = 4, .deadline_ms = 20000, .breaker_failures = -1});
    w.down = true;
    start(&w, 10);
    run(&w, 0);
    assert_int_equal(w.hits, 1);
    assert_int_equal(w.late, 1);
    start(&w, -1);
    w.latency_ms = 100000;
    run(&w, 0);
    assert_int_equal(w.hits, 5);
    assert_int_equal(w.last.status, MW_ERR_NET);
    assert_int_equal(w.last_timeout_ms, 0);
    close_world(&w);
}

/** Waiting behind our own calls is not held against a call: all together take longer than the deadline. */
static void the_deadline_does_not_count_the_queue(void **state)
{
    world w;

    (void)state;
    open_world(&w, (mw_client_options){.deadline_ms = 25000});
    w.burst = w.tokens = 20;
    w.rps = 10;
    run(&w, CALLS);
    assert_int_equal(w.ok, CALLS);
    assert_true(fake_clock_ms > 30000);
    close_world(&w);
}

/** A lane that is paused for longer than a call may take: the call ends at its time, not with the pause. */
static void the_deadline_ends_those_who_wait(void **state)
{
    mw_error err = {0};
    mw_provider *never;
    world w;

    (void)state;
    open_world(&w, (mw_client_options){.deadline_ms = 5000});
    w.broken = 1; /* its retry comes to a lane that … */
    w.throttles = true;
    w.retry_after = "30000"; /* … the other one's answer has paused */
    start(&w, 0);
    start(&w, 0);
    run(&w, 0);
    assert_int_equal(w.late, 2);
    assert_int_equal(w.hits, 2);
    assert_in_range(fake_clock_ms, 5000, 30200);
    assert_in_range(w.ended_ms, 5000, 5100);
    assert_non_null(strstr(w.message, "no turn to send it"));
    close_world(&w);
    /* credentials that never come */
    open_world(&w, (mw_client_options){.deadline_ms = 5000});
    assert_ok(mw__provider_new(&never_class, sizeof(*never), "never", &never, &err));
    w.scope.credentials = never;
    run(&w, 3);
    assert_int_equal(w.late, 3);
    assert_int_equal(w.hits, 0);
    assert_in_range(w.ended_ms, 5000, 5100);
    assert_non_null(strstr(w.message, "credentials did not come"));
    mw__provider_finish(never, MW_ERR_CREDENTIALS, &err);
    mw_provider_unref(never);
    close_world(&w);
}

static void stop_ends_those_who_wait_and_those_under_way(void **state)
{
    world w;

    (void)state;
    open_world(&w, (mw_client_options){.max_in_flight = 8});
    w.latency_ms = 1000;
    w.stop_at_ms = 1500;
    run(&w, CALLS);
    assert_int_equal(w.ok, 8);
    assert_int_equal(w.cancelled, CALLS - 8);
    assert_true(w.hits <= 16); /* nothing was sent afterwards */
    assert_true(fake_clock_ms <= 2000);
    close_world(&w);
    open_world(&w, (mw_client_options){0}); /* while a retry is waited for */
    w.throttles = true;
    w.retry_after = "60000";
    w.stop_at_ms = 100;
    run(&w, 3);
    w.stop = true;
    assert_int_equal(w.ok, 0);
    assert_int_equal(w.failed, 3);
    close_world(&w);
}

#define ACCOUNTS 50

typedef struct outcome {
    unsigned done;
    mw_call_result result;
} outcome;

static void role_done(void *user, const mw_call_result *r)
{
    outcome *o = user;

    o->done++;
    o->result = *r;
}

#define ROLES 300

/** Credentials take turns with the calls that wait for them: no role is lost to a throttling STS, and two places are
 * enough for all. */
static void roles_do_not_hammer_sts(void **state)
{
    static char accounts[ROLES][16], arns[ROLES][64];
    static mw_provider *roles[ROLES];
    static mw_scope scopes[ROLES];
    static outcome outcomes[ROLES];
    mw_error err = {0};

    (void)state;
    for (int pass = 0; pass < 3; pass++) { /* throttled; two places; stopped half-way */
        unsigned good = 0;
        world w;

        open_world(&w, (mw_client_options){.max_in_flight = pass == 1 ? 2 : 0});
        memset(outcomes, 0, sizeof(outcomes));
        if (pass == 0) {
            w.burst = w.tokens = 30;
            w.rps = 30;
        }
        if (pass == 2)
            w.stop_at_ms = 1000;
        for (int i = 0; i < ROLES; i++) {
            mw_assume_role role = {.role_arn = arns[i], .region = "eu-west-1"};

            snprintf(accounts[i], sizeof(accounts[i]), "%012d", i);
            snprintf(arns[i], sizeof(arns[i]), "arn:aws:iam::%012d:role/audit", i);
            assert_ok(
                mw_provider_assume_role(NULL, models, mw_client_http(w.client), w.provider, &role, &roles[i], &err));
            scopes[i] = (mw_scope){"aws", accounts[i], "eu-west-1", roles[i]};
            assert_ok(mw_client_call(w.client,
                                     &(mw_call){.scope = &scopes[i],
                                                .service = "sts",
                                                .operation = "GetCallerIdentity",
                                                .on_done = role_done,
                                                .user = &outcomes[i]},
                                     &err));
        }
        assert_ok(mw_client_run(w.client, &err));
        for (int i = 0; i < ROLES; i++) {
            assert_int_equal(outcomes[i].done, 1);
            good += outcomes[i].result.status == MW_OK;
            mw_provider_unref(roles[i]);
        }
        print_message("%u of %d roles, %u requests, %u throttled, %.0f s\n", good, ROLES, w.hits, w.throttled,
                      (double)fake_clock_ms / 1000);
        if (pass < 2)
            assert_int_equal(good, ROLES);
        else
            assert_true(good < ROLES);
        close_world(&w);
    }
}

/** What a spent budget refuses to providers keeps no place: those who come after hear of the budget too. */
static void refused_roles_give_their_places_back(void **state)
{
    static const char arn[] = "arn:aws:iam::123456789012:role/audit";
    const mw_assume_role role = {.role_arn = arn, .region = "eu-west-1"};
    mw_provider *roles[8];
    mw_scope scopes[MW_COUNT(roles)];
    outcome outcomes[MW_COUNT(roles) + 1] = {{0}};
    mw_error err = {0};
    mw_budget budget;
    world w;

    (void)state;
    assert_ok(mw_budget_parse("calls=0", &budget, &err));
    open_world(&w, (mw_client_options){.max_in_flight = 2, .budget = &budget});
    for (size_t i = 0; i < MW_COUNT(roles); i++) {
        assert_ok(mw_provider_assume_role(NULL, models, mw_client_http(w.client), w.provider, &role, &roles[i], &err));
        scopes[i] = (mw_scope){"aws", "123456789012", "eu-west-1", roles[i]};
    }
    for (size_t i = 0; i < MW_COUNT(outcomes); i++) /* the last one has keys, and asks for itself */
        assert_ok(mw_client_call(w.client,
                                 &(mw_call){.scope = i < MW_COUNT(roles) ? &scopes[i] : &w.scope,
                                            .service = "sts",
                                            .operation = "GetCallerIdentity",
                                            .on_done = role_done,
                                            .user = &outcomes[i]},
                                 &err));
    assert_ok(mw_client_run(w.client, &err));
    for (size_t i = 0; i < MW_COUNT(outcomes); i++) {
        assert_int_equal(outcomes[i].done, 1);
        if (outcomes[i].result.status != MW_ERR_AWS || strcmp(outcomes[i].result.aws.code, "BudgetSpent") != 0)
            fail_msg("call %zu: %s", i, outcomes[i].result.error.message);
    }
    assert_int_equal(w.hits, 0);
    for (size_t i = 0; i < MW_COUNT(roles); i++)
        mw_provider_unref(roles[i]);
    close_world(&w);
}

/** One chain of roles for each account: 48 give an answer, 2 say by name what was refused. */
static void fifty_accounts_two_refuse(void **state)
{
    static char accounts[ACCOUNTS][16], arns[ACCOUNTS][64];
    mw_provider *roles[ACCOUNTS];
    mw_scope scopes[ACCOUNTS];
    outcome outcomes[ACCOUNTS] = {{0}};
    mw_error err = {0};
    unsigned good = 0, bad = 0;
    world w;

    (void)state;
    open_world(&w, (mw_client_options){0});
    w.needles[0] = "000000000007";
    w.needles[1] = "000000000031";
    for (int i = 0; i < ACCOUNTS; i++) {
        mw_assume_role role = {.role_arn = arns[i], .region = "eu-west-1"};

        snprintf(accounts[i], sizeof(accounts[i]), "%012d", i);
        snprintf(arns[i], sizeof(arns[i]), "arn:aws:iam::%s:role/audit", accounts[i]);
        assert_ok(mw_provider_assume_role(NULL, models, mw_client_http(w.client), w.provider, &role, &roles[i], &err));
        scopes[i] = (mw_scope){"aws", accounts[i], "eu-west-1", roles[i]};
    }
    for (int i = 0; i < ACCOUNTS; i++)
        assert_ok(mw_client_call(w.client,
                                 &(mw_call){.scope = &scopes[i],
                                            .service = "sts",
                                            .operation = "GetCallerIdentity",
                                            .on_done = role_done,
                                            .user = &outcomes[i]},
                                 &err));
    assert_ok(mw_client_run(w.client, &err));
    for (int i = 0; i < ACCOUNTS; i++) {
        const mw_call_result *r = &outcomes[i].result;

        assert_int_equal(outcomes[i].done, 1);
        if (i != 7 && i != 31) {
            assert_int_equal(r->status, MW_OK);
            good++;
            continue;
        }
        bad++;
        assert_int_equal(r->status, MW_ERR_CREDENTIALS);
        if (!strstr(r->error.message, accounts[i]) || !strstr(r->error.message, "AccessDenied"))
            fail_msg("'%s' names neither %s nor AccessDenied", r->error.message, accounts[i]);
    }
    assert_int_equal(good, 48);
    assert_int_equal(bad, 2);
    for (int i = 0; i < ACCOUNTS; i++)
        mw_provider_unref(roles[i]);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_call_is_lost_to_throttling),
        cmocka_unit_test(retry_after_is_honoured),
        cmocka_unit_test(an_outage_fails_at_once_and_ends),
        cmocka_unit_test(the_deadline_counts_retries),
        cmocka_unit_test(the_deadline_does_not_count_the_queue),
        cmocka_unit_test(the_deadline_ends_those_who_wait),
        cmocka_unit_test(stop_ends_those_who_wait_and_those_under_way),
        cmocka_unit_test(roles_do_not_hammer_sts),
        cmocka_unit_test(refused_roles_give_their_places_back),
        cmocka_unit_test(fifty_accounts_two_refuse),
    };
    mw_error err = {0};

    if (mw_models_builtin(&models, &err) != MW_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
