/* The asymmetric half of Signature Version 4A: a key pair made from the secret, and ECDSA. */
#ifndef MW_AWS_SIGV4A_H
#define MW_AWS_SIGV4A_H

#include "aws/credentials.h"

#define MW_SIGV4A_ALGORITHM "AWS4-ECDSA-P256-SHA256"
#define MW_SIGV4A_KEY_SIZE  32
/* A DER signature over P-256 has at most 72 bytes. */
#define MW_SIGV4A_HEX_SIZE  (2 * 72 + 1)

/**
 * The private key of @p creds, big-endian; the caller wipes it. The same for every day, region and
 * service: NIST SP 800-108 in counter mode over HMAC-SHA256.
 * @return MW_OK; MW_ERR_CREDENTIALS for a secret that is too long.
 * Source: aws-c-auth, key_derivation.c describes the construction and publishes a known answer.
 */
mw_status mw_sigv4a_key(const mw_credentials *creds, uint8_t out[MW_SIGV4A_KEY_SIZE], mw_error *err);
/** DER signature of SHA-256 of @p text, as hexadecimal digits. Differs from call to call. */
mw_status mw_sigv4a_signature(const mw_credentials *creds, const char *text, char out[MW_SIGV4A_HEX_SIZE],
                              mw_error *err);

#endif
