/* What doctor finds on this machine without asking anybody: configuration, rules, models, sandbox,
 * terminal. */
#include "cli/doctor.h"

#include "base/str.h"
#include "base/sys.h"
#include "cli/isolation.h"
#include "cli/sweep.h"
#include "engine/evaluate.h"
#include "inventory/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODELS_OLD_DAYS 180
#define WORKER_SLOW_MS  2000

static void configuration(mw_doctor *d)
{
    mw_error err = {0};

    if (mw_setup_config(&d->setup, d->cli, &err) != MW_OK) {
        mw_doctor_say(d, "configuration", "moonward.yaml", MW_CHECK_FAIL, MW_EXIT_USAGE,
                      "correct the line that is named; docs/reference/configuration.md has every key", "%s",
                      err.message);
        return;
    }
    d->configured = true;
    mw_doctor_say(d, "configuration", "moonward.yaml", MW_CHECK_OK, 0, NULL, "%s",
                  d->setup.config.path ? d->setup.config.path : "none: defaults");
}

static void rules(mw_doctor *d)
{
    mw_error err = {0};
    mw_status st;
    size_t all;

    if (!d->configured) {
        mw_doctor_say(d, "configuration", "rules", MW_CHECK_SKIPPED, 0, NULL, "needs the configuration");
        return;
    }
    if ((st = mw_setup_rules(&d->setup, &err)) == MW_OK) {
        all = mw_rules_count(d->setup.rules);
        if ((st = mw_setup_choose_rules(&d->setup, &err)) == MW_OK) {
            d->ruled = true;
            mw_doctor_say(d, "configuration", "rules", MW_CHECK_OK, 0, NULL, "%zu of %zu are enabled",
                          mw_rules_count(d->setup.rules), all);
        }
    }
    if (st != MW_OK)
        mw_doctor_say(d, "configuration", "rules", MW_CHECK_FAIL, MW_EXIT_USAGE, "moonward lint tells more", "%s",
                      err.message);
}

/* When the pack was made: the file's own time, for the built-in ones the binary's. */
static long long models_days(const mw_cli *cli)
{
    const char *path = mw_args_get(cli->args, "models");
    struct stat s;

    if (stat(path ? path : "/proc/self/exe", &s) != 0)
        return -1;
    return (mw_now_unix() - (int64_t)s.st_mtime) / 86400;
}

static void models(mw_doctor *d)
{
    MW_AUTO(mw_model_pack) pack = {0};
    mw_error err = {0};
    long long days = models_days(d->cli);

    if (mw_model_pack_open(d->cli->args, &pack, &err) != MW_OK)
        mw_doctor_say(d, "software", "models", MW_CHECK_FAIL, MW_EXIT_USAGE, "moonward models compile makes a new pack",
                      "%s", err.message);
    else
        mw_doctor_say(d, "software", "models", days > MODELS_OLD_DAYS ? MW_CHECK_WARN : MW_CHECK_OK, 0,
                      "newer services and members are not known: moonward models compile",
                      "botocore %s, %zu services, made %lld days ago", mw_models_botocore_version(pack.models),
                      mw_models_service_count(pack.models), days < 0 ? 0 : days);
    mw_doctor_say(d, "software", "lua", MW_CHECK_OK, 0, NULL, "%s", LUA_RELEASE);
}

/* ---- the sandbox ---- */

static void memfd(mw_doctor *d)
{
    int fd = memfd_create("moonward-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) != 0)
        mw_doctor_say(d, "sandbox", "memfd", MW_CHECK_FAIL, 0,
                      "workers read snapshots from sealed memory: use a kernel that has it",
                      "sealed memory is not to be had: %s", strerror(errno));
    else
        mw_doctor_say(d, "sandbox", "memfd", MW_CHECK_OK, 0, NULL, "sealed memory works");
    if (fd >= 0)
        close(fd);
}

/* One bucket, judged by the enabled rules in a real worker. */
static mw_status one_resource(mw_doctor *d, int *fd, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_fixture_world world = {
        .type = "AWS::S3::Bucket", .tags = MW_VAL_ABSENT, .inventory = MW_VAL_ABSENT, .now_unix = mw_now_unix()};
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Name", "doctor");
    mw_doc_end_object(b);
    world.item = mw_doc_pop(b);
    st = mw_snapshot_from_fixtures(d->setup.types, mw_doc_view(b), &world, 1, fd, err);
    mw_doc_builder_free(b);
    return st;
}

static void worker(mw_doctor *d)
{
    const mw_evaluate_options o = {.workers = 1, .stop = d->cli->stop};
    mw_evaluate_stats stats = {0};
    mw_findings findings = {0};
    int64_t from_ms = mw_mono_ms(), took_ms;
    int fd = -1;
    mw_error err = {0};
    mw_status st;

    if (!d->ruled) {
        mw_doctor_say(d, "sandbox", "worker", MW_CHECK_SKIPPED, 0, NULL, "needs the rules");
        return;
    }
    if ((st = one_resource(d, &fd, &err)) == MW_OK)
        st = mw_evaluate(d->setup.rules, fd, &o, &findings, &stats, &err);
    took_ms = mw_mono_ms() - from_ms;
    if (fd >= 0)
        close(fd);
    if (st != MW_OK || stats.workers_died)
        mw_doctor_say(d, "sandbox", "worker", MW_CHECK_FAIL, 0, "moonward sweep --debug tells what the worker said",
                      "%s", st != MW_OK ? err.message : "a worker died");
    else
        mw_doctor_say(d, "sandbox", "worker", took_ms > WORKER_SLOW_MS ? MW_CHECK_WARN : MW_CHECK_OK, 0,
                      "the machine is busy or slow", "started and judged in %lld ms, isolation: %s", (long long)took_ms,
                      stats.isolation ? stats.isolation : "unknown");
    mw_findings_clear(&findings);
}

static void sandbox(mw_doctor *d)
{
    const char *isolation = mw_isolation();

    mw_doctor_say(d, "sandbox", "seccomp", mw_str_eq(isolation, "seccomp") ? MW_CHECK_OK : MW_CHECK_WARN, 0,
                  "rules still run in processes with limits; a kernel with seccomp filters closes the rest", "%s",
                  isolation);
    memfd(d);
    worker(d);
}

static void terminal(mw_doctor *d)
{
    const mw_text_options o = mw_setup_text(&d->setup);
    const char *lang = getenv("LC_ALL");

    lang = lang && *lang ? lang : getenv("LC_CTYPE");
    lang = lang && *lang ? lang : getenv("LANG");
    mw_doctor_say(d, "software", "terminal", MW_CHECK_OK, 0, NULL, "%s, %s, locale %s",
                  isatty(STDOUT_FILENO) ? "a terminal" : "no terminal", o.color ? "with colours" : "without colours",
                  lang && *lang ? lang : "C");
}

void mw_doctor_local(mw_doctor *d)
{
    configuration(d);
    rules(d);
    models(d);
    terminal(d);
    sandbox(d);
}
