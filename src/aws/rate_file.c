/*
 * The file of learnt ceilings. Relies on whole-file reads and atomic writes of base; must never
 * fail a run: whoever cannot read it learns again.
 */
#include "aws/rate_file.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define HEADER    "moonward rates 1\n"
#define BYTES_MAX ((size_t)2 << 20)
#define DAY_S     86400
#define LIFE_S    (7 * DAY_S)
#define MILLI_MAX 100000000 /* 100,000 a second */
#define FIELDS    5

void mw_rate_entries_clear(mw_rate_entries *e)
{
    mw_arena_clear(&e->arena);
    *e = (mw_rate_entries){0};
}

/* The file is read once and asked once for each lane of a run: both are few enough to look through. */
mw_rate_entry *mw_rate_entry_find(const mw_rate_entries *e, const char *account, const char *region,
                                  const char *service)
{
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->items[i].account, account) == 0 && strcmp(e->items[i].region, region) == 0 &&
            strcmp(e->items[i].service, service) == 0)
            return &e->items[i];
    return NULL;
}

static bool grow(mw_rate_entries *e)
{
    size_t cap = e->cap ? e->cap * 2 : 64;
    mw_rate_entry *items = mw_arena_alloc(&e->arena, cap * sizeof(*items));

    if (!items)
        return false;
    if (e->count)
        memcpy(items, e->items, e->count * sizeof(*items));
    e->items = items;
    e->cap = cap;
    return true;
}

bool mw_rate_entry_set(mw_rate_entries *e, const mw_rate_entry *entry)
{
    mw_rate_entry *known = mw_rate_entry_find(e, entry->account, entry->region, entry->service);
    mw_rate_entry copy = *entry;

    if (known) {
        known->ceiling_rps = entry->ceiling_rps;
        known->learnt_unix = entry->learnt_unix;
        return true;
    }
    if (e->count >= MW_RATE_ENTRIES_MAX || (e->count == e->cap && !grow(e)) ||
        !(copy.account = mw_arena_strdup(&e->arena, entry->account)) ||
        !(copy.region = mw_arena_strdup(&e->arena, entry->region)) ||
        !(copy.service = mw_arena_strdup(&e->arena, entry->service)))
        return false;
    e->items[e->count++] = copy;
    return true;
}

double mw_rate_entry_ceiling(const mw_rate_entry *entry, int64_t now_unix)
{
    double days = (double)(now_unix - entry->learnt_unix) / DAY_S;

    return entry->ceiling_rps * (1.0 + (days > 0 ? days : 0));
}

/* ---- the file ---- */

/** "UNIX MILLI ACCOUNT REGION SERVICE", "-" for what is empty. */
static bool parse_line(char *line, mw_rate_entry *out)
{
    char *field[FIELDS];
    long long when, milli;

    for (size_t i = 0; i < FIELDS; i++) {
        size_t n = strcspn(line, " ");

        field[i] = line;
        if (n == 0 || (line[n] == ' ') != (i + 1 < FIELDS))
            return false;
        line[n] = '\0';
        line += n + (i + 1 < FIELDS ? 1 : 0);
        if (strcmp(field[i], "-") == 0)
            *field[i] = '\0';
    }
    if (!mw_parse_int(field[0], strlen(field[0]), &when) || when <= 0 ||
        !mw_parse_int(field[1], strlen(field[1]), &milli) || milli <= 0 || milli > MILLI_MAX)
        return false;
    *out = (mw_rate_entry){field[2], field[3], field[4], (double)milli / 1000.0, when};
    return *out->service != '\0';
}

static bool parse(char *text, size_t len, int64_t now_unix, mw_rate_entries *out)
{
    size_t head = sizeof(HEADER) - 1;

    if (len < head || strlen(text) != len || memcmp(text, HEADER, head) != 0)
        return false;
    for (char *line = text + head; *line;) {
        char *end = strchr(line, '\n');
        mw_rate_entry entry;

        if (!end)
            return false;
        *end = '\0';
        if (!parse_line(line, &entry))
            return false;
        /* One from the future was written by a clock that was wrong. */
        if (entry.learnt_unix > now_unix - LIFE_S && entry.learnt_unix <= now_unix + DAY_S &&
            !mw_rate_entry_set(out, &entry))
            return false;
        line = end + 1;
    }
    return true;
}

void mw_rate_file_read(const char *path, int64_t now_unix, mw_rate_entries *out)
{
    MW_AUTO(mw_buf) text = {.max = BYTES_MAX};
    mw_error err = {0};
    mw_status st = mw_file_read(path, &text, &err);

    if (st == MW_ERR_NOTFOUND)
        return;
    if (st != MW_OK) {
        mw_log_warn("learnt request rates are not used: %s", err.message);
    } else if (!parse(text.data ? text.data : (char[]){""}, text.len, now_unix, out)) {
        mw_rate_entries_clear(out);
        mw_log_warn("%s is damaged: request rates are learnt again", path);
    }
}

static const char *or_dash(const char *s)
{
    return *s ? s : "-";
}

mw_status mw_rate_file_write(const char *path, const mw_rate_entries *e, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = BYTES_MAX};

    mw_buf_puts(&text, HEADER);
    for (size_t i = 0; i < e->count; i++)
        mw_buf_printf(&text, "%lld %lld %s %s %s\n", (long long)e->items[i].learnt_unix,
                      (long long)(e->items[i].ceiling_rps * 1000.0), or_dash(e->items[i].account),
                      or_dash(e->items[i].region), e->items[i].service);
    if (mw_buf_status(&text, err) != MW_OK)
        return err->status;
    return mw_file_write_atomic(path, text.data, text.len, 0600, err);
}
