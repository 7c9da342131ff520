--- Active access keys that nobody used for a while.
-- A key that nobody uses is a key that nobody misses when it is stolen.
-- Arguments: days without use (default 90).
-- @scope account
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
local time = require "time"
local limit = tonumber(args[1] or 90)

columns { "user", "key", "age_days", "idle_days", "last_service", "last_region" }

for user in aws.items("iam:ListUsers") do
  for key in aws.items("iam:ListAccessKeys", { UserName = user.UserName }) do
    if key.Status == "Active" then
      local used = aws.call("iam:GetAccessKeyLastUsed", { AccessKeyId = key.AccessKeyId }).AccessKeyLastUsed
      local age = time.age_days(key.CreateDate, aws.now)
      local idle = used and time.age_days(used.LastUsedDate, aws.now)
      if (idle or age) >= limit then
        emit {
          user = user.UserName, key = key.AccessKeyId, age_days = age, idle_days = idle or "never used",
          last_service = idle and used.ServiceName, last_region = idle and used.Region,
        }
      end
    end
  end
end
