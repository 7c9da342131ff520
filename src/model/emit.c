/*
 * Laying the pack out: equal shapes and equal runs of members are written once, tables follow each
 * other behind the header, and numbers become the distances that readers follow. The same graph
 * gives the same bytes.
 */
#include "model/merge.h"

#include "base/hash.h"

#include <string.h>

/* A table while its records are collected. Links hold numbers until link(). */
struct table {
    void *data;
    size_t count, capacity;
};

struct emitter {
    const mw_compiler *c;
    uint32_t *first;  /* shape → its representative */
    uint32_t *number; /* representative → record number in the pack */
    uint32_t *runs;   /* hash slots: start of a run of members + 1 */
    size_t run_slots;
    struct table tables[MW_PACK_TABLES];
    size_t offsets[MW_PACK_TABLES];
    mw_status status;
};

static void *add(struct emitter *e, enum mw_pack_table table)
{
    struct table *t = e->tables + table;

    if (t->count >= INT32_MAX / sizeof(struct mw_service) ||
        !mw__grow(&t->data, &t->capacity, t->count, mw__pack_strides[table])) {
        e->status = MW_ERR_NOMEM;
        return NULL;
    }
    return (char *)t->data + t->count++ * mw__pack_strides[table];
}

/* Numbers are kept plus one, so that 0 stays "nothing". */
static mw_rel number_of_last(const struct emitter *e, enum mw_pack_table table)
{
    return (mw_rel)e->tables[table].count;
}

static mw_rel shape_link(const struct emitter *e, uint32_t shape)
{
    return (mw_rel)e->number[e->first[shape]] + 1;
}

/* ---- members ---- */

static bool needs_ext(const mw_c_member *m)
{
    return m->query_name || m->xml_namespace || m->xml_prefix || m->context_param;
}

static bool same_run(const struct emitter *e, const mw_c_member *a, const mw_c_member *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        mw_c_member x = a[i], y = b[i];

        x.shape = e->first[x.shape];
        y.shape = e->first[y.shape];
        if (memcmp(&x, &y, sizeof(x)) != 0)
            return false;
    }
    return true;
}

/* What orders members in an index: by_name or by_wire over one structure. */
struct order {
    const mw_compiler *c;
    const mw_c_member *members;
};

static const char *text(const mw_compiler *c, uint32_t string)
{
    return c->strings.entries[string].text;
}

static int by_name(const void *a, const void *b, void *context)
{
    const struct order *o = context;
    const uint16_t *x = a, *y = b;

    return strcmp(text(o->c, o->members[*x].name), text(o->c, o->members[*y].name));
}

static int by_wire(const void *a, const void *b, void *context)
{
    const struct order *o = context;
    const uint16_t *x = a, *y = b;
    const mw_c_member *m = o->members + *x, *n = o->members + *y;
    int order = strcmp(text(o->c, m->location_name ? m->location_name : m->name),
                       text(o->c, n->location_name ? n->location_name : n->name));
    bool m_bound = (m->flags & MW_MEMBER_LOCATION) != MW_LOC_BODY;
    bool n_bound = (n->flags & MW_MEMBER_LOCATION) != MW_LOC_BODY;

    if (order)
        return order;
    return m_bound != n_bound ? m_bound - n_bound : *x - *y;
}

static uint16_t *sorted(struct emitter *e, const mw_c_shape *s, int (*compare)(const void *, const void *, void *))
{
    struct order context = {e->c, e->c->members + s->first};
    uint16_t *index = mw_alloc((s->count + 1) * sizeof(*index));

    if (!index) {
        e->status = MW_ERR_NOMEM;
        return NULL;
    }
    for (uint32_t i = 0; i < s->count; i++)
        index[i] = (uint16_t)i;
    qsort_r(index, s->count, sizeof(*index), compare, &context);
    return index;
}

