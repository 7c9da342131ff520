--- Somebody must be able to open a support case: a role with AWSSupportAccess.
-- In an incident nobody has the time to find out who may talk to AWS.
-- @see https://docs.aws.amazon.com/awssupport/latest/user/accessing-support.html
return rule {
  id = "iam-support-role-exists",
  title = "A role for AWS Support incidents exists",
  severity = "low", pillar = "operations",
  resource = "AWS::::Account",
  needs = { "SupportAccessEntities" },
  controls = {
    cis = { "2.15" },
    fsbp = { "IAM.18" },
    nist_800_53_r5 = { "IR-4", "IR-6" },
    pci_dss_4_0 = { "12.10.1" },
    soc2 = { "CC7.4" },
    well_architected = { "SEC10-BP01" },
  },
  remediation = "iam-create-support-role",
  check = function(account)
    local entities = account.SupportAccessEntities
    local roles = entities and entities.PolicyRoles or {}
    if #roles == 0 then return fail("no role has the AWSSupportAccess policy") end
    return pass()
  end,
}
