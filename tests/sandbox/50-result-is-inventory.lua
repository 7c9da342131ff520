--- Nor is the inventory.
-- expect: error check returned
return rule {
  id = "50-result-is-inventory", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return ctx.inventory
  end,
}
