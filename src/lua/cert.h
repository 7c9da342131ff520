/* What a rule wants to know of an X.509 certificate (RFC 5280). Nothing is verified: not the
 * signature, not the chain. */
#ifndef MW_LUA_CERT_H
#define MW_LUA_CERT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

#define MW_CERT_BYTES_MAX ((size_t)65536)

typedef struct mw_der {
    const uint8_t *data;
    size_t len;
} mw_der;

typedef struct mw_cert {
    mw_der serial, issuer, subject, alt_names; /* parts of the input; alt_names.data NULL = none */
    int64_t not_before, not_after;             /* Unix seconds */
    int version;                               /* 1 to 3 */
    const char *signature;                     /* "sha256WithRSAEncryption", …; NULL = an algorithm not known here */
    const char *key_type;                      /* "RSA", "EC", "Ed25519", "Ed448", "DSA"; NULL as above */
    const char *curve;                         /* of EC keys: "P-256", …; else NULL */
    unsigned key_bits;                         /* 0 = not known */
    bool is_ca;
} mw_cert;

/** Read one certificate in DER. MW_ERR_PARSE says what is not as it should be. @p der must outlive
 * @p out. */
mw_status mw_cert_read(const uint8_t *der, size_t len, mw_cert *out, mw_error *err);
/** The DER of the first certificate of a PEM text. MW_ERR_NOTFOUND when there is none. */
mw_status mw_cert_from_pem(mw_buf *der, const char *pem, size_t len, mw_error *err);

/** Append a name as "CN=a, O=b", in the order of the certificate, with `,` `+` `\` escaped;
 * repaired to UTF-8. */
mw_status mw_cert_name(mw_buf *out, mw_der name);
/** Append the value of the last CN; nothing when there is none. */
mw_status mw_cert_common_name(mw_buf *out, mw_der name);
/** Take the next alternative name off @p names: its kind ("dns", "ip", "email", "uri") and text.
 * False behind the last. */
bool mw_cert_next_alt(mw_der *names, const char **kind, mw_buf *text);

#endif
