--- Lambda functions must run on a supported runtime.
-- A runtime past its end gets no security fixes, and one day no updates of the function either.
-- @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
local runtimes = require("runtimes")
local time = require("time")

return rule {
  id = "lambda-runtime-supported",
  title = "Runtimes are supported",
  severity = "high", pillar = "security",
  resource = "AWS::Lambda::Function",
  params = { warn_days = 60 },
  controls = {
    fsbp = { "Lambda.2" },
    nist_800_53_r5 = { "SI-2", "SI-2(2)" },
    pci_dss_4_0 = { "6.3.3" },
    soc2 = { "CC7.1" },
    well_architected = { "SEC06-BP01" },
  },
  check = function(fn, ctx)
    if fn.PackageType == "Image" then return not_applicable("a container image") end
    local ends = runtimes.lambda_end(fn.Runtime or "")
    if ends == nil then return unknown("no end of support is known for the runtime %s", fn.Runtime) end
    local days = -time.age_days(ends, ctx.now)
    if days <= 0 then return fail("support of %s ended on %s", fn.Runtime, ends) end
    if days <= ctx.params.warn_days then return fail("support of %s ends on %s", fn.Runtime, ends) end
    return pass()
  end,
}
