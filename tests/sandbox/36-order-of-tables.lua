--- What has no order cannot be traversed.
-- expect: error no fixed order
return rule {
  id = "36-order-of-tables", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _ in pairs({ [{}] = 1, [{}] = 2 }) do end
    return pass()
  end,
}
