--- Nothing can be closed.
-- expect: error non-closable
return rule {
  id = "53-close", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local x <close> = bucket
    return pass()
  end,
}
