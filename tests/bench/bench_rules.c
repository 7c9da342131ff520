/*
 * How fast rules judge: native C predicates, the VM, and whole runs with workers, in one run over the same synthetic EC2
 * instances, with the outline of their type (evidence: rule-performance). Rules read a flat field, a nested field
 * and a list each, with no early exit. The figures to hold are ratios and sizes: a rule at most 8 times the predicate, at
 * most 900 bytes a resource, 1,000 rules over 100,000 resources within 60 seconds of processor time. bench_rules.py sets
 * JMESPath filters beside it.
 *
 *   bench_rules [instances [rules]]  default 100000 20
 *   bench_rules --json [instances]   writes the instances and the rules as JSON, for bench_rules.py
 */
#include "instances.h"

#include "base/file.h"
#include "base/mem.h"
#include "engine/worker.h"
#include "inventory/outline.h"
#include "lua/vm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static size_t rule_count = 20;
#define ROUNDS 5
#define TYPE   "AWS::EC2::Instance"

static const struct {
    const char *flat, *flat_value, *nested, *inner, *nested_value, *list, *member, *member_value;
} shapes[] = {
    {"InstanceType", "t3.micro", "State", "Name", "running", "SecurityGroups", "GroupName", "other"},
    {"KeyName", "key-1", "Placement", "AvailabilityZone", "eu-west-1a", "Tags", "Value", "host-7"},
    {"KeyName", "key-3", "MetadataOptions", "HttpTokens", "optional", "BlockDeviceMappings", "DeviceName", "/dev/sdc"},
    {"InstanceType", "r5.2xlarge", "Monitoring", "State", "disabled", "Tags", "Value", "1007"},
};

static size_t shape_of(size_t rule)
{
    return rule % MW_COUNT(shapes);
}

static _Noreturn void die(const char *what, const mw_error *err)
{
    fprintf(stderr, "bench_rules: %s: %s\n", what, err ? err->message : "");
    exit(1);
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double cpu(int who)
{
    struct rusage u;

    getrusage(who, &u);
    return seconds(u.ru_utime) + seconds(u.ru_stime);
}

static double wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the snapshot ---- */

static void add_scope(mw_doc_builder *b)
{
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "account", "111122223333");
    mw_doc_member_str(b, "region", "eu-west-1");
    mw_doc_member_str(b, "partition", "aws");
    mw_doc_member_str(b, "type", TYPE);
    mw_doc_member_str(b, "state", "complete");
    mw_doc_end_object(b);
}

static void add_resource(mw_doc_builder *b, const mw_buf *json, unsigned i)
{
    char id[32];

    snprintf(id, sizeof(id), "i-%08u", i);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "type", TYPE);
    mw_doc_member_str(b, "id", id);
    mw_doc_member_str(b, "account", "111122223333");
    mw_doc_member_str(b, "region", "eu-west-1");
    mw_doc_member_str(b, "partition", "aws");
    mw_doc_ckey(b, "doc");
    if (mw_json_read(b, json->data, json->len, NULL, NULL, NULL) != MW_OK)
        die("an instance is no JSON", NULL);
    mw_doc_end_object(b);
}

static int make_snapshot(unsigned count, const mw_types *types, size_t *json_bytes)
{
    MW_AUTO(mw_buf) json = {.max = 1 << 20};
    const mw_models *models;
    mw_doc_builder *b;
    mw_error err = {0};
    int fd = -1;

    if (mw_models_builtin(&models, &err) != MW_OK ||
        mw_doc_builder_new(&(mw_doc_options){.share = true}, &b, &err) != MW_OK)
        die("snapshot", &err);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "now", "2026-01-02T03:04:05Z");
    mw_outline_add_causes(b, models);
    mw_doc_ckey(b, "types");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, TYPE);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "scope", "regional");
    mw_doc_ckey(b, "outline");
    mw_outline_add(b, mw_types_get(types, TYPE), models);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_doc_ckey(b, "worlds");
    mw_doc_begin_array(b);
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "scopes");
    mw_doc_begin_array(b);
    add_scope(b);
    mw_doc_end_array(b);
    mw_doc_ckey(b, "resources");
    mw_doc_begin_object(b);
    mw_doc_ckey(b, TYPE);
    mw_doc_begin_array(b);
    *json_bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        mw_buf_reset(&json);
        add_item(&json, i);
        *json_bytes += json.len;
        add_resource(b, &json, i);
    }
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    if (mw_doc_finish_memfd(b, mw_doc_pop(b), &fd, &err) != MW_OK)
        die("snapshot", &err);
    mw_doc_builder_free(b);
    return fd;
}

/* ---- native ---- */

