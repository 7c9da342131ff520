/* Lines typed at a prompt, run in the VM: what `moonward repl` shows. */
#ifndef MW_LUA_PROMPT_H
#define MW_LUA_PROMPT_H

#include "lua/vm.h"

#define MW_PROMPT_TEXT_MAX ((size_t)48 << 10) /* of one line's answer; what is longer is cut and says so */

/** Make the session's environment: what rules see, and `print`. Needs the VM's documents. */
mw_status mw_vm_prompt_open(mw_vm *vm, mw_error *err);
/**
 * Run a chunk. An expression's values are shown, other chunks run; globals stay for the next, locals do not.
 * In it `r` is the resource of @p s (nil when ABSENT), `ctx` what a check gets, `_` the last value shown.
 * A value that is unknown shows as `unknown(operation: code)` and is no error.
 * @param s           Its rule is one that may read everything.
 * @param[out] shown  Values and printed lines; its max is kept by cutting.
 * @param[out] more   The chunk is right so far and does not end; nothing ran.
 * @return as mw_vm_check() would have failed: MW_ERR_SCRIPT, _TIMEOUT, _NOMEM, with one line.
 */
mw_status mw_vm_prompt_run(mw_vm *vm, const mw_vm_subject *s, const char *source, size_t len, mw_buf *shown, bool *more,
                           mw_error *err);
/**
 * Names that may follow @p chain ("r.Versioning", "string", "" for globals) behind a dot or colon, one a line. Calls
 * nothing that a script wrote. Unknown values have none.
 */
mw_status mw_vm_prompt_names(mw_vm *vm, const mw_vm_subject *s, const char *chain, size_t len, mw_buf *out,
                             mw_error *err);

#endif
