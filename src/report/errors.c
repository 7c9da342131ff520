/*
 * The table behind `moonward explain CODE`. AWS's services have several names for the same refusal:
 * each is a synonym of one entry. A test looks for every code that the sources print.
 */
#include "report/errors.h"

#include "base/mem.h"
#include "base/str.h"

#define DENIED_REMEDY                                                                                                  \
    "The message names the action and who was refused. Add the action to the role's policy; when "                     \
    "it is there, look for a service "                                                                                 \
    "control policy, a permissions boundary or the resource's own policy. Until then the fields "                      \
    "that the call fills stay unknown."
#define THROTTLE_REMEDY                                                                                                \
    "Calls are slowed down and repeated by themselves. When it stays: --jobs with a smaller "                          \
    "number, fewer regions at once, or a higher quota."
#define EXPIRED_REMEDY                                                                                                 \
    "Sign in again (`aws sso login`, a new session), or let a role or profile renew the "                              \
    "credentials."

static const mw_explained codes[] = {
    /* exit statuses */
    {"0", "Complete", "Everything was done, and nothing fails at or above --fail-on.", "Nothing."},
    {"1", "Findings",
     "Findings fail at or above --fail-on; for `test` a test failed, for `lint` something was "
     "found, for `call` AWS refused the call.",
     "`moonward findings list` shows what fails."},
    {"2", "Incomplete",
     "A finding is unknown or an error, a scope could not be read, or the work could not be "
     "finished (network, disk, memory). It goes "
     "before 1, for the number of findings cannot be trusted.",
     "`moonward findings list --status unknown --status error` and the coverage of the report say "
     "what is missing; --allow-incomplete takes 2 out of the game."},
    {"3", "Usage, configuration or rule error",
     "The command line, the configuration or a rule is wrong; nothing was done.",
     "The message names the place and what was expected."},
    {"4", "Credentials", "No usable credentials were found, or they belong to another account than --account says.",
     "`aws sts get-caller-identity` shows who you are; --profile chooses another."},
    {"5", "Refused by a guard", "A guard stands against what was asked.", "The message names the guard."},
    {"6", "Failed items", "Apply or undo finished, and some of its items failed.", "The journal says which."},
    {"130", "Interrupted", "Stopped by SIGINT (Ctrl-C), after a clean end: nothing is half written.", "Run it again."},
    {"143", "Terminated", "Stopped by SIGTERM, after a clean end: nothing is half written.", "Run it again."},
    /* of our own: causes of unknown values and scopes */
    {"ConnectionFailed", "No answer came", "The connection, the name lookup or TLS failed, also after repetitions.",
     "Look at network, proxy (HTTPS_PROXY) and AWS_CA_BUNDLE; a region that is not enabled has no "
     "endpoint that answers."},
    {"Timeout", "The answer took too long", "A deadline passed before AWS answered.",
     "Run it again; a slow proxy or a region far away may be the cause."},
    {"NoCredentials", "No credentials for the call",
     "The credentials could not be loaded or renewed when the call was made.", EXPIRED_REMEDY},
    {"MalformedAnswer", "The answer cannot be read",
     "What came back is not what the service's protocol says: often a proxy's page.",
     "--record DIR keeps the answer; look at it there."},
    {"LimitReached", "More than a ceiling allows",
     "The answer, a text in it or the document went over a ceiling of Moonward's.", "The message names the ceiling."},
    {"UnsupportedByModels", "The models lack the operation",
     "The service models of this binary do not have the operation that the type is read with.",
     "Compile newer models: `moonward models compile`, then --models FILE."},
    {"NotRecorded", "Not in the recording", "A replay was asked for a call that its recording does not have.",
     "Record again with the same rules and regions."},
    {"PagingLoop", "Pages go in circles", "AWS gave a page token that it had given before.",
     "Run it again. What was read so far is kept, and the scope is partial."},
    {"InvalidRequest", "The call cannot be made",
     "The parameters that the type makes do not fit the service's model, or the resource lacks "
     "what the call asks by.",
     "The type's YAML is at fault: docs/reference/resource-types.md."},
    {"Failed", "The call failed", "It failed in a way that has no code of its own.",
     "The message says more; --debug logs each attempt."},
    {"TooManyPages", "More pages than are read",
     "The type limits how many pages of this facet are read; without a limit it is 10,000, so that a list whose page "
     "tokens never end does end.",
     "Raise max_pages in the type, or accept unknown here."},
    {"NotReady", "Not ready in time",
     "A job that prepares the answer (a credential report) did not end within five minutes.",
     "Run it again: the job goes on meanwhile."},
    {"JobFailed", "The preparing job failed", "AWS reports that the job which makes this answer failed.",
     "Run it again; ask the operation by hand with `moonward call`."},
    {"NotReturned", "AWS left the resource out",
     "A describe call gave no item for a resource that the list named: it was deleted meanwhile, "
     "or may not be seen.",
     "Run it again."},
    {"NoIdentity", "An item without id", "The list gave an item that lacks the path which identifies it.",
     "The type's `id` is at fault: docs/reference/resource-types.md."},
    {"NotCollected", "Not asked for", "The facet was not part of this snapshot.",
     "Name it in `needs`, or collect again with the rules that read it."},
    {"Withheld", "Withheld from the store",
     "The value is sensitive (a secret, the variables of an environment, user data), so the store holds a token of it "
     "alone: it tells whether the value changed, and not what it is.",
     "Sweep live to judge by it; `moonward types show` lists such paths, `sensitive: keep` stores them whole."},
    {"NotModelled", "Newer than the service models",
     "A rule read a member that this program's models of AWS do not know, so answers lose it: absent and "
     "present look alike.",
     "Take newer models with --models (`moonward models compile`); `moonward lint` tells whether it is misspelt."},
    {"NotSent", "The answer lacks what AWS always sends",
     "The resource type names the member in `always`; without it the answer is not to be trusted there.",
     "Look at the answer with --record; something between here and AWS may have changed it."},
    {"UnexpectedShape", "The answer has another form",
     "The tags of a resource are no list or map of keys and texts, or its time of creation is no time.",
     "The type's path is at fault: docs/reference/resource-types.md."},
    {"BadExpression", "A path cannot be read", "A JMESPath of the type failed on the answer.",
     "The type's path is at fault: docs/reference/resource-types.md."},
    {"CircuitOpen", "The endpoint was given up for a while",
     "So many calls to this service and region failed in a row that further ones are not sent for "
     "now.",
     "The failures before it say why; run it again later. What was not read is unknown."},
    {"NotDeclared", "Not among what the run may call",
     "The client lets through what the plan of the rules calls and the session itself, the list that `moonward "
     "permissions` "
     "prints; this operation is not among it, and was not sent.",
     "A fault of Moonward: report it, with the operation. What it would have read is unknown."},
    {"BudgetSpent", "The budget of the run was spent",
     "--budget allowed so many requests or dollars; this call was not sent.",
     "Give the run more, or sweep again with --max-age: what was read is then taken from the store."},
    {"RegionDisabled", "The region is not enabled", "The account has not opted in to this region.",
     "Leave it out of --region, or enable it in the account's settings."},
    /* of our own: failures that scripts see */
    {"refused", "Not a read",
     "An audit asked for an operation that is not known to only read. Audits only read, always.",
     "Ask another operation; `moonward call --write` is for people."},
    {"ok", "No failure", "There was none.", "Nothing."},
    {"out of memory", "Out of memory", "An allocation was refused.",
     "More memory, fewer --jobs, fewer regions at once."},
    {"invalid", "Wrong input", "Parameters, an option, a rule or the configuration are not what is expected.",
     "The message names the place and what was expected."},
    {"not found", "Not there", "What was named does not exist.",
     "The message proposes the nearest name when there is one."},
    {"limit reached", "A ceiling was reached", "Something is larger than Moonward handles.",
     "The message names the ceiling."},
    {"malformed", "Not what its format says", "Text or bytes could not be read as what they should be.",
     "The message names the place."},
    {"input/output", "Disk or pipe failed", "Reading or writing failed; the message has the system's reason.",
     "Look at space and permissions."},
    {"network", "No answer came", "The connection, the name lookup or TLS failed.",
     "Look at network, proxy and AWS_CA_BUNDLE."},
    {"timeout", "A deadline passed", "It took longer than it may.", "Run it again."},
    {"AWS error", "AWS answered with an error", "The service refused the call.",
     "`moonward explain` with the code that it gave."},
    {"credentials", "No usable credentials", "None were found, or they belong to another account.", EXPIRED_REMEDY},
    {"unsupported", "Not in this build", "The compiled models or this build lack it.",
     "Newer models (`moonward models compile`) or another build."},
    {"cancelled", "Stopped", "A signal stopped it, after a clean end.", "Run it again."},
    {"script", "A script failed", "Lua reported an error.",
     "The message names file and line; `moonward lint` finds many of them."},
    {"conflict", "Somebody else changed it", "Another process holds or changed what was to be written.",
     "Run it again."},
    {"pending", "Not ready yet", "An answer is still on its way.", "Wait."},
    /* AWS */
    {"AccessDenied", "The permission is missing",
     "AWS refused the call: the role may not do it. What the call would have told is unknown, "
     "never taken as absent.",
     DENIED_REMEDY},
    {"ExpiredToken", "The credentials have expired", "The session of these credentials is over.", EXPIRED_REMEDY},
    {"InvalidClientTokenId", "The access key does not exist",
     "AWS does not know the access key, or the region is not enabled for the account.",
     "Look at the profile; in regions that must be enabled first, at the account's settings."},
    {"SignatureDoesNotMatch", "The signature is wrong",
     "The secret key does not fit the access key, or something between changed the request.",
     "Look at the secret key and at proxies that rewrite requests."},
    {"RequestTimeTooSkewed", "The clock is wrong",
     "This machine's clock differs too much from AWS's. Calls correct themselves; requests for "
     "credentials do not.",
     "Set the clock (NTP)."},
    {"OptInRequired", "Not subscribed or not enabled",
     "The account has not subscribed to the service, or the region is not enabled.",
     "Enable it, or leave the region out."},
    {"UnrecognizedClientException", "The credentials are not valid here",
     "The access key or its session token is not valid in this partition or region.",
     "Look at the profile and the region."},
    {"Throttling", "Too many requests", "AWS limits how fast this API may be called.", THROTTLE_REMEDY},
    {"RequestTimeout", "AWS waited too long", "The service or its identity provider gave up waiting.",
     "It is repeated by itself; run it again when it stays."},
    {"ServiceUnavailable", "The service is not available", "AWS could not answer for now.",
     "It is repeated by itself; run it again later."},
    {"InternalError", "The service failed", "AWS failed inside.", "It is repeated by itself; run it again later."},
    {"ValidationException", "AWS does not accept a parameter", "A parameter has a value that the service refuses.",
     "The message names it."},
    {"ResourceNotFoundException", "The resource is not there", "It was deleted, or lives in another region or account.",
     "Look at the id and the region."},
    {"UnauthorizedSSOTokenError", "The sign-in session is over", "The cached token of IAM Identity Center has expired.",
     "`aws sso login --profile NAME`."},
};

