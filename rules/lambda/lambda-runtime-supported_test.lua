local function fn(change)
  local f = { FunctionName = "f", FunctionArn = "arn:aws:lambda:us-east-1:111122223333:function:f", PackageType = "Zip", Runtime = "python3.12" }
  for k, v in pairs(change or {}) do f[k] = v end
  return f
end

local now = "2026-01-02T00:00:00Z"
return {
  { name = "supported", expect = "pass", now = now, resource = fn() },
  { name = "ended", expect = "fail", message = "ended on 2023-12-04", now = now, resource = fn { Runtime = "nodejs14.x" } },
  { name = "ends soon", expect = "fail", message = "ends on 2026-04-30", now = "2026-03-15T00:00:00Z", resource = fn { Runtime = "nodejs20.x" } },
  { name = "ends later", expect = "pass", now = now, resource = fn { Runtime = "nodejs20.x" } },
  { name = "unheard of", expect = "unknown", message = "python3.99", now = now, resource = fn { Runtime = "python3.99" } },
  { name = "image", expect = "not_applicable", now = now, resource = { FunctionName = "f", PackageType = "Image" } },
}
