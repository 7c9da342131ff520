--- ARNs that are none.
-- expect: pass
return rule {
  id = "55-arn", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _, text in ipairs({ "", "arn", "arn:", "arn:::::", ("arn:"):rep(10000), "arn:\0:\0:\0:\0:\0", ("x"):rep(1 << 20), "arn:a:b:c" }) do
      local parts = arn(text)
      assert(parts == nil or type(parts.resource) == "string")
    end
    assert(arn(nil) == nil and not pcall(arn, {}))
    return pass()
  end,
}
