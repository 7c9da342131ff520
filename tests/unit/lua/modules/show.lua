-- Before the examples of the documentation: what an expression gives, as text, and what differs from what is said.
local faults = {}

local function show(v)
  if type(v) == "string" then return '"' .. v .. '"' end
  if type(v) ~= "table" then return tostring(v) end
  local parts = {}
  if #v > 0 then
    for i = 1, #v do parts[i] = show(v[i]) end
  else
    for key, value in pairs(v) do parts[#parts + 1] = tostring(key) .. " = " .. show(value) end
  end
  if #parts == 0 then return "{}" end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local function same(line, wanted, f)
  local results = { pcall(f) }
  local text
  if not results[1] then
    text = "error: " .. tostring(results[2])
  else
    local parts = { show(results[2]) }
    for i = 3, 8 do
      if results[i] ~= nil then parts[#parts + 1] = show(results[i]) end
    end
    text = table.concat(parts, ", ")
  end
  if text ~= wanted then faults[#faults + 1] = fail { subkey = tostring(line), message = ("line %d: %s, not %s"):format(line, text, wanted) } end
end

local function result()
  if #faults == 0 then return pass() end
  return faults
end
