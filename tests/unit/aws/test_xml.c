/* Hostile and odd XML against the reader: nothing of it may crash, hang or pass for a result. */
#include "protocol_bench.h"

static mw_status parse(const char *body, size_t len, char *text, size_t size)
{
    bench t;
    mw_status st = bench_parse(&t, "ec2", "DescribeInstances", 200, NULL, body, len);

    strncpy(text, t.text.data, size - 1);
    text[size - 1] = '\0';
    bench_clear(&t);
    return st;
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *body, *message;
    } rows[] = {
        {"entity bomb", "<!DOCTYPE l [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><l>&b;</l>", "document type declaration"},
        {"external entity", "<!DOCTYPE l SYSTEM 'file:///etc/passwd'><l/>", "document type declaration"},
        {"undefined entity", "<R>&nbsp;</R>", "undefined entity"},
        {"invalid UTF-8", "<R>\xFF</R>", "not well-formed"},
        {"mismatched tags", "<R><reservationSet></R></reservationSet>", "mismatched tag"},
        {"two roots", "<R/><R/>", "junk after document element"},
        {"NUL by reference", "<R>&#0;</R>", "reference to invalid character"},
        {"text only", "hello", "'h' where the root element is expected"},
        {"a wrong number, with its place",
         "<R><reservationSet><item/><item><instancesSet><item><amiLaunchIndex>x</amiLaunchIndex></item>"
         "</instancesSet></item></reservationSet></R>",
         "Reservations[1].Instances[0].AmiLaunchIndex: 'x' is not an integer (line 1)"},
    };
    char text[MW_ERROR_MESSAGE_SIZE];

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_status st = parse(rows[i].body, strlen(rows[i].body), text, sizeof(text));
        if (st != MW_ERR_PARSE || !strstr(text, rows[i].message))
            fail_msg("%s: %s: %s", rows[i].name, mw_status_name(st), text);
    }
}

static void test_depth(void **state)
{
    MW_AUTO(mw_buf) body = {0};
    char text[MW_ERROR_MESSAGE_SIZE];

    (void)state;
    mw_buf_puts(&body, "<R>");
    for (int i = 0; i < 100000; i++)
        mw_buf_puts(&body, "<x>");
    assert_int_equal(parse(body.data, body.len, text, sizeof(text)), MW_ERR_LIMIT);
    assert_non_null(strstr(text, "too deeply"));
}

static void test_accepted(void **state)
{
    static const struct {
        const char *name, *body, *expect;
    } rows[] = {
        {"prefixed names", "<e:R xmlns:e='x'><e:nextToken>t</e:nextToken></e:R>", "{'NextToken':'t'}"},
        {"CDATA and references", "<R><nextToken><![CDATA[<a>]]>&amp;&#x41;</nextToken></R>", "{'NextToken':'<a>&A'}"},
        {"comments and instructions",
         "<?xml version='1.0'?><!-- a --><R><?p i?><nextToken>a<!-- b -->b"
         "</nextToken></R>",
         "{'NextToken':'ab'}"},
        {"elements inside a scalar", "<R><nextToken>a<b>c</b></nextToken></R>", "{'NextToken':'a'}"},
        {"the last of repeated members", "<R><nextToken>a</nextToken><nextToken>b</nextToken></R>",
         "{'NextToken':'b'}"},
        {"white space in text stays", "<R><nextToken> a\n</nextToken></R>", "{'NextToken':' a\\n'}"},
        {"text in several pieces, twice", "<R><nextToken>a&lt;b</nextToken><nextToken>c&gt;d</nextToken></R>",
         "{'NextToken':'c>d'}"},
        {"members out of order and left out",
         "<R><reservationSet>"
         "<item><reservationId>r1</reservationId><ownerId>1</ownerId><requesterId>q</requesterId></item>"
         "<item><ownerId>1</ownerId><reservationId>r2</reservationId></item>"
         "<item><requesterId>q</requesterId></item>"
         "<item><reservationId>r4</reservationId><requesterId/><ownerId>1</ownerId></item>"
         "<item/></reservationSet></R>",
         "{'Reservations':[{'OwnerId':'1','RequesterId':'q','ReservationId':'r1'},"
         "{'OwnerId':'1','ReservationId':'r2'},{'RequesterId':'q'},"
         "{'OwnerId':'1','RequesterId':'','ReservationId':'r4'},{}]}"},
        {"a repeated list, and members unknown or met twice inside",
         "<R><reservationSet><item/></reservationSet><reservationSet><item><new><ownerId>0</ownerId>"
         "</new><ownerId>1</ownerId><newer/><ownerId>2</ownerId></item></reservationSet></R>",
         "{'Reservations':[{'OwnerId':'2'}]}"},
        {"equal, empty and new numbers and times",
         "<R><reservationSet><item><instancesSet>"
         "<item><amiLaunchIndex>1</amiLaunchIndex><launchTime>2024-01-02T03:04:05.000Z</launchTime></item>"
         "<item><amiLaunchIndex> 1 </amiLaunchIndex><launchTime>2024-01-02T03:04:05.000Z</launchTime></item>"
         "<item><amiLaunchIndex/><launchTime/></item><item><amiLaunchIndex/><launchTime/></item>"
         "<item><amiLaunchIndex>1</amiLaunchIndex><launchTime>2024-02-29T03:04:05Z</launchTime></item>"
         "</instancesSet></item></reservationSet></R>",
         "{'Reservations':[{'Instances':[{'AmiLaunchIndex':1,'LaunchTime':'2024-01-02T03:04:05Z'},"
         "{'AmiLaunchIndex':1,'LaunchTime':'2024-01-02T03:04:05Z'},{},{},"
         "{'AmiLaunchIndex':1,'LaunchTime':'2024-02-29T03:04:05Z'}]}]}"},
        {"latin-1", "<?xml version='1.0' encoding='ISO-8859-1'?><R><nextToken>\xE9</nextToken></R>",
         "{'NextToken':'\xC3\xA9'}"},
    };
    char text[MW_ERROR_MESSAGE_SIZE];

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_status st = parse(rows[i].body, strlen(rows[i].body), text, sizeof(text));
        if (st != MW_OK || strcmp(text, rows[i].expect) != 0)
            fail_msg("%s: %s: %s", rows[i].name, mw_status_name(st), text);
    }
}

/* Every prefix of a good answer is an error, never a shorter result. */
static void test_prefixes(void **state)
{
    static const char body[] =
        "<R><reservationSet><item><instancesSet><item><tagSet><item><key>k</key><value>v</value></"
        "item>"
        "</tagSet></item></instancesSet></item></reservationSet><requestId>r</requestId></R>";
    char text[MW_ERROR_MESSAGE_SIZE];

    (void)state;
    for (size_t len = 0; len < sizeof(body) - 1; len++)
        assert_int_equal(parse(body, len, text, sizeof(text)), MW_ERR_PARSE);
    assert_int_equal(parse(body, sizeof(body) - 1, text, sizeof(text)), MW_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_prefixes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
