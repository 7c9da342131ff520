/* Who we are and where we look: AWS configuration, client, credentials, identity, regions. */
#ifndef MW_CLI_SESSION_H
#define MW_CLI_SESSION_H

#include "aws/client.h"
#include "cli/coverage.h"
#include "cli/models.h"
#include "cli/setup.h"

/** `MW_AUTO(mw_session) n = {0};` Everything but the client and the provider lies in the set-up's arena. */
typedef struct mw_session {
    mw_setup *setup;
    const char *recording; /* that is replayed; NULL = none */
    const mw_models *models;
    mw_model_pack pack; /* that they are from */
    mw_aws_config *aws;
    mw_budget *budget; /* --budget; NULL = none */
    mw_client *client;
    mw_provider *credentials; /* NULL in a replay */
    const char *region;       /* where the session's own calls go */
    const char *account, *arn, *partition, *home_region;
    bool any_account;     /* --account names others than the credentials' own: do not compare */
    bool no_regions;      /* the accounts say themselves which regions they have: do not ask here */
    const char **regions; /* to sweep, sorted */
    size_t region_count;
    mw_coverage_extra
        *extras; /* lines of the ledger: regions that are skipped, or why nobody knows which are enabled */
    size_t extra_count;
} mw_session;

/** @p out is zero, or has a budget. AWS configuration and client (--profile, --endpoint-url, --jobs, --record, --replay). No call is made. */
mw_status mw_session_open(mw_setup *s, mw_session *out, mw_error *err);
/** The same on a recording, whatever --replay says. */
mw_status mw_session_open_recording(mw_setup *s, const char *dir, mw_session *out, mw_error *err);
/**
 * Account, partition and regions: by GetCallerIdentity and DescribeRegions, in a replay from the recording.
 * @return MW_OK; MW_ERR_CREDENTIALS (none usable, or not the account of --account); MW_ERR_INVALID (a
 *         region that is not enabled, by name); what the network gave.
 */
mw_status mw_session_identify(mw_session *n, mw_error *err);
/** Write the recording, if there is one. */
mw_status mw_session_close(mw_session *n, mw_error *err);
void mw_session_clear(mw_session *n);

/** The region patterns asked for: --region, configuration, else the one region of the AWS configuration. */
mw_status mw_session_patterns(mw_session *n, const char ***out, size_t *count, mw_error *err);

/**
 * Pure: the regions among @p enabled (sorted) that the patterns name. A pattern with `*` or `?` must match at least
 * one; a plain name must be there. @p out has room for @p enabled_count.
 * @param where  For the message: "account 111122223333".
 */
mw_status mw_regions_select(const char *const *patterns, size_t pattern_count, const char *const *enabled,
                            size_t enabled_count, const char *where, const char **out, size_t *count, mw_error *err);

/** Parameters of ec2:DescribeRegions that give all regions with their OptInStatus, as root of @p out. */
mw_status mw_regions_params(mw_doc **out, mw_error *err);
/** Pure: the regions among @p disabled that a glob of the patterns names, in their order. @p out has room for all. */
size_t mw_regions_skipped(const char *const *patterns, size_t pattern_count, const char *const *disabled,
                          size_t disabled_count, const char **out);

/** Region in which a partition's global services are signed and listed. */
const char *mw_home_region(const char *partition);

#endif
