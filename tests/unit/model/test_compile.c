/* The compiler on a tiny tree and on values: traits, merging, errors, damage, lack of memory. */
#include "support/support.h"

#include "base/buf.h"
#include "base/file.h"
#include "unit/model/walk.h"

#include <stdio.h>
#include <unistd.h>

#define TREE MW_SOURCE_DIR "/tests/unit/model/botocore"

static mw_buf pack;
static mw_models *models;

static int open_tree(void **state)
{
    mw_error err = {0};

    (void)state;
    assert_ok(mw_models_compile_tree(TREE, NULL, &pack, &err));
    assert_ok(mw_models_open(pack.data, pack.len, &models, &err));
    return 0;
}

static int close_tree(void **state)
{
    (void)state;
    mw_models_free(models);
    mw_buf_clear(&pack);
    return 0;
}

static const mw_member *member(const mw_shape *s, const char *name)
{
    const mw_member *m = mw_shape_member(s, name, strlen(name));

    if (!m)
        fail_msg("%s has no member %s", mw_shape_name(s), name);
    return m;
}

static void the_tree_is_read(void **state)
{
    const mw_doc *d = mw_models_doc(models);
    const mw_service *alpha = mw_models_service(models, "alpha");
    const mw_service *beta = mw_models_service(models, "beta");

    (void)state;
    assert_string_equal(mw_models_botocore_version(models), "0.1.2");
    assert_int_equal(mw_models_size_bytes(models), pack.len);
    assert_int_equal(mw_models_service_count(models), 2);
    assert_ptr_equal(mw_models_service_at(models, 0), alpha);
    assert_ptr_equal(mw_models_service_at(models, 1), beta);
    assert_null(mw_models_service_at(models, 2));
    assert_null(mw_models_service(models, "empty"));
    assert_null(mw_models_service(models, ""));

    assert_string_equal(mw_service_api_version(alpha), "2020-02-02"); /* the newest */
    assert_string_equal(mw_service_id(alpha), "Alpha");
    assert_int_equal(mw_service_protocol(alpha), MW_PROTO_JSON); /* not metadata.protocol */
    assert_string_equal(mw_service_endpoint_prefix(alpha), "alpha-endpoint");
    assert_string_equal(mw_service_signing_name(alpha), "alpha"); /* from the extras */
    assert_string_equal(mw_service_target_prefix(alpha), "Alpha_20200202");
    assert_string_equal(mw_service_json_version(alpha), "1.0");
    assert_string_equal(mw_service_xml_namespace(alpha), "http://alpha.example/doc/");
    assert_string_equal(mw_service_signature_version(alpha), "v4");
    assert_true(mw_service_query_compatible(alpha));
    assert_ptr_equal(mw_service_models(alpha), models);

    assert_int_equal(mw_service_protocol(beta), MW_PROTO_QUERY); /* gzipped, without `protocols` */
    assert_string_equal(mw_service_id(beta), "beta");            /* without `serviceId` */
    assert_string_equal(mw_service_signing_name(beta), "beta");
    assert_null(mw_service_api_version(beta));
    assert_null(mw_service_target_prefix(beta));
    assert_false(mw_service_query_compatible(beta));

    assert_string_equal(mw_val_get_str(d, mw_service_paginator(alpha, "PutThing"), "result_key", ""), "Items");
    assert_int_equal(mw_val_len(d, mw_val_get(d, mw_service_paginator(alpha, "PutThing"), "non_aggregate_keys")),
                     1); /* from the extras */
    assert_int_equal(mw_service_paginator(alpha, "BearThing"), MW_VAL_ABSENT);
    assert_int_equal(mw_service_paginator(beta, "ListTrees"), MW_VAL_ABSENT);
    assert_int_equal(mw_val_get_int(d, mw_val_get(d, mw_service_waiters(alpha), "ThingReady"), "delay", 0), 5);
    assert_int_equal(mw_service_ruleset(alpha), MW_VAL_ABSENT);
    assert_int_equal(mw_val_len(d, mw_val_path(d, mw_service_ruleset(beta), "parameters.Region")), 3);
    assert_int_equal(mw_val_len(d, mw_val_path(d, mw_service_extra(beta, "clientContextParams"), "Fast")),
                     1); /* its documentation is left out */
}

