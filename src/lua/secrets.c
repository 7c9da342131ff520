/*
 * The scanner behind require("secrets"): one pass for tokens with a known form, one for assignments
 * to telling names. Relies on nothing but the bytes given. It must never hand a secret on: callers
 * get kinds and positions. Sources: the issuers' documentation of their token formats, as far as
 * they publish it.
 */
#include "lua/secrets.h"

#include <math.h>
#include <string.h>

#define NAME_MAX     64  /* bytes of a name that are looked at */
#define VALUE_MAX    512 /* bytes of a value */
#define JWT_PART_MAX 4096
#define ARMOUR_MAX   16384 /* bytes between a key's first and last line */
#define ENTROPY_MIN  3.0   /* bits a character; English words have fewer, random hex 3.3 to 4 */

/* ---- classes of characters ---- */

enum { UPPER = 1, LOWER = 2, DIGIT = 4, HEX = 8, BASE32 = 16, LINE = 32, SCORE = 64, DOT = 128, BASE64 = 256 };
#define ALNUM (UPPER | LOWER | DIGIT)
#define TOKEN (ALNUM | LINE | SCORE)

static unsigned class_of(char c)
{
    unsigned set = 0;

    if (c >= 'A' && c <= 'Z')
        set |= UPPER | BASE32 | BASE64;
    if (c >= 'a' && c <= 'z')
        set |= LOWER | BASE64 | (c <= 'f' ? HEX : 0u);
    if (c >= '0' && c <= '9')
        set |= DIGIT | BASE64 | HEX | (c >= '2' && c <= '7' ? BASE32 : 0u);
    if (c == '-')
        set |= LINE;
    if (c == '_')
        set |= SCORE;
    if (c == '.')
        set |= DOT;
    if (c == '+' || c == '/')
        set |= BASE64;
    return set;
}

static bool is(char c, unsigned set)
{
    return (class_of(c) & set) != 0;
}

static size_t run(const char *s, size_t len, unsigned set, size_t most)
{
    size_t n = 0;

    while (n < len && n < most && is(s[n], set))
        n++;
    return n;
}

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool starts(const char *s, size_t len, const char *prefix)
{
    size_t n = strlen(prefix);

    return n <= len && memcmp(s, prefix, n) == 0;
}

static bool holds(const char *s, size_t len, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= len; i++) {
        size_t k = 0;
        while (k < n && fold(s[i + k]) == word[k])
            k++;
        if (k == n)
            return true;
    }
    return false;
}

/* ---- tokens with a form of their own ---- */

