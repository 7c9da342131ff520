/*
 * The snapshot store alone: bench_store [RESOURCES [FOLDER | URL]], in CPU time and in time that passed
 *
 * Makes resources of about 2 KB of five kinds, with the identifiers, addresses, times and tags that make real ones
 * differ, and stores them: all new, all the same, 1 % different. Prints rates, sizes, and what a diff and a full
 * read cost. The targets are docs/internals/store.md's. With the URL of a PostgreSQL database it uses (and leaves) a schema
 * of its own there; the processor time is then this program's alone, and the size is not told.
 */
#include "base/file.h"
#include "base/mem.h"
#include "store/snapshots.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PER_SCOPE 2000

static uint64_t seed;

/* xorshift64*, Vigna 2014 */
static uint64_t next(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * 2685821657736338717u;
}

static double cpu(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char *const types[] = {"AWS::EC2::Instance", "AWS::EC2::NetworkInterface", "AWS::S3::Bucket",
                                    "AWS::IAM::Role", "AWS::RDS::DBInstance"};
static const char *const words[] = {"payments", "orders", "search",  "billing", "fraud", "ledger", "mail",  "batch",
                                    "edge",     "audit",  "metrics", "login",   "stock", "route",  "price", "media"};
static const char *const owners[] = {"team-atlas", "team-borealis", "team-corvus",
                                     "team-draco", "platform",      "security"};

static const char *word(void)
{
    return words[next() % MW_COUNT(words)];
}

static void tags(mw_buf *b)
{
    mw_buf_printf(b,
                  "\"tags\":{\"CostCenter\":\"%u\",\"Environment\":\"%s\",\"Name\":\"%s-%s-%u\",\"Owner\":\"%s\","
                  "\"aws:cloudformation:stack-id\":\"arn:aws:cloudformation:eu-west-1:111122223333:stack/%s/%016" PRIx64
                  "\"},",
                  (unsigned)(next() % 900 + 100), next() % 3 ? "production" : "staging", word(), word(),
                  (unsigned)(next() % 1000), owners[next() % MW_COUNT(owners)], word(), next());
}

static void lists(mw_buf *b, const char *kind)
{
    unsigned n = 2 + (unsigned)(next() % 2);

    for (unsigned i = 0; i < n; i++)
        mw_buf_printf(b,
                      "%s{\"%sId\":\"%s-%016" PRIx64
                      "\",\"Status\":\"%s\",\"AttachTime\":\"2025-%02u-%02uT%02u:%02u:%02uZ\","
                      "\"DeleteOnTermination\":%s,\"Description\":\"%s %s\",\"PrivateIpAddress\":\"10.%u.%u.%u\"}",
                      i ? "," : "", kind, kind, next(), next() % 9 ? "attached" : "detaching",
                      (unsigned)(next() % 12 + 1), (unsigned)(next() % 28 + 1), (unsigned)(next() % 24),
                      (unsigned)(next() % 60), (unsigned)(next() % 60), next() % 2 ? "true" : "false", word(), word(),
                      (unsigned)(next() % 4), (unsigned)(next() % 256), (unsigned)(next() % 256));
}

/* The same arguments give the same text; @p state other than 0 is a later state of the resource. */
static void make(mw_buf *b, size_t scope, size_t i, unsigned state)
{
    const char *type = types[scope % MW_COUNT(types)];

    seed = (scope * 1000003 + i + 1) * 0x9E3779B97F4A7C15u | 1;
    mw_buf_reset(b);
    mw_buf_printf(b,
                  "{\"account\":\"111122223333\",\"arn\":\"arn:aws:x:eu-west-1:111122223333:thing/%016" PRIx64
                  "\",\"created\":\"2025-03-%02uT10:%02u:00Z\",\"doc\":{",
                  next(), (unsigned)(next() % 28 + 1), (unsigned)(next() % 60));
    mw_buf_puts(b, "\"Attachments\":[");
    lists(b, "eni");
    mw_buf_puts(b, "],\"BlockDeviceMappings\":[");
    lists(b, "vol");
    mw_buf_printf(
        b,
        "],\"CapacityReservationSpecification\":{\"CapacityReservationPreference\":\"open\"},\"State\":{\"Code\":%u,"
        "\"Name\":\"%s\"},\"EnclaveOptions\":{\"Enabled\":false},\"MetadataOptions\":{\"HttpEndpoint\":\"enabled\","
        "\"HttpPutResponseHopLimit\":%u,\"HttpTokens\":\"%s\",\"InstanceMetadataTags\":\"disabled\",\"State\":"
        "\"applied\"},\"ImageId\":\"ami-%08x\",\"InstanceType\":\"%s\",\"Monitoring\":{\"State\":\"%s\"},"
        "\"PrivateDnsName\":\"ip-10-%u-%u-%u.eu-west-1.compute.internal\",\"SubnetId\":\"subnet-%08x\",\"VpcId\":"
        "\"vpc-%04x\",\"Architecture\":\"x86_64\",\"RootDeviceType\":\"ebs\",\"VirtualizationType\":\"hvm\","
        "\"Revision\":%u",
        state ? 80 : 16, state ? "stopped" : "running", (unsigned)(next() % 3 + 1),
        next() % 3 ? "required" : "optional", (unsigned)(next() % 64), next() % 2 ? "m6i.large" : "t3.medium",
        next() % 2 ? "enabled" : "disabled", (unsigned)(next() % 4), (unsigned)(next() % 256), (unsigned)(next() % 256),
        (unsigned)(next() % 200), (unsigned)(next() % 40), state);
    mw_buf_printf(
        b,
        "},\"id\":\"i-%zu-%zu\",\"name\":\"%s-%s-%zu\",\"partition\":\"aws\",\"region\":\"eu-west-1\",\"rest\":null,",
        scope, i, word(), word(), i);
    tags(b);
    mw_buf_printf(b, "\"type\":\"%s\"}", type);
}

static int fail(const mw_error *err)
{
    fprintf(stderr, "bench_store: %s\n", err->message);
    return 1;
}

struct load {
    mw_store *s;
    size_t count, bytes;
    double seconds, passed;
};

/* One percent: of 1000 resources 8 changed, 1 new, 1 gone. */
static int take(struct load *l, const char *id, bool later, mw_error *err)
{
    static mw_buf docs[PER_SCOPE + PER_SCOPE / 1000];
    mw_snapshot_writer *w;
    double began = cpu(), since = wall();

    l->bytes = 0;
    if (mw_snapshot_begin(l->s, id, "2026-01-01T00:00:00Z", id, "{}", &w, err) != MW_OK)
        return 1;
    l->seconds = cpu() - began;
    l->passed = wall() - since;
    for (size_t scope = 0; scope * PER_SCOPE < l->count; scope++) {
        mw_str samples[PER_SCOPE];
        char account[16];
        size_t n = PER_SCOPE + (later ? PER_SCOPE / 1000 : 0);
        for (size_t i = 0; i < n; i++) {
            docs[i].max = 65536;
            make(&docs[i], scope, i, later && i % 1000 < 8);
            l->bytes += docs[i].len;
            if (i < PER_SCOPE)
                samples[i] = (mw_str){docs[i].data, docs[i].len};
        }
        snprintf(account, sizeof(account), "%012zu", scope);
        began = cpu();
        since = wall();
        if (mw_snapshot_learn(w, types[scope % MW_COUNT(types)], samples,
                              PER_SCOPE < MW_SNAPSHOT_SAMPLES_MAX / 2 ? PER_SCOPE : MW_SNAPSHOT_SAMPLES_MAX / 2,
                              err) != MW_OK ||
            mw_snapshot_open(w, "aws", account, "eu-west-1", types[scope % MW_COUNT(types)], err) != MW_OK)
            return 1;
        for (size_t i = 0; i < n; i++) {
            char name[32];
            if (later && i % 1000 == 500)
                continue;
            snprintf(name, sizeof(name), "i-%zu-%zu", scope, i);
            if (mw_snapshot_put(w, "eu-west-1", name, docs[i].data, docs[i].len, err) != MW_OK)
                return 1;
        }
        if (mw_snapshot_close(w, true, err) != MW_OK)
            return 1;
        l->seconds += cpu() - began;
        l->passed += wall() - since;
    }
    began = cpu();
    since = wall();
    if (mw_snapshot_seal(w, NULL, err) != MW_OK)
        return 1;
    l->seconds += cpu() - began;
    l->passed += wall() - since;
    return 0;
}

static bool count_change(void *user, const mw_snapshot_difference *d)
{
    (void)d;
    ++*(size_t *)user;
    return true;
}

static bool count_resource(void *user, const mw_snapshot_resource *r)
{
    *(size_t *)user += r->len;
    return true;
}

/* Closing checkpoints: everything is in the one file then. */
static double size_of(struct load *l, const char *path, mw_error *err)
{
    struct stat st = {0};

    if (mw_store_is_url(path))
        return 0;
    mw_store_close(l->s);
    if (stat(path, &st) != 0 || mw_store_open(path, NULL, &l->s, err) != MW_OK)
        return 0;
    return (double)st.st_size;
}

static void tell(const char *what, const struct load *l)
{
    printf("%-11s%8.0f /s (CPU), %.2f s; %.0f /s (passed)\n", what, (double)l->count / l->seconds, l->seconds,
           (double)l->count / l->passed);
}

int main(int argc, char **argv)
{
    struct load l = {.count = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 200000};
    char path[4096];
    mw_error err = {0};
    size_t changes = 0, text = 0;
    double first, second, began, spent, since;

    if (argc > 2 && mw_store_is_url(argv[2]))
        snprintf(path, sizeof(path), "%s%cschema=bench_%d", argv[2], strchr(argv[2], '?') ? '&' : '?', (int)getpid());
    else
        snprintf(path, sizeof(path), "%s/bench_store.%d.db", argc > 2 ? argv[2] : "/tmp", (int)getpid());
    if (mw_store_open(path, NULL, &l.s, &err) != MW_OK || take(&l, "first", false, &err))
        return fail(&err);
    printf("%zu resources, %.0f bytes each\n", l.count, (double)l.bytes / (double)l.count);
    tell("new       ", &l);
    first = size_of(&l, path, &err);
    printf("size       %8.0f bytes a resource, %.1f MB\n", first / (double)l.count, first / 1e6);
    if (take(&l, "again", false, &err))
        return fail(&err);
    tell("unchanged ", &l);
    first = size_of(&l, path, &err);
    if (take(&l, "later", true, &err))
        return fail(&err);
    tell("1 % changed", &l);
    second = size_of(&l, path, &err);
    printf("it adds    %8.2f %%\n", (second - first) / first * 100);
    began = cpu();
    if (mw_snapshot_diff(l.s, "again", "later", false, count_change, &changes, &err) != MW_OK)
        return fail(&err);
    spent = cpu() - began;
    printf("diff       %8.2f ms for %zu changes, %.2f ms per 2,000\n", spent * 1e3, changes,
           changes ? spent * 1e3 * 2000 / (double)changes : 0);
    began = cpu();
    since = wall();
    if (mw_snapshot_resources(l.s, "later", NULL, true, count_resource, &text, &err) != MW_OK)
        return fail(&err);
    spent = cpu() - began;
    printf("read all   %8.0f /s (CPU), %.2f s; %.0f /s (passed)\n", (double)l.count / spent, spent,
           (double)l.count / (wall() - since));
    began = cpu();
    since = wall();
    if (mw_snapshots_check(l.s, &err) != MW_OK)
        return fail(&err);
    spent = cpu() - began;
    printf("check      %8.0f MB/s of text (CPU), %.2f s; %.0f MB/s (passed)\n", (double)l.bytes / 1e6 / spent, spent,
           (double)l.bytes / 1e6 / (wall() - since));
    mw_store_close(l.s);
    if (!mw_store_is_url(path))
        unlink(path);
    return 0;
}
