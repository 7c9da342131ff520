--- Backtracking has a budget.
-- expect: error too many steps
return rule {
  id = "14-exponential-pattern", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    string.find(("a"):rep(1000), ("a*"):rep(3) .. "b")
    return pass()
  end,
}
