/*
 * The world: accounts, regions and resources as a pure function of the seed.
 *
 * Nothing is kept for a resource. Its index and the key of its list give two hashes, one that lasts
 * and one that changes when a tick comes by, and every fact is drawn from these. A list is the
 * window [first, first + count); for kinds that come and go the window moves with the ticks. Ids are
 * a reversible mixture of the index, so that a call which names an id needs no table either.
 */
#include "awsim.h"

#include <stdio.h>

static const struct {
    const char *name, *option, *prefix;
    bool moves;
} kinds[K_COUNT] = {
    [K_INSTANCE] = {"AWS::EC2::Instance", "instances", "i-", true},
    [K_VOLUME] = {"AWS::EC2::Volume", "volumes", "vol-", true},
    [K_SNAPSHOT] = {"AWS::EC2::Snapshot", "snapshots", "snap-", true},
    [K_SECURITY_GROUP] = {"AWS::EC2::SecurityGroup", "security-groups", "sg-", false},
    [K_VPC] = {"AWS::EC2::VPC", "vpcs", "vpc-", false},
    [K_SUBNET] = {"AWS::EC2::Subnet", NULL, "subnet-", false},
    [K_ROUTE_TABLE] = {"AWS::EC2::RouteTable", NULL, "rtb-", false},
    [K_FLOW_LOG] = {"AWS::EC2::FlowLog", NULL, "fl-", false},
    [K_DB_INSTANCE] = {"AWS::RDS::DBInstance", "db-instances", "db-", false},
    [K_FUNCTION] = {"AWS::Lambda::Function", "functions", "fn-", true},
    [K_KEY] = {"AWS::KMS::Key", "keys", NULL, false},
    [K_TRAIL] = {"AWS::CloudTrail::Trail", "trails", "trail-", false},
    [K_USER] = {"AWS::IAM::User", "users", "user-", true},
    [K_ROLE] = {"AWS::IAM::Role", "roles", "role-", false},
    [K_GROUP] = {"AWS::IAM::Group", "groups", "group-", false},
    [K_POLICY] = {"AWS::IAM::ManagedPolicy", "policies", "policy-", false},
    [K_BUCKET] = {"AWS::S3::Bucket", "buckets", "aw-", true},
    [K_ACCESS_KEY] = {"AWS::IAM::AccessKey", NULL, "AKIA", false},
    [K_VIRTUAL_MFA] = {"AWS::IAM::VirtualMFADevice", NULL, NULL, false},
};

const char *kind_name(enum kind kind)
{
    return kinds[kind].name;
}

bool kind_is_global(enum kind kind)
{
    return kind >= K_USER;
}

int kind_of_option(const char *option)
{
    for (int k = 0; k < K_COUNT; k++)
        if (kinds[k].option && strcmp(kinds[k].option, option) == 0)
            return k;
    return -1;
}

