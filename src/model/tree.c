/*
 * botocore's data folder: <service>/<api version>/service-2.json and its companions, plain or
 * gzipped, with *.sdk-extras.json merged in as botocore's loader does. The newest API version of a
 * service is the one used. Reads files and nothing else; services are visited in byte order of their
 * names, so the machine does not show in the pack.
 */
#include "model/compiler.h"

#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

/* The largest model of 2026 (EC2) has 4 MB; examples and all documentation included. */
#define FILE_MAX ((size_t)128 << 20)

/* ---- files ---- */

static char *join(mw_arena *a, const char *folder, const char *name)
{
    return mw_arena_printf(a, "%s/%s", folder, name);
}

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
}

static mw_status gunzip(const char *path, const mw_buf *in, mw_buf *out, mw_error *err)
{
    z_stream z = {0};
    int code = Z_DATA_ERROR;

    if (in->len > UINT_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "%s is too large", path);
    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
        return no_memory(err);
    z.next_in = (Bytef *)in->data;
    z.avail_in = (uInt)in->len;
    do {
        size_t room = (size_t)256 << 10;
        char *to = mw_buf_reserve(out, room, NULL);

        if (!to)
            break;
        z.next_out = (Bytef *)to;
        z.avail_out = (uInt)room;
        code = inflate(&z, Z_NO_FLUSH);
        mw_buf_grown(out, room - z.avail_out);
    } while (code == Z_OK);
    inflateEnd(&z);
    if (out->failed != MW_OK)
        return mw_error_prefix(err, mw_buf_status(out, err), "%s", path);
    if (code != Z_STREAM_END)
        return mw_fail(err, MW_ERR_PARSE, "%s: not a whole gzip file", path);
    return MW_OK;
}

/* Read folder/<name>.json or .json.gz. A missing file is NULL and MW_OK. */
static mw_status load_one(mw_arena *a, const char *folder, const char *name, json_t **out, mw_error *err)
{
    MW_AUTO(mw_buf) raw = {.max = FILE_MAX};
    MW_AUTO(mw_buf) plain = {.max = FILE_MAX};
    char *path = mw_arena_printf(a, "%s/%s.json", folder, name);
    const mw_buf *text = &raw;
    json_error_t problem;
    mw_status st;

    *out = NULL;
    if (!path)
        return no_memory(err);
    if (!mw_file_exists(path)) {
        path = mw_arena_printf(a, "%s/%s.json.gz", folder, name);
        if (!path)
            return no_memory(err);
        if (!mw_file_exists(path))
            return MW_OK;
        text = &plain;
    }
    if ((st = mw_file_read(path, &raw, err)) != MW_OK)
        return st;
    if (text == &plain && (st = gunzip(path, &raw, &plain, err)) != MW_OK)
        return st;
    *out = json_loadb(text->data ? text->data : "", text->len, JSON_ALLOW_NUL, &problem);
    if (!*out)
        return mw_fail(err, MW_ERR_PARSE, "%s:%d:%d: %s", path, problem.line, problem.column, problem.text);
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        return mw_fail(err, MW_ERR_PARSE, "%s: not a JSON object", path);
    }
    return MW_OK;
}

static bool deep_merge(json_t *into, json_t *from)
{
    const char *key;
    json_t *value, *old;

    json_object_foreach(from, key, value)
    {
        old = json_object_get(into, key);
        if (json_is_object(old) && json_is_object(value)) {
            if (!deep_merge(old, value))
                return false;
        } else if (json_object_set(into, key, value) != 0) {
            return false;
        }
    }
    return true;
}

