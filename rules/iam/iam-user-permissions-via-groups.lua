--- Users must get their permissions through groups, not from policies of their own.
-- What hangs on one person is forgotten when that person moves on.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
return rule {
  id = "iam-user-permissions-via-groups",
  title = "Users get permissions only through groups",
  severity = "low", pillar = "security",
  resource = "AWS::IAM::User",
  controls = {
    cis = { "2.13" },
    fsbp = { "IAM.2" },
    nist_800_53_r5 = { "AC-3", "AC-5", "AC-6" },
    pci_dss_4_0 = { "7.2.1", "7.2.2" },
    soc2 = { "CC6.3" },
    well_architected = { "SEC03-BP02" },
  },
  remediation = "iam-detach-user-policies",
  check = function(user)
    local own = {}
    for _, p in ipairs(user.AttachedManagedPolicies or {}) do own[#own + 1] = p.PolicyName end
    for _, p in ipairs(user.UserPolicyList or {}) do
      if not p.PolicyName:find("^moonward%-") then own[#own + 1] = p.PolicyName .. " (inline)" end
    end
    if #own > 0 then return fail("policies on the user itself: %s", table.concat(own, ", ")) end
    return pass()
  end,
}
