/* Names from AWS on a terminal: nothing that drives it gets through. */
#include "base/mem.h"
#include "base/str.h"
#include "report/term.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void neutralises(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"plain name-1_2.3", "plain name-1_2.3"},
        {"grüße 日本 🌙", "grüße 日本 🌙"},
        {"\033[2J\033]0;title\007", "\\x1b[2J\\x1b]0;title\\x07"},
        {"a\nb\tc\rd\x7f", "a\\x0ab\\x09c\\x0dd\\x7f"},
        {"\xC2\x9B"
         "31m",
         "\\x9b31m"},                                /* CSI as a C1 control */
        {"evil\u202Egpj.exe", "evil\\u202egpj.exe"}, /* right-to-left override */
        {"a\u200Bb\u2066c\uFEFF", "a\\u200bb\\u2066c\\ufeff"},
        {"line\u2028break", "line\\u2028break"},
        {"\xff\xfe"
         "a\xC3",
         "\uFFFD\uFFFD"
         "a\uFFFD"},
        {"\xC0\xAF", "\uFFFD\uFFFD"},           /* overlong */
        {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"}, /* surrogate */
        {"\U000E0041", "\\ue0041"},             /* a tag character: invisible */
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) out = {0};
        mw_buf_puts(&out, "");
        assert_int_equal(mw_term_text(&out, rows[i].in), MW_OK);
        assert_string_equal(out.data, rows[i].out);
    }
}

/* Whatever the bytes: the result is valid UTF-8 without a control character. */
static void any_byte(void **state)
{
    char in[4] = {0};

    (void)state;
    for (unsigned a = 1; a < 256; a++)
        for (unsigned b = 1; b < 256; b++) {
            MW_AUTO(mw_buf) out = {0};
            in[0] = (char)a;
            in[1] = (char)b;
            in[2] = 'x';
            mw_term_text(&out, in);
            assert_true(mw_utf8_valid(out.data, out.len));
            for (size_t i = 0; i < out.len; i++) {
                assert_true((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7F);
                assert_false((unsigned char)out.data[i] == 0xC2 && (unsigned char)out.data[i + 1] < 0xA0);
            }
        }
}

static void cells(void **state)
{
    static const struct {
        const char *in;
        size_t columns;
        const char *out;
    } rows[] = {
        {"abc", 5, "abc  "},    {"abcdef", 5, "abcd…"}, {"grüße", 5, "grüße"},
        {"grüßen", 5, "grüß…"}, {NULL, 2, "  "},        {"\033", 4, "\\x1b"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) out = {0};
        mw_term_cell(&out, rows[i].in, rows[i].columns);
        assert_string_equal(out.data, rows[i].out);
        assert_int_equal(mw_term_columns(out.data, out.len), rows[i].columns);
    }
}

static void wraps(void **state)
{
    MW_AUTO(mw_buf) out = {0};

    (void)state;
    mw_buf_puts(&out, "x: ");
    mw_term_wrap(&out, "one two three aVeryLongWordThatStaysWhole end", 3, 3, 14);
    assert_string_equal(out.data, "x: one two\n   three\n   aVeryLongWordThatStaysWhole\n   end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neutralises),
        cmocka_unit_test(any_byte),
        cmocka_unit_test(cells),
        cmocka_unit_test(wraps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
