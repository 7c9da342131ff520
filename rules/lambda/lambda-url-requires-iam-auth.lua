--- A function URL must ask for IAM authentication.
-- With AuthType NONE the whole internet may call the function.
-- @see https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
return rule {
  id = "lambda-url-requires-iam-auth",
  title = "Function URLs use IAM auth",
  severity = "high", pillar = "security",
  resource = "AWS::Lambda::Function",
  needs = { "Urls", "Tags" },
  params = { exempt_tag = "PublicUrl=approved" },
  controls = {
    nist_800_53_r5 = { "AC-3", "AC-4", "AC-6", "SC-7" },
    pci_dss_4_0 = { "1.4.4", "7.2.1" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC03-BP07" },
  },
  remediation = "lambda-url-require-iam",
  check = function(fn, ctx)
    local urls = fn.Urls
    if urls == nil then return unknown("the function has no list of URLs") end
    if #urls == 0 then return not_applicable("no function URL") end
    for _, url in ipairs(urls) do
      if url.AuthType == "NONE" then
        if ctx.params.exempt_tag ~= "" and fn.tags:has(ctx.params.exempt_tag) then
          return not_applicable("approved by tag %s", ctx.params.exempt_tag)
        end
        return fail("%s needs no authentication", url.FunctionUrl)
      end
    end
    return pass()
  end,
}