static const struct {
    const char *code, *same_as;
} synonyms[] = {
    {"AccessDeniedException", "AccessDenied"},
    {"UnauthorizedOperation", "AccessDenied"},
    {"AuthorizationError", "AccessDenied"},
    {"AuthorizationErrorException", "AccessDenied"},
    {"NotAuthorized", "AccessDenied"},
    {"Unauthorized", "AccessDenied"},
    {"UnauthorizedException", "AccessDenied"},
    {"Client.UnauthorizedOperation", "AccessDenied"},
    {"AllAccessDisabled", "AccessDenied"},
    {"ForbiddenException", "AccessDenied"},
    {"Forbidden", "AccessDenied"},
    {"403", "AccessDenied"},
    {"ExpiredTokenException", "ExpiredToken"},
    {"RequestExpired", "ExpiredToken"},
    {"TokenRefreshRequired", "ExpiredToken"},
    {"InvalidToken", "UnrecognizedClientException"},
    {"AuthFailure", "UnrecognizedClientException"},
    {"InvalidAccessKeyId", "InvalidClientTokenId"},
    {"InvalidSignatureException", "SignatureDoesNotMatch"},
    {"IncompleteSignature", "SignatureDoesNotMatch"},
    {"OptInRequiredException", "OptInRequired"},
    {"SubscriptionRequiredException", "OptInRequired"},
    {"ThrottlingException", "Throttling"},
    {"ThrottledException", "Throttling"},
    {"RequestThrottledException", "Throttling"},
    {"TooManyRequestsException", "Throttling"},
    {"ProvisionedThroughputExceededException", "Throttling"},
    {"TransactionInProgressException", "Throttling"},
    {"RequestLimitExceeded", "Throttling"},
    {"BandwidthLimitExceeded", "Throttling"},
    {"LimitExceededException", "Throttling"},
    {"RequestThrottled", "Throttling"},
    {"SlowDown", "Throttling"},
    {"PriorRequestNotComplete", "Throttling"},
    {"EC2ThrottledException", "Throttling"},
    {"RequestTimeoutException", "RequestTimeout"},
    {"IDPCommunicationError", "RequestTimeout"},
    {"ServiceUnavailableException", "ServiceUnavailable"},
    {"Unavailable", "ServiceUnavailable"},
    {"InternalFailure", "InternalError"},
    {"InternalServerError", "InternalError"},
    {"InternalServiceError", "InternalError"},
    {"ValidationError", "ValidationException"},
    {"InvalidParameterValue", "ValidationException"},
    {"InvalidParameterException", "ValidationException"},
    {"NoSuchBucket", "ResourceNotFoundException"},
    {"NoSuchEntity", "ResourceNotFoundException"},
    {"NotFoundException", "ResourceNotFoundException"},
    {"net", "network"},
    {"limit", "limit reached"},
};

const mw_explained *mw_explained_codes(size_t *count)
{
    *count = MW_COUNT(codes);
    return codes;
}

const mw_explained *mw_explain_code(const char *code)
{
    for (size_t i = 0; i < MW_COUNT(synonyms); i++)
        if (mw_str_ieq(synonyms[i].code, code))
            code = synonyms[i].same_as;
    for (size_t i = 0; i < MW_COUNT(codes); i++)
        if (mw_str_ieq(codes[i].code, code))
            return &codes[i];
    return NULL;
}
