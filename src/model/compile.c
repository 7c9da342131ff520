/*
 * From a service model in JSON to records: metadata, operations, and the shapes that operations and
 * errors reach. Documentation and validation-only traits are dropped here. Missing keys are
 * tolerated, for models of 2022 and of today differ; a reference to nothing is an error that names
 * its place. Traits that stand on a shape hold for each reference that does not set its own, as in
 * botocore.
 */
#include "model/compiler.h"

#include "base/str.h"

#include <string.h>

/* One service on its way in. */
struct job {
    mw_compiler *c;
    const char *service;
    json_t *shapes;
    json_t *numbers;    /* shape name → shape number, in the order of numbers */
    const char **queue; /* names of numbered shapes, borrowed from numbers */
    size_t queued, capacity, first;
    bool failed; /* out of memory */
};

static uint32_t add_text(struct job *j, const char *text)
{
    uint32_t id = text ? mw__strtab_add(&j->c->strings, text, strlen(text)) : 0;

    if (text && !id)
        j->failed = true;
    return id;
}

static uint32_t text_of(struct job *j, const json_t *object, const char *key)
{
    return add_text(j, mw__json_text(object, key));
}

static bool is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static unsigned small(const json_t *object, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(object, key));

    return n > 0 && n <= UINT16_MAX ? (unsigned)n : 0;
}

/* The reference's own trait, else that of its shape. */
static const json_t *trait(const json_t *reference, const json_t *shape, const char *key)
{
    const json_t *own = json_object_get(reference, key);

    return own ? own : json_object_get(shape, key);
}

/* xmlNamespace is a text in metadata, an object elsewhere. */
static void xml_namespace(struct job *j, const json_t *v, uint32_t *uri, uint32_t *prefix)
{
    *uri = json_is_string(v) ? add_text(j, json_string_value(v)) : text_of(j, v, "uri");
    if (prefix)
        *prefix = text_of(j, v, "prefix");
}

/* ---- shapes ---- */

/* Number of the shape that @p owner (and its @p member, if any) names; read later when it is new. */
static mw_status number_shape(struct job *j, const char *name, const char *owner, const char *member, uint32_t *number,
                              mw_error *err)
{
    const char *dot = member ? "." : "";
    json_t *known;
    const char *key;

    if (!name)
        return mw_fail(err, MW_ERR_PARSE, "service %s: %s%s%s names no shape", j->service, owner, dot,
                       member ? member : "");
    known = json_object_get(j->numbers, name);
    if (known) {
        *number = (uint32_t)json_integer_value(known);
        return MW_OK;
    }
    if (!json_is_object(json_object_get(j->shapes, name)))
        return mw_fail(err, MW_ERR_PARSE, "service %s: %s%s%s refers to shape %s, which is not there", j->service,
                       owner, dot, member ? member : "", name);
    *number = (uint32_t)(j->first + j->queued);
    if (j->first + j->queued >= INT32_MAX || json_object_set_new(j->numbers, name, json_integer(*number)) != 0 ||
        !mw__grow(&j->queue, &j->capacity, j->queued, sizeof(*j->queue)) ||
        !mw__grow(&j->c->shapes, &j->c->shape_capacity, j->c->shape_count, sizeof(mw_c_shape)))
        return mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
    key = json_object_iter_key(json_object_iter_at(j->numbers, name));
    j->queue[j->queued++] = key;
    j->c->shape_count++;
    return MW_OK;
}

