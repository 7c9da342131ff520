--- Nothing is random.
-- expect: pass
return rule {
  id = "36-no-randomness", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert(math.random == nil and math.randomseed == nil and os == nil)
    return pass()
  end,
}
