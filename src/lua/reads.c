/*
 * Evidence: each read of a script leaves one small entry (parent, member, result); only when a
 * verdict is a failure are the entries turned into paths and values. Paths are found by following
 * which read gave a container last; containers may be shared between resources, so that is a log and not a map of the
 * document. Bounded in entries, bytes and value length. Pure C over the VM's own memory.
 */
#include "lua/internal.h"

#include "base/hash.h"
#include "doc/withhold.h"

#include <stdio.h>
#include <string.h>

/* ---- names ---- */

uint32_t mw__name_id(mw_vm *vm, const char *text, size_t len)
{
    uint32_t slot, mask = MW_NAMES_MAX * 2 - 1;

    for (slot = (uint32_t)mw_hash64(text, len) & mask; vm->name_slot[slot]; slot = (slot + 1) & mask) {
        const char *known = vm->names + vm->name_at[vm->name_slot[slot]];
        if (strncmp(known, text, len) == 0 && known[len] == '\0')
            return vm->name_slot[slot];
    }
    /* Full: id 0, "?" in evidence. */
    if (vm->name_count + 1 >= MW_NAMES_MAX || len + 1 > MW_NAMES_BYTES - vm->names_used) {
        vm->names_short = true;
        return 0;
    }
    vm->name_count++;
    vm->name_at[vm->name_count] = (uint32_t)vm->names_used;
    memcpy(vm->names + vm->names_used, text, len);
    vm->names[vm->names_used + len] = '\0';
    vm->names_used += len + 1;
    vm->name_slot[slot] = vm->name_count;
    return vm->name_count;
}

const char *mw__name_text(const mw_vm *vm, uint32_t id)
{
    return id ? vm->names + vm->name_at[id] : "?";
}

void mw__reads_begin(mw_vm *vm)
{
    vm->read_count = 0;
    vm->verdict_mark = 0;
    vm->names_short = false;
    if (vm->name_count + 256 >= MW_NAMES_MAX || vm->names_used + 8192 >= MW_NAMES_BYTES)
        mw__names_clear(vm);
    vm->names_whole = vm->name_count == 0;
}

void mw__names_clear(mw_vm *vm)
{
    /* Everything that holds a name id goes with the names. */
    memset(vm->name_slot, 0, sizeof(vm->name_slot));
    memset(vm->key_at, 0, sizeof(vm->key_at));
    memset(vm->path_at, 0, sizeof(vm->path_at));
    memset(vm->access_at, 0, sizeof(vm->access_at));
    vm->name_count = 0;
    vm->names_used = 0;
}

void mw__read_add(mw_vm *vm, mw_val parent, mw_proxy_kind kind, uint32_t key, mw_val result, mw_proxy_kind result_kind)
{
    mw_read *r;

    if (vm->read_count == MW_READS_MAX) {
        if (!vm->audit)
            return;
        vm->read_count = 0; /* an audit gives no evidence: reads only name what was unknown */
    }
    r = &vm->reads[vm->read_count++];
    r->parent = parent;
    r->result = result;
    r->key = key;
    r->kind = (uint8_t)kind;
    r->result_kind = (uint8_t)result_kind;
}

/* ---- paths ---- */

/* TAGS proxies of an untagged resource all hold null: their parent is whichever was read last. */
static bool gives(const mw_read *r, mw_val container, uint8_t kind)
{
    return r->result == container && r->result_kind == kind;
}

#define PATH_DEPTH_MAX 24

/* The reads that lead to one, the last first. */
struct chain {
    const mw_read *read[PATH_DEPTH_MAX];
    size_t depth;
    bool rooted; /* it begins at a resource */
};

static void trace(const mw_vm *vm, size_t i, struct chain *c)
{
    c->depth = 0;
    for (;;) {
        const mw_read *r = c->read[c->depth++] = &vm->reads[i];
        size_t j = i;
        c->rooted = r->kind == MW_PROXY_RESOURCE || r->kind == MW_PROXY_DOC;
        if (c->depth == PATH_DEPTH_MAX || c->rooted)
            break;
        while (j > 0 && !gives(&vm->reads[j - 1], r->parent, r->kind))
            j--;
        if (j == 0)
            break;
        i = j - 1;
    }
}