static void partitions_and_regions_come_from_endpoints(void **state)
{
    const mw_doc *d = mw_models_doc(models);
    mw_val partition = mw_val_at(d, mw_val_get(d, mw_models_partitions(models), "partitions"), 0);
    mw_val alpha = mw_val_get(d, mw_models_regions(models), "alpha");
    mw_val beta = mw_val_get(d, mw_models_regions(models), "beta");

    (void)state;
    assert_string_equal(mw_val_get_str(d, partition, "id", ""), "aws");
    assert_string_equal(mw_val_get_str(d, mw_val_get(d, partition, "outputs"), "dualStackDnsSuffix", ""), "api.aws");
    assert_true(mw_val_get_bool(d, mw_val_get(d, partition, "outputs"), "supportsFIPS", false));
    assert_int_equal(mw_val_len(d, mw_val_get(d, partition, "regions")), 2);
    assert_int_equal(mw_val_len(d, alpha), 2);
    assert_string_equal(mw_val_str(d, mw_val_at(d, alpha, 1), NULL), "us-west-2");
    assert_int_equal(mw_val_len(d, beta), 1);
    assert_string_equal(mw_val_str(d, mw_val_at(d, beta, 0), NULL), "aws-global");
}

static void operations_have_their_traits(void **state)
{
    const mw_service *alpha = mw_models_service(models, "alpha");
    const mw_operation *put = mw_service_operation(alpha, "PutThing");
    const mw_operation *anon = mw_service_operation(alpha, "AnonThing");
    const mw_operation *bear = mw_service_operation(alpha, "BearThing");
    const mw_operation *old = mw_service_operation(alpha, "OldThing");
    const mw_doc *d = mw_models_doc(models);

    (void)state;
    assert_int_equal(mw_service_operation_count(alpha), 4);
    assert_ptr_equal(mw_service_operation_at(alpha, 0), anon);
    assert_ptr_equal(mw_service_operation_at(alpha, 3), put);
    assert_null(mw_service_operation_at(alpha, 4));
    assert_null(mw_service_operation(alpha, "PutThings"));
    assert_ptr_equal(mw_operation_service(put), alpha);
    assert_string_equal(mw_operation_method(put), "PUT");
    assert_string_equal(mw_operation_uri(put), "/things/{Id}");
    assert_int_equal(mw_operation_response_code(put), 201);
    assert_string_equal(mw_operation_input_location_name(put), "Put");
    assert_string_equal(mw_operation_input_xml_namespace(put), "http://alpha.example/put/");
    assert_string_equal(mw_operation_result_wrapper(put), "PutThingResult");
    assert_string_equal(mw_operation_host_prefix(put), "data-{Id}.");
    assert_null(mw_operation_auth_type(put)); /* sigv4a first, sigv4 later in the list */
    assert_true(mw_operation_checksum_required(put));
    assert_true(mw_operation_deprecated(put));
    assert_false(mw_operation_unsigned_payload(put));
    assert_string_equal(
        mw_val_get_str(d, mw_val_get(d, mw_operation_extra(put, "staticContextParams"), "Kind"), "value", ""), "thing");
    assert_int_equal(mw_operation_extra(put, "httpChecksum"), MW_VAL_ABSENT);
    assert_int_equal(mw_operation_extra(anon, "staticContextParams"), MW_VAL_ABSENT);

    assert_string_equal(mw_operation_auth_type(anon), "none");
    assert_null(mw_operation_input(anon));
    assert_null(mw_operation_output(anon));
    assert_int_equal(mw_operation_response_code(anon), 0);
    assert_string_equal(mw_operation_auth_type(bear), "bearer");
    assert_true(mw_operation_unsigned_payload(bear));
    assert_string_equal(mw_operation_auth_type(old), "v4-unsigned-body");
    assert_true(mw_operation_unsigned_payload(old));
    assert_string_equal(mw_operation_method(old), "POST"); /* without http at all */
    assert_string_equal(mw_operation_uri(old), "/");
    assert_string_equal(mw_operation_auth_type(mw_service_operation(mw_models_service(models, "beta"), "ListTrees")),
                        "bearer"); /* signatureVersion */
}

