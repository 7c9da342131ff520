/*
 * Which operations count as reads, over every operation of the pack: a name that begins with a verb of
 * change never does, a read that changes, mints secrets or opens sessions is in the table of exceptions, and
 * what is in a table is there for a reason that holds. Audits and `moonward call` stand on this.
 */
#include "aws/client.h"
#include "aws/readonly.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

/* First words of operations that change something, or may. */
static const char *const changing[] = {
    "Accept",      "Activate",     "Add",         "Advertise",  "Allocate",    "Apply",      "Approve",
    "Archive",     "Assign",       "Associate",   "Assume",     "Attach",      "Authorize",  "BatchCreate",
    "BatchDelete", "BatchDisable", "BatchEnable", "BatchPut",   "BatchUpdate", "BatchWrite", "Begin",
    "Bundle",      "Cancel",       "Change",      "Clear",      "Clone",       "Close",      "Commit",
    "Complete",    "Configure",    "Confirm",     "Connect",    "Convert",     "Copy",       "Create",
    "Deactivate",  "Deauthorize",  "Decline",     "Decrypt",    "Decrease",    "Delete",     "Deliver",
    "Deploy",      "Deprecate",    "Deprovision", "Deregister", "Detach",      "Disable",    "Disassociate",
    "Disconnect",  "Dismiss",      "Dispose",     "Drop",       "Enable",      "Encrypt",    "Evict",
    "Exchange",    "Execute",      "Exit",        "Export",     "Extend",      "Failover",   "Finalize",
    "Flush",       "Forget",       "Grant",       "Import",     "Increase",    "Initialize", "Initiate",
    "Install",     "Invalidate",   "Invite",      "Invoke",     "Issue",       "Join",       "Launch",
    "Leave",       "Link",         "Lock",        "Merge",      "Migrate",     "Modify",     "Monitor",
    "Move",        "Notify",       "Open",        "Overwrite",  "Pause",       "Poll",       "Post",
    "Promote",     "Provision",    "Publish",     "Purchase",   "Purge",       "Push",       "Put",
    "ReEncrypt",   "Reactivate",   "Reboot",      "Rebuild",    "Receive",     "Reconnect",  "Record",
    "Recover",     "Redact",       "Refresh",     "Register",   "Reject",      "Release",    "Remove",
    "Rename",      "Renew",        "Reorder",     "Replace",    "Report",      "Request",    "Resend",
    "Reset",       "Resize",       "Resolve",     "Restart",    "Restore",     "Resume",     "Resync",
    "Retire",      "Retry",        "Revoke",      "Rollback",   "Rotate",      "Run",        "Schedule",
    "Send",        "Set",          "Share",       "Shutdown",   "Sign",        "Skip",       "Split",
    "Start",       "Stop",         "Submit",      "Subscribe",  "Suspend",     "Swap",       "Switch",
    "Sync",        "Tag",          "Terminate",   "Transact",   "Transfer",    "Trigger",    "Unarchive",
    "Unassign",    "Undeploy",     "Unlink",      "Unlock",     "Unmonitor",   "Unregister", "Unshare",
    "Unsubscribe", "Untag",        "Update",      "Upgrade",    "Upload",      "Upsert",     "Vote",
    "Withdraw",    "Write",
};

/* What the two tests below find and what is yet a read, by the service's own documentation. */
static const char *const known[] = {
    "tnb:ValidateSolFunctionPackageContent",                                /* a dry run before the upload */
    "tnb:ValidateSolNetworkPackageContent", "iam:GetAccountPasswordPolicy", /* what passwords must be like */
    "secretsmanager:GetRandomPassword",                                     /* random characters that open nothing */
};

static bool is_known(const mw_service *s, const mw_operation *op)
{
    char name[128];

    snprintf(name, sizeof(name), "%s:%s", mw_service_name(s), mw_operation_name(op));
    for (size_t i = 0; i < MW_COUNT(known); i++)
        if (strcmp(known[i], name) == 0)
            return true;
    return false;
}

/* The verb must be a whole word: "Put" is none of "Putty". */
static bool begins_with(const char *name, const char *verb)
{
    size_t n = strlen(verb);

    return strncmp(name, verb, n) == 0 && !(name[n] >= 'a' && name[n] <= 'z');
}

