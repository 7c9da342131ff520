/*
 * Faults by script: one line each, `SERVICE:OPERATION KIND [key=value …]`.
 *
 * Which request a fault meets depends on the script, the seed and the order of requests only, so
 * that a failed run can be run again. README.md lists kinds and keys.
 */
#include "awsim.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_FAULTS 256

static struct fault faults[MAX_FAULTS];
static size_t fault_count;

static const char *const kind_names[FAULT_KINDS] = {
    [FAULT_NONE] = "none",       [FAULT_ERROR] = "error",       [FAULT_DENIED] = "denied",
    [FAULT_RESET] = "reset",     [FAULT_CLOSE] = "close",       [FAULT_HANG] = "hang",
    [FAULT_DELAY] = "delay",     [FAULT_TRUNCATE] = "truncate", [FAULT_SLOW] = "slow",
    [FAULT_LENGTH] = "length",   [FAULT_LENGTHS] = "lengths",   [FAULT_CHUNK] = "chunk",
    [FAULT_BROKEN] = "broken",   [FAULT_HUGE] = "huge",         [FAULT_ENDLESS] = "endless",
    [FAULT_SKEW] = "skew",       [FAULT_LATE] = "late",         [FAULT_TOKEN] = "repeat-token",
    [FAULT_GARBAGE] = "garbage", [FAULT_REDIRECT] = "redirect",
};

static bool number(const char *s, uint64_t least, uint64_t most, uint64_t *out)
{
    long long n;
    if (!mw_parse_int(s, strlen(s), &n) || n < 0 || (uint64_t)n < least || (uint64_t)n > most)
        return false;
    *out = (uint64_t)n;
    return true;
}

static bool set_key(struct fault *f, const struct world *w, const char *key, const char *value)
{
    uint64_t n = 0;
    char *end;
    if (strcmp(key, "nth") == 0)
        return number(value, 1, UINT32_MAX, &f->nth);
    if (strcmp(key, "every") == 0)
        return number(value, 1, UINT32_MAX, &f->every);
    if (strcmp(key, "times") == 0)
        return number(value, 1, UINT32_MAX, &f->times);
    if (strcmp(key, "ms") == 0)
        return number(value, 0, 3600000, &f->ms);
    if (strcmp(key, "bytes") == 0)
        return number(value, 0, UINT64_C(1) << 32, &f->bytes);
    if (strcmp(key, "status") == 0 && number(value, 300, 599, &n)) {
        f->status = (int)n;
        return true;
    }
    if (strcmp(key, "share") == 0) {
        f->share = strtod(value, &end);
        return *end == '\0' && f->share > 0 && f->share <= 1;
    }
    if (strcmp(key, "seconds") == 0) {
        long long s;
        bool good = mw_parse_int(value, strlen(value), &s);
        f->seconds = s;
        return good;
    }
    if (strcmp(key, "when") == 0) {
        f->before = strcmp(value, "before") == 0;
        return f->before || strcmp(value, "after") == 0;
    }
    if (strcmp(key, "account") == 0) {
        f->any_account = false;
        if (!number(value, FIRST_ACCOUNT, FIRST_ACCOUNT + w->accounts - 1, &n))
            return false;
        f->account = (uint32_t)(n - FIRST_ACCOUNT);
        return true;
    }
    if (strcmp(key, "region") == 0) {
        int r = world_region(w, mw_str_of(value));
        f->any_region = false;
        f->region = (unsigned)r;
        return r >= 0;
    }
    if (strcmp(key, "code") == 0)
        return snprintf(f->code, sizeof f->code, "%s", value) < (int)sizeof f->code;
    if (strcmp(key, "message") == 0) { /* _ stands for a space */
        snprintf(f->message, sizeof f->message, "%s", value);
        for (char *p = f->message; *p; p++)
            *p = *p == '_' ? ' ' : *p;
        return true;
    }
    return false;
}