static void write_run(struct emitter *e, const mw_c_shape *s)
{
    MW_AUTO_FREE uint16_t *index = s->type == MW_SHAPE_STRUCTURE ? sorted(e, s, by_name) : NULL;

    for (uint32_t i = 0; i < s->count && e->status == MW_OK; i++) {
        const mw_c_member *m = e->c->members + s->first + i;
        struct mw_member *r = add(e, MW_PACK_MEMBERS);
        mw_member_ext *ext;

        if (!r)
            return;
        r->name = (mw_rel)m->name;
        r->shape = shape_link(e, m->shape);
        r->location_name = (mw_rel)m->location_name;
        r->flags = (uint16_t)m->flags;
        r->by_name = index ? index[i] : 0;
        if (!needs_ext(m))
            continue;
        ext = add(e, MW_PACK_MEMBER_EXTS);
        if (!ext)
            return;
        ext->location_name = (mw_rel)m->location_name;
        ext->query_name = (mw_rel)m->query_name;
        ext->xml_namespace = (mw_rel)m->xml_namespace;
        ext->xml_prefix = (mw_rel)m->xml_prefix;
        ext->context_param = (mw_rel)m->context_param;
        r->flags |= MW_MEMBER_EXT;
        r->location_name = number_of_last(e, MW_PACK_MEMBER_EXTS);
    }
}

/*
 * The record number + 1 of an equal run of members that was written before, else of a new one.
 * Runs are found by their start in c->members; run_starts gives where each went.
 */
static mw_rel place_run(struct emitter *e, const mw_c_shape *s, uint32_t *run_starts, uint32_t *run_counts)
{
    const mw_c_member *members = e->c->members + s->first;
    uint64_t h = s->count;
    size_t at;

    if (s->count == 0)
        return 0;
    for (uint32_t i = 0; i < s->count; i++) {
        const uint32_t key[] = {members[i].name, e->first[members[i].shape], members[i].location_name,
                                members[i].flags};

        h = mw_hash64(key, sizeof(key)) ^ (h * 31);
    }
    for (at = h & (e->run_slots - 1); e->runs[at]; at = (at + 1) & (e->run_slots - 1)) {
        uint32_t start = e->runs[at] - 1;

        if (run_counts[start] == s->count && same_run(e, e->c->members + start, members, s->count))
            return (mw_rel)run_starts[start] + 1;
    }
    e->runs[at] = s->first + 1;
    run_counts[s->first] = s->count;
    run_starts[s->first] = (uint32_t)e->tables[MW_PACK_MEMBERS].count;
    write_run(e, s);
    return (mw_rel)run_starts[s->first] + 1;
}

/* ---- shapes ---- */

static bool has_wire_names(const mw_compiler *c, const mw_c_shape *s)
{
    for (uint32_t i = 0; s->type == MW_SHAPE_STRUCTURE && i < s->count; i++) {
        if (c->members[s->first + i].location_name)
            return true;
    }
    return false;
}

static mw_rel write_shape_ext(struct emitter *e, const mw_c_shape *s)
{
    bool wire = has_wire_names(e->c, s);
    mw_shape_ext *ext;

    if (!wire && !s->location_name && !s->xml_namespace && !s->xml_prefix && !s->error_code && !s->error_status &&
        !s->payload)
        return 0;
    ext = add(e, MW_PACK_SHAPE_EXTS);
    if (!ext)
        return 0;
    ext->location_name = (mw_rel)s->location_name;
    ext->xml_namespace = (mw_rel)s->xml_namespace;
    ext->xml_prefix = (mw_rel)s->xml_prefix;
    ext->error_code = (mw_rel)s->error_code;
    ext->error_status = (uint16_t)s->error_status;
    ext->payload = (uint16_t)s->payload;
    if (wire) {
        MW_AUTO_FREE uint16_t *index = sorted(e, s, by_wire);

        ext->wire_index = number_of_last(e, MW_PACK_INDEX) + 1;
        for (uint32_t i = 0; index && i < s->count; i++) {
            uint16_t *entry = add(e, MW_PACK_INDEX);

            if (entry)
                *entry = index[i];
        }
    }
    return number_of_last(e, MW_PACK_SHAPE_EXTS);
}

static mw_rel write_enum(struct emitter *e, const mw_c_shape *s)
{
    mw_rel start = number_of_last(e, MW_PACK_LINKS) + 1;

    for (uint32_t i = 0; i < s->count; i++) {
        mw_rel *entry = add(e, MW_PACK_LINKS);

        if (entry)
            *entry = (mw_rel)e->c->enums[s->first + i];
    }
    return s->count ? start : 0;
}

