/* The XML reader: what is well-formed, what is said of what is not, and expat's opinion on a
 * million documents. */
#include "../../support/support.h"

#include "../../support/xml_oracle.h"

#ifdef __SANITIZE_ADDRESS__
#define MUTATIONS 100000 /* the fuzz target xml sees more */
#else
#define MUTATIONS 1000000
#endif

/* ---- refusals ---- */

static void test_refused(void **state)
{
    static const struct {
        const char *body, *message;
        mw_status status;
    } rows[] = {
        {"", "XML: no element found (line 1, byte 0)", MW_ERR_PARSE},
        {" \n<!-- a -->\n", "XML: no element found (line 3, byte 13)", MW_ERR_PARSE},
        {"hello", "XML: not well-formed: 'h' where the root element is expected (line 1, byte 0)", MW_ERR_PARSE},
        {"<a>\n<b>", "XML: it ends inside <b> (line 2, byte 7)", MW_ERR_PARSE},
        {"<a>\n</b>", "XML: mismatched tag: </b> where </a> is expected (line 2, byte 4)", MW_ERR_PARSE},
        {"<a></ab>", "XML: mismatched tag: </ab> where </a> is expected (line 1, byte 3)", MW_ERR_PARSE},
        {"<a/><b/>", "XML: junk after document element (line 1, byte 4)", MW_ERR_PARSE},
        {"<!DOCTYPE a><a/>", "XML: a document type declaration is not accepted (line 1, byte 0)", MW_ERR_PARSE},
        {"<a>&nbsp;</a>", "XML: undefined entity &nbsp; (line 1, byte 3)", MW_ERR_PARSE},
        {"<a>&#xD800;</a>", "XML: reference to invalid character U+D800 (line 1, byte 3)", MW_ERR_PARSE},
        {"<a>&#1114112;</a>", "XML: reference to invalid character U+110000 (line 1, byte 3)", MW_ERR_PARSE},
        {"<a>& b</a>", "XML: not well-formed: ' ' where an entity's name or '#' is expected (line 1, byte 4)",
         MW_ERR_PARSE},
        {"<a>]]></a>", "XML: not well-formed: ']]>' in text (line 1, byte 3)", MW_ERR_PARSE},
        {"<a>\xC3(</a>", "XML: not well-formed: byte 0xC3 is not UTF-8 (line 1, byte 3)", MW_ERR_PARSE},
        {"<a>\xEF\xBF\xBF</a>", "XML: not well-formed: U+FFFF is no character of XML (line 1, byte 3)", MW_ERR_PARSE},
        {"<a>\x01</a>", "XML: not well-formed: U+0001 is no character of XML (line 1, byte 3)", MW_ERR_PARSE},
        {"<a b='1' b='2'/>", "XML: duplicate attribute b (line 1, byte 9)", MW_ERR_PARSE},
        {"<a b='<'/>",
         "XML: not well-formed: '<' where the end of an attribute's value is expected (line 1, "
         "byte 6)",
         MW_ERR_PARSE},
        {"<a b='1'c='2'/>", "XML: not well-formed: 'c' where white space, '/' or '>' is expected (line 1, byte 8)",
         MW_ERR_PARSE},
        {"<a b/>", "XML: not well-formed: '/' where '=' is expected (line 1, byte 4)", MW_ERR_PARSE},
        {"<a><!-- -- --></a>", "XML: not well-formed: ' ' where '>' behind '--' is expected (line 1, byte 10)",
         MW_ERR_PARSE},
        {"<a><![CDATA[b", "XML: not well-formed: it ends where ]]> is expected (line 1, byte 13)", MW_ERR_PARSE},
        {"<a><?xml version='1.0'?></a>",
         "XML: not well-formed: an XML declaration stands only at the beginning, and says version "
         "(line 1, byte 3)",
         MW_ERR_PARSE},
        {"<?xml encoding='UTF-8'?><a/>", "XML: the XML declaration is not well-formed (line 1, byte 0)", MW_ERR_PARSE},
        {"<?xml version='1.0' encoding='EBCDIC'?><a/>", "XML: encoding 'EBCDIC' is not supported (line 1, byte 30)",
         MW_ERR_PARSE},
        {"<?xml version='1.0' encoding='US-ASCII'?><a>\xC3\xA9</a>",
         "XML: not well-formed: byte 0xC3 is not US-ASCII (line 1, byte 44)", MW_ERR_PARSE},
        {"\xFF\xFE<", "XML: encoding 'UTF-16' is not supported (line 1, byte 0)", MW_ERR_PARSE},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        xml_account a = {0};
        mw_error err = {0};
        mw_status st = xml_reader_account(&a, rows[i].body, strlen(rows[i].body), &err);

        if (st != rows[i].status || strcmp(err.message, rows[i].message) != 0)
            fail_msg("%s: %s: %s", rows[i].body, mw_status_name(st), err.message);
        mw_buf_clear(&a.events);
    }
}