static void members_have_their_traits(void **state)
{
    const mw_shape *in = mw_operation_input(mw_service_operation(mw_models_service(models, "alpha"), "PutThing"));
    const mw_member *id = member(in, "Id"), *grant = member(in, "Grant"),
                    *kind = member(mw_member_shape(grant), "Kind");

    (void)state;
    assert_int_equal(mw_shape_type_of(in), MW_SHAPE_STRUCTURE);
    assert_int_equal(mw_shape_member_count(in), 10);
    assert_string_equal(mw_member_name(mw_shape_member_at(in, 0)), "Id"); /* the model's order */
    assert_string_equal(mw_member_name(mw_shape_member_at(in, 1)), "Zeta");
    assert_null(mw_shape_member_at(in, 10));
    assert_ptr_equal(mw_shape_payload(in), member(in, "Body"));
    assert_null(mw_shape_member(in, "I", 1));
    assert_null(mw_shape_member(in, "Idx", 3));
    assert_null(mw_shape_member(in, "Id\0z", 4));
    assert_ptr_equal(mw_shape_member(in, "Idx", 2), id);

    assert_true(mw_member_required(id));
    assert_int_equal(mw_member_location(id), MW_LOC_URI);
    assert_string_equal(mw_member_context_param(id), "ThingId");
    assert_string_equal(mw_member_location_name(id), "Id"); /* beside the rare traits */
    assert_true(mw_member_host_label(id));
    assert_true(mw_shape_sensitive(mw_member_shape(id)));
    assert_true(mw_member_idempotency_token(member(in, "Token")));
    assert_false(mw_member_required(member(in, "Token")));
    assert_null(mw_member_location_name(member(in, "Token")));
    assert_int_equal(mw_member_timestamp_format(member(in, "When")), MW_TS_ISO8601); /* the shape's */
    assert_int_equal(mw_member_timestamp_format(member(in, "Day")), MW_TS_RFC822);
    assert_int_equal(mw_shape_timestamp_format(mw_member_shape(member(in, "Day"))), MW_TS_ISO8601);
    assert_true(mw_member_streaming(member(in, "Body"))); /* the shape's */
    assert_true(mw_shape_requires_length(mw_member_shape(member(in, "Body"))));
    assert_string_equal(mw_member_query_name(member(in, "Quick")), "QuickNames");
    assert_true(mw_member_flattened(member(in, "Quick")));
    assert_false(mw_shape_flattened(mw_member_shape(member(in, "Quick"))));
    assert_string_equal(mw_member_xml_namespace(grant), "http://grant.example/");
    assert_string_equal(mw_member_xml_prefix(grant), "g");
    assert_true(mw_member_xml_attribute(kind));
    assert_true(mw_shape_union(mw_member_shape(grant)));
    assert_true(mw_member_jsonvalue(member(in, "Notes")));

    /* "x" names a header and a body member: the body one is meant. */
    assert_ptr_equal(mw_shape_member_wire(in, "x", 1), member(in, "X"));
    assert_ptr_equal(mw_shape_member_wire(in, "x-notes", 7), member(in, "Notes"));
    assert_ptr_equal(mw_shape_member_wire(in, "Token", 5), member(in, "Token"));
    assert_null(mw_shape_member_wire(in, "Zeta", 4));
    assert_null(mw_shape_member_wire(in, "", 0));
}

