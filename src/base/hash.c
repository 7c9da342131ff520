/* Digests over OpenSSL EVP and zlib. A digest that OpenSSL refuses to compute would sign or name something
 * wrong, so it ends the process instead of giving a made-up value. */
#include "base/hash.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void digest(const EVP_MD *md, uint8_t *out, const void *data, size_t len)
{
    if (EVP_Digest(data, len, out, NULL, md, NULL) != 1) {
        fputs("moonward: OpenSSL cannot compute a digest\n", stderr);
        abort();
    }
}

/* Fetched once: EVP_sha256() looks its provider up on every use. */
static const EVP_MD *sha256(void)
{
    static EVP_MD *md;

    if (!md)
        md = EVP_MD_fetch(NULL, "SHA256", NULL);
    return md ? md : EVP_sha256();
}

/* Contexts are kept: making one costs more than hashing a line of text. */
static EVP_MD_CTX *start(EVP_MD_CTX **kept)
{
    const EVP_MD *md = *kept ? NULL : sha256(); /* a kept one begins anew with what it has */

    if (!*kept)
        *kept = EVP_MD_CTX_new();
    return *kept && EVP_DigestInit_ex(*kept, md, NULL) == 1 ? *kept : NULL;
}

void mw_sha256(uint8_t out[MW_SHA256_SIZE], const void *data, size_t len)
{
    static _Thread_local EVP_MD_CTX *kept;
    EVP_MD_CTX *ctx = start(&kept);

    if (!ctx || EVP_DigestUpdate(ctx, data ? data : "", len) != 1 || EVP_DigestFinal_ex(ctx, out, NULL) != 1) {
        fputs("moonward: OpenSSL cannot compute a digest\n", stderr);
        abort();
    }
}

void mw_sha1(uint8_t out[20], const void *data, size_t len)
{
    digest(EVP_sha1(), out, data ? data : "", len);
}

void mw_md5(uint8_t out[16], const void *data, size_t len)
{
    digest(EVP_md5(), out, data ? data : "", len);
}

/* RFC 2104 on top of SHA-256: OpenSSL 3's one-shot HMAC() costs about four times as much in look-ups. */
void mw_hmac_sha256(uint8_t out[MW_SHA256_SIZE], const void *key, size_t key_len, const void *data, size_t len)
{
    static _Thread_local EVP_MD_CTX *kept;
    uint8_t block[64] = {0}, inner[MW_SHA256_SIZE];
    EVP_MD_CTX *ctx;
    bool ok;

    if (key_len > sizeof(block))
        mw_sha256(block, key, key_len);
    else if (key_len)
        memcpy(block, key, key_len);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36;
    ctx = start(&kept);
    ok = ctx && EVP_DigestUpdate(ctx, block, sizeof(block)) == 1 && EVP_DigestUpdate(ctx, data ? data : "", len) == 1 &&
         EVP_DigestFinal_ex(ctx, inner, NULL) == 1;
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36 ^ 0x5c;
    ok = ok && start(&kept) && EVP_DigestUpdate(ctx, block, sizeof(block)) == 1 &&
         EVP_DigestUpdate(ctx, inner, sizeof(inner)) == 1 && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
    /* The context stays; begun anew, it knows nothing of the key or of what came out. */
    ok = ok && start(&kept);
    explicit_bzero(block, sizeof(block));
    explicit_bzero(inner, sizeof(inner));
    if (!ok) {
        fputs("moonward: OpenSSL cannot compute an HMAC\n", stderr);
        abort();
    }
}

void mw_hash_ready(void)
{
    static const uint8_t key[65]; /* longer than a block: it is hashed itself */
    uint8_t out[MW_SHA256_SIZE];

    mw_hmac_sha256(out, key, sizeof(key), "", 0);
}

uint32_t mw_crc32(const void *data, size_t len)
{
    uLong crc = crc32(0L, Z_NULL, 0);
    const Bytef *p = data;

    for (; len > 0;) {
        uInt part = len > 1U << 30 ? 1U << 30 : (uInt)len;
        crc = crc32(crc, p, part);
        p += part;
        len -= part;
    }
    return (uint32_t)crc;
}
