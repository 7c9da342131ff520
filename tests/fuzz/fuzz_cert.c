/* X.509 in DER and PEM: whatever the bytes, the reader stays inside them and its parts can be written. */
#include "lua/cert.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const uint8_t *der, size_t len)
{
    MW_AUTO(mw_buf) text = {0};
    const char *kind;
    mw_cert c;

    if (mw_cert_read(der, len, &c, NULL) != MW_OK)
        return;
    if (c.version < 1 || c.version > 3 || c.serial.data < der || c.serial.data + c.serial.len > der + len)
        abort();
    mw_cert_name(&text, c.subject);
    mw_cert_name(&text, c.issuer);
    mw_cert_common_name(&text, c.subject);
    for (mw_der names = c.alt_names; mw_cert_next_alt(&names, &kind, &text);)
        if (!kind)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MW_AUTO(mw_buf) der = {0};

    use(data, size);
    if (mw_cert_from_pem(&der, (const char *)data, size, NULL) == MW_OK && der.len)
        use((const uint8_t *)der.data, der.len);
    return 0;
}
