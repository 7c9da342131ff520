--- A jump back over locals that are captured.
-- expect: error deadline of 50 ms|memory ceiling
return rule {
  id = "47-goto-closures", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    do
      ::again::
      local x = {}
      local f = function() return x end
      goto again
    end
    return pass()
  end,
}
