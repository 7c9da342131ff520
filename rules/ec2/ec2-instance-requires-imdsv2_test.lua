local function instance(options, state)
  return { InstanceId = "i-0123456789abcdef0", State = { Name = state or "running" }, MetadataOptions = options }
end
return {
  { name = "required", expect = "pass", resource = instance { HttpEndpoint = "enabled", HttpTokens = "required" } },
  { name = "optional", expect = "fail", message = "HttpTokens is optional", resource = instance { HttpEndpoint = "enabled", HttpTokens = "optional" } },
  { name = "no endpoint", expect = "pass", resource = instance { HttpEndpoint = "disabled", HttpTokens = "optional" } },
  { name = "stopped counts", expect = "fail", resource = instance({ HttpEndpoint = "enabled", HttpTokens = "optional" }, "stopped") },
  { name = "terminated", expect = "not_applicable", resource = instance({ HttpEndpoint = "enabled", HttpTokens = "optional" }, "terminated") },
  { name = "options missing", expect = "unknown", resource = instance(nil) },
}
