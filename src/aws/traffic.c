/*
 * Lanes with something to send stand in one ring and take turns, a request each. A lane that cannot
 * go is taken off the ring and put where it will be found again without looking for it: at the full
 * bulkhead that stopped it, or among the sleepers that wait for a token. So a request costs a few
 * list operations however many lanes there are.
 *
 * The rule that nobody is forgotten: a bulkhead with room has nobody waiting at it, or one of those
 * it sent back to the ring has not had its turn yet. Whoever has had that turn, place or not, lets
 * the bulkhead send the next.
 */
#include "aws/traffic.h"

#include "aws/transport_timers.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

#define LANES_MAX   262144 /* accounts × regions × services of a large organisation */
#define LANE_TABLE  4096
#define KEY_SIZE    256
#define SHARES_MAX  65536 /* S3 has a host for each bucket; what is beyond has no bulkhead of its own */
#define SHARE_TABLE 1024

enum { PLACE_NONE, PLACE_READY, PLACE_PARKED, PLACE_ASLEEP };
enum { KIND_ACCOUNT, KIND_SERVICE, KIND_HOST, KINDS };

typedef struct lane_list {
    mw_lane *head, *tail;
} lane_list;

struct mw_share {
    mw_share *next; /* of the table's slot */
    int kind;
    int going;
    lane_list parked;
    char name[];
};

struct mw_lane {
    mw_lane *next_in_slot;
    mw_lane *next, *prev; /* of the ring or of a bulkhead's list */
    int place;
    mw_share *at; /* parked: where; ready: which bulkhead sent it back to the ring, if any */
    mw_ticket *head, *tail;
    mw_share *account, *service;
    mw_retry_bucket quota;
    mw_rate rate;
    mw_breaker breaker;
    size_t key_len;
    char key[];
};

struct mw_traffic {
    mw_traffic_options options;
    int most[KINDS];     /* in flight of one account, service, host */
    size_t kinds[KINDS]; /* how many of each there are */
    int going;
    lane_list ready;
    mw_timers sleepers;
    mw_lane *lanes[LANE_TABLE];
    mw_share *shares[SHARE_TABLE];
    size_t lane_count, share_count;
    mw_arena arena; /* shares */
};

/* ---- settings ---- */

static int limit_of(int asked, int all, int usual)
{
    int n = asked > 0 ? asked : asked < 0 ? all : usual;

    return n > all ? all : n < 1 ? 1 : n;
}

mw_status mw_traffic_new(const mw_traffic_options *o, mw_traffic **out, mw_error *err)
{
    mw_traffic *t = mw_alloc(sizeof(*t));
    int all = o->max_in_flight;

    *out = t;
    if (!t)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    t->options = *o;
    t->arena.max_bytes = (size_t)512 << 20;
    t->most[KIND_ACCOUNT] = limit_of(o->max_per_account, all, all - all / 4);
    t->most[KIND_SERVICE] = limit_of(o->max_per_service, all, all - all / 4);
    t->most[KIND_HOST] = limit_of(o->max_per_host, all, all - all / 2);
    return MW_OK;
}

void mw_traffic_free(mw_traffic *t)
{
    if (!t)
        return;
    mw_timers_clear(&t->sleepers);
    for (size_t i = 0; i < LANE_TABLE; i++)
        for (mw_lane *l = t->lanes[i], *next; l; l = next) {
            next = l->next_in_slot;
            mw_free(l);
        }
    mw_arena_clear(&t->arena);
    mw_free(t);
}

const mw_retry_policy *mw_traffic_retry(const mw_traffic *t)
{
    return &t->options.retry;
}

/* ---- lanes and shares ---- */

/** NULL (no bulkhead) when memory or room has run out: it guards against waste, not against harm. */
static mw_share *share_of(mw_traffic *t, int kind, const char *name)
{
    size_t len = strlen(name);
    uint64_t hash = mw_hash64(name, len) + (uint64_t)kind;
    mw_share **slot = &t->shares[hash % SHARE_TABLE], *s;

    for (s = *slot; s; s = s->next)
        if (s->kind == kind && strcmp(s->name, name) == 0)
            return s;
    if (t->share_count >= SHARES_MAX || !(s = mw_arena_alloc(&t->arena, sizeof(*s) + len + 1)))
        return NULL;
    memcpy(s->name, name, len + 1);
    s->kind = kind;
    s->next = *slot;
    *slot = s;
    t->share_count++;
    t->kinds[kind]++;
    return s;
}

/** "account\nregion\nservice" in @p out; 0 when it does not fit. */
static size_t key_of(char *out, size_t size, const char *account, const char *region, const char *service)
{
    const char *parts[] = {account ? account : "", region ? region : "", service};
    size_t len = 0;

    for (size_t i = 0; i < MW_COUNT(parts); i++) {
        size_t n = strlen(parts[i]);

        if (n >= size - len)
            return 0;
        memcpy(out + len, parts[i], n);
        len += n;
        out[len++] = '\n';
    }
    return len;
}

