--- Values that have no order.
-- expect: pass
return rule {
  id = "56-sort-nan", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = { 0 / 0, 1, 0 / 0, -1, 1 / 0 }
    table.sort(t)
    assert(#t == 5 and not pcall(table.sort, { 1, "x" }) and not pcall(table.sort, { {}, {} }) and not pcall(table.sort, { bucket, bucket }))
    return pass()
  end,
}
