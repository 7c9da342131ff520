/*
 * Why something could not be read, by class. Two tables: codes, which AWS's services and this
 * client give, and the phrases by which AWS says whose policy refused. Relies on nothing but the
 * text; must never make a cause look milder than it is, so whatever is not recognised is `other`.
 */
#include "inventory/cause.h"

#include "aws/retry.h"
#include "base/str.h"
#include "doc/withhold.h"

#include <string.h>

static const struct {
    const char *name, *help;
} classes[MW_CAUSE_COUNT] = {
    [MW_CAUSE_DENIED_IDENTITY_POLICY] = {"denied_identity_policy",
                                         "no identity-based policy allows it: grant it to the role"},
    [MW_CAUSE_DENIED_SCP] = {"denied_scp", "a service control policy of the organization refuses "
                                           "it: no policy of the account can allow it"},
    [MW_CAUSE_DENIED_RCP] = {"denied_rcp", "a resource control policy of the organization refuses it"},
    [MW_CAUSE_DENIED_PERMISSIONS_BOUNDARY] = {"denied_permissions_boundary",
                                              "the role's permissions boundary refuses it: widen the boundary"},
    [MW_CAUSE_DENIED_SESSION_POLICY] =
        {"denied_session_policy",
         "the session was given less than its role: assume the role without that session policy"},
    [MW_CAUSE_DENIED_RESOURCE_POLICY] = {"denied_resource_policy", "the resource's own policy refuses it"},
    [MW_CAUSE_DENIED_ENDPOINT_POLICY] = {"denied_endpoint_policy", "the policy of a VPC endpoint refuses it"},
    [MW_CAUSE_DENIED_TRUST_POLICY] = {"denied_trust_policy",
                                      "the role's trust policy does not let these credentials in"},
    [MW_CAUSE_DENIED] = {"denied", "AWS refuses it and does not say by which policy"},
    [MW_CAUSE_CREDENTIALS] = {"credentials", "the credentials are missing, expired or not valid there"},
    [MW_CAUSE_THROTTLED] = {"throttled",
                            "AWS said \"slower\" until the attempts were used up: sweep again, or with fewer --jobs"},
    [MW_CAUSE_REGION_DISABLED] = {"region_disabled", "the region is not enabled in this account"},
    [MW_CAUSE_NOT_IN_REGION] = {"not_in_region", "the service does not offer this in the region"},
    [MW_CAUSE_BREAKER_OPEN] = {"breaker_open", "so many requests failed in a row that no more were sent"},
    [MW_CAUSE_BUDGET] = {"budget", "--budget was spent: raise it, or sweep the rest with --max-age"},
    [MW_CAUSE_UNREACHABLE] = {"unreachable", "nobody answered: network, DNS, proxy or TLS; moonward doctor tells"},
    [MW_CAUSE_DEADLINE] = {"deadline", "it took longer than it may"},
    [MW_CAUSE_MALFORMED] = {"malformed", "the answer was not what the service's model says, or larger than allowed"},
    [MW_CAUSE_SERVICE_ERROR] = {"service_error", "AWS failed: sweep again"},
    [MW_CAUSE_UNSUPPORTED] = {"unsupported", "the models or the account do not have it"},
    [MW_CAUSE_NOT_ASKED] = {"not_asked", "it was not asked for"},
    [MW_CAUSE_WITHHELD] = {"withheld", "it is sensitive and the store does not keep it: sweep live to judge by it"},
    [MW_CAUSE_RULE] = {"rule", "the rule itself could not decide"},
    [MW_CAUSE_OTHER] = {"other", "see the code"},
};

const char *mw_cause_class_name(mw_cause_class c)
{
    return c < MW_CAUSE_COUNT ? classes[c].name : classes[MW_CAUSE_OTHER].name;
}

mw_cause_class mw_cause_classify_name(const char *name)
{
    for (unsigned c = 0; c < MW_CAUSE_COUNT; c++)
        if (mw_str_eq(classes[c].name, name))
            return (mw_cause_class)c;
    return MW_CAUSE_OTHER;
}

const char *mw_cause_class_help(mw_cause_class c)
{
    return c < MW_CAUSE_COUNT ? classes[c].help : classes[MW_CAUSE_OTHER].help;
}

/* AWS's: each API reference's "Common Errors", and what S3 answers to HEAD, where there is no body.
 * Ours: the names of src/inventory/collect_call.c, src/aws/client_call.c and src/cli/targets.c. */
