/* `---@meta` files for LuaLS (lua-language-server): the types, facets and services that rules work with. */
#ifndef MW_REPORT_LUA_TYPES_H
#define MW_REPORT_LUA_TYPES_H

#include "base/buf.h"
#include "inventory/shape.h"

/* LuaLS leaves workspace files from 500 KB on; a service beyond this goes on in another file. */
#define MW_LUA_TYPES_FILE_MAX ((size_t)480000)

typedef struct mw_lua_types_options {
    const mw_type *const *types;
    size_t type_count;
    const mw_models *models;
    void *user;
    /** One file, in name order of the services; @p name like "s3.lua". What it fails with ends the run. */
    mw_status (*on_file)(void *user, const char *name, const mw_buf *text, mw_error *err);
} mw_lua_types_options;

/**
 * Files: `moonward.lua` and `audit.lua` (functions, from src/lua/meta), `modules.lua` (what `require` gives), one for
 * each service that the types read: classes of all shapes within reach, enums as unions of literals, and the classes of
 * its resource types ("AWS.S3.Bucket"), facets with their operation. The same input gives the same bytes.
 * @return MW_OK; what on_file gave; MW_ERR_NOMEM; MW_ERR_LIMIT; MW_ERR_SCRIPT (an own module is broken).
 */
mw_status mw_lua_types_write(const mw_lua_types_options *o, mw_error *err);

/** Append the class of a type's resources: AWS::S3::Bucket is AWS.S3.Bucket, AWS::::Account is AWS.Account. */
void mw_lua_types_class(mw_buf *out, const mw_type *t);

#endif
