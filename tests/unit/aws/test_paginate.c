/* Paginators as data: parameters of the next request, and pages added up as botocore does. */
#include "../../support/support.h"

#include "aws/client.h"
#include "aws/paginate.h"
#include "base/buf.h"
#include "base/mem.h"

#include <stdio.h>

static const mw_models *models;

static const mw_operation *operation(const char *service, const char *name)
{
    const mw_operation *op;
    mw_error err = {0};

    assert_ok(mw_client_operation(models, service, name, &op, &err));
    return op;
}

static mw_val parse(mw_doc_builder *b, const char *json)
{
    mw_error err = {0};

    mw_doc_builder_reset(b);
    assert_ok(mw_json_read(b, json, strlen(json), NULL, NULL, &err));
    return mw_doc_pop(b);
}

static void check_json(const mw_doc_builder *b, mw_val v, const char *want)
{
    MW_AUTO(mw_buf) text = {0};

    assert_int_equal(mw_json_write(&text, mw_doc_view(b), v, MW_JSON_COMPACT), MW_OK);
    assert_string_equal(text.data, want);
}

typedef struct step {
    const char *page; /* the answer */
    const char *next; /* parameters of the following request; NULL = the end */
} step;

static const struct {
    const char *service, *operation, *params;
    int page_size;
    const char *first;
    step steps[3];
} walks[] = {
    {"iam",
     "ListUsers",
     "{\"PathPrefix\":\"/\"}",
     5,
     "{\"MaxItems\":5,\"PathPrefix\":\"/\"}",
     {{"{\"IsTruncated\":true,\"Marker\":\"m\"}", "{\"Marker\":\"m\",\"MaxItems\":5,\"PathPrefix\":\"/\"}"},
      {"{\"IsTruncated\":false,\"Marker\":\"n\"}", NULL}}},
    {"ec2",
     "DescribeVpcs",
     "{\"NextToken\":\"given\"}",
     0,
     "{\"NextToken\":\"given\"}",
     {{"{\"NextToken\":\"t\"}", "{\"NextToken\":\"t\"}"}, {"{\"NextToken\":\"\"}", NULL}}},
    {"ec2", "DescribeVpcs", "{}", 0, "{}", {{"{}", NULL}}},
    {"ec2", "DescribeVpcs", "{}", 0, "{}", {{"{\"NextToken\":null}", NULL}}},
    /* two tokens, one of them gone on the second page */
    {"s3",
     "ListObjectVersions",
     "{\"Bucket\":\"b\"}",
     0,
     "{\"Bucket\":\"b\"}",
     {{"{\"IsTruncated\":true,\"NextKeyMarker\":\"k\",\"NextVersionIdMarker\":\"v\"}",
       "{\"Bucket\":\"b\",\"KeyMarker\":\"k\",\"VersionIdMarker\":\"v\"}"},
      {"{\"IsTruncated\":true,\"NextKeyMarker\":\"l\",\"NextVersionIdMarker\":\"None\"}",
       "{\"Bucket\":\"b\",\"KeyMarker\":\"l\"}"},
      {"{\"IsTruncated\":false}", NULL}}},
    /* NextMarker || Contents[-1].Key */
    {"s3",
     "ListObjects",
     "{\"Bucket\":\"b\"}",
     2,
     "{\"Bucket\":\"b\",\"MaxKeys\":2}",
     {{"{\"IsTruncated\":true,\"Contents\":[{\"Key\":\"a\"},{\"Key\":\"z\"}]}",
       "{\"Bucket\":\"b\",\"Marker\":\"z\",\"MaxKeys\":2}"},
      {"{\"IsTruncated\":true,\"NextMarker\":\"n\",\"Contents\":[{\"Key\":\"a\"}]}",
       "{\"Bucket\":\"b\",\"Marker\":\"n\",\"MaxKeys\":2}"}}},
    /* three tokens, and a limit that is a string */
    {"route53",
     "ListResourceRecordSets",
     "{\"HostedZoneId\":\"Z\"}",
     9,
     "{\"HostedZoneId\":\"Z\",\"MaxItems\":\"9\"}",
     {{"{\"IsTruncated\":true,\"NextRecordName\":\"n\",\"NextRecordType\":\"A\"}",
       "{\"HostedZoneId\":\"Z\",\"MaxItems\":\"9\",\"StartRecordName\":\"n\",\"StartRecordType\":\"A\"}"},
      {"{\"IsTruncated\":false}", NULL}}},
    {"dynamodb",
     "Scan",
     "{\"TableName\":\"t\"}",
     0,
     "{\"TableName\":\"t\"}",
     {{"{\"LastEvaluatedKey\":{\"k\":{\"S\":\"1\"}}}",
       "{\"ExclusiveStartKey\":{\"k\":{\"S\":\"1\"}},\"TableName\":\"t\"}"},
      {"{\"LastEvaluatedKey\":{}}", NULL}}},
};

