-- Certificates made by OpenSSL; their keys were thrown away.
local cert = require("cert")
local rsa = [[
-----BEGIN CERTIFICATE-----
MIIDmzCCAoOgAwIBAgICEAAwDQYJKoZIhvcNAQELBQAwOzELMAkGA1UEBhMCREUx
EjAQBgNVBAoMCUFjbWUsIEluYzEYMBYGA1UEAwwPd3d3LmV4YW1wbGUuY29tMB4X
DTI2MTEyNzEzMDAyMFoXDTM2MTEyNDEzMDAyMFowOzELMAkGA1UEBhMCREUxEjAQ
BgNVBAoMCUFjbWUsIEluYzEYMBYGA1UEAwwPd3d3LmV4YW1wbGUuY29tMIIBIjAN
BgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoMrSB/5Dgu1ebLiAnzj2r3eYsy0z
1cZCc6Or9s22cp3KEpg/TFMj3+jxBhAYiy1LyIOwY1v2lxLY2SNMhXgOKRh3K8mW
fQ+Q4GTFg4Rh4rPWV9+mS+f8Z/RpPexVnw64iMwlPnjNj/osTQyL7BgV2CukOhPt
WaEQti30AvD9KsoWf0GKvHPIYyf/KS/nQHeaAfqLolkjSe6Cq+IEkDHJSo5ICk+z
jpViKC4ZgbPFl619k4d24iCf8VqV+P20De0kLheZDepPbaj5b00jbjGePWZ99lRQ
x7qKYn0yx9pur3y12UZIy2mdPhfevLjm7QG+CJL0DR2Z4vffIqMgzsOanQIDAQAB
o4GoMIGlMB0GA1UdDgQWBBTLAUgw8mJNr8RQEbCy1bjb5lY6bjAfBgNVHSMEGDAW
gBTLAUgw8mJNr8RQEbCy1bjb5lY6bjAPBgNVHRMBAf8EBTADAQH/MFIGA1UdEQRL
MEmCD3d3dy5leGFtcGxlLmNvbYINKi5leGFtcGxlLm9yZ4cEwAACAYENYUBleGFt
cGxlLmNvbYYSaHR0cHM6Ly94LmV4YW1wbGUvMA0GCSqGSIb3DQEBCwUAA4IBAQCW
2OjizN1Xgrajy0A5nYTxji93aFTd3kfpGbZ96OFx8Tm18WQijYWK/03vR0Bj5o+J
zPrJ58yaensIYAUU/blGrrUdELU9Iwkfw9bVbu6ZID6oU/u22EJQH31OET5GpDfM
RkoU6ch3aYRrnbr0n01eKZrU3hrmreyzFWprUC+h9xhGbaWVLHp4SgSc41aznXH3
9W5jlpaZhADWF30UV5hkqNe5h6xLxCfI9XZSrtqSsGIW2OEVGFUHDwkUj+9qnRq1
FeSWZ960IQgUBwYdrlSLbw2hhAccSqfS9sJ+Jc3PoIRHt1tZv6cf6lIv7PTz+SB7
/uvYNXO+WtOqIuO3F+C4
-----END CERTIFICATE-----
]]
local ec = [[
-----BEGIN CERTIFICATE-----
MIIBcjCCARegAwIBAgIUH5OTF1zaPEsNjEcwS8mOuw/qnOswCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCZWMwIBcNMjYxMTI3MTMwMDIwWhgPMjA4MTA4MzAxMzAwMjBa
MA0xCzAJBgNVBAMMAmVjMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAET2Vr2bFJ
iWvX6mSKzk8fDznbAwlVUZ7xFG0X+bibQnYqn0BE+tjZmut7GWaSKJwjdemXRn7r
1RiwRHEk8O3LJqNTMFEwHQYDVR0OBBYEFM10/+BxlOpL8Q7puqIBv+I/SWrRMB8G
A1UdIwQYMBaAFM10/+BxlOpL8Q7puqIBv+I/SWrRMA8GA1UdEwEB/wQFMAMBAf8w
CgYIKoZIzj0EAwIDSQAwRgIhAM5XY2c6V9Z7VcaUiUgU6Au67mKWukqIuF4Wf/az
KmVWAiEA5/rXqNdWl6IdCkq+flypdGn+HN+3EW5NV03Y7kSgF0Q=
-----END CERTIFICATE-----
]]
local weak = [[
-----BEGIN CERTIFICATE-----
MIIB+jCCAWOgAwIBAgIUBAKXtyIG1MlSw8gzBEd5HVQkrBEwDQYJKoZIhvcNAQEF
BQAwDzENMAsGA1UEAwwEd2VhazAeFw0yNjExMjcxMzAwMjFaFw0yNjEyMDcxMzAw
MjFaMA8xDTALBgNVBAMMBHdlYWswgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGB
AN5SkcvzpiH70hc9H1GtpkAIkQuSN/i82b+zWNCkk9xJ6MYXk33/vuYNtZz3Ttnf
4tf7iKaD3unZ30Oehk4t1eNLmVGV9Ex7j8hLq0kS7EFyXwF1P3XJhChZPU8EH521
aJiHvNnDv0gIxLgX0Nvx+eWt38vF3x6VUZdfrlyUUpLBAgMBAAGjUzBRMB0GA1Ud
DgQWBBRq3xJ0VR2asIep4WC7BLSv5yGlpTAfBgNVHSMEGDAWgBRq3xJ0VR2asIep
4WC7BLSv5yGlpTAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBBQUAA4GBAFbJ
GQDCSmgHNAdlofAdE/Tsp4aydFFYA6HneBU/xhQFYutp0nhxr5pCZ8gKmLs3nBk1
52H2+XtAuikiukkeVE0U/0+rtShX1WTGk21QNhVBvrNUU8COz8UziT6rOUr/bfIn
nGz4yfT7mIwz5Ks1vkAtENtRa4YW6xeFHg8lUvdm
-----END CERTIFICATE-----
]]
local ed = [[
-----BEGIN CERTIFICATE-----
MIIBLjCB4aADAgECAhR7VjoJ43NF8p/rWnlx5b02oBs1GDAFBgMrZXAwDTELMAkG
A1UEAwwCZWQwHhcNMjYxMTI3MTMwMDIxWhcNMjYxMjA3MTMwMDIxWjANMQswCQYD
VQQDDAJlZDAqMAUGAytlcAMhADkkHEGPN1ecPcDB/lsu5IK6vVU3uDqd7HInpIbx
PZOao1MwUTAdBgNVHQ4EFgQUBDJIradLkU0YX9vyNWaD4feEstwwHwYDVR0jBBgw
FoAUBDJIradLkU0YX9vyNWaD4feEstwwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD
QQAb1EHu161ppPzpgNnPXjlhiGCdXzmIc9DHkPpxTPN070iQ3GK7yApuhCAYF155
IEjl6rSzNGkHiGfwQam0JvMK
-----END CERTIFICATE-----
]]
local c = cert.parse(rsa)
c.subject  --> "C=DE, O=Acme\, Inc, CN=www.example.com"
c.issuer == c.subject and c.self_issued  --> true
c.common_name  --> "www.example.com"
c.serial  --> "1000"
c.version  --> 3
c.not_before  --> 1795784420
c.not_after  --> 2111144420
c.key_type  --> "RSA"
c.key_bits  --> 2048
c.curve  --> nil
c.signature  --> "sha256WithRSAEncryption"
c.is_ca  --> true
c.names  --> { { kind = "dns", value = "www.example.com" }, { kind = "dns", value = "*.example.org" }, { kind = "ip", value = "192.0.2.1" }, { kind = "email", value = "a@example.com" }, { kind = "uri", value = "https://x.example/" } }
cert.days_left(c, 2111144420 - 86400 * 3)  --> 3
cert.days_left(c, 2111144420 + 1)  --> -1
cert.covers_host(c, "WWW.example.com.")  --> true
cert.covers_host(c, "a.example.org")  --> true
cert.covers_host(c, "a.b.example.org")  --> false
cert.covers_host(c, "example.org")  --> false
cert.weakness(c)  --> nil
cert.weakness(c, 3072)  --> "RSA key of 2048 bits"
local e = cert.parse(ec)
e.key_type  --> "EC"
e.curve  --> "P-256"
e.key_bits  --> 256
e.signature  --> "ecdsa-with-SHA256"
cert.weakness(e)  --> nil
local w = cert.parse(weak)
w.key_bits  --> 1024
w.signature  --> "sha1WithRSAEncryption"
cert.weakness(w)  --> "RSA key of 1024 bits"
cert.weakness(w, 1024)  --> "signed with sha1WithRSAEncryption"
cert.parse(ed).key_type  --> "Ed25519"
cert.parse(ed).signature  --> "Ed25519"
#cert.chain(rsa .. ec .. ed)  --> 3
cert.parse((rsa:gsub("%-%-%-%-%-[^-]*%-%-%-%-%-", ""))).key_bits  --> 2048
cert.parse("no certificate")  --> nil, "no certificate in PEM"
cert.parse("-----BEGIN CERTIFICATE-----\nMIIB")  --> nil, "the certificate in PEM has no end"
cert.parse("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----")  --> nil, "base64: unexpected byte 0x21 at offset 1"
cert.parse(nil)  --> nil, "not a text"
cert.parse("")  --> nil, "not a certificate in DER"
cert.chain("")  --> nil, "no certificate in PEM"
