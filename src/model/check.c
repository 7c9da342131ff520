/*
 * The gate for packs that this binary did not make: each link leads to a whole record of the right
 * table, each string ends inside the pack, each count and order is what look-ups rely on. One pass,
 * no allocation. It must never follow a link that it has not checked.
 */
#include "model/pack.h"

#include <string.h>

const uint32_t mw__pack_strides[MW_PACK_TABLES] = {
    [MW_PACK_SERVICES] = sizeof(struct mw_service),
    [MW_PACK_OPERATIONS] = sizeof(struct mw_operation),
    [MW_PACK_OPERATION_EXTS] = sizeof(mw_operation_ext),
    [MW_PACK_ERRORS] = sizeof(mw_error_entry),
    [MW_PACK_SHAPES] = sizeof(struct mw_shape),
    [MW_PACK_SHAPE_EXTS] = sizeof(mw_shape_ext),
    [MW_PACK_MEMBERS] = sizeof(struct mw_member),
    [MW_PACK_MEMBER_EXTS] = sizeof(mw_member_ext),
    [MW_PACK_LINKS] = sizeof(mw_rel),
    [MW_PACK_INDEX] = sizeof(uint16_t),
    [MW_PACK_STRINGS] = 1,
    [MW_PACK_DOC] = 1,
};

/* True when @p field is empty, or leads to @p count whole entries of @p table. */
static bool link_ok(const mw_pack_header *h, const mw_rel *field, enum mw_pack_table table, uint32_t count)
{
    int64_t at, entry;

    if (*field == 0)
        return true;
    at = (const char *)field - (const char *)h + (int64_t)*field - (int64_t)h->tables[table].offset;
    if (at < 0 || at % mw__pack_strides[table] != 0)
        return false;
    entry = at / mw__pack_strides[table];
    return entry < h->tables[table].count && count <= h->tables[table].count - entry;
}

static bool text_ok(const mw_pack_header *h, const mw_rel *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!link_ok(h, fields + i, MW_PACK_STRINGS, 1))
            return false;
    }
    return true;
}

/* A link that must be there. */
static bool has(const mw_pack_header *h, const mw_rel *field, enum mw_pack_table table)
{
    return *field != 0 && link_ok(h, field, table, 1);
}

static bool ascending(const mw_rel *before, const mw_rel *after)
{
    return strcmp(mw__follow(before), mw__follow(after)) < 0;
}

static bool header_ok(const mw_pack_header *h, size_t size)
{
    if (memcmp(h->magic, MW_PACK_MAGIC, sizeof(h->magic)) != 0 || h->size != size)
        return false;
    for (int t = 0; t < MW_PACK_TABLES; t++) {
        uint64_t end = h->tables[t].offset + (uint64_t)h->tables[t].count * mw__pack_strides[t];
        uint32_t align = t == MW_PACK_DOC ? MW_PACK_ALIGN : 4;

        if (end > size || h->tables[t].offset < sizeof(*h) || h->tables[t].offset % align != 0)
            return false;
    }
    if (h->tables[MW_PACK_STRINGS].count == 0)
        return false;
    if (((const char *)mw__pack_table(h, MW_PACK_STRINGS))[h->tables[MW_PACK_STRINGS].count - 1])
        return false;
    return has(h, &h->botocore_version, MW_PACK_STRINGS);
}

static bool service_ok(const mw_pack_header *h, const mw_service *s)
{
    const mw_operation *operations = mw__follow(&s->operations);
    const mw_error_entry *errors = mw__follow(&s->errors);

    if (!has(h, &s->name, MW_PACK_STRINGS) || !text_ok(h, &s->name, 9) || s->protocol > MW_PROTO_CBOR ||
        !link_ok(h, &s->operations, MW_PACK_OPERATIONS, s->operation_count) ||
        !link_ok(h, &s->errors, MW_PACK_ERRORS, s->error_count) || (!operations && s->operation_count) ||
        (!errors && s->error_count))
        return false;
    for (uint32_t i = 0; i < s->operation_count; i++) {
        if (!has(h, &operations[i].name, MW_PACK_STRINGS) ||
            (i && !ascending(&operations[i - 1].name, &operations[i].name)))
            return false;
    }
    for (uint32_t i = 0; i < s->error_count; i++) {
        if (!has(h, &errors[i].code, MW_PACK_STRINGS) || !has(h, &errors[i].shape, MW_PACK_SHAPES) ||
            (i && !ascending(&errors[i - 1].code, &errors[i].code)))
            return false;
    }
    return true;
}

static bool operation_ok(const mw_pack_header *h, const mw_operation *o)
{
    return has(h, &o->name, MW_PACK_STRINGS) && has(h, &o->method, MW_PACK_STRINGS) &&
           has(h, &o->uri, MW_PACK_STRINGS) && has(h, &o->service, MW_PACK_SERVICES) &&
           link_ok(h, &o->input, MW_PACK_SHAPES, 1) && link_ok(h, &o->output, MW_PACK_SHAPES, 1) &&
           link_ok(h, &o->ext, MW_PACK_OPERATION_EXTS, 1);
}

