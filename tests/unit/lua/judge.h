/* Checks of a line or two, judged in a VM over a snapshot that the test writes down. */
#ifndef MW_TESTS_JUDGE_H
#define MW_TESTS_JUDGE_H

#include "unit/engine/snapshot.h"

#include "lua/internal.h"

#include <stdio.h>

static mw_doc *snapshot, *bundle;
static mw_snap snap;

static inline mw_vm *new_vm(void)
{
    mw_error err = {0};
    mw_vm *vm;

    assert_int_equal(mw_vm_new(0, &vm, &err), MW_OK);
    mw_vm_set_documents(vm, &snap, bundle);
    return vm;
}

/* The one verdict of a check function with this body. */
static inline void judge_in(mw_vm *vm, const char *body, const char *type, mw_vm_outcome outcome, const char *message)
{
    static const char *const needs[] = {"Rotation", "Policy"}, *const related[] = {"AWS::SQS::Queue", "AWS::KMS::Key"};
    mw_vm_rule rule = {
        .id = "t", .resource = type, .needs = needs, .need_count = 2, .related = related, .related_count = 2};
    mw_vm_subject s = {.rule = &rule, .soft_ms = 50};
    const mw_vm_verdict *v;
    char source[2048];
    mw_error err = {0};

    snprintf(source, sizeof(source), "return rule { check = function(r, ctx) %s\nend }", body);
    if (mw_vm_load(vm, MW_VM_RULE, "t.lua", source, strlen(source), &rule.ref, &err) != MW_OK)
        fail_msg("%s: %s", body, err.message);
    assert_int_equal(mw_vm_rule_ready(vm, &rule, &err), MW_OK);
    s.resource = mw_val_at(snap.doc, mw_snap_resources(&snap, 0, type), 0);
    s.params = mw_doc_root(bundle);
    assert_int_equal(mw_vm_check(vm, &s, &v), 1);
    if (v[0].outcome != outcome || (message && (!v[0].message || !strstr(v[0].message, message))))
        fail_msg("%s\ngot %d: %s", body, (int)v[0].outcome, v[0].message ? v[0].message : "(no message)");
}

static inline void judge(const char *body, const char *type, mw_vm_outcome outcome, const char *message)
{
    mw_vm *vm = new_vm();

    judge_in(vm, body, type, outcome, message);
    mw_vm_free(vm);
}

static inline int close_documents(void **state)
{
    (void)state;
    mw_doc_free(snapshot);
    mw_doc_free(bundle);
    return 0;
}

#endif
