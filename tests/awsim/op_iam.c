/*
 * IAM, STS and RDS: the query protocol.
 *
 * Lists of one account; GetAccountAuthorizationDetails walks users, groups, roles and policies as
 * one list, cut into pages. Secrets of AssumeRole are real for this server only.
 */
#include "awsim.h"

#include <stdio.h>
#include <stdlib.h>

#define POLICY_ALL                                                                                                     \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}"
#define POLICY_READ                                                                                                    \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"*\"}]}"
#define TRUST_EC2                                                                                                      \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":"                     \
    "\"ec2.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}"

static struct scope here(const struct call *c, enum kind kind)
{
    return scope_of(c->world, kind, c->account, c->region);
}

static bool find_user(struct call *c, struct scope *s, struct thing *t)
{
    uint64_t index;
    *s = here(c, K_USER);
    if (thing_of_name(s, param(c->params, "UserName"), &index)) {
        *t = thing_of(s, index);
        return true;
    }
    fail(c, 404, "NoSuchEntity", "The user with this name cannot be found.", "");
    return false;
}

/* ---- STS ------------------------------------------------------------------------------------------------ */

static void get_caller_identity(struct call *c)
{
    say(c->out, "<Arn>$s</Arn><UserId>$s</UserId><Account>$s</Account>", S(c->caller), S(c->caller_id),
        S(c->account_id));
}

static void assume_role(struct call *c)
{
    mw_str arn = param(c->params, "RoleArn"), session = param(c->params, "RoleSessionName");
    long long account = 0, seconds = str_number(param(c->params, "DurationSeconds"), 3600);
    bool good = arn.len > 31 && memcmp(arn.data, "arn:aws:iam::", 13) == 0 &&
                mw_parse_int(arn.data + 13, 12, &account) && memcmp(arn.data + 25, ":role/", 6) == 0;
    good = good && session.len >= 2 && session.len <= 63 && !memchr(session.data, ' ', session.len);
    if (!good || seconds < 900 || seconds > 43200) {
        fail(c, 400, "ValidationError", "RoleArn, RoleSessionName or DurationSeconds is not valid", "");
        return;
    }
    if (account < (long long)FIRST_ACCOUNT || account >= (long long)FIRST_ACCOUNT + (long long)c->world->accounts) {
        fail(c, 403, "AccessDenied", "User is not authorized to perform: sts:AssumeRole on this role", "");
        return;
    }
    char key[21], secret[41], token[SESSION_TOKEN_SIZE], name[64], role[65];
    uint32_t target = (uint32_t)(account - (long long)FIRST_ACCOUNT);
    snprintf(name, sizeof name, "%.*s", (int)session.len, session.data);
    snprintf(role, sizeof role, "%.*s", (int)(arn.len - 31 < 64 ? arn.len - 31 : 64), arn.data + 31);
    access_key_of(key, target, true);
    session_token(token, c->world, target, c->now + seconds, name);
    secret_of(secret, c->world, mw_str_of(token));
    say(c->out,
        "<Credentials><AccessKeyId>$s</AccessKeyId><SecretAccessKey>$s</SecretAccessKey><SessionToken>$s"
        "</SessionToken><Expiration>$t</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>"
        "AROAMW0000000000000:$x</AssumedRoleId><Arn>arn:aws:sts::$d:assumed-role/$x/$x</Arn>"
        "</AssumedRoleUser>",
        S(key), S(secret), S(token), U((uint64_t)(c->now + seconds)), S(name), U((uint64_t)account), S(role), S(name));
}

/* ---- the account's own ------------------------------------------------------------------------------------ */

static void get_account_summary(struct call *c)
{
    struct scope users = here(c, K_USER), roles = here(c, K_ROLE);
    say(c->out,
        "<SummaryMap><entry><key>Users</key><value>$d</value></entry><entry><key>Roles</key><value>$d"
        "</value></entry><entry><key>AccountMFAEnabled</key><value>$d</value></entry><entry>"
        "<key>AccountAccessKeysPresent</key><value>0</value></entry><entry>"
        "<key>AccountSigningCertificatesPresent</key><value>0</value></entry></SummaryMap>",
        U(users.count), U(roles.count), U(users.key & 1));
}