static mw_status shape_type(const struct job *j, const char *shape, const char *type, uint32_t *out, mw_error *err)
{
    static const struct {
        const char *name;
        mw_shape_type type;
    } types[] = {
        {"structure", MW_SHAPE_STRUCTURE}, {"list", MW_SHAPE_LIST},           {"map", MW_SHAPE_MAP},
        {"string", MW_SHAPE_STRING},       {"integer", MW_SHAPE_INTEGER},     {"long", MW_SHAPE_LONG},
        {"float", MW_SHAPE_FLOAT},         {"double", MW_SHAPE_DOUBLE},       {"boolean", MW_SHAPE_BOOLEAN},
        {"blob", MW_SHAPE_BLOB},           {"timestamp", MW_SHAPE_TIMESTAMP}, {"character", MW_SHAPE_STRING},
        {"byte", MW_SHAPE_INTEGER},        {"short", MW_SHAPE_INTEGER},       {"biginteger", MW_SHAPE_LONG},
        {"bigdecimal", MW_SHAPE_DOUBLE},
    };

    for (size_t i = 0; i < MW_COUNT(types); i++) {
        if (mw_str_eq(types[i].name, type)) {
            *out = types[i].type;
            return MW_OK;
        }
    }
    return mw_fail(err, MW_ERR_PARSE, "service %s: shape %s has the unknown type %s", j->service, shape,
                   type ? type : "(none)");
}

static uint32_t timestamp_format(const char *name)
{
    if (mw_str_eq(name, "iso8601"))
        return MW_TS_ISO8601;
    if (mw_str_eq(name, "unixTimestamp"))
        return MW_TS_UNIX;
    return mw_str_eq(name, "rfc822") ? MW_TS_RFC822 : MW_TS_DEFAULT;
}

static uint32_t location(const char *name)
{
    static const struct {
        const char *name;
        mw_location location;
    } locations[] = {
        {"uri", MW_LOC_URI},         {"querystring", MW_LOC_QUERYSTRING}, {"header", MW_LOC_HEADER},
        {"headers", MW_LOC_HEADERS}, {"statusCode", MW_LOC_STATUS_CODE},
    };

    for (size_t i = 0; name && i < MW_COUNT(locations); i++) {
        if (strcmp(locations[i].name, name) == 0)
            return locations[i].location;
    }
    return MW_LOC_BODY;
}

static mw_status add_member(struct job *j, const char *owner, const char *name, const json_t *reference, bool required,
                            mw_error *err)
{
    static const struct {
        const char *key;
        uint32_t flag;
        bool inherited; /* from the shape */
    } flags[] = {
        {"flattened", MW_MEMBER_FLATTENED, true},         {"streaming", MW_MEMBER_STREAMING, true},
        {"jsonvalue", MW_MEMBER_JSONVALUE, true},         {"idempotencyToken", MW_MEMBER_IDEMPOTENCY_TOKEN, false},
        {"xmlAttribute", MW_MEMBER_XML_ATTRIBUTE, false}, {"hostLabel", MW_MEMBER_HOST_LABEL, false},
        {"eventpayload", MW_MEMBER_EVENT_PAYLOAD, false}, {"eventheader", MW_MEMBER_EVENT_HEADER, false},
    };
    const char *shape_name = mw__json_text(reference, "shape");
    json_t *shape = shape_name ? json_object_get(j->shapes, shape_name) : NULL;
    mw_compiler *c = j->c;
    mw_c_member m = {0};
    mw_status st = number_shape(j, shape_name, owner, name, &m.shape, err);

    if (st != MW_OK)
        return st;
    m.name = add_text(j, name);
    m.location_name = add_text(j, json_string_value(trait(reference, shape, "locationName")));
    m.query_name = text_of(j, reference, "queryName");
    m.context_param = text_of(j, json_object_get(reference, "contextParam"), "name");
    xml_namespace(j, trait(reference, shape, "xmlNamespace"), &m.xml_namespace, &m.xml_prefix);
    m.flags = location(mw__json_text(reference, "location"));
    m.flags |= timestamp_format(json_string_value(trait(reference, shape, "timestampFormat")))
               << MW_MEMBER_TIMESTAMP_SHIFT;
    if (required)
        m.flags |= MW_MEMBER_REQUIRED;
    for (size_t i = 0; i < MW_COUNT(flags); i++) {
        const json_t *source =
            flags[i].inherited ? trait(reference, shape, flags[i].key) : json_object_get(reference, flags[i].key);

        if (json_is_true(source))
            m.flags |= flags[i].flag;
    }
    if (!mw__grow(&c->members, &c->member_capacity, c->member_count, sizeof(m)))
        return mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
    c->members[c->member_count++] = m;
    return MW_OK;
}

