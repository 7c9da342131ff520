--- A list in a list.
-- expect: error a list with a table
return rule {
  id = "50-results-nested", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return { { fail("lost") } }
  end,
}