static const struct token {
    const char *kind, *prefix;
    unsigned set;
    size_t least, most; /* characters behind the prefix */
} tokens[] = {
    {"aws_access_key_id", "AKIA", BASE32 | DIGIT, 16, 16},
    {"aws_access_key_id", "ASIA", BASE32 | DIGIT, 16, 16},
    {"aws_access_key_id", "ABIA", BASE32 | DIGIT, 16, 16},
    {"aws_access_key_id", "ACCA", BASE32 | DIGIT, 16, 16},
    {"aws_bedrock_key", "ABSK", BASE64, 100, 400},
    {"github_token", "ghp_", ALNUM, 36, 255},
    {"github_token", "gho_", ALNUM, 36, 255},
    {"github_token", "ghu_", ALNUM, 36, 255},
    {"github_token", "ghs_", ALNUM, 36, 255},
    {"github_token", "ghr_", ALNUM, 36, 255},
    {"github_token", "github_pat_", ALNUM | SCORE, 50, 255},
    {"gitlab_token", "glpat-", TOKEN | DOT, 20, 255},
    {"gitlab_token", "gldt-", TOKEN, 20, 255},
    {"gitlab_token", "glrt-", TOKEN | DOT, 20, 255},
    {"gitlab_token", "glptt-", TOKEN, 20, 255},
    {"slack_token", "xoxb-", ALNUM | LINE, 20, 255},
    {"slack_token", "xoxp-", ALNUM | LINE, 20, 255},
    {"slack_token", "xoxa-", ALNUM | LINE, 20, 255},
    {"slack_token", "xoxr-", ALNUM | LINE, 20, 255},
    {"slack_token", "xoxs-", ALNUM | LINE, 20, 255},
    {"slack_token", "xapp-", ALNUM | LINE, 20, 255},
    {"slack_webhook", "https://hooks.slack.com/services/", ALNUM | BASE64, 30, 255},
    {"stripe_key", "sk_live_", ALNUM, 16, 255},
    {"stripe_key", "rk_live_", ALNUM, 16, 255},
    {"stripe_key", "sk_test_", ALNUM, 16, 255},
    {"stripe_webhook_secret", "whsec_", ALNUM | BASE64, 24, 255},
    {"google_api_key", "AIza", TOKEN, 35, 35},
    {"google_oauth_secret", "GOCSPX-", TOKEN, 20, 64},
    {"google_oauth_token", "ya29.", TOKEN, 30, 2048},
    {"sendgrid_key", "SG.", TOKEN | DOT, 60, 80},
    {"twilio_key", "SK", HEX, 32, 32},
    {"mailgun_key", "key-", HEX, 32, 32},
    {"mailchimp_key", "mailchimp-", HEX, 32, 64},
    {"npm_token", "npm_", ALNUM, 36, 36},
    {"pypi_token", "pypi-AgE", TOKEN, 50, 1024},
    {"rubygems_key", "rubygems_", HEX, 48, 48},
    {"docker_token", "dckr_pat_", TOKEN, 20, 64},
    {"digitalocean_token", "dop_v1_", HEX, 64, 64},
    {"digitalocean_token", "doo_v1_", HEX, 64, 64},
    {"digitalocean_token", "dor_v1_", HEX, 64, 64},
    {"shopify_token", "shpat_", HEX | UPPER, 32, 32},
    {"shopify_token", "shpss_", HEX | UPPER, 32, 32},
    {"shopify_token", "shpca_", HEX | UPPER, 32, 32},
    {"shopify_token", "shppa_", HEX | UPPER, 32, 32},
    {"openai_key", "sk-proj-", TOKEN, 40, 255},
    {"openai_key", "sk-svcacct-", TOKEN, 40, 255},
    {"anthropic_key", "sk-ant-", TOKEN, 40, 255},
    {"openai_key", "sk-", ALNUM, 48, 64},
    {"databricks_token", "dapi", HEX, 32, 32},
    {"vault_token", "hvs.", TOKEN, 24, 255},
    {"vault_token", "hvb.", TOKEN, 24, 512},
    {"newrelic_key", "NRAK-", ALNUM, 27, 27},
    {"grafana_token", "glsa_", ALNUM | SCORE, 40, 64},
    {"grafana_token", "glc_", BASE64, 32, 400},
    {"sentry_token", "sntrys_", TOKEN | BASE64, 40, 512},
    {"huggingface_token", "hf_", ALNUM, 34, 40},
    {"square_token", "sq0atp-", TOKEN, 22, 22},
    {"square_token", "sq0csp-", TOKEN, 43, 43},
    {"square_token", "EAAA", TOKEN, 60, 60},
    {"linear_key", "lin_api_", ALNUM, 40, 40},
    {"postman_key", "PMAK-", HEX | LINE, 59, 59},
    {"heroku_key", "HRKU-", TOKEN, 36, 64},
    {"doppler_token", "dp.pt.", ALNUM, 40, 44},
    {"planetscale_token", "pscale_tkn_", TOKEN | DOT, 32, 64},
    {"pulumi_token", "pul-", HEX, 40, 40},
    {"atlassian_token", "ATATT3", TOKEN | BASE64, 100, 255},
    {"age_key", "AGE-SECRET-KEY-1", UPPER | DIGIT, 58, 58},
    {"discord_webhook", "https://discord.com/api/webhooks/", TOKEN | BASE64, 60, 255},
};

/* The end of the token at @p s, 0 when it is none. */
static size_t match_token(const struct token *t, const char *s, size_t len)
{
    size_t prefix = strlen(t->prefix), n;

    if (!starts(s, len, t->prefix))
        return 0;
    n = run(s + prefix, len - prefix, t->set, t->most);
    if (n < t->least || (prefix + n < len && is(s[prefix + n], t->set | ALNUM | SCORE)))
        return 0;
    return prefix + n;
}

/* Three base64url parts, of which the first two are JSON objects. */
static size_t match_jwt(const char *s, size_t len)
{
    size_t at = 0;

    for (int part = 0; part < 3; part++) {
        size_t n;
        if (part < 2 && !starts(s + at, len - at, "eyJ"))
            return 0;
        n = run(s + at, len - at, TOKEN, JWT_PART_MAX);
        if (n < 10)
            return 0;
        at += n;
        if (part < 2) {
            if (at == len || s[at] != '.')
                return 0;
            at++;
        }
    }
    return at;
}

/* "-----BEGIN … PRIVATE KEY-----" or "… PRIVATE KEY BLOCK-----": up to the end of the armour, or
 * what there is of it. */
