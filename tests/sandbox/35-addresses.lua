--- Nothing shows an address.
-- expect: pass
return rule {
  id = "35-addresses", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert(tostring({}) == "table" and tostring(print) == "nil" and tostring(pass) == "function")
    assert(tostring(pass()) == "verdict" and not pcall(string.format, "%p", {}))
    return pass()
  end,
}