/* The file with its extras. */
static mw_status load(mw_arena *a, const char *folder, const char *name, json_t **out, mw_error *err)
{
    char *extras_name = mw_arena_printf(a, "%s.sdk-extras", name);
    json_t *extras = NULL;
    mw_status st = load_one(a, folder, name, out, err);

    if (st != MW_OK || !*out)
        return st;
    st = extras_name ? load_one(a, folder, extras_name, &extras, err) : no_memory(err);
    if (st == MW_OK && extras && !deep_merge(*out, json_object_get(extras, "merge")))
        st = no_memory(err);
    json_decref(extras);
    if (st != MW_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return st;
}

/* ---- folders ---- */

struct names {
    const char **v; /* in the arena */
    size_t count, capacity;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Entries of a folder in byte order, without hidden ones; not a folder: none. */
static mw_status list(mw_arena *a, const char *folder, struct names *out, mw_error *err)
{
    const struct dirent *entry;
    mw_status st = MW_OK;
    DIR *dir = opendir(folder);

    if (!dir && (errno == ENOTDIR || errno == ENOENT))
        return MW_OK;
    if (!dir)
        return mw_fail(err, MW_ERR_IO, "cannot read %s: %s", folder, strerror(errno));
    while (st == MW_OK && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.' || entry->d_name[0] == '_')
            continue;
        if (!mw__grow(&out->v, &out->capacity, out->count, sizeof(*out->v)) ||
            !(out->v[out->count] = mw_arena_strdup(a, entry->d_name)))
            st = no_memory(err);
        else
            out->count++;
    }
    closedir(dir);
    if (out->count)
        qsort(out->v, out->count, sizeof(*out->v), by_text);
    return st;
}

/* Add the newest version of one service; a folder without models is passed over. */
static mw_status add_service(mw_compiler *c, mw_arena *a, const char *data, const char *name, mw_error *err)
{
    mw_service_source source = {.name = name};
    struct names versions = {0};
    char *folder = join(a, data, name);
    mw_status st = folder ? list(a, folder, &versions, err) : no_memory(err);

    for (size_t i = versions.count; st == MW_OK && !source.model && i-- > 0;) {
        char *version = join(a, folder, versions.v[i]);

        if (!version)
            st = no_memory(err);
        else if ((st = load(a, version, "service-2", &source.model, err)) == MW_OK && source.model) {
            st = load(a, version, "endpoint-rule-set-1", &source.ruleset, err);
            if (st == MW_OK)
                st = load(a, version, "paginators-1", &source.paginators, err);
            if (st == MW_OK)
                st = load(a, version, "waiters-2", &source.waiters, err);
        }
    }
    if (st == MW_OK && source.model)
        st = mw__compiler_add(c, &source, err);
    json_decref(source.model);
    json_decref(source.ruleset);
    json_decref(source.paginators);
    json_decref(source.waiters);
    mw_free(versions.v);
    return st;
}

/* ---- partitions and regions ---- */

static json_t *hostname_suffix(const json_t *partition, const char *tag)
{
    const json_t *variant, *item;
    size_t i, k;

    json_array_foreach(json_object_get(json_object_get(partition, "defaults"), "variants"), i, variant)
    {
        const json_t *tags = json_object_get(variant, "tags");

        json_array_foreach(tags, k, item)
        {
            if (json_array_size(tags) == 1 && mw_str_eq(json_string_value(item), tag))
                return json_object_get(variant, "dnsSuffix");
        }
    }
    return NULL;
}

/* botocore before partitions.json: the same facts from endpoints.json. */
static json_t *derive_partitions(const json_t *endpoints)
{
    json_t *all = json_array(), *partition;
    size_t i;

    json_array_foreach(json_object_get(endpoints, "partitions"), i, partition)
    {
        json_t *dual = hostname_suffix(partition, "dualstack");
        json_t *fips = hostname_suffix(partition, "fips");
        json_t *outputs = json_pack("{s:O?, s:O?, s:O?, s:b, s:b}", "name", json_object_get(partition, "partition"),
                                    "dnsSuffix", json_object_get(partition, "dnsSuffix"), "dualStackDnsSuffix",
                                    dual ? dual : json_object_get(partition, "dnsSuffix"), "supportsDualStack",
                                    dual != NULL, "supportsFIPS", fips != NULL);

        json_array_append_new(all,
                              json_pack("{s:O?, s:o, s:O?, s:O?}", "id", json_object_get(partition, "partition"),
                                        "outputs", outputs, "regionRegex", json_object_get(partition, "regionRegex"),
                                        "regions", json_object_get(partition, "regions")));
    }
    return json_pack("{s:s, s:o}", "version", "1.0", "partitions", all);
}

/*
 * Where endpoints.json knows a service, by our service names: regions of all partitions, and the
 * partition's pseudo region ("aws-global") when it names one. It is keyed by endpoint prefix.
 */
static json_t *derive_regions(const mw_compiler *c, const json_t *endpoints)
{
    json_t *all = json_object();

    for (size_t s = 0; s < c->service_count; s++) {
        const char *name = c->strings.entries[c->services[s].text[0]].text;
        const char *prefix = c->strings.entries[c->services[s].text[3]].text;
        json_t *found = json_array(), *partition;
        size_t i;

        json_array_foreach(json_object_get(endpoints, "partitions"), i, partition)
        {
            const json_t *service = prefix ? json_object_get(json_object_get(partition, "services"), prefix) : NULL;
            json_t *regions = json_object_get(partition, "regions"), *endpoint;
            const char *global = mw__json_text(service, "partitionEndpoint"), *region;

            json_object_foreach(json_object_get(service, "endpoints"), region, endpoint)
            {
                if (json_object_get(regions, region) || mw_str_eq(region, global))
                    json_array_append_new(found, json_string(region));
            }
        }
        if (json_array_size(found) > 0)
            json_object_set(all, name, found);
        json_decref(found);
    }
    return all;
}

/* ---- the tree ---- */

/* `__version__ = '1.43.11'` in the package's __init__.py, beside the data folder. */
static char *find_version(mw_arena *a, const char *data)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 20};
    char *path = join(a, data, "../__init__.py");
    const char *at, *quote, *end;

    if (!path || mw_file_read(path, &text, NULL) != MW_OK || !text.data)
        return NULL;
    at = strstr(text.data, "__version__");
    quote = at ? strpbrk(at, "'\"\n") : NULL;
    if (!quote || *quote == '\n')
        return NULL;
    end = strchr(quote + 1, *quote);
    return end && end - quote < 64 ? mw_arena_strndup(a, quote + 1, (size_t)(end - quote - 1)) : NULL;
}

