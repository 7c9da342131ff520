local function bucket(algorithm, key)
  return { Name = "b", Encryption = { Rules = { { ApplyServerSideEncryptionByDefault = { SSEAlgorithm = algorithm, KMSMasterKeyID = key } } } } }
end
return {
  { name = "KMS", expect = "pass", resource = bucket("aws:kms") },
  { name = "dual layer", expect = "pass", resource = bucket("aws:kms:dsse") },
  { name = "S3's own keys", expect = "fail", message = "AES256", resource = bucket("AES256") },
  { name = "none", expect = "fail", message = "no default encryption", resource = { Name = "b" } },
  { name = "own key wanted", expect = "fail", params = { require_cmk = true }, resource = bucket("aws:kms", "arn:aws:kms:us-east-1:111122223333:alias/aws/s3") },
  { name = "own key", expect = "pass", params = { require_cmk = true }, resource = bucket("aws:kms", "arn:aws:kms:us-east-1:111122223333:key/1") },
  { name = "public data", expect = "not_applicable", tags = { DataClass = "public" }, resource = bucket("AES256") },
  { name = "denied", expect = "unknown", resource = { Name = "b", Encryption = unknown("s3:GetBucketEncryption", "AccessDenied") } },
}
