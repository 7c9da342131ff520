--- Traversal has one order.
-- expect: pass
return rule {
  id = "36-order", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local seen = ""
    for key in pairs({ z = 1, a = 1, m = 1, [3] = 1, [1] = 1 }) do seen = seen .. key end
    assert(seen == "13amz", seen)
    return pass()
  end,
}