mw_status mw_models_compile_tree(const char *data_dir, const char *version, mw_buf *pack, mw_error *err)
{
    MW_AUTO(mw_arena) a = {0};
    json_t *partitions = NULL, *endpoints = NULL, *regions = NULL;
    char *inner = join(&a, data_dir, "data");
    struct names services = {0};
    mw_compiler c = {0};
    mw_status st;

    if (!inner)
        return no_memory(err);
    if (mw_file_exists(inner))
        data_dir = inner; /* the package was named */
    if ((st = list(&a, data_dir, &services, err)) != MW_OK || (st = mw__compiler_init(&c, err)) != MW_OK)
        goto out;
    for (size_t i = 0; i < services.count; i++) {
        if ((st = add_service(&c, &a, data_dir, services.v[i], err)) != MW_OK)
            goto out;
    }
    if (c.service_count == 0) {
        st = mw_fail(err, MW_ERR_NOTFOUND, "%s holds no botocore data (expected <service>/<version>/service-2.json)",
                     data_dir);
        goto out;
    }
    if ((st = load(&a, data_dir, "partitions", &partitions, err)) != MW_OK ||
        (st = load(&a, data_dir, "endpoints", &endpoints, err)) != MW_OK)
        goto out;
    if (endpoints && !partitions)
        partitions = derive_partitions(endpoints);
    if (endpoints)
        regions = derive_regions(&c, endpoints);
    if (!version)
        version = find_version(&a, data_dir);
    st = mw__compiler_finish(&c, partitions, regions, version ? version : "unknown", pack, err);
out:
    mw__compiler_clear(&c);
    json_decref(partitions);
    json_decref(endpoints);
    json_decref(regions);
    mw_free(services.v);
    return st;
}