static size_t match_private_key(const char *s, size_t len, size_t *shown)
{
    static const char begin[] = "-----BEGIN ", key[] = "PRIVATE KEY", end[] = "-----END ";
    size_t head = sizeof(begin) - 1, limit = len < 128 ? len : 128;
    const char *found, *close;

    if (!starts(s, len, begin))
        return 0;
    found = memmem(s + head, limit - head, key, sizeof(key) - 1);
    if (!found || memchr(s, '\n', (size_t)(found - s)))
        return 0;
    close = memmem(found, limit - (size_t)(found - s), "-----", 5);
    if (!close)
        return 0;
    *shown = (size_t)(close - s) + 5;
    limit = len - *shown < ARMOUR_MAX ? len - *shown : ARMOUR_MAX;
    close = memmem(s + *shown, limit, end, sizeof(end) - 1);
    return close ? (size_t)(close - s) + sizeof(end) - 1 : *shown;
}

static bool add(mw_secret *out, size_t *n, mw_secret s)
{
    if (*n == MW_SECRETS_MAX)
        return false;
    out[(*n)++] = s;
    return true;
}

/* The secret that starts at @p i. The character before it is no part of a word. */
static mw_secret token_at(const char *text, size_t len, size_t i)
{
    const char *s = text + i;
    mw_secret found = {.from = i};
    size_t n, shown = 0;

    if (*s == '-' && (n = match_private_key(s, len - i, &shown)) > 0)
        return (mw_secret){"private_key", i, i + n, shown};
    if (starts(s, len - i, "PuTTY-User-Key-File-"))
        return (mw_secret){"private_key", i, i + 20, 20};
    if (*s == 'e' && (i == 0 || !is(s[-1], TOKEN | DOT)) && (n = match_jwt(s, len - i)) > 0)
        return (mw_secret){"jwt", i, i + n, 3};
    for (size_t t = 0; t < sizeof(tokens) / sizeof(*tokens); t++)
        if (tokens[t].prefix[0] == *s && (n = match_token(&tokens[t], s, len - i)) > 0)
            return (mw_secret){tokens[t].kind, i, i + n, strlen(tokens[t].prefix)};
    return found;
}

/* ---- names and their values ---- */

/* Words that say that a value is secret; a key alone says nothing. */
static bool telling(const char *name, size_t len, bool *password)
{
    static const char *const words[] = {"secret",           "token",       "apikey",         "api_key",
                                        "api-key",          "accesskey",   "access_key",     "access-key",
                                        "privatekey",       "private_key", "credential",     "client_key",
                                        "auth_key",         "authkey",     "encryption_key", "signing_key",
                                        "connectionstring", "accountkey",  "account_key",    "sharedaccesskey"};
    static const char *const harmless[] = {
        "secretarn", "secret_arn",     "secretname",    "secret_name", "secretid",    "secret_id",  "tokenurl",
        "token_url", "token_endpoint", "tokenendpoint", "max_tokens",  "maxtokens",   "num_tokens", "token_type",
        "token_ttl", "token_expir",    "access_key_id", "accesskeyid", "_path",       "_file",      "keyspace",
        "-stdin",    "-file",          "-path",         "secret-id",   "secret-name", "secret-arn"};

    *password = holds(name, len, "passw") || holds(name, len, "pwd") || holds(name, len, "passphrase");
    for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
        if (holds(name, len, harmless[i]))
            return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words) && !*password; i++)
        if (holds(name, len, words[i]))
            return true;
    return *password && !holds(name, len, "password_policy") && !holds(name, len, "passwordless");
}

/* A reference to where the secret is kept, a variable, or nothing at all. */
static bool is_reference(const char *v, size_t len)
{
    static const char *const prefixes[] = {
        "arn:",  "{{",      "${",      "$(",           "$", "<", "ssm:", "vault:", "secretsmanager:", "ref:", "!Ref",
        "!Sub",  "!GetAtt", "!Join",   "!ImportValue", "[", "{", "os.",  "env.",   "process.env",     "var.", "local.",
        "data.", "file:",   "http://", "https://"};
    static const char *const words[] = {"none",     "null",     "nil",         "true",     "false",  "undefined",
                                        "redacted", "changeme", "placeholder", "password", "secret", "token",
                                        "required", "optional", "enabled",     "disabled"};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
        if (starts(v, len, prefixes[i]))
            return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strlen(words[i]) == len && holds(v, len, words[i]))
            return true;
    for (size_t i = 1; i < len; i++)
        if (v[i] != v[0])
            return v[0] == '/' && memchr(v + 1, '/', len - 1) && run(v, len, TOKEN | DOT | BASE64, len) == len &&
                   !is(v[len - 1], SCORE) && len < 64; /* a path of parameters */
    return true;                                       /* "****" and the like */
}

static double entropy(const char *v, size_t len)
{
    unsigned count[256] = {0};
    double sum = 0;

    for (size_t i = 0; i < len; i++)
        count[(unsigned char)v[i]]++;
    for (size_t i = 0; i < 256; i++)
        if (count[i])
            sum -= (double)count[i] / (double)len * log2((double)count[i] / (double)len);
    return sum;
}

