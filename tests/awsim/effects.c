/*
 * What calls changed: values that differ from the world's, snapshots that were created, and the
 * ledger of every write that took effect.
 *
 * The ledger is what a test of exactly-once effects counts, so a write is noted when it happens and
 * not when it is answered. Everything has a ceiling; at the ceiling writes are refused.
 */
#include "awsim.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_EFFECTS ((size_t)1 << 18)
#define MAX_VALUES  ((size_t)1 << 18) /* a power of two */

struct effect {
    uint64_t serial;
    int64_t at;
    const char *service, *operation;
    char account[13];
    const char *region;
    char resource[96], detail[96], token[72], intent[72];
    const char *answered;
    bool duplicate;
};
static struct effect *effects;
static size_t effect_count, effect_cap;
static uint64_t *contents; /* of all effects: the same content twice is a duplicate */

static struct {
    uint64_t key;
    unsigned value;
} * values;
static size_t value_count;

static struct snapshot {
    uint32_t account;
    unsigned region;
    uint64_t index, volume;
} * snapshots;
static size_t snapshot_count, snapshot_cap;

static uint64_t value_key(const struct scope *s, uint64_t index, enum fact f)
{
    return mix64(s->key ^ mix64(index << 8 | (uint64_t)f)) | 1;
}

static size_t value_slot(uint64_t key)
{
    size_t i = (size_t)key & (MAX_VALUES - 1);
    while (values[i].key && values[i].key != key)
        i = (i + 1) & (MAX_VALUES - 1);
    return i;
}

bool effect_get(const struct scope *s, uint64_t index, enum fact f, unsigned *value)
{
    if (value_count == 0)
        return false;
    size_t i = value_slot(value_key(s, index, f));
    *value = values[i].value;
    return values[i].key != 0;
}

bool effect_set(struct call *c, const struct scope *s, uint64_t index, enum fact f, unsigned value)
{
    if (!values && !(values = mw_alloc(MAX_VALUES * sizeof *values)))
        return false;
    uint64_t key = value_key(s, index, f);
    size_t i = value_slot(key);
    if (!values[i].key) {
        if (value_count * 4 > MAX_VALUES * 3) {
            fail(c, 503, "ServiceUnavailable", "the ledger of the test server is full", "");
            return false;
        }
        values[i].key = key;
        value_count++;
    }
    values[i].value = value;
    return true;
}

static bool grow(void **list, size_t *cap, size_t count, size_t size)
{
    if (count < *cap)
        return true;
    size_t want = *cap ? *cap * 2 : 256;
    void *more = want <= MAX_EFFECTS ? mw_realloc(*list, want * size) : NULL;
    if (!more)
        return false;
    *list = more;
    *cap = want;
    return true;
}

static void copy(char *out, size_t size, mw_str s)
{
    size_t n = s.len < size - 1 ? s.len : size - 1;
    if (n)
        memcpy(out, s.data, n);
    out[n] = '\0';
}

/* False when it was there. Twice the ledger's ceiling, so never full. */
static bool content_add(uint64_t content)
{
    size_t i = (size_t)content & (2 * MAX_EFFECTS - 1);
    while (contents[i] && contents[i] != content)
        i = (i + 1) & (2 * MAX_EFFECTS - 1);
    bool fresh = contents[i] == 0;
    contents[i] = content;
    return fresh;
}

bool effect_note(struct call *c, const char *resource, const char *detail)
{
    if (!contents)
        contents = mw_alloc(2 * MAX_EFFECTS * sizeof *contents);
    if (!contents || !grow((void **)&effects, &effect_cap, effect_count, sizeof *effects)) {
        fail(c, 503, "ServiceUnavailable", "the ledger of the test server is full", "");
        return false;
    }
    struct effect *e = &effects[effect_count];
    *e = (struct effect){.serial = c->serial,
                         .at = c->now,
                         .service = c->service,
                         .operation = c->operation,
                         .region = c->region_name,
                         .answered = "yes"};
    memcpy(e->account, c->account_id, sizeof e->account);
    snprintf(e->resource, sizeof e->resource, "%s", resource);
    snprintf(e->detail, sizeof e->detail, "%s", detail);
    mw_str token = param(c->params, "ClientToken");
    copy(e->token, sizeof e->token, token.data ? token : JSON_PARAM(c, "ClientToken"));
    /* The intent behind a write travels in the User-Agent as md/mw#<id>. */
    mw_str agent = request_header(c->request, "user-agent");
    const char *at = agent.data ? memmem(agent.data, agent.len, "md/mw#", 6) : NULL;
    if (at) {
        mw_str id = {at + 6, (size_t)(agent.data + agent.len - at - 6)};
        const char *stop = memchr(id.data, ' ', id.len);
        id.len = stop ? (size_t)(stop - id.data) : id.len;
        copy(e->intent, sizeof e->intent, id);
    }
    uint64_t content = mix64(mw_hash64(c->request->body.data, c->request->body.len) ^
                             mix64(mw_hash64(c->request->target.data, c->request->target.len)) ^
                             mix64(mw_hash64(c->operation, strlen(c->operation)) ^ c->account));
    e->duplicate = !content_add(content | 1);
    effect_count++;
    return true;
}

bool effect_snapshot(const struct scope *s, size_t n, uint64_t *index, uint64_t *volume)
{
    for (size_t i = 0; i < snapshot_count; i++) {
        if (snapshots[i].account != s->account || snapshots[i].region != s->region || n-- > 0)
            continue;
        *index = snapshots[i].index;
        *volume = snapshots[i].volume;
        return true;
    }
    return false;
}

bool effect_create_snapshot(struct call *c, const struct scope *s, uint64_t volume, uint64_t *index)
{
    if (!grow((void **)&snapshots, &snapshot_cap, snapshot_count, sizeof *snapshots)) {
        fail(c, 503, "ServiceUnavailable", "the ledger of the test server is full", "");
        return false;
    }
    *index = CREATED + snapshot_count;
    snapshots[snapshot_count++] = (struct snapshot){s->account, s->region, *index, volume};
    return true;
}

uint64_t effects_count(void)
{
    return effect_count;
}

void effect_answered(uint64_t from, const char *how)
{
    for (size_t i = (size_t)from; i < effect_count; i++)
        effects[i].answered = how;
}

void effects_list(mw_buf *out, uint64_t since)
{
    text(out, "{\"writes\":[");
    for (size_t i = (size_t)since; i < effect_count; i++) {
        const struct effect *e = &effects[i];
        say(out,
            "$s{\"n\":$d,\"request\":$d,\"at\":\"$t\",\"service\":\"$s\",\"operation\":\"$s\","
            "\"account\":\"$s\",\"region\":\"$s\",\"resource\":\"$j\",\"detail\":\"$j\","
            "\"token\":\"$j\",\"intent\":\"$j\",\"answered\":\"$s\",\"duplicate\":$s}",
            S(i > since ? ",\n" : ""), U(i), U(e->serial), U((uint64_t)e->at), S(e->service), S(e->operation),
            S(e->account), S(e->region), S(e->resource), S(e->detail), S(e->token), S(e->intent), S(e->answered),
            S(e->duplicate ? "true" : "false"));
    }
    text(out, "]}\n");
}

void effects_reset(void)
{
    mw_free(effects);
    mw_free(contents);
    mw_free(values);
    mw_free(snapshots);
    effects = NULL;
    contents = NULL;
    values = NULL;
    snapshots = NULL;
    effect_count = effect_cap = value_count = snapshot_count = snapshot_cap = 0;
}
