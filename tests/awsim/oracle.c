/*
 * The oracle: what must be found, told from the world itself and not from any answer.
 *
 * For each kind and region a count and a hash: the sum, modulo 2^64, of the first eight bytes of
 * each id's SHA-256, read big-endian; any reader can build the same from what it found. Ids and
 * facts on demand.
 */
#include "awsim.h"

#include "base/hash.h"

#include <stdio.h>

static uint64_t id_hash(const char *name)
{
    uint8_t digest[MW_SHA256_SIZE];
    uint64_t h = 0;
    mw_sha256(digest, name, strlen(name));
    for (int i = 0; i < 8; i++)
        h = h << 8 | digest[i];
    return h;
}

static void write_facts(mw_buf *out, const struct thing *t)
{
    static const struct {
        enum kind kind;
        enum fact fact;
        const char *name;
    } known[] = {
        {K_INSTANCE, F_STATE, "State"},
        {K_INSTANCE, F_HTTP_TOKENS, "HttpTokens"},
        {K_VOLUME, F_ENCRYPTED, "Encrypted"},
        {K_SNAPSHOT, F_ENCRYPTED, "Encrypted"},
        {K_SNAPSHOT, F_PUBLIC, "Public"},
        {K_SECURITY_GROUP, F_OPEN_SSH, "OpenSsh"},
        {K_VPC, F_LOGGED, "Logged"},
        {K_DB_INSTANCE, F_PUBLIC, "Public"},
        {K_DB_INSTANCE, F_ENCRYPTED, "Encrypted"},
        {K_DB_INSTANCE, F_RETENTION, "Retention"},
        {K_FUNCTION, F_PUBLIC, "Public"},
        {K_KEY, F_ROTATES, "Rotates"},
        {K_KEY, F_DOOMED, "Doomed"},
        {K_TRAIL, F_VALIDATES, "Validates"},
        {K_TRAIL, F_SPANS, "Spans"},
        {K_USER, F_CONSOLE, "Console"},
        {K_USER, F_MFA, "Mfa"},
        {K_USER, F_KEYS, "Keys"},
        {K_POLICY, F_ADMIN, "Admin"},
        {K_BUCKET, F_VERSIONING, "Versioning"},
        {K_BUCKET, F_PUBLIC_BLOCK, "PublicBlock"},
        {K_BUCKET, F_POLICY, "Policy"},
    };
    text(out, "{");
    bool first = true;
    for (size_t i = 0; i < MW_COUNT(known); i++) {
        if (known[i].kind != t->scope->kind)
            continue;
        say(out, "$s\"$s\":$d", S(first ? "" : ","), S(known[i].name), U(fact(t, known[i].fact)));
        first = false;
    }
    text(out, "}");
}

struct tally {
    uint64_t count, hash;
};

static void tell(mw_buf *out, const struct thing *t, bool list, bool facts, struct tally *sum)
{
    char name[NAME_SIZE];
    thing_name(name, t);
    if (list) {
        say(out, "$s\"$j\"", S(sum->count ? "," : ""), S(name));
        if (facts) {
            text(out, ":");
            write_facts(out, t);
        }
    }
    sum->hash += id_hash(name);
    sum->count++;
}

static void list_scope(mw_buf *out, const struct scope *s, unsigned only_region, bool list, bool facts,
                       struct tally *sum)
{
    for (uint64_t i = s->first; i < s->first + s->count; i++) {
        struct thing t = thing_of(s, i);
        if (s->kind == K_BUCKET && draw_fixed(&t, 1, s->world->regions) != only_region)
            continue;
        if (thing_exists(&t))
            tell(out, &t, list, facts, sum);
    }
    uint64_t index, volume;
    for (size_t n = 0; s->kind == K_SNAPSHOT && effect_snapshot(s, n, &index, &volume); n++) {
        struct thing t = thing_of(s, index);
        tell(out, &t, list, facts, sum);
    }
}

void oracle_write(const struct world *w, mw_buf *out, long long account, int kind, bool ids, bool facts)
{
    uint32_t from = account < 0 ? 0 : (uint32_t)account;
    uint32_t to = account < 0 ? w->accounts : from + 1;
    say(out, "{\"seed\":$d,\"tick\":$d,\"accounts\":$d,\"types\":{", U(w->seed), U(w->tick), U(to - from));
    bool first = true;
    for (int k = 0; k < K_COUNT; k++) {
        if (kind >= 0 && k != kind)
            continue;
        say(out, "$s\n\"$s\":{", S(first ? "" : ","), S(kind_name((enum kind)k)));
        first = false;
        unsigned places = kind_is_global((enum kind)k) && k != K_BUCKET ? 1 : w->regions;
        for (unsigned r = 0; r < places; r++) {
            struct tally sum = {0, 0};
            bool list = ids || facts;
            const char *place = places == 1 && kind_is_global((enum kind)k) ? "global" : w->region[r];
            say(out, "$s\"$s\":{", S(r ? "," : ""), S(place));
            if (list)
                say(out, "\"$s\":$s", S(facts ? "facts" : "ids"), S(facts ? "{" : "["));
            for (uint32_t a = from; a < to; a++) {
                struct scope s = scope_of(w, (enum kind)k, a, r);
                list_scope(out, &s, r, list, facts, &sum);
            }
            say(out, "$s\"count\":$d,\"hash\":\"$H\"}", S(list ? (facts ? "}," : "],") : ""), U(sum.count),
                U(sum.hash));
        }
        text(out, "}");
    }
    text(out, "}}\n");
}