/* Looks made by a machine: long, mixed, and without the repetition of words. */
static bool is_random(const char *v, size_t len)
{
    bool letters = false, digits = false;

    for (size_t i = 0; i < len; i++) {
        letters = letters || is(v[i], UPPER | LOWER);
        digits = digits || is(v[i], DIGIT);
        if ((unsigned char)v[i] <= ' ')
            return false;
    }
    return len >= 16 && letters && digits && entropy(v, len) >= ENTROPY_MIN;
}

bool mw_secrets_named(const char *name, size_t name_len, const char *value, size_t len, mw_secret *out)
{
    bool password;

    *out = (mw_secret){.to = len};
    if (len < 6 || len > VALUE_MAX || !telling(name, name_len, &password))
        return false;
    if (!password && len == 40 && run(value, len, BASE64, len) == len && holds(name, name_len, "secret") &&
        (holds(name, name_len, "access") || holds(name, name_len, "aws"))) {
        out->kind = "aws_secret_access_key";
        return true;
    }
    if (is_reference(value, len))
        return false;
    out->kind = password ? "password" : "high_entropy";
    return password || is_random(value, len);
}

/* Is a blank between name and value what assigns? In options, and in `aws configure set`. */
static bool takes_blank(const char *name, size_t len)
{
    return starts(name, len, "--") || holds(name, len, "secret_access_key");
}

/* `name = value`, `"name": "value"`, `name: value`, `--name value`. @p at is the '=', ':' or blank. */
static bool assignment_at(const char *text, size_t len, size_t at, mw_secret *out)
{
    size_t name_end = at, name, from = at + 1, to;
    char quote = 0;

    while (name_end > 0 && at - name_end < 4 && strchr(" \t\"'\\]", text[name_end - 1]))
        name_end--;
    name = name_end;
    while (name > 0 && name_end - name < NAME_MAX && is(text[name - 1], TOKEN | DOT))
        name--;
    if (name == name_end || (text[at] == ':' && name > 0 && text[name - 1] == ':')) /* a part of an ARN */
        return false;
    if (text[at] == ' ' && (name_end != at || !takes_blank(text + name, at - name)))
        return false;
    if (from < len && text[from] == '>')
        from++;
    while (from < len && (text[from] == ' ' || text[from] == '\t'))
        from++;
    if (from < len && text[from] == '\\')
        from++;
    if (from < len && (text[from] == '"' || text[from] == '\'' || text[from] == '`'))
        quote = text[from++];
    to = from;
    while (to < len && to - from < VALUE_MAX && text[to] != '\n' && text[to] != '\r' &&
           (quote ? text[to] != quote && text[to] != '\\' : !strchr(" \t,;&\"'", text[to]) || !text[to]))
        to++;
    if (!mw_secrets_named(text + name, name_end - name, text + from, to - from, out))
        return false;
    out->from = from;
    out->to = to;
    return true;
}

/* `scheme://user:password@host`. @p at is the ':' of "://". */
static bool url_password_at(const char *text, size_t len, size_t at, mw_secret *out)
{
    size_t i = at + 3, colon = 0;

    if (len - at < 3 || memcmp(text + at, "://", 3) != 0)
        return false;
    for (; i < len && i - at < VALUE_MAX && (unsigned char)text[i] > ' ' && !strchr("/\"'<>", text[i]); i++) {
        if (text[i] == ':' && !colon)
            colon = i + 1;
        if (text[i] == '@') {
            *out = (mw_secret){"url_password", colon, i, 0};
            return colon && i > colon + 2 && !is_reference(text + colon, i - colon);
        }
    }
    return false;
}

static bool overlaps(const mw_secret *list, size_t n, const mw_secret *s)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].from < s->to && s->from < list[i].to)
            return true;
    return false;
}

size_t mw_secrets_find(const char *text, size_t len, mw_secret out[MW_SECRETS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        mw_secret s;
        if (i > 0 && is(text[i], ALNUM) && is(text[i - 1], ALNUM | SCORE))
            continue;
        s = token_at(text, len, i);
        if (!s.kind)
            continue;
        if (!add(out, &n, s))
            break;
        i = s.to - 1;
    }
    for (size_t i = 0; i < len; i++) {
        mw_secret s;
        if (text[i] != '=' && text[i] != ':' && text[i] != ' ')
            continue;
        if (!(text[i] == ':' && url_password_at(text, len, i, &s)) && !assignment_at(text, len, i, &s))
            continue;
        if (!overlaps(out, n, &s) && !add(out, &n, s))
            break;
        i = s.to - 1;
    }
    for (size_t i = 1; i < n; i++) { /* two ordered lists one behind the other */
        mw_secret s = out[i];
        size_t k = i;
        for (; k > 0 && out[k - 1].from > s.from; k--)
            out[k] = out[k - 1];
        out[k] = s;
    }
    return n;
}
