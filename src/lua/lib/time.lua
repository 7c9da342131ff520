--- Instants and ages. AWS's times are ISO 8601 texts in documents; `ctx.now` is Unix seconds.
local time = {}

local function days_from_civil(y, m, d)
  if m <= 2 then y = y - 1 end
  local era = y // 400
  local year_of_era = y - era * 400
  local day_of_year = (153 * (m > 2 and m - 3 or m + 9) + 2) // 5 + d - 1
  return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468
end

--- Unix seconds of an ISO 8601 text (`2024-01-02T03:04:05Z`, offset or fraction allowed, date alone too) or of a
-- number; nil when it is no time (`N/A`, `no_information`).
function time.parse(value)
  if type(value) == "number" then return value end
  if type(value) ~= "string" then return nil end
  local y, m, d, rest = value:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$")
  if not y then return nil end
  local seconds = days_from_civil(tonumber(y), tonumber(m), tonumber(d)) * 86400
  if rest == "" then return seconds end
  local hour, minute, second, zone = rest:match("^[T ](%d%d):(%d%d):(%d%d)%.?%d*(.*)$")
  if not hour then return nil end
  seconds = seconds + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second)
  if zone == "" or zone == "Z" then return seconds end
  local sign, zone_hours, zone_minutes = zone:match("^([+-])(%d%d):?(%d%d)$")
  if not sign then return nil end
  local offset = tonumber(zone_hours) * 3600 + tonumber(zone_minutes) * 60
  return sign == "+" and seconds - offset or seconds + offset
end

--- Whole days from an instant to `now` (Unix seconds); negative in the future; nil when it is no time.
function time.age_days(value, now)
  local at = time.parse(value)
  return at and (now - at) // 86400
end

return time
