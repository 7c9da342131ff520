/*
 * Working plans out: names, flattened collections, members that live outside of the body. Relies on
 * the model alone. What it keeps is bounded by the model, never by the answer: a name that the
 * model lacks leaves no trace.
 */
#include "aws/xml_plan.h"

#include "aws/xml.h"

static mw__xml_kind kind_of(const mw_shape *s)
{
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRUCTURE: return MW__XML_STRUCT;
    case MW_SHAPE_LIST: return MW__XML_LIST;
    case MW_SHAPE_MAP: return MW__XML_MAP;
    default: return MW__XML_TEXT;
    }
}

static const char *flat_name(const mw_member *m)
{
    if (!mw_member_flattened(m) || mw_shape_type_of(mw_member_shape(m)) != MW_SHAPE_LIST)
        return NULL;
    return mw_member_location_name(mw_shape_element(mw_member_shape(m)));
}

static bool collects(const mw_shape *s)
{
    if (mw_shape_union(s))
        return true;
    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);

        if (mw_member_flattened(m) || mw_member_xml_attribute(m))
            return true;
    }
    return false;
}

static bool renamed(const mw_shape *s)
{
    for (size_t i = 0; i < mw_shape_member_count(s); i++)
        if (flat_name(mw_shape_member_at(s, i)))
            return true;
    return false;
}

mw__xml_plan *mw__xml_plan_of(mw__xml_plans *p, const mw_shape *s)
{
    mw__xml_plan *plan;

    for (plan = p->newest; plan; plan = plan->older)
        if (plan->shape == s)
            return plan;
    plan = mw_arena_alloc(&p->arena, sizeof(*plan));
    if (!plan)
        return NULL;
    *plan = (mw__xml_plan){.shape = s,
                           .type = mw_shape_type_of(s),
                           .kind = kind_of(s),
                           .renamed = renamed(s),
                           .collects = kind_of(s) == MW__XML_MAP || collects(s),
                           .older = p->newest};
    p->newest = plan;
    return plan;
}

static mw__xml_step *new_step(mw__xml_plans *p, const mw_member *m, const mw_shape *content)
{
    mw__xml_plan *plan = mw__xml_plan_of(p, content);
    mw__xml_step *s = plan ? mw_arena_alloc(&p->arena, sizeof(*s)) : NULL;

    if (s)
        *s = (mw__xml_step){.member = m,
                            .plan = plan,
                            .kind = plan->kind,
                            .name = MW_VAL_ABSENT,
                            .last = MW_VAL_ABSENT,
                            .last_len = SIZE_MAX};
    return s;
}

/* A flattened list is called by its element's name where that has one. */
static const mw_member *member_of(const mw__xml_plan *plan, mw_str name)
{
    const mw_shape *s = plan->shape;
    const mw_member *m = mw_shape_member_wire(s, name.data, name.len);
    const char *own = m ? flat_name(m) : NULL;

    if (!plan->renamed || (m && (!own || mw__xml_named(name, own))))
        return m;
    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *other = mw_shape_member_at(s, i);
        const char *flat = flat_name(other);
        if (flat && mw__xml_named(name, flat))
            return other;
    }
    return m;
}

/* What an element called @p name is, when that is member @p m. */
static mw__xml_step *member_step(mw__xml_plans *p, const mw_member *m, mw_str name)
{
    const mw_shape *content = mw_member_shape(m);
    bool list = mw_shape_type_of(content) == MW_SHAPE_LIST;
    bool flat = mw_member_flattened(m) && (list || mw_shape_type_of(content) == MW_SHAPE_MAP);
    mw__xml_step *s;

    if (flat && list)
        content = mw_member_shape(mw_shape_element(content));
    if (!(s = new_step(p, m, content)))
        return NULL;
    if (flat && !list)
        s->kind = MW__XML_ENTRY;
    s->flat = flat;
    s->unwanted = mw_member_location(m) != MW_LOC_BODY || mw_member_xml_attribute(m);
    s->wire = mw_str_of(mw__xml_named(name, mw__wire_name(m)) ? mw__wire_name(m) : flat_name(m));
    mw_doc_add_cstr(p->b, mw_member_name(m));
    s->name = mw_doc_pop(p->b);
    return s;
}

mw_status mw__xml_find_member(mw__xml_plans *p, mw__xml_plan *structure, mw_str name, mw__xml_step **out)
{
    const mw_member *m = member_of(structure, name);
    mw__xml_step *s;

    *out = NULL;
    if (!m)
        return MW_OK;
    for (s = structure->steps; s && s->member != m; s = s->older)
        continue;
    if (!s) {
        if (!(s = member_step(p, m, name)))
            return MW_ERR_NOMEM;
        s->older = structure->steps;
        structure->steps = s;
    }
    *out = s;
    return MW_OK;
}

mw__xml_step *mw__xml_reference(mw__xml_plans *p, mw__xml_step **slot, const mw_member *m)
{
    if (!*slot)
        *slot = new_step(p, m, mw_member_shape(m));
    return *slot;
}

void mw__xml_plans_clear(mw__xml_plans *p)
{
    mw_arena_clear(&p->arena);
    p->newest = NULL;
}
