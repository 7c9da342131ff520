/* What scripts see, as data: for editors, completion, and the tests that keep their texts true. */
#ifndef MW_LUA_DESCRIBE_H
#define MW_LUA_DESCRIBE_H

#include "base/str.h"
#include "lua/vm.h"

/** `---@meta` files for editors, by name ("moonward"); NULL behind the last. Embedded: never freed. */
const char *mw_lua_meta_at(size_t i, mw_str *text);

/**
 * Push {module: {"comment", "members": {name: {"kind", "params", "comment"}}}} from the modules as they are loaded:
 * `kind` is "function" or what type() says; `params` is the text between a function's parentheses, and the
 * comments are those above the definitions, without dashes. Modules that others are made of ("policy_document" beside
 * "policy") are left out.
 */
mw_status mw_vm_describe_modules(mw_vm *vm, mw_doc_builder *b, mw_error *err);

/**
 * Push {name: true, …} of everything that scripts see: globals of rules, tests and audits ("pass", "aws"), members of
 * their tables ("string.trim", "aws.call"), "ctx.now", "inventory.get", and methods of documents (":find").
 */
mw_status mw_vm_describe_names(mw_vm *vm, mw_doc_builder *b, mw_error *err);

#endif