static void get_password_policy(struct call *c)
{
    if (here(c, K_USER).key % 5 == 0) {
        fail(c, 404, "NoSuchEntity", "The Password Policy with domain name cannot be found.", "");
        return;
    }
    text(c->out, "<PasswordPolicy><MinimumPasswordLength>14</MinimumPasswordLength><RequireSymbols>true"
                 "</RequireSymbols><RequireNumbers>true</RequireNumbers><RequireUppercaseCharacters>true"
                 "</RequireUppercaseCharacters><RequireLowercaseCharacters>true</RequireLowercaseCharacters>"
                 "<AllowUsersToChangePassword>true</AllowUsersToChangePassword><ExpirePasswords>true"
                 "</ExpirePasswords><MaxPasswordAge>90</MaxPasswordAge><PasswordReusePrevention>24"
                 "</PasswordReusePrevention><HardExpiry>false</HardExpiry></PasswordPolicy>");
}

static void generate_credential_report(struct call *c)
{
    text(c->out, "<State>COMPLETE</State><Description>No report exists. Starting a new one</Description>");
}

static void get_credential_report(struct call *c)
{
    struct scope s = here(c, K_USER);
    mw_buf csv = {0};
    say(&csv,
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
        "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
        "access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,"
        "access_key_2_last_used_date\n<root_account>,arn:aws:iam::$s:root,2020-01-01T00:00:00+00:00,"
        "not_supported,no_information,not_supported,not_supported,true,false,N/A,N/A,false,N/A,N/A",
        S(c->account_id));
    for (uint64_t i = s.first; i < s.first + s.count; i++) {
        struct thing t = thing_of(&s, i);
        char name[NAME_SIZE];
        unsigned keys = fact(&t, F_KEYS);
        bool console = fact(&t, F_CONSOLE) != 0;
        thing_name(name, &t);
        say(&csv, "\n$s,arn:aws:iam::$s:user/$s,$t,$s,$s,$s,N/A,$s,$s,$s,N/A,$s,$s,N/A", S(name), S(c->account_id),
            S(name), U(thing_created(&t)), S(console ? "true" : "false"),
            S(console ? "2026-01-01T00:00:00+00:00" : "N/A"), S(console ? "2025-06-01T00:00:00+00:00" : "N/A"),
            S(fact(&t, F_MFA) ? "true" : "false"), S(keys > 0 ? "true" : "false"),
            S(keys > 0 ? "2025-06-01T00:00:00+00:00" : "N/A"), S(keys > 1 ? "true" : "false"),
            S(keys > 1 ? "2025-06-01T00:00:00+00:00" : "N/A"));
    }
    text(c->out, "<Content>");
    (void)mw_base64_encode(c->out, csv.data, csv.len);
    say(c->out, "</Content><ReportFormat>text/csv</ReportFormat><GeneratedTime>$t</GeneratedTime>",
        U((uint64_t)c->now));
    mw_buf_clear(&csv);
}

/* ---- users, groups, roles, policies ------------------------------------------------------------------------ */

static void user_head(struct call *c, const struct thing *t)
{
    char name[NAME_SIZE];
    thing_name(name, t);
    say(c->out,
        "<member><Path>/</Path><UserName>$s</UserName><UserId>AIDA$H</UserId><Arn>arn:aws:iam::$s:user/$s"
        "</Arn><CreateDate>$t</CreateDate>",
        S(name), U(thing_id(t->scope, t->index)), S(c->account_id), S(name), U(thing_created(t)));
}

static void tag(struct call *c, const struct thing *t)
{
    if (draw(t, 1, 2))
        say(c->out, "<Tags><member><Key>Owner</Key><Value>$s</Value></member></Tags>",
            S(hostile_names[draw(t, 2, HOSTILE_NAMES)].xml));
}

static void user_detail(struct call *c, const struct thing *t)
{
    user_head(c, t);
    text(c->out, "<UserPolicyList>");
    if (draw(t, 10, 5) == 0)
        say(c->out, "<member><PolicyName>inline</PolicyName><PolicyDocument>$p</PolicyDocument></member>",
            S(POLICY_READ));
    text(c->out, "</UserPolicyList><GroupList>");
    struct scope groups = here(c, K_GROUP);
    if (groups.count)
        say(c->out, "<member>group-$d</member>", U(draw(t, 11, (unsigned)groups.count)));
    text(c->out, "</GroupList><AttachedManagedPolicies>");
    if (draw(t, 12, 5) == 0)
        text(c->out, "<member><PolicyName>ReadOnlyAccess</PolicyName><PolicyArn>arn:aws:iam::aws:policy/"
                     "ReadOnlyAccess</PolicyArn></member>");
    text(c->out, "</AttachedManagedPolicies>");
    tag(c, t);
    text(c->out, "</member>");
}

