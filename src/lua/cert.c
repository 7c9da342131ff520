/*
 * A bounded reader of DER, and of X.509 on top of it. Relies on every element being taken out of
 * the one that holds it, so no length can reach behind its parent. It must never recurse by the
 * input's depth, nor trust a length.
 */
#include "lua/cert.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum {
    TAG_BOOL = 0x01,
    TAG_INTEGER = 0x02,
    TAG_BITS = 0x03,
    TAG_OCTETS = 0x04,
    TAG_OID = 0x06,
    TAG_UTF8 = 0x0c,
    TAG_BMP = 0x1e,
    TAG_UTC_TIME = 0x17,
    TAG_TIME = 0x18,
    TAG_SEQUENCE = 0x30,
    TAG_SET = 0x31,
    TAG_EXPLICIT_0 = 0xa0,
    TAG_EXPLICIT_3 = 0xa3
};

/* Take one element off @p from. Indefinite and needlessly long lengths are no DER. */
static bool take(mw_der *from, unsigned *tag, mw_der *value)
{
    size_t head = 2, len;

    if (from->len < 2 || (from->data[0] & 0x1f) == 0x1f)
        return false;
    len = from->data[1];
    if (len >= 0x80) {
        size_t bytes = len & 0x7f;
        if (bytes == 0 || bytes > 3 || from->len < 2 + bytes || from->data[2] == 0)
            return false;
        len = 0;
        for (size_t i = 0; i < bytes; i++)
            len = len << 8 | from->data[2 + i];
        if (len < 0x80)
            return false;
        head += bytes;
    }
    if (len > from->len - head)
        return false;
    *tag = from->data[0];
    *value = (mw_der){from->data + head, len};
    from->data += head + len;
    from->len -= head + len;
    return true;
}

static bool expect(mw_der *from, unsigned wanted, mw_der *value)
{
    unsigned tag;

    return take(from, &tag, value) && tag == wanted;
}

static bool is(mw_der value, const char *bytes, size_t len)
{
    return value.len == len && memcmp(value.data, bytes, len) == 0;
}

/* ---- object identifiers, as DER holds them ---- */

#define OID(text) text, sizeof(text) - 1

static const struct oid {
    const char *bytes;
    size_t len;
    const char *name;
} algorithms[] =
    {
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02"), "md2WithRSAEncryption"},
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"), "md5WithRSAEncryption"},
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"), "sha1WithRSAEncryption"},
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e"), "sha224WithRSAEncryption"},
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"), "sha256WithRSAEncryption"},
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"), "sha384WithRSAEncryption"},
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"), "sha512WithRSAEncryption"},
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), "rsassaPss"},
        {OID("\x2a\x86\x48\xce\x3d\x04\x01"), "ecdsa-with-SHA1"},
        {OID("\x2a\x86\x48\xce\x3d\x04\x03\x01"), "ecdsa-with-SHA224"},
        {OID("\x2a\x86\x48\xce\x3d\x04\x03\x02"), "ecdsa-with-SHA256"},
        {OID("\x2a\x86\x48\xce\x3d\x04\x03\x03"), "ecdsa-with-SHA384"},
        {OID("\x2a\x86\x48\xce\x3d\x04\x03\x04"), "ecdsa-with-SHA512"},
        {OID("\x2a\x86\x48\xce\x38\x04\x03"), "dsa-with-SHA1"},
        {OID("\x60\x86\x48\x01\x65\x03\x04\x03\x02"), "dsa-with-SHA256"},
        {OID("\x2b\x65\x70"), "Ed25519"},
        {OID("\x2b\x65\x71"), "Ed448"},
},
  key_types[] =
      {
          {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), "RSA"},
          {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), "RSA"},
          {OID("\x2a\x86\x48\xce\x3d\x02\x01"), "EC"},
          {OID("\x2a\x86\x48\xce\x38\x04\x01"), "DSA"},
          {OID("\x2b\x65\x70"), "Ed25519"},
          {OID("\x2b\x65\x71"), "Ed448"},
},
  curves[] =
      {
          {OID("\x2a\x86\x48\xce\x3d\x03\x01\x01"), "P-192"},
          {OID("\x2b\x81\x04\x00\x21"), "P-224"},
          {OID("\x2a\x86\x48\xce\x3d\x03\x01\x07"), "P-256"},
          {OID("\x2b\x81\x04\x00\x22"), "P-384"},
          {OID("\x2b\x81\x04\x00\x23"), "P-521"},
          {OID("\x2b\x81\x04\x00\x0a"), "secp256k1"},
},
  attributes[] = {
      {OID("\x55\x04\x03"), "CN"},
      {OID("\x55\x04\x04"), "SN"},
      {OID("\x55\x04\x05"), "serialNumber"},
      {OID("\x55\x04\x06"), "C"},
      {OID("\x55\x04\x07"), "L"},
      {OID("\x55\x04\x08"), "ST"},
      {OID("\x55\x04\x09"), "STREET"},
      {OID("\x55\x04\x0a"), "O"},
      {OID("\x55\x04\x0b"), "OU"},
      {OID("\x55\x04\x0c"), "T"},
      {OID("\x55\x04\x2a"), "GN"},
      {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), "emailAddress"},
      {OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), "UID"},
      {OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), "DC"},
};

