/* Digests, over OpenSSL EVP and zlib. */
#ifndef MW_BASE_HASH_H
#define MW_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MW_SHA256_SIZE 32

void mw_sha256(uint8_t out[MW_SHA256_SIZE], const void *data, size_t len);
void mw_sha1(uint8_t out[20], const void *data, size_t len);
void mw_md5(uint8_t out[16], const void *data, size_t len);
void mw_hmac_sha256(uint8_t out[MW_SHA256_SIZE], const void *key, size_t key_len, const void *data, size_t len);
/** Make what mw_sha256() and mw_hmac_sha256() keep, for a thread that soon may open no file: OpenSSL reads some at first. */
void mw_hash_ready(void);
uint32_t mw_crc32(const void *data, size_t len);

static inline uint64_t mw__hash_load(const uint8_t *p, size_t len)
{
    uint64_t w = 0;

    memcpy(&w, p, len);
    return w;
}

/* One to seven bytes as memcpy() to a zero word would put them, without a call for a varying length. */
static inline uint64_t mw__hash_tail(const uint8_t *p, size_t len)
{
    if (len >= 4) /* both halves agree where they overlap */
        return mw__hash_load(p, 4) | mw__hash_load(p + len - 4, 4) << 8 * (len - 4);
    return (uint64_t)p[0] | (uint64_t)p[len / 2] << 8 * (len / 2) | (uint64_t)p[len - 1] << 8 * (len - 1);
}

/**
 * Fast, unkeyed, for our own tables: never across a trust boundary or into a file name. Eight bytes a
 * step, multiply and fold: quality is enough for tables, and it has no secret.
 */
static inline uint64_t mw_hash64(const void *data, size_t len)
{
    const uint64_t k = 0x9E3779B97F4A7C15U; /* 2^64 / golden ratio */
    const uint8_t *p = data;
    uint64_t h = len * k;

    for (; len >= 8; p += 8, len -= 8) {
        h = (h ^ mw__hash_load(p, 8)) * k;
        h ^= h >> 32;
    }
    if (len) {
        h = (h ^ mw__hash_tail(p, len)) * k;
        h ^= h >> 32;
    }
    h *= k;
    return h ^ h >> 29;
}

#endif
