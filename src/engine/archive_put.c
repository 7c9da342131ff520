/*
 * A collected snapshot into the store: its ledger, then scope by scope what was found. Decides
 * which scopes were read completely, from the ledger alone; when in doubt a scope was not, and
 * nothing of it ends. What the snapshot says is sensitive is withheld here: no other way leads from it
 * into the store.
 */
#include "engine/archive.h"

#include "base/mem.h"
#include "doc/withhold.h"

#include <stdlib.h>
#include <string.h>

/* What one list call answers for, or all of an account's where the type is not listed by region. */
struct extent {
    const char *type, *account, *region, *partition;
    bool complete;
};

struct putting {
    mw_snapshot_writer *w;
    const mw_doc *d;
    struct extent *extents; /* by type, account, region */
    size_t count, at;
    mw_buf text;
    mw_atom account, region, partition, id;
    mw_val mask;              /* of the type under way: what is withheld */
    mw_doc_builder *withheld; /* room for the resource under way without that */
};

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for a snapshot");
}

/* ---- the ledger ---- */

static mw_status note(struct putting *p, mw_val scope, mw_error *err)
{
    const mw_doc *d = p->d;
    mw_val cause = mw_val_get(d, scope, "cause"), cached = mw_val_get(d, scope, "cached");
    mw_snapshot_scope e = {.partition = mw_val_get_str(d, scope, "partition", "aws"),
                           .account = mw_val_get_str(d, scope, "account", ""),
                           .region = mw_val_get_str(d, scope, "region", ""),
                           .type = mw_val_get_str(d, scope, "type", ""),
                           .facet = mw_val_get_str(d, scope, "facet", NULL),
                           .state = mw_val_get_str(d, scope, "state", "failed"),
                           .resources = mw_val_get_int(d, scope, "resources", 0),
                           .calls = mw_val_get_int(d, scope, "calls", 0)};

    mw_buf_reset(&p->text);
    if (mw_val_kind(d, cause) > MW_KIND_NULL) {
        if (mw_json_write(&p->text, d, cause, MW_JSON_EXACT) != MW_OK)
            return mw_buf_status(&p->text, err);
        e.cause = p->text.data;
    } else if (cached != MW_VAL_ABSENT) { /* complete, by what an earlier snapshot had */
        mw_buf_puts(&p->text, "{\"cached\":");
        mw_json_write(&p->text, d, cached, MW_JSON_EXACT);
        mw_buf_putc(&p->text, '}');
        if (mw_buf_status(&p->text, err) != MW_OK)
            return p->text.failed;
        e.cause = p->text.data;
    }
    return mw_snapshot_note(p->w, &e, err);
}

static bool listed_by_region(const mw_doc *d, const char *type)
{
    mw_val types = mw_val_get(d, mw_doc_root(d), "types");
    const char *scope = mw_val_get_str(d, mw_val_get(d, types, type), "scope", "");

    return strcmp(scope, "global") != 0 && strcmp(scope, "account") != 0;
}

static int by_place(const void *pa, const void *pb)
{
    const struct extent *a = pa, *b = pb;
    int order = strcmp(a->type, b->type);

    if (order == 0)
        order = strcmp(a->account, b->account);
    return order ? order : strcmp(a->region, b->region);
}

/* Scopes of the ledger as extents; those of one account that become one are complete when all are.
 */
static mw_status lay_out(struct putting *p, mw_val scopes, mw_error *err)
{
    const mw_doc *d = p->d;
    size_t n = mw_val_len(d, scopes), kept = 0;

    p->extents = mw_alloc((n + 1) * sizeof(*p->extents));
    if (!p->extents)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        mw_val s = mw_val_at(d, scopes, i);
        mw_status st = note(p, s, err);
        struct extent e = {.type = mw_val_get_str(d, s, "type", ""),
                           .account = mw_val_get_str(d, s, "account", ""),
                           .region = mw_val_get_str(d, s, "region", ""),
                           .partition = mw_val_get_str(d, s, "partition", "aws"),
                           .complete = strcmp(mw_val_get_str(d, s, "state", ""), "complete") == 0};
        if (st != MW_OK)
            return st;
        if (mw_val_get_str(d, s, "facet", NULL))
            continue;
        if (!listed_by_region(d, e.type))
            e.region = "*";
        p->extents[p->count++] = e;
    }
    qsort(p->extents, p->count, sizeof(*p->extents), by_place);
    for (size_t i = 0; i < p->count; i++) {
        if (kept > 0 && by_place(&p->extents[kept - 1], &p->extents[i]) == 0)
            p->extents[kept - 1].complete = p->extents[kept - 1].complete && p->extents[i].complete;
        else
            p->extents[kept++] = p->extents[i];
    }
    p->count = kept;
    return MW_OK;
}

