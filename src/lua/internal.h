/* What the files of src/lua share: the VM's state and the library openers. Nobody else includes it. */
#ifndef MW_LUA_INTERNAL_H
#define MW_LUA_INTERNAL_H

#include "base/arena.h"
#include "base/mem.h"
#include "lua/modules.h"
#include "lua/snapshot.h"
#include "lua/vm.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>

/* Documents that a proxy may lie in. */
enum { MW_SPACE_SNAPSHOT, MW_SPACE_BUNDLE, MW_SPACE_COUNT };

typedef enum mw_proxy_kind {
    MW_PROXY_VALUE,
    MW_PROXY_RESOURCE,
    MW_PROXY_DOC,
    MW_PROXY_TAGS,
    MW_PROXY_LIST
} mw_proxy_kind;

/*
 * The userdata behind a proxy; immutable. RESOURCE, DOC (its item without the envelope's names) and TAGS hold the
 * envelope's or the tags' value; LIST holds resources found in the inventory.
 */
typedef struct mw_proxy {
    uint32_t mark; /* MW_PROXY_MARK: scripts hold no userdata but proxies and verdicts, so this tells them apart */
    mw_val val;
    mw_val outline; /* what the models know of it (mw_snap_outline()); ABSENT: anything may be in it */
    uint8_t space, kind;
    uint32_t count; /* LIST: resources, which lie behind it: mw__proxy_items() */
} mw_proxy;

static inline mw_val *mw__proxy_items(const mw_proxy *list)
{
    return (mw_val *)(list + 1);
}

#define MW_PROXY_MARK   0x50524F58u
#define MW_VERDICT_MARK 0x56455244u

/* Cache sizes: evidence/rule-performance.md, "Recommendation". Powers of two. */
#define MW_PROXY_CACHE  1024
#define MW_STRING_CACHE 4096
#define MW_KEY_CACHE    1024
#define MW_PATH_CACHE   256
#define MW_PATH_STEPS   12
#define MW_NAMES_MAX    8192
#define MW_NAMES_BYTES  ((size_t)256 << 10)
#define MW_READS_MAX    16384
#define MW_LOG_LINES    10
#define MW_LOG_LINE_MAX 512

typedef enum mw_method {
    MW_METHOD_NONE,
    MW_METHOD_PATH,
    MW_METHOD_FIND,
    MW_METHOD_ANY,
    MW_METHOD_ALL,
    MW_METHOD_COUNT_OF,
    MW_METHOD_HAS,
    MW_METHOD_GET,
    MW_METHOD_SEARCH,
    MW_METHOD_EACH,
    MW_METHOD_MAX
} mw_method;

/* An answer that an outline gave for a key; none yet when the outline is ABSENT. */
typedef struct mw_modelled {
    mw_val outline, answer;
} mw_modelled;

/* A member name used by a script, resolved once per document. */
typedef struct mw_key {
    const void *object; /* the Lua string, anchored by the cache that holds this entry; NULL: a step of a path */
    const char *text;   /* its characters */
    size_t len;
    uint32_t name; /* id in the names table: outlives the Lua string, for evidence */
    mw_atom atom[MW_SPACE_COUNT];
    mw_member_hint hint[MW_SPACE_COUNT]; /* where it was last */
    mw_modelled below, lacking;          /* what mw_snap_below() and mw_snap_lacking() said of it last */
    uint8_t reserved;                    /* mw_snap_reserved */
    uint8_t method;                      /* mw_method */
    bool plain;                          /* neither: a name of AWS's data and of nothing else */
} mw_key;

/* A text that a script compares with, and its atoms. */
#define MW_VALUE_CACHE 256
typedef struct mw_value {
    const void *object; /* the Lua string; anchored */
    mw_atom atom[MW_SPACE_COUNT];
} mw_value;

typedef struct mw_path {
    const void *object; /* the Lua string; anchored */
    size_t count;
    mw_key step[MW_PATH_STEPS];
} mw_path;

/* One read of a script, for evidence. */
#define MW_READ_INDEX 0x80000000u
typedef struct mw_read {
    mw_val parent, result;
    uint32_t key; /* name id, or MW_READ_INDEX | position */
    uint8_t kind; /* mw_proxy_kind of the parent */
    uint8_t result_kind;
} mw_read;

