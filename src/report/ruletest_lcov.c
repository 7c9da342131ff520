/* Coverage of rules as lcov's tracefile (geninfo(1), "TRACEFILE FORMAT"): functions, branches, lines. */
#include "report/ruletest.h"

/* A path cannot hold a line end there. */
static void write_path(mw_buf *out, const char *path)
{
    for (; *path; path++)
        mw_buf_putc(out, *path == '\n' || *path == '\r' ? '_' : *path);
}

static void write_functions(mw_buf *out, const mw_ruletest_coverage *c)
{
    size_t found = 0, hit = 0;

    for (size_t i = 0; i < c->branch_count; i++) {
        const mw_ruletest_branch *b = &c->branches[i];
        if (b->mark.kind != MW_MARK_FUNCTION)
            continue;
        mw_buf_printf(out, "FN:%u,function@%u:%u\nFNDA:%zu,function@%u:%u\n", b->mark.line, b->mark.line,
                      b->mark.column, b->taken[0], b->mark.line, b->mark.column);
        found++;
        hit += b->taken[0] > 0;
    }
    mw_buf_printf(out, "FNF:%zu\nFNH:%zu\n", found, hit);
}

static void write_branches(mw_buf *out, const mw_ruletest_coverage *c)
{
    size_t found = 0, hit = 0;

    for (size_t i = 0; i < c->branch_count; i++) {
        const mw_ruletest_branch *b = &c->branches[i];
        if (b->mark.kind == MW_MARK_FUNCTION)
            continue;
        for (int way = 0; way < 2; way++) {
            mw_buf_printf(out, "BRDA:%u,%zu,%d,", b->mark.line, i, way);
            if (b->taken[0] + b->taken[1] == 0) /* the expression was never evaluated */
                mw_buf_puts(out, "-\n");
            else
                mw_buf_printf(out, "%zu\n", b->taken[way]);
            hit += b->taken[way] > 0;
        }
        found += 2;
    }
    mw_buf_printf(out, "BRF:%zu\nBRH:%zu\n", found, hit);
}

mw_status mw_ruletest_lcov(const mw_ruletest_report *r, mw_buf *out, mw_error *err)
{
    for (size_t i = 0; i < r->coverage_count; i++) {
        const mw_ruletest_coverage *c = &r->coverage[i];
        mw_buf_puts(out, "TN:\nSF:");
        write_path(out, c->file);
        mw_buf_putc(out, '\n');
        write_functions(out, c);
        write_branches(out, c);
        for (size_t k = 0; k < c->line_count; k++)
            mw_buf_printf(out, "DA:%u,%zu\n", c->lines[k].line, c->lines[k].run);
        mw_buf_printf(out, "LF:%zu\nLH:%zu\nend_of_record\n", c->line_count, c->lines_run);
    }
    return mw_buf_status(out, err);
}
