--- Trimming by pattern is quadratic.
-- expect: error too many steps
return rule {
  id = "16-everyday-trim", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    string.match("x" .. (" "):rep(50000) .. "x", "^%s*(.-)%s*$")
    return pass()
  end,
}
