-- Versions of engines and programs.
local version = require("version")
version.compare("1.2", "1.2.0")  --> 0
version.compare("1.10", "1.9")  --> 1
version.compare("1.9", "1.10")  --> -1
version.compare("8.0.35", "8.0.4")  --> 1
version.compare("v1.29", "1.28")  --> 1
version.compare("1.0.0-rc1", "1.0.0")  --> -1
version.compare("1.0.0-rc2", "1.0.0-rc10")  --> -1
version.compare("1.0.0-alpha", "1.0.0-beta")  --> -1
version.compare("1.0.0+build5", "1.0.0")  --> 0
version.compare("15.4-R2", "15.4")  --> 1
version.compare("5.6.10a", "5.6.10")  --> 1
version.compare("3.7.x", "3.7.1")  --> 1
version.compare("8.0.mysql_aurora.3.04.0", "8.0.mysql_aurora.3.03.1")  --> 1
version.compare("8.0.mysql_aurora.3.04.0", "3.4.0")  --> 0
version.compare("OpenSearch_2.11", "2.9")  --> 1
version.compare("latest", "1.0")  --> nil
version.compare("1.0", nil)  --> nil
version.parse("8.0.mysql_aurora.3.04.0").engine  --> "aurora-mysql"
version.parse("8.0.mysql_aurora.3.04.0").compatible  --> "8.0"
version.parse("8.0.mysql_aurora.3.04.0").core  --> "3.04.0"
version.parse("Elasticsearch_7.10").engine  --> "elasticsearch"
version.parse("v1.31.3-eks-a1b2").core  --> "1.31.3"
version.parse("v1.31.3-eks-a1b2").earlier  --> false
version.parse(16.4).core  --> "16.4"
version.parse("none")  --> nil
version.older("1.28", "1.29")  --> true
version.at_least("1.29", "1.29")  --> true
version.at_least("x", "1")  --> nil
version.major("8.0.35", 2)  --> "8.0"
version.major("8.0.35")  --> "8"
version.major("1.29-eks-5", 2)  --> "1.29"
version.major("x")  --> nil
version.satisfies("1.5", ">=1.2, <2")  --> true
version.satisfies("2.0", ">=1.2, <2")  --> false
version.satisfies("1.2.9", "~1.2.3")  --> true
version.satisfies("1.3.0", "~1.2.3")  --> false
version.satisfies("1.9.0", "^1.2.3")  --> true
version.satisfies("2.0.0", "^1.2.3")  --> false
version.satisfies("0.3.0", "^0.2.3")  --> false
version.satisfies("1.2.7", "1.2.x")  --> true
version.satisfies("1.3", "1.2.x")  --> false
version.satisfies("3.1", "<2 || >= 3")  --> true
version.satisfies("2.1", "<2 || >=3")  --> false
version.satisfies("2.1", "!=2.1")  --> false
version.satisfies("x", ">1")  --> nil
