/* Secrets in text: keys and tokens whose form their issuer documents, and values assigned to names
 * that tell. */
#ifndef MW_LUA_SECRETS_H
#define MW_LUA_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#define MW_SECRETS_MAX 100 /* findings of one text; what lies behind is not looked for */

typedef struct mw_secret {
    const char *kind; /* "aws_access_key_id", "private_key", "password", …; static */
    size_t from, to;  /* bytes [from, to) of the text */
    size_t shown;     /* leading bytes that are no secret (the issuer's prefix) */
} mw_secret;

/** Find the secrets of a text, in its order, without overlaps. Time is linear in @p len. @return
 * how many. */
size_t mw_secrets_find(const char *text, size_t len, mw_secret out[MW_SECRETS_MAX]);

/** Is @p value a secret because of the name that it stands under, as in an environment? Fills @p
 * out. References (ARNs, parameter paths, `{{resolve:…}}`, `${…}`) and placeholders are none. */
bool mw_secrets_named(const char *name, size_t name_len, const char *value, size_t len, mw_secret *out);

#endif
