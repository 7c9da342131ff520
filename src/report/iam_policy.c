/*
 * Policies from actions. A policy is split where the next action would not fit, never silently cut.
 * CloudFormation and Terraform are templates of the same documents, so that what is deployed is
 * what was printed.
 */
#include "report/iam_policy.h"

#include "base/mem.h"
#include "report/value.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SID_MAX 128

static size_t prefix_len(const char *action)
{
    return strcspn(action, ":");
}

static bool same_service(const char *a, const char *b)
{
    size_t n = prefix_len(a);

    return n == prefix_len(b) && memcmp(a, b, n) == 0;
}

/* "access-analyzer" is AccessAnalyzer: a Sid has letters and digits only. */
static void sid_of(const char *action, char out[SID_MAX])
{
    size_t n = prefix_len(action), used = 0;
    bool capital = true;

    for (size_t i = 0; i < n && used + 1 < SID_MAX; i++) {
        if (!isalnum((unsigned char)action[i])) {
            capital = true;
            continue;
        }
        out[used++] = capital ? (char)toupper((unsigned char)action[i]) : action[i];
        capital = false;
    }
    out[used] = '\0';
}

/* ---- size ---- */

static const char frame[] = "{\"Version\":\"2012-10-17\",\"Statement\":[]}";
static const char statement[] = "{\"Sid\":\"\",\"Effect\":\"Allow\",\"Action\":[],\"Resource\":\"*\"}";

/* What the policy grows by with action @p i; commas included. */
static size_t growth(mw_iam_actions a, size_t i)
{
    char sid[SID_MAX];
    size_t size = strlen(a.items[i]) + 2;

    if (i > 0 && same_service(a.items[i - 1], a.items[i]))
        return size + 1;
    sid_of(a.items[i], sid);
    return size + strlen(statement) + strlen(sid) + (i > 0);
}

size_t mw_iam_policy_size(mw_iam_actions a)
{
    size_t size = strlen(frame);

    for (size_t i = 0; i < a.count; i++)
        size += growth(a, i);
    return size;
}

size_t mw_iam_policy_fit(mw_iam_actions a, size_t max)
{
    size_t size = strlen(frame), n = 0;

    while (n < a.count && (size += growth(a, n)) <= max)
        n++;
    return n == 0 && a.count ? 1 : n;
}

/* ---- documents ---- */

void mw_iam_policy_push(mw_doc_builder *b, mw_iam_actions a)
{
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "Version", "2012-10-17");
    mw_doc_ckey(b, "Statement");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < a.count;) {
        size_t first = i;
        char sid[SID_MAX];
        sid_of(a.items[i], sid);
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "Sid", sid);
        mw_doc_member_str(b, "Effect", "Allow");
        mw_doc_ckey(b, "Action");
        mw_doc_begin_array(b);
        for (; i < a.count && same_service(a.items[first], a.items[i]); i++)
            mw_doc_add_cstr(b, a.items[i]);
        mw_doc_end_array(b);
        mw_doc_member_str(b, "Resource", "*");
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
    mw_doc_end_object(b);
}

/* The next policy's share of what is left. */
static mw_iam_actions take(mw_iam_actions *left)
{
    mw_iam_actions one = {left->items, mw_iam_policy_fit(*left, MW_IAM_MANAGED_MAX)};

    left->items += one.count;
    left->count -= one.count;
    return one;
}

size_t mw_iam_policies(mw_iam_actions a)
{
    size_t n = 0;

    for (; a.count > 0; n++)
        (void)take(&a);
    return n;
}

mw_status mw_iam_policy_json(mw_iam_actions a, bool split, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    if (split) {
        mw_doc_begin_array(b);
        while (a.count > 0)
            mw_iam_policy_push(b, take(&a));
        mw_doc_end_array(b);
    } else {
        mw_iam_policy_push(b, a);
    }
    if ((st = mw_doc_builder_status(b, err)) == MW_OK)
        st = mw_value_write(out, mw_doc_view(b), mw_doc_pop(b), MW_VALUE_JSON, NULL, err);
    mw_doc_builder_free(b);
    return st;
}

