--- A module cannot be changed by raw access.
-- expect: pass
return rule {
  id = "52-module-raw", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local net = require("net")
    for _, f in ipairs({ table.insert, table.remove, table.sort }) do assert(not pcall(f, net, 1) and not pcall(f, net)) end
    assert(type(rawget(net, "parse")) == "function" and type(next(net)) == "string" and rawlen(net) == 0)
    assert(not pcall(function() net.parse = nil end) and not pcall(function() require("sg").x = 1 end) and net.parse("10.0.0.0/8"))
    return pass()
  end,
}
