-- Texts with and without secrets. Samples are put together here, so that scanners of repositories stay quiet.
local secrets = require("secrets")
local function kinds(text)
  local out = {}
  for i, s in ipairs(secrets.find(text)) do out[i] = s.kind end
  return table.concat(out, " ")
end
kinds("AKIA" .. "IOSFODNN7EXAMPLE")  --> "aws_access_key_id"
kinds("ASIA" .. "IOSFODNN7EXAMPLE")  --> "aws_access_key_id"
kinds("ghp_" .. ("a1B2"):rep(9))  --> "github_token"
kinds("github_pat_" .. ("a1B2"):rep(20) .. "ab")  --> "github_token"
kinds("glpat-" .. ("a1B2"):rep(5))  --> "gitlab_token"
kinds("xoxb-" .. ("12345-"):rep(5))  --> "slack_token"
kinds("https://hooks.slack.com/services/" .. "T00000000/B00000000/abcdefghijklmnop1234")  --> "slack_webhook"
kinds("sk_live_" .. ("a1B2"):rep(6))  --> "stripe_key"
kinds("AIza" .. ("a1B2c"):rep(7))  --> "google_api_key"
kinds("SG." .. ("a1"):rep(11) .. "." .. ("b2"):rep(21) .. "c")  --> "sendgrid_key"
kinds("npm_" .. ("a1B2"):rep(9))  --> "npm_token"
kinds("dop_v1_" .. ("a1b2"):rep(16))  --> "digitalocean_token"
kinds("hvs." .. ("a1B2"):rep(6))  --> "vault_token"
kinds("sk-ant-" .. ("a1B2"):rep(12))  --> "anthropic_key"
kinds("eyJhbGciOiJIUzI1NiJ9." .. "eyJzdWIiOiIxMjM0In0." .. "c2lnbmF0dXJlLXRleHQ")  --> "jwt"
kinds("-----BEGIN RSA " .. "PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----")  --> "private_key"
kinds("-----BEGIN OPENSSH " .. "PRIVATE KEY-----")  --> "private_key"
kinds("DB_PASSWORD=" .. "hunter2hunter2")  --> "password"
kinds("  password: \"" .. "s3cr3t!!" .. "\"")  --> "password"
kinds("aws_secret_access_key = " .. ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))  --> "aws_secret_access_key"
kinds("api_key='" .. "9f8e7d6c5b4a39281706f5e4d3c2b1a0" .. "'")  --> "high_entropy"
kinds("postgres://app:" .. "hunter2x@db.example.com/app")  --> "url_password"
kinds("password=${DB_PASSWORD}")  --> ""
kinds("password: {{resolve:secretsmanager:x}}")  --> ""
kinds("PASSWORD=********")  --> ""
kinds("password = changeme")  --> ""
kinds("token=arn:aws:secretsmanager:eu-west-1:1:secret:x")  --> ""
kinds("-----BEGIN PUBLIC KEY-----")  --> ""
kinds("AKIA")  --> ""
kinds("XAKIAIOSFODNN7EXAMPLE")  --> ""
kinds("max_tokens=4096000000000000")  --> ""
kinds("secret_name=prod/database/password1")  --> ""
kinds("the secret is out: nothing here")  --> ""
kinds("https://example.com/path?x=1")  --> ""
kinds("api_key=my-development-key")  --> ""
kinds("#!/bin/bash\nyum install -y httpd")  --> ""
kinds("token=$TOKEN")  --> ""
kinds("db_password=/app/prod/password")  --> ""
local text = "a\nkey = AKIA" .. "IOSFODNN7EXAMPLE\nDB_PASSWORD=" .. "hunter2hunter2\n"
secrets.find(text)  --> { { from = 9, kind = "aws_access_key_id", line = 2, masked = "AKIA***", to = 28 }, { from = 42, kind = "password", line = 3, masked = "***", to = 55 } }
secrets.describe(secrets.find(text)[1])  --> "aws_access_key_id in line 2 (AKIA***)"
secrets.find(nil)  --> {}
secrets.in_value("DB_PASSWORD", "hunter2hunter2").kind  --> "password"
secrets.in_value("COLOR", "hunter2hunter2")  --> nil
secrets.in_value("COLOR", "AKIA" .. "IOSFODNN7EXAMPLE").kind  --> "aws_access_key_id"
secrets.in_value("DB_PASSWORD", "arn:aws:ssm:eu-west-1:1:parameter/p")  --> nil
secrets.in_value("API_TOKEN", "9f8e7d6c5b4a39281706f5e4d3c2b1a0").kind  --> "high_entropy"
secrets.in_value("API_TOKEN", 5)  --> nil
secrets.in_table({ A = "x", DB_PASSWORD = "hunter2hunter2", STAGE = "prod" })  --> { { kind = "password", masked = "***", name = "DB_PASSWORD" } }
secrets.decode("aGVsbG8=")  --> "hello"
secrets.decode("!")  --> nil, "not base64"
secrets.decode("H4sIAAAA")  --> nil, "compressed with gzip"
#secrets.find(("password=hunter2hunter2\n"):rep(300))  --> 100
kinds("aws configure set aws_secret_access_key " .. ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))  --> "aws_secret_access_key"
kinds("mysqladmin --password " .. "hunter2hunter2 status")  --> "password"
kinds("docker login --password-stdin registry.example.com")  --> ""
kinds("aws secretsmanager get-secret-value --secret-id prod/db1/password99")  --> ""
kinds("the password must be changed")  --> ""
kinds('{\\"db_password\\":\\"' .. "hunter2hunter2" .. '\\"}')  --> "password"
kinds("AccountKey=" .. "q8Zt1+Xr7Lk2Pw9VbN4mGh5Js0DcYf3A==")  --> "high_entropy"
