--- X.509 certificates: names, validity, key. Nothing is verified: not the signature, not the chain.
-- @see https://www.rfc-editor.org/rfc/rfc5280
local cert = {}

--- What a certificate says: `{ subject, issuer, common_name, serial, version, not_before, not_after, key_type, key_bits, curve,
-- signature, names = { { kind = "dns"|"ip"|"email"|"uri", value } }, is_ca, self_issued }`. Instants are Unix seconds; what
-- has no known name is nil. Accepts PEM (the first certificate), DER, and base64 of DER.
-- nil and a message when it cannot be read.
function cert.parse(text)
  if type(text) ~= "string" then return nil, "not a text" end
  return native.certificate(text)
end

--- The certificates of a PEM bundle, in order; nil and a message when one of them cannot be read or there is none.
function cert.chain(pem)
  local out = {}
  for block in pem:gmatch("%-%-%-%-%-BEGIN CERTIFICATE%-%-%-%-%-[^-]*%-%-%-%-%-END CERTIFICATE%-%-%-%-%-") do
    local one, why = native.certificate(block)
    if not one then return nil, why end
    out[#out + 1] = one
  end
  if #out == 0 then return nil, "no certificate in PEM" end
  return out
end

--- Whole days until the certificate ends, negative when it has ended.
function cert.days_left(certificate, now)
  return (certificate.not_after - now) // 86400
end

--- Does the certificate name this host: a DNS name of it, or one with `*` as the whole first label (RFC 6125)?
function cert.covers_host(certificate, host)
  host = host:lower():gsub("%.$", "")
  for _, name in ipairs(certificate.names) do
    local dns = name.value:lower()
    if name.kind == "dns" and dns == host then return true end
    if name.kind == "dns" and dns:sub(1, 2) == "*." then
      local label, rest = host:match("^([^.]+)%.(.+)$")
      if label and rest == dns:sub(3) then return true end
    end
  end
  return false
end

--- Why the key or signature is weak, as a text; nil when it is not. RSA below `rsa_bits` (default 2048), curves below 256
-- bits, DSA, and signatures with MD2, MD5 or SHA-1.
function cert.weakness(certificate, rsa_bits)
  local kind, bits = certificate.key_type, certificate.key_bits or 0
  if kind == "RSA" and bits < (rsa_bits or 2048) then return ("RSA key of %d bits"):format(bits) end
  if kind == "EC" and certificate.key_bits and bits < 256 then return ("EC key of %d bits"):format(bits) end
  if kind == "DSA" then return "DSA key" end
  local signature = (certificate.signature or ""):lower()
  for _, hash in ipairs { "md2", "md5", "sha1" } do
    if signature:find(hash .. "with", 1, true) or signature:find("with-" .. hash .. "$") then
      return "signed with " .. certificate.signature
    end
  end
  return nil
end

return cert
