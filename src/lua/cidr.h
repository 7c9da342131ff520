/* Blocks of addresses: IPv4 and IPv6 in CIDR notation, RFC 4632 and 4291. */
#ifndef MW_LUA_CIDR_H
#define MW_LUA_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mw_cidr {
    uint8_t bytes[16]; /* of the address as written; IPv4 takes 4, the rest is 0 */
    uint8_t bits;      /* length of the prefix */
    uint8_t family;    /* 4 or 6 */
} mw_cidr;

#define MW_CIDR_SIZE 48 /* room for any text, with its NUL */

/** An address without a prefix is a block of one. Numbers of IPv4 have no leading zeros; IPv6 has
 * no zone. */
bool mw_cidr_parse(const char *s, size_t len, mw_cidr *out);
/** The block with its host bits cleared; IPv6 as RFC 5952 writes it. */
void mw_cidr_text(char out[MW_CIDR_SIZE], const mw_cidr *block);
bool mw_cidr_contains(const mw_cidr *outer, const mw_cidr *inner);
bool mw_cidr_overlaps(const mw_cidr *a, const mw_cidr *b);
/** The fewest blocks that hold the same addresses, sorted, IPv4 first, host bits cleared. In place.
 * @return how many. */
size_t mw_cidr_merge(mw_cidr *blocks, size_t count);

#endif
