/*
 * The XML reader beside expat over one document: the same documents are well-formed to both, and
 * say the same. Runs of text are joined, for both may cut them anywhere. Where they may differ:
 *
 * - expat reads UTF-16, the reader does not;
 * - the reader refuses a document type, and more attributes or open elements than its ceilings;
 * - names follow the fifth edition of XML in the reader, the fourth in expat, so a few more are
 * names; expat takes three signs (ª, µ, º) for letters that are none in any edition.
 */
#ifndef MW_TESTS_XML_ORACLE_H
#define MW_TESTS_XML_ORACLE_H

#include "aws/xml.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>

/* Events as text: `(name` `@name=value` `)name` `-text`, each behind the separator 0x01, which no
 * document holds. */
typedef struct xml_account {
    mw_buf events;
    XML_Parser expat;
    bool in_text;
    bool no_letter; /* where the reader stopped there is one of expat's three */
} xml_account;

static inline void xml_account_add(xml_account *a, char kind, const char *s, size_t len)
{
    if (kind != '-' || !a->in_text) {
        mw_buf_putc(&a->events, '\1');
        mw_buf_putc(&a->events, kind);
    }
    mw_buf_add(&a->events, s, len, NULL);
    a->in_text = kind == '-';
}

static inline void XMLCALL xml_expat_start(void *user, const char *name, const char **atts)
{
    xml_account *a = user;

    xml_account_add(a, '(', name, strlen(name));
    for (; *atts; atts += 2) {
        xml_account_add(a, '@', atts[0], strlen(atts[0]));
        xml_account_add(a, '=', atts[1], strlen(atts[1]));
    }
}

static inline void XMLCALL xml_expat_end(void *user, const char *name)
{
    xml_account_add(user, ')', name, strlen(name));
}

static inline void XMLCALL xml_expat_text(void *user, const char *s, int len)
{
    xml_account_add(user, '-', s, (size_t)len);
}

static inline void XMLCALL xml_expat_doctype(void *user, const char *name, const char *system, const char *public_id,
                                             int internal)
{
    xml_account *a = user;

    (void)name;
    (void)system;
    (void)public_id;
    (void)internal;
    XML_StopParser(a->expat, XML_FALSE);
}

static inline void xml_reader_start(xml_account *a, mw__xml_reader *r)
{
    xml_account_add(a, '(', r->name.data, r->name.len);
    for (size_t i = 0; i < r->attribute_count; i++) {
        mw_buf value = {.max = r->attributes[i].value.len + 1};

        mw__xml_attribute_text(r, &r->attributes[i], &value);
        xml_account_add(a, '@', r->attributes[i].name.data, r->attributes[i].name.len);
        xml_account_add(a, '=', value.data ? value.data : "", value.len);
        mw_buf_clear(&value);
    }
}

static inline mw_status xml_reader_account(xml_account *a, const char *body, size_t len, mw_error *err)
{
    mw__xml_reader r;
    mw_status st;
    mw__xml_event event;

    mw__xml_begin(&r, body, len, err);
    do {
        event = mw__xml_next(&r);
        if (event == MW__XML_START)
            xml_reader_start(a, &r);
        else if (event == MW__XML_END)
            xml_account_add(a, ')', r.name.data, r.name.len);
        else if (event == MW__XML_CHARS && r.text.len)
            xml_account_add(a, '-', r.text.data, r.text.len);
    } while (event != MW__XML_DONE && event != MW__XML_FAILED);
    st = r.status;
    a->no_letter =
        st != MW_OK && r.end - r.at >= 2 &&
        (memcmp(r.at, "\xC2\xAA", 2) == 0 || memcmp(r.at, "\xC2\xB5", 2) == 0 || memcmp(r.at, "\xC2\xBA", 2) == 0);
    mw__xml_finish(&r);
    return st;
}

/* Did expat stop at a letter that is one, by the fifth edition only? */
static inline bool xml_newer_name(const char *body, size_t len, long at)
{
    return at >= 0 && (size_t)at < len && (unsigned char)body[at] >= 0x80 &&
           mw_utf8_sequence(body + at, len - (size_t)at) > 0;
}

static inline bool xml_is_utf16(const char *body, size_t len)
{
    return len >= 2 && (!body[0] || !body[1] || memcmp(body, "\xFF\xFE", 2) == 0 || memcmp(body, "\xFE\xFF", 2) == 0);
}

/** What the two disagree about, in @p said, or false. @p expat is kept by the caller and reset
 * here. */
static inline bool xml_disagree(XML_Parser expat, const char *body, size_t len, char *said, size_t size)
{
    xml_account theirs = {.expat = expat}, ours = {0};
    enum XML_Status parsed;
    mw_error err = {0};
    mw_status st;
    long at;
    bool differ;

    XML_ParserReset(expat, NULL);
    XML_SetUserData(expat, &theirs);
    XML_SetElementHandler(expat, xml_expat_start, xml_expat_end);
    XML_SetCharacterDataHandler(expat, xml_expat_text);
    XML_SetStartDoctypeDeclHandler(expat, xml_expat_doctype);
    parsed = XML_Parse(expat, body, (int)len, 1);
    at = (long)XML_GetCurrentByteIndex(expat);
    st = xml_reader_account(&ours, body, len, &err);
    if (st == MW_ERR_LIMIT || xml_is_utf16(body, len))
        differ = false;
    else if (parsed != XML_STATUS_OK)
        differ = st == MW_OK && !xml_newer_name(body, len, at);
    else
        differ = st != MW_OK
                     ? !ours.no_letter
                     : ours.events.len != theirs.events.len ||
                           (ours.events.len && memcmp(ours.events.data, theirs.events.data, ours.events.len) != 0);
    if (differ)
        snprintf(said, size, "expat: %s at %ld; reader: %s %s; events %s",
                 parsed == XML_STATUS_OK ? "well-formed" : XML_ErrorString(XML_GetErrorCode(expat)), at,
                 mw_status_name(st), err.message, ours.events.len == theirs.events.len ? "alike" : "of other length");
    mw_buf_clear(&theirs.events);
    mw_buf_clear(&ours.events);
    return differ;
}

#endif