static bool lists_text(const json_t *array, const char *text)
{
    const json_t *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        if (mw_str_eq(json_string_value(item), text))
            return true;
    }
    return false;
}

static mw_status read_structure(struct job *j, const char *name, json_t *model, mw_c_shape *s, mw_error *err)
{
    json_t *members = json_object_get(model, "members"), *reference;
    const json_t *required = json_object_get(model, "required");
    const char *payload = mw__json_text(model, "payload"), *key;
    mw_status st;

    if (json_object_size(members) > UINT16_MAX - 1)
        return mw_fail(err, MW_ERR_LIMIT, "service %s: shape %s has more than 65534 members", j->service, name);
    json_object_foreach(members, key, reference)
    {
        if ((st = add_member(j, name, key, reference, lists_text(required, key), err)) != MW_OK)
            return st;
        s->count++;
        if (mw_str_eq(key, payload))
            s->payload = s->count;
    }
    return MW_OK;
}

static mw_status read_enum(struct job *j, const json_t *values, mw_c_shape *s, mw_error *err)
{
    mw_compiler *c = j->c;
    const json_t *value;
    size_t i;

    s->first = (uint32_t)c->enum_count;
    json_array_foreach(values, i, value)
    {
        uint32_t id = add_text(j, json_string_value(value));

        if (!id || s->count == UINT16_MAX)
            continue;
        if (!mw__grow(&c->enums, &c->enum_capacity, c->enum_count, sizeof(*c->enums)))
            return mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
        c->enums[c->enum_count++] = id;
        s->count++;
    }
    return MW_OK;
}

static mw_status read_shape(struct job *j, const char *name, uint32_t number, mw_error *err)
{
    static const struct {
        const char *key;
        uint32_t flag;
    } flags[] = {
        {"flattened", MW_SHAPE_FLATTENED},
        {"exception", MW_SHAPE_EXCEPTION},
        {"union", MW_SHAPE_UNION},
        {"document", MW_SHAPE_DOCUMENT},
        {"sensitive", MW_SHAPE_SENSITIVE},
        {"streaming", MW_SHAPE_STREAMING},
        {"eventstream", MW_SHAPE_EVENTSTREAM},
        {"event", MW_SHAPE_EVENT},
        {"wrapper", MW_SHAPE_WRAPPER},
        {"requiresLength", MW_SHAPE_REQUIRES_LENGTH},
    };
    json_t *model = json_object_get(j->shapes, name);
    const json_t *error = json_object_get(model, "error");
    const json_t *retryable = json_object_get(model, "retryable");
    mw_c_shape s = {.first = (uint32_t)j->c->member_count};
    mw_status st = shape_type(j, name, mw__json_text(model, "type"), &s.type, err);

    if (st != MW_OK)
        return st;
    s.name = add_text(j, name);
    s.timestamp_format = timestamp_format(mw__json_text(model, "timestampFormat"));
    for (size_t i = 0; i < MW_COUNT(flags); i++) {
        if (is_true(model, flags[i].key))
            s.flags |= flags[i].flag;
    }
    if (retryable)
        s.flags |= MW_SHAPE_RETRYABLE;
    if (is_true(retryable, "throttling"))
        s.flags |= MW_SHAPE_THROTTLING;
    s.location_name = text_of(j, model, "locationName");
    xml_namespace(j, json_object_get(model, "xmlNamespace"), &s.xml_namespace, &s.xml_prefix);
    s.error_code = text_of(j, error, "code");
    s.error_status = small(error, "httpStatusCode");

    switch (s.type) {
    case MW_SHAPE_STRUCTURE: st = read_structure(j, name, model, &s, err); break;
    case MW_SHAPE_LIST:
        s.count = 1;
        st = add_member(j, name, NULL, json_object_get(model, "member"), false, err);
        break;
    case MW_SHAPE_MAP:
        s.count = 2;
        st = add_member(j, name, NULL, json_object_get(model, "key"), false, err);
        if (st == MW_OK)
            st = add_member(j, name, NULL, json_object_get(model, "value"), false, err);
        break;
    case MW_SHAPE_STRING: st = read_enum(j, json_object_get(model, "enum"), &s, err); break;
    default: break;
    }
    j->c->shapes[number] = s;
    return st;
}

