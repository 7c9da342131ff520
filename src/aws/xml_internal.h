/* What the two files of the XML reader share: classes of characters, and the way to fail. */
#ifndef MW_AWS_XML_INTERNAL_H
#define MW_AWS_XML_INTERNAL_H

#include "aws/xml.h"

enum {
    MW__XML_SPACE = 1,      /* [3] */
    MW__XML_NAME = 2,       /* [4a], ASCII */
    MW__XML_NAME_START = 4, /* [4], ASCII */
    MW__XML_PLAIN = 8       /* means itself in an element's text */
};

extern const uint8_t mw__xml_classes[256];

static inline bool mw__xml_is(char c, unsigned class)
{
    return mw__xml_classes[(unsigned char)c] & class;
}

/** Is @p text what stands at @p p? */
static inline bool mw__xml_stands(const mw__xml_reader *r, const char *p, mw_str text)
{
    return (size_t)(r->end - p) >= text.len && memcmp(p, text.data, text.len) == 0;
}

/** All failures end here; @p p is where. NULL, for callers to give on. */
void *mw__xml_bad(mw__xml_reader *r, mw_status st, const char *p, const char *format, ...)
    __attribute__((format(printf, 4, 5), cold));

#endif
