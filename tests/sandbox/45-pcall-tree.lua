--- Two at each level: as many calls as nobody waits for.
-- expect: error deadline of 50 ms|memory ceiling
return rule {
  id = "45-pcall-tree", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local function f() pcall(f) pcall(f) end
    f()
    return pass()
  end,
}