static void group_detail(struct call *c, const struct thing *t)
{
    say(c->out,
        "<member><Path>/</Path><GroupName>group-$d</GroupName><GroupId>AGPA$H</GroupId><Arn>"
        "arn:aws:iam::$s:group/group-$d</Arn><CreateDate>$t</CreateDate><GroupPolicyList/>"
        "<AttachedManagedPolicies/></member>",
        U(t->index), U(thing_id(t->scope, t->index)), S(c->account_id), U(t->index), U(thing_created(t)));
}

static void role_detail(struct call *c, const struct thing *t)
{
    say(c->out,
        "<member><Path>/</Path><RoleName>role-$d</RoleName><RoleId>AROA$H</RoleId><Arn>arn:aws:iam::$s"
        ":role/role-$d</Arn><CreateDate>$t</CreateDate><AssumeRolePolicyDocument>$p"
        "</AssumeRolePolicyDocument><InstanceProfileList/><RolePolicyList/><AttachedManagedPolicies/>",
        U(t->index), U(thing_id(t->scope, t->index)), S(c->account_id), U(t->index), U(thing_created(t)), S(TRUST_EC2));
    tag(c, t);
    text(c->out, "<RoleLastUsed/></member>");
}

static void policy_detail(struct call *c, const struct thing *t)
{
    say(c->out,
        "<member><PolicyName>policy-$d</PolicyName><PolicyId>ANPA$H</PolicyId><Arn>arn:aws:iam::$s:policy/"
        "policy-$d</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>$d"
        "</AttachmentCount><PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount>"
        "<IsAttachable>true</IsAttachable><CreateDate>$t</CreateDate><UpdateDate>$t</UpdateDate>"
        "<PolicyVersionList><member><Document>$p</Document><VersionId>v1</VersionId><IsDefaultVersion>true"
        "</IsDefaultVersion><CreateDate>$t</CreateDate></member></PolicyVersionList></member>",
        U(t->index), U(thing_id(t->scope, t->index)), S(c->account_id), U(t->index), U(draw(t, 10, 4)),
        U(thing_created(t)), U(thing_created(t)), S(fact(t, F_ADMIN) ? POLICY_ALL : POLICY_READ), U(thing_created(t)));
}

static struct page iam_page(struct call *c)
{
    return page_of(c, param(c->params, "Marker"), param(c->params, "MaxItems"), 1, 1000, 100, "ValidationError");
}

static void iam_more(struct call *c, bool more, uint64_t next)
{
    char token[TOKEN_SIZE];
    if (more)
        say(c->out, "<IsTruncated>true</IsTruncated><Marker>$s</Marker>", S(token_for(c, token, next)));
    else
        text(c->out, "<IsTruncated>false</IsTruncated>");
}

static void get_authorization_details(struct call *c)
{
    static const struct {
        enum kind kind;
        const char *element, *filter;
        void (*item)(struct call *c, const struct thing *t);
    } parts[] = {
        {K_USER, "UserDetailList", "User", user_detail},
        {K_GROUP, "GroupDetailList", "Group", group_detail},
        {K_ROLE, "RoleDetailList", "Role", role_detail},
        {K_POLICY, "Policies", "LocalManagedPolicy", policy_detail},
    };
    struct page p = iam_page(c);
    if (!p.good)
        return;
    uint64_t begin = 0, total = 0;
    for (size_t i = 0; i < MW_COUNT(parts); i++) {
        struct scope s = here(c, parts[i].kind);
        bool asked = !param(c->params, "Filter.member.1").data;
        for (size_t k = 0; k < c->params->count; k++)
            asked |=
                str_has(c->params->list[k].key, "Filter.member.") && str_is(c->params->list[k].value, parts[i].filter);
        say(c->out, "<$s>", S(parts[i].element));
        uint64_t count = asked ? s.count : 0;
        total += count;
        for (uint64_t n = 0; n < count; n++) {
            if (begin + n < p.from || begin + n >= p.from + p.size)
                continue;
            struct thing t = thing_of(&s, s.first + n);
            parts[i].item(c, &t);
        }
        begin += count;
        say(c->out, "</$s>", S(parts[i].element));
    }
    iam_more(c, p.from + p.size < total, p.from + p.size);
}

static void list_users(struct call *c)
{
    struct page p = iam_page(c);
    struct scope s = here(c, K_USER);
    if (!p.good)
        return;
    text(c->out, "<Users>");
    for (uint64_t i = p.from; i < s.count && i < p.from + p.size; i++) {
        struct thing t = thing_of(&s, s.first + i);
        user_head(c, &t);
        text(c->out, "</member>");
    }
    text(c->out, "</Users>");
    iam_more(c, p.from + p.size < s.count, p.from + p.size);
}

