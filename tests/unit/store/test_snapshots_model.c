/*
 * Snapshots against a model: random histories of a few scopes, complete or not, pruned at random. Every snapshot
 * must show what the model says, every diff what a comparison of two of them says, and the check must agree.
 */
#include "support/support.h"

#include "base/mem.h"
#include "store/snapshots.h"
#include "unit/store/scratch.h"

#define SCOPES    4
#define IDS       12
#define SNAPSHOTS 14
#define HISTORIES 25

/* What a snapshot holds of a resource: 0 = nothing, else its value; and whether that is from before. */
struct cell {
    int value;
    bool stale;
};

struct history {
    struct cell cells[SNAPSHOTS][SCOPES][IDS];
    bool looked[SNAPSHOTS][SCOPES], pruned[SNAPSHOTS];
    struct cell now[SCOPES][IDS]; /* what the store believes */
};

static uint64_t seed;

static unsigned pick(unsigned n)
{
    seed ^= seed >> 12; /* xorshift64*, Vigna 2014 */
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (unsigned)((seed * 2685821657736338717u >> 33) % n);
}

/* Scopes 0 and 1 are regional, 2 and 3 hold resources of several regions. */
static const char *scope_region(int scope)
{
    return scope < 2 ? (scope ? "eu-west-1" : "us-east-1") : "*";
}

static const char *own_region(int scope, int id)
{
    return scope < 2 ? scope_region(scope) : id % 2 ? "eu-west-1" : "us-east-1";
}

static const char *type_of(int scope)
{
    return scope == 3 ? "AWS::IAM::Role" : scope == 2 ? "AWS::S3::Bucket" : "AWS::EC2::Instance";
}

static void name(char out[16], int id)
{
    snprintf(out, 16, "id-%02d", id);
}

static void take(mw_store *s, struct history *h, int n)
{
    mw_snapshot_writer *w;
    mw_error err = {0};
    char id[16], text[64];

    snprintf(id, sizeof(id), "snap-%02d", n);
    assert_ok(mw_snapshot_begin(s, id, "2026-01-02T03:04:05Z", "digest", "{}", &w, &err));
    for (int c = 0; c < SCOPES; c++) {
        bool complete = pick(3) > 0, nothing = !complete && pick(2);
        h->looked[n][c] = pick(5) > 0;
        if (!h->looked[n][c])
            continue;
        assert_ok(mw_snapshot_open(w, "aws", "111122223333", scope_region(c), type_of(c), &err));
        for (int i = 0; i < IDS; i++) {
            struct cell *cell = &h->now[c][i];
            char key[16];
            bool there = !nothing && pick(4) > 0;
            name(key, i);
            if (!there) {
                *cell = complete ? (struct cell){0} : (struct cell){cell->value, true};
            } else {
                if (!cell->value || pick(3) == 0)
                    cell->value = 1 + (int)pick(3); /* few values: states come back */
                cell->stale = false;
                snprintf(text, sizeof(text), "{\"value\":%d}", cell->value);
                assert_ok(mw_snapshot_put(w, own_region(c, i), key, text, strlen(text), &err));
            }
            h->cells[n][c][i] = *cell;
        }
        assert_ok(mw_snapshot_close(w, complete, &err));
    }
    if (pick(6) == 0) { /* as if it had been killed */
        mw_snapshot_abandon(w);
        h->pruned[n] = true;
        return;
    }
    assert_ok(mw_snapshot_seal(w, NULL, &err));
}

struct found {
    struct cell cells[SCOPES][IDS];
    size_t count;
    char last[128];
};

static void place(const mw_snapshot_resource *r, int *scope, int *id)
{
    *scope = strcmp(r->type, "AWS::IAM::Role") == 0    ? 3
             : strcmp(r->type, "AWS::S3::Bucket") == 0 ? 2
             : strcmp(r->region, "eu-west-1") == 0     ? 1
                                                       : 0;
    *id = atoi(r->id + 3);
    assert_string_equal(r->region, own_region(*scope, *id));
}

