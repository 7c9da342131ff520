/*
 * The client's side of traffic.h: lanes of calls, the timer that wakes those who wait for a token,
 * and the deadline of a request. Relies on the carrier's timers; it never waits itself.
 */
#include "aws/client_internal.h"

#include "base/log.h"
#include "base/sys.h"

/* http.h: what a carrier allows when no limit is set. */
#define CARRIER_TIMEOUT_MS 60000
#define WATCH_MS           250 /* deadlines of those that wait; the end of a run may be as late */

static void prepare_lane(mw_client *c, mw_lane *lane, const char *account, const char *region,
                         const mw_service *service, int64_t now_ms)
{
    const mw_rate_entry *e;

    /* AWS's quotas say nothing about another endpoint, unless it only leads to AWS. */
    if (!c->quotas_everywhere &&
        (c->endpoint_url || (c->config && mw_aws_config_endpoint_url(c->config, mw_service_id(service))))) {
        mw_lane_free_rate(lane, now_ms);
        return;
    }
    e = mw_rate_entry_find(&c->rates, account ? account : "", region ? region : "", mw_service_name(service));
    if (e)
        mw_lane_remember_rate(lane, mw_rate_entry_ceiling(e, mw_now_unix()));
}

mw_status mw__call_lane(mw_active_call *k, mw_error *err)
{
    mw_client *c = k->client;
    const mw_service *service = mw_operation_service(k->op);
    int64_t now_ms = mw_mono_ms();
    bool fresh;

    k->lane = mw_traffic_lane(c->traffic, k->call.scope->account, k->call.scope->region, mw_service_name(service),
                              &fresh, now_ms);
    if (!k->lane)
        return mw_fail(err, MW_ERR_NOMEM, "%s: no room for one more account and region", mw_service_name(service));
    if (fresh)
        prepare_lane(c, k->lane, k->call.scope->account, k->call.scope->region, service, now_ms);
    return MW_OK;
}

static void keep_rate(void *user, const char *account, const char *region, const char *service, const mw_rate *rate)
{
    mw_client *c = user;
    mw_rate_entry e = {account, region, service, rate->ceiling_rps, mw_now_unix()};

    /* What this run did not run into keeps its age; what a few answers said is not worth a file. */
    if (rate->cut_before && (!rate->on_trial || rate->trial_seen >= MW_RATE_HISTORY))
        (void)mw_rate_entry_set(&c->rates, &e);
}

void mw__client_keep_rates(mw_client *c)
{
    mw_error err = {0};

    if (!c->rates_path)
        return;
    mw_traffic_learnt(c->traffic, keep_rate, c);
    if (c->rates.count > 0 && mw_rate_file_write(c->rates_path, &c->rates, &err) != MW_OK)
        mw_log_warn("learnt request rates are not kept: %s", err.message);
}

/* ---- the turn ---- */

static void on_wake(void *user)
{
    mw_client *c = user;

    c->wakes--;
    if (c->wakes == 0 || mw_mono_ms() >= c->wake_ms)
        c->wake_ms = 0;
    mw__client_pump(c);
}

/** One timer, for the lane that is due first; should there be no memory for it, the next request
 * that ends looks again. */
static void arm(mw_client *c)
{
    int64_t at_ms = mw_traffic_wake_ms(c->traffic), now_ms;

    if (at_ms < 0 || (c->wake_ms != 0 && c->wake_ms <= at_ms) || mw__client_stopping(c))
        return;
    now_ms = mw_mono_ms();
    if (c->http->after(c->http->ctx, at_ms > now_ms ? at_ms - now_ms : 0, on_wake, c, NULL) == MW_OK) {
        c->wake_ms = at_ms;
        c->wakes++;
    }
}

/* What those do who go may come back here: one loop is enough. */
void mw__client_pump(mw_client *c)
{
    int64_t refused_ms;
    mw_ticket *t;

    if (c->pumping)
        return;
    c->pumping = true;
    while ((t = mw_traffic_next(c->traffic, mw_mono_ms(), &refused_ms)) != NULL) {
        t->go(t->user, refused_ms);
    }
    c->pumping = false;
    arm(c);
}

