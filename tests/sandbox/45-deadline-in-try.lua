--- A loop in try in a comparator in pcall.
-- expect: error deadline of 50 ms
return rule {
  id = "45-deadline-in-try", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    pcall(table.sort, { 2, 1 }, function() return try(function() while true do end end) end)
    return pass()
  end,
}
