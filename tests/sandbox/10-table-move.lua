--- table.move never reaches a hook.
-- expect: error field 'move'
return rule {
  id = "10-table-move", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    table.move({}, 1, 1e15, 1)
    return pass()
  end,
}
