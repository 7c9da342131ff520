--- A security contact must be set for the account.
-- AWS writes to it when it sees abuse or a leaked key; without one the mail goes to the root address only.
-- @see https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-contact-alternate.html
return rule {
  id = "account-security-contact-set",
  title = "Security alternate contact is registered",
  severity = "medium", pillar = "security",
  resource = "AWS::::Account",
  needs = { "SecurityContact" },
  controls = {
    cis = { "2.3" },
    fsbp = { "Account.1" },
    nist_800_53_r5 = { "IR-4", "IR-6" },
    pci_dss_4_0 = { "12.10.1" },
    soc2 = { "CC7.4" },
    well_architected = { "SEC10-BP01" },
  },
  remediation = "account-set-security-contact",
  check = function(account)
    local contact = account.SecurityContact
    if contact == nil then return fail("no security contact is set") end
    if contact.EmailAddress == nil or contact.EmailAddress == "" then
      return fail("the security contact has no e-mail address")
    end
    return pass()
  end,
}
