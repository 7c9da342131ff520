/*
 * Closed, open, half open. Only failures that say that nobody is there count: no connection, no
 * answer, a 5xx; a refusal or a throttle is a sign of life. It must never turn a failure into
 * silence: whoever is refused is told so, with the failure that opened it.
 */
#include "aws/breaker.h"

#include "base/hash.h"

#include <stdio.h>
#include <string.h>

/* Twenty requests are what it takes to tell an outage from bad luck; one tries every five seconds. */
const mw_breaker_policy mw_breaker_standard = {.failures = 20, .open_ms = 5000};

static bool failed_itself(const mw_breaker *b, uint32_t operation)
{
    if (operation == 0 || b->silent || b->failing == MW_BREAKER_OPERATIONS)
        return true;
    for (int i = 0; i < b->failing; i++)
        if (b->operations[i] == operation)
            return true;
    return false;
}

int64_t mw_breaker_refuses(const mw_breaker *b, const mw_breaker_policy *p, uint32_t operation, int64_t now_ms)
{
    int64_t left_ms = b->opened_ms + p->open_ms - now_ms;

    if (!b->open || !failed_itself(b, operation))
        return 0;
    if (left_ms > 0)
        return left_ms;
    return b->probing ? 1 : 0;
}

bool mw_breaker_begin(mw_breaker *b, uint32_t operation)
{
    if (!b->open || !failed_itself(b, operation))
        return false;
    b->probing = true;
    return true;
}

void mw_breaker_end(mw_breaker *b, const mw_breaker_policy *p, uint32_t operation, mw_outcome outcome, bool probe,
                    const char *cause, int64_t now_ms)
{
    if (probe)
        b->probing = false;
    if (outcome == MW_OUTCOME_NONE)
        return;
    if (outcome == MW_OUTCOME_ANSWERED || outcome == MW_OUTCOME_THROTTLED) {
        b->open = b->silent = false;
        b->failed = b->failing = 0;
        return;
    }
    if (!failed_itself(b, operation))
        b->operations[b->failing++] = operation;
    if (outcome == MW_OUTCOME_FAILED)
        b->silent = true;
    b->failed++;
    if (p->failures <= 0 || (b->open && !probe) || b->failed < p->failures)
        return; /* those that were under way when it opened do not keep it open */
    b->open = true;
    b->opened_ms = now_ms;
    snprintf(b->cause, sizeof(b->cause), "%s", cause ? cause : "no answer");
}

uint32_t mw_breaker_operation(const char *name)
{
    uint64_t h = mw_hash64(name, strlen(name));
    uint32_t folded = (uint32_t)(h ^ (h >> 32));

    return folded ? folded : 1;
}