static void collections_events_and_errors(void **state)
{
    const mw_service *alpha = mw_models_service(models, "alpha");
    const mw_service *beta = mw_models_service(models, "beta");
    const mw_shape *out = mw_operation_output(mw_service_operation(alpha, "PutThing"));
    const mw_shape *tree = mw_member_shape(member(out, "Tree"));
    const mw_shape *trees = mw_member_shape(member(tree, "Children"));
    const mw_shape *settings = mw_member_shape(member(out, "Settings"));
    const mw_shape *events = mw_member_shape(member(out, "Events"));
    const mw_shape *tick = mw_member_shape(member(events, "Tick"));
    const mw_shape *missing = mw_service_error(alpha, "Thing.Missing");

    (void)state;
    assert_int_equal(mw_shape_type_of(trees), MW_SHAPE_LIST);
    assert_ptr_equal(mw_member_shape(mw_shape_element(trees)), tree); /* recursion is kept */
    assert_string_equal(mw_member_location_name(mw_shape_element(trees)), "item");
    assert_null(mw_member_name(mw_shape_element(trees)));
    assert_int_equal(mw_shape_member_count(trees), 0);
    assert_null(mw_shape_key(trees));
    assert_ptr_equal(mw_shape_member_wire(tree, "children", 8), member(tree, "Children"));
    assert_null(mw_shape_member_wire(tree, "Children", 8));
    assert_non_null(member(tree, "Extra")); /* merged from the extras */
    /* The other service models an equal tree. */
    assert_ptr_equal(mw_operation_output(mw_service_operation(beta, "ListTrees")), tree);

    assert_true(mw_shape_flattened(settings));
    assert_true(mw_member_flattened(member(out, "Settings"))); /* the shape's */
    assert_string_equal(mw_member_location_name(mw_shape_key(settings)), "K");
    assert_int_equal(mw_shape_enum_count(mw_member_shape(mw_shape_value(settings))), 2);
    assert_string_equal(mw_shape_enum_at(mw_member_shape(mw_shape_value(settings)), 1), "green");
    assert_null(mw_shape_enum_at(mw_member_shape(mw_shape_value(settings)), 2));
    assert_null(mw_shape_element(settings));

    assert_true(mw_shape_eventstream(events));
    assert_true(mw_shape_event(tick));
    assert_true(mw_member_event_header(member(tick, "At")));
    assert_true(mw_member_event_payload(member(tick, "Data")));

    assert_non_null(missing);
    assert_ptr_equal(mw_service_error(alpha, "ThingMissing"), missing);
    assert_string_equal(mw_shape_error_code(missing), "Thing.Missing");
    assert_int_equal(mw_shape_error_status(missing), 404);
    assert_true(mw_shape_exception(missing));
    assert_true(mw_shape_error_retryable(missing));
    assert_true(mw_shape_error_throttling(missing));
    assert_non_null(mw_service_error(alpha, "Unlisted"));
    assert_null(mw_service_error(alpha, "Tree"));
    assert_null(mw_service_error(beta, "ThingMissing"));
}

static void the_same_input_gives_the_same_bytes(void **state)
{
    MW_AUTO(mw_buf) again = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_models_compile_tree(TREE "/data", NULL, &again, &err));
    assert_int_equal(again.len, pack.len);
    assert_memory_equal(again.data, pack.data, pack.len);
    for (size_t i = 0; i + 5 < pack.len; i++)
        assert_false(memcmp(pack.data + i, "Never", 5) == 0);
}

static void equal_bytes_share_one_handle(void **state)
{
    mw_models *again = NULL;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_models_open(pack.data, pack.len, &again, &err));
    assert_ptr_equal(again, models);
    mw_models_free(again);
    assert_ptr_equal(mw_service_models(mw_models_service_at(models, 0)), models);
    mw_models_free(NULL);
}

