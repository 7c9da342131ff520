/* Finding and reading rule files. */
#ifndef MW_ENGINE_RULE_FILES_H
#define MW_ENGINE_RULE_FILES_H

#include "base/arena.h"
#include "engine/worker.h"

typedef struct mw_file_list {
    mw_source_file *items; /* by path; source NULL until read */
    size_t count, cap;
    mw_arena *arena; /* borrowed; owns paths and sources */
} mw_file_list;

/** Add a file, or the *.lua files below a folder without *_test.lua. */
mw_status mw__files_add(mw_file_list *l, const char *path, mw_error *err);
/** Sort by path and drop what was named twice. */
void mw__files_sort(mw_file_list *l);
/** Read one: text in UTF-8, at most as long as a script may be. */
mw_status mw__file_read_source(mw_source_file *f, mw_arena *arena, mw_error *err);
void mw__files_clear(mw_file_list *l);

#endif
