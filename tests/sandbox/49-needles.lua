--- Values to compare with that are none.
-- expect: pass
return rule {
  id = "49-needles", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local many = {}
    for i = 1, 65 do many[i] = i end
    for _, value in ipairs({ many, { {} }, { bucket }, print or false, pass, pass(), { pass } }) do
      if value then assert(not pcall(bucket.List.any, bucket.List, "A", value)) end
    end
    assert(bucket.List:count("A", 0 / 0) == 0 and bucket.List:count("A", 1.0) == 1 and bucket.List:any("A", {}) == false)
    return pass()
  end,
}