bool fault_add(const struct world *w, const char *line, mw_error *err)
{
    char copy[512], *word, *rest = copy;
    struct fault f = {.any_account = true, .any_region = true};
    if (strlen(line) >= sizeof copy)
        return mw_fail(err, MW_ERR_INVALID, "fault '%.40s…': longer than 511 bytes", line), false;
    snprintf(copy, sizeof copy, "%s", line);
    if (!(word = strtok_r(copy, " \t\r", &rest)) || word[0] == '#')
        return true;
    char *colon = strchr(word, ':');
    snprintf(f.operation, sizeof f.operation, "%s", colon ? colon + 1 : "*");
    if (colon)
        *colon = '\0';
    snprintf(f.service, sizeof f.service, "%s", word);
    word = strtok_r(NULL, " \t\r", &rest);
    for (unsigned k = 1; word && k < FAULT_KINDS; k++)
        if (strcmp(word, kind_names[k]) == 0)
            f.kind = (enum fault_kind)k;
    if (f.kind == FAULT_NONE)
        return mw_fail(err, MW_ERR_INVALID, "fault '%s': there is no kind '%s'", line, word ? word : ""), false;
    /* What refuses a request comes before its effect unless asked otherwise. */
    f.before = f.kind == FAULT_ERROR || f.kind == FAULT_DENIED;
    while ((word = strtok_r(NULL, " \t\r", &rest))) {
        char *eq = strchr(word, '=');
        if (eq)
            *eq = '\0';
        if (!eq || !set_key(&f, w, word, eq + 1))
            return mw_fail(err, MW_ERR_INVALID, "fault '%s': bad key or value at '%s'", line, word), false;
    }
    if (f.kind == FAULT_ERROR && !f.status)
        f.status = 500;
    if (f.kind == FAULT_SLOW && !f.ms)
        f.ms = 100;
    if (f.kind == FAULT_LATE && !f.ms)
        f.ms = 50;
    if (f.kind == FAULT_HUGE && !f.bytes)
        f.bytes = UINT64_C(128) << 20;
    if (f.kind == FAULT_SKEW && !f.seconds)
        f.seconds = 3600;
    if (fault_count == MAX_FAULTS)
        return mw_fail(err, MW_ERR_LIMIT, "more than %d faults", MAX_FAULTS), false;
    faults[fault_count++] = f;
    return true;
}

bool fault_script(const struct world *w, const char *data, size_t len, mw_error *err)
{
    char line[512];
    for (size_t at = 0; at < len;) {
        const char *stop = memchr(data + at, '\n', len - at);
        size_t n = stop ? (size_t)(stop - data) - at : len - at;
        if (n >= sizeof line)
            return mw_fail(err, MW_ERR_INVALID, "a fault is longer than 511 bytes"), false;
        memcpy(line, data + at, n);
        line[n] = '\0';
        if (!fault_add(w, line, err))
            return false;
        at += n + 1;
    }
    return true;
}

void fault_clear(void)
{
    fault_count = 0;
}

void faults_list(mw_buf *out)
{
    text(out, "{\"faults\":[");
    for (size_t i = 0; i < fault_count; i++)
        say(out, "$s{\"service\":\"$j\",\"operation\":\"$j\",\"kind\":\"$s\",\"seen\":$d,\"fired\":$d}",
            S(i ? ",\n" : ""), S(faults[i].service), S(faults[i].operation), S(kind_names[faults[i].kind]),
            U(faults[i].seen), U(faults[i].fired));
    text(out, "]}\n");
}

const struct fault *fault_for(const struct world *w, const struct call *c)
{
    const struct fault *found = NULL;
    for (size_t i = 0; i < fault_count; i++) {
        struct fault *f = &faults[i];
        if ((strcmp(f->service, "*") != 0 && strcmp(f->service, c->service) != 0) ||
            !mw_glob_match(f->operation, c->operation) || (!f->any_account && f->account != c->account) ||
            (!f->any_region && f->region != c->region))
            continue;
        f->seen++; /* all that match count, also behind an earlier fault */
        if (found || (f->times && f->fired >= f->times) || (f->nth && f->seen != f->nth) ||
            (f->every && f->seen % f->every != 0))
            continue;
        double dice = (double)(mix64(w->seed ^ mix64(i << 48 ^ f->seen)) >> 11) * 0x1p-53;
        if (f->share > 0 && dice >= f->share)
            continue;
        f->fired++;
        found = f;
    }
    return found;
}