/* splitmix64's finaliser (Steele, Lea, Flood 2014) */
uint64_t mix64(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

void account_id(char out[13], uint32_t account)
{
    snprintf(out, 13, "%012llu", (unsigned long long)(FIRST_ACCOUNT + account));
}

int world_region(const struct world *w, mw_str name)
{
    for (unsigned r = 0; r < w->regions; r++)
        if (str_is(name, w->region[r]))
            return (int)r;
    return -1;
}

static uint64_t list_key(const struct world *w, enum kind kind, uint32_t account, unsigned region)
{
    uint64_t where = (uint64_t)account << 16 | (uint64_t)region << 8 | (uint64_t)kind;
    return mix64(w->seed ^ mix64(where));
}

static uint64_t list_count(const struct world *w, enum kind kind, uint32_t account, unsigned region, uint64_t key)
{
    switch (kind) {
    case K_SUBNET: return scope_of(w, K_VPC, account, region).count * 3;
    case K_ROUTE_TABLE:
    case K_FLOW_LOG: return scope_of(w, K_VPC, account, region).count;
    case K_ACCESS_KEY: /* two places for each user, not all taken */
        return scope_of(w, K_USER, account, region).count * 2;
    case K_VIRTUAL_MFA: return scope_of(w, K_USER, account, region).count;
    default: break;
    }
    uint64_t mean = w->mean[kind];
    if (!kind_is_global(kind) && region > 0 && w->active < 100 &&
        mix64(w->seed ^ (uint64_t)account << 20 ^ region) % 100 >= w->active)
        return 0;
    uint64_t off = mean * w->spread / 100;
    uint64_t count = off ? mean - off + mix64(key) % (2 * off + 1) : mean;
    if (kind == K_SECURITY_GROUP) {
        uint64_t vpcs = scope_of(w, K_VPC, account, region).count;
        return count < vpcs ? vpcs : count; /* each VPC has its default group */
    }
    return count;
}

struct scope scope_of(const struct world *w, enum kind kind, uint32_t account, unsigned region)
{
    if (kind_is_global(kind))
        region = 0;
    struct scope s = {.world = w, .kind = kind, .account = account, .region = region};
    s.key = list_key(w, kind, account, region);
    s.count = list_count(w, kind, account, region, s.key);
    if (!w->tick)
        return s;
    if (kind == K_ACCESS_KEY || kind == K_VIRTUAL_MFA) {
        s.first = scope_of(w, K_USER, account, region).first * (kind == K_ACCESS_KEY ? 2 : 1);
    } else if (kinds[kind].moves) {
        /* Half a percent goes and half a percent comes at each tick; the phase lets short lists
         * take turns. */
        s.first = (w->tick * s.count + mix64(s.key + 1) % 200) / 200;
    }
    return s;
}

struct thing thing_of(const struct scope *s, uint64_t index)
{
    struct thing t = {.scope = s, .index = index};
    t.fixed = mix64(s->key + index * UINT64_C(0xD1342543DE82EF95));
    uint64_t version = s->world->tick ? (s->world->tick + t.fixed % 100) / 100 : 0;
    t.now = version ? mix64(t.fixed + version) : t.fixed;
    return t;
}

unsigned draw(const struct thing *t, unsigned salt, unsigned n)
{
    return (unsigned)((mix64(t->now ^ salt * UINT64_C(0xA24BAED4963EE407)) >> 32) * n >> 32);
}

unsigned draw_fixed(const struct thing *t, unsigned salt, unsigned n)
{
    return (unsigned)((mix64(t->fixed ^ salt * UINT64_C(0xA24BAED4963EE407)) >> 32) * n >> 32);
}

static struct thing user_of(const struct thing *t, struct scope *users, unsigned divisor)
{
    *users = scope_of(t->scope->world, K_USER, t->scope->account, 0);
    return thing_of(users, t->index / divisor);
}

bool thing_exists(const struct thing *t)
{
    struct scope owner;
    struct thing o;
    switch (t->scope->kind) {
    case K_FLOW_LOG:
        owner = scope_of(t->scope->world, K_VPC, t->scope->account, t->scope->region);
        o = thing_of(&owner, t->index);
        return fact(&o, F_LOGGED);
    case K_ACCESS_KEY: o = user_of(t, &owner, 2); return t->index % 2 < fact(&o, F_KEYS);
    case K_VIRTUAL_MFA: o = user_of(t, &owner, 1); return fact(&o, F_MFA);
    default: return true;
    }
}

unsigned fact(const struct thing *t, enum fact f)
{
    unsigned written, u;
    if (effect_get(t->scope, t->index, f, &written))
        return written;
    unsigned salt = 100 + (unsigned)f;
    switch (f) {
    case F_VERSIONING: u = draw(t, salt, 4); return u == 3 ? 1 : u;
    case F_PUBLIC_BLOCK:
        if (draw(t, salt, 5) == 0)
            return 16;
        return draw(t, salt + 50, 4) ? 15 : draw(t, salt + 51, 16);
    case F_STATE: u = draw(t, salt, 10); return u < 7 ? 0 : u < 9 ? 1 : 2;
    case F_HTTP_TOKENS: return draw(t, salt, 4) != 0;
    case F_ENCRYPTED: return draw_fixed(t, salt, 5) != 0;
    case F_PUBLIC: return draw(t, salt, 10) == 0;
    case F_OPEN_SSH: return draw(t, salt, 8) == 0;
    case F_ROTATES: return draw(t, salt, 5) < 3;
    case F_DOOMED: return draw(t, salt, 10) == 0;
    case F_CONSOLE: return draw(t, salt, 2);
    case F_MFA: return draw(t, salt, 3) != 0;
    case F_KEYS: return draw(t, salt, 3);
    case F_POLICY: return draw(t, salt, 4);
    case F_VALIDATES: return draw(t, salt, 4) != 0;
    case F_SPANS: return draw_fixed(t, salt, 3) == 0;
    case F_LOGGED: return draw_fixed(t, salt, 2);
    case F_RETENTION: return (const unsigned[]){0, 1, 7, 30}[draw(t, salt, 4)];
    case F_ADMIN: return draw(t, salt, 6) == 0;
    }
    return 0;
}

/* Odd constant of Knuth's MMIX generator and its inverse modulo 2^64. */
#define SCRAMBLE   UINT64_C(6364136223846793005)
#define UNSCRAMBLE UINT64_C(13877824140714322085)

static const char key_digits[] = "ABCDEFGHJKLMNPQR";

uint64_t thing_id(const struct scope *s, uint64_t index)
{
    uint64_t x = (index ^ s->key) * SCRAMBLE;
    return x ^ x >> 32;
}

static bool in_window(const struct scope *s, uint64_t index)
{
    return (index >= s->first && index - s->first < s->count) || index >= CREATED;
}

bool thing_of_id(const struct scope *s, mw_str id, const char *prefix, uint64_t *index)
{
    size_t skip = strlen(prefix);
    if (id.len != skip + 17 || memcmp(id.data, prefix, skip) != 0 || id.data[skip] != '0')
        return false;
    uint64_t x = 0;
    for (size_t i = skip + 1; i < id.len; i++) {
        char c = id.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        x = x << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    x ^= x >> 32;
    *index = (x * UNSCRAMBLE) ^ s->key;
    struct thing t = thing_of(s, *index);
    if (*index >= CREATED) {
        uint64_t made, volume;
        for (size_t n = 0; effect_snapshot(s, n, &made, &volume); n++)
            if (made == *index)
                return true;
        return false;
    }
    return in_window(s, *index) && thing_exists(&t);
}

void thing_name(char out[NAME_SIZE], const struct thing *t)
{
    const struct scope *s = t->scope;
    unsigned long long index = (unsigned long long)t->index;
    const char *region = s->world->region[s->region];
    unsigned long long account = (unsigned long long)(FIRST_ACCOUNT + s->account);
    switch (s->kind) {
    case K_DB_INSTANCE: snprintf(out, NAME_SIZE, "db-%s-%llu", region, index); return;
    case K_FUNCTION: snprintf(out, NAME_SIZE, "fn-%llu", index); return;
    case K_TRAIL: snprintf(out, NAME_SIZE, "trail-%s-%llu", region, index); return;
    case K_USER: snprintf(out, NAME_SIZE, "user-%llu+=.@_", index); return;
    case K_ROLE: snprintf(out, NAME_SIZE, "role-%llu", index); return;
    case K_GROUP: snprintf(out, NAME_SIZE, "group-%llu", index); return;
    case K_POLICY: snprintf(out, NAME_SIZE, "policy-%llu", index); return;
    case K_BUCKET: snprintf(out, NAME_SIZE, "aw-%012llu-%llu", account, index); return;
    case K_ACCESS_KEY:
        /* 20 characters of A-Z and 2-7, as AWS has them; never a key of this server. */
        memcpy(out, "AKIA", 4);
        for (uint64_t i = 4, x = thing_id(s, t->index); i < 20; i++, x >>= 4)
            out[i] = key_digits[x & 15];
        out[20] = '\0';
        return;
    case K_VIRTUAL_MFA: snprintf(out, NAME_SIZE, "arn:aws:iam::%012llu:mfa/mfa-%llu", account, index); return;
    case K_KEY: {
        uint64_t id = thing_id(s, t->index), more = mix64(id);
        snprintf(out, NAME_SIZE, "%08llx-%04llx-4%03llx-8%03llx-%012llx", (unsigned long long)(id >> 32),
                 (unsigned long long)(id >> 16 & 0xffff), (unsigned long long)(id >> 4 & 0xfff),
                 (unsigned long long)((id & 15) << 8 | (more & 255)), (unsigned long long)(more >> 16));
        return;
    }
    default:
        snprintf(out, NAME_SIZE, "%s0%016llx", kinds[s->kind].prefix, (unsigned long long)thing_id(s, t->index));
        return;
    }
}

/* The number in a name, then the whole name again: nothing else passes as this name. */
bool thing_of_name(const struct scope *s, mw_str name, uint64_t *index)
{
    char again[NAME_SIZE];
    if (!name.data || name.len == 0 || name.len >= NAME_SIZE)
        return false;
    if (s->kind == K_KEY) {
        uint64_t id = 0;
        unsigned digits = 0;
        for (size_t i = 0; i < name.len && digits < 16; i++) {
            char c = name.data[i];
            if (c == '-' || i == 14 || i == 19) /* the version and the variant digit */
                continue;
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
                return false;
            id = id << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
            digits++;
        }
        id ^= id >> 32;
        *index = (id * UNSCRAMBLE) ^ s->key;
    } else if (s->kind == K_ACCESS_KEY) {
        uint64_t id = 0;
        for (size_t i = name.len; i-- > 4;) {
            const char *digit = memchr(key_digits, name.data[i], 16);
            if (!digit)
                return false;
            id = id << 4 | (uint64_t)(digit - key_digits);
        }
        id ^= id >> 32;
        *index = (id * UNSCRAMBLE) ^ s->key;
    } else {
        size_t end = name.len;
        while (end > 0 && !(name.data[end - 1] >= '0' && name.data[end - 1] <= '9'))
            end--;
        size_t begin = end;
        while (begin > 0 && name.data[begin - 1] >= '0' && name.data[begin - 1] <= '9')
            begin--;
        long long n;
        if (!mw_parse_int(name.data + begin, end - begin, &n) || n < 0)
            return false;
        *index = (uint64_t)n;
    }
    if (!in_window(s, *index) || *index >= CREATED)
        return false;
    struct thing t = thing_of(s, *index);
    thing_name(again, &t);
    return str_is(name, again) && thing_exists(&t);
}

uint64_t thing_created(const struct thing *t)
{
    return UINT64_C(1704067200) + (mix64(t->fixed + 7) >> 16) % (UINT64_C(600) * 86400);
}
