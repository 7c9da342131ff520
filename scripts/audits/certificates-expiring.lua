--- Certificates that expire soon, or did already.
-- ACM renews its own while they are in use and their domain still answers; imported ones and IAM's nobody renews.
-- Arguments: days ahead (default 45).
-- @see https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
local time = require "time"
local ahead = tonumber(args[1] or 45)

columns { "days_left", "domain", "source", "status", "in_use", "id" }

local function check(expires, row)
  local at = time.parse(expires)
  local left = at and (at - aws.now) // 86400
  if left and left <= ahead then
    row.days_left = left
    emit(row)
  end
end

-- Without key types the list leaves out everything but RSA up to 2048 bits.
local kinds = { "RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1" }
for summary in aws.items("acm:ListCertificates", { Includes = { keyTypes = kinds } }) do
  local certificate = aws.call("acm:DescribeCertificate", { CertificateArn = summary.CertificateArn }).Certificate
  check(certificate.NotAfter, {
    domain = certificate.DomainName, source = certificate.Type, status = certificate.Status,
    in_use = #(certificate.InUseBy or {}) > 0, id = certificate.CertificateArn,
  })
end

if aws.first then -- IAM is global: once is enough
  for certificate in aws.items("iam:ListServerCertificates") do
    check(certificate.Expiration, {
      domain = certificate.ServerCertificateName, source = "IAM", id = certificate.Arn,
    })
  end
end
