/*
 * Following a modelled paginator: which parameters the next request has, and how the pages add up.
 * Pure: it reads documents and builds documents, and never sends anything.
 */
#ifndef MW_AWS_PAGINATE_H
#define MW_AWS_PAGINATE_H

#include "moonward/model.h"

typedef struct mw_paginator mw_paginator;

/** MW_OK with *out NULL when the operation has no paginator; MW_ERR_PARSE when the model's is
 * malformed. */
mw_status mw_paginator_new(const mw_operation *op, mw_paginator **out, mw_error *err);
/**
 * For an operation that no paginator models although its answers have pages: follow the token that
 * its input and its output (or a structure of that) both have. NULL when there is none, or a model.
 * https://docs.aws.amazon.com/wafv2/latest/APIReference/API_ListWebACLs.html is one of some 400.
 */
mw_status mw_paginator_implied(const mw_operation *op, mw_paginator **out, mw_error *err);
void mw_paginator_free(mw_paginator *p);

/**
 * Parameters of the next request: @p params with limit_key (@p page_size > 0) and the tokens that
 * mw_paginator_advance() kept. Built in @p b, which is reset first; not the builder that @p d
 * views.
 */
mw_status mw_paginator_params(const mw_paginator *p, const mw_operation *op, const mw_doc *d, mw_val params,
                              int page_size, mw_doc_builder *b, mw_val *out, mw_error *err);

/**
 * Read the tokens of a page.
 * @param page  Builder holding @p result; JMESPath results are added to it.
 * @param[out] more  True when another page is to be asked for.
 *                   Where the answer lacks the member that says so, a token says it.
 * @return MW_OK; MW_ERR_CONFLICT when the service gave a token again (the message names it), at the latest when
 *         it went three times around; MW_ERR_PARSE when it says that there is more and gives no token.
 */
mw_status mw_paginator_advance(mw_paginator *p, mw_doc_builder *page, mw_val result, bool *more, mw_error *err);

/** Pages added up as botocore's build_full_result() does: result keys joined, the rest from the
 * first page. */
typedef struct mw_page_merge mw_page_merge;

mw_status mw_page_merge_new(const mw_operation *op, mw_page_merge **out, mw_error *err);
void mw_page_merge_free(mw_page_merge *m);
mw_status mw_page_merge_add(mw_page_merge *m, mw_doc_builder *page, mw_val result, mw_error *err);
/**
 * The sum, built in the builder *out of @p m itself, beside the pages whose items it shares. Without a
 * paginator: the page itself.
 */
mw_status mw_page_merge_build(mw_page_merge *m, mw_doc_builder **out, mw_val *result, mw_error *err);

#endif
