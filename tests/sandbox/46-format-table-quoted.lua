--- A format that asks for trouble.
-- expect: error no literal|literal
return rule {
  id = "46-format-table-quoted", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = ("%q"):format({})
    return pass()
  end,
}