mw_lane *mw_traffic_lane(mw_traffic *t, const char *account, const char *region, const char *service, bool *fresh,
                         int64_t now_ms)
{
    char key[KEY_SIZE];
    size_t len = key_of(key, sizeof(key) - 1, account, region, service);
    mw_lane **slot = &t->lanes[mw_hash64(key, len) % LANE_TABLE], *l;

    *fresh = false;
    for (l = *slot; l; l = l->next_in_slot)
        if (l->key_len == len && memcmp(l->key, key, len) == 0)
            return l;
    if (len == 0 || t->lane_count >= LANES_MAX || !(l = mw_alloc(sizeof(*l) + len)))
        return NULL;
    memcpy(l->key, key, len);
    l->key_len = len;
    l->account = share_of(t, KIND_ACCOUNT, account ? account : "");
    l->service = share_of(t, KIND_SERVICE, service);
    mw_retry_bucket_init(&l->quota, &t->options.retry, service);
    mw_rate_init(&l->rate, t->options.retry.limit_rate ? mw_rate_limit_of(service) : NULL,
                 t->options.rate_factor > 0 ? t->options.rate_factor : 1, now_ms);
    l->next_in_slot = *slot;
    *slot = l;
    t->lane_count++;
    *fresh = true;
    return l;
}

void mw_traffic_forget(mw_traffic *t, const char *account)
{
    size_t len = strlen(account);

    for (size_t i = 0; i < LANE_TABLE; i++)
        for (mw_lane **at = &t->lanes[i], *l; (l = *at) != NULL;) {
            bool idle = l->place == PLACE_NONE && !l->head && !(l->rate.learnt && l->rate.most_rps > 0);
            if (idle && l->key_len > len && memcmp(l->key, account, len) == 0 && l->key[len] == '\n') {
                *at = l->next_in_slot;
                t->lane_count--;
                mw_free(l);
            } else {
                at = &l->next_in_slot;
            }
        }
}

void mw_lane_free_rate(mw_lane *l, int64_t now_ms)
{
    mw_rate_init(&l->rate, NULL, 1, now_ms);
}

void mw_lane_remember_rate(mw_lane *l, double ceiling_rps)
{
    mw_rate_remember(&l->rate, ceiling_rps);
}

void mw_traffic_learnt(const mw_traffic *t, mw_lane_learnt fn, void *user)
{
    for (size_t i = 0; i < LANE_TABLE; i++)
        for (const mw_lane *l = t->lanes[i]; l; l = l->next_in_slot) {
            char key[KEY_SIZE], *part[3] = {key};

            if (!l->rate.learnt || l->rate.most_rps <= 0)
                continue;
            memcpy(key, l->key, l->key_len);
            for (size_t n = 0, at = 0; at < l->key_len; at++)
                if (key[at] == '\n') {
                    key[at] = '\0';
                    if (++n < MW_COUNT(part))
                        part[n] = key + at + 1;
                }
            fn(user, part[0], part[1], part[2], &l->rate);
        }
}

mw_retry_bucket *mw_lane_quota(mw_lane *l)
{
    return &l->quota;
}

const mw_breaker *mw_lane_breaker(const mw_lane *l)
{
    return &l->breaker;
}

const mw_rate *mw_lane_rate(const mw_lane *l)
{
    return &l->rate;
}

/* ---- the ring and the lists beside it ---- */

static void push(lane_list *list, mw_lane *l)
{
    l->next = NULL;
    l->prev = list->tail;
    if (list->tail)
        list->tail->next = l;
    else
        list->head = l;
    list->tail = l;
}

static void take_out(lane_list *list, mw_lane *l)
{
    if (l->prev)
        l->prev->next = l->next;
    else
        list->head = l->next;
    if (l->next)
        l->next->prev = l->prev;
    else
        list->tail = l->prev;
    l->next = l->prev = NULL;
}

static void make_ready(mw_traffic *t, mw_lane *l)
{
    l->place = PLACE_READY;
    l->at = NULL;
    push(&t->ready, l);
}

static bool full(const mw_traffic *t, const mw_share *s)
{
    return s && t->kinds[s->kind] > 1 && s->going >= t->most[s->kind];
}

/** Send one of those that wait at @p s back to the ring, if there is room for it. */
static void relay(mw_traffic *t, mw_share *s)
{
    mw_lane *l = s ? s->parked.head : NULL;

    if (!l || full(t, s))
        return;
    take_out(&s->parked, l);
    make_ready(t, l);
    l->at = s;
}

static void park(mw_lane *l, mw_share *at)
{
    l->place = PLACE_PARKED;
    l->at = at;
    push(&at->parked, l);
}

