/*
 * mw-modelc, a build tool: botocore's data folder in, a pack out; or a pack in and what a reader
 * sees of it out, as JSON lines for the differential test. It is not part of what users run.
 */
#include "model/tool/dump.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define PACK_MAX ((size_t)256 << 20)

static const char usage[] = "usage: mw-modelc --botocore DIR [--version V] --output FILE   compile\n"
                            "       mw-modelc --pack FILE --dump SERVICE|all               show what readers see\n";

static int complain(const mw_error *err)
{
    fprintf(stderr, "mw-modelc: %s\n", err->message);
    return 1;
}

static int compile(const char *botocore, const char *version, const char *output)
{
    MW_AUTO(mw_buf) pack = {.max = PACK_MAX};
    mw_error err = {0};

    if (mw_models_compile_tree(botocore, version, &pack, &err) != MW_OK ||
        mw_file_write_atomic(output, pack.data, pack.len, 0644, &err) != MW_OK)
        return complain(&err);
    return 0;
}

static int dump(const char *path, const char *service)
{
    MW_AUTO(mw_buf) out = {.max = PACK_MAX};
    mw_error err = {0};
    mw_models *m = NULL;
    mw_status st = mw_models_open_file(path, &m, &err);

    for (size_t i = 0; st == MW_OK && i < mw_models_service_count(m); i++) {
        const mw_service *s = mw_models_service_at(m, i);

        if (strcmp(service, "all") != 0 && strcmp(service, mw_service_name(s)) != 0)
            continue;
        mw_buf_reset(&out);
        st = mw__dump_service(&out, s, &err);
        if (st == MW_OK && fwrite(out.data, 1, out.len, stdout) != out.len)
            st = mw_fail(&err, MW_ERR_IO, "cannot write to the standard output");
    }
    if (st == MW_OK && strcmp(service, "all") == 0) {
        mw_buf_reset(&out);
        st = mw__dump_pack(&out, m, &err);
        if (st == MW_OK)
            fwrite(out.data, 1, out.len, stdout);
    }
    mw_models_free(m);
    return st == MW_OK ? 0 : complain(&err);
}

int main(int argc, char **argv)
{
    const char *botocore = NULL, *version = NULL, *output = NULL, *pack = NULL, *service = NULL;

    for (int i = 1; i < argc; i += 2) {
        const char **value = strcmp(argv[i], "--botocore") == 0  ? &botocore
                             : strcmp(argv[i], "--version") == 0 ? &version
                             : strcmp(argv[i], "--output") == 0  ? &output
                             : strcmp(argv[i], "--pack") == 0    ? &pack
                             : strcmp(argv[i], "--dump") == 0    ? &service
                                                                 : NULL;
        if (!value || i + 1 == argc) {
            fputs(usage, stderr);
            return 2;
        }
        *value = argv[i + 1];
    }
    if (botocore && output && !pack && !service)
        return compile(botocore, version, output);
    if (pack && service && !botocore)
        return dump(pack, service);
    fputs(usage, stderr);
    return 2;
}
