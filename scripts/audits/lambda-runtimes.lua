--- Lambda functions by the runtime they are on, and how long it is still supported.
-- Arguments: days ahead (default 180); "all" lists every function.
-- @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
local runtimes, time = require "runtimes", require "time"
local all = args[1] == "all"
local ahead = not all and tonumber(args[1] or 180)

columns { "function", "runtime", "support_ends", "days_left", "modified" }

for f in aws.items("lambda:ListFunctions") do
  if f.Runtime or all then -- container images bring their own
    local ends = f.Runtime and runtimes.lambda_end(f.Runtime)
    local left = ends and (time.parse(ends) - aws.now) // 86400
    if all or (left and left <= ahead) then
      emit { ["function"] = f.FunctionName, runtime = f.Runtime or f.PackageType, support_ends = ends, days_left = left, modified = f.LastModified }
    end
  end
end
