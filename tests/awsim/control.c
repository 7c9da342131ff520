/*
 * The control face below /__awsim/: oracle, writes, statistics, faults, buckets, time and keys.
 *
 * Unsigned and never under a fault, so that a test can always ask. README.md lists the paths.
 */
#include "awsim.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define MAX_COUNTERS 512

static struct counter {
    char service[40], operation[64];
    uint64_t ok, error, throttled, faulted, refused;
} counters[MAX_COUNTERS];
static size_t counter_count;

void stats_count(const char *service, const char *operation, const char *outcome)
{
    static size_t last; /* load comes in runs of one operation */
    size_t i = last;
    if (i >= counter_count || strcmp(counters[i].operation, operation) != 0 ||
        strcmp(counters[i].service, service) != 0)
        for (i = 0; i < counter_count; i++)
            if (strcmp(counters[i].operation, operation) == 0 && strcmp(counters[i].service, service) == 0)
                break;
    if (i == counter_count) {
        if (i == MAX_COUNTERS)
            return;
        snprintf(counters[i].service, sizeof counters[i].service, "%s", service);
        snprintf(counters[i].operation, sizeof counters[i].operation, "%s", operation);
        counter_count++;
    }
    last = i;
    switch (outcome[0]) {
    case 'o': counters[i].ok++; break;
    case 't': counters[i].throttled++; break;
    case 'f': counters[i].faulted++; break;
    case 'r': counters[i].refused++; break;
    default: counters[i].error++; break;
    }
}

void stats_reset(struct server *s)
{
    memset(counters, 0, sizeof counters);
    counter_count = 0;
    s->requests = s->errors = s->throttled = s->faulted = s->refused = s->connections = 0;
}

void stats_write(const struct server *s, mw_buf *out)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    uint64_t cpu = (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
                   (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    say(out,
        "{\"requests\":$d,\"errors\":$d,\"throttled\":$d,\"faulted\":$d,\"refused\":$d,"
        "\"connections\":$d,\"writes\":$d,\"cpu_us\":$d,\"peak_kb\":$d,\"operations\":{",
        U(s->requests), U(s->errors), U(s->throttled), U(s->faulted), U(s->refused), U(s->connections),
        U(effects_count()), U(cpu), U((uint64_t)u.ru_maxrss));
    for (size_t i = 0; i < counter_count; i++) {
        const struct counter *n = &counters[i];
        say(out, "$s\n\"$j:$j\":{\"ok\":$d,\"error\":$d,\"throttled\":$d,\"faulted\":$d,\"refused\":$d}",
            S(i ? "," : ""), S(n->service), S(n->operation), U(n->ok), U(n->error), U(n->throttled), U(n->faulted),
            U(n->refused));
    }
    text(out, "}}\n");
}

static void refuse(struct reply *reply, int status, const char *what)
{
    mw_buf_reset(&reply->body);
    reply->status = status;
    say(&reply->body, "{\"error\":\"$j\"}\n", S(what));
}

static void give_account(struct server *s, struct reply *reply, long long n)
{
    char id[13], key[21], secret[41];
    if (n < 0 || n >= (long long)s->world.accounts) {
        refuse(reply, 404, "no such account");
        return;
    }
    account_id(id, (uint32_t)n);
    access_key_of(key, (uint32_t)n, false);
    secret_of(secret, &s->world, mw_str_of(key));
    say(&reply->body, "{\"account\":\"$s\",\"access_key_id\":\"$s\",\"secret_access_key\":\"$s\",\"regions\":[", S(id),
        S(key), S(secret));
    for (unsigned r = 0; r < s->world.regions; r++)
        say(&reply->body, "$s\"$s\"", S(r ? "," : ""), S(s->world.region[r]));
    text(&reply->body, "]}\n");
}

static void give_oracle(struct server *s, struct reply *reply, const struct params *p)
{
    long long account = str_number(param(p, "account"), -2);
    mw_str type = param(p, "type");
    int kind = -1;
    for (int k = 0; type.data && k < K_COUNT; k++)
        if (str_is(type, kind_name((enum kind)k)))
            kind = k;
    if (account >= (long long)FIRST_ACCOUNT)
        account -= (long long)FIRST_ACCOUNT;
    if ((type.data && kind < 0) || account == -1 || account >= (long long)s->world.accounts) {
        refuse(reply, 404, "no such type or account");
        return;
    }
    oracle_write(&s->world, &reply->body, account == -2 ? -1 : account, kind, str_is(param(p, "ids"), "1"),
                 str_is(param(p, "facts"), "1"));
}

static void take_faults(struct server *s, const struct request *r, struct reply *reply)
{
    mw_error err = {0};
    if (str_is(r->method, "DELETE")) {
        fault_clear();
    } else if (str_is(r->method, "POST")) {
        if (!fault_script(&s->world, r->body.data, r->body.len, &err)) {
            refuse(reply, 400, err.message);
            return;
        }
    }
    faults_list(&reply->body);
}

static void take_buckets(const struct request *r, struct reply *reply)
{
    char spec[128];
    if (str_is(r->method, "DELETE"))
        throttle_clear();
    for (size_t at = 0; str_is(r->method, "POST") && at < r->body.len;) {
        const char *line = r->body.data + at, *stop = memchr(line, '\n', r->body.len - at);
        size_t n = stop ? (size_t)(stop - line) : r->body.len - at;
        snprintf(spec, sizeof spec, "%.*s", n < sizeof spec ? (int)n : 0, line);
        if (n && !throttle_rule(spec)) {
            refuse(reply, 400, "a bucket is SERVICE[:OPERATION]=SIZE/RATE");
            return;
        }
        at += n + 1;
    }
    text(&reply->body, "{}\n");
}

void control(struct server *s, const struct request *r, struct reply *reply)
{
    static struct params p;
    p.count = 0;
    mw_buf_reset(&p.text);
    p.text.max = 4 << 20;
    (void)params_add(&p, r->query);
    mw_str path = {r->path.data + 9, r->path.len - 9};
    reply->type = "application/json";
    if (str_is(path, "oracle")) {
        give_oracle(s, reply, &p);
    } else if (str_is(path, "account")) {
        give_account(s, reply, str_number(param(&p, "n"), 0));
    } else if (str_is(path, "writes")) {
        long long since = str_number(param(&p, "since"), 0);
        if (str_is(r->method, "DELETE"))
            effects_reset();
        effects_list(&reply->body, since < 0 ? 0 : (uint64_t)since);
    } else if (str_is(path, "stats")) {
        if (str_is(r->method, "DELETE"))
            stats_reset(s);
        stats_write(s, &reply->body);
    } else if (str_is(path, "faults")) {
        take_faults(s, r, reply);
    } else if (str_is(path, "buckets")) {
        take_buckets(r, reply);
    } else if (str_is(path, "tick")) {
        long long to = str_number(param(&p, "to"), (long long)s->world.tick);
        s->world.tick = to < 0 ? s->world.tick : (uint64_t)to;
        say(&reply->body, "{\"tick\":$d}\n", U(s->world.tick));
    } else if (str_is(path, "skew")) {
        mw_str seconds = param(&p, "seconds");
        long long n;
        s->skew = seconds.data && mw_parse_int(seconds.data, seconds.len, &n) ? n : 0;
        (void)mw_buf_printf(&reply->body, "{\"skew\":%lld}\n", (long long)s->skew);
    } else if (str_is(path, "stop") && str_is(r->method, "POST")) {
        s->stop = true;
        text(&reply->body, "{}\n");
    } else {
        refuse(reply, 404, "oracle account writes stats faults buckets tick skew stop");
    }
}
