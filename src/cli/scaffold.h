/* Files that a command writes for its user: never over one that is there. */
#ifndef MW_CLI_SCAFFOLD_H
#define MW_CLI_SCAFFOLD_H

#include "base/buf.h"
#include "cli/command.h"

#define MW_SCAFFOLD_MAX 16

typedef struct mw_scaffold_file {
    char path[512];
    mw_buf text;
    bool there; /* after writing: it was there before, and is as it was */
} mw_scaffold_file;

/** `MW_AUTO(mw_scaffold) s = {0};` */
typedef struct mw_scaffold {
    mw_scaffold_file files[MW_SCAFFOLD_MAX];
    size_t count;
} mw_scaffold;

/** A file to fill; its path is @p folder (unless NULL or ".") and the formatted rest. NULL when it is too long. */
mw_buf *mw_scaffold_add(mw_scaffold *s, const char *folder, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/**
 * Write them, with the folders that they need.
 * @param keep  Leave a file that is there as it is and write the others; else write nothing and refuse.
 * @return MW_OK; MW_ERR_CONFLICT names the files that are there; MW_ERR_IO; MW_ERR_NOMEM.
 */
mw_status mw_scaffold_write(mw_scaffold *s, bool keep, mw_error *err);
void mw_scaffold_clear(mw_scaffold *s);

#endif
