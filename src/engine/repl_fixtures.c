/* The fixtures of a test file as the worlds of one snapshot, by the same steps as `moonward test` takes. */
#include "engine/repl_internal.h"

#include "base/arena.h"
#include "base/mem.h"
#include "engine/rule_files.h"
#include "engine/rule_internal.h"
#include "inventory/collect.h"

#include <string.h>

struct reading {
    mw_doc_builder *scratch, *b;
    const char *path;
};

static mw_status on_record(void *user, const mw_record *rec, mw_error *err)
{
    struct reading *r = user;

    if (rec->kind != MW_RECORD_FIXTURE || !rec->text[0].data)
        return mw_fail(err, MW_ERR_SCRIPT, "%.*s", (int)rec->text[0].len, rec->text[0].data ? rec->text[0].data : "");
    mw_doc_builder_reset(r->scratch);
    if (mw_json_read(r->scratch, rec->text[0].data, rec->text[0].len, NULL, NULL, err) != MW_OK)
        return mw_fail(err, MW_ERR_INVALID, "%s: the worker's fixtures are not JSON", r->path);
    mw__fixture_copy(r->b, mw_doc_view(r->scratch), mw_doc_pop(r->scratch));
    return mw_doc_builder_status(r->b, err);
}

static mw_status to_snapshot(const mw_doc *d, const char *path, const char *type, const mw_types *types, int *fd,
                             mw_error *err)
{
    mw_val list = mw_doc_root(d);
    size_t n = mw_val_len(d, list);
    mw_fixture_world *worlds = mw_alloc((n + 1) * sizeof(*worlds));
    mw_status st = MW_OK;

    if (!worlds)
        return mw_fail(err, MW_ERR_NOMEM, "%s: out of memory for %zu fixtures", path, n);
    for (size_t i = 0; i < n && st == MW_OK; i++)
        st = mw__fixture_world(d, mw_val_at(d, list, i), type, &worlds[i], err);
    if (st == MW_OK)
        st = mw_snapshot_from_fixtures(types, d, worlds, n, fd, err);
    mw_free(worlds);
    return st == MW_OK ? MW_OK : mw_error_prefix(err, st, "%s", path);
}

mw_status mw_fixtures_load(const char *path, mw_doc **out, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    mw_source_file file = {.path = path};
    struct reading r = {.path = path};
    mw_status st;

    *out = NULL;
    if ((st = mw_doc_builder_new(NULL, &r.scratch, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &r.b, err)) != MW_OK || (st = mw__file_read_source(&file, &arena, err)) != MW_OK)
        goto out;
    mw_doc_begin_array(r.b);
    if ((st = mw__load_files("fixtures", &file, 1, &r, on_record, err)) != MW_OK)
        goto out;
    mw_doc_end_array(r.b);
    st = mw_doc_finish(r.b, mw_doc_pop(r.b), out, err);
out:
    mw_doc_builder_free(r.b);
    mw_doc_builder_free(r.scratch);
    return st;
}

mw_status mw_repl_fixtures(const char *path, const char *type, const mw_types *types, int *fd, mw_error *err)
{
    mw_doc *d = NULL;
    mw_status st = mw_fixtures_load(path, &d, err);

    *fd = -1;
    if (st == MW_OK)
        st = to_snapshot(d, path, type, types, fd, err);
    mw_doc_free(d);
    return st;
}
