--- io, os, package, debug and the loaders do not exist.
-- expect: pass
return rule {
  id = "02-no-machine", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert(io == nil and os == nil and package == nil and debug == nil and dofile == nil and loadfile == nil)
    return pass()
  end,
}
