/* What the models know of a type's documents, and that `always` names only what they know. */
#include "../../support/support.h"

#include "base/buf.h"
#include "inventory/outline.h"
#include "inventory/type_internal.h"

static const mw_models *models;

static mw_doc *outline_of(const mw_type *t)
{
    const mw_doc_options share = {.share = true};
    mw_doc_builder *b;
    mw_doc *d = NULL;

    assert_int_equal(mw_doc_builder_new(&share, &b, NULL), MW_OK);
    mw_outline_add(b, t, models);
    assert_int_equal(mw_doc_finish(b, mw_doc_pop(b), &d, NULL), MW_OK);
    mw_doc_builder_free(b);
    return d;
}

/* The outline at a dotted path, through lists; `true` as soon as anything may be there. */
static mw_val at(const mw_doc *d, const char *path)
{
    mw_val v = mw_doc_root(d);

    for (size_t n; *path && v != MW_VAL_ABSENT; path += n + (path[n] == '.')) {
        n = strcspn(path, ".");
        while (mw_val_kind(d, v) == MW_KIND_ARRAY)
            v = mw_val_at(d, v, 0);
        if (v == MW_VAL_TRUE)
            break;
        v = mw_val_getn(d, v, path, n);
    }
    return v;
}

static void members(void **state)
{
    static const struct {
        const char *type, *path, *outline; /* NULL: no such member */
    } rows[] = {
        {"AWS::EC2::Instance", "State", "{\"\":[\"Name\"],\"Code\":true,\"Name\":true}"},
        {"AWS::EC2::Instance", "", NULL},
        {"AWS::EC2::Instance", "ImageId", "true"},
        {"AWS::EC2::Instance", "Imageid", NULL},
        {"AWS::EC2::Instance", "Tags", "[{\"Key\":true,\"Value\":true}]"},
        {"AWS::EC2::SecurityGroup", "IpPermissions.IpRanges.CidrIp", "true"},
        {"AWS::S3::Bucket", "Versioning", "{\"MFADelete\":true,\"Status\":true}"},
        {"AWS::S3::Bucket", "Policy", "true"}, /* JSON */
        {"AWS::S3::Bucket", "Acl.Grants.Grantee.URI", "true"},
        {"AWS::KMS::Key", "KeyArn", "true"},   /* of the list */
        {"AWS::KMS::Key", "KeyState", "true"}, /* of the describe call */
        {"AWS::KMS::Key", "RotationStatus.Nothing", NULL},
        {"AWS::Lambda::Function", "Environment.Variables", "{\"*\":true}"},
        {"AWS::SQS::Queue", "*", "true"}, /* items are texts */
    };
    mw_types *types;

    (void)state;
    assert_int_equal(mw_types_load(NULL, 0, &types, NULL), MW_OK);
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc *d = outline_of(mw_types_get(types, rows[i].type));
        MW_AUTO(mw_buf) text = {0};
        mw_val v = at(d, rows[i].path);
        if (rows[i].path[0] == '\0')
            assert_int_equal(mw_val_get(d, v, "*"), MW_VAL_ABSENT); /* closed: nothing but what it names */
        else if (!rows[i].outline && v != MW_VAL_ABSENT)
            fail_msg("%s has %s", rows[i].type, rows[i].path);
        else if (rows[i].outline) {
            mw_json_write(&text, d, v, MW_JSON_COMPACT);
            assert_string_equal(text.data, rows[i].outline);
        }
        mw_doc_free(d);
    }
    mw_types_free(types);
}

static void always_is_modelled(void **state)
{
    mw_types *types;
    size_t n = 0;

    (void)state;
    assert_int_equal(mw_types_load(NULL, 0, &types, NULL), MW_OK);
    for (size_t i = 0; i < mw_types_count(types); i++) {
        const mw_type *t = mw_types_at(types, i);
        mw_val always = mw_val_get(t->d, t->v, "always");
        mw_doc *d = outline_of(t);
        for (size_t k = 0; k < mw_val_len(t->d, always); k++, n++) {
            const char *path = mw_val_str(t->d, mw_val_at(t->d, always, k), NULL);
            if (at(d, path) == MW_VAL_ABSENT)
                fail_msg("%s: always: '%s' is not in the models", mw_type_name(t), path);
        }
        mw_doc_free(d);
    }
    assert_true(n > 5);
    mw_types_free(types);
}

static void causes(void **state)
{
    mw_doc_builder *b;
    const mw_doc *d;
    mw_val root, cause;

    (void)state;
    assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
    mw_doc_begin_object(b);
    mw_outline_add_causes(b, models);
    mw_doc_end_object(b);
    d = mw_doc_view(b);
    root = mw_doc_pop(b);
    cause = mw_val_cause(d, mw_val_get(d, root, "unmodelled"));
    assert_string_equal(mw_val_get_str(d, cause, "code", ""), "NotModelled");
    assert_non_null(strstr(mw_val_get_str(d, cause, "message", ""), mw_models_botocore_version(models)));
    cause = mw_val_cause(d, mw_val_get(d, root, "unsent"));
    assert_string_equal(mw_val_get_str(d, cause, "code", ""), "NotSent");
    mw_doc_builder_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members),
        cmocka_unit_test(always_is_modelled),
        cmocka_unit_test(causes),
    };

    if (mw_models_builtin(&models, NULL) != MW_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
