---@meta
-- luacheck: no global, no unused args, no max line length
-- luacheck: ignore 241
-- What audits see beside plain Lua. Written by `moonward types`; the reference is docs/reference/audits.md.

---@class moonward.Failure
---@field operation string
---@field code string AWS's, `refused`, or the name of a failure of Moonward's own
---@field message string
---@field where string

---@class moonward.PageOptions
---@field max_pages? integer

---@class moonward.Aws
---@field account string
---@field region string
---@field partition string
---@field first boolean the first region of an account: the place for questions to global services
---@field now integer Unix seconds; of the recording in a replay
---@field [string] fun(operation: string, params?: table): any
aws = {}

---One request; its answer, or an error.
---@param operation moonward.ReadOperation|string
---@param params? table
---@return any
function aws.call(operation, params) end

---One request; its answer, or nil and the failure.
---@param operation moonward.ReadOperation|string
---@param params? table
---@return any
---@return moonward.Failure?
function aws.try(operation, params) end

---`for page in aws.pages(…)`: every page.
---@param operation moonward.ReadOperation|string
---@param params? table
---@param options? moonward.PageOptions
---@return fun(): any
function aws.pages(operation, params, options) end

---`for item in aws.items(…)`: the elements of the list that the operation pages over.
---@param operation moonward.ReadOperation|string
---@param params? table
---@param options? moonward.PageOptions
---@return fun(): any
function aws.items(operation, params, options) end

---Resources of the snapshot of `--snapshot`, in the account and region at hand; of every type. Without one: an error that says so.
---@type moonward.Inventory
inventory = {}

---The ARGS of the command line.
---@type string[]
args = {}

---One row.
---@param row table<string, any>
function emit(row) end

---The order of columns.
---@param names string[]
function columns(names) end

---A line on stderr.
---@param ... any
function print(...) end

---A document from JSON text, or nil and why not.
---@param text string
---@return any
---@return string?
function json(text) end