static bool gather(void *user, const mw_snapshot_resource *r)
{
    struct found *f = user;
    char order[128];
    int c, i;

    place(r, &c, &i);
    snprintf(order, sizeof(order), "%s %s %s", r->type, r->region, r->id);
    assert_true(strcmp(f->last, order) < 0);
    memcpy(f->last, order, sizeof(order));
    f->cells[c][i] = (struct cell){atoi(r->doc + strlen("{\"value\":")), r->stale};
    f->count++;
    return true;
}

static void check_snapshot(mw_store *s, const struct history *h, int n)
{
    struct found f = {0};
    mw_error err = {0};
    char id[16];

    snprintf(id, sizeof(id), "snap-%02d", n);
    assert_ok(mw_snapshot_resources(s, id, NULL, true, gather, &f, &err));
    for (int c = 0; c < SCOPES; c++)
        for (int i = 0; i < IDS; i++) {
            struct cell want = h->looked[n][c] ? h->cells[n][c][i] : (struct cell){0};
            assert_int_equal(f.cells[c][i].value, want.value);
            assert_int_equal(f.cells[c][i].stale, want.value ? want.stale : false);
        }
}

static bool gather_diff(void *user, const mw_snapshot_difference *d)
{
    struct found *f = user;
    int c, i;

    place(&d->resource, &c, &i);
    assert_int_equal(f->cells[c][i].value, 0);
    f->cells[c][i].value = 1 + (int)d->change;
    if (d->change == MW_SNAPSHOT_CHANGED)
        assert_string_not_equal(d->before, d->resource.doc);
    return true;
}

static void check_diff(mw_store *s, const struct history *h, int a, int b)
{
    struct found f = {0};
    mw_error err = {0};
    char from[16], to[16];

    snprintf(from, sizeof(from), "snap-%02d", a);
    snprintf(to, sizeof(to), "snap-%02d", b);
    assert_ok(mw_snapshot_diff(s, from, to, true, gather_diff, &f, &err));
    for (int c = 0; c < SCOPES; c++)
        for (int i = 0; i < IDS; i++) {
            int x = h->cells[a][c][i].value, y = h->cells[b][c][i].value, want = 0;
            if (h->looked[a][c] && h->looked[b][c] && x != y)
                want = 1 + (int)(!x ? MW_SNAPSHOT_ADDED : !y ? MW_SNAPSHOT_REMOVED : MW_SNAPSHOT_CHANGED);
            assert_int_equal(f.cells[c][i].value, want);
        }
}

static void check_all(mw_store *s, const struct history *h, int count)
{
    mw_error err = {0};

    assert_ok(mw_snapshots_check(s, &err));
    for (int n = 0; n < count; n++) {
        if (h->pruned[n])
            continue;
        check_snapshot(s, h, n);
        for (int m = 0; m < count; m++)
            if (!h->pruned[m])
                check_diff(s, h, n, m);
    }
}

static void prune(mw_store *s, struct history *h, int count)
{
    static char ids[SNAPSHOTS][16];
    const char *list[SNAPSHOTS];
    mw_error err = {0};
    size_t n = 0;

    for (int i = 0; i < count; i++) {
        if (h->pruned[i] || pick(3))
            continue;
        snprintf(ids[n], sizeof(ids[n]), "snap-%02d", i);
        list[n] = ids[n];
        n++;
        h->pruned[i] = true;
    }
    assert_ok(mw_snapshots_prune(s, list, n, NULL, &err));
}

static void histories(void **state)
{
    (void)state;
    for (unsigned k = 0; k < HISTORIES; k++) {
        struct history *h = mw_alloc(sizeof(*h));
        mw_error err = {0};
        mw_store *s;

        seed = 0x9E3779B97F4A7C15u * (k + 1) | 1;
        assert_ok(mw_store_open(scratch("model.db"), NULL, &s, &err));
        for (int n = 0; n < SNAPSHOTS; n++) {
            struct cell before[SCOPES][IDS];
            memcpy(before, h->now, sizeof(before));
            take(s, h, n);
            if (h->pruned[n])
                memcpy(h->now, before, sizeof(before));
            if (n % 5 == 4)
                check_all(s, h, n + 1);
        }
        prune(s, h, SNAPSHOTS);
        check_all(s, h, SNAPSHOTS);
        prune(s, h, SNAPSHOTS);
        check_all(s, h, SNAPSHOTS);
        mw_store_close(s);
        mw_free(h);
        scratch_empty(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(histories)};

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
