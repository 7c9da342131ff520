#!/usr/bin/env python3
"""Answers with status 200 that are no answers: what they should have told is unknown, with a cause, and never an empty list.

  test_answers.py MOONWARD

Pages without an end come from a server of our own.

Each row spoils every answer of one operation in the demo recording: errors that came as 200, empty bodies, another operation's document, pages that
are cut off or go in circles. The scopes of that operation must not be complete, every rule on their type has its unknown finding, the exit status is
2, and nothing passes that did not pass before.
"""
import http.server, json, os, sys, tempfile, threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402

JSON_ERROR = '{"__type":"a.b#AccessDeniedException","Message":"not authorized"}'
EC2_ERROR = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors><RequestID>r</RequestID></Response>"
XML_ERROR = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
KEYS, GROUPS, FUNCTIONS, USERS, BUCKETS = "AWS::KMS::Key", "AWS::EC2::SecurityGroup", "AWS::Lambda::Function", "AWS::IAM::User", "AWS::S3::Bucket"
ROWS = (  # operation, body, headers, type, facet, code of the cause
    ("ListKeys", JSON_ERROR, {}, KEYS, None, "AccessDeniedException"),
    ("ListKeys", "", {}, KEYS, None, "MalformedAnswer"),
    ("ListKeys", '{"TableNames":["a"]}', {}, KEYS, None, "MalformedAnswer"),
    ("ListKeys", '{"Keys":[],"Truncated":true}', {}, KEYS, None, "MalformedAnswer"),
    ("ListFunctions", '{"Message":"no"}', {"x-amzn-errortype": "AccessDeniedException"}, FUNCTIONS, None, "AccessDeniedException"),
    ("ListFunctions", '{"message":"Forbidden"}', {}, FUNCTIONS, None, "MalformedAnswer"),
    ("ListFunctions", "", {}, FUNCTIONS, None, "MalformedAnswer"),
    ("DescribeSecurityGroups", EC2_ERROR, {}, GROUPS, None, "UnauthorizedOperation"),
    ("DescribeSecurityGroups", "<DescribeVolumesResponse><requestId>r</requestId><volumeSet/></DescribeVolumesResponse>", {}, GROUPS, None, "MalformedAnswer"),
    ("DescribeSecurityGroups", "", {}, GROUPS, None, "MalformedAnswer"),
    ("GetAccountAuthorizationDetails", XML_ERROR, {}, USERS, None, "AccessDenied"),
    ("ListBuckets", "<Error><Code>AccessDenied</Code><Message>no</Message></Error>", {}, BUCKETS, None, "AccessDenied"),
    ("GetBucketVersioning", "", {}, BUCKETS, "Versioning", "MalformedAnswer"),
)
FAULTS = []


def expect(name, got, want):
    if got != want:
        FAULTS.append("%s: %s, expected %s" % (name, got, want))


RULE = """--- Reads the log groups.
return rule {
  id = "log-group-seen", title = "Seen", severity = "low", pillar = "operations", resource = "AWS::Logs::LogGroup",
  check = function(r) return pass() end,
}
"""


class Endless(http.server.BaseHTTPRequestHandler):
    """STS, and log groups whose page tokens never end and never come again."""
    protocol_version, wbufsize, pages = "HTTP/1.1", -1, 0

    def do_POST(self):
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "DescribeLogGroups" in self.headers.get("X-Amz-Target", ""):
            Endless.pages += 1
            status, body = 200, json.dumps({"logGroups": [{"logGroupName": "g%d" % (Endless.pages % 7)}], "nextToken": "t%d" % Endless.pages})
        elif b"DescribeRegions" in asked:
            status, body = 403, EC2_ERROR
        else:
            status, body = 200, ("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x</Arn><Account>123456789012</Account>"
                                 "</GetCallerIdentityResult></GetCallerIdentityResponse>")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def endless(binary, folder):
    rules = os.path.join(folder, "rules")
    os.mkdir(rules)
    with open(os.path.join(rules, "log-group-seen.lua"), "w") as f:
        f.write(RULE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = replaying.environment(AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="x", AWS_EC2_METADATA_DISABLED="true",
                                AWS_ENDPOINT_URL="http://127.0.0.1:%d" % server.server_address[1])
    done = replaying.run(binary, "sweep", "--rules", rules, "--region", "us-east-1", "--no-store", "--output", "json", env=env)
    server.shutdown()
    report = json.loads(done.stdout)
    scope = next(c for c in report["coverage"] if c["type"] == "AWS::Logs::LogGroup")
    expect("endless pages: the scope", (scope["state"], scope["resources"], (scope["cause"] or {}).get("code")), ("partial", 7, "TooManyPages"))
    expect("endless pages: the finding", sorted({f["status"] for f in report["findings"]}), ["pass", "unknown"])
    expect("endless pages: exit status", done.returncode, 2)


def main():
    binary = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        endless(binary, folder)
    before = {replaying.key(f): f["status"] for f in replaying.sweep(binary)[1]["findings"]}
    with tempfile.TemporaryDirectory() as folder:
        for n, (operation, body, headers, kind, facet, code) in enumerate(ROWS):
            name, recording, spoilt = "%s %r" % (operation, body[:40]), os.path.join(folder, str(n)), 0
            rows = []
            for row in replaying.exchanges():
                if row["operation"] == operation:
                    row, spoilt = dict(row, body=body, status=200, headers=dict(row.get("headers", {}), **headers)), spoilt + 1
                rows.append(row)
            expect("%s: answers were spoilt" % name, spoilt > 0, True)
            replaying.write(recording, rows)
            status, report = replaying.sweep(binary, recording)
            scopes = [c for c in report["coverage"] if c["type"] == kind and c["facet"] == facet]
            expect("%s: states" % name, {c["state"] for c in scopes} & {"complete"}, set())
            expect("%s: causes" % name, {(c["cause"] or {}).get("code") for c in scopes}, {code})
            expect("%s: exit status" % name, status, 2)
            passed = {replaying.key(f) for f in report["findings"] if f["status"] == "pass" and before.get(replaying.key(f)) != "pass"}
            expect("%s: passes that were none" % name, passed, set())
            if facet is None:
                rules = {k[0] for k in before for f in report["findings"] if f["resource"]["type"] == kind and f["rule"] == k[0]}
                unknown = {f["rule"] for f in report["findings"] if f["resource"]["type"] == kind and f["status"] == "unknown"}
                expect("%s: unknown rules" % name, unknown, rules)
    for f in FAULTS[:40]:
        print("FAULT", f)
    print("%d rows, %d faults" % (len(ROWS), len(FAULTS)))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