static bool member_ok(const mw_pack_header *h, const mw_member *m)
{
    enum mw_pack_table wire = m->flags & MW_MEMBER_EXT ? MW_PACK_MEMBER_EXTS : MW_PACK_STRINGS;

    if ((m->flags & MW_MEMBER_EXT) && m->location_name == 0)
        return false;
    return text_ok(h, &m->name, 1) && has(h, &m->shape, MW_PACK_SHAPES) && link_ok(h, &m->location_name, wire, 1) &&
           (m->flags & MW_MEMBER_LOCATION) <= MW_LOC_STATUS_CODE;
}

/* Members are checked by now. */
static bool structure_ok(const mw_pack_header *h, const mw_shape *s)
{
    const mw_member *members = mw__follow(&s->first);
    const mw_shape_ext *ext = mw__follow(&s->ext);
    const uint16_t *wire;

    for (uint32_t i = 0; i < s->count; i++) {
        if (members[i].by_name >= s->count || members[i].name == 0)
            return false;
    }
    for (uint32_t i = 1; i < s->count; i++) {
        if (!ascending(&members[members[i - 1].by_name].name, &members[members[i].by_name].name))
            return false;
    }
    if (!ext)
        return true;
    if (ext->payload > s->count || !link_ok(h, &ext->wire_index, MW_PACK_INDEX, s->count))
        return false;
    wire = mw__follow(&ext->wire_index);
    for (uint32_t i = 0; wire && i < s->count; i++) {
        if (wire[i] >= s->count)
            return false;
    }
    return true;
}

static bool shape_ok(const mw_pack_header *h, const mw_shape *s)
{
    enum mw_pack_table table = MW_PACK_MEMBERS;

    if (!has(h, &s->name, MW_PACK_STRINGS) || s->type > MW_SHAPE_TIMESTAMP || s->timestamp_format > MW_TS_RFC822 ||
        !link_ok(h, &s->ext, MW_PACK_SHAPE_EXTS, 1))
        return false;
    switch (s->type) {
    case MW_SHAPE_STRUCTURE:
    case MW_SHAPE_LIST:
    case MW_SHAPE_MAP: break;
    case MW_SHAPE_STRING: table = MW_PACK_LINKS; break;
    default:
        if (s->count != 0)
            return false;
    }
    if (!link_ok(h, &s->first, table, s->count) || (s->first == 0) != (s->count == 0) || s->count > UINT16_MAX)
        return false;
    switch (s->type) {
    case MW_SHAPE_STRUCTURE: return structure_ok(h, s);
    case MW_SHAPE_LIST: return s->count == 1;
    case MW_SHAPE_MAP: return s->count == 2;
    default: return true;
    }
}

mw_status mw__pack_check(const void *bytes, size_t size, mw_error *err)
{
    const mw_pack_header *h = bytes;
    const char *what = NULL;
    uint32_t i = 0;

#define EACH(table, type, test)                                                                                        \
    for (const type *r = mw__pack_table(h, table); !what && i < h->tables[table].count; i++, r++) {                    \
        if (!(test)) {                                                                                                 \
            what = #type;                                                                                              \
            break;                                                                                                     \
        }                                                                                                              \
    }                                                                                                                  \
    if (!what)                                                                                                         \
        i = 0;

    if (size < sizeof(*h) || size > UINT32_MAX || (uintptr_t)bytes % 8 != 0 || !header_ok(h, size))
        return mw_fail(err, MW_ERR_PARSE, "model pack: %zu bytes without a valid header", size);
    EACH(MW_PACK_MEMBER_EXTS, mw_member_ext, text_ok(h, &r->location_name, 5))
    EACH(MW_PACK_SHAPE_EXTS, mw_shape_ext, text_ok(h, &r->location_name, 4))
    EACH(MW_PACK_OPERATION_EXTS, mw_operation_ext, text_ok(h, &r->input_location_name, 5))
    EACH(MW_PACK_LINKS, mw_rel, has(h, r, MW_PACK_STRINGS))
    EACH(MW_PACK_MEMBERS, mw_member, member_ok(h, r))
    EACH(MW_PACK_SHAPES, mw_shape, shape_ok(h, r))
    EACH(MW_PACK_OPERATIONS, mw_operation, operation_ok(h, r))
    EACH(MW_PACK_SERVICES, mw_service, service_ok(h, r) && (i == 0 || ascending(&r[-1].name, &r->name)))
#undef EACH
    if (what)
        return mw_fail(err, MW_ERR_PARSE, "model pack: %s %u is damaged", what, i);
    return MW_OK;
}