static double time_native(const mw_snap *snap, mw_val array, size_t *matches)
{
    const mw_doc *d = snap->doc;
    mw_atom atom[MW_COUNT(shapes)][8];
    double best = 1e9;

    for (size_t i = 0; i < MW_COUNT(shapes); i++) {
        const char *const texts[] = {shapes[i].flat,   shapes[i].flat_value,   shapes[i].nested,
                                     shapes[i].inner,  shapes[i].nested_value, shapes[i].list,
                                     shapes[i].member, shapes[i].member_value};
        for (size_t k = 0; k < MW_COUNT(texts); k++)
            atom[i][k] = mw_doc_atom(d, texts[k], strlen(texts[k]));
    }
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu(RUSAGE_SELF), took;
        *matches = 0;
        for (size_t r = 0; r < mw_val_len(d, array); r++) {
            mw_val item = mw_val_get_atom(d, mw_val_at(d, array, r), snap->item);
            for (size_t rule = 0; rule < rule_count; rule++) {
                const mw_atom *a = atom[shape_of(rule)];
                bool flat = mw_val_atom(d, mw_val_get_atom(d, item, a[0])) == a[1], found = false;
                bool nested = mw_val_atom(d, mw_val_get_atom(d, mw_val_get_atom(d, item, a[2]), a[3])) == a[4];
                mw_val list = mw_val_get_atom(d, item, a[5]);
                for (size_t k = 0; k < mw_val_len(d, list); k++)
                    found |= mw_val_atom(d, mw_val_get_atom(d, mw_val_at(d, list, k), a[6])) == a[7];
                *matches += flat & nested & found;
            }
        }
        took = cpu(RUSAGE_SELF) - start;
        best = took < best ? took : best;
    }
    return best;
}

/* ---- the VM ---- */

static void rule_text(mw_buf *out, size_t rule)
{
    size_t s = shape_of(rule);

    mw_buf_printf(
        out,
        "return rule { id = \"bench-%zu\", title = \"Bench\", severity = \"low\", resource = \"%s\",\n"
        "  check = function(r)\n    local flat = r.%s == \"%s\"\n    local nested = r:path(\"%s.%s\") == \"%s\"\n"
        "    local found = r.%s:any(\"%s\", \"%s\")\n    if flat and nested and found then return fail(\"matches\") "
        "end\n"
        "    return pass()\n  end }\n",
        rule, TYPE, shapes[s].flat, shapes[s].flat_value, shapes[s].nested, shapes[s].inner, shapes[s].nested_value,
        shapes[s].list, shapes[s].member, shapes[s].member_value);
}

static double time_vm(const mw_snap *snap, mw_val array, size_t *matches)
{
    mw_vm_rule *rules = mw_alloc(rule_count * sizeof(*rules));
    mw_error err = {0};
    double best = 1e9;
    mw_vm *vm;

    if (!rules || mw_vm_new(0, &vm, &err) != MW_OK)
        die("vm", &err);
    mw_vm_set_documents(vm, snap, NULL);
    for (size_t i = 0; i < rule_count; i++) {
        MW_AUTO(mw_buf) text = {.max = 4096};
        rule_text(&text, i);
        rules[i] = (mw_vm_rule){.id = "bench", .resource = TYPE};
        if (mw_vm_load(vm, MW_VM_RULE, "bench.lua", text.data, text.len, &rules[i].ref, &err) != MW_OK ||
            mw_vm_rule_ready(vm, &rules[i], &err) != MW_OK)
            die("rule", &err);
    }
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu(RUSAGE_SELF), took;
        *matches = 0;
        for (size_t r = 0; r < mw_val_len(snap->doc, array); r++)
            for (size_t i = 0; i < rule_count; i++) {
                const mw_vm_subject s = {.rule = &rules[i],
                                         .resource = mw_val_at(snap->doc, array, r),
                                         .params = MW_VAL_NULL,
                                         .soft_ms = 50};
                const mw_vm_verdict *v;
                mw_vm_check(vm, &s, &v);
                *matches += v[0].outcome == MW_VM_FAIL;
            }
        took = cpu(RUSAGE_SELF) - start;
        best = took < best ? took : best;
    }
    mw_vm_free(vm);
    mw_free(rules);
    return best;
}

/* ---- whole runs ---- */

static mw_rules *load_rules(mw_types *types)
{
    char folder[] = "/tmp/mw-bench-XXXXXX", path[64];
    const char *paths[] = {folder};
    mw_rules *rules = NULL;
    mw_error err = {0};

    if (!mkdtemp(folder))
        die("folder", NULL);
    for (size_t i = 0; i < rule_count; i++) {
        MW_AUTO(mw_buf) text = {.max = 4096};
        rule_text(&text, i);
        snprintf(path, sizeof(path), "%s/bench-%zu.lua", folder, i);
        if (mw_file_write_atomic(path, text.data, text.len, 0600, &err) != MW_OK)
            die("rule", &err);
    }
    if (mw_rules_load(&(mw_rules_options){.paths = paths, .path_count = 1, .types = types}, &rules, &err) != MW_OK)
        die("rules", &err);
    for (size_t i = 0; i < rule_count; i++) {
        snprintf(path, sizeof(path), "%s/bench-%zu.lua", folder, i);
        unlink(path);
    }
    rmdir(folder);
    return rules;
}

