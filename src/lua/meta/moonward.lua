---@meta
-- luacheck: no global, no unused args, no max line length
-- luacheck: ignore 241
-- What rules, their tests and remediations see. Written by `moonward types`; the reference is docs/reference/lua-api.md.

---A part of a document, with AWS's own member names. Reading a value that could not be fetched ends the evaluation as `unknown`.
---@class moonward.Object
local Object = {}

---A value by its path in one step; nil as soon as a step is missing.
---@param path string `"State.Name"`
---@return any
function Object:path(path) end

---JMESPath over this part; plain Lua values come out.
---@param expression string
---@return any
function Object:search(expression) end

---A list of a document.
---@class moonward.List : moonward.Object
local List = {}

---The first element whose field has the value (or one of a list of values); without a value: whose field is there and not false.
---@param field string a member, or a dotted path
---@param value? any
---@return any
function List:find(field, value) end

---Has an element the value in its field?
---@param field string
---@param value? any
---@return boolean
function List:any(field, value) end

---Have all elements the value in their field?
---@param field string
---@param value? any
---@return boolean
function List:all(field, value) end

---How many elements have the value in their field?
---@param field string
---@param value? any
---@return integer
function List:count(field, value) end

---`for x in list:each(field, value) do`: the elements whose field has the value; all of them without a field.
---@param field? string
---@param value? any
---@return fun(): any
function List:each(field, value) end

---Has a list of plain values this one?
---@param value any
---@return boolean
function List:has(value) end

---The tags of a resource.
---@class moonward.Tags
---@field [string] string?
local Tags = {}

---Is there the tag `"Key"`, or the tag and value `"Key=Value"`?
---@param tag string?
---@return boolean
function Tags:has(tag) end

---The value of a tag.
---@param key string
---@return string?
function Tags:get(key) end

---Moonward's envelope around AWS's data.
---What CloudWatch has of a metric in the window that the resource type names.
---@class moonward.Metric : moonward.Object
---@field Sum number
---@field Average number? nil without a point
---@field Maximum number?
---@field Minimum number?
---@field Datapoints integer

---@class moonward.Metric.Items : moonward.List
---@field [integer] moonward.Metric

---@class moonward.Resource : moonward.Object
---@field id string
---@field arn string?
---@field name string?
---@field type string
---@field account string
---@field region string
---@field partition string
---@field created string? RFC 3339
---@field tags moonward.Tags
---@field doc any AWS's data alone, where a member is named like one of the envelope's

---@class moonward.Verdict

---@class moonward.VerdictTable
---@field message? string
---@field subkey? string what tells several verdicts of one resource apart: at most 256 bytes

---@class moonward.Inventory
local Inventory = {}

---A resource of the same account by id or ARN, or nil.
---@param type string one of the rule's `related`
---@param id string?
---@return any
function Inventory:get(type, id) end

---Resources of the same account; when both types are regional, of the same region unless `region = "*"`.
---@param type string one of the rule's `related`
---@param filter? table<string, any> `{ ["State.Name"] = "running" }`
---@return moonward.List
function Inventory:each(type, filter) end

---The resources of a type whose documents name the resource by its id or ARN.
---@param resource moonward.Resource
---@param type string one of the rule's `related`
---@return moonward.List
function Inventory:refs(resource, type) end

---@class moonward.Context
---@field params table<string, any> effective parameters
---@field now integer Unix seconds of the snapshot
---@field account string of the resource
---@field region string of the resource
---@field inventory moonward.Inventory other resources of the snapshot
---@field log fun(format: string, ...: any) a line for the log

---@class moonward.Rule
---@field id string lower-case letters, digits, dashes; the file is `<id>.lua`
---@field title string
---@field severity "critical"|"high"|"medium"|"low"|"info"
---@field resource string the type that is judged: `"AWS::S3::Bucket"`
---@field check fun(resource: any, ctx: moonward.Context): moonward.Verdict|moonward.Verdict[]
---@field pillar? "security"|"reliability"|"performance"|"cost"|"operations"|"sustainability"
---@field needs? string[] facets that are read
---@field related? string[] other types that `ctx.inventory` is asked for
---@field params? table<string, any> parameters with their defaults
---@field applies? table<string, any> values by path; no match is `not_applicable`
---@field controls? table<string, string[]>
---@field remediation? string id of the remediation

---A rule file ends with `return rule { … }`.
---@param t moonward.Rule
---@return moonward.Rule
function rule(t) end

---@param format? string|moonward.VerdictTable
---@param ... any
---@return moonward.Verdict
function pass(format, ...) end

---@param format? string|moonward.VerdictTable
---@param ... any
---@return moonward.Verdict
function fail(format, ...) end

---@param format? string|moonward.VerdictTable
---@param ... any
---@return moonward.Verdict
function not_applicable(format, ...) end

---In a rule: the verdict. In a test: a value that could not be fetched, `unknown("s3:GetBucketPolicy", "AccessDenied")`.
---@param format? string|moonward.VerdictTable
---@param ... any
---@return any
function unknown(format, ...) end

---@class moonward.Cause
---@field operation string?
---@field code string?
---@field message string?

---Call a function; when it read something unknown: nil and the cause.
---@generic T
---@param f fun(): T
---@return T?
---@return moonward.Cause?
function try(f) end

---@class moonward.Arn
---@field partition string
---@field service string
---@field region string
---@field account string
---@field resource string

---The parts of an ARN, or nil when the text is none.
---@param text string?
---@return moonward.Arn?
function arn(text) end

---The text without blanks at its ends.
---@param s string
---@return string
function string.trim(s) end

---The parts between separators.
---@param s string
---@param separator string
---@return string[]
function string.split(s, separator) end
