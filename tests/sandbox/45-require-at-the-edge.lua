--- A module that cannot load where the stack ends can load later.
-- expect: pass
return rule {
  id = "45-require-at-the-edge", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local tried = 0
    local function deeper()
      pcall(deeper)
      tried = tried + 1
      if tried < 5 then pcall(require, "time") pcall(require, "policy") end
    end
    deeper()
    assert(require("policy").list("x")[1] == "x" and require("time"))
    return pass()
  end,
}