typedef struct mw_gap_entry {
    size_t world;
    const char *type;             /* the rule's own text: lives as long as the VM */
    const char *account, *region; /* likewise, or the snapshot's */
    mw_val gap;
    bool set;
} mw_gap_entry;

typedef struct mw_id_index {
    mw_val array;
    uint32_t *slots; /* resource number + 1 */
    uint32_t mask;
} mw_id_index;

/* Members that were found to be readable: (rule, type, name). */
#define MW_ACCESS_CACHE 4096
typedef struct mw_access {
    const mw_vm_rule *rule;
    mw_atom type;
    uint32_t name;
} mw_access;

typedef struct mw_search mw_search;
typedef struct mw_refs mw_refs;

/* What always lies at the bottom of the VM's stack, so that no evaluation looks it up. */
enum { MW_STACK_CTX = 1, MW_STACK_RESOURCE, MW_STACK_OWN = MW_STACK_RESOURCE };

#define MW_ID_INDEXES 32
#define MW_GAP_CACHE  64

struct mw_vm {
    lua_State *L;
    const struct mw_vm_audit *audit; /* while one runs */
    mw_buf *shown;                   /* what a line at the prompt prints, while one runs; borrowed */
    int prompt_ref;                  /* its environment; 0 = there is no prompt */
    size_t used, max;
    size_t peak, base; /* the most used since mw_vm_peak_reset(), and what was used then */
    bool oom, spoiled;
    bool keep_tracebacks;
    const char *traceback; /* in the arena */
    uint8_t *ways;         /* of the file that is loaded next; NULL = no marks */
    size_t way_count;

    /* deadline; the signal handler touches only these */
    volatile sig_atomic_t expired, interrupted, running, ticks, tick_limit;
    volatile unsigned sequence, seen;
    unsigned soft_ms;

    /* an unknown value was read: only try() or the end of the evaluation clears it */
    bool unknown_pending;
    mw_val unknown; /* the UNKNOWN value or a scope's entry, in the snapshot */
    bool unknown_is_scope;
    char unknown_what[256];

    const mw_doc *doc[MW_SPACE_COUNT];
    const mw_snap *snap;
    const mw_vm_subject *subject;
    mw_val subject_item;    /* its `doc` */
    mw_val subject_outline; /* what the models know of that */
    size_t now_world;       /* whose time `now` is */
    bool now_known;
    int64_t now;

    /* registry references; those of the caches are the first of as many in a row as they have places */
    int meta_ref, subject_meta_ref, proxies_ref, strings_ref, keys_ref, paths_ref, values_ref, base_ref, modules_ref,
        ctx_ref;
    struct {
        mw_atom type;
        mw_val outline;
    } outline_at; /* the last type whose outline was looked up; NONE: no one's yet */
    int subject_ref;
    int shared_env_ref;        /* the environment of all rules that make no globals; 0 = none yet */
    mw_val resource_val;       /* whose proxy is at MW_STACK_RESOURCE, and in subject_ref */
    bool checks;               /* a rule judges it: else its proxy is as any other */
    const void *declared_rule; /* table last given to rule { } */

    struct {
        mw_val val, outline;
        uint16_t tag;
    } proxy_at[MW_PROXY_CACHE];
    uint64_t string_at[MW_STRING_CACHE];
    mw_key key_at[MW_KEY_CACHE];
    mw_path path_at[MW_PATH_CACHE];
    mw_value value_at[MW_VALUE_CACHE];

    char names[MW_NAMES_BYTES];
    size_t names_used;
    uint32_t name_at[MW_NAMES_MAX];       /* offset of each name; id 0 is "?" */
    uint32_t name_slot[MW_NAMES_MAX * 2]; /* hash table of ids */
    uint32_t name_count;
    bool names_short; /* in this evaluation a name found no place */
    bool names_whole; /* the table was empty when it began */

    mw_access access_at[MW_ACCESS_CACHE];
    mw_read reads[MW_READS_MAX];
    size_t read_count;
    size_t verdict_mark; /* reads before this belong to an earlier verdict */

    mw_id_index index_at[MW_ID_INDEXES];
    mw_gap_entry gap_at[MW_GAP_CACHE];

    mw_error error; /* of the last evaluation that failed */
    mw_vm_verdict verdicts[MW_VM_VERDICTS_MAX];
    size_t verdict_count;
    mw_buf scratch;    /* text under way; owned here because a Lua error may leave the function that fills it */
    mw_search *search; /* NULL until a script searches */
    mw_refs *refs;     /* NULL until a script asks for references */
    mw_arena *arena;   /* strings of the verdicts and the log */
    const char *log[MW_LOG_LINES];
    size_t log_count;
};