static void files_are_mapped(void **state)
{
    char path[] = "/tmp/mw-test-pack-XXXXXX";
    int fd = mkstemp(path);
    mw_models *m = NULL;
    mw_error err = {0};

    (void)state;
    assert_true(fd >= 0);
    assert_ok(mw_fd_write_all(fd, path, pack.data, pack.len, &err));
    assert_ok(mw_models_open_file(path, &m, &err));
    assert_ptr_equal(mw_service_models(mw_models_service(m, "beta")), m);
    assert_true(walk_pack(m) > 0);
    mw_models_free(m);
    assert_int_equal(ftruncate(fd, (off_t)pack.len - 1), 0);
    assert_int_equal(mw_models_open_file(path, &m, &err), MW_ERR_PARSE);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(mw_models_open_file(path, &m, &err), MW_ERR_PARSE);
    close(fd);
    unlink(path);
    assert_int_equal(mw_models_open_file(path, &m, &err), MW_ERR_NOTFOUND);
    assert_int_equal(mw_models_open_file("/tmp", &m, &err), MW_ERR_PARSE);
}

/* Each byte inverted and each word set to extremes: refused, or safe to read. */
static void damage_is_refused_or_harmless(void **state)
{
    static const uint32_t words[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
    char *copy = mw_alloc(pack.len);
    size_t refused = 0;

    (void)state;
    assert_non_null(copy);
    memcpy(copy, pack.data, pack.len);
    for (size_t at = 0; at < pack.len; at++) {
        for (size_t k = 0; k <= MW_COUNT(words); k++) {
            mw_error err = {0};
            mw_models *m = NULL;
            mw_status st;

            if (k < MW_COUNT(words) && (at % 4 != 0 || at + 4 > pack.len))
                continue;
            if (k < MW_COUNT(words))
                memcpy(copy + at, &words[k], 4);
            else
                copy[at] = (char)~copy[at];
            st = mw_models_open(copy, pack.len, &m, &err);
            if (st == MW_OK) {
                walk_pack(m);
                mw_models_free(m);
            } else {
                assert_int_equal(st, MW_ERR_PARSE);
                assert_true(err.message[0]);
                refused++;
            }
            memcpy(copy + at, pack.data + at, pack.len - at < 4 ? pack.len - at : 4);
        }
    }
    assert_true(refused > pack.len / 2);
    for (size_t len = 0; len < pack.len; len++) {
        mw_models *m = NULL;

        assert_int_equal(mw_models_open(copy, len, &m, NULL), MW_ERR_PARSE);
    }
    mw_free(copy);
}

static mw_status compile_text(const char *text, mw_buf *out, mw_error *failure)
{
    mw_doc_builder *b = NULL;
    mw_error err = {0};
    const mw_doc *d;
    mw_status st;
    mw_val root;

    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_json_read(b, text, strlen(text), NULL, NULL, &err));
    root = mw_doc_pop(b);
    d = mw_doc_view(b);
    st = mw_models_compile_service("made", d, mw_val_get(d, root, "metadata"), mw_val_get(d, root, "operations"),
                                   mw_val_get(d, root, "shapes"), out, failure);
    mw_doc_builder_free(b);
    return st;
}

