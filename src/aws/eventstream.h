/* Messages of `application/vnd.amazon.eventstream`: prelude, typed headers, payload, two CRCs. */
#ifndef MW_AWS_EVENTSTREAM_H
#define MW_AWS_EVENTSTREAM_H

#include "moonward/status.h"

#include <stdbool.h>
#include <stdint.h>

/** One message, borrowed from the body. */
typedef struct mw__event {
    const unsigned char *headers;
    size_t headers_len;
    const char *payload;
    size_t payload_len;
} mw__event;

typedef enum mw__event_type { /* as on the wire */
                              MW__EVENT_TRUE,
                              MW__EVENT_FALSE,
                              MW__EVENT_BYTE,
                              MW__EVENT_SHORT,
                              MW__EVENT_INTEGER,
                              MW__EVENT_LONG,
                              MW__EVENT_BYTES,
                              MW__EVENT_STRING,
                              MW__EVENT_TIMESTAMP,
                              MW__EVENT_UUID
} mw__event_type;

typedef struct mw__event_header {
    const char *name;
    size_t name_len;
    mw__event_type type;
    int64_t number;   /* of the numeric kinds; a timestamp's milliseconds */
    const char *data; /* of BYTES, STRING and UUID */
    size_t len;
} mw__event_header;

/**
 * Read the message at @p *offset of @p body and move on. Lengths, both CRCs and every header are
 * checked.
 * @return MW_OK; MW_ERR_PARSE naming the byte.
 */
mw_status mw__event_next(const char *body, size_t len, size_t *offset, mw__event *out, mw_error *err);
/** Header by name; false when the message has none. */
bool mw__event_find(const mw__event *e, const char *name, mw__event_header *out);

#endif