mw_status mw_iam_policy_session(mw_iam_actions a, mw_buf *out, mw_error *err)
{
    mw_buf_puts(out, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[");
    for (size_t i = 0; i < a.count; i++)
        mw_buf_printf(out, "%s\"%s\"", i ? "," : "", a.items[i]);
    mw_buf_puts(out, "],\"Resource\":\"*\"}]}");
    return mw_buf_status(out, err);
}

/* ---- CloudFormation ---- */

/* "MoonwardPolicy", "MoonwardPolicy2": the first keeps its name when there come to be more. */
static void numbered(char *out, size_t size, const char *name, const char *between, size_t number)
{
    if (number == 1)
        snprintf(out, size, "%s", name);
    else
        snprintf(out, size, "%s%s%zu", name, between, number);
}

size_t mw_iam_policy_resources(mw_doc_builder *b, mw_iam_actions a, const char *role, const char *condition)
{
    size_t count = 0;

    while (a.count > 0) {
        char name[64];
        numbered(name, sizeof(name), "MoonwardPolicy", "", ++count);
        mw_doc_ckey(b, name);
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "Type", "AWS::IAM::ManagedPolicy");
        if (condition)
            mw_doc_member_str(b, "Condition", condition);
        mw_doc_ckey(b, "Properties");
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "Description", "What the enabled rules of Moonward read");
        if (role) {
            mw_doc_ckey(b, "Roles");
            mw_doc_begin_array(b);
            mw_doc_begin_object(b);
            mw_doc_member_str(b, "Ref", role);
            mw_doc_end_object(b);
            mw_doc_end_array(b);
        }
        mw_doc_ckey(b, "PolicyDocument");
        mw_iam_policy_push(b, take(&a));
        mw_doc_end_object(b);
        mw_doc_end_object(b);
    }
    return count;
}

mw_status mw_iam_policy_cloudformation(mw_iam_actions a, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    size_t count;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "AWSTemplateFormatVersion", "2010-09-09");
    mw_doc_member_str(b, "Description", "IAM policies for the enabled rules of Moonward, read-only");
    mw_doc_ckey(b, "Resources");
    mw_doc_begin_object(b);
    count = mw_iam_policy_resources(b, a, NULL, NULL);
    mw_doc_end_object(b);
    mw_doc_ckey(b, "Outputs");
    mw_doc_begin_object(b);
    for (size_t i = 1; i <= count; i++) {
        char output[80], policy[64];
        numbered(policy, sizeof(policy), "MoonwardPolicy", "", i);
        snprintf(output, sizeof(output), "%sArn", policy);
        mw_doc_ckey(b, output);
        mw_doc_begin_object(b);
        mw_doc_ckey(b, "Value");
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "Ref", policy);
        mw_doc_end_object(b);
        mw_doc_end_object(b);
    }
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK)
        st = mw_value_write(out, mw_doc_view(b), mw_doc_pop(b), MW_VALUE_YAML, NULL, err);
    mw_doc_builder_free(b);
    return st;
}

/* ---- Terraform ---- */

mw_status mw_iam_policy_hcl(mw_buf *out, const mw_doc *d, mw_val v, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 22};
    mw_status st = mw_value_json(&text, d, v);

    for (const char *p = text.data ? text.data : "", *end; *p; p = end) {
        end = p + strcspn(p, "\n");
        mw_buf_add(out, p, (size_t)(end - p), NULL);
        if (*end) {
            mw_buf_puts(out, "\n  ");
            end++;
        }
    }
    return st == MW_OK ? mw_buf_status(out, err) : mw_buf_status(&text, err);
}

static mw_status add_document(mw_iam_actions a, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_iam_policy_push(b, a);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK)
        st = mw_iam_policy_hcl(out, mw_doc_view(b), mw_doc_pop(b), err);
    mw_doc_builder_free(b);
    return st;
}

mw_status mw_iam_policy_terraform(mw_iam_actions a, const char *role, mw_buf *out, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 1; a.count > 0 && st == MW_OK; i++) {
        char name[64], policy[64];
        numbered(name, sizeof(name), "moonward", "_", i);
        numbered(policy, sizeof(policy), "MoonwardRead", "", i);
        mw_buf_printf(out,
                      "%sresource \"aws_iam_policy\" \"%s\" {\n  name        = \"%s\"\n"
                      "  description = \"What the enabled rules of Moonward read\"\n  policy = jsonencode(",
                      i > 1 ? "\n" : "", name, policy);
        if ((st = add_document(take(&a), out, err)) != MW_OK)
            return st;
        mw_buf_puts(out, ")\n}\n");
        if (role)
            mw_buf_printf(out,
                          "\nresource \"aws_iam_role_policy_attachment\" \"%s\" {\n  role       = %s.name\n"
                          "  policy_arn = aws_iam_policy.%s.arn\n}\n",
                          name, role, name);
        st = mw_buf_status(out, err);
    }
    return st;
}
