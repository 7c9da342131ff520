--- Secrets in text: keys and tokens of a documented form, private keys, and values under names that tell.
-- What comes back never holds the secret: kinds, positions, and a masked form for messages.
local secrets = {}

--- The secrets of a text: a list of `{ kind, from, to, line, masked }` in its order, at most 100. `from` and `to` are byte
-- positions. nil gives an empty list.
function secrets.find(text)
  if text == nil then return {} end
  return native.secrets(text)
end

--- The secret in a named value (an environment variable, a parameter), or nil: one of a known form in the value, else what
-- the name says (`DB_PASSWORD`, `API_TOKEN`). References (ARNs, `{{resolve:…}}`, `${…}`, parameter paths) are none.
function secrets.in_value(name, value)
  if type(value) ~= "string" then return nil end
  return native.secrets(value)[1] or native.secret(name, value)
end

--- The names of a table whose values are secrets: a sorted list of `{ name, kind, masked }`. nil gives an empty list.
function secrets.in_table(values)
  local out = {}
  for name, value in pairs(values or {}) do
    local found = secrets.in_value(name, value)
    if found then out[#out + 1] = { name = name, kind = found.kind, masked = found.masked } end
  end
  return out
end

--- User data as text: base64 decoded. nil and why when it is not base64, or when it is compressed, which cannot be
-- searched: a rule must say unknown then.
function secrets.decode(text)
  local plain = native.base64(text)
  if not plain then return nil, "not base64" end
  if plain:sub(1, 2) == "\x1f\x8b" then return nil, "compressed with gzip" end
  return plain
end

--- One line for a message: "aws_access_key_id in line 3 (AKIA***)".
function secrets.describe(found)
  local where = found.name and " in " .. found.name or found.line and " in line " .. found.line or ""
  return found.kind .. where .. " (" .. found.masked .. ")"
end

return secrets
