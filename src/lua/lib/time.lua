--- Instants, ages and durations. AWS's times are ISO 8601 texts in documents; `ctx.now` is Unix seconds.
local time = {}

local month_days = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

-- The days of a month; 0 when there is no such month.
local function days_in(year, month)
  if month == 2 and year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0) then return 29 end
  return month_days[month] or 0
end

--- Unix seconds of a text or of a number; nil when it is no time (`N/A`, `no_information`). Texts: ISO 8601
-- (`2024-01-02T03:04:05Z`, offset or fraction allowed, date alone too) and RFC 1123 (`Tue, 02 Jan 2024 03:04:05 GMT`).
-- A text of digits alone is no time: use `tonumber`.
function time.parse(value)
  if type(value) == "number" then return value end
  if type(value) ~= "string" then return nil end
  local year, month, day = value:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)")
  if year then
    if tonumber(day) > days_in(tonumber(year), tonumber(month)) then return nil end
    -- A blank instead of the T, and a time without a zone, which is UTC.
    local text = value:gsub("^(%d%d%d%d%-%d%d%-%d%d) ", "%1T")
    if text:find("^[%d-]+T%d%d:%d%d:%d%d[.%d]*$") then text = text .. "Z" end
    return native.time(text)
  end
  if value:find("^%a%a%a,? ") or value:find("^%a+, ") then return native.time(value) end
  return nil
end

--- Whole days from an instant to `now` (Unix seconds); negative in the future; nil when it is no time.
function time.age_days(value, now)
  local at = time.parse(value)
  return at and (now - at) // 86400
end

--- Seconds from an instant to `now`; negative in the future; nil when it is no time.
function time.age(value, now)
  local at = time.parse(value)
  return at and now - at
end

-- ---- the calendar (UTC) ----

local function days_from_civil(y, m, d)
  if m <= 2 then y = y - 1 end
  local era = y // 400
  local year_of_era = y - era * 400
  local day_of_year = (153 * (m > 2 and m - 3 or m + 9) + 2) // 5 + d - 1
  return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468
end

--- The UTC calendar of an instant: `{ year, month, day, hour, minute, second, weekday }`, weekday 1 = Monday; nil as `parse`.
function time.calendar(value)
  local at = time.parse(value)
  if not at then return nil end
  at = math.floor(at)
  local days, rest = at // 86400, at % 86400
  local z = days + 719468
  local era = z // 146097
  local day_of_era = z - era * 146097
  local year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
  local day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
  local shifted = (5 * day_of_year + 2) // 153
  local month = shifted < 10 and shifted + 3 or shifted - 9
  return {
    year = year_of_era + era * 400 + (month <= 2 and 1 or 0), month = month, day = day_of_year - (153 * shifted + 2) // 5 + 1,
    hour = rest // 3600, minute = rest // 60 % 60, second = rest % 60, weekday = (days + 3) % 7 + 1,
  }
end

--- An instant as `2024-01-02T03:04:05Z`; nil as `parse`.
function time.iso(value)
  local c = time.calendar(value)
  return c and ("%04d-%02d-%02dT%02d:%02d:%02dZ"):format(c.year, c.month, c.day, c.hour, c.minute, c.second)
end

--- The instant `months` calendar months later (earlier when negative), the day kept or the month's last; nil as `parse`.
function time.add_months(value, months)
  local c = time.calendar(value)
  if not c then return nil end
  local count = c.year * 12 + c.month - 1 + months
  local year, month = count // 12, count % 12 + 1
  return days_from_civil(year, month, math.min(c.day, days_in(year, month))) * 86400 + c.hour * 3600 + c.minute * 60 + c.second
end

--- Whole calendar days between the UTC dates of two instants, positive when `b` is later; nil when one is no time.
function time.days_between(a, b)
  local x, y = time.parse(a), time.parse(b)
  return x and y and y // 86400 - x // 86400
end

--- Whole calendar months from `a` to `b`, negative when `b` is earlier; nil when one is no time.
function time.months_between(a, b)
  local x, y = time.parse(a), time.parse(b)
  if not x or not y then return nil end
  if y < x then return -time.months_between(y, x) end
  local c, d = time.calendar(x), time.calendar(y)
  local months = (d.year - c.year) * 12 + d.month - c.month
  return time.add_months(x, months) > y and months - 1 or months
end

-- ---- durations ----

local units = { s = 1, m = 60, h = 3600, d = 86400, w = 604800 }
local names = {
  sec = 1, secs = 1, second = 1, seconds = 1, min = 60, mins = 60, minute = 60, minutes = 60, hour = 3600, hours = 3600,
  day = 86400, days = 86400, week = 604800, weeks = 604800,
}

--- Seconds of a duration: a number, "90d", "1h30m", "2 weeks", ISO 8601 ("PT1H30M", "P7D", "P2W"). Years and months have no
-- fixed length: with them, as for all that is no duration, the result is nil.
function time.duration(value)
  if type(value) == "number" then return value end
  if type(value) ~= "string" then return nil end
  local text, total, any = value:trim():lower(), 0, false
  if text:sub(1, 1) == "p" then
    local date, clock = text:match("^p([%d%.wd]*)t?([%d%.hms]*)$")
    if not date or text:find("t$") or (clock ~= "" and not text:find("t", 1, true)) then return nil end
    text = date .. clock
  end
  local at = 1
  while at <= #text do
    local number, unit, behind = text:match("^%s*(%d+%.?%d*)%s*(%a+)%s*()", at)
    local factor = unit and (units[unit] or names[unit])
    if not factor then return nil end
    total, any, at = total + tonumber(number) * factor, true, behind
  end
  if not any then return nil end
  return math.tointeger(total) or total
end

return time