static const char *lookup(const struct oid *table, size_t count, mw_der oid)
{
    for (size_t i = 0; i < count; i++)
        if (is(oid, table[i].bytes, table[i].len))
            return table[i].name;
    return NULL;
}
#define LOOKUP(table, oid) lookup(table, MW_COUNT(table), oid)

/* ---- times ---- */

static bool two_digits(const uint8_t *s, int *out)
{
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
        return false;
    *out = (s[0] - '0') * 10 + (s[1] - '0');
    return true;
}

/* YYMMDDHHMMSSZ (years 1950 to 2049) or YYYYMMDDHHMMSSZ, RFC 5280 4.1.2.5. */
static bool read_time(mw_der *from, int64_t *out)
{
    static const int days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int part[7] = {0};
    unsigned tag;
    mw_der v;
    int64_t year, days;
    size_t first;

    if (!take(from, &tag, &v) || (tag != TAG_UTC_TIME && tag != TAG_TIME) || v.len != (tag == TAG_TIME ? 15U : 13U) ||
        v.data[v.len - 1] != 'Z')
        return false;
    first = tag == TAG_TIME ? 0 : 1;
    for (size_t i = first; i < 7; i++)
        if (!two_digits(v.data + (i - first) * 2, &part[i]))
            return false;
    year = tag == TAG_TIME ? part[0] * 100 + part[1] : part[1] + (part[1] < 50 ? 2000 : 1900);
    if (part[2] < 1 || part[2] > 12 || part[3] < 1 || part[3] > 31 || part[4] > 23 || part[5] > 59 || part[6] > 60)
        return false;
    days =
        year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400 + days_before[part[2] - 1] + part[3] - 1;
    days += part[2] > 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    *out = (days - 719528) * 86400 + part[4] * 3600 + part[5] * 60 + part[6]; /* days from year 0 to 1970 */
    return true;
}

/* ---- the parts of a certificate ---- */

static unsigned bit_length(mw_der integer)
{
    unsigned bits = 0;

    while (integer.len > 0 && integer.data[0] == 0) {
        integer.data++;
        integer.len--;
    }
    if (integer.len == 0)
        return 0;
    for (unsigned top = integer.data[0]; top; top >>= 1)
        bits++;
    return bits + (unsigned)(integer.len - 1) * 8;
}

static unsigned curve_bits(const char *curve)
{
    unsigned bits = 0;

    for (const char *p = curve; *p; p++)
        if (*p >= '0' && *p <= '9')
            bits = bits * 10 + (unsigned)(*p - '0');
        else if (*p == 'k')
            break;
    return bits;
}