/* ---- operations ---- */

/*
 * What signs the request, where it is not SigV4: the first entry of an `auth` list that this client
 * can do, else the older `authtype`. NULL is SigV4.
 */
static const char *from_auth_list(const json_t *list, bool *found)
{
    const json_t *item;
    const char *last = NULL;
    size_t i;

    *found = json_array_size(list) > 0;
    json_array_foreach(list, i, item)
    {
        const char *scheme = json_string_value(item);

        if (mw_str_eq(scheme, "aws.auth#sigv4"))
            return NULL;
        if (mw_str_eq(scheme, "smithy.api#noAuth"))
            return "none";
        if (mw_str_eq(scheme, "smithy.api#httpBearerAuth"))
            return "bearer";
        last = mw_str_eq(scheme, "aws.auth#sigv4a") ? "v4a" : scheme;
    }
    return last;
}

/* Calls that bring their own proof; models of 2022 leave it to the client to know (botocore handlers.py). */
static bool known_unsigned(const char *service, const char *operation)
{
    return strcmp(service, "sts") == 0 &&
           (strcmp(operation, "AssumeRoleWithSAML") == 0 || strcmp(operation, "AssumeRoleWithWebIdentity") == 0);
}

static const char *auth_type(const char *service, const json_t *metadata, const char *name, const json_t *operation)
{
    const char *type;
    bool found;

    type = from_auth_list(json_object_get(operation, "auth"), &found);
    if (found)
        return type;
    type = mw__json_text(operation, "authtype");
    if (type)
        return strcmp(type, "v4") == 0 ? NULL : type;
    if (known_unsigned(service, name))
        return "none";
    type = from_auth_list(json_object_get(metadata, "auth"), &found);
    if (found)
        return type;
    return mw_str_eq(mw__json_text(metadata, "signatureVersion"), "bearer") ? "bearer" : NULL;
}

static mw_status read_operation(struct job *j, const json_t *metadata, const char *name, const json_t *model,
                                mw_error *err)
{
    const json_t *http = json_object_get(model, "http"), *input = json_object_get(model, "input"),
                 *output = json_object_get(model, "output"), *input_shape;
    const char *auth = auth_type(j->service, metadata, name, model), *method = mw__json_text(http, "method"),
               *uri = mw__json_text(http, "requestUri");
    mw_compiler *c = j->c;
    mw_c_operation o = {.service = (uint32_t)c->service_count};
    mw_status st;

    if (json_is_object(input)) {
        st = number_shape(j, mw__json_text(input, "shape"), name, "input", &o.input, err);
        if (st != MW_OK)
            return st;
        o.input++;
        input_shape = json_object_get(j->shapes, mw__json_text(input, "shape"));
        o.input_location_name = add_text(j, json_string_value(trait(input, input_shape, "locationName")));
        xml_namespace(j, trait(input, input_shape, "xmlNamespace"), &o.input_xml_namespace, NULL);
    }
    if (json_is_object(output)) {
        st = number_shape(j, mw__json_text(output, "shape"), name, "output", &o.output, err);
        if (st != MW_OK)
            return st;
        o.output++;
        o.result_wrapper = text_of(j, output, "resultWrapper");
    }
    o.name = add_text(j, name);
    o.method = add_text(j, method ? method : "POST");
    o.uri = add_text(j, uri ? uri : "/");
    o.host_prefix = text_of(j, json_object_get(model, "endpoint"), "hostPrefix");
    o.auth_type = add_text(j, auth);
    o.response_code = small(http, "responseCode");
    if (is_true(model, "unsignedPayload") || mw_str_eq(auth, "v4-unsigned-body"))
        o.flags |= MW_OPERATION_UNSIGNED_PAYLOAD;
    if (is_true(model, "httpChecksumRequired") ||
        is_true(json_object_get(model, "httpChecksum"), "requestChecksumRequired"))
        o.flags |= MW_OPERATION_CHECKSUM_REQUIRED;
    if (is_true(model, "deprecated"))
        o.flags |= MW_OPERATION_DEPRECATED;
    if (mw__has_operation_values(model))
        o.flags |= MW_OPERATION_EXTRA;
    if (!mw__grow(&c->operations, &c->operation_capacity, c->operation_count, sizeof(o)))
        return mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
    c->operations[c->operation_count++] = o;
    return MW_OK;
}

