--- Nor through a global function.
-- expect: load assigns 'n'
local n = 0
function more() n = n + 1 end

return rule {
  id = "43-counter-of-a-global", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    more()
    return pass()
  end,
}
