/* What is sensitive in the documents of types: by the models, by names, by the types' own lists; and what is excepted. */
#include "../../support/support.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "inventory/plan.h"
#include "inventory/sensitive.h"
#include "inventory/shape.h"
#include "inventory/type_internal.h"

#include <stdio.h>
#include <unistd.h>

static const mw_models *models;
static mw_types *types;
static bool newest; /* the models know what the types name */

static void of(const char *type, mw_arena *arena, mw_sensitive *out)
{
    mw_error err = {0};

    assert_non_null(mw_types_get(types, type));
    assert_ok(mw_sensitive_of(mw_types_get(types, type), types, models, arena, out, &err));
}

/* Is the path, or one above it, among them? */
static bool covers(const mw_sensitive *s, const char *path)
{
    for (size_t i = 0; i < s->count; i++) {
        size_t len = strlen(s->paths[i]);
        if (strncmp(path, s->paths[i], len) == 0 && (path[len] == '\0' || path[len] == '.'))
            return true;
    }
    return false;
}

static void paths(void **state)
{
    static const struct {
        const char *type, *path;
        bool sensitive;
    } rows[] = {
        {"AWS::Lambda::Function", "Environment.Variables.TOKEN", true},
        {"AWS::Lambda::Function", "Environment.Error.ErrorCode", false},
        {"AWS::Lambda::Function", "State.Environment.Variables", true}, /* a facet */
        {"AWS::Lambda::Function", "FunctionName", false},
        {"AWS::EC2::Instance", "UserData.Value", true},
        {"AWS::EC2::LaunchTemplate", "DefaultVersion.LaunchTemplateData.UserData", true},
        {"AWS::EC2::LaunchTemplate", "DefaultVersion.LaunchTemplateData.ImageId", false},
        {"AWS::AutoScaling::LaunchConfiguration", "UserData", true},
        {"AWS::ECS::TaskDefinition", "containerDefinitions.environment.value", true},
        {"AWS::ECS::TaskDefinition", "containerDefinitions.environment.name", false},
        {"AWS::ECS::Task", "overrides.containerOverrides.environment.value", true}, /* the list is marked as a whole */
        {"AWS::ECS::Task", "overrides.containerOverrides.environment.name", false},
        {"AWS::CloudFormation::Stack", "Parameters.ParameterValue", true},
        {"AWS::CloudFormation::Stack", "Parameters.ParameterKey", false},
        {"AWS::CloudFormation::Stack", "Outputs.OutputValue", true},
        {"AWS::CodeBuild::Project", "environment.environmentVariables.value", true},
        {"AWS::CodeBuild::Project", "environment.environmentVariables.name", false},
        {"AWS::ElasticLoadBalancingV2::Listener", "DefaultActions.AuthenticateOidcConfig.ClientSecret",
         true}, /* by name */
        {"AWS::RDS::DBInstance", "PendingModifiedValues.MasterUserPassword", true},
        {"AWS::RDS::DBInstance", "MasterUsername", false},
        {"AWS::IAM::VirtualMFADevice", "Base32StringSeed", true}, /* a blob */
        /* a structure that holds itself */
        {"AWS::FSx::FileSystem", "AdministrativeActions.TargetVolumeValues.AdministrativeActions", true},
        {"AWS::FSx::FileSystem", "AdministrativeActions.Status", false},
        /* excepted */
        {"AWS::Organizations::Account", "Email", false},
        {"AWS::S3::Bucket", "Encryption.Rules.ApplyServerSideEncryptionByDefault.KMSMasterKeyID", false},
        /* marked, and no text */
        {"AWS::Location::Map", "CreateTime", false},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_arena) arena = {0};
        mw_sensitive s;
        of(rows[i].type, &arena, &s);
        if (newest && covers(&s, rows[i].path) != rows[i].sensitive)
            fail_msg("%s %s is %ssensitive", rows[i].type, rows[i].path, rows[i].sensitive ? "not " : "");
    }
}