/* Errors that an operation lists, and all that the service marks as exceptions. */
static mw_status number_errors(struct job *j, json_t *operations, json_t *listed, mw_error *err)
{
    json_t *operation, *model, *item;
    const char *name;
    uint32_t number;
    mw_status st;
    size_t i;

    json_object_foreach(operations, name, operation)
    {
        json_array_foreach(json_object_get(operation, "errors"), i, item)
        {
            const char *shape = mw__json_text(item, "shape");

            if ((st = number_shape(j, shape, name, "errors", &number, err)) != MW_OK)
                return st;
            if (json_object_set_new(listed, shape, json_integer(number)) != 0)
                return mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
        }
    }
    json_object_foreach(j->shapes, name, model)
    {
        if (!is_true(model, "exception"))
            continue;
        if ((st = number_shape(j, name, name, NULL, &number, err)) != MW_OK)
            return st;
        if (json_object_set_new(listed, name, json_integer(number)) != 0)
            return mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
    }
    return MW_OK;
}

static mw_status add_error(struct job *j, const char *code, uint32_t shape, mw_error *err)
{
    mw_compiler *c = j->c;

    if (!mw__grow(&c->errors, &c->error_capacity, c->error_count, sizeof(mw_c_error)))
        return mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
    c->errors[c->error_count++] = (mw_c_error){add_text(j, code), shape};
    return MW_OK;
}

static int by_error_code(const void *a, const void *b, void *context)
{
    const mw_strtab *strings = context;
    const mw_c_error *x = a, *y = b;

    return strcmp(strings->entries[x->code].text, strings->entries[y->code].text);
}

/* Modelled codes first: a shape's name stands only where no other shape claims it as its code. */
static mw_status add_errors(struct job *j, json_t *listed, mw_c_service *service, mw_error *err)
{
    json_t *codes = json_object(), *number;
    const char *name;
    mw_status st = MW_OK;

    if (!codes)
        return mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
    service->errors = (uint32_t)j->c->error_count;
    for (int pass = 0; pass < 2; pass++) {
        json_object_foreach(listed, name, number)
        {
            json_t *model = json_object_get(j->shapes, name);
            const char *code = pass == 0 ? mw__json_text(json_object_get(model, "error"), "code") : name;

            if (!code || json_object_get(codes, code))
                continue;
            st = add_error(j, code, (uint32_t)json_integer_value(number), err);
            if (st == MW_OK && json_object_set_new(codes, code, json_true()) != 0)
                st = mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
            if (st != MW_OK)
                goto out;
        }
    }
    service->error_count = (uint32_t)(j->c->error_count - service->errors);
    if (!j->failed && service->error_count)
        qsort_r(j->c->errors + service->errors, service->error_count, sizeof(mw_c_error), by_error_code,
                &j->c->strings);
out:
    json_decref(codes);
    return st;
}