static inline mw_vm *mw__vm(lua_State *L)
{
    return *(mw_vm **)lua_getextraspace(L);
}

/** Raise when the deadline has passed; for our own loops. [-0, +0, v] */
MW_LJMP void mw__poll(lua_State *L);

/** Call the function below @p args values on the stack in protected mode; its results stay. The error text goes to @p err. */
mw_status mw__vm_call(mw_vm *vm, int args, int results, unsigned limit_ms, mw_error *err);
/** Run @p fn(L) with @p arg as light userdata in protected mode. The error text goes to @p err. */
mw_status mw__vm_run(mw_vm *vm, lua_CFunction fn, void *arg, unsigned limit_ms, mw_error *err);
/** Handler of errors that keeps a traceback. [-1, +1, m] */
MW_LJMP int mw__trace(lua_State *L);
/** Is the function that a hook is called for that handler? */
bool mw__tracing(lua_State *L);
/** One line for the error value at @p index, which may be anything. Never runs script code. */
void mw__error_text(lua_State *L, int index, char *out, size_t size);

/* ---- libraries: each pushes one table of functions. [-0, +1, m] ---- */
MW_LJMP void mw__open_base(lua_State *L);
MW_LJMP void mw__open_string(lua_State *L); /* also becomes the index of strings */
MW_LJMP void mw__open_table(lua_State *L);
MW_LJMP void mw__open_math(lua_State *L);
MW_LJMP void mw__open_utf8(lua_State *L);
MW_LJMP void mw__open_verdicts(lua_State *L);
MW_LJMP void mw__open_fixtures(lua_State *L);
MW_LJMP void mw__open_native(lua_State *L);  /* for our own modules alone */
MW_LJMP void mw__open_marks(lua_State *L);   /* adds to the table on top. [-0, +0, m] */
MW_LJMP void mw__open_proxies(lua_State *L); /* pushes nothing: fills the VM's references */
MW_LJMP void mw__open_ctx(lua_State *L);     /* pushes nothing */
/** Push ctx.inventory. [-0, +1, m] */
MW_LJMP void mw__push_inventory(lua_State *L);

/** Make the value on top and all that it leads to unchangeable; raises for functions that keep state. [-0, +0, e] */
MW_LJMP void mw__freeze(lua_State *L);
/** The same for the members of the table on top; itself it stays as it is. [-0, +0, e] */
MW_LJMP void mw__freeze_members(lua_State *L);
/** When @p index is a frozen table, push one with its members and return true. [-0, +(0|1), m] */
bool mw__unfreeze(lua_State *L, int index);
/** Raises when this Lua's functions do not read as expected. [-0, +0, e] */
MW_LJMP void mw__open_freezing(lua_State *L);

/* A set of a function's upvalues, from 0. */
typedef struct mw_upvalues {
    uint64_t bits[4];
} mw_upvalues;

static inline bool mw__upvalue_is(const mw_upvalues *u, size_t i)
{
    return u->bits[i / 64 % 4] >> (i % 64) & 1;
}

static inline void mw__upvalue_set(mw_upvalues *u, size_t i)
{
    u->bits[i / 64 % 4] |= (uint64_t)1 << (i % 64);
}

/** Which upvalues the Lua function at @p index assigns, itself or through functions that it makes. [-0, +0, e] */
MW_LJMP void mw__assigned(lua_State *L, int index, mw_upvalues *out);

/** fail, not_applicable, unknown: a closure for each; pass has its own. They keep nothing between calls. */
MW_LJMP int mw__make_verdict(lua_State *L);
MW_LJMP int mw__make_pass(lua_State *L);
/** After a failed lua_pcall(): let its error, on top, go on, and remember what must not be caught. [-1, +0, v] */
MW_LJMP int mw__raise_again(lua_State *L, int status);
/** Push an array of the keys of the table at @p table, as pairs orders them. [-0, +1, e] */
MW_LJMP void mw__sorted_keys(lua_State *L, int table);
MW_LJMP int mw__require(lua_State *L);
/** Push an environment: an empty table that reads through to the base functions and those that
 *  @p extras pushes (may be NULL). [-0, +1, m] */