/** False when there is no memory for it: then it goes without a token. */
static bool sleep_until(mw_traffic *t, mw_lane *l, int64_t at_ms)
{
    if (mw_timers_add(&t->sleepers, at_ms, NULL, l, NULL) != MW_OK)
        return false;
    l->place = PLACE_ASLEEP;
    return true;
}

static void wake(mw_traffic *t, int64_t now_ms)
{
    mw_timer due;

    while (mw_timers_due(&t->sleepers, now_ms, UINT64_MAX, &due)) {
        mw_lane *l = due.user;

        l->place = PLACE_NONE;
        if (l->head)
            make_ready(t, l);
    }
}

int64_t mw_traffic_wake_ms(const mw_traffic *t)
{
    return t->sleepers.count ? t->sleepers.heap[0].due_ms : -1;
}

/* ---- tickets ---- */

void mw_traffic_enter(mw_traffic *t, mw_ticket *k, mw_lane *l, const char *host, bool first)
{
    k->lane = l;
    k->host = share_of(t, KIND_HOST, host);
    k->state = MW_TICKET_WAITING;
    k->probe = false;
    k->next = first ? l->head : NULL;
    k->prev = first ? NULL : l->tail;
    if (k->next)
        k->next->prev = k;
    else
        l->tail = k;
    if (k->prev)
        k->prev->next = k;
    else
        l->head = k;
    if (l->place == PLACE_NONE)
        make_ready(t, l);
}

static void unqueue(mw_ticket *k)
{
    mw_lane *l = k->lane;

    if (k->prev)
        k->prev->next = k->next;
    else
        l->head = k->next;
    if (k->next)
        k->next->prev = k->prev;
    else
        l->tail = k->prev;
    k->next = k->prev = NULL;
}

static void count(mw_traffic *t, mw_ticket *k, int by)
{
    mw_share *shares[] = {k->lane->account, k->lane->service, k->host};

    t->going += by;
    for (size_t i = 0; i < MW_COUNT(shares); i++)
        if (shares[i])
            shares[i]->going += by;
}

mw_ticket *mw_traffic_next(mw_traffic *t, int64_t now_ms, int64_t *refused_ms)
{
    wake(t, now_ms);
    while (t->ready.head && t->going < t->options.max_in_flight) {
        mw_lane *l = t->ready.head;
        mw_ticket *k = l->head;
        mw_share *shares[] = {l->account, l->service, k->host}, *stop = NULL, *from = l->at;
        int64_t wait_ms;

        take_out(&t->ready, l);
        l->place = PLACE_NONE;
        *refused_ms = mw_breaker_refuses(&l->breaker, &t->options.breaker, k->operation, now_ms);
        for (size_t i = 0; *refused_ms == 0 && !stop && i < MW_COUNT(shares); i++)
            if (full(t, shares[i]))
                stop = shares[i];
        if (stop) {
            park(l, stop);
            relay(t, from);
            continue;
        }
        if (*refused_ms == 0 && (wait_ms = mw_rate_take(&l->rate, now_ms)) > 0 && sleep_until(t, l, now_ms + wait_ms)) {
            relay(t, from);
            continue;
        }
        unqueue(k);
        if (l->head)
            make_ready(t, l);
        if (*refused_ms > 0) {
            k->state = MW_TICKET_IDLE;
        } else {
            k->state = MW_TICKET_GOING;
            k->probe = mw_breaker_begin(&l->breaker, k->operation);
            count(t, k, 1);
        }
        relay(t, from);
        return k;
    }
    return NULL;
}

void mw_traffic_leave(mw_traffic *t, mw_ticket *k, mw_outcome outcome, int64_t retry_after_ms, const char *cause,
                      int64_t now_ms)
{
    mw_lane *l = k->lane;

    if (k->state == MW_TICKET_WAITING) {
        unqueue(k);
        if (!l->head && l->place != PLACE_ASLEEP) { /* a sleeper is in the heap until its time */
            take_out(l->place == PLACE_READY ? &t->ready : &l->at->parked, l);
            l->place = PLACE_NONE;
            relay(t, l->at);
        }
    } else if (k->state == MW_TICKET_GOING) {
        count(t, k, -1);
        if (outcome == MW_OUTCOME_NONE)
            mw_rate_give_back(&l->rate);
        else if (outcome == MW_OUTCOME_THROTTLED && t->options.retry.limit_rate)
            mw_rate_throttled(&l->rate, retry_after_ms, now_ms);
        else
            mw_rate_answered(&l->rate, now_ms);
        mw_breaker_end(&l->breaker, &t->options.breaker, k->operation, outcome, k->probe, cause, now_ms);
        relay(t, l->account);
        relay(t, l->service);
        relay(t, k->host);
    }
    k->state = MW_TICKET_IDLE;
}