static int by_operation_name(const void *a, const void *b, void *context)
{
    const mw_strtab *strings = context;
    const mw_c_operation *x = a, *y = b;

    return strcmp(strings->entries[x->name].text, strings->entries[y->name].text);
}

/* ---- services ---- */

static bool protocol_named(const char *name, uint32_t *protocol)
{
    static const struct {
        const char *name;
        mw_protocol protocol;
    } all[] = {
        {"json", MW_PROTO_JSON},         {"rest-json", MW_PROTO_REST_JSON},
        {"rest-xml", MW_PROTO_REST_XML}, {"smithy-rpc-v2-cbor", MW_PROTO_CBOR},
        {"query", MW_PROTO_QUERY},       {"ec2", MW_PROTO_EC2},
    };

    for (size_t i = 0; i < MW_COUNT(all); i++) {
        if (mw_str_eq(all[i].name, name)) {
            *protocol = all[i].protocol;
            return true;
        }
    }
    return false;
}

/* `protocols` in our order of preference, which is botocore's; models without it have `protocol`. */
static mw_status resolve_protocol(const char *service, const json_t *metadata, uint32_t *out, mw_error *err)
{
    static const char *const order[] = {"json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor", "query", "ec2"};
    const json_t *list = json_object_get(metadata, "protocols");
    const char *single = mw__json_text(metadata, "protocol");

    for (size_t i = 0; i < MW_COUNT(order); i++) {
        if (lists_text(list, order[i])) {
            protocol_named(order[i], out);
            return MW_OK;
        }
    }
    if (protocol_named(single, out))
        return MW_OK;
    return mw_fail(err, MW_ERR_PARSE, "service %s has the unknown protocol %s", service, single ? single : "(none)");
}

static mw_status read_service(struct job *j, const mw_service_source *source, json_t *listed, mw_error *err)
{
    const json_t *metadata = json_object_get(source->model, "metadata");
    json_t *operations = json_object_get(source->model, "operations"), *operation;
    const char *prefix = mw__json_text(metadata, "endpointPrefix"), *signing = mw__json_text(metadata, "signingName"),
               *name;
    mw_compiler *c = j->c;
    mw_c_service s = {.operations = (uint32_t)c->operation_count};
    mw_status st = resolve_protocol(source->name, metadata, &s.protocol, err);

    if (st != MW_OK)
        return st;
    s.text[0] = add_text(j, source->name);
    s.text[1] = text_of(j, metadata, "serviceId");
    s.text[2] = text_of(j, metadata, "apiVersion");
    s.text[3] = add_text(j, prefix);
    s.text[4] = add_text(j, signing ? signing : prefix);
    s.text[5] = text_of(j, metadata, "targetPrefix");
    s.text[6] = text_of(j, metadata, "jsonVersion");
    xml_namespace(j, json_object_get(metadata, "xmlNamespace"), &s.text[7], NULL);
    s.text[8] = text_of(j, metadata, "signatureVersion");
    if (json_object_get(metadata, "awsQueryCompatible"))
        s.flags |= MW_SERVICE_QUERY_COMPATIBLE;

    json_object_foreach(operations, name, operation)
    {
        if ((st = read_operation(j, metadata, name, operation, err)) != MW_OK)
            return st;
    }
    s.operation_count = (uint32_t)(c->operation_count - s.operations);
    if (!j->failed && s.operation_count)
        qsort_r(c->operations + s.operations, s.operation_count, sizeof(mw_c_operation), by_operation_name,
                &c->strings);
    if ((st = number_errors(j, operations, listed, err)) != MW_OK)
        return st;
    for (size_t i = 0; i < j->queued; i++) { /* grows while shapes name others */
        if ((st = read_shape(j, j->queue[i], (uint32_t)(j->first + i), err)) != MW_OK)
            return st;
    }
    if ((st = add_errors(j, listed, &s, err)) != MW_OK)
        return st;
    if (j->failed || !mw__grow(&c->services, &c->service_capacity, c->service_count, sizeof(s)))
        return mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
    c->services[c->service_count++] = s;
    return MW_OK;
}