static double time_run(const mw_rules *rules, int snapshot, int workers, bool count_passes, double *workers_cpu,
                       double *broker_cpu)
{
    const mw_evaluate_options o = {.workers = workers, .count_passes = count_passes};
    double best = 1e9;

    *workers_cpu = *broker_cpu = 1e9;
    for (int round = 0; round < 3; round++) {
        mw_findings found = {0};
        mw_error err = {0};
        double start = wall(), self = cpu(RUSAGE_SELF), children = cpu(RUSAGE_CHILDREN), took;
        if (mw_evaluate(rules, snapshot, &o, &found, NULL, &err) != MW_OK)
            die("run", &err);
        took = wall() - start;
        self = cpu(RUSAGE_SELF) - self;
        children = cpu(RUSAGE_CHILDREN) - children;
        mw_findings_clear(&found);
        best = took < best ? took : best;
        *workers_cpu = children < *workers_cpu ? children : *workers_cpu;
        *broker_cpu = self < *broker_cpu ? self : *broker_cpu;
    }
    return best;
}

static mw_status ignore_record(void *user, const mw_record *r, mw_error *err)
{
    (void)user;
    (void)r;
    (void)err;
    return MW_OK;
}

/* From spawning a worker to its end, with one file to load: at least what its start takes. */
static double time_start(void)
{
    static const char text[] = "return rule { id = \"x\" }";
    const mw_source_file file = {"x.lua", text, sizeof(text) - 1};
    double best = 1e9;

    for (int round = 0; round < 20; round++) {
        double start = wall(), took;
        if (mw__load_files("load", &file, 1, NULL, ignore_record, NULL) != MW_OK)
            die("start", NULL);
        took = wall() - start;
        best = took < best ? took : best;
    }
    return best;
}

static void write_json(unsigned count)
{
    MW_AUTO(mw_buf) json = {.max = 1 << 20};

    printf("{\"rules\":[");
    for (size_t i = 0; i < rule_count; i++) {
        size_t s = shape_of(i);
        printf("%s[[\"%s\",\"%s\"],[\"%s.%s\",\"%s\"],[\"%s[].%s\",\"%s\"]]", i ? "," : "", shapes[s].flat,
               shapes[s].flat_value, shapes[s].nested, shapes[s].inner, shapes[s].nested_value, shapes[s].list,
               shapes[s].member, shapes[s].member_value);
    }
    printf("],\"instances\":[");
    for (unsigned i = 0; i < count; i++) {
        mw_buf_reset(&json);
        add_item(&json, i);
        printf("%s%s", i ? "," : "", json.data);
    }
    printf("]}\n");
}

int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    unsigned count = argc > 1 + json ? (unsigned)strtoul(argv[1 + json], NULL, 10) : 100000;
    size_t json_bytes, native_matches, vm_matches;
    double native, vm, one, two, workers, broker, per_rule, start;
    double evaluations;
    mw_types *types = NULL;
    mw_doc *d = NULL;
    mw_error err = {0};
    mw_rules *rules;
    struct stat st;
    mw_snap snap;
    mw_val array;
    int fd;

    if (argc > 1 && strcmp(argv[1], "--worker") == 0)
        return mw_worker_main(argc, argv);
    if (json) {
        write_json(count);
        return 0;
    }
    if (argc > 2 && (rule_count = strtoul(argv[2], NULL, 10)) == 0)
        die("rules", NULL);
    evaluations = (double)count * (double)rule_count;
    if (mw_types_load(NULL, 0, &types, &err) != MW_OK)
        die("types", &err);
    fd = make_snapshot(count, types, &json_bytes);
    if (mw_doc_map(fd, &d, &err) != MW_OK || mw_snap_init(&snap, d, &err) != MW_OK || fstat(fd, &st) != 0)
        die("snapshot", &err);
    array = mw_snap_resources(&snap, 0, TYPE);
    printf("%u instances of %.0f bytes of JSON: %.0f bytes each in the document\n", count, (double)json_bytes / count,
           (double)st.st_size / count);
    native = time_native(&snap, array, &native_matches);
    vm = time_vm(&snap, array, &vm_matches);
    printf("native predicate %.0f ns, rule in the VM %.0f ns: %.1f times; matches %zu and %zu\n",
           native / evaluations * 1e9, vm / evaluations * 1e9, vm / native, native_matches, vm_matches);
    start = time_start();
    printf("worker: spawned, loaded, reaped in %.1f ms\n", start * 1e3);
    rules = load_rules(types);
    for (int counted = 0; counted <= 1; counted++) {
        const char *how = counted ? "passes counted" : "passes listed";
        one = time_run(rules, fd, 1, counted, &workers, &broker);
        per_rule = (workers + broker) / evaluations;
        printf(
            "%s, 1 worker: worker %.0f ns + broker %.0f ns a verdict; 1000 rules on 100000 resources: %.0f s of CPU\n",
            how, workers / evaluations * 1e9, broker / evaluations * 1e9, per_rule * 1e8);
        two = time_run(rules, fd, 2, counted, &workers, &broker);
        printf("%s, 2 workers: %.2f s against %.2f s: %.2f times\n", how, two, one, one / two);
    }
    mw_rules_free(rules);
    mw_types_free(types);
    mw_doc_free(d);
    close(fd);
    return native_matches == vm_matches ? 0 : 1;
}
