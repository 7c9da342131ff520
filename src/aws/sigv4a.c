/*
 * The asymmetric half of Signature Version 4A: a P-256 key pair is derived from access key id and
 * secret, so that AWS can check a signature in every region with the public key alone. Relies on
 * OpenSSL for the curve; the canonical request and the headers are sigv4.c's. The derived key is as
 * secret as the secret it comes from: it lives in stack bytes that are wiped, and in OpenSSL's key
 * object for the length of one signature.
 */
#include "aws/sigv4a.h"

#include "base/hash.h"
#include "base/str.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#define MAX_SECRET_BYTES 512
#define MAX_COUNTER      254 /* the counter is one byte, and 255 is never used */

/* n - 2 of P-256, SEC 2 section 2.4.2: what is at most this becomes a key by adding one. */
static const uint8_t order_minus_2[MW_SIGV4A_KEY_SIZE] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
};

/* Is @p k <= n - 2? Looks at every byte whatever the answer. */
static bool in_range(const uint8_t k[MW_SIGV4A_KEY_SIZE])
{
    unsigned greater = 0, equal = 1;

    for (size_t i = 0; i < MW_SIGV4A_KEY_SIZE; i++) {
        unsigned a = k[i], b = order_minus_2[i];

        greater |= equal & ((b - a) >> 8 & 1);
        equal &= ((a ^ b) - 1) >> 8 & 1;
    }
    return !greater;
}

static void add_one(uint8_t k[MW_SIGV4A_KEY_SIZE])
{
    unsigned carry = 1;

    for (size_t i = MW_SIGV4A_KEY_SIZE; i-- > 0;) {
        carry += k[i];
        k[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

mw_status mw_sigv4a_key(const mw_credentials *creds, uint8_t out[MW_SIGV4A_KEY_SIZE], mw_error *err)
{
    static const uint8_t one[] = {0, 0, 0, 1}, bits[] = {0, 0, 1, 0}; /* 256 bits are wanted */
    char input_key[5 + MAX_SECRET_BYTES];
    const mw_secret *secret = &creds->secret_access_key;
    size_t id = strlen(creds->access_key_id);
    uint8_t text[sizeof(one) + sizeof(MW_SIGV4A_ALGORITHM) + sizeof(creds->access_key_id) + 1 + sizeof(bits)];
    uint8_t *p = text;
    size_t counter_at, len;
    bool found = false;

    if (secret->len > MAX_SECRET_BYTES)
        return mw_fail(err, MW_ERR_CREDENTIALS, "sigv4a: the secret access key is too long");
    memcpy(input_key, "AWS4A", 5);
    memcpy(input_key + 5, secret->data, secret->len);
    memcpy(p, one, sizeof(one));
    p += sizeof(one);
    memcpy(p, MW_SIGV4A_ALGORITHM, sizeof(MW_SIGV4A_ALGORITHM)); /* with its NUL, the separator */
    p += sizeof(MW_SIGV4A_ALGORITHM);
    memcpy(p, creds->access_key_id, id);
    p += id;
    counter_at = (size_t)(p - text);
    memcpy(p + 1, bits, sizeof(bits));
    len = counter_at + 1 + sizeof(bits);
    for (unsigned counter = 1; counter <= MAX_COUNTER && !found; counter++) {
        text[counter_at] = (uint8_t)counter;
        mw_hmac_sha256(out, input_key, 5 + secret->len, text, len);
        found = in_range(out);
    }
    explicit_bzero(input_key, sizeof(input_key));
    if (!found) /* one chance in 2^32 each time, 254 times */
        return mw_fail(err, MW_ERR_CREDENTIALS, "sigv4a: no key comes of these credentials");
    add_one(out);
    return MW_OK;
}

/* OpenSSL takes a number in the machine's byte order. */
static EVP_PKEY *make_key(const uint8_t key[MW_SIGV4A_KEY_SIZE])
{
    uint8_t native[MW_SIGV4A_KEY_SIZE];
    char group[] = "P-256";
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    BIGNUM *number = BN_bin2bn(key, MW_SIGV4A_KEY_SIZE, NULL);
    EVP_PKEY *pair = NULL;

    if (ctx && number && BN_bn2nativepad(number, native, sizeof(native)) == sizeof(native)) {
        OSSL_PARAM params[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
            OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof(native)),
            OSSL_PARAM_construct_end(),
        };

        if (EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &pair, EVP_PKEY_KEYPAIR, params) != 1)
            pair = NULL;
    }
    explicit_bzero(native, sizeof(native));
    BN_clear_free(number);
    EVP_PKEY_CTX_free(ctx);
    return pair;
}

mw_status mw_sigv4a_signature(const mw_credentials *creds, const char *text, char out[MW_SIGV4A_HEX_SIZE],
                              mw_error *err)
{
    uint8_t key[MW_SIGV4A_KEY_SIZE], der[MW_SIGV4A_HEX_SIZE / 2];
    size_t len = sizeof(der);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY *pair = NULL;
    mw_status st = mw_sigv4a_key(creds, key, err);

    if (st == MW_OK)
        pair = make_key(key);
    explicit_bzero(key, sizeof(key));
    if (st == MW_OK && (!ctx || !pair || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pair) != 1 ||
                        EVP_DigestSign(ctx, der, &len, (const uint8_t *)text, strlen(text)) != 1))
        st = mw_fail(err, MW_ERR_NOMEM, "sigv4a: OpenSSL could not sign");
    if (st == MW_OK)
        mw_hex(out, der, len);
    EVP_PKEY_free(pair);
    EVP_MD_CTX_free(ctx);
    return st;
}