static void one_service_from_values(void **state)
{
    MW_AUTO(mw_buf) out = {0};
    mw_models *m = NULL;
    const mw_service *s;
    mw_error err = {0};

    (void)state;
    assert_ok(
        compile_text("{\"metadata\":{\"protocol\":\"ec2\",\"apiVersion\":\"1\"},"
                     "\"operations\":{\"Op\":{\"name\":\"Op\",\"http\":{\"method\":\"GET\",\"requestUri\":\"/x\"},"
                     "\"input\":{\"shape\":\"In\"},\"httpChecksum\":{\"requestChecksumRequired\":true}}},"
                     "\"shapes\":{\"In\":{\"type\":\"structure\",\"members\":{\"N\":{\"shape\":\"I\"}}},"
                     "\"I\":{\"type\":\"integer\"}}}",
                     &out, &err));
    assert_ok(mw_models_open(out.data, out.len, &m, &err));
    s = mw_models_service(m, "made");
    assert_non_null(s);
    assert_int_equal(mw_service_protocol(s), MW_PROTO_EC2);
    assert_string_equal(mw_service_id(s), "made");
    assert_string_equal(mw_models_botocore_version(m), "unknown");
    assert_int_equal(mw_models_partitions(m), MW_VAL_ABSENT);
    assert_true(mw_operation_checksum_required(mw_service_operation(s, "Op")));
    assert_true(mw_val_get_bool(mw_models_doc(m), mw_operation_extra(mw_service_operation(s, "Op"), "httpChecksum"),
                                "requestChecksumRequired", false));
    assert_int_equal(
        mw_shape_type_of(mw_member_shape(mw_shape_member_at(mw_operation_input(mw_service_operation(s, "Op")), 0))),
        MW_SHAPE_INTEGER);
    mw_models_free(m);

    /* Nothing but a protocol is a service too. */
    mw_buf_reset(&out);
    assert_ok(compile_text("{\"metadata\":{\"protocol\":\"json\"}}", &out, &err));
    assert_ok(mw_models_open(out.data, out.len, &m, &err));
    assert_int_equal(mw_service_operation_count(mw_models_service(m, "made")), 0);
    assert_null(mw_service_operation(mw_models_service(m, "made"), "Op"));
    assert_null(mw_service_error(mw_models_service(m, "made"), "E"));
    mw_models_free(m);
}

static void bad_models_are_named(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"{}", "service made has the unknown protocol (none)"},
        {"{\"metadata\":{\"protocol\":\"soap\"}}", "service made has the unknown protocol soap"},
        {"{\"metadata\":{\"protocol\":\"json\"},\"operations\":{\"Op\":{\"input\":{\"shape\":\"No\"}}}}",
         "service made: Op.input refers to shape No, which is not there"},
        {"{\"metadata\":{\"protocol\":\"json\"},\"operations\":{\"Op\":{\"output\":{}}}}",
         "service made: Op.output names no shape"},
        {"{\"metadata\":{\"protocol\":\"json\"},\"operations\":{\"Op\":{\"input\":{\"shape\":\"S\"}}},"
         "\"shapes\":{\"S\":{\"type\":\"structure\",\"members\":{\"M\":{\"shape\":\"No\"}}}}}",
         "service made: S.M refers to shape No, which is not there"},
        {"{\"metadata\":{\"protocol\":\"json\"},\"operations\":{\"Op\":{\"input\":{\"shape\":\"S\"}}},"
         "\"shapes\":{\"S\":{\"type\":\"list\"}}}",
         "service made: S names no shape"},
        {"{\"metadata\":{\"protocol\":\"json\"},\"operations\":{\"Op\":{\"input\":{\"shape\":\"S\"}}},"
         "\"shapes\":{\"S\":{\"type\":\"tuple\"}}}",
         "service made: shape S has the unknown type tuple"},
        {"{\"metadata\":{\"protocol\":\"json\"},\"operations\":{\"Op\":"
         "{\"errors\":[{\"shape\":\"No\"}]}}}",
         "service made: Op.errors refers to shape No, which is not there"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) out = {0};
        mw_error err = {0};

        assert_int_equal(compile_text(rows[i].text, &out, &err), MW_ERR_PARSE);
        assert_string_equal(err.message, rows[i].message);
        assert_int_equal(out.len, 0);
    }
}