static void masks(void **state)
{
    static const struct {
        const char *paths[4];
        const char *mask;
    } rows[] = {
        {{NULL}, "{}"},
        {{"A"}, "{\"A\":true}"},
        {{"A.B", "A.C.*", "D"}, "{\"A\":{\"B\":true,\"C\":{\"*\":true}},\"D\":true}"},
        {{"A.B", "AB.C"}, "{\"A\":{\"B\":true},\"AB\":{\"C\":true}}"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const char *list[4];
        mw_sensitive s = {.paths = list};
        mw_doc_builder *b;
        MW_AUTO(mw_buf) text = {0};
        for (; s.count < 4 && rows[i].paths[s.count]; s.count++)
            list[s.count] = rows[i].paths[s.count];
        assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
        mw_sensitive_add_mask(b, &s);
        assert_int_equal(mw_json_write(&text, mw_doc_view(b), mw_doc_pop(b), MW_JSON_COMPACT), MW_OK);
        assert_string_equal(text.data, rows[i].mask);
        mw_doc_builder_free(b);
    }
}

/* In order, none below another: what a mask is made of. */
static void every_type(void **state)
{
    size_t total = 0;

    (void)state;
    for (size_t i = 0; i < mw_types_count(types); i++) {
        const mw_type *t = mw_types_at(types, i);
        static const char *const identity[] = {"id", "arn", "name", "created", "tags.from"};
        MW_AUTO(mw_arena) arena = {0};
        mw_sensitive s;
        mw_error err = {0};
        of(mw_type_name(t), &arena, &s);
        total += s.count;
        for (size_t k = 1; k < s.count; k++) {
            const mw_sensitive before = {.paths = s.paths + k - 1, .count = 1};
            assert_false(covers(&before, s.paths[k]));
        }
        /* What the envelope repeats cannot be withheld of the document: it has to be excepted, or not listed. */
        for (size_t k = 0; k < MW_COUNT(identity); k++) {
            const char *path = mw_val_str(t->d, mw_val_path(t->d, t->v, identity[k]), NULL);
            if (path && covers(&s, path))
                fail_msg("%s: %s '%s' is sensitive", mw_type_name(t), identity[k], path);
            while (path && (path = strchr(path, '{'))) { /* a template's places */
                char inner[256];
                snprintf(inner, sizeof(inner), "%.*s", (int)strcspn(path + 1, "}"), path + 1);
                if (covers(&s, inner))
                    fail_msg("%s: %s '{%s}' is sensitive", mw_type_name(t), identity[k], inner);
                path++;
            }
        }
        if (newest && mw_sensitive_check(t, models, &err) != MW_OK)
            fail_msg("%s", err.message);
    }
    assert_true(total > 150);
}

/* A member that the models mark, somewhere on the way. */
static bool is_marked(const mw_type *t, const char *path)
{
    mw_typed also, item = mw_type_item_shape(t, models, &also);
    const mw_shape *s = NULL;
    size_t len = strcspn(path, ".");
    char facet[64];

    snprintf(facet, sizeof(facet), "%.*s", (int)len, path);
    if (mw_type_has_facet(t, facet))
        s = mw_type_facet_shape(t, facet, models).shape;
    else
        for (int k = 0; k < 2 && !s; k++) {
            mw_typed from = k ? also : item;
            const mw_member *m = from.shape ? mw_shape_member(from.shape, path, len) : NULL;
            s = m ? mw_member_shape(m) : NULL;
        }
    for (;;) {
        if (s && mw_shape_sensitive(s))
            return true;
        while (s && mw_shape_type_of(s) == MW_SHAPE_LIST) {
            s = mw_member_shape(mw_shape_element(s));
            if (mw_shape_sensitive(s))
                return true;
        }
        path += len;
        if (!s || !*path)
            return false;
        len = strcspn(++path, ".");
        const mw_member *m = mw_shape_type_of(s) == MW_SHAPE_STRUCTURE ? mw_shape_member(s, path, len) : NULL;
        s = m ? mw_member_shape(m) : NULL;
    }
}

/* Each exception is needed, has a reason, and stands in its order. */
static void exceptions(void **state)
{
    size_t n;
    const mw_sensitive_exception *e = mw_sensitive_exceptions(&n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        const mw_type *t = mw_types_get(types, e[i].type);
        assert_non_null(t);
        assert_true(strlen(e[i].reason) > 10);
        if (i > 0)
            assert_true(strcmp(e[i - 1].type, e[i].type) < 0 ||
                        (mw_str_eq(e[i - 1].type, e[i].type) && strcmp(e[i - 1].path, e[i].path) < 0));
        if (newest && !is_marked(t, e[i].path))
            fail_msg("%s %s is excepted, and nobody marks it", e[i].type, e[i].path);
    }
}

/* A team's own list is held against the models before anything is planned. */
static void own_lists(void **state)
{
#define HEAD                                                                                                           \
    "T::A:\n  scope: regional\n  id: FunctionName\n  list: {operation: lambda:ListFunctions, items: Functions}\n"
#define FACETS                                                                                                         \
    "  facets:\n    Conf: {operation: lambda:GetFunctionConfiguration, params: {FunctionName: '{FunctionName}'}, "     \
    "result: '@'}\n    Text: {operation: lambda:GetPolicy, params: {FunctionName: '{FunctionName}'}, result: Policy, " \
    "parse: json}\n"
    static const struct {
        const char *sensitive, *message; /* NULL: it fits */
    } rows[] = {
        {"[Description]", NULL},
        {"[Layers.Arn, VpcConfig.SubnetIds]", NULL},
        {"[Environment.Variables.TOKEN]", NULL},
        {"[Conf.Description]", NULL},
        {"[Text.Statement.Anything]", NULL}, /* JSON may hold anything */
        {"[Descripton]", "type T::A: sensitive: 'Descripton': its documents have no 'Descripton' there"},
        {"[VpcConfig.Nothing]", "type T::A: sensitive: 'VpcConfig.Nothing': its documents have no 'Nothing' there"},
        {"[Description.More]", "its documents have no 'More' there"},
        {"[Conf.Nothing]", "'Conf.Nothing': its documents have no 'Nothing' there"},
        {"[Conf]", NULL},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        char folder[256], file[300];
        const char *dirs[] = {folder};
        MW_AUTO(mw_buf) text = {0};
        mw_types *own = NULL;
        mw_plan *plan = NULL;
        mw_error err = {0};
        mw_status st;
        snprintf(folder, sizeof(folder), "%s/sensitive-types-%d", MW_BINARY_DIR, (int)getpid());
        snprintf(file, sizeof(file), "%s/own.yaml", folder);
        mw_buf_printf(&text, "%s  sensitive: %s\n%s", HEAD, rows[i].sensitive, FACETS);
        assert_ok(mw_mkdirs(folder, 0755, &err));
        assert_ok(mw_file_write_atomic(file, text.data, text.len, 0644, &err));
        assert_ok(mw_types_load(dirs, 1, &own, &err));
        st = mw_plan_new(own, models, &plan, &err);
        if ((st == MW_OK) != !rows[i].message || (rows[i].message && !strstr(err.message, rows[i].message)))
            fail_msg("%s: got '%s'", rows[i].sensitive, err.message);
        mw_plan_free(plan);
        mw_types_free(own);
        unlink(file);
        rmdir(folder);
    }
}

/* What is derived has the secrets of its sources; what replaces a built-in type does not lose its list. */
static void derived_and_replaced(void **state)
{
    static const char text[] =
        "T::All:\n  scope: regional\n  id: FunctionName\n  list: {derived_from: [AWS::Lambda::Function]}\n"
        "T::Groups:\n  scope: regional\n  id: Runtime\n"
        "  list: {derived_from: [AWS::Lambda::Function], by: {Runtime: Runtime}}\n"
        "AWS::CloudFormation::Stack:\n  scope: regional\n  id: StackName\n"
        "  list: {operation: cloudformation:DescribeStacks, items: Stacks}\n  sensitive: [StackStatusReason]\n";
    static const struct {
        const char *type, *path;
        bool sensitive;
    } rows[] = {
        {"T::All", "Environment.Variables.TOKEN", true},
        {"T::All", "FunctionName", false},
        {"T::Groups", "Members.Environment.Variables.TOKEN", true},
        {"T::Groups", "Environment.Variables.TOKEN", false},
        {"AWS::CloudFormation::Stack", "Parameters.ParameterValue", true},
        {"AWS::CloudFormation::Stack", "StackStatusReason", true},
        {"AWS::CloudFormation::Stack", "StackName", false},
    };
    char folder[256], file[300];
    const char *dirs[] = {folder};
    mw_types *own = NULL;
    mw_error err = {0};

    (void)state;
    snprintf(folder, sizeof(folder), "%s/sensitive-derived-%d", MW_BINARY_DIR, (int)getpid());
    snprintf(file, sizeof(file), "%s/own.yaml", folder);
    assert_ok(mw_mkdirs(folder, 0755, &err));
    assert_ok(mw_file_write_atomic(file, text, strlen(text), 0644, &err));
    assert_ok(mw_types_load(dirs, 1, &own, &err));
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_arena) arena = {0};
        mw_sensitive s;
        assert_ok(mw_sensitive_of(mw_types_get(own, rows[i].type), own, models, &arena, &s, &err));
        if (covers(&s, rows[i].path) != rows[i].sensitive)
            fail_msg("%s %s", rows[i].type, rows[i].path);
    }
    mw_types_free(own);
    unlink(file);
    rmdir(folder);
}

static void out_of_memory(void **state)
{
    const mw_type *t = mw_types_get(types, "AWS::Lambda::Function");

    (void)state;
    for (long n = 1;; n++) {
        struct failing_alloc fail = {.fail_at = n};
        MW_AUTO(mw_arena) arena = {0};
        mw_sensitive s;
        mw_error err = {0};
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &fail;
        mw_status st = mw_sensitive_of(t, types, models, &arena, &s, &err);
        mw_sys_reset();
        if (fail.count < n) {
            assert_int_equal(st, MW_OK);
            break;
        }
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths),        cmocka_unit_test(masks),
                                       cmocka_unit_test(every_type),   cmocka_unit_test(exceptions),
                                       cmocka_unit_test(own_lists),    cmocka_unit_test(derived_and_replaced),
                                       cmocka_unit_test(out_of_memory)};
    int failed;

    if (mw_models_builtin(&models, NULL) != MW_OK || mw_types_load(NULL, 0, &types, NULL) != MW_OK)
        return 1;
    newest = mw_str_starts(mw_models_botocore_version(models), "1.4");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    mw_types_free(types);
    return failed;
}