static void test_ceilings(void **state)
{
    static const struct {
        const char *before, *each, *message;
        unsigned good;
    } rows[] = {
        {"", "<a>", "elements nest too deeply", MW__XML_DEPTH_MAX},
        {"<a", " a%u=''", "an element has more than", MW__XML_ATTRIBUTES_MAX},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        for (unsigned more = 0; more < 2; more++) {
            MW_AUTO(mw_buf) body = {0};
            xml_account a = {0};
            mw_error err = {0};

            mw_buf_puts(&body, rows[i].before);
            for (unsigned n = 0; n < rows[i].good + more; n++) {
                const char *number = strstr(rows[i].each, "%u");
                mw_buf_add(&body, rows[i].each, number ? (size_t)(number - rows[i].each) : strlen(rows[i].each), NULL);
                if (number)
                    mw_buf_printf(&body, "%u%s", n, number + 2);
            }
            assert_int_equal(xml_reader_account(&a, body.data, body.len, &err), more ? MW_ERR_LIMIT : MW_ERR_PARSE);
            assert_int_equal(strstr(err.message, rows[i].message) != NULL, more);
            mw_buf_clear(&a.events);
        }
    }
}

/* ---- beside expat ---- */

static const char *const seeds[] = {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeRegionsResponse "
    "xmlns=\"http://ec2.amazonaws.com/"
    "doc/2016-11-15/\">\r\n  <regionInfo>\n    "
    "<item><regionName>eu-west-1</regionName><empty/></item>\r  "
    "</regionInfo>\n</DescribeRegionsResponse>\n",
    "<e:Error xmlns:e='u' xsi:type=\"a&lt;&#38;&#x1F319;\tb\r\nc\" ><Code "
    ">NoSuch&amp;Bucket</Code\n><!-- a - b "
    "--><?p i?><![CDATA[<a>&]]]]><![CDATA[>\r\n]]></e:Error><!-- end -->",
    "\xEF\xBB\xBF<?xml version='1.0' standalone='yes' ?><?xml-style a?><\xC3\xA9t\xC3\xA9 "
    "_:.-='\xE2\x82\xAC'>\xF0\x9F\x8C\x99"
    "&quot;&apos;&gt;\xC3\xBC]] >\xEF\xBF\xBD</\xC3\xA9t\xC3\xA9>",
    "<?xml version='1.0' encoding='iso-8859-1'?><a b='\xE9'>\xE9\x80 long enough text for eight at "
    "a time\xFF</a>",
    "<?xml version='1.0' encoding='us-ascii'?><a><b c='1' d='2'/>\n\n<b></b>\t<b>true</b>        "
    "<b>\x7F</b></a>",
};

static const char *const pieces[] = {
    "<",
    ">",
    "</",
    "/>",
    "<a>",
    "</a>",
    "<a/>",
    "&",
    ";",
    "&lt;",
    "&#x",
    "&#10;",
    "&#0;",
    "&#xD800;",
    "&#1114112;",
    "]]>",
    "]]",
    "]",
    "<![CDATA[",
    "<!--",
    "-->",
    "--",
    "-",
    "<?",
    "?>",
    "<?xml ",
    "<!DOCTYPE a>",
    "\r",
    "\n",
    "\r\n",
    "\t",
    " ",
    "'",
    "\"",
    "=",
    " a='b'",
    " b=\"c\"",
    "xml",
    "XML",
    "encoding='UTF-8'",
    " encoding='US-ASCII'",
    " standalone='no'",
    "version='1.1'",
    "\xEF\xBB\xBF",
    "\xEF\xBF\xBE",
    "\xEF\xBF\xBF",
    "\xED\xA0\x80",
    "\xC0\x80",
    "\xC3\xA9",
    "\xC3",
    "\xF4\x90\x80\x80",
    "\xF0\x9F\x8C\x99",
    "\xCC\x80",
    "\xC2\xB7",
    "\xE3\x81\x82",
    "\x01",
    "\x0B",
    ":",
    ".",
    "9",
    "&nbsp;",
    "&amp",
    "a",
};

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13, *state ^= *state >> 17, *state ^= *state << 5; /* xorshift32, Marsaglia 2003 */
    return *state;
}

/* One of: a byte changed, a piece put in, a run taken out, a run repeated elsewhere. */
static void mutate(char *body, size_t *len, size_t size, uint32_t *random)
{
    uint32_t r = next_random(random);
    size_t at = *len ? next_random(random) % *len : 0, n;
    const char *piece = pieces[next_random(random) % MW_COUNT(pieces)];

    switch (r & 3) {
    case 0:
        if (*len)
            body[at] = (char)(r >> 8);
        return;
    case 1:
        n = next_random(random) % 12;
        if (n > *len - at)
            n = *len - at;
        memmove(body + at, body + at + n, *len - at - n);
        *len -= n;
        return;
    default: break;
    }
    n = strlen(piece);
    if (*len + n > size)
        return;
    memmove(body + at + n, body + at, *len - at);
    memcpy(body + at, piece, n);
    *len += n;
}

static void test_beside_expat(void **state)
{
    XML_Parser expat = XML_ParserCreate(NULL);
    uint32_t random = 2463534242U;
    char said[1024];

    (void)state;
    assert_non_null(expat);
    for (size_t i = 0; i < MUTATIONS; i++) {
        const char *seed = seeds[i % MW_COUNT(seeds)];
        size_t len = strlen(seed);
        char body[1024];

        memcpy(body, seed, len);
        for (size_t n = i < MW_COUNT(seeds) ? 0 : 1 + next_random(&random) % 3; n > 0; n--)
            mutate(body, &len, sizeof(body), &random);
        if (xml_disagree(expat, body, len, said, sizeof(said)))
            fail_msg("document %zu: %s: %.*s", i, said, (int)len, body);
    }
    XML_ParserFree(expat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_beside_expat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