static void bad_trees_are_named(void **state)
{
    char root[] = "/tmp/mw-test-tree-XXXXXX", path[128];
    static const char smallest[] = "{\"metadata\":{\"protocol\":\"json\"}}";
    static const char gzip_start[] = "\x1f\x8b\x08\0\0\0\0\0\0\3garbage";
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};

    (void)state;
    assert_non_null(mkdtemp(root));
    assert_int_equal(mw_models_compile_tree(root, NULL, &out, &err), MW_ERR_NOTFOUND);
    assert_non_null(strstr(err.message, root));
    snprintf(path, sizeof(path), "%s/svc/2020-01-01", root);
    assert_ok(mw_mkdirs(path, 0755, &err));
    snprintf(path, sizeof(path), "%s/svc/2020-01-01/service-2.json.gz", root);
    assert_ok(mw_file_write_atomic(path, gzip_start, sizeof(gzip_start), 0644, &err));
    assert_int_equal(mw_models_compile_tree(root, NULL, &out, &err), MW_ERR_PARSE);
    assert_non_null(strstr(err.message, "not a whole gzip file"));
    unlink(path);
    snprintf(path, sizeof(path), "%s/svc/2020-01-01/service-2.json", root);
    assert_ok(mw_file_write_atomic(path, "{\n\"a\": }", 8, 0644, &err));
    assert_int_equal(mw_models_compile_tree(root, NULL, &out, &err), MW_ERR_PARSE);
    assert_non_null(strstr(err.message, "service-2.json:2:"));
    assert_ok(mw_file_write_atomic(path, "[]", 2, 0644, &err));
    assert_int_equal(mw_models_compile_tree(root, NULL, &out, &err), MW_ERR_PARSE);
    assert_ok(mw_file_write_atomic(path, smallest, strlen(smallest), 0644, &err));
    assert_ok(mw_models_compile_tree(root, "9.9", &out, &err));
    assert_int_equal(out.len > 0, 1);
    unlink(path);
    snprintf(path, sizeof(path), "%s/svc/2020-01-01", root);
    rmdir(path);
    snprintf(path, sizeof(path), "%s/svc", root);
    rmdir(path);
    rmdir(root);
}

static void ceilings_and_alignment_hold(void **state)
{
    MW_AUTO(mw_buf) tight = {.max = 600};
    MW_AUTO(mw_buf) odd = {0};
    mw_error err = {0};

    (void)state;
    assert_int_equal(mw_models_compile_tree(TREE, NULL, &tight, &err), MW_ERR_LIMIT);
    mw_buf_putc(&odd, 'x');
    assert_int_equal(mw_models_compile_tree(TREE, NULL, &odd, &err), MW_ERR_INVALID);
}

static void lack_of_memory_is_reported(void **state)
{
    struct failing_alloc f = {0};
    mw_status st = MW_ERR_NOMEM;

    (void)state;
    for (long n = 1; st != MW_OK && n < 100000; n++) {
        MW_AUTO(mw_buf) out = {0};
        mw_models *m = NULL;
        mw_error err = {0};

        f = (struct failing_alloc){.fail_at = n};
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &f;
        st = mw_models_compile_tree(TREE, "1", &out, &err);
        if (st == MW_OK)
            st = mw_models_open(out.data, out.len, &m, &err);
        mw_sys_reset();
        /* A refused reading of __init__.py is no failure, for the version is given. */
        if (st != MW_OK) {
            assert_int_equal(st, MW_ERR_NOMEM);
            assert_true(err.message[0]);
        } else if (f.count >= n) {
            st = MW_ERR_NOMEM;
        }
        mw_models_free(m);
    }
    assert_int_equal(st, MW_OK);
    assert_true(f.count > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_is_read),
        cmocka_unit_test(partitions_and_regions_come_from_endpoints),
        cmocka_unit_test(operations_have_their_traits),
        cmocka_unit_test(members_have_their_traits),
        cmocka_unit_test(collections_events_and_errors),
        cmocka_unit_test(the_same_input_gives_the_same_bytes),
        cmocka_unit_test(equal_bytes_share_one_handle),
        cmocka_unit_test(files_are_mapped),
        cmocka_unit_test(damage_is_refused_or_harmless),
        cmocka_unit_test(one_service_from_values),
        cmocka_unit_test(bad_models_are_named),
        cmocka_unit_test(bad_trees_are_named),
        cmocka_unit_test(ceilings_and_alignment_hold),
        cmocka_unit_test(lack_of_memory_is_reported),
    };

    return cmocka_run_group_tests(tests, open_tree, close_tree);
}
