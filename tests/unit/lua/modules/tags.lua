-- Tags of a resource and of plain tables.
local tags = require("tags")
local t = { Env = "prod", Owner = "", ["cost-center"] = "42" }
tags.get(t, "Env")  --> "prod"
tags.get(t, "env")  --> nil
tags.get(t, "env", true)  --> "prod"
tags.get(nil, "Env")  --> nil
tags.get(r.tags, "Env")  --> "prod"
tags.get(r.tags, "env", true)  --> "prod"
tags.missing(t, { "Env", "Owner", "CostCenter" })  --> { "Owner", "CostCenter" }
tags.missing(r.tags, { "Env", "Owner", "CostCenter" })  --> { "CostCenter" }
tags.missing(nil, { "Env" })  --> { "Env" }
tags.missing(t, { "ENV" }, true)  --> {}
tags.variants(t, "CostCenter")  --> { "cost-center" }
tags.variants(r.tags, "cost_center")  --> { "cost-center" }
tags.variants(t, "Env")  --> {}
tags.matches(t, "Env")  --> true
tags.matches(t, "!Env")  --> false
tags.matches(t, "Env=prod")  --> true
tags.matches(t, "Env = test|prod")  --> true
tags.matches(t, "Env!=prod")  --> false
tags.matches(t, "Team!=x")  --> true
tags.matches(t, "Env~pr*")  --> true
tags.matches(t, "Env!~pr*")  --> false
tags.matches(t, "Env=prod, cost-center=42")  --> true
tags.matches(t, "Env=prod, Team")  --> false
tags.matches(t, "")  --> false
tags.matches(t, nil)  --> false
tags.matches(nil, "!Env")  --> true
tags.matches(r.tags, "Env=prod,Owner=ops")  --> true
tags.allowed(t, "Env", { "dev", "pr?d" })  --> true
tags.allowed(t, "Env", { "PROD" })  --> false
tags.allowed(t, "Env", { "PROD" }, true)  --> true
tags.allowed(t, "Team", { "*" })  --> false
tags.from_list({ { Key = "a", Value = "1" }, { key = "b", value = "2" }, { TagKey = "c" } })  --> { a = "1", b = "2", c = "" }
tags.from_list(nil)  --> {}