static bool read_key(mw_der spki, mw_cert *out)
{
    mw_der algorithm, oid, bits, parameter, rsa, modulus;
    unsigned tag;

    if (!expect(&spki, TAG_SEQUENCE, &algorithm) || !expect(&algorithm, TAG_OID, &oid) ||
        !expect(&spki, TAG_BITS, &bits) || bits.len < 2)
        return false;
    out->key_type = LOOKUP(key_types, oid);
    if (!out->key_type)
        return true;
    bits.data++; /* unused bits */
    bits.len--;
    if (strcmp(out->key_type, "RSA") == 0) {
        if (!expect(&bits, TAG_SEQUENCE, &rsa) || !expect(&rsa, TAG_INTEGER, &modulus))
            return false;
        out->key_bits = bit_length(modulus);
    } else if (strcmp(out->key_type, "EC") == 0) {
        if (take(&algorithm, &tag, &parameter) && tag == TAG_OID)
            out->curve = LOOKUP(curves, parameter);
        out->key_bits = out->curve ? curve_bits(out->curve) : 0;
    } else if (strcmp(out->key_type, "DSA") == 0) {
        if (expect(&algorithm, TAG_SEQUENCE, &parameter) && expect(&parameter, TAG_INTEGER, &modulus))
            out->key_bits = bit_length(modulus);
    } else {
        out->key_bits = strcmp(out->key_type, "Ed25519") == 0 ? 256 : 456;
    }
    return true;
}

static bool read_extensions(mw_der wrapped, mw_cert *out)
{
    mw_der list, extension, oid, value, inner, flag;
    unsigned tag;

    if (!expect(&wrapped, TAG_SEQUENCE, &list))
        return false;
    while (list.len > 0) {
        if (!expect(&list, TAG_SEQUENCE, &extension) || !expect(&extension, TAG_OID, &oid) ||
            !take(&extension, &tag, &value))
            return false;
        if (tag == TAG_BOOL && !take(&extension, &tag, &value)) /* critical */
            return false;
        if (tag != TAG_OCTETS)
            return false;
        if (is(oid, OID("\x55\x1d\x11")) && !expect(&value, TAG_SEQUENCE, &out->alt_names))
            return false;
        if (is(oid, OID("\x55\x1d\x13"))) {
            if (!expect(&value, TAG_SEQUENCE, &inner))
                return false;
            out->is_ca = take(&inner, &tag, &flag) && tag == TAG_BOOL && flag.len == 1 && flag.data[0];
        }
    }
    return true;
}

static const char *read_body(mw_der body, mw_cert *out)
{
    mw_der value, algorithm, validity, spki;
    unsigned tag;

    out->version = 1;
    if (body.len > 0 && body.data[0] == TAG_EXPLICIT_0) {
        mw_der number;
        if (!take(&body, &tag, &value) || !expect(&value, TAG_INTEGER, &number) || number.len != 1 ||
            number.data[0] > 2)
            return "version";
        out->version = number.data[0] + 1;
    }
    if (!expect(&body, TAG_INTEGER, &out->serial) || out->serial.len == 0)
        return "serial number";
    if (!expect(&body, TAG_SEQUENCE, &algorithm) || !expect(&algorithm, TAG_OID, &value))
        return "signature algorithm";
    out->signature = LOOKUP(algorithms, value);
    if (!expect(&body, TAG_SEQUENCE, &out->issuer))
        return "issuer";
    if (!expect(&body, TAG_SEQUENCE, &validity) || !read_time(&validity, &out->not_before) ||
        !read_time(&validity, &out->not_after))
        return "validity";
    if (!expect(&body, TAG_SEQUENCE, &out->subject))
        return "subject";
    if (!expect(&body, TAG_SEQUENCE, &spki) || !read_key(spki, out))
        return "public key";
    while (body.len > 0) {
        if (!take(&body, &tag, &value) || (tag == TAG_EXPLICIT_3 && !read_extensions(value, out)))
            return "extensions";
    }
    return NULL;
}

mw_status mw_cert_read(const uint8_t *der, size_t len, mw_cert *out, mw_error *err)
{
    mw_der input = {der, len}, certificate, body;
    const char *fault;

    *out = (mw_cert){0};
    if (len > MW_CERT_BYTES_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "a certificate of %zu bytes; at most %zu are read", len, MW_CERT_BYTES_MAX);
    if (!expect(&input, TAG_SEQUENCE, &certificate) || !expect(&certificate, TAG_SEQUENCE, &body))
        return mw_fail(err, MW_ERR_PARSE, "not a certificate in DER");
    fault = read_body(body, out);
    if (fault)
        return mw_fail(err, MW_ERR_PARSE, "the %s of the certificate cannot be read", fault);
    return MW_OK;
}

