--- No key may be on its way to deletion unless somebody approved it.
-- With the key goes everything that it encrypted.
-- @see https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
return rule {
  id = "kms-key-not-pending-deletion",
  title = "Keys are not scheduled for deletion by accident",
  severity = "critical", pillar = "security",
  resource = "AWS::KMS::Key",
  needs = { "Tags" },
  params = { exempt_tag = "ApprovedDeletion" },
  controls = {
    fsbp = { "KMS.3" },
    nist_800_53_r5 = { "SC-12", "SC-12(2)" },
    pci_dss_4_0 = { "3.6.1", "3.7.4" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC08-BP01" },
  },
  remediation = "kms-cancel-key-deletion",
  check = function(key, ctx)
    if key.KeyState ~= "PendingDeletion" and key.KeyState ~= "PendingReplicaDeletion" then return pass() end
    if ctx.params.exempt_tag ~= "" and key.tags:has(ctx.params.exempt_tag) then
      return not_applicable("approved by tag %s", ctx.params.exempt_tag)
    end
    return fail("the key will be deleted on %s", key.DeletionDate or "a date that AWS does not tell")
  end,
}
