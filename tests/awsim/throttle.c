/*
 * Token buckets for each (account, region, service or operation), as AWS keeps them.
 *
 * The table holds only buckets that are not full: one that has refilled is as good as none, and is
 * dropped when the table would grow.
 */
#include "awsim.h"

#include "base/hash.h"
#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_RULES   64
#define MAX_BUCKETS ((size_t)1 << 22)

static struct rule {
    char service[40], operation[64];
    double size, rate;
} rules[MAX_RULES];
static size_t rule_count;

static struct bucket {
    uint64_t key; /* 0: free */
    double tokens;
    int64_t at;
    uint32_t rule;
} * table;
static size_t capacity, used;

bool throttle_rule(const char *spec)
{
    struct rule r = {.operation = ""};
    char name[104];
    if (rule_count == MAX_RULES || sscanf(spec, "%103[^=]=%lf/%lf", name, &r.size, &r.rate) != 3 || r.size < 1 ||
        r.rate <= 0)
        return false;
    char *colon = strchr(name, ':');
    if (colon) {
        *colon = '\0';
        snprintf(r.operation, sizeof r.operation, "%.63s", colon + 1);
    }
    snprintf(r.service, sizeof r.service, "%.39s", name);
    rules[rule_count++] = r;
    return true;
}

void throttle_clear(void)
{
    rule_count = 0;
    mw_free(table);
    table = NULL;
    capacity = used = 0;
}

static struct bucket *slot_of(struct bucket *t, size_t size, uint64_t key)
{
    size_t i = (size_t)key & (size - 1);
    while (t[i].key && t[i].key != key)
        i = (i + 1) & (size - 1);
    return &t[i];
}

static double level(const struct bucket *b, int64_t now)
{
    const struct rule *r = &rules[b->rule];
    double tokens = b->tokens + (double)(now - b->at) / 1e9 * r->rate;
    return tokens < r->size ? tokens : r->size;
}

static bool make_room(int64_t now)
{
    if (capacity && used * 2 < capacity)
        return true;
    size_t live = 0;
    for (size_t i = 0; i < capacity; i++)
        live += table[i].key && level(&table[i], now) < rules[table[i].rule].size;
    size_t size = 1024;
    while (size < live * 4)
        size *= 2;
    if (size > MAX_BUCKETS)
        return false;
    struct bucket *t = mw_alloc(size * sizeof *t);
    if (!t)
        return false;
    used = 0;
    for (size_t i = 0; i < capacity; i++) {
        if (table[i].key && level(&table[i], now) < rules[table[i].rule].size) {
            *slot_of(t, size, table[i].key) = table[i];
            used++;
        }
    }
    mw_free(table);
    table = t;
    capacity = size;
    return true;
}

static bool take(size_t rule, uint64_t key, int64_t now)
{
    if (!make_room(now))
        return false;
    struct bucket *b = slot_of(table, capacity, key);
    if (!b->key) {
        *b = (struct bucket){key, rules[rule].size, now, (uint32_t)rule};
        used++;
    }
    double tokens = level(b, now);
    b->at = now;
    b->tokens = tokens >= 1 ? tokens - 1 : tokens;
    return tokens >= 1;
}

bool throttle_take(const char *service, const char *operation, uint32_t account, unsigned region)
{
    /* The most specific rule: an operation's, a service's, everybody's. */
    size_t best = MAX_RULES, rank = 0;
    for (size_t i = 0; i < rule_count; i++) {
        bool all = strcmp(rules[i].service, "*") == 0;
        if (!all && strcmp(rules[i].service, service) != 0)
            continue;
        if (rules[i].operation[0] && strcmp(rules[i].operation, operation) != 0)
            continue;
        size_t r = 1u + (all ? 0 : 1u) + (rules[i].operation[0] ? 2u : 0);
        if (r > rank) {
            rank = r;
            best = i;
        }
    }
    if (best == MAX_RULES)
        return true;
    /* A rule for all services still keeps one bucket for each of them. */
    uint64_t tag = rules[best].service[0] == '*' ? mw_hash64(service, strlen(service)) : 0;
    uint64_t where = (uint64_t)account << 32 | (uint64_t)region << 16 | best;
    return take(best, mix64(mix64(where) ^ tag) | 1, mw_mono_ns());
}
