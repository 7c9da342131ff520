/* Resource types from YAML: reading and checking, shared by the build tool and by mw_types_load(). */
#ifndef MW_INVENTORY_TYPE_READ_H
#define MW_INVENTORY_TYPE_READ_H

#include "doc/yaml.h"

/**
 * Read each *.yaml of @p dirs in name order into one document whose root is {type name: type}.
 * @param unique  Refuse a type that two files define; otherwise the later one wins.
 * @return MW_OK; MW_ERR_IO, MW_ERR_NOTFOUND for a folder; MW_ERR_PARSE, MW_ERR_INVALID with
 *         `file:line: type.key: what was expected`.
 */
mw_status mw_types_read_dirs(const char *const *dirs, size_t n, bool unique, mw_doc **out, mw_error *err);

/** The types of one file, whose root is @p v; @p marks tell the lines. MW_ERR_INVALID as above. */
mw_status mw_types_check_file(const mw_doc *d, mw_val v, const char *file, const mw_yaml_marks *marks, mw_error *err);

/** What one type says about others and about itself: parents and facets that it names exist. */
mw_status mw_type_check_links(const mw_doc *d, const char *name, mw_val type,
                              bool (*known)(void *user, const char *type), void *user, mw_error *err);

#endif