MW_LJMP void mw__push_env(lua_State *L, void (*extras)(lua_State *));
/** Globals made while loading move behind the environment and are read-only from now on. */
MW_LJMP void mw__seal_env(lua_State *L, int env);

/** tostring() without addresses; pushes a string. [-0, +1, m] */
MW_LJMP const char *mw__tostring(lua_State *L, int index, size_t *len);
/** string.format() over the arguments from @p first (the format). Lenient: nil for missing ones, text for
 *  what is not a number. [-0, +1, e] */
MW_LJMP void mw__format(lua_State *L, int first, bool lenient);

/** Append the value at @p index as JSON. Raises nothing. On failure @p out is as before. */
mw_status mw__to_json(lua_State *L, int index, mw_buf *out, mw_error *err);
/** The document of a space got more strings: what was not in it may be there now. */
void mw__forget_atoms(mw_vm *vm);

/* ---- proxies ---- */
/** NULL when it is not a proxy. */
mw_proxy *mw__to_proxy(lua_State *L, int index);
/** Push a document's value: scalars converted, containers as proxies, unknown raises. [-0, +1, e] */
MW_LJMP void mw__push_val(lua_State *L, int space, mw_val v, mw_proxy_kind kind);
/** Push a proxy of the resource that is judged: as any other, but Lua itself finds its methods. [-0, +1, m] */
MW_LJMP void mw__push_subject(lua_State *L);
MW_LJMP mw_proxy *mw__push_list(lua_State *L, size_t count);
/** Elements of a list-like proxy (array, LIST, empty object). */
size_t mw__proxy_len(lua_State *L, const mw_proxy *p);
/** A resource as what a proxy of it would hold; in no Lua value. */
mw_proxy mw__resource(mw_vm *vm, mw_val resource);
/** An element likewise. */
mw_proxy mw__element(lua_State *L, const mw_proxy *p, size_t i);
/** Push a proxy of it, or the plain value. [-0, +1, e] */
MW_LJMP void mw__push_proxy(lua_State *L, const mw_proxy *p);
/** Push key and value of member @p i (arrays: position and element); false behind the last. [-0, +(0|2), e] */
MW_LJMP bool mw__proxy_member(lua_State *L, const mw_proxy *p, size_t i);
/** Push its JSON, cut; raises when something in it is unknown. [-0, +1, e] */
MW_LJMP void mw__proxy_text(lua_State *L, const mw_proxy *p);
/** Member as a rule may read it; raises for undeclared facets. UNKNOWN is returned, not raised. */
MW_LJMP mw_val mw__member(lua_State *L, const mw_proxy *p, mw_key *key);
/** Of the string at @p index. Entries of caches hold until the next call. */
MW_LJMP mw_key *mw__key(lua_State *L, int index);
MW_LJMP mw_path *mw__path_new(lua_State *L, int index);
static inline unsigned mw__pointer_slot(const void *p, unsigned size)
{
    uintptr_t n = (uintptr_t)p;

    return (unsigned)((n >> 4) ^ (n >> 14)) & (size - 1);
}
MW_LJMP static inline mw_path *mw__path(lua_State *L, int index)
{
    const void *object = lua_topointer(L, index);
    mw_path *path = &mw__vm(L)->path_at[mw__pointer_slot(object, MW_PATH_CACHE)];

    return object && path->object == object ? path : mw__path_new(L, index);
}
/** Look a key up in an object of a space. */
static inline mw_val mw__get(const mw_vm *vm, int space, mw_val object, mw_key *key)
{
    return mw_val_get_hinted(vm->doc[space], object, key->atom[space], &key->hint[space]);
}
/** The outline of a key in an outline, as mw_snap_below(). Usually one comparison. */
static inline mw_val mw__below(const mw_vm *vm, mw_val outline, mw_key *key)
{
    if (key->below.outline != outline && outline != MW_VAL_ABSENT)
        key->below = (mw_modelled){outline, mw_snap_below(vm->snap, outline, key->atom[MW_SPACE_SNAPSHOT])};
    return outline == MW_VAL_ABSENT ? outline : key->below.answer;
}
/** @p v, which was found under a key, unless it is absent or null and that says nothing, as mw_snap_lacking(). */
static inline mw_val mw__or_lacking(const mw_vm *vm, mw_val outline, mw_key *key, mw_val v)
{
    if ((v != MW_VAL_ABSENT && v != MW_VAL_NULL) || outline == MW_VAL_ABSENT)
        return v;
    if (key->lacking.outline != outline)
        key->lacking = (mw_modelled){outline, mw_snap_lacking(vm->snap, outline, key->text, key->len)};
    return key->lacking.answer == MW_VAL_ABSENT ? v : key->lacking.answer;
}
/** Atom of the text at @p index in a document; MW_ATOM_NONE when it does not occur. */
MW_LJMP mw_atom mw__value_atom(lua_State *L, int index, int space);
/** Move @p at from a value to its member @p v of this name. */
void mw__step_into(const mw_vm *vm, mw_proxy *at, mw_key *key, mw_val v);
/** Value of a path in an element; UNKNOWN is returned, not raised. */
MW_LJMP mw_val mw__element_path(lua_State *L, mw_proxy at, mw_path *path);
MW_LJMP int mw__raise_unknown(lua_State *L, mw_val unknown, const char *what);
MW_LJMP int mw__raise_gap(lua_State *L, mw_val scope, const char *type);
/** The function behind a method of proxies. */
lua_CFunction mw__method(mw_method method);
mw_method mw__method_name(const char *name, size_t len);

