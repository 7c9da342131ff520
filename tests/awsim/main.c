/*
 * awsim: an AWS-like server on loopback for load and faults. This file reads its options.
 *
 * A program of the tests. It answers anybody who can reach the loopback interface and must never be
 * installed. See README.md.
 */
#include "awsim.h"

#include "base/file.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "Usage: awsim [OPTIONS]\n\n"
    "      --port N            0, the default, takes a free one; the URL is printed\n"
    "      --port-file FILE    write the port there\n"
    "      --seed N            the world (default 1)\n"
    "      --accounts N        default 1; ids from 100000000000, key i signs for account i\n"
    "      --regions A,B,…     default us-east-1,eu-central-1\n"
    "      --KIND N            how many there are on average in each account and region:\n"
    "                          instances volumes snapshots security-groups vpcs db-instances\n"
    "                          functions keys trails; in each account: users roles groups policies\n"
    "                          buckets\n"
    "      --spread PERCENT    how far counts are off their mean (default 25)\n"
    "      --active PERCENT    share of regions that hold anything (default 100)\n"
    "      --tick N            age of the world; each tick changes about one in a hundred\n"
    "      --bucket SERVICE[:OPERATION]=SIZE/RATE\n"
    "                          throttle; * for all services; may be repeated\n"
    "      --fault LINE, --faults FILE\n"
    "                          faults, see README.md; may be repeated\n"
    "      --no-verify         take signatures as they come, for load tests\n";

struct options {
    unsigned port;
    const char *port_file;
    struct server server;
    char regions[1024];
};

static bool set_regions(struct options *o, const char *list)
{
    char *rest = o->regions;
    struct world *w = &o->server.world;
    if (snprintf(o->regions, sizeof o->regions, "%s", list) >= (int)sizeof o->regions)
        return false;
    w->regions = 0;
    for (char *name; (name = strtok_r(rest, ",", &rest));) {
        if (w->regions == MAX_REGIONS)
            return false;
        w->region[w->regions++] = name;
    }
    return w->regions > 0;
}

static bool number(const char *s, long long least, long long most, long long *out)
{
    return mw_parse_int(s, strlen(s), out) && *out >= least && *out <= most;
}

static bool set_number(struct options *o, const char *name, const char *value)
{
    struct world *w = &o->server.world;
    long long n;
    int kind = kind_of_option(name);
    if (kind >= 0 && number(value, 0, 10000000, &n))
        w->mean[kind] = (uint32_t)n;
    else if (strcmp(name, "port") == 0 && number(value, 0, 65535, &n))
        o->port = (unsigned)n;
    else if (strcmp(name, "seed") == 0 && number(value, 0, INT64_MAX, &n))
        w->seed = (uint64_t)n;
    else if (strcmp(name, "accounts") == 0 && number(value, 1, 10000000, &n))
        w->accounts = (uint32_t)n;
    else if (strcmp(name, "spread") == 0 && number(value, 0, 100, &n))
        w->spread = (unsigned)n;
    else if (strcmp(name, "active") == 0 && number(value, 0, 100, &n))
        w->active = (unsigned)n;
    else if (strcmp(name, "tick") == 0 && number(value, 0, 1000000000, &n))
        w->tick = (uint64_t)n;
    else
        return false;
    return true;
}

static bool set_faults(struct options *o, const char *path, mw_error *err)
{
    mw_buf script = {.max = 1 << 20};
    bool good =
        mw_file_read(path, &script, err) == MW_OK && fault_script(&o->server.world, script.data, script.len, err);
    mw_buf_clear(&script);
    return good;
}

static int wrong(const char *what, const char *value)
{
    fprintf(stderr, "awsim: %s '%s' is not valid; --help lists the options\n", what, value);
    return 3;
}

/* Faults name accounts and regions, so they are read once these are known. */
static int read_options(struct options *o, int argc, char **argv, bool faults)
{
    mw_error err = {0};
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(name, "--help") == 0) {
            fputs(usage, stdout);
            return -1;
        }
        if (strcmp(name, "--no-verify") == 0) {
            o->server.verify = false;
            continue;
        }
        if (strncmp(name, "--", 2) != 0 || i + 1 == argc)
            return wrong("option", name);
        i++;
        bool late = strcmp(name, "--fault") == 0 || strcmp(name, "--faults") == 0;
        if (late != faults)
            continue;
        if (late) {
            bool file = strcmp(name, "--faults") == 0;
            if (!(file ? set_faults(o, value, &err) : fault_add(&o->server.world, value, &err))) {
                fprintf(stderr, "awsim: %s\n", err.message);
                return 3;
            }
        } else if (strcmp(name, "--port-file") == 0) {
            o->port_file = value;
        } else if (strcmp(name, "--bucket") == 0) {
            if (!throttle_rule(value))
                return wrong("bucket", value);
        } else if (strcmp(name, "--regions") == 0) {
            if (!set_regions(o, value))
                return wrong("list of regions", value);
        } else if (!set_number(o, name + 2, value)) {
            return wrong(name, value);
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct options o;
    mw_error err = {0};
    static const uint32_t means[K_COUNT] = {
        [K_INSTANCE] = 20,   [K_VOLUME] = 25,  [K_SNAPSHOT] = 10, [K_SECURITY_GROUP] = 12, [K_VPC] = 3,
        [K_DB_INSTANCE] = 4, [K_FUNCTION] = 8, [K_KEY] = 5,       [K_TRAIL] = 1,           [K_USER] = 20,
        [K_ROLE] = 15,       [K_GROUP] = 4,    [K_POLICY] = 10,   [K_BUCKET] = 15,
    };
    struct world *w = &o.server.world;
    w->seed = 1;
    w->accounts = 1;
    w->spread = 25;
    w->active = 100;
    memcpy(w->mean, means, sizeof means);
    o.server.verify = true;
    (void)set_regions(&o, "us-east-1,eu-central-1");
    names_init();
    int status = read_options(&o, argc, argv, false);
    if (status == 0)
        status = read_options(&o, argc, argv, true);
    if (status != 0)
        return status < 0 ? 0 : status;
    if (net_run(&o.server, o.port, o.port_file, &err) != MW_OK) {
        fprintf(stderr, "awsim: %s\n", err.message);
        return 1;
    }
    effects_reset();
    throttle_clear();
    sqs_reset();
    return 0;
}
