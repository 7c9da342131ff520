/* Runs a fuzz target over files and folders of inputs, each also cut short and with bytes changed, so that a corpus is a
 * plain test where libFuzzer is not to be had. Deterministic. */
#include "base/buf.h"
#include "base/file.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t runs;

/* A copy of exactly the size, so that AddressSanitizer sees a read behind the end. */
static void run_copy(const char *data, size_t size)
{
    uint8_t *copy = mw_alloc(size ? size : 1);

    if (!copy)
        return;
    if (size)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    mw_free(copy);
    runs++;
}

static void run_variants(mw_buf *input)
{
    uint32_t state = 2463534242U; /* xorshift32, Marsaglia 2003 */
    size_t step = input->len / 64 + 1;

    run_copy(input->data, input->len);
    for (size_t cut = 0; cut < input->len; cut += step)
        run_copy(input->data, cut);
    for (int i = 0; i < 64 && input->len; i++) {
        size_t at;
        char was;
        state ^= state << 13, state ^= state >> 17, state ^= state << 5;
        at = state % input->len;
        was = input->data[at];
        input->data[at] = (char)(state >> 24);
        run_copy(input->data, input->len);
        input->data[at] = was;
    }
}

static int run_path(const char *path)
{
    MW_AUTO(mw_buf) input = {.max = 16 << 20};
    mw_error err = {0};
    struct stat st;
    struct dirent *entry;
    DIR *folder;
    int failed = 0;

    if (stat(path, &st) != 0) {
        fprintf(stderr, "%s does not exist\n", path);
        return 1;
    }
    if (!S_ISDIR(st.st_mode)) {
        if (mw_file_read(path, &input, &err) != MW_OK) {
            fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        run_variants(&input);
        return 0;
    }
    folder = opendir(path);
    if (!folder)
        return 1;
    while ((entry = readdir(folder)) != NULL) {
        char inner[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        failed |= run_path(inner);
    }
    closedir(folder);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed |= run_path(argv[i]);
    printf("%zu inputs\n", runs);
    return failed || runs == 0;
}
