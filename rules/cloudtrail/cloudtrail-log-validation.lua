--- A trail must sign its log files.
-- Without digests nobody can prove that a log was not changed.
-- @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html
return rule {
  id = "cloudtrail-log-validation",
  title = "Log file validation is on",
  severity = "medium", pillar = "security",
  resource = "AWS::CloudTrail::Trail",
  controls = {
    cis = { "4.2" },
    fsbp = { "CloudTrail.4" },
    nist_800_53_r5 = { "AU-9", "SC-7" },
    pci_dss_4_0 = { "10.3.2", "10.3.4" },
    soc2 = { "CC7.3" },
    well_architected = { "SEC04-BP01" },
  },
  remediation = "cloudtrail-enable-log-validation",
  check = function(trail)
    if trail.LogFileValidationEnabled then return pass() end
    return fail("log file validation is off")
  end,
}