static void tokens(void **state)
{
    mw_doc_builder *params, *page, *out;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &params, &err));
    assert_ok(mw_doc_builder_new(NULL, &page, &err));
    assert_ok(mw_doc_builder_new(NULL, &out, &err));
    for (size_t i = 0; i < MW_COUNT(walks); i++) {
        const mw_operation *op = operation(walks[i].service, walks[i].operation);
        mw_val given = parse(params, walks[i].params), v;
        mw_paginator *p;

        assert_ok(mw_paginator_new(op, &p, &err));
        assert_non_null(p);
        assert_ok(mw_paginator_params(p, op, mw_doc_view(params), given, walks[i].page_size, out, &v, &err));
        check_json(out, v, walks[i].first);
        for (size_t n = 0; n < MW_COUNT(walks[i].steps) && walks[i].steps[n].page; n++) {
            const step *s = &walks[i].steps[n];
            bool more;

            v = parse(page, s->page);
            assert_ok(mw_paginator_advance(p, page, v, &more, &err));
            assert_int_equal(more, s->next != NULL);
            if (!more)
                break;
            assert_ok(mw_paginator_params(p, op, mw_doc_view(params), given, walks[i].page_size, out, &v, &err));
            check_json(out, v, s->next);
        }
        mw_paginator_free(p);
    }
    mw_doc_builder_free(params);
    mw_doc_builder_free(page);
    mw_doc_builder_free(out);
}

/* No paginator models these; the names of their tokens tell. */
static const struct {
    const char *service, *operation, *page, *next;
} implied[] = {
    {"wafv2", "ListWebACLs", "{\"NextMarker\":\"m\"}", "{\"NextMarker\":\"m\",\"Scope\":\"S\"}"},
    {"events", "ListEventBuses", "{\"NextToken\":\"t\"}", "{\"NextToken\":\"t\",\"Scope\":\"S\"}"},
    {"events", "ListEventBuses", "{}", NULL},
    /* the token lies in a structure */
    {"cloudfront", "ListFunctions", "{\"FunctionList\":{\"NextMarker\":\"m\"}}", "{\"Marker\":\"m\",\"Scope\":\"S\"}"},
    {"cloudfront", "ListFunctions", "{\"FunctionList\":{\"Quantity\":1}}", NULL},
    {"s3", "ListBucketIntelligentTieringConfigurations",
     "{\"ContinuationToken\":\"old\",\"NextContinuationToken\":\"new\"}",
     "{\"ContinuationToken\":\"new\",\"Scope\":\"S\"}"},
};

static void tokens_by_name(void **state)
{
    mw_doc_builder *params, *page, *out;
    mw_paginator *p;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &params, &err));
    assert_ok(mw_doc_builder_new(NULL, &page, &err));
    assert_ok(mw_doc_builder_new(NULL, &out, &err));
    for (size_t i = 0; i < MW_COUNT(implied); i++) {
        const mw_operation *op = operation(implied[i].service, implied[i].operation);
        mw_val given = parse(params, "{\"Scope\":\"S\"}"), v = parse(page, implied[i].page);
        bool more;

        assert_ok(mw_paginator_new(op, &p, &err));
        assert_null(p);
        assert_ok(mw_paginator_implied(op, &p, &err));
        assert_non_null(p);
        assert_ok(mw_paginator_advance(p, page, v, &more, &err));
        assert_int_equal(more, implied[i].next != NULL);
        if (more) {
            assert_ok(mw_paginator_params(p, op, mw_doc_view(params), given, 0, out, &v, &err));
            check_json(out, v, implied[i].next);
            v = parse(page, implied[i].page); /* the same token again is no end */
            assert_int_equal(mw_paginator_advance(p, page, v, &more, &err), MW_ERR_CONFLICT);
        }
        mw_paginator_free(p);
    }
    assert_ok(mw_paginator_implied(operation("iam", "ListUsers"), &p, &err)); /* has a model */
    assert_null(p);
    assert_ok(mw_paginator_implied(operation("sts", "GetCallerIdentity"), &p, &err));
    assert_null(p);
    mw_doc_builder_free(params);
    mw_doc_builder_free(page);
    mw_doc_builder_free(out);
}

