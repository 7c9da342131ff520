--- Positions are checked against the raw length.
-- expect: error position out of bounds
return rule {
  id = "12-insert-far-away", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    table.insert({}, 1e15, 1)
    return pass()
  end,
}
