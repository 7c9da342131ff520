/* Digests: published answers. */
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "support/support.h"

static void known_answers(void **state)
{
    uint8_t out[32];
    char hex[65];

    (void)state;
    mw_sha256(out, "abc", 3); /* FIPS 180-2 */
    mw_hex(hex, out, 32);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    mw_sha256(out, NULL, 0);
    mw_hex(hex, out, 32);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    mw_sha1(out, "abc", 3);
    mw_hex(hex, out, 20);
    assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    mw_md5(out, "abc", 3);
    mw_hex(hex, out, 16);
    assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
    assert_int_equal(mw_crc32("123456789", 9), 0xCBF43926U);
    assert_int_equal(mw_crc32("", 0), 0);
}

static void hmac_known_answers(void **state)
{
    uint8_t out[32], key[131];
    char hex[65];

    (void)state;
    mw_hmac_sha256(out, "Jefe", 4, "what do ya want for nothing?", 28); /* RFC 4231, case 2 */
    mw_hex(hex, out, 32);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key)); /* case 6: a key longer than a block */
    mw_hmac_sha256(out, key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First", 54);
    mw_hex(hex, out, 32);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void table_hash_spreads(void **state)
{
    size_t used[256] = {0}, empty = 0;

    (void)state;
    for (uint32_t i = 0; i < 4096; i++)
        used[mw_hash64(&i, sizeof(i)) & 255]++;
    for (size_t i = 0; i < 256; i++)
        empty += used[i] == 0;
    assert_true(empty < 5);
    assert_true(mw_hash64("a", 1) != mw_hash64("a\0", 2));
    assert_true(mw_hash64("12345678", 8) == mw_hash64("12345678", 8));
}

/* The end of a string is hashed as if zeroes followed, without reading beyond it. */
static void table_hash_of_ends(void **state)
{
    const uint8_t bytes[] = {0xF1, 0x02, 0xE3, 0x04, 0xD5, 0x06, 0xC7};

    (void)state;
    for (size_t n = 1; n <= sizeof(bytes); n++) {
        uint64_t word = 0;

        memcpy(&word, bytes, n);
        assert_true(mw__hash_tail(bytes, n) == word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(hmac_known_answers),
        cmocka_unit_test(table_hash_spreads),
        cmocka_unit_test(table_hash_of_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