static const struct {
    const char *code;
    mw_cause_class class;
} codes[] = {
    {"AccessDenied", MW_CAUSE_DENIED},
    {"AccessDeniedException", MW_CAUSE_DENIED},
    {"AccessDeniedFault", MW_CAUSE_DENIED},
    {"AccessDenied.VPCE", MW_CAUSE_DENIED_ENDPOINT_POLICY},
    {"UnauthorizedOperation", MW_CAUSE_DENIED},
    {"Client.UnauthorizedOperation", MW_CAUSE_DENIED},
    {"UnauthorizedAccess", MW_CAUSE_DENIED},
    {"AuthorizationError", MW_CAUSE_DENIED},
    {"AuthorizationErrorException", MW_CAUSE_DENIED},
    {"NotAuthorized", MW_CAUSE_DENIED},
    {"NotAuthorizedException", MW_CAUSE_DENIED},
    {"UnauthorizedException", MW_CAUSE_DENIED},
    {"Unauthorized", MW_CAUSE_DENIED},
    {"Forbidden", MW_CAUSE_DENIED},
    {"ForbiddenException", MW_CAUSE_DENIED},
    {"AllAccessDisabled", MW_CAUSE_DENIED},
    {"401", MW_CAUSE_DENIED},
    {"403", MW_CAUSE_DENIED},
    {"NoCredentials", MW_CAUSE_CREDENTIALS},
    {"WrongAccount", MW_CAUSE_CREDENTIALS},
    {"AuthFailure", MW_CAUSE_CREDENTIALS},
    {"ExpiredToken", MW_CAUSE_CREDENTIALS},
    {"ExpiredTokenException", MW_CAUSE_CREDENTIALS},
    {"InvalidClientTokenId", MW_CAUSE_CREDENTIALS},
    {"UnrecognizedClientException", MW_CAUSE_CREDENTIALS},
    {"InvalidAccessKeyId", MW_CAUSE_CREDENTIALS},
    {"InvalidToken", MW_CAUSE_CREDENTIALS},
    {"SignatureDoesNotMatch", MW_CAUSE_CREDENTIALS},
    {"InvalidSignatureException", MW_CAUSE_CREDENTIALS},
    {"IncompleteSignature", MW_CAUSE_CREDENTIALS},
    {"MissingAuthenticationToken", MW_CAUSE_CREDENTIALS},
    {"RequestExpired", MW_CAUSE_CREDENTIALS},
    {"RequestTimeTooSkewed", MW_CAUSE_CREDENTIALS},
    {"OptInRequired", MW_CAUSE_REGION_DISABLED},
    {"RegionDisabled", MW_CAUSE_REGION_DISABLED},
    {"RegionDisabledException", MW_CAUSE_REGION_DISABLED},
    {"SubscriptionRequiredException", MW_CAUSE_UNSUPPORTED},
    {"UnsupportedByModels", MW_CAUSE_UNSUPPORTED},
    {"UnknownOperationException", MW_CAUSE_NOT_IN_REGION},
    {"UnknownOperation", MW_CAUSE_NOT_IN_REGION},
    {"InvalidAction", MW_CAUSE_NOT_IN_REGION},
    {"UnsupportedOperation", MW_CAUSE_NOT_IN_REGION},
    {"UnsupportedOperationException", MW_CAUSE_NOT_IN_REGION},
    {"OperationNotSupportedException", MW_CAUSE_NOT_IN_REGION},
    {"OperationDisabledException", MW_CAUSE_NOT_IN_REGION},
    {"NotImplemented", MW_CAUSE_NOT_IN_REGION},
    {"CircuitOpen", MW_CAUSE_BREAKER_OPEN},
    {"BudgetSpent", MW_CAUSE_BUDGET},
    {"ConnectionFailed", MW_CAUSE_UNREACHABLE},
    {"Unreachable", MW_CAUSE_UNREACHABLE},
    {"Timeout", MW_CAUSE_DEADLINE},
    {"NotReady", MW_CAUSE_DEADLINE},
    {"RequestTimeout", MW_CAUSE_DEADLINE},
    {"RequestTimeoutException", MW_CAUSE_DEADLINE},
    {"MalformedAnswer", MW_CAUSE_MALFORMED},
    {"PagingLoop", MW_CAUSE_MALFORMED},
    {"LimitReached", MW_CAUSE_MALFORMED},
    {"TooManyPages", MW_CAUSE_MALFORMED},
    {"NotReturned", MW_CAUSE_MALFORMED},
    {"InternalError", MW_CAUSE_SERVICE_ERROR},
    {"InternalFailure", MW_CAUSE_SERVICE_ERROR},
    {"InternalServerError", MW_CAUSE_SERVICE_ERROR},
    {"InternalServerException", MW_CAUSE_SERVICE_ERROR},
    {"InternalServiceError", MW_CAUSE_SERVICE_ERROR},
    {"InternalServiceException", MW_CAUSE_SERVICE_ERROR},
    {"ServiceException", MW_CAUSE_SERVICE_ERROR},
    {"ServiceFailure", MW_CAUSE_SERVICE_ERROR},
    {"ServiceUnavailable", MW_CAUSE_SERVICE_ERROR},
    {"ServiceUnavailableException", MW_CAUSE_SERVICE_ERROR},
    {"Unavailable", MW_CAUSE_SERVICE_ERROR},
    {"JobFailed", MW_CAUSE_SERVICE_ERROR},
    {"500", MW_CAUSE_SERVICE_ERROR},
    {"502", MW_CAUSE_SERVICE_ERROR},
    {"503", MW_CAUSE_SERVICE_ERROR},
    {"504", MW_CAUSE_SERVICE_ERROR},
    {"NotCollected", MW_CAUSE_NOT_ASKED},
    {"NotRecorded", MW_CAUSE_NOT_ASKED},
    {MW_WITHHELD, MW_CAUSE_WITHHELD},
};

