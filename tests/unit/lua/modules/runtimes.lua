-- Dated data: ends of support, generations.
local runtimes = require("runtimes")
runtimes.lambda_end("python3.9")  --> "2025-12-15"
runtimes.lambda_end("cobol85")  --> nil
runtimes.eks_end("1.29")  --> "2025-03-23", "2026-03-23"
runtimes.eks_end("1.29.4")  --> "2025-03-23", "2026-03-23"
runtimes.eks_end("2.0")  --> nil
runtimes.engine_end("mysql", "8.0.35")  --> "2026-07-31"
runtimes.engine_end("postgres", "13.14")  --> "2026-02-28"
runtimes.engine_end("postgres", "99.1")  --> nil
runtimes.engine_end("aurora-mysql", "8.0.mysql_aurora.3.04.0")  --> "2028-04-30"
runtimes.engine_end("aurora-mysql", "5.7.mysql_aurora.2.11.2")  --> "2024-10-31"
runtimes.engine_end("aurora-postgresql", "16.4")  --> "2029-02-28"
runtimes.engine_end("mariadb", "10.11.6")  --> "2028-02-29"
runtimes.engine_end("oracle-ee", "19.0")  --> nil
runtimes.engine_end(nil, "Elasticsearch_7.10")  --> "2027-11-07"
runtimes.engine_end("redis", "5.0.6")  --> "2026-01-31"
runtimes.engine_end("kafka", "2.8.2.tiered")  --> "2025-01-14"
runtimes.engine_end("kafka", "3.5.1")  --> "2025-10-23"
runtimes.engine_end("mysql", "latest")  --> nil
runtimes.ended("2026-01-01", 1767225600)  --> true
runtimes.ended("2026-01-02", 1767225600)  --> false
runtimes.ended(nil, 1767225600)  --> nil
runtimes.instance("m7g.large")  --> { family = "m7g", generation = 7, graviton = true, previous = false, series = "m", size = "large" }
runtimes.instance("db.r3.2xlarge").previous  --> true
runtimes.instance("t4g.micro").graviton  --> true
runtimes.instance("g5.xlarge").graviton  --> false
runtimes.instance("m5.metal").size  --> "metal"
runtimes.instance("u-6tb1.metal").series  --> "u"
runtimes.instance("r6g.large.search").family  --> "r6g"
runtimes.instance("x2gd.medium").graviton  --> true
runtimes.instance("large")  --> nil
runtimes.sources.eks.read  --> "2025-12"
runtimes.engine_end(nil, "OpenSearch_2.9")  --> "2025-11-07"
runtimes.engine_end(nil, "OpenSearch_2.19")  --> nil
