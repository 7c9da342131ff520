/*
 * `rate` of moonward.yaml. Only the first assumption is configured: what answers teach always wins,
 * so a mistake here costs time or a few throttles, never a result.
 */
#include "cli/config_rate.h"

#include "base/str.h"

#define FACTOR_LEAST 0.01
#define FACTOR_MOST  100.0

mw_status mw_config_rate_read(const mw_config *c, mw_config_rate *out, mw_error *err)
{
    mw_val v = mw_config_value(c, "rate");

    *out = (mw_config_rate){.factor = 1};
    for (size_t i = 0; v != MW_VAL_ABSENT && i < mw_val_len(c->doc, v); i++) {
        mw_val key, value = mw_val_member(c->doc, v, i, &key);
        const char *name = mw_val_str(c->doc, key, NULL);
        mw_kind kind = mw_val_kind(c->doc, value);

        if (mw_str_eq(name, "factor")) {
            out->factor = mw_val_real(c->doc, value);
            if ((kind != MW_KIND_INT && kind != MW_KIND_REAL) ||
                !(out->factor >= FACTOR_LEAST && out->factor <= FACTOR_MOST))
                return mw_config_fail(c, "rate.factor", err, "rate.factor: expected a number from 0.01 to 100");
        } else if (mw_str_eq(name, "any_endpoint")) {
            if (kind != MW_KIND_BOOL)
                return mw_config_fail(c, "rate.any_endpoint", err, "rate.any_endpoint: expected true or false");
            out->any_endpoint = mw_val_bool(c->doc, value);
        } else {
            return mw_config_fail(c, "rate", err, "rate: unknown key '%.60s', expected factor or any_endpoint", name);
        }
    }
    return MW_OK;
}