/* ---- resources ---- */

static const char *text_of(const struct putting *p, mw_val resource, mw_atom member)
{
    const char *s = mw_val_str(p->d, mw_val_get_atom(p->d, resource, member), NULL);

    return s ? s : "";
}

static mw_status render(struct putting *p, mw_val resource, mw_error *err)
{
    return mw_resource_write_stored(&p->text, p->withheld, p->d, resource, p->mask, MW_JSON_EXACT, err);
}

/* Evenly taken samples, so that no account or region speaks for all. */
static mw_status learn(struct putting *p, const char *type, mw_val list, mw_error *err)
{
    size_t n = mw_val_len(p->d, list), step = n / MW_SNAPSHOT_SAMPLES_MAX + 1, count = 0, at = 0;
    mw_str *samples;
    mw_status st = MW_OK;

    if (mw_snapshot_knows(p->w, type))
        return MW_OK;
    samples = mw_alloc((n / step + 1) * sizeof(*samples));
    if (!samples)
        return no_memory(err);
    mw_buf_reset(&p->text);
    for (size_t i = 0; i < n && st == MW_OK && p->text.len < MW_SNAPSHOT_SAMPLES_BYTES; i += step) {
        size_t from = p->text.len;
        if ((st = render(p, mw_val_at(p->d, list, i), err)) == MW_OK)
            samples[count++].len = p->text.len - from;
    }
    for (size_t i = 0; i < count; at += samples[i++].len) /* the text has stopped moving */
        samples[i].data = p->text.data + at;
    if (st == MW_OK)
        st = mw_snapshot_learn(p->w, type, samples, count, err);
    mw_free(samples);
    return st;
}

/* The place of a resource, as an extent. */
static struct extent place_of(const struct putting *p, const char *type, mw_val resource, bool regional)
{
    return (struct extent){.type = type,
                           .account = text_of(p, resource, p->account),
                           .region = regional ? text_of(p, resource, p->region) : "*",
                           .partition = text_of(p, resource, p->partition)};
}

/* The resources from @p *i on that lie in @p e. */
static mw_status put_extent(struct putting *p, const struct extent *e, mw_val list, size_t *i, bool regional,
                            mw_error *err)
{
    size_t n = mw_val_len(p->d, list);
    mw_status st = mw_snapshot_open(p->w, e->partition, e->account, e->region, e->type, err);

    for (; st == MW_OK && *i < n; ++*i) {
        mw_val r = mw_val_at(p->d, list, *i);
        const struct extent at = place_of(p, e->type, r, regional);
        if (by_place(&at, e) != 0)
            break;
        mw_buf_reset(&p->text);
        if ((st = render(p, r, err)) == MW_OK)
            st = mw_snapshot_put(p->w, text_of(p, r, p->region), text_of(p, r, p->id), p->text.data, p->text.len, err);
    }
    return st == MW_OK ? mw_snapshot_close(p->w, e->complete, err) : st;
}

/*
 * Extents and resources, both by account and region. A resource of a region that was not asked for
 * (another region's list showed it) has an extent of its own, which nobody read completely.
 */
static mw_status put_type(struct putting *p, const char *type, mw_val list, mw_error *err)
{
    bool regional = listed_by_region(p->d, type);
    size_t i = 0, n = mw_val_len(p->d, list);
    mw_status st;

    p->mask = mw_snapshot_mask(p->d, type);
    st = learn(p, type, list, err);

    while (p->at < p->count && strcmp(p->extents[p->at].type, type) < 0)
        p->at++;
    while (st == MW_OK) {
        const struct extent *next =
            p->at < p->count && strcmp(p->extents[p->at].type, type) == 0 ? &p->extents[p->at] : NULL;
        struct extent found;
        if (i < n)
            found = place_of(p, type, mw_val_at(p->d, list, i), regional);
        if (next && (i >= n || by_place(next, &found) <= 0)) {
            st = put_extent(p, next, list, &i, regional, err);
            p->at++;
        } else if (i < n) {
            st = put_extent(p, &found, list, &i, regional, err);
        } else {
            break;
        }
    }
    return st;
}