static void go(void *user, int64_t refused_ms)
{
    mw_active_call *k = user;

    if (refused_ms > 0) {
        mw__call_refused(k, refused_ms);
        return;
    }
    if (k->queued_ms)
        k->waited_ms += mw_mono_ms() - k->queued_ms;
    if (k->begun_ms == 0) { /* what it waited before is our doing, and not held against it */
        int64_t allowed_ms = k->call.deadline_ms ? k->call.deadline_ms : k->client->deadline_ms;

        k->begun_ms = mw_mono_ms();
        k->deadline_ms = allowed_ms > 0 ? k->begun_ms + allowed_ms : 0;
    }
    mw__call_go(k);
}

void mw__call_queue(mw_active_call *k)
{
    k->ticket.go = go;
    k->ticket.user = k;
    k->ticket.operation = mw_breaker_operation(mw_operation_name(k->op));
    k->queued_ms = k->client->watch ? mw_mono_ms() : 0;
    /* What has begun is ended first: paging tokens and deadlines run out. */
    mw_traffic_enter(k->client->traffic, &k->ticket, k->lane, k->request.host, k->attempt > 1 || k->page > 1);
    if (k->begun_ms > 0)
        mw__call_watch(k);
    mw__client_pump(k->client);
}

void mw__call_leave(mw_active_call *k, mw_outcome outcome, const char *cause)
{
    if (k->ticket.state == MW_TICKET_IDLE)
        return;
    mw_traffic_leave(k->client->traffic, &k->ticket, outcome, k->retry_after_ms, cause, mw_mono_ms());
}

mw_outcome mw__call_outcome(const mw_active_call *k, mw_status st, const mw_http_response *answer)
{
    if (!answer)
        return st == MW_ERR_NET || st == MW_ERR_TIMEOUT ? MW_OUTCOME_FAILED : MW_OUTCOME_NONE;
    if (st != MW_ERR_AWS)
        return MW_OUTCOME_ANSWERED;
    if (answer->status == 429 || k->retry_after_ms >= 0 ||
        mw_retry_classify(k->op, st, &k->result.aws) == MW_RETRY_THROTTLE)
        return MW_OUTCOME_THROTTLED;
    return answer->status >= 500 ? MW_OUTCOME_BROKEN : MW_OUTCOME_ANSWERED;
}

/* ---- turns of others ---- */

static void unlink_turn(mw_client *c, mw_turn *turn)
{
    if (turn->prev)
        turn->prev->next = turn->next;
    else
        c->waiting_turns = turn->next;
    if (turn->next)
        turn->next->prev = turn->prev;
    turn->next = turn->prev = NULL;
}

static void turn_go(void *user, int64_t refused_ms)
{
    mw_turn *turn = user;
    const mw_breaker *b = mw_lane_breaker(turn->ticket.lane);
    mw_error err = {0};

    unlink_turn(turn->client, turn);
    if (refused_ms > 0)
        mw_fail(&err, MW_ERR_NET, "%d requests in a row failed, the last with: %s; not sent", b->failed, b->cause);
    else if (!mw__client_may_send(turn->client, NULL, 1))
        mw_fail(&err, MW_ERR_LIMIT, "the budget is spent; not sent");
    if (err.status != MW_OK) /* who is told that it never comes has nothing to give back */
        mw_traffic_leave(turn->client->traffic, &turn->ticket, MW_OUTCOME_NONE, -1, NULL, mw_mono_ms());
    turn->go(turn->user, err.status != MW_OK ? &err : NULL);
}

static mw_status turn_enter(void *ctx, mw_turn *turn, const mw_operation *op, const char *region, const char *host,
                            bool again, mw_error *err)
{
    mw_client *c = ctx;
    const mw_service *service = mw_operation_service(op);
    int64_t now_ms = mw_mono_ms();
    bool fresh;
    /* Whose quota it is depends on the credentials it is asked with; nearly always one account's. */
    mw_lane *lane = mw_traffic_lane(c->traffic, "", region, mw_service_name(service), &fresh, now_ms);

    if (!lane)
        return mw_fail(err, MW_ERR_NOMEM, "no room for one more region");
    if (fresh)
        prepare_lane(c, lane, "", region, service, now_ms);
    turn->client = c;
    turn->ticket.user = turn;
    turn->ticket.operation = mw_breaker_operation(mw_operation_name(op));
    turn->ticket.go = turn_go;
    turn->prev = NULL;
    turn->next = c->waiting_turns;
    if (turn->next)
        turn->next->prev = turn;
    c->waiting_turns = turn;
    mw_traffic_enter(c->traffic, &turn->ticket, lane, host, again);
    mw__client_pump(c);
    return MW_OK;
}

