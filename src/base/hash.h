/* Digests, over OpenSSL EVP and zlib. */
#ifndef MW_BASE_HASH_H
#define MW_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define MW_SHA256_SIZE 32

void mw_sha256(uint8_t out[MW_SHA256_SIZE], const void *data, size_t len);
void mw_sha1(uint8_t out[20], const void *data, size_t len);
void mw_md5(uint8_t out[16], const void *data, size_t len);
void mw_hmac_sha256(uint8_t out[MW_SHA256_SIZE], const void *key, size_t key_len, const void *data,
                    size_t len);
uint32_t mw_crc32(const void *data, size_t len);
/** Fast, unkeyed, for our own tables: never across a trust boundary or into a file name. */
uint64_t mw_hash64(const void *data, size_t len);

#endif