/* An answer that says neither yes nor no ends by its token alone; one that contradicts itself is no end. */
static const struct {
    const char *service, *operation, *page;
    mw_status status;
    bool more;
} contradictions[] = {
    {"iam", "ListUsers", "{\"IsTruncated\":true}", MW_ERR_PARSE, false},
    {"iam", "ListUsers", "{\"IsTruncated\":true,\"Marker\":\"\"}", MW_ERR_PARSE, false},
    {"cloudfront", "ListDistributions", "{\"DistributionList\":{\"IsTruncated\":true}}", MW_ERR_PARSE, false},
    {"s3", "ListObjects", "{\"IsTruncated\":true,\"Contents\":[]}", MW_ERR_PARSE, false},
    {"iam", "ListUsers", "{\"Marker\":\"m\"}", MW_OK, true},
    {"iam", "ListUsers", "{\"IsTruncated\":null,\"Marker\":\"m\"}", MW_OK, true},
    {"cloudfront", "ListDistributions", "{\"DistributionList\":{\"NextMarker\":\"m\"}}", MW_OK, true},
    {"iam", "ListUsers", "{}", MW_OK, false},
    {"iam", "ListUsers", "{\"IsTruncated\":false,\"Marker\":\"m\"}", MW_OK, false},
};

static void a_list_is_not_cut_short(void **state)
{
    mw_doc_builder *page;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &page, &err));
    for (size_t i = 0; i < MW_COUNT(contradictions); i++) {
        mw_paginator *p;
        bool more = true;

        assert_ok(mw_paginator_new(operation(contradictions[i].service, contradictions[i].operation), &p, &err));
        if (mw_paginator_advance(p, page, parse(page, contradictions[i].page), &more, &err) !=
                contradictions[i].status ||
            more != contradictions[i].more)
            fail_msg("row %zu: %s", i, contradictions[i].page);
        if (contradictions[i].status != MW_OK)
            assert_non_null(strstr(err.message, "says that there is more"));
        mw_paginator_free(p);
    }
    mw_doc_builder_free(page);
}

/* What no list may take for its end, nor follow for ever: tokens that come again, and "more" without a token. */
static void pages_without_an_end(void **state)
{
    static const struct {
        const char *name;
        int before, around; /* pages before the circle, and in it */
        int most;           /* pages until it is told */
    } circles[] = {{"one token", 0, 1, 2},
                   {"one, late", 7, 1, 9},
                   {"two in turn", 0, 2, 6},
                   {"three, late", 5, 3, 15},
                   {"a hundred", 3, 100, 400}};
    mw_doc_builder *page;
    mw_paginator *p;
    mw_error err = {0};
    bool more = true;

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &page, &err));
    for (size_t i = 0; i < MW_COUNT(circles); i++) {
        mw_status st = MW_OK;
        int n = 0;

        assert_ok(mw_paginator_new(operation("logs", "DescribeLogGroups"), &p, &err));
        for (; st == MW_OK && n < 1000; n++) {
            int at = n < circles[i].before ? n : circles[i].before + (n - circles[i].before) % circles[i].around;
            char text[64];

            snprintf(text, sizeof(text), "{\"nextToken\":\"t%d\"}", at);
            st = mw_paginator_advance(p, page, parse(page, text), &more, &err);
        }
        assert_int_equal(st, MW_ERR_CONFLICT);
        assert_in_range(n, circles[i].before + circles[i].around + 1, circles[i].most);
        mw_paginator_free(p);
    }
    assert_ok(mw_paginator_new(operation("iam", "ListUsers"), &p, &err));
    assert_int_equal(mw_paginator_advance(p, page, parse(page, "{\"Users\":[],\"IsTruncated\":true}"), &more, &err),
                     MW_ERR_PARSE);
    assert_false(more);
    assert_ok(mw_paginator_advance(p, page, parse(page, "{\"Users\":[],\"IsTruncated\":false}"), &more, &err));
    assert_false(more);
    mw_paginator_free(p);
    mw_doc_builder_free(page);
}