static void turn_leave(void *ctx, mw_turn *turn, mw_outcome outcome, int64_t retry_after_ms, const char *cause)
{
    mw_client *c = ctx;

    if (turn->ticket.state == MW_TICKET_IDLE)
        return;
    mw_traffic_leave(c->traffic, &turn->ticket, outcome, retry_after_ms, cause, mw_mono_ms());
    mw__client_pump(c);
}

void mw__client_offer_turns(mw_client *c)
{
    c->turns = (mw_turns){turn_enter, turn_leave, c};
    c->provider_http = *c->http;
    c->provider_http.clocks = &c->clocks;
    if (!c->provider_http.turns && !c->replay)
        c->provider_http.turns = &c->turns;
}

void mw__client_end_turns(mw_client *c, mw_status status, const char *message)
{
    mw_error err = {0};

    mw_fail(&err, status, "%s", message);
    while (c->waiting_turns) {
        mw_turn *turn = c->waiting_turns;

        unlink_turn(c, turn);
        mw_traffic_leave(c->traffic, &turn->ticket, MW_OUTCOME_NONE, -1, NULL, mw_mono_ms());
        turn->go(turn->user, &err);
    }
}

/* ---- the deadline ---- */

bool mw__call_late(const mw_active_call *k, int64_t delay_ms)
{
    return k->deadline_ms > 0 && mw_mono_ms() + delay_ms >= k->deadline_ms;
}

static bool waits(const mw_active_call *k)
{
    return k->deadline_ms > 0 && (k->waiting || k->ticket.state == MW_TICKET_WAITING);
}

static void watch(mw_client *c, int64_t deadline_ms);

/* Whoever is told may start and end others: the list is looked at from its beginning then. */
static void on_watch(void *user)
{
    mw_client *c = user;
    int64_t now_ms = mw_mono_ms(), next_ms = 0;

    c->watches--;
    if (c->watches == 0 || now_ms >= c->watch_ms)
        c->watch_ms = 0;
    for (mw_active_call *k = c->calls; k;) {
        if (waits(k) && now_ms >= k->deadline_ms) {
            mw__call_expired(k);
            k = c->calls;
            next_ms = 0;
            continue;
        }
        if (waits(k) && (next_ms == 0 || k->deadline_ms < next_ms))
            next_ms = k->deadline_ms;
        k = k->next;
    }
    if (next_ms > 0)
        watch(c, next_ms);
    mw__client_pump(c);
}

/** A timer cannot be taken back and keeps the loop going: it is short, and set again as long as
 * somebody waits. Without memory for it the call ends when its turn comes. */
static void watch(mw_client *c, int64_t deadline_ms)
{
    int64_t now_ms = mw_mono_ms();
    int64_t at_ms = deadline_ms < now_ms + WATCH_MS ? deadline_ms : now_ms + WATCH_MS;

    if ((c->watch_ms != 0 && c->watch_ms <= at_ms) || mw__client_stopping(c))
        return;
    if (c->http->after(c->http->ctx, at_ms > now_ms ? at_ms - now_ms : 0, on_watch, c, NULL) == MW_OK) {
        c->watch_ms = at_ms;
        c->watches++;
    }
}

void mw__call_watch(mw_active_call *k)
{
    if (waits(k))
        watch(k->client, k->deadline_ms);
}

int mw__call_time_left(const mw_active_call *k)
{
    int64_t left_ms;

    if (k->deadline_ms == 0)
        return 0;
    left_ms = k->deadline_ms - mw_mono_ms();
    return left_ms >= CARRIER_TIMEOUT_MS ? 0 : left_ms > 1 ? (int)left_ms : 1;
}