static void write_shapes(struct emitter *e)
{
    const mw_compiler *c = e->c;
    MW_AUTO_FREE uint32_t *run_starts = mw_alloc((c->member_count + 1) * sizeof(uint32_t));
    MW_AUTO_FREE uint32_t *run_counts = mw_alloc((c->member_count + 1) * sizeof(uint32_t));
    uint32_t next = 0;

    if (!run_starts || !run_counts) {
        e->status = MW_ERR_NOMEM;
        return;
    }
    for (size_t i = 0; i < c->shape_count; i++) {
        if (e->first[i] == i)
            e->number[i] = next++;
    }
    for (size_t i = 0; i < c->shape_count && e->status == MW_OK; i++) {
        const mw_c_shape *s = c->shapes + i;
        struct mw_shape *r;

        if (e->first[i] != i)
            continue;
        r = add(e, MW_PACK_SHAPES);
        if (!r)
            return;
        r->name = (mw_rel)s->name;
        r->type = (uint8_t)s->type;
        r->timestamp_format = (uint8_t)s->timestamp_format;
        r->flags = (uint16_t)s->flags;
        r->count = s->count;
        r->first = s->type == MW_SHAPE_STRING ? write_enum(e, s) : place_run(e, s, run_starts, run_counts);
        r->ext = write_shape_ext(e, s);
    }
}

/* ---- services and operations ---- */

static void write_operations(struct emitter *e)
{
    for (size_t i = 0; i < e->c->operation_count; i++) {
        const mw_c_operation *o = e->c->operations + i;
        struct mw_operation *r = add(e, MW_PACK_OPERATIONS);
        mw_operation_ext *ext;

        if (!r)
            return;
        r->name = (mw_rel)o->name;
        r->method = (mw_rel)o->method;
        r->uri = (mw_rel)o->uri;
        r->service = (mw_rel)o->service + 1;
        r->input = o->input ? shape_link(e, o->input - 1) : 0;
        r->output = o->output ? shape_link(e, o->output - 1) : 0;
        r->response_code = (uint16_t)o->response_code;
        r->flags = (uint16_t)o->flags;
        if (!o->input_location_name && !o->input_xml_namespace && !o->result_wrapper && !o->host_prefix &&
            !o->auth_type)
            continue;
        ext = add(e, MW_PACK_OPERATION_EXTS);
        if (!ext)
            return;
        ext->input_location_name = (mw_rel)o->input_location_name;
        ext->input_xml_namespace = (mw_rel)o->input_xml_namespace;
        ext->result_wrapper = (mw_rel)o->result_wrapper;
        ext->host_prefix = (mw_rel)o->host_prefix;
        ext->auth_type = (mw_rel)o->auth_type;
        r->ext = number_of_last(e, MW_PACK_OPERATION_EXTS);
    }
}

static void write_services(struct emitter *e)
{
    for (size_t i = 0; i < e->c->error_count; i++) {
        mw_error_entry *r = add(e, MW_PACK_ERRORS);

        if (!r)
            return;
        r->code = (mw_rel)e->c->errors[i].code;
        r->shape = shape_link(e, e->c->errors[i].shape);
    }
    for (size_t i = 0; i < e->c->service_count; i++) {
        const mw_c_service *s = e->c->services + i;
        struct mw_service *r = add(e, MW_PACK_SERVICES);

        if (!r)
            return;
        for (size_t k = 0; k < MW_COUNT(s->text); k++)
            (&r->name)[k] = (mw_rel)s->text[k];
        r->protocol = (uint8_t)s->protocol;
        r->flags = (uint8_t)s->flags;
        r->operation_count = s->operation_count;
        r->operations = s->operation_count ? (mw_rel)s->operations + 1 : 0;
        r->error_count = s->error_count;
        r->errors = s->error_count ? (mw_rel)s->errors + 1 : 0;
    }
}

/* ---- numbers to distances ---- */

