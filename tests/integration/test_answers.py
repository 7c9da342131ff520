#!/usr/bin/env python3
"""Answers with status 200 that are no answers: what they should have told is unknown, with a cause, and never an empty list.

  test_answers.py MOONWARD

Each row spoils every answer of one operation in the demo recording: errors that came as 200, empty bodies, another operation's document, pages that
are cut off or go in circles. The scopes of that operation must not be complete, every rule on their type has its unknown finding, the exit status is
2, and nothing passes that did not pass before.
"""
import os, sys, tempfile

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


def main():
    binary = os.path.abspath(sys.argv[1])
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