/* ---- the whole ---- */

static mw_status write_about(mw_buf *out, const mw_doc *d, const mw_archive_name *name, mw_error *err)
{
    static const char *const kept[] = {"types", "unmodelled", "unsent"};

    mw_buf_puts(out, "{\"notes\":");
    if (name->notes_doc)
        mw_json_write(out, name->notes_doc, name->notes, MW_JSON_EXACT);
    else
        mw_buf_puts(out, "null");
    for (size_t i = 0; i < MW_COUNT(kept); i++) {
        mw_val v = mw_val_get(d, mw_doc_root(d), kept[i]);
        if (v == MW_VAL_ABSENT)
            continue;
        mw_buf_printf(out, ",\"%s\":", kept[i]);
        mw_json_write(out, d, v, MW_JSON_EXACT);
    }
    mw_buf_putc(out, '}');
    return mw_buf_status(out, err);
}

static mw_status put_world(struct putting *p, mw_error *err)
{
    const mw_doc *d = p->d;
    mw_val root = mw_doc_root(d), types = mw_val_get(d, root, "types");
    mw_val world = mw_val_at(d, mw_val_get(d, root, "worlds"), 0), resources = mw_val_get(d, world, "resources");
    mw_status st = lay_out(p, mw_val_get(d, world, "scopes"), err);

    for (size_t i = 0; i < mw_val_len(d, types) && st == MW_OK; i++) { /* in byte order, as the extents are */
        mw_val key;
        const char *type;
        mw_val_member(d, types, i, &key);
        type = mw_val_str(d, key, NULL);
        st = put_type(p, type, mw_val_get(d, resources, type), err);
    }
    return st;
}

static mw_status put_snapshot(mw_store *s, const mw_doc *snapshot, const mw_archive_name *name, const char *account,
                              mw_snapshot_counts *counts, mw_error *err)
{
    struct putting p = {.d = snapshot, .text = {.max = MW_SNAPSHOT_DOC_MAX + MW_SNAPSHOT_SAMPLES_BYTES}};
    const char *now = mw_val_get_str(snapshot, mw_doc_root(snapshot), "now", NULL);
    MW_AUTO(mw_buf) about = {.max = (size_t)64 << 20};
    mw_status st;

    if (!now)
        return mw_fail(err, MW_ERR_INVALID, "not a snapshot: it has no 'now'");
#define ATOM(text) mw_doc_atom(snapshot, text, sizeof(text) - 1)
    p.account = ATOM("account");
    p.region = ATOM("region");
    p.partition = ATOM("partition");
    p.id = ATOM("id");
#undef ATOM
    if ((st = write_about(&about, snapshot, name, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &p.withheld, err)) != MW_OK)
        return st;
    st = account ? mw_snapshot_begin_part(s, name->id, now, about.data, &p.w, err)
                 : mw_snapshot_begin(s, name->id, now, name->digest, about.data, &p.w, err);
    if (st != MW_OK) {
        mw_doc_builder_free(p.withheld);
        return st;
    }
    if (!account || (st = mw_snapshot_name_part(p.w, account, name->digest, err)) == MW_OK)
        st = put_world(&p, err);
    mw_buf_clear(&p.text);
    mw_free(p.extents);
    mw_doc_builder_free(p.withheld);
    if (st == MW_OK)
        return mw_snapshot_seal(p.w, counts, err);
    mw_snapshot_abandon(p.w);
    return st;
}

mw_status mw_archive_put(mw_store *s, const mw_doc *snapshot, const mw_archive_name *name, mw_snapshot_counts *counts,
                         mw_error *err)
{
    return put_snapshot(s, snapshot, name, NULL, counts, err);
}

mw_status mw_archive_put_part(mw_store *s, const mw_doc *snapshot, const mw_archive_name *name, const char *account,
                              mw_error *err)
{
    return put_snapshot(s, snapshot, name, account, NULL, err);
}
