--- Iterating over what is no UTF-8.
-- expect: error invalid UTF-8
return rule {
  id = "48-utf8-codes", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _ in utf8.codes("a\255") do end
    return pass()
  end,
}
