/* A reader's view of a snapshot document (docs/internals/contracts.md). No Lua in it. */
#ifndef MW_LUA_SNAPSHOT_H
#define MW_LUA_SNAPSHOT_H

#include "moonward/doc.h"

typedef struct mw_snap {
    const mw_doc *doc;
    mw_val types, worlds;
    /* atoms of the envelope's members */
    mw_atom id, arn, name, type, account, region, partition, tags, created, rest, item;
    const char *now;
    mw_atom any;               /* of the member "*" of outlines */
    bool partial;              /* some facets were not collected: mw_snap_missing() */
    mw_val unheld;             /* UNKNOWN for what a stored snapshot did not look for at all, or ABSENT */
    mw_val unmodelled, unsent; /* UNKNOWNs for mw_snap_lacking(), or ABSENT */
    bool withholds;            /* some type has a mask: mw_snapshot_mask() */
} mw_snap;

/** @return MW_OK; MW_ERR_PARSE when it is not a snapshot. @p doc is borrowed. */
mw_status mw_snap_init(mw_snap *s, const mw_doc *doc, mw_error *err);

size_t mw_snap_world_count(const mw_snap *s);
mw_val mw_snap_world(const mw_snap *s, size_t world);
/** The array of a type's resources in a world, or ABSENT. */
mw_val mw_snap_resources(const mw_snap *s, size_t world, const char *type);
/** Unix seconds: of the world when it has a time of its own, else of the snapshot. */
int64_t mw_snap_now(const mw_snap *s, size_t world);
bool mw_snap_type_known(const mw_snap *s, const char *type);
/** "regional", …; "" when the type was not planned. */
const char *mw_snap_type_scope(const mw_snap *s, const char *type);
/** Facet names that the type has: an array, or ABSENT. */
mw_val mw_snap_type_facets(const mw_snap *s, const char *type);

/** A member of the envelope as text, or NULL. */
const char *mw_snap_text(const mw_snap *s, mw_val resource, mw_atom member);
/**
 * What a rule sees under a name: envelope members by their reserved names, everything else from the
 * item. UNKNOWN when the item lacks it and the rest of the item is unknown, or by mw_snap_lacking().
 */
mw_val mw_snap_member(const mw_snap *s, mw_val resource, const char *name, size_t len);
/**
 * The UNKNOWN that stands for a member which a facet would fill that a stored snapshot did not collect, else
 * ABSENT.
 */
mw_val mw_snap_missing(const mw_snap *s, mw_val resource, const char *name, size_t len);
/** All of them for the resource's type, an object by member; ABSENT when nothing is missing. */
mw_val mw_snap_missing_members(const mw_snap *s, mw_val resource);
/**
 * What the service models say that the documents of a type hold, or ABSENT: anything may be there. An outline is an
 * object, of the outlines of a structure's members ("*": of all members of a map), an array of a list's one, or
 * `true`: anything.
 */
mw_val mw_snap_outline(const mw_snap *s, const char *type);
/** The outline of a member; ABSENT: anything. */
mw_val mw_snap_below(const mw_snap *s, mw_val outline, mw_atom name);
/**
 * The UNKNOWN that stands for a member which is not there, though that says nothing: the models do not know it, or
 * AWS always sends it. ABSENT: it is absent indeed.
 */
mw_val mw_snap_lacking(const mw_snap *s, mw_val outline, const char *name, size_t len);
/** mw_snap_member() of the first step, plain members after it, each as mw_snap_lacking() has it. */
mw_val mw_snap_path(const mw_snap *s, mw_val resource, const char *path);

typedef enum mw_snap_reserved {
    MW_SNAP_NONE,
    MW_SNAP_ID,
    MW_SNAP_ARN,
    MW_SNAP_NAME,
    MW_SNAP_TYPE,
    MW_SNAP_ACCOUNT,
    MW_SNAP_REGION,
    MW_SNAP_PARTITION,
    MW_SNAP_CREATED,
    MW_SNAP_TAGS,
    MW_SNAP_DOC
} mw_snap_reserved;
mw_snap_reserved mw_snap_reserved_name(const char *name, size_t len);
/** Value of a reserved name. */
mw_val mw_snap_envelope(const mw_snap *s, mw_val resource, mw_snap_reserved which);

/**
 * Resources of one account (and region, unless NULL) in a type's array, which is sorted by account,
 * region, id: elements @p from to @p to - 1.
 */
void mw_snap_range(const mw_snap *s, mw_val array, const char *account, const char *region, size_t *from, size_t *to);
/**
 * Why a type's list is not known completely for an account (and region, unless NULL).
 * @return the scope's entry (its `cause` tells why); ABSENT when it is complete; NULL-kind when the
 * snapshot has no such scope at all.
 */
mw_val mw_snap_gap(const mw_snap *s, size_t world, const char *type, const char *account, const char *region);
/** The mask (doc/withhold.h) of what lies at a path of the resource, as mw_snap_path() reads it; ABSENT: nothing is sensitive. */
mw_val mw_snap_path_mask(const mw_snap *s, mw_val resource, const char *path);
/** "s3:ListBuckets: AccessDenied (message)" of a cause; never empty. */
size_t mw_snap_cause_text(const mw_doc *d, mw_val cause, char *out, size_t size);
/** The first unknown value inside @p v (or @p v itself), else ABSENT. */
mw_val mw_snap_find_unknown(const mw_doc *d, mw_val v);

/**
 * `applies`: {path: value | [values]} judged natively.
 * @param[out] path  The first path that does not match; borrowed from @p guard_doc.
 * @param[out] value What it holds.
 * @return 1 all match; 0 one does not; -1 one is unknown (in @p value).
 */
int mw_snap_applies(const mw_snap *s, mw_val resource, const mw_doc *guard_doc, mw_val guard, const char **path,
                    mw_val *value);

#endif