mw_status mw_cert_from_pem(mw_buf *der, const char *pem, size_t len, mw_error *err)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
    const char *from = memmem(pem, len, begin, sizeof(begin) - 1), *to;

    if (!from)
        return mw_fail(err, MW_ERR_NOTFOUND, "no certificate in PEM");
    from += sizeof(begin) - 1;
    to = memmem(from, len - (size_t)(from - pem), end, sizeof(end) - 1);
    if (!to)
        return mw_fail(err, MW_ERR_PARSE, "the certificate in PEM has no end");
    return mw_base64_decode(der, from, (size_t)(to - from), err);
}

/* ---- names ---- */

/* The text of a string of any type, without control characters. */
static mw_status add_text(mw_buf *out, unsigned tag, mw_der v, const char *escape)
{
    MW_AUTO(mw_buf) text = {.max = 4 * MW_CERT_BYTES_MAX};
    MW_AUTO(mw_buf) clean = {.max = 4 * MW_CERT_BYTES_MAX};
    mw_status st;

    for (size_t i = 0; i < v.len; i++) {
        unsigned c = v.data[i];
        if (tag == TAG_BMP) { /* two bytes each; what is not ASCII becomes UTF-8 of the basic plane */
            if (++i == v.len)
                break;
            c = c << 8 | v.data[i];
            if (c >= 0x800)
                mw_buf_putc(&text, (char)(0xe0 | c >> 12));
            if (c >= 0x80)
                mw_buf_putc(&text, (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6));
            c = c >= 0x80 ? 0x80 | (c & 0x3f) : c;
        }
        if (c < 0x20)
            c = ' ';
        if (c < 0x80 && strchr(escape, (int)c) && c)
            mw_buf_putc(&text, '\\');
        mw_buf_putc(&text, (char)c);
    }
    st = mw_utf8_repair(&clean, text.len ? text.data : "", text.len);
    return st == MW_OK ? mw_buf_add(out, clean.len ? clean.data : "", clean.len, NULL) : st;
}

/* Take the next attribute off a name; sets of several are read one after the other. */
static bool next_attribute(mw_der *name, mw_der *set, mw_der *oid, unsigned *tag, mw_der *value)
{
    mw_der pair;

    if (set->len == 0 && !expect(name, TAG_SET, set))
        return false;
    return expect(set, TAG_SEQUENCE, &pair) && expect(&pair, TAG_OID, oid) && take(&pair, tag, value);
}

mw_status mw_cert_name(mw_buf *out, mw_der name)
{
    mw_der set = {NULL, 0}, oid, value;
    unsigned tag;
    bool first = true;

    while (next_attribute(&name, &set, &oid, &tag, &value)) {
        const char *label = LOOKUP(attributes, oid);
        if (!first)
            mw_buf_puts(out, ", ");
        first = false;
        for (size_t i = 0; !label && i < oid.len; i++)
            mw_buf_printf(out, "%02x", oid.data[i]);
        mw_buf_puts(out, label ? label : "");
        mw_buf_putc(out, '=');
        add_text(out, tag, value, ",+\\");
    }
    return mw_buf_status(out, NULL);
}

mw_status mw_cert_common_name(mw_buf *out, mw_der name)
{
    mw_der set = {NULL, 0}, oid, value, found = {NULL, 0};
    unsigned tag, kind = 0;

    while (next_attribute(&name, &set, &oid, &tag, &value)) {
        if (is(oid, OID("\x55\x04\x03"))) {
            found = value;
            kind = tag;
        }
    }
    return found.data ? add_text(out, kind, found, "") : MW_OK;
}

bool mw_cert_next_alt(mw_der *names, const char **kind, mw_buf *text)
{
    mw_der v;
    unsigned tag;

    while (take(names, &tag, &v)) {
        *kind = tag == 0x81 ? "email" : tag == 0x82 ? "dns" : tag == 0x86 ? "uri" : tag == 0x87 ? "ip" : NULL;
        mw_buf_reset(text);
        if (tag == 0x87 && v.len == 4) {
            mw_buf_printf(text, "%u.%u.%u.%u", v.data[0], v.data[1], v.data[2], v.data[3]);
            return true;
        }
        if (tag == 0x87 && v.len == 16) {
            for (size_t i = 0; i < 16; i += 2)
                mw_buf_printf(text, "%s%x", i ? ":" : "", (unsigned)(v.data[i] << 8 | v.data[i + 1]));
            return true;
        }
        if (*kind && tag != 0x87)
            return add_text(text, TAG_UTF8, v, "") == MW_OK;
    }
    return false;
}
