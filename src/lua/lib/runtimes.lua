--- Ends of support, as dated data: Lambda runtimes, database, cache, search and streaming engines, Kubernetes; and the
-- generations of instance types. What is not in a table gives nil: a rule must say unknown then, not pass.
-- The date is the one on which AWS ends standard support (for Lambda: security updates and technical support).
-- Where an API tells the date (rds:DescribeDBMajorEngineVersions, eks:DescribeClusterVersions), prefer it.
local time = require("time")
local version = require("version")

local runtimes = {}

--- Where the dates of each table stand, and when they were read there: `{ [table] = { source, read } }`. `read` is false for a
-- table that was put together from announcements and has not been compared with the source.
runtimes.sources = {
  lambda = { source = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html", read = "2026-05" },
  eks = { source = "https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html", read = "2025-12" },
  rds = { source = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html", read = false },
  elasticache = { source = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/extended-support-versions.html", read = false },
  opensearch = { source = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/what-is.html", read = false },
  msk = { source = "https://docs.aws.amazon.com/msk/latest/developerguide/supported-kafka-versions.html", read = "2026-05" },
  instances = { source = "https://aws.amazon.com/ec2/previous-generation/", read = false },
}

local deprecated = {
  ["nodejs"] = "2016-10-31", ["nodejs4.3"] = "2020-03-05", ["nodejs4.3-edge"] = "2019-04-30",
  ["nodejs6.10"] = "2019-08-12", ["nodejs8.10"] = "2020-03-06", ["nodejs10.x"] = "2021-07-30",
  ["nodejs12.x"] = "2023-03-31", ["nodejs14.x"] = "2023-12-04", ["nodejs16.x"] = "2024-06-12",
  ["nodejs18.x"] = "2025-09-01", ["nodejs20.x"] = "2026-04-30", ["nodejs22.x"] = "2027-04-30",
  ["nodejs24.x"] = "2028-04-30",
  ["python2.7"] = "2021-07-15", ["python3.6"] = "2022-07-18", ["python3.7"] = "2023-12-04",
  ["python3.8"] = "2024-10-14", ["python3.9"] = "2025-12-15", ["python3.10"] = "2026-10-31",
  ["python3.11"] = "2027-06-30", ["python3.12"] = "2028-10-31", ["python3.13"] = "2029-06-30",
  ["python3.14"] = "2029-06-30", ["java25"] = "2029-06-30", ["ruby3.4"] = "2028-03-31", ["dotnet10"] = "2028-11-14",
  ["ruby2.5"] = "2021-07-30", ["ruby2.7"] = "2023-12-07", ["ruby3.2"] = "2026-03-31",
  ["ruby3.3"] = "2027-03-31", ["java8"] = "2024-01-08", ["java8.al2"] = "2027-06-30",
  ["java11"] = "2027-06-30", ["java17"] = "2027-06-30", ["java21"] = "2029-06-30",
  ["dotnetcore1.0"] = "2019-06-27", ["dotnetcore2.0"] = "2019-05-30", ["dotnetcore2.1"] = "2022-01-05",
  ["dotnetcore3.1"] = "2023-04-03", ["dotnet5.0"] = "2022-05-10", ["dotnet6"] = "2024-12-20",
  ["dotnet7"] = "2024-05-14", ["dotnet8"] = "2026-11-10", ["go1.x"] = "2024-01-08",
  ["provided"] = "2024-01-08", ["provided.al2"] = "2026-07-31", ["provided.al2023"] = "2029-06-30",
}

--- ISO date on which support of a Lambda runtime ends; nil when it is not in the table.
function runtimes.lambda_end(runtime)
  return deprecated[runtime]
end

-- { end of standard support, end of extended support }
local eks = {
  ["1.23"] = { "2023-10-11", "2024-10-11" }, ["1.24"] = { "2024-01-31", "2025-01-31" }, ["1.25"] = { "2024-05-01", "2025-05-01" },
  ["1.26"] = { "2024-06-11", "2025-06-11" }, ["1.27"] = { "2024-07-24", "2025-07-24" }, ["1.28"] = { "2024-11-26", "2025-11-26" },
  ["1.29"] = { "2025-03-23", "2026-03-23" }, ["1.30"] = { "2025-07-23", "2026-07-23" }, ["1.31"] = { "2025-11-26", "2026-11-26" },
  ["1.32"] = { "2026-03-23", "2027-03-23" }, ["1.33"] = { "2026-07-29", "2027-07-29" }, ["1.34"] = { "2026-12-02", "2027-12-02" },
}

local postgres = {
  ["11"] = "2024-02-29", ["12"] = "2025-02-28", ["13"] = "2026-02-28", ["14"] = "2027-02-28", ["15"] = "2028-02-29",
  ["16"] = "2029-02-28", ["17"] = "2030-02-28",
}

local engines = {
  mysql = { ["5.7"] = "2024-02-29", ["8.0"] = "2026-07-31", ["8.4"] = "2029-07-31" },
  mariadb = { ["10.6"] = "2026-08-31", ["10.11"] = "2028-02-29", ["11.4"] = "2029-05-31", ["11.8"] = "2030-06-30" },
  postgres = postgres, ["aurora-postgresql"] = postgres,
  ["aurora-mysql"] = { ["1"] = "2023-02-28", ["2"] = "2024-10-31", ["3"] = "2028-04-30" },
  redis = { ["2"] = "2023-01-13", ["3"] = "2023-07-31", ["4"] = "2026-01-31", ["5"] = "2026-01-31", ["6"] = "2027-01-31" },
  elasticsearch = {
    ["1.5"] = "2025-11-07", ["2.3"] = "2025-11-07", ["5.1"] = "2025-11-07", ["5.3"] = "2025-11-07", ["5.5"] = "2025-11-07",
    ["6.0"] = "2025-11-07", ["6.2"] = "2025-11-07", ["6.3"] = "2025-11-07", ["6.4"] = "2025-11-07", ["6.5"] = "2025-11-07",
    ["6.7"] = "2025-11-07", ["7.1"] = "2025-11-07", ["7.4"] = "2025-11-07", ["7.7"] = "2025-11-07", ["7.8"] = "2025-11-07",
    ["7.9"] = "2027-11-07", ["7.10"] = "2027-11-07",
  },
  opensearch = {
    ["1.0"] = "2025-11-07", ["1.1"] = "2025-11-07", ["1.2"] = "2025-11-07", ["2.3"] = "2025-11-07", ["2.5"] = "2025-11-07",
    ["2.7"] = "2025-11-07", ["2.9"] = "2025-11-07",
  },
  kafka = {
    ["1.1"] = "2024-06-05", ["2.1"] = "2024-06-05", ["2.2"] = "2024-06-08", ["2.3"] = "2024-06-08", ["2.4"] = "2024-06-08",
    ["2.5"] = "2024-06-08", ["2.6"] = "2024-09-11", ["2.7"] = "2024-09-11", ["2.8"] = "2024-09-11", ["3.1"] = "2024-09-11",
    ["3.2"] = "2024-09-11", ["3.3"] = "2024-09-11", ["3.4"] = "2025-08-04", ["3.5"] = "2025-10-23", ["3.6"] = "2026-06-01",
    ["3.7"] = "2026-09-01",
  },
}
engines["aurora"] = engines["aurora-mysql"]
engines["aurora-postgres"] = postgres
engines["msk"] = engines.kafka

--- ISO dates on which standard and extended support of a Kubernetes version on EKS end; nil when it is not in the table.
function runtimes.eks_end(text)
  local dates = eks[version.major(text, 2) or ""]
  if not dates then return nil end
  return dates[1], dates[2]
end

--- ISO date on which standard support of an engine's version ends; nil when it is not in the table. `engine` as AWS names
-- it ("mysql", "postgres", "aurora-mysql", "aurora-postgresql", "mariadb", "redis", "elasticsearch", "kafka"); it may be left
-- out of forms that name it themselves ("8.0.mysql_aurora.3.04.0", "Elasticsearch_7.10").
function runtimes.engine_end(engine, text)
  local v = version.parse(text)
  if not v then return nil end
  local known = engines[(v.engine or engine or ""):lower()]
  if not known then return nil end
  if known == engines.kafka and text:find("tiered") then return "2025-01-14" end
  return known[version.major(v.core, 2)] or known[version.major(v.core, 1)]
end

--- Has support of a runtime or engine ended at `now`, given the date of its end? nil when the date is nil: unknown.
function runtimes.ended(date, now)
  if date == nil then return nil end
  local at = time.parse(date)
  return at ~= nil and at <= now
end

local previous = {}
for _, family in ipairs { "t1", "m1", "m2", "m3", "c1", "cc1", "cc2", "c3", "cg1", "g2", "cr1", "r3", "i2", "hs1", "hi1", "a1" } do
  previous[family] = true
end

--- What an instance type's name says: `{ family, series, generation, graviton, size, previous }`, or nil. "db.", "cache.",
-- "ml." and ".search" around it are ignored. `previous` tells whether AWS lists the family as previous generation.
function runtimes.instance(name)
  local text = name:lower():gsub("^db%.", ""):gsub("^cache%.", ""):gsub("^ml%.", ""):gsub("%.search$", ""):gsub("%.elasticsearch$", "")
  local family, size = text:match("^([%a]+%-?%d+[%a%d%-]*)%.([%w%-]+)$")
  if not family then return nil end
  local series, generation, attributes = family:match("^(%a+)%-?(%d+)(.*)$")
  return {
    family = family, series = series, generation = tonumber(generation), size = size, previous = previous[family] == true,
    graviton = family == "a1" or attributes:sub(1, 1) == "g",
  }
end

return runtimes
