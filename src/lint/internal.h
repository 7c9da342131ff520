/* What the checks of this floor share: the file that is being read, and how to say what is wrong
 * with it. */
#ifndef MW_LINT_INTERNAL_H
#define MW_LINT_INTERNAL_H

#include "lint/lint.h"
#include "lint/lua_ast.h"

typedef enum file_kind { FILE_RULE, FILE_REMEDIATION, FILE_TEST, FILE_AUDIT } file_kind;

typedef struct ignore {
    const mw_lint_code *code;
    uint32_t at, end;
    unsigned line; /* whose findings it silences */
    bool used;
} ignore;

/* A module that scripts may require: its name, and what it exports. */
typedef struct exports {
    const char *name;
    const char **names;
    size_t count;
} exports;

typedef struct file {
    mw_lint *lint;
    const char *path;
    lua_tree tree;
    file_kind kind;
    mw_arena *arena; /* as long as the file */
    ignore *ignores;
    size_t ignore_count;
    /* of a rule */
    const lua_node *meta;              /* the table behind rule, NULL when there is none */
    lua_function *check;               /* NULL when it is not to be found */
    const mw_type *type;               /* judged; NULL when not known */
    unsigned params_seen, params_read; /* how often ctx.params is named, and how often with a literal member */
    bool type_escapes;                 /* the inventory is asked for a type that only the run knows */
    bool resource_escapes;             /* a resource goes where this does not follow */
    unsigned steps;                    /* of finding values: bounded, whatever the file holds */
} file;

typedef struct seen_id {
    const char *id, *path;
    unsigned line, column, end_column;
    const char *source;
    bool remediation; /* the id of one, else a rule's */
    bool wanted;      /* a rule asks for this remediation */
} seen_id;

struct mw_lint {
    mw_lint_options o;
    mw_arena arena; /* findings */
    mw_lint_finding *items;
    size_t count, cap;
    seen_id *ids;
    size_t id_count, id_cap;
    size_t files;
    exports *modules;
    size_t module_count;
    mw_status st; /* the first failure; later reports are dropped */
    mw_error err;
};

/** Say that something is wrong at @p at..@p end; dropped when a comment says so. */
void mw__lint_report(file *f, const char *code, uint32_t at, uint32_t end, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void mw__lint_at(file *f, const char *code, const lua_node *n, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** "; did you mean 'x'?" or "", in the file's arena. */
const char *mw__lint_near(file *f, mw_str word, const char *const *names, size_t n);
const char *mw__lint_dup(file *f, mw_str s);
void mw__lint_out_of_memory(mw_lint *l);
bool mw__lint_remember_id(file *f, const lua_node *at, bool remediation, bool wanted);

/** Value of a literal key in a table constructor, NULL when missing. */
const lua_node *mw__lint_field(const lua_node *table, const char *name);
/** Text of a literal string expression. */
bool mw__lint_text(const lua_node *n, mw_str *out);

/** What can be required: NULL when there is no such module. @p names: all, for the nearest one. */
const exports *mw__lint_module(mw_lint *l, mw_str name);
mw_status mw__lint_modules_load(mw_lint *l, mw_error *err);

/* ---- the checks, in the order in which they run ---- */

void mw__lint_ignores(file *f);
void mw__lint_unused_ignores(file *f);
void mw__lint_classify(file *f);
void mw__lint_names(file *f);
void mw__lint_flow(file *f);
void mw__lint_state(file *f);
void mw__lint_values(file *f);
void mw__lint_metadata(file *f);
void mw__lint_needs(file *f);
void mw__lint_tests(file *f);
/** A rule and the text of its tests (NULL: none). */
void mw__lint_coverage(file *rule, file *test);

#endif
