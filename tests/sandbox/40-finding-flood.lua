--- Verdicts have a ceiling.
-- expect: fail 9901 more verdicts
return rule {
  id = "40-finding-flood", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local all = {}
    for i = 1, 10000 do all[i] = fail { message = "x", subkey = tostring(i) } end
    do return all end
    return pass()
  end,
}
