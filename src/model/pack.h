/*
 * The pack's own format: fixed little-endian records that are used where they lie.
 *
 * A link between records, or from a record to a string, is a signed 32-bit distance from the field
 * that holds it (0 = nothing), so a reader needs no base address. Tables start at the offsets that
 * the header lists. Nothing here may be reordered without a new MW_PACK_MAGIC.
 */
#ifndef MW_MODEL_PACK_H
#define MW_MODEL_PACK_H

#include "moonward/model.h"

#include <assert.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model packs are used in place and are little-endian"
#endif

#define MW_PACK_MAGIC "MWMODEL1" /* 8 bytes, no NUL */
#define MW_PACK_ALIGN 64u        /* of the embedded document, and what a pack's bytes must have: 8 */

enum mw_pack_table {
    MW_PACK_SERVICES,
    MW_PACK_OPERATIONS,
    MW_PACK_OPERATION_EXTS,
    MW_PACK_ERRORS,
    MW_PACK_SHAPES,
    MW_PACK_SHAPE_EXTS,
    MW_PACK_MEMBERS,
    MW_PACK_MEMBER_EXTS,
    MW_PACK_LINKS,   /* mw_rel: enum values */
    MW_PACK_INDEX,   /* uint16_t: member numbers in order of wire name */
    MW_PACK_STRINGS, /* bytes; the last one is NUL */
    MW_PACK_DOC,     /* bytes of one mw_doc */
    MW_PACK_TABLES
};

typedef int32_t mw_rel;

typedef struct mw_pack_header {
    char magic[8];
    uint32_t size; /* of the whole pack */
    mw_rel botocore_version;
    struct {
        uint32_t offset;
        uint32_t count;
    } tables[MW_PACK_TABLES];
} mw_pack_header;

enum { MW_SERVICE_QUERY_COMPATIBLE = 1 };

struct mw_service {
    mw_rel name, id, api_version, endpoint_prefix, signing_name, target_prefix, json_version, xml_namespace,
        signature_version;
    mw_rel operations;
    uint32_t operation_count;
    mw_rel errors; /* mw_error_entry, in order of code */
    uint32_t error_count;
    uint8_t protocol;
    uint8_t flags;
    uint16_t reserved;
};

typedef struct mw_error_entry {
    mw_rel code, shape;
} mw_error_entry;

enum {
    MW_OPERATION_UNSIGNED_PAYLOAD = 1 << 0,
    MW_OPERATION_CHECKSUM_REQUIRED = 1 << 1,
    MW_OPERATION_DEPRECATED = 1 << 2,
    MW_OPERATION_EXTRA = 1 << 3 /* the document holds more about it */
};

struct mw_operation {
    mw_rel name, method, uri, service, input, output;
    mw_rel ext; /* mw_operation_ext, when it has one of those traits */
    uint16_t response_code;
    uint16_t flags;
};

typedef struct mw_operation_ext {
    mw_rel input_location_name, input_xml_namespace, result_wrapper, host_prefix, auth_type;
} mw_operation_ext;

enum {
    MW_SHAPE_FLATTENED = 1 << 0,
    MW_SHAPE_EXCEPTION = 1 << 1,
    MW_SHAPE_UNION = 1 << 2,
    MW_SHAPE_DOCUMENT = 1 << 3,
    MW_SHAPE_SENSITIVE = 1 << 4,
    MW_SHAPE_STREAMING = 1 << 5,
    MW_SHAPE_EVENTSTREAM = 1 << 6,
    MW_SHAPE_EVENT = 1 << 7,
    MW_SHAPE_WRAPPER = 1 << 8,
    MW_SHAPE_REQUIRES_LENGTH = 1 << 9,
    MW_SHAPE_RETRYABLE = 1 << 10,
    MW_SHAPE_THROTTLING = 1 << 11
};

struct mw_shape {
    mw_rel name;
    uint8_t type;
    uint8_t timestamp_format;
    uint16_t flags;
    uint32_t count; /* structure: members; list: 1; map: 2 (key, value); string: enum values */
    mw_rel first;   /* the first of those: mw_member, or mw_rel for enum values */
    mw_rel ext;     /* mw_shape_ext, when it has one of those traits */
};

typedef struct mw_shape_ext {
    mw_rel location_name, xml_namespace, xml_prefix, error_code;
    mw_rel wire_index; /* uint16_t[count], when a member has a locationName */
    uint16_t error_status;
    uint16_t payload; /* member number + 1 */
} mw_shape_ext;

enum {
    MW_MEMBER_LOCATION = 7,        /* mw_location */
    MW_MEMBER_TIMESTAMP_SHIFT = 3, /* mw_timestamp_format, 2 bits */
    MW_MEMBER_REQUIRED = 1 << 5,
    MW_MEMBER_FLATTENED = 1 << 6,
    MW_MEMBER_IDEMPOTENCY_TOKEN = 1 << 7,
    MW_MEMBER_XML_ATTRIBUTE = 1 << 8,
    MW_MEMBER_STREAMING = 1 << 9,
    MW_MEMBER_JSONVALUE = 1 << 10,
    MW_MEMBER_HOST_LABEL = 1 << 11,
    MW_MEMBER_EVENT_PAYLOAD = 1 << 12,
    MW_MEMBER_EVENT_HEADER = 1 << 13,
    MW_MEMBER_EXT = 1 << 14 /* location_name leads to a mw_member_ext */
};

struct mw_member {
    mw_rel name, shape, location_name;
    uint16_t flags;
    uint16_t by_name; /* which member of the structure comes at this place in order of names */
};

typedef struct mw_member_ext {
    mw_rel location_name, query_name, xml_namespace, xml_prefix, context_param;
} mw_member_ext;

static_assert(sizeof(mw_pack_header) == 112, "header has no padding");
static_assert(sizeof(struct mw_service) == 56, "service has no padding");
static_assert(sizeof(struct mw_operation) == 32, "operation has no padding");
static_assert(sizeof(struct mw_shape) == 20, "shape has no padding");
static_assert(sizeof(mw_shape_ext) == 24, "shape extension has no padding");
static_assert(sizeof(struct mw_member) == 16, "member has no padding");

/** Bytes of one entry of a table. */
extern const uint32_t mw__pack_strides[MW_PACK_TABLES];

static inline const void *mw__follow(const mw_rel *field)
{
    return *field ? (const char *)field + *field : NULL;
}

struct mw_models {
    const mw_pack_header *header; /* the pack */
    mw_doc *doc;                  /* owned; borrows the pack */
    void *mapped;                 /* owned mapping, or NULL when the bytes are borrowed */
    unsigned references;          /* openings of the same bytes share one handle */
    struct mw_models *next;       /* in the list of open packs */
};

static inline const void *mw__pack_table(const mw_pack_header *h, enum mw_pack_table t)
{
    return (const char *)h + h->tables[t].offset;
}

/** Check each offset, count, string and order that a reader relies on; not the document inside. */
mw_status mw__pack_check(const void *bytes, size_t size, mw_error *err);
/** As mw_models_open() without checks, in constant time: for the pack that this binary carries. */
mw_status mw__models_open_trusted(const void *bytes, size_t size, mw_models **out, mw_error *err);
/** What the document says about a service: {"ruleset", "paginators", …} or ABSENT. */
mw_val mw__service_doc(const mw_service *s, const mw_models **models);

#endif
