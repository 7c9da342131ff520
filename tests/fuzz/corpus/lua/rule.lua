--- X.
local n, t = 0, { k = 1, [2] = "x", f = function(a, ...) return a, ... end }
function t.g(x) n = n + 1 return x.Versioning.Status end
return rule { id = "x", resource = "AWS::S3::Bucket", needs = { "Versioning", "AWS::S3::Bucket.Acl" }, related = { "AWS::EC2::VPC" },
  applies = { ["Versioning.Status"] = "Enabled", Nam = {} }, params = { a = 1 }, check = function(b, ctx)
    local v, why = try(function() return b.Versioning end)
    for vpc in ctx.inventory:each("AWS::EC2::VPC", { State = "x" }):each("Tags.Key", { "a" }) do t.g(vpc) end
    for _, g in ipairs(b.Acl.Grants or {}) do if g.Permission == ctx.params.b or not g.x == 1 then return fail { subkey = "s" } end end
    if v and why.code == "x" or "y" then return fail("%s", tostring(t)) elseif b:path("Versioning.X") then return pass() end
  end }