static void link_field(struct emitter *e, char *pack, mw_rel *field, enum mw_pack_table table)
{
    int64_t target, distance;

    if (*field == 0)
        return;
    target = (int64_t)e->offsets[table];
    if (table == MW_PACK_STRINGS)
        target += e->c->strings.entries[*field].offset;
    else
        target += (int64_t)(*field - 1) * mw__pack_strides[table];
    distance = target - ((char *)field - pack);
    if (distance > INT32_MAX || distance < INT32_MIN)
        e->status = MW_ERR_LIMIT;
    *field = (mw_rel)distance;
}

static void link_text(struct emitter *e, char *pack, mw_rel *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        link_field(e, pack, fields + i, MW_PACK_STRINGS);
}

static void link_records(struct emitter *e, char *pack)
{
    void *at[MW_PACK_TABLES];
    struct mw_service *services;
    struct mw_operation *operations;
    mw_operation_ext *operation_exts;
    mw_error_entry *errors;
    struct mw_shape *shapes;
    mw_shape_ext *shape_exts;
    struct mw_member *members;
    mw_member_ext *member_exts;

    for (int t = 0; t < MW_PACK_TABLES; t++)
        at[t] = pack + e->offsets[t];
    services = at[MW_PACK_SERVICES];
    operations = at[MW_PACK_OPERATIONS];
    operation_exts = at[MW_PACK_OPERATION_EXTS];
    errors = at[MW_PACK_ERRORS];
    shapes = at[MW_PACK_SHAPES];
    shape_exts = at[MW_PACK_SHAPE_EXTS];
    members = at[MW_PACK_MEMBERS];
    member_exts = at[MW_PACK_MEMBER_EXTS];

    for (size_t i = 0; i < e->tables[MW_PACK_SERVICES].count; i++) {
        link_text(e, pack, &services[i].name, 9);
        link_field(e, pack, &services[i].operations, MW_PACK_OPERATIONS);
        link_field(e, pack, &services[i].errors, MW_PACK_ERRORS);
    }
    for (size_t i = 0; i < e->tables[MW_PACK_OPERATIONS].count; i++) {
        link_text(e, pack, &operations[i].name, 3);
        link_field(e, pack, &operations[i].service, MW_PACK_SERVICES);
        link_field(e, pack, &operations[i].input, MW_PACK_SHAPES);
        link_field(e, pack, &operations[i].output, MW_PACK_SHAPES);
        link_field(e, pack, &operations[i].ext, MW_PACK_OPERATION_EXTS);
    }
    for (size_t i = 0; i < e->tables[MW_PACK_OPERATION_EXTS].count; i++)
        link_text(e, pack, &operation_exts[i].input_location_name, 5);
    for (size_t i = 0; i < e->tables[MW_PACK_ERRORS].count; i++) {
        link_field(e, pack, &errors[i].code, MW_PACK_STRINGS);
        link_field(e, pack, &errors[i].shape, MW_PACK_SHAPES);
    }
    for (size_t i = 0; i < e->tables[MW_PACK_SHAPES].count; i++) {
        link_field(e, pack, &shapes[i].name, MW_PACK_STRINGS);
        link_field(e, pack, &shapes[i].first, shapes[i].type == MW_SHAPE_STRING ? MW_PACK_LINKS : MW_PACK_MEMBERS);
        link_field(e, pack, &shapes[i].ext, MW_PACK_SHAPE_EXTS);
    }
    for (size_t i = 0; i < e->tables[MW_PACK_SHAPE_EXTS].count; i++) {
        link_text(e, pack, &shape_exts[i].location_name, 4);
        link_field(e, pack, &shape_exts[i].wire_index, MW_PACK_INDEX);
    }
    for (size_t i = 0; i < e->tables[MW_PACK_MEMBERS].count; i++) {
        link_field(e, pack, &members[i].name, MW_PACK_STRINGS);
        link_field(e, pack, &members[i].shape, MW_PACK_SHAPES);
        link_field(e, pack, &members[i].location_name,
                   members[i].flags & MW_MEMBER_EXT ? MW_PACK_MEMBER_EXTS : MW_PACK_STRINGS);
    }
    for (size_t i = 0; i < e->tables[MW_PACK_MEMBER_EXTS].count; i++)
        link_text(e, pack, &member_exts[i].location_name, 5);
    link_text(e, pack, at[MW_PACK_LINKS], e->tables[MW_PACK_LINKS].count);
}