/* How AWS ends a refusal: "because no X allows the … action", or "with an explicit deny in a X"
 * (IAM User Guide, "Access denied error messages"). The longer names stand first: "resource
 * control" is no "resource-based" policy. */
static const struct {
    const char *policy;
    mw_cause_class class;
} policies[] = {
    {"service control policy", MW_CAUSE_DENIED_SCP},
    {"resource control policy", MW_CAUSE_DENIED_RCP},
    {"permissions boundary", MW_CAUSE_DENIED_PERMISSIONS_BOUNDARY},
    {"session policy", MW_CAUSE_DENIED_SESSION_POLICY},
    {"identity-based policy", MW_CAUSE_DENIED_IDENTITY_POLICY},
    {"VPC endpoint policy", MW_CAUSE_DENIED_ENDPOINT_POLICY},
    {"role trust policy", MW_CAUSE_DENIED_TRUST_POLICY},
    {"resource-based policy", MW_CAUSE_DENIED_RESOURCE_POLICY},
};

/* The phrase, then one of the policies' names: a resource that is called like a policy does not
 * count. The last one is AWS's own: it ends the message. */
static bool refused_by(const char *message, const char *phrase, mw_cause_class *out)
{
    bool found = false;

    for (const char *at = strstr(message, phrase); at; at = strstr(at, phrase)) {
        at += strlen(phrase);
        if (mw_str_starts(at, "a ") || mw_str_starts(at, "an ") || mw_str_starts(at, "the "))
            at = strchr(at, ' ') + 1;
        for (size_t i = 0; i < MW_COUNT(policies); i++) {
            if (!mw_str_starts(at, policies[i].policy))
                continue;
            *out = policies[i].class;
            found = true;
            break;
        }
    }
    return found;
}

static mw_cause_class of_code(const char *code)
{
    for (size_t i = 0; i < MW_COUNT(codes); i++)
        if (mw_str_eq(codes[i].code, code))
            return codes[i].class;
    return mw_retry_is_throttle(code) ? MW_CAUSE_THROTTLED : MW_CAUSE_OTHER;
}

mw_cause_class mw_cause_classify(const char *code, const char *message)
{
    mw_cause_class class = code ? of_code(code) : MW_CAUSE_OTHER;

    if (class == MW_CAUSE_DENIED && message && !refused_by(message, "explicit deny in ", &class))
        refused_by(message, "because no ", &class);
    return class;
}

mw_cause_class mw_cause_classify_val(const mw_doc *d, mw_val cause)
{
    return mw_cause_classify(mw_val_get_str(d, cause, "code", NULL), mw_val_get_str(d, cause, "message", NULL));
}

mw_cause_class mw_cause_classify_text(const char *message)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.";
    bool coded = false;
    char code[128];

    /* "…: service:Operation: CODE (AWS's words)": a code stands behind a colon, before a
     * parenthesis or the end. */
    for (const char *at = message; at; at = strstr(at, ": ")) {
        size_t n;
        mw_cause_class class;
        at += at == message && !mw_str_starts(at, ": ") ? 0 : 2;
        n = strspn(at, chars);
        if (n == 0 || n >= sizeof(code) || (at[n] && !mw_str_starts(at + n, " (")))
            continue;
        memcpy(code, at, n);
        code[n] = '\0';
        if ((class = mw_cause_classify(code, at + n)) != MW_CAUSE_OTHER)
            return class;
        coded = coded || (code[0] >= 'A' && code[0] <= 'Z') || (code[0] >= '0' && code[0] <= '9');
    }
    return coded ? MW_CAUSE_OTHER : MW_CAUSE_RULE;
}

void mw_cause_write(mw_doc_builder *b, const mw_doc *d, mw_val cause)
{
    bool own = d == mw_doc_view(b);

    if (mw_val_kind(d, cause) != MW_KIND_OBJECT) {
        mw_doc_add_null(b);
        return;
    }
    mw_doc_begin_object(b);
    for (size_t i = 0; i < mw_val_len(d, cause); i++) {
        mw_val key, v = mw_val_member(d, cause, i, &key);
        if (own) {
            mw_doc_member_val(b, key, v);
            continue;
        }
        mw_doc_ckey(b, mw_val_str(d, key, NULL));
        mw_doc_add_copy(b, d, v);
    }
    mw_doc_member_str(b, "class", mw_cause_class_name(mw_cause_classify_val(d, cause)));
    mw_doc_end_object(b);
}
