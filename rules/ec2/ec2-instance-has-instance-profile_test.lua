return {
  { name = "profile", expect = "pass", resource = { InstanceId = "i-1", State = { Name = "running" },
      IamInstanceProfile = { Arn = "arn:aws:iam::111122223333:instance-profile/app" } } },
  { name = "none", expect = "fail", message = "no instance profile", resource = { InstanceId = "i-1", State = { Name = "running" } } },
  { name = "stopped", expect = "not_applicable", resource = { InstanceId = "i-1", State = { Name = "stopped" } } },
}
