/*
 * Body checksums that the model asks for (S3 above all): one header, over the bytes that are sent.
 * Like current AWS SDKs, CRC32 is the default wherever the operation knows checksums; a caller's
 * own checksum or MD5 wins.
 */
#include "aws/protocol_internal.h"
#include "base/hash.h"

#include <string.h>
#include <strings.h>

static bool has_checksum(const mw_http_pairs *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        const char *name = headers->items[i].name;
        if (strcasecmp(name, "Content-MD5") == 0)
            return true;
        if (strncasecmp(name, "x-amz-checksum-", 15) == 0 && strcasecmp(name + 15, "algorithm") != 0 &&
            strcasecmp(name + 15, "type") != 0 && strcasecmp(name + 15, "mode") != 0)
            return true;
    }
    return false;
}

static mw_status set_digest(mw__out *o, const char *header, const uint8_t *digest, size_t len)
{
    MW_AUTO(mw_buf) text = {.max = 128};
    mw_status st = mw_base64_encode(&text, digest, len);

    return st == MW_OK ? mw__set_header(o, header, text.data) : mw_buf_status(&text, o->err);
}

mw_status mw__add_checksum(mw__out *o, mw_val params)
{
    const mw_doc *pack = mw_models_doc(mw_service_models(mw_operation_service(o->op)));
    mw_val trait = mw_operation_extra(o->op, "httpChecksum");
    const char *member = trait == MW_VAL_ABSENT ? NULL : mw_val_get_str(pack, trait, "requestAlgorithmMember", NULL);
    const char *algorithm = member ? mw_val_get_str(o->d, params, member, NULL) : NULL;
    const char *body = o->req->body ? o->req->body : "";
    const mw_member *m;
    uint8_t digest[32];
    uint32_t crc;
    mw_status st;

    if (!member && !mw_operation_checksum_required(o->op))
        return MW_OK;
    if (has_checksum(&o->req->headers))
        return MW_OK;
    if (!algorithm) {
        algorithm = "CRC32";
        m = member && mw_operation_input(o->op) ? mw_shape_member(mw_operation_input(o->op), member, strlen(member))
                                                : NULL;
        if (m && mw_member_location(m) == MW_LOC_HEADER &&
            (st = mw__set_header(o, mw__wire_name(m), algorithm)) != MW_OK)
            return st;
    }
    if (strcmp(algorithm, "CRC32") == 0) {
        crc = mw_crc32(body, o->req->body_len);
        for (unsigned i = 0; i < 4; i++)
            digest[i] = (uint8_t)(crc >> (24 - 8 * i));
        return set_digest(o, "x-amz-checksum-crc32", digest, 4);
    }
    if (strcmp(algorithm, "SHA256") == 0) {
        mw_sha256(digest, body, o->req->body_len);
        return set_digest(o, "x-amz-checksum-sha256", digest, 32);
    }
    if (strcmp(algorithm, "SHA1") == 0) {
        mw_sha1(digest, body, o->req->body_len);
        return set_digest(o, "x-amz-checksum-sha1", digest, 20);
    }
    return mw_fail(o->err, MW_ERR_UNSUPPORTED, "parameter %s asks for %s; CRC32, SHA1 and SHA256 are supported", member,
                   algorithm);
}
