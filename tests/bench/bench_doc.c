/*
 * How fast JSON becomes a document, against jansson's tree, in one run on the same text: synthetic items
 * of EC2's DescribeInstances. The figures to hold are ratios, so the machine does not matter: at least 2
 * times jansson's speed, at most 0.35 bytes of shared document per byte of JSON.
 *
 *   bench_doc [items]      default 2000
 */
#include "bench.h"
#include "instances.h"

#include "moonward/doc.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 5

/* Best CPU time of parsing; *doc_bytes gets the size of the finished document. */
static double time_doc(const mw_buf *json, bool share, bool fresh, size_t *doc_bytes)
{
    mw_doc_options options = {.share = share};
    mw_doc_builder *b = NULL;
    double best = 1e9;
    mw_error err = {0};
    mw_doc *d;

    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_seconds(), took;

        if (fresh || !b) {
            mw_doc_builder_free(b);
            if (mw_doc_builder_new(&options, &b, &err) != MW_OK)
                exit(1);
        } else {
            mw_doc_builder_reset(b);
        }
        if (mw_json_read(b, json->data, json->len, NULL, NULL, &err) != MW_OK) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
        took = cpu_seconds() - start;
        best = took < best ? took : best;
    }
    if (mw_doc_finish(b, mw_doc_pop(b), &d, &err) != MW_OK)
        exit(1);
    *doc_bytes = mw_doc_size(d);
    mw_doc_free(d);
    mw_doc_builder_free(b);
    return best;
}

static double time_jansson(const mw_buf *json)
{
    double best = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_seconds(), took;
        json_error_t error;
        json_t *tree = json_loadb(json->data, json->len, 0, &error);

        if (!tree)
            exit(1);
        json_decref(tree);
        took = cpu_seconds() - start;
        best = took < best ? took : best;
    }
    return best;
}

static double time_open(const mw_buf *json)
{
    double best = 1e9;
    mw_doc_builder *b = NULL;
    mw_error err = {0};
    mw_doc *d, *opened;

    if (mw_doc_builder_new(&(mw_doc_options){.share = true}, &b, &err) != MW_OK ||
        mw_json_read(b, json->data, json->len, NULL, NULL, &err) != MW_OK ||
        mw_doc_finish(b, mw_doc_pop(b), &d, &err) != MW_OK)
        exit(1);
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_seconds(), took;

        if (mw_doc_open(mw_doc_bytes(d), mw_doc_size(d), &opened, &err) != MW_OK)
            exit(1);
        mw_doc_free(opened);
        took = cpu_seconds() - start;
        best = took < best ? took : best;
    }
    mw_doc_free(d);
    mw_doc_builder_free(b);
    return best;
}

/* Merging: everything copied from one document into another. */
static double time_copy(const mw_buf *json)
{
    double best = 1e9;
    mw_doc_builder *from = NULL, *to = NULL;
    mw_error err = {0};
    mw_val all;

    if (mw_doc_builder_new(NULL, &from, &err) != MW_OK ||
        mw_doc_builder_new(&(mw_doc_options){.share = true}, &to, &err) != MW_OK ||
        mw_json_read(from, json->data, json->len, NULL, NULL, &err) != MW_OK)
        exit(1);
    all = mw_doc_pop(from);
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_seconds(), took;

        mw_doc_builder_reset(to);
        for (size_t i = 0; i < mw_val_len(mw_doc_view(from), all); i++)
            mw_doc_add_copy(to, mw_doc_view(from), mw_val_at(mw_doc_view(from), all, i));
        if (mw_doc_builder_status(to, &err) != MW_OK)
            exit(1);
        took = cpu_seconds() - start;
        best = took < best ? took : best;
    }
    mw_doc_builder_free(from);
    mw_doc_builder_free(to);
    return best;
}

int main(int argc, char **argv)
{
    unsigned items = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2000;
    mw_buf json = {.max = (size_t)1 << 30};
    size_t plain_bytes, shared_bytes;
    double jansson, plain, shared, fresh, copy, open, mb;
    bool holds;

    mw_buf_putc(&json, '[');
    for (unsigned i = 0; i < items; i++) {
        if (i)
            mw_buf_putc(&json, ',');
        add_item(&json, i);
    }
    mw_buf_putc(&json, ']');
    if (json.failed != MW_OK || !items)
        return 1;
    mb = (double)json.len / 1e6;
    jansson = time_jansson(&json);
    plain = time_doc(&json, false, false, &plain_bytes);
    shared = time_doc(&json, true, false, &shared_bytes);
    fresh = time_doc(&json, true, true, &shared_bytes);
    copy = time_copy(&json);
    open = time_open(&json);
    printf("%u items, %.1f MB of JSON, %zu bytes each\n", items, mb, json.len / items);
    printf("jansson (load and free)      %7.1f MB/s\n", mb / jansson);
    printf("document, builder reused     %7.1f MB/s   %.2f x jansson   %4zu bytes/item   %.3f B/B\n", mb / plain,
           jansson / plain, plain_bytes / items, (double)plain_bytes / (double)json.len);
    printf("document, shared, reused     %7.1f MB/s   %.2f x jansson   %4zu bytes/item   %.3f B/B\n", mb / shared,
           jansson / shared, shared_bytes / items, (double)shared_bytes / (double)json.len);
    printf("document, shared, new        %7.1f MB/s   %.2f x jansson\n", mb / fresh, jansson / fresh);
    printf("copied, item by item, shared %7.1f MB/s\n", mb / copy);
    printf("open with all checks         %7.1f MB/s of document\n", (double)shared_bytes / 1e6 / open);
    holds = jansson / fresh >= 2 && (double)shared_bytes <= 0.35 * (double)json.len;
    mw_buf_clear(&json);
    return holds ? 0 : 2;
}