/* Values that a document's value is compared with, converted once. */
#define MW_NEEDLES_MAX 64
typedef struct mw_needle {
    mw_kind kind; /* NULL stands for nil */
    mw_atom atom;
    int64_t integer;
    double real;
    bool is_true;
} mw_needle;
typedef struct mw_needles {
    size_t count;
    bool any_value; /* no value was given: anything but absent, null and false */
    mw_needle needle[MW_NEEDLES_MAX];
} mw_needles;
MW_LJMP void mw__needles(lua_State *L, int index, int space, mw_needles *out);
bool mw__needles_match(const mw_doc *d, mw_val v, const mw_needles *n);

/** Did the rule ask for this facet of a type (by a need that names it, or a part of it)? */
bool mw__declared(const mw_vm_rule *rule, const char *type, const char *facet, size_t len);
/** Unknown of a facet that the rule asked for and a stored snapshot lacks, else ABSENT. Audits ask for none. */
mw_val mw__missing_declared(const mw_vm *vm, mw_val resource);
/** Push the list of those among the resources [from, to) of @p type that name @p resource. [-0, +1, e] */
MW_LJMP void mw__push_refs(lua_State *L, mw_val resource, const char *type, size_t from, size_t to);
/** NULL is allowed. */
void mw__refs_free(mw_refs *r);

/** The method `search`: JMESPath over a document's value. */
MW_LJMP int mw__method_search(lua_State *L);
/** NULL is allowed. */
void mw__search_free(mw_search *s);
/** Push a JSON text as plain Lua values; null is nil. On failure nothing is pushed. [-0, +(0|1), e] */
MW_LJMP mw_status mw__push_json(lua_State *L, const char *text, size_t len, mw_error *err);

/* ---- evidence ---- */
void mw__read_add(mw_vm *vm, mw_val parent, mw_proxy_kind kind, uint32_t key, mw_val result, mw_proxy_kind result_kind);
uint32_t mw__name_id(mw_vm *vm, const char *text, size_t len);
const char *mw__name_text(const mw_vm *vm, uint32_t id);
/** Start of an evaluation. */
void mw__reads_begin(mw_vm *vm);
/** Forget all names and what holds their ids. */
void mw__names_clear(mw_vm *vm);
/** mw__read_add() when the proxy lies in the snapshot. */
void mw__note(mw_vm *vm, const mw_proxy *p, uint32_t key, mw_val result, mw_proxy_kind result_kind);
/** Evidence of the reads [from, to) as JSON array text. */
mw_status mw__evidence(mw_vm *vm, size_t from, size_t to, mw_buf *out);
/** Path of the last read. */
void mw__last_path(mw_vm *vm, char *out, size_t size);

/** Begin looking at a subject: what was read, said and found unknown before is void. */
void mw__subject_begin(mw_vm *vm, const mw_vm_subject *s);
/** Append `fail("message")` when the value at @p index is a verdict. */
bool mw__verdict_text(lua_State *L, int index, mw_buf *out);

/** Names of what has no table to look into: methods of documents, members of ctx. NULL behind the last. */
const char *mw__method_at(size_t i);
const char *mw__ctx_member_at(size_t i);
/** Push what audits see beside the base functions; needs vm->audit. [-0, +1, m] */
MW_LJMP void mw__open_audit(lua_State *L);

#endif
