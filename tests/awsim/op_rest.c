/*
 * REST with JSON: Lambda's functions and the account's contacts.
 */
#include "awsim.h"

#include <stdio.h>
#include <stdlib.h>

static struct scope functions(const struct call *c)
{
    return scope_of(c->world, K_FUNCTION, c->account, c->region);
}

static void list_functions(struct call *c)
{
    static const char *const runtimes[] = {"python3.13", "nodejs22.x", "python2.7", "provided.al2023"};
    struct scope s = functions(c);
    struct page p = page_of(c, param(c->params, "Marker"), param(c->params, "MaxItems"), 1, 10000, 50,
                            "InvalidParameterValueException");
    if (!p.good)
        return;
    p.size = p.size > 50 ? 50 : p.size; /* more may be asked for, 50 is what a page has */
    text(c->out, "{\"Functions\":[");
    uint64_t at = p.from;
    for (uint64_t n = 0; at < s.count && n < p.size; at++, n++) {
        struct thing t = thing_of(&s, s.first + at);
        char name[NAME_SIZE];
        thing_name(name, &t);
        say(c->out,
            "$s{\"FunctionName\":\"$s\",\"FunctionArn\":\"arn:aws:lambda:$s:$s:function:$s\",\"Runtime\":\"$s\","
            "\"Role\":\"arn:aws:iam::$s:role/role-0\",\"Handler\":\"f.handler\",\"CodeSize\":$d,\"Description\":"
            "\"$s\",\"Timeout\":3,\"MemorySize\":128,\"LastModified\":\"2025-01-02T03:04:05.000+0000\","
            "\"CodeSha256\":\"YXdzaW0=\",\"Version\":\"$$LATEST\",\"TracingConfig\":{\"Mode\":\"PassThrough\"},"
            "\"RevisionId\":\"$h\",\"PackageType\":\"Zip\",\"Architectures\":[\"x86_64\"],\"EphemeralStorage\":"
            "{\"Size\":512}}",
            S(n ? "," : ""), S(name), S(c->region_name), S(c->account_id), S(name), S(runtimes[draw(&t, 10, 4)]),
            S(c->account_id), U(1000 + draw(&t, 11, 100000)), S(hostile_names[draw(&t, 12, HOSTILE_NAMES)].json),
            U(t.now));
    }
    char token[TOKEN_SIZE];
    if (at < s.count)
        say(c->out, "],\"NextMarker\":\"$s\"}", S(token_for(c, token, at)));
    else
        text(c->out, "]}");
}

static bool find_function(struct call *c, struct scope *s, struct thing *t, char name[NAME_SIZE])
{
    uint64_t index;
    *s = functions(c);
    if (!thing_of_name(s, c->rest, &index)) {
        fail(c, 404, "ResourceNotFoundException", "Function not found", "");
        return false;
    }
    *t = thing_of(s, index);
    thing_name(name, t);
    return true;
}

static void get_policy(struct call *c)
{
    struct scope s;
    struct thing t;
    char name[NAME_SIZE], policy[512];
    if (!find_function(c, &s, &t, name))
        return;
    if (!fact(&t, F_PUBLIC) && draw(&t, 13, 2)) {
        fail(c, 404, "ResourceNotFoundException", "The resource you requested does not exist.", "");
        return;
    }
    snprintf(policy, sizeof policy,
             "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"x\",\"Effect\":\"Allow\",\"Principal\":%s,"
             "\"Action\":\"lambda:InvokeFunction\",\"Resource\":\"arn:aws:lambda:%s:%s:function:%s\"}]}",
             fact(&t, F_PUBLIC) ? "\"*\"" : "{\"AWS\":\"arn:aws:iam::111122223333:root\"}", c->region_name,
             c->account_id, name);
    say(c->out, "{\"Policy\":\"$j\",\"RevisionId\":\"$h\"}", S(policy), U(t.now));
}

static void list_urls(struct call *c)
{
    struct scope s;
    struct thing t;
    char name[NAME_SIZE];
    if (!find_function(c, &s, &t, name))
        return;
    text(c->out, "{\"FunctionUrlConfigs\":[");
    if (draw(&t, 14, 3) == 0)
        say(c->out,
            "{\"FunctionUrl\":\"https://$h.lambda-url.$s.on.aws/\",\"FunctionArn\":\"arn:aws:lambda:$s:$s:"
            "function:$s\",\"CreationTime\":\"$t\",\"LastModifiedTime\":\"$t\",\"AuthType\":\"$s\",\"InvokeMode\":"
            "\"BUFFERED\"}",
            U(t.fixed), S(c->region_name), S(c->region_name), S(c->account_id), S(name), U(thing_created(&t)),
            U(thing_created(&t)), S(draw(&t, 15, 3) ? "AWS_IAM" : "NONE"));
    text(c->out, "]}");
}

static void get_alternate_contact(struct call *c)
{
    mw_str type = JSON_PARAM(c, "AlternateContactType");
    struct scope s = scope_of(c->world, K_USER, c->account, 0);
    if (!str_is(type, "SECURITY") || s.key % 2) {
        fail(c, 404, "ResourceNotFoundException", "No contact of the inputted alternate contact type found.", "");
        return;
    }
    say(c->out,
        "{\"AlternateContact\":{\"AlternateContactType\":\"SECURITY\",\"EmailAddress\":\"security@example.com\","
        "\"Name\":\"$s\",\"PhoneNumber\":\"+1 555 0100\",\"Title\":\"CISO\"}}",
        S(hostile_names[s.key % HOSTILE_NAMES].json));
}

const char *rest_route(struct call *c)
{
    const struct request *r = c->request;
    if (strcmp(c->service, "account") == 0)
        return str_is(r->method, "POST") && str_is(r->path, "/getAlternateContact") ? "GetAlternateContact" : NULL;
    static const struct {
        const char *prefix, *suffix, *operation;
    } paths[] = {
        {"/2015-03-31/functions/", "/policy", "GetPolicy"},
        {"/2021-10-31/functions/", "/urls", "ListFunctionUrlConfigs"},
    };
    if (!str_is(r->method, "GET"))
        return NULL;
    if (str_is(r->path, "/2015-03-31/functions/") || str_is(r->path, "/2015-03-31/functions"))
        return "ListFunctions";
    for (size_t i = 0; i < MW_COUNT(paths); i++) {
        size_t a = strlen(paths[i].prefix), b = strlen(paths[i].suffix), n = r->path.len;
        if (n <= a + b || memcmp(r->path.data, paths[i].prefix, a) != 0 ||
            memcmp(r->path.data + n - b, paths[i].suffix, b) != 0)
            continue;
        c->rest = (mw_str){r->path.data + a, n - a - b};
        return paths[i].operation;
    }
    return NULL;
}

const struct operation rest_operations[] = {
    {"lambda", "ListFunctions", list_functions},
    {"lambda", "GetPolicy", get_policy},
    {"lambda", "ListFunctionUrlConfigs", list_urls},
    {"account", "GetAlternateContact", get_alternate_contact},
    {NULL, NULL, NULL},
};