/* Write the path of a read, from its root down. */
static size_t write_path(const mw_vm *vm, const struct chain *c, char *out, size_t size)
{
    size_t depth = c->depth, n = 0;
    const mw_read *r = c->read[depth - 1];
    int w = 0;

    if (c->rooted && r->parent != vm->subject->resource) {
        const char *type = mw_snap_text(vm->snap, r->parent, vm->snap->type);
        const char *id = mw_snap_text(vm->snap, r->parent, vm->snap->id);
        w = snprintf(out, size, "%s[%s]", type ? type : "?", id ? id : "?");
    } else {
        out[0] = '\0';
    }
    while (depth > 0 && w >= 0 && (n += (size_t)w) < size) {
        uint32_t key = c->read[--depth]->key;
        if (key & MW_READ_INDEX)
            w = snprintf(out + n, size - n, "[%u]", (unsigned)(key & ~MW_READ_INDEX));
        else
            w = snprintf(out + n, size - n, "%s%s", n ? "." : "", mw__name_text(vm, key));
    }
    if (w > 0)
        n += (size_t)w;
    return n < size ? n : size - 1;
}

void mw__last_path(mw_vm *vm, char *out, size_t size)
{
    struct chain c;

    if (vm->read_count == 0) {
        snprintf(out, size, "a value");
        return;
    }
    trace(vm, vm->read_count - 1, &c);
    write_path(vm, &c, out, size);
}

/* ---- evidence ---- */

/* The resource's identity is in the finding already. */
static bool is_identity(const mw_vm *vm, const mw_read *r)
{
    static const char *const names[] = {"id", "arn", "name", "type", "account", "region", "partition"};

    if (r->kind != MW_PROXY_RESOURCE || (r->key & MW_READ_INDEX))
        return false;
    for (size_t i = 0; i < MW_COUNT(names); i++)
        if (strcmp(mw__name_text(vm, r->key), names[i]) == 0)
            return true;
    return false;
}

/* A container is evidence only when nothing inside it was read. */
static bool was_descended(const mw_vm *vm, size_t i)
{
    const mw_read *r = &vm->reads[i];
    mw_kind kind = mw_val_kind(vm->doc[MW_SPACE_SNAPSHOT], r->result);

    if (r->result_kind == MW_PROXY_VALUE && kind != MW_KIND_ARRAY && kind != MW_KIND_OBJECT)
        return false;
    for (size_t j = i + 1; j < vm->read_count; j++)
        if (vm->reads[j].parent == r->result && vm->reads[j].kind == r->result_kind)
            return true;
    return false;
}

/*
 * The mask of what a read gave, and the names that lead to it. Where the way is not known whole (names or reads were too
 * many) everything is sensitive.
 */
static mw_val mask_of(const mw_vm *vm, const struct chain *c, mw_buf *path)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    const mw_read *root = c->read[c->depth - 1];
    mw_val mask = MW_VAL_TRUE;

    if (!vm->snap->withholds)
        return MW_VAL_ABSENT;
    if (c->rooted)
        mask = mw_snapshot_mask(d, mw_snap_text(vm->snap, root->parent, vm->snap->type));
    for (size_t i = c->depth; i > 0 && mask != MW_VAL_ABSENT; i--) {
        uint32_t key = c->read[i - 1]->key;
        const char *name = key & MW_READ_INDEX ? NULL : mw__name_text(vm, key);
        if (!name) /* lists add nothing */
            continue;
        if (i == c->depth && root->kind == MW_PROXY_RESOURCE &&
            mw_snap_reserved_name(name, strlen(name)) != MW_SNAP_NONE)
            return MW_VAL_ABSENT; /* of the envelope */
        mw_buf_add(path, name, strlen(name) + 1, NULL);
        mask = key ? mw_mask_below(d, mask, name, strlen(name)) : MW_VAL_TRUE;
    }
    return mask;
}