static void every_change_is_refused(void **state)
{
    const mw_models *m;
    size_t seen = 0, reads = 0, changes = 0, wrong = 0;

    (void)state;
    assert_int_equal(mw_models_builtin(&m, NULL), MW_OK);
    for (size_t i = 0; i < mw_models_service_count(m); i++) {
        const mw_service *s = mw_models_service_at(m, i);
        for (size_t k = 0; k < mw_service_operation_count(s); k++) {
            const mw_operation *op = mw_service_operation_at(s, k);
            bool read = mw_operation_read_only(op);
            seen++;
            reads += read;
            for (size_t v = 0; v < MW_COUNT(changing); v++) {
                if (!begins_with(mw_operation_name(op), changing[v]))
                    continue;
                changes++;
                if (read) {
                    print_error("%s:%s counts as a read\n", mw_service_name(s), mw_operation_name(op));
                    wrong++;
                }
                break;
            }
        }
    }
    print_message("%zu operations: %zu read, %zu begin with a verb of change, %zu others are refused too\n", seen,
                  reads, changes, seen - reads - changes);
    assert_int_equal(wrong, 0);
    assert_true(seen > 8000 && changes > 4000);
}

/* Of all operations that count as reads and are not known exceptions: those that @p wrong finds fault with. */
static size_t count_wrong(bool (*wrong)(const mw_operation *op))
{
    const mw_models *m;
    size_t n = 0;

    assert_int_equal(mw_models_builtin(&m, NULL), MW_OK);
    for (size_t i = 0; i < mw_models_service_count(m); i++) {
        const mw_service *s = mw_models_service_at(m, i);
        for (size_t k = 0; k < mw_service_operation_count(s); k++) {
            const mw_operation *op = mw_service_operation_at(s, k);
            if (!mw_operation_read_only(op) || is_known(s, op) || !wrong(op))
                continue;
            print_error("%s:%s counts as a read and is a %s\n", mw_service_name(s), mw_operation_name(op),
                        mw_operation_method(op));
            n++;
        }
    }
    return n;
}

static bool sent_to_change(const mw_operation *op)
{
    const char *method = mw_operation_method(op);

    return !mw_str_eq(method, "POST") && !mw_str_eq(method, "GET") && !mw_str_eq(method, "HEAD");
}

/* HTTP says of some that they change: what a REST service sends by PUT, PATCH or DELETE is no read. */
static void http_agrees(void **state)
{
    (void)state;
    assert_int_equal(count_wrong(sent_to_change), 0);
}

static bool gets_a_secret(const mw_operation *op)
{
    static const char *const words[] = {"Credentials",        "Password",     "SecretValue",
                                        "AuthorizationToken", "SessionToken", "FederationToken",
                                        "PresignedU",         "EmbedUrl",     "UploadUrl"};

    for (size_t w = 0; mw_str_starts(mw_operation_name(op), "Get") && w < MW_COUNT(words); w++)
        if (strstr(mw_operation_name(op), words[w]))
            return true;
    return false;
}

/* Names in which a secret or a session usually is: each is refused, or known to hold none. */
static void secrets_are_refused(void **state)
{
    (void)state;
    assert_int_equal(count_wrong(gets_a_secret), 0);
}

/* A person may ask for a secret without --write; a script may not, and neither may change something. */
static void secrets_change_nothing(void **state)
{
    static const struct {
        const char *service, *operation;
        bool nothing, reads, secret;
    } rows[] = {
        {"secretsmanager", "GetSecretValue", true, false, true},
        {"ec2", "GetPasswordData", true, false, true},
        {"sts", "GetSessionToken", true, false, true},
        {"iam", "ListUsers", true, true, false},
        {"iam", "GenerateCredentialReport", true, true, false},
        {"redshift", "GetClusterCredentials", false, false, true},
        {"timestream-query", "Query", false, false, false},
        {"iam", "CreateAccessKey", false, false, true},
        {"s3", "DeleteBucket", false, false, false},
    };
    const mw_models *m;

    (void)state;
    assert_int_equal(mw_models_builtin(&m, NULL), MW_OK);
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const mw_operation *op = mw_service_operation(mw_models_service(m, rows[i].service), rows[i].operation);
        assert_non_null(op);
        if (mw_operation_changes_nothing(op) != rows[i].nothing || mw_operation_read_only(op) != rows[i].reads ||
            mw_operation_returns_secret(op) != rows[i].secret)
            fail_msg("%s:%s", rows[i].service, rows[i].operation);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_change_is_refused), cmocka_unit_test(http_agrees),
                                       cmocka_unit_test(secrets_are_refused), cmocka_unit_test(secrets_change_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