static void list_access_keys(struct call *c)
{
    struct scope users, keys = here(c, K_ACCESS_KEY);
    struct thing u;
    if (!find_user(c, &users, &u))
        return;
    text(c->out, "<AccessKeyMetadata>");
    for (uint64_t k = 0; k < fact(&u, F_KEYS); k++) {
        char name[NAME_SIZE], user[NAME_SIZE];
        struct thing t = thing_of(&keys, u.index * 2 + k);
        thing_name(name, &t);
        thing_name(user, &u);
        say(c->out,
            "<member><UserName>$s</UserName><AccessKeyId>$s</AccessKeyId><Status>$s</Status><CreateDate>$t"
            "</CreateDate></member>",
            S(user), S(name), S(draw(&t, 10, 4) ? "Active" : "Inactive"), U(thing_created(&t)));
    }
    text(c->out, "</AccessKeyMetadata><IsTruncated>false</IsTruncated>");
}

static void get_access_key_last_used(struct call *c)
{
    struct scope keys = here(c, K_ACCESS_KEY), users = here(c, K_USER);
    uint64_t index;
    if (!thing_of_name(&keys, param(c->params, "AccessKeyId"), &index)) {
        fail(c, 403, "AccessDenied", "User is not authorized to perform: iam:GetAccessKeyLastUsed", "");
        return;
    }
    struct thing t = thing_of(&keys, index), u = thing_of(&users, index / 2);
    char user[NAME_SIZE];
    thing_name(user, &u);
    say(c->out, "<UserName>$s</UserName><AccessKeyLastUsed>", S(user));
    if (draw(&t, 11, 3))
        say(c->out, "<LastUsedDate>$t</LastUsedDate><ServiceName>s3</ServiceName><Region>us-east-1</Region>",
            U((uint64_t)c->now - 86400 * (uint64_t)draw(&t, 12, 200)));
    else
        text(c->out, "<ServiceName>N/A</ServiceName><Region>N/A</Region>");
    text(c->out, "</AccessKeyLastUsed>");
}

static void list_mfa_devices(struct call *c)
{
    struct scope users;
    struct thing u;
    char name[NAME_SIZE];
    if (!find_user(c, &users, &u))
        return;
    thing_name(name, &u);
    text(c->out, "<MFADevices>");
    if (fact(&u, F_MFA))
        say(c->out,
            "<member><UserName>$s</UserName><SerialNumber>arn:aws:iam::$s:mfa/mfa-$d</SerialNumber>"
            "<EnableDate>$t</EnableDate></member>",
            S(name), S(c->account_id), U(u.index), U(thing_created(&u)));
    text(c->out, "</MFADevices><IsTruncated>false</IsTruncated>");
}

static void list_virtual_mfa_devices(struct call *c)
{
    struct page p = iam_page(c);
    struct scope s = here(c, K_VIRTUAL_MFA), users = here(c, K_USER);
    bool none = str_is(param(c->params, "AssignmentStatus"), "Unassigned");
    if (!p.good)
        return;
    text(c->out, "<VirtualMFADevices>");
    uint64_t at = p.from, n = 0;
    for (; at < s.count && n < p.size; at++) {
        struct thing t = thing_of(&s, s.first + at), u = thing_of(&users, s.first + at);
        char name[NAME_SIZE];
        if (none || !thing_exists(&t))
            continue;
        thing_name(name, &t);
        say(c->out, "<member><SerialNumber>$s</SerialNumber><EnableDate>$t</EnableDate><User>", S(name),
            U(thing_created(&t)));
        thing_name(name, &u);
        say(c->out,
            "<Path>/</Path><UserName>$s</UserName><UserId>AIDA$H</UserId><Arn>arn:aws:iam::$s:user/$s</Arn>"
            "<CreateDate>$t</CreateDate></User></member>",
            S(name), U(thing_id(&users, u.index)), S(c->account_id), S(name), U(thing_created(&u)));
        n++;
    }
    text(c->out, "</VirtualMFADevices>");
    iam_more(c, at < s.count, at);
}

static void list_entities_for_policy(struct call *c)
{
    struct scope roles = here(c, K_ROLE);
    text(c->out, "<PolicyGroups/><PolicyUsers/><PolicyRoles>");
    if (roles.count && str_has(param(c->params, "PolicyArn"), "AWSSupportAccess") && roles.key & 1)
        say(c->out, "<member><RoleName>role-0</RoleName><RoleId>AROA$H</RoleId></member>", U(thing_id(&roles, 0)));
    text(c->out, "</PolicyRoles><IsTruncated>false</IsTruncated>");
}

