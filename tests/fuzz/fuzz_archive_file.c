/*
 * Exports that somebody made: the bytes as a file, and as a packed frame of one whose line is in order, its first two bytes
 * the length that it claims. Whatever is said to be whole has the lengths that it claims.
 */
#include "engine/archive_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const void *data, size_t size)
{
    int fd = memfd_create("export", MFD_CLOEXEC);
    mw_archive_reader r = {.fd = fd, .name = "input", .text_max = 1 << 20};
    mw_archive_frame f = {.text = ""};
    mw_error err = {0};
    mw_status st;

    if (fd < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    st = mw_archive_read_head(&r, &err);
    while (st == MW_OK && f.text)
        if ((st = mw_archive_read_frame(&r, &f, &err)) == MW_OK && f.text && (f.len > 1 << 20 || f.text[f.len]))
            abort();
    mw_archive_reader_clear(&r);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MW_AUTO(mw_buf) file = {0};
    uint8_t sha[MW_SHA256_SIZE];
    char hex[2 * MW_SHA256_SIZE + 1];

    read_all(data, size);
    if (size <= 2)
        return 0;
    mw_sha256(sha, data + 2, size - 2);
    mw_hex(hex, sha, sizeof(sha));
    mw_buf_printf(&file,
                  "moonward-snapshot/1\n{\"bytes\":%d,\"digest\":\"%s\",\"id\":\"x\",\"packed\":%zu,\"sha256\":\"%s\","
                  "\"taken_at\":\"2026-01-02T03:04:05Z\"}\n",
                  data[0] << 8 | data[1], hex, size - 2, hex);
    mw_buf_add(&file, data + 2, size - 2, NULL);
    if (file.failed == MW_OK)
        read_all(file.data, file.len);
    return 0;
}
