--- Keys that have no order.
-- expect: error no fixed order
return rule {
  id = "50-verdict-table-key", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return fail { [{}] = 1 }
  end,
}
