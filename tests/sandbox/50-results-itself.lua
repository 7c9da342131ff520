--- A list with itself in it.
-- expect: error a list with a table
return rule {
  id = "50-results-itself", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    t[1] = t
    return t
  end,
}