static mw_status write_plain(mw_vm *vm, const mw_doc *d, mw_val v, mw_buf *out)
{
    size_t len;
    const char *text = mw_val_str(d, v, &len);
    mw_buf *b = &vm->scratch;

    if (!text) {
        mw_buf_reset(b);
        b->max = MW_VM_STRING_MAX;
        if (v == MW_VAL_ABSENT || mw_json_write(b, d, v, MW_JSON_COMPACT) != MW_OK)
            return mw_buf_puts(out, "null");
        if (b->len <= MW_VM_EVIDENCE_VALUE_MAX)
            return mw_buf_add(out, b->data, b->len, NULL);
        text = b->data;
        len = b->len;
    }
    if (len > MW_VM_EVIDENCE_VALUE_MAX) {
        char cut[MW_VM_EVIDENCE_VALUE_MAX + 4];
        size_t n = MW_VM_EVIDENCE_VALUE_MAX;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--; /* at a character boundary */
        memcpy(cut, text, n);
        memcpy(cut + n, "\xE2\x80\xA6", 3); /* … */
        return mw_json_write_string(out, cut, n + 3);
    }
    return mw_json_write_string(out, text, len);
}

/* As a store holds it: evidence goes into stores and reports. */
static mw_status write_value(mw_vm *vm, const struct chain *c, mw_buf *out)
{
    const mw_doc *d = vm->doc[MW_SPACE_SNAPSHOT];
    mw_val v = c->read[0]->result;
    MW_AUTO(mw_buf) path = {.max = 1 << 16};
    mw_val mask = mask_of(vm, c, &path);
    const mw_read *root = c->read[c->depth - 1];
    mw_place place;
    mw_doc_builder *b;
    mw_status st;

    if (mask == MW_VAL_ABSENT || v == MW_VAL_ABSENT)
        return write_plain(vm, d, v, out);
    if (mw_doc_builder_new(NULL, &b, NULL) != MW_OK)
        return mw_buf_puts(out, "null");
    place = mw_place_of(d, c->rooted ? root->parent : vm->subject->resource);
    mw_doc_add_withheld(b, d, v, d, mask, &place, path.data ? path.data : "", path.len);
    st = write_plain(vm, mw_doc_view(b), mw_doc_pop(b), out);
    mw_doc_builder_free(b);
    return st;
}

#define EVIDENCE_ENTRIES_MAX 64
#define EVIDENCE_READS_MAX   2048 /* looked at: finding paths costs more than linear in them */

mw_status mw__evidence(mw_vm *vm, size_t from, size_t to, mw_buf *out)
{
    uint64_t seen[EVIDENCE_ENTRIES_MAX];
    size_t start[EVIDENCE_ENTRIES_MAX + 1], entries = 0, first = 0;
    MW_AUTO(mw_buf) text = {.max = MW_VM_STRING_MAX};
    char path[512];

    if (to - from > EVIDENCE_READS_MAX)
        from = to - EVIDENCE_READS_MAX;
    /* Latest first: what was read last is nearest to the verdict. */
    for (size_t i = to; i > from && entries < EVIDENCE_ENTRIES_MAX && text.len < MW_VM_EVIDENCE_MAX; i--) {
        size_t n, k;
        uint64_t hash;
        struct chain c;
        if (is_identity(vm, &vm->reads[i - 1]) || was_descended(vm, i - 1))
            continue;
        trace(vm, i - 1, &c);
        n = write_path(vm, &c, path, sizeof(path));
        hash = mw_hash64(path, n);
        for (k = 0; k < entries && seen[k] != hash; k++)
            ;
        if (k < entries)
            continue;
        seen[entries] = hash;
        start[entries++] = text.len;
        mw_buf_puts(&text, "{\"path\":");
        mw_json_write_string(&text, path, n);
        mw_buf_puts(&text, ",\"value\":");
        write_value(vm, &c, &text);
        mw_buf_putc(&text, '}');
        if (mw_buf_status(&text, NULL) != MW_OK)
            return mw_buf_puts(out, "[]");
        if (text.len > MW_VM_EVIDENCE_MAX - 128) {
            text.len = start[--entries];
            break;
        }
    }
    start[entries] = text.len;
    mw_buf_putc(out, '[');
    for (size_t i = entries; i > 0; i--, first++) {
        if (first)
            mw_buf_putc(out, ',');
        mw_buf_add(out, text.data + start[i - 1], start[i] - start[i - 1], NULL);
    }
    mw_buf_putc(out, ']');
    return mw_buf_status(out, NULL);
}