/* ---- RDS -------------------------------------------------------------------------------------------------------- */

static void db_instance(struct call *c, const struct thing *t)
{
    char name[NAME_SIZE];
    thing_name(name, t);
    say(c->out,
        "<DBInstance><DBInstanceIdentifier>$s</DBInstanceIdentifier><DBInstanceClass>db.t3.small"
        "</DBInstanceClass><Engine>$s</Engine><EngineVersion>16.3</EngineVersion><DBInstanceStatus>available"
        "</DBInstanceStatus><MasterUsername>admin</MasterUsername><Endpoint><Address>$s.example.$s"
        ".rds.amazonaws.com</Address><Port>5432</Port></Endpoint><AllocatedStorage>$d</AllocatedStorage>"
        "<InstanceCreateTime>$T</InstanceCreateTime><BackupRetentionPeriod>$d</BackupRetentionPeriod>",
        S(name), S(draw_fixed(t, 10, 2) ? "postgres" : "mysql"), S(name), S(c->region_name), U(20 + draw(t, 11, 500)),
        U(thing_created(t)), U(fact(t, F_RETENTION)));
    say(c->out,
        "<DBSecurityGroups/><MultiAZ>$s</MultiAZ><AutoMinorVersionUpgrade>$s</AutoMinorVersionUpgrade>"
        "<PubliclyAccessible>$s</PubliclyAccessible><StorageEncrypted>$s</StorageEncrypted><StorageType>gp3"
        "</StorageType><DeletionProtection>true</DeletionProtection><DBInstanceArn>arn:aws:rds:$s:$s:db:$s"
        "</DBInstanceArn><TagList><Tag><Key>Note</Key><Value>$s</Value></Tag></TagList></DBInstance>",
        S(draw(t, 12, 2) ? "true" : "false"), S(draw(t, 13, 4) ? "true" : "false"),
        S(fact(t, F_PUBLIC) ? "true" : "false"), S(fact(t, F_ENCRYPTED) ? "true" : "false"), S(c->region_name),
        S(c->account_id), S(name), S(hostile_names[draw(t, 14, HOSTILE_NAMES)].xml));
}

static void describe_db_instances(struct call *c)
{
    struct scope s = here(c, K_DB_INSTANCE);
    mw_str one = param(c->params, "DBInstanceIdentifier");
    struct page p =
        page_of(c, param(c->params, "Marker"), param(c->params, "MaxRecords"), 20, 100, 100, "InvalidParameterValue");
    uint64_t index = 0;
    if (!p.good)
        return;
    if (one.data && !thing_of_name(&s, one, &index)) {
        fail(c, 404, "DBInstanceNotFound", "The DB instance is not found.", "");
        return;
    }
    text(c->out, "<DBInstances>");
    if (one.data) {
        struct thing t = thing_of(&s, index);
        db_instance(c, &t);
    }
    uint64_t at = one.data ? s.count : p.from;
    for (uint64_t n = 0; at < s.count && n < p.size; at++, n++) {
        struct thing t = thing_of(&s, s.first + at);
        db_instance(c, &t);
    }
    text(c->out, "</DBInstances>");
    char token[TOKEN_SIZE];
    if (at < s.count)
        say(c->out, "<Marker>$s</Marker>", S(token_for(c, token, at)));
}

const struct operation iam_operations[] = {
    {"sts", "GetCallerIdentity", get_caller_identity},
    {"sts", "AssumeRole", assume_role},
    {"iam", "GetAccountAuthorizationDetails", get_authorization_details},
    {"iam", "ListUsers", list_users},
    {"iam", "ListAccessKeys", list_access_keys},
    {"iam", "GetAccessKeyLastUsed", get_access_key_last_used},
    {"iam", "GetAccountSummary", get_account_summary},
    {"iam", "GetAccountPasswordPolicy", get_password_policy},
    {"iam", "GenerateCredentialReport", generate_credential_report},
    {"iam", "GetCredentialReport", get_credential_report},
    {"iam", "ListMFADevices", list_mfa_devices},
    {"iam", "ListVirtualMFADevices", list_virtual_mfa_devices},
    {"iam", "ListEntitiesForPolicy", list_entities_for_policy},
    {"rds", "DescribeDBInstances", describe_db_instances},
    {NULL, NULL, NULL},
};
