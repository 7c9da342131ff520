/* Types and rule packs for tests. A test program becomes its own worker: see main() of each. */
#ifndef MW_TESTS_PACKS_H
#define MW_TESTS_PACKS_H

#include "engine/evaluate.h"
#include "unit/engine/folder.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEST_SANITIZED 1
#endif
#endif
#ifndef TEST_SANITIZED
#define TEST_SANITIZED 0
#endif

static inline mw_types *test_types(void)
{
    mw_types *all = NULL;
    mw_error err = {0};

    if (mw_types_load(NULL, 0, &all, &err) != MW_OK)
        fail_msg("%s", err.message);
    return all;
}

/* Of the program's tests, between these two. */
static mw_types *types;

static inline int test_open_types(void **state)
{
    (void)state;
    types = test_types();
    return 0;
}

static inline int test_close_types(void **state)
{
    (void)state;
    mw_types_free(types);
    return 0;
}

/* NULL with the message when it cannot be loaded. */
static inline mw_rules *test_pack_of(const char *const *paths, size_t n, const mw_types *known, mw_error *err)
{
    const mw_rules_options o = {.paths = paths, .path_count = n, .types = known};
    mw_rules *rules = NULL;

    return mw_rules_load(&o, &rules, err) == MW_OK ? rules : NULL;
}

/* The rules of a folder, which goes; a fault ends the test. */
static inline mw_rules *test_load(folder *f)
{
    const char *paths[] = {f->path};
    mw_error err = {0};
    mw_rules *rules = test_pack_of(paths, 1, types, &err);

    folder_close(f);
    if (!rules)
        fail_msg("%s", err.message);
    return rules;
}

#endif
