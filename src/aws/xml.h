/*
 * XML as AWS sends it: one whole document in memory, read event by event. Well-formedness is held
 * as strictly as expat holds it; namespaces are names with a colon, and nothing is resolved that
 * the document does not hold itself: no document type, so no entities but the five.
 */
#ifndef MW_AWS_XML_H
#define MW_AWS_XML_H

#include "base/str.h"

#include <stdint.h>

#define MW__XML_DEPTH_MAX      512u
#define MW__XML_ATTRIBUTES_MAX 64u

typedef enum mw__xml_event {
    MW__XML_START, /* name, attributes */
    MW__XML_END,   /* name; of an empty element too */
    MW__XML_CHARS, /* text: a part of what stands between two tags, not always all of it */
    MW__XML_DONE,  /* the root has ended and nothing but comments stands behind it */
    MW__XML_FAILED /* status, and the error given to mw__xml_begin(); so is each event after it */
} mw__xml_event;

typedef struct mw__xml_attribute {
    mw_str name;  /* with its prefix */
    mw_str value; /* as it stands in the document: mw__xml_attribute_text() */
} mw__xml_attribute;

/**
 * A document being read. Only what the last event says above may be looked at. Names, and texts
 * within [start, end), stay where they are until mw__xml_finish(); other texts until the next
 * event.
 */
typedef struct mw__xml_reader {
    mw_str name; /* with its prefix */
    mw_str text;
    size_t attribute_count;
    const char *start, *end; /* the document in UTF-8 */
    mw_status status;

    const char *at;
    mw_error *err;
    unsigned depth;
    bool began;  /* the root was met */
    bool empty;  /* the end of an empty element is due */
    bool cdata;  /* within a CDATA section */
    char one[4]; /* the character that a reference names */
    mw_buf converted;
    mw__xml_attribute attributes[MW__XML_ATTRIBUTES_MAX];
    mw_str open[MW__XML_DEPTH_MAX];
} mw__xml_reader;

/**
 * Begin with @p len bytes at @p body, which the reader borrows. UTF-8 with or without a mark,
 * US-ASCII, and ISO-8859-1, which is converted. Failures come with the first event. Not the whole
 * of *r is set: it may be an automatic variable at no cost.
 * @param err  Filled when an event is MW__XML_FAILED; may be NULL.
 */
void mw__xml_begin(mw__xml_reader *r, const char *body, size_t len, mw_error *err);
void mw__xml_finish(mw__xml_reader *r);

/**
 * Status when failed: MW_ERR_PARSE (not well-formed, a document type, another encoding),
 * MW_ERR_LIMIT (one of the ceilings above) or MW_ERR_NOMEM. Cost: one pass, no allocation.
 */
mw__xml_event mw__xml_next(mw__xml_reader *r);

/** Append an attribute's value with its references replaced and its white space as blanks. */
void mw__xml_attribute_text(mw__xml_reader *r, const mw__xml_attribute *a, mw_buf *out);
/** Line of the last event, from 1 on. Cost: the document up to there. */
size_t mw__xml_line(const mw__xml_reader *r);

/** @p name behind its last colon. */
static inline mw_str mw__xml_local(mw_str name)
{
    const char *colon = memrchr(name.data, ':', name.len);

    return colon ? (mw_str){colon + 1, (size_t)(name.data + name.len - colon - 1)} : name;
}

static inline bool mw__xml_named(mw_str name, const char *other)
{
    return strlen(other) == name.len && memcmp(other, name.data, name.len) == 0;
}

#endif
