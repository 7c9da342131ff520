/*
 * mw-typec TYPES_DIR OUTPUT: check the built-in resource types and compile them into one document. Runs
 * at build time only, so a mistake in a type stops the build with its file and line.
 */
#include "base/file.h"
#include "inventory/type_read.h"

#include <stdio.h>

static bool known(void *user, const char *name)
{
    const mw_doc *d = user;

    return mw_val_get(d, mw_doc_root(d), name) != MW_VAL_ABSENT;
}

int main(int argc, char **argv)
{
    mw_error err = {0};
    mw_doc *d = NULL;
    mw_status st;

    if (argc != 3) {
        fprintf(stderr, "usage: mw-typec TYPES_DIR OUTPUT\n");
        return 3;
    }
    st = mw_types_read_dirs((const char *const *)&argv[1], 1, true, &d, &err);
    for (size_t i = 0; st == MW_OK && i < mw_val_len(d, mw_doc_root(d)); i++) {
        mw_val key;
        mw_val type = mw_val_member(d, mw_doc_root(d), i, &key);
        st = mw_type_check_links(d, mw_val_str(d, key, NULL), type, known, d, &err);
    }
    if (st == MW_OK)
        st = mw_file_write_atomic(argv[2], mw_doc_bytes(d), mw_doc_size(d), 0644, &err);
    if (st != MW_OK)
        fprintf(stderr, "mw-typec: %s\n", err.message);
    mw_doc_free(d);
    return st == MW_OK ? 0 : 1;
}
