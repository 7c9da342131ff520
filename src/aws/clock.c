/*
 * Clocks of hosts: what offset to sign with. An answer that refuses a signature for its time is for
 * the call that got it alone (which signs again with the answer's time); only when
 * that was answered well may the offset be taken over. It must never read a clock.
 */
#include "aws/clock.h"

#include "aws/sigv4.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"

#include <string.h>

#define TOLERANCE_S 240   /* SigV4 allows five minutes; four leave room for the way */
#define CONVINCED   3     /* good answers in a row, against an offset that was good before */
#define HOSTS_MAX   65536 /* S3 has one for each bucket; what is beyond has the machine's */

bool mw_clock_differs(int64_t a_s, int64_t b_s)
{
    return a_s - b_s >= TOLERANCE_S || b_s - a_s >= TOLERANCE_S;
}

/** Whether the offset changed. */
static bool learn(mw_clock *k, int64_t offset_s)
{
    if (!mw_clock_differs(k->offset_s, offset_s)) {
        k->proven = true;
        k->other_good = 0;
        return false;
    }
    k->other_good = mw_clock_differs(k->other_s, offset_s) ? 1 : k->other_good + 1;
    k->other_s = offset_s;
    if (k->proven && k->other_good < CONVINCED)
        return false;
    *k = (mw_clock){.offset_s = offset_s, .proven = true};
    return true;
}

static size_t slot_of(const char *host)
{
    return mw_hash64(host, strlen(host)) % MW_CLOCK_TABLE;
}

static mw_host_clock *find(const mw_clocks *c, const char *host)
{
    mw_host_clock *h = c->hosts[slot_of(host)];

    while (h && strcmp(h->name, host) != 0)
        h = h->next;
    return h;
}

int64_t mw_clocks_offset(const mw_clocks *c, const char *host)
{
    const mw_host_clock *h = find(c, host);

    return h ? h->clock.offset_s : c->machine.offset_s;
}

bool mw_clocks_good(mw_clocks *c, const char *host, int64_t offset_s)
{
    mw_host_clock *h = find(c, host);
    size_t len = strlen(host);

    if (!h && c->count < HOSTS_MAX && (h = mw_arena_alloc(&c->arena, sizeof(*h) + len + 1))) {
        memcpy(h->name, host, len + 1);
        h->clock.offset_s = offset_s;
        h->next = c->hosts[slot_of(host)];
        c->hosts[slot_of(host)] = h;
        c->count++;
    }
    if (h)
        (void)learn(&h->clock, offset_s);
    return learn(&c->machine, offset_s);
}

void mw_clocks_learn(mw_clocks *c, const char *host, int64_t offset_s)
{
    if (mw_clocks_good(c, host, offset_s))
        mw_log_warn("this machine's clock is %lld s off; requests are signed with AWS's time", (long long)-offset_s);
}

bool mw_clock_corrected(const char *code, const mw_http_response *answer, int64_t now_unix, int64_t *offset_s)
{
    static const char *const codes[] = {
        "RequestTimeTooSkewed",      "RequestExpired",        "RequestInTheFuture",
        "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure",
    };
    const char *date = mw_http_get(&answer->headers, "date");
    int64_t ns, theirs;

    if (!mw_str_among(code, codes, MW_COUNT(codes)) || !date || mw_time_parse(date, strlen(date), &ns, NULL) != MW_OK)
        return false;
    theirs = ns / 1000000000;
    if (theirs < 0 || theirs > MW_SIGV4_NOW_MAX) /* believed, no later request could be signed */
        return false;
    if (!mw_clock_differs(theirs - now_unix, *offset_s))
        return false;
    *offset_s = theirs - now_unix;
    return true;
}

void mw_clocks_clear(mw_clocks *c)
{
    mw_arena_clear(&c->arena);
    *c = (mw_clocks){0};
}
