/*
 * Wildcard patterns as IAM reads them: `*` any run, `?` one character, `${*}` `${?}` `${$}` those
 * characters themselves,
 * `${name}` a policy variable. Text is compiled into symbols first, then compared.
 * Source: IAM User Guide, "IAM policy elements: Variables and tags".
 */
#ifndef MW_LUA_WILDCARD_H
#define MW_LUA_WILDCARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MW_WILD_FOLD = 1,      /* ASCII case folded, as for actions */
    MW_WILD_VARIABLES = 2, /* `${…}` has its meaning (policies of version 2012-10-17) */
    MW_WILD_PLAIN = 4      /* no character is special: a text, not a pattern */
};

/* Longest text in bytes that is compiled, and steps that one comparison takes at most. */
#define MW_WILD_BYTES_MAX ((size_t)65536)
#define MW_WILD_STEPS_MAX ((size_t)20000000)

typedef enum mw_wild_answer { MW_WILD_NO, MW_WILD_YES, MW_WILD_TOO_LONG } mw_wild_answer;

/** Compile @p len bytes into @p out, which has room for @p len symbols. Bytes that are not UTF-8
 * stand for themselves.
 *  @return the number of symbols. */
size_t mw_wild_compile(const char *s, size_t len, unsigned flags, uint32_t *out);

/**
 * Does @p outer match whatever @p inner matches? With a plain text as @p inner: does it match the
 * text. A variable of
 * @p outer stands for any text when @p variables_match, else only for the same variable.
 */
mw_wild_answer mw_wild_covers(const uint32_t *outer, size_t outer_len, const uint32_t *inner, size_t inner_len,
                              bool variables_match);

/** Is there a text that both match? Variables stand for any text. @p row has room for @p b_len + 1
 * bytes. */
mw_wild_answer mw_wild_meets(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len, uint8_t *row);

#endif