static void align(mw_buf *b, size_t start, size_t alignment)
{
    while ((b->len - start) % alignment != 0 && mw_buf_putc(b, '\0') == MW_OK)
        ;
}

static mw_status assemble(struct emitter *e, const mw_doc *doc, uint32_t version, mw_strtab *strings, mw_buf *pack,
                          mw_error *err)
{
    mw_pack_header header = {.botocore_version = (mw_rel)version};
    size_t start = pack->len, size;
    mw_status st;
    char *bytes;

    memcpy(header.magic, MW_PACK_MAGIC, sizeof(header.magic));
    mw_buf_add(pack, &header, sizeof(header), NULL);
    for (int t = 0; t < MW_PACK_STRINGS; t++) {
        align(pack, start, 4);
        e->offsets[t] = pack->len - start;
        header.tables[t].count = (uint32_t)e->tables[t].count;
        mw_buf_add(pack, e->tables[t].data, e->tables[t].count * mw__pack_strides[t], NULL);
    }
    align(pack, start, 4);
    e->offsets[MW_PACK_STRINGS] = pack->len - start;
    if ((st = mw__strtab_layout(strings, pack, err)) != MW_OK)
        return st;
    size = pack->len - start - e->offsets[MW_PACK_STRINGS];
    header.tables[MW_PACK_STRINGS].count = (uint32_t)size;
    align(pack, start, MW_PACK_ALIGN);
    e->offsets[MW_PACK_DOC] = pack->len - start;
    header.tables[MW_PACK_DOC].count = (uint32_t)mw_doc_size(doc);
    mw_buf_add(pack, mw_doc_bytes(doc), mw_doc_size(doc), NULL);
    if ((st = mw_buf_status(pack, err)) != MW_OK)
        return st;

    size = pack->len - start;
    if (size > INT32_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "model pack: over 2 GiB");
    header.size = (uint32_t)size;
    for (int t = 0; t < MW_PACK_TABLES; t++)
        header.tables[t].offset = (uint32_t)e->offsets[t];
    bytes = pack->data + start;
    memcpy(bytes, &header, sizeof(header));
    link_field(e, bytes, &((mw_pack_header *)(void *)bytes)->botocore_version, MW_PACK_STRINGS);
    link_records(e, bytes);
    return e->status == MW_OK ? MW_OK : mw_fail(err, e->status, "model pack: over 2 GiB");
}

mw_status mw__emit(mw_compiler *c, const mw_doc *doc, const char *version, mw_buf *pack, mw_error *err)
{
    struct emitter e = {.c = c, .run_slots = 1024};
    uint32_t version_text = mw__strtab_add(&c->strings, version, strlen(version));
    size_t start = pack->len;
    mw_status st;

    /* Readers and the linking above need aligned records. */
    if (start % 8 != 0)
        return mw_fail(err, MW_ERR_INVALID, "model pack: the buffer holds %zu bytes, not a multiple of 8", start);
    while (e.run_slots < c->shape_count * 2)
        e.run_slots *= 2;
    e.first = mw_alloc((c->shape_count + 1) * sizeof(*e.first));
    e.number = mw_alloc((c->shape_count + 1) * sizeof(*e.number));
    e.runs = mw_alloc(e.run_slots * sizeof(*e.runs));
    if (!e.first || !e.number || !e.runs || !version_text) {
        st = mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
        goto out;
    }
    if ((st = mw__merge_shapes(c, e.first, err)) != MW_OK)
        goto out;
    write_shapes(&e);
    write_operations(&e);
    write_services(&e);
    if (e.status != MW_OK)
        st = mw_fail(err, e.status, "model pack: out of memory");
    else
        st = assemble(&e, doc, version_text, &c->strings, pack, err);
    if (st != MW_OK)
        pack->len = start;
out:
    for (int t = 0; t < MW_PACK_TABLES; t++)
        mw_free(e.tables[t].data);
    mw_free(e.first);
    mw_free(e.number);
    mw_free(e.runs);
    return st;
}
