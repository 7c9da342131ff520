/* Hostile text in the small readers of src/base: instants, encodings, numbers. What one writes, its reader must take. */
#include "base/str.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An instant written as ISO 8601 is the same instant when it is read again. */
static void times(const char *s, size_t len)
{
    char iso[MW_TIME_SIZE], again[MW_TIME_SIZE], quick[MW_TIME_SIZE];
    int64_t ns = 0, back = 0;
    mw_error err;
    size_t n;

    if (mw_time_parse(s, len, &ns, &err) == MW_OK) {
        mw_time_iso(iso, ns);
        if (mw_time_parse(iso, strlen(iso), &back, &err) != MW_OK || back != ns)
            abort();
        mw_time_sigv4(again, ns);
        mw_time_rfc822(again, ns);
    }
    if ((n = mw_time_iso_text(quick, s, len)) > 0) { /* the short way says what the long one does */
        if (mw_time_parse(s, len, &ns, &err) != MW_OK)
            abort();
        mw_time_iso(iso, ns);
        if (strlen(iso) != n || memcmp(iso, quick, n) != 0)
            abort();
    }
    mw_time_parse_answer(s, len, &ns, &err);
}

static void encodings(const char *s, size_t len)
{
    MW_AUTO(mw_buf) out = {.max = 1 << 20};
    MW_AUTO(mw_buf) back = {.max = 1 << 20};
    mw_error err;

    mw_base64_decode(&out, s, len, &err);
    mw_buf_clear(&out);
    if (mw_base64_encode(&out, s, len) == MW_OK &&
        (mw_base64_decode(&back, out.data ? out.data : "", out.len, &err) != MW_OK || back.len != len ||
         (len && memcmp(back.data, s, len) != 0)))
        abort();
    mw_buf_clear(&out);
    mw_buf_clear(&back);
    if (mw_uri_encode(&out, s, len, "") == MW_OK && (mw_uri_decode(&back, out.data ? out.data : "", out.len) != MW_OK ||
                                                     back.len != len || (len && memcmp(back.data, s, len) != 0)))
        abort();
    mw_buf_clear(&back);
    mw_uri_decode(&back, s, len);
    mw_buf_clear(&out);
    if (mw_utf8_repair(&out, s, len) == MW_OK && !mw_utf8_valid(out.data ? out.data : "", out.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *s = (const char *)data;
    long long number;

    if (size == 0 || size > 4096)
        return 0;
    times(s, size);
    encodings(s, size);
    mw_parse_int(s, size, &number);
    return 0;
}