mw_status mw__compiler_add(mw_compiler *c, const mw_service_source *source, mw_error *err)
{
    struct job j = {.c = c, .service = source->name, .first = c->shape_count};
    json_t *listed = json_object();
    mw_status st;

    j.shapes = json_object_get(source->model, "shapes");
    j.numbers = json_object();
    if (!listed || !j.numbers)
        st = mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
    else
        st = read_service(&j, source, listed, err);
    if (st == MW_OK) {
        mw_doc_ckey(c->doc, source->name);
        mw__add_service_values(c->doc, source);
        st = mw_doc_builder_status(c->doc, err);
    }
    mw_free(j.queue);
    json_decref(j.numbers);
    json_decref(listed);
    return st;
}

mw_status mw__compiler_init(mw_compiler *c, mw_error *err)
{
    mw_doc_options options = {.share = true};
    mw_status st;

    *c = (mw_compiler){0};
    st = mw_doc_builder_new(&options, &c->doc, err);
    if (st != MW_OK)
        return st;
    mw_doc_begin_object(c->doc);
    mw_doc_ckey(c->doc, "services");
    mw_doc_begin_object(c->doc);
    return mw_doc_builder_status(c->doc, err);
}

void mw__compiler_clear(mw_compiler *c)
{
    mw__strtab_clear(&c->strings);
    mw_free(c->services);
    mw_free(c->operations);
    mw_free(c->errors);
    mw_free(c->shapes);
    mw_free(c->members);
    mw_free(c->enums);
    mw_doc_builder_free(c->doc);
    *c = (mw_compiler){0};
}

mw_status mw__compiler_finish(mw_compiler *c, json_t *partitions, json_t *regions, const char *version, mw_buf *pack,
                              mw_error *err)
{
    mw_doc *doc = NULL;
    mw_status st;

    mw_doc_end_object(c->doc);
    if (partitions) {
        mw_doc_ckey(c->doc, "partitions");
        mw__json_to_doc(c->doc, partitions);
    }
    if (regions) {
        mw_doc_ckey(c->doc, "regions");
        mw__json_to_doc(c->doc, regions);
    }
    mw_doc_end_object(c->doc);
    st = mw_doc_finish(c->doc, mw_doc_pop(c->doc), &doc, err);
    if (st == MW_OK)
        st = mw__emit(c, doc, version, pack, err);
    mw_doc_free(doc);
    return st;
}

mw_status mw_models_compile_service(const char *name, const mw_doc *d, mw_val metadata, mw_val operations,
                                    mw_val shapes, mw_buf *pack, mw_error *err)
{
    const struct {
        const char *key;
        mw_val value;
    } parts[] = {{"metadata", metadata}, {"operations", operations}, {"shapes", shapes}};
    mw_service_source source = {.name = name, .model = json_object()};
    mw_compiler c = {0};
    mw_status st = MW_OK;

    for (size_t i = 0; i < MW_COUNT(parts); i++) {
        json_t *part = mw__doc_to_json(d, parts[i].value, 0, err);

        if (!part) {
            st = err && err->status == MW_ERR_LIMIT ? MW_ERR_LIMIT : MW_ERR_NOMEM;
            goto out;
        }
        if (json_object_set_new(source.model, parts[i].key, part) != 0) {
            st = mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
            goto out;
        }
    }
    if ((st = mw__compiler_init(&c, err)) != MW_OK || (st = mw__compiler_add(&c, &source, err)) != MW_OK)
        goto out;
    st = mw__compiler_finish(&c, NULL, NULL, "unknown", pack, err);
out:
    mw__compiler_clear(&c);
    json_decref(source.model);
    return st;
}
