/* Reference pages: one for each rule, an index, for reading without a network. The same rules give the same bytes. */
#ifndef MW_REPORT_REFERENCE_H
#define MW_REPORT_REFERENCE_H

#include "base/buf.h"
#include "engine/rule.h"

typedef struct mw_reference_rule {
    const mw_rule *rule;
    const char *const *operations; /* that a sweep makes for it, sorted */
    size_t operation_count;
    const mw_doc *fixtures; /* its tests, a list; NULL when it has none */
} mw_reference_rule;

typedef struct mw_reference {
    const mw_rules *rules;
    const mw_reference_rule *items; /* in id order */
    size_t count;
} mw_reference;

typedef enum mw_reference_format { MW_REFERENCE_MARKDOWN, MW_REFERENCE_HTML } mw_reference_format;

/** Whatever stands in titles and texts is shown as text. @return the buffer's state. */
mw_status mw_reference_page(const mw_reference *r, const mw_reference_rule *of, mw_reference_format format, mw_buf *out,
                            mw_error *err);
/** By service, then by framework and control; links are relative. */
mw_status mw_reference_index(const mw_reference *r, mw_reference_format format, mw_buf *out, mw_error *err);
/** Everything in one document: {"schema": "moonward.reference/1", "rules": […]}. */
mw_status mw_reference_json(const mw_reference *r, mw_buf *out, mw_error *err);
/** Members of the object that @p b is in: what a rule declares, its texts and its path. */
void mw_reference_add_rule(mw_doc_builder *b, const mw_rules *rules, const mw_rule *r);

#endif
