--- Optional items backtrack as badly.
-- expect: error too many steps
return rule {
  id = "14-optional-items", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    string.find(("a"):rep(28), ("a?"):rep(28) .. ("a"):rep(28) .. "b")
    return pass()
  end,
}
