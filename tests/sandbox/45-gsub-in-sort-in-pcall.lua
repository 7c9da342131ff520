--- Every boundary in turn.
-- expect: pass
return rule {
  id = "45-gsub-in-sort-in-pcall", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local depth, most = 0, 0
    local function f()
      depth = depth + 1
      most = math.max(most, depth)
      pcall(table.sort, { 2, 1 }, function() ("x"):gsub("x", f) return false end)
      depth = depth - 1
    end
    f()
    assert(depth <= most)
    return pass()
  end,
}