static void no_paginator(void **state)
{
    mw_paginator *p;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_paginator_new(operation("sts", "GetCallerIdentity"), &p, &err));
    assert_null(p);
}

static const struct {
    const char *service, *operation, *pages[3], *want;
} sums[] = {
    {"iam",
     "ListUsers",
     {"{\"IsTruncated\":true,\"Marker\":\"m\",\"Users\":[1,2]}", "{\"IsTruncated\":false,\"Users\":[3]}"},
     "{\"Users\":[1,2,3]}"},
    {"iam", "ListUsers", {"{\"IsTruncated\":false}"}, "{}"},
    {"iam", "ListUsers", {"{\"Users\":[]}"}, "{\"Users\":[]}"},
    /* several lists; what is not added up comes from the first page, null when it is not there */
    {"dynamodb",
     "Scan",
     {"{\"Items\":[{\"a\":1}],\"Count\":1,\"ScannedCount\":5,\"LastEvaluatedKey\":{\"k\":1}}",
      "{\"Items\":[{\"a\":2}],\"Count\":2,\"ScannedCount\":7,\"ConsumedCapacity\":{\"x\":1}}"},
     "{\"ConsumedCapacity\":null,\"Count\":3,\"Items\":[{\"a\":1},{\"a\":2}],\"ScannedCount\":12}"},
    /* a nested result key */
    {"kinesis",
     "DescribeStream",
     {"{\"StreamDescription\":{\"Shards\":[1],\"StreamName\":\"s\",\"HasMoreShards\":true}}",
      "{\"StreamDescription\":{\"Shards\":[2],\"StreamName\":\"other\"}}"},
     NULL},
    {"sts", "GetCallerIdentity", {"{\"Account\":\"1\"}"}, "{\"Account\":\"1\"}"},
};

static void pages_add_up(void **state)
{
    mw_doc_builder *page, *out;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_doc_builder_new(NULL, &page, &err));
    for (size_t i = 0; i < MW_COUNT(sums); i++) {
        mw_page_merge *m;
        mw_val v;
        const mw_doc *d;

        assert_ok(mw_page_merge_new(operation(sums[i].service, sums[i].operation), &m, &err));
        for (size_t n = 0; n < MW_COUNT(sums[i].pages) && sums[i].pages[n]; n++)
            assert_ok(mw_page_merge_add(m, page, parse(page, sums[i].pages[n]), &err));
        assert_ok(mw_page_merge_build(m, &out, &v, &err));
        d = mw_doc_view(out);
        if (sums[i].want) {
            check_json(out, v, sums[i].want);
        } else { /* its other keys depend on the models' age */
            assert_int_equal(mw_val_len(d, mw_val_path(d, v, "StreamDescription.Shards")), 2);
            assert_string_equal(mw_val_get_str(d, mw_val_get(d, v, "StreamDescription"), "StreamName", ""), "s");
        }
        mw_page_merge_free(m);
    }
    mw_doc_builder_free(page);
}

/** Every paginator of the pack can be read and its expressions compile. */
static void whole_pack(void **state)
{
    size_t paginators = 0;

    (void)state;
    for (size_t s = 0; s < mw_models_service_count(models); s++) {
        const mw_service *service = mw_models_service_at(models, s);

        for (size_t i = 0; i < mw_service_operation_count(service); i++) {
            mw_paginator *p;
            mw_error err = {0};

            assert_ok(mw_paginator_new(mw_service_operation_at(service, i), &p, &err));
            paginators += p != NULL;
            mw_paginator_free(p);
        }
    }
    assert_true(paginators > 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),
        cmocka_unit_test(pages_without_an_end),
        cmocka_unit_test(no_paginator),
        cmocka_unit_test(tokens_by_name),
        cmocka_unit_test(pages_add_up),
        cmocka_unit_test(whole_pack),
        cmocka_unit_test(a_list_is_not_cut_short),
    };
    mw_error err = {0};

    if (mw_models_builtin(&models, &err) != MW_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
