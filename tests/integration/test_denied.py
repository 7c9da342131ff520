#!/usr/bin/env python3
"""AccessDenied on any one operation: every rule that needs it says unknown with operation and code, all else is unchanged.

  test_denied.py MOONWARD

For each operation of the plan, the demo recording is played with that operation's answers replaced by the denial that AWS
would send in that protocol. No pass, fail or empty list may come of it.
"""
import json, os, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402

DENIALS = {  # protocol -> (code, content type, body)
    "query": ("AccessDenied", "text/xml", "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not allowed</Message></Error>"
              "<RequestId>r</RequestId></ErrorResponse>"),
    "ec2": ("UnauthorizedOperation", "text/xml", "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>not allowed</Message></Error>"
            "</Errors><RequestID>r</RequestID></Response>"),
    "rest-xml": ("AccessDenied", "application/xml", "<Error><Code>AccessDenied</Code><Message>not allowed</Message></Error>"),
    "json": ("AccessDeniedException", "application/x-amz-json-1.1", '{"__type":"AccessDeniedException","message":"not allowed"}'),
    "rest-json": ("AccessDeniedException", "application/json", '{"__type":"AccessDeniedException","message":"not allowed"}'),
}


def deny(rows, service, operation):
    out, code = [], None
    for row in rows:
        if (row["service"], row["operation"]) == (service, operation):
            code, kind, body = DENIALS[row["protocol"]]
            row = {k: v for k, v in row.items() if k != "body_base64"}
            row.update(status=403, headers={"content-type": kind}, body=body)
        out.append(row)
    return out, code


def check(binary, folder, rows, baseline, service, operation):
    faults = []
    denied, code = deny(rows, service, operation)
    recording = os.path.join(folder, "%s-%s" % (service, operation))
    replaying.write(recording, denied)
    status, document = replaying.sweep(binary, recording)
    name = "%s:%s" % (service, operation)
    after = {replaying.key(f): f for f in document["findings"]}
    changed = unknown = 0
    for key, finding in after.items():
        before = baseline.get(key)
        if before and before["status"] == finding["status"] and before["message"] == finding["message"]:
            continue
        changed += 1
        if finding["status"] != "unknown":
            faults.append("%s denied: %s became %s (%s)" % (name, key, finding["status"], finding["message"]))
        elif name not in finding["message"] or code not in finding["message"]:
            faults.append("%s denied: %s is unknown without operation and code: %s" % (name, key, finding["message"]))
        else:
            unknown += 1
    # A resource that could not be listed has no findings of its own: its rules must say so on the scope.
    # One whose region is hidden has them elsewhere.
    scopes = {f["rule"] for f in document["findings"] if f["resource"]["id"] == "*"}
    unknowns = {(k[0], k[1], k[3]) for k, f in after.items() if f["status"] == "unknown"}
    for key, finding in baseline.items():
        if key not in after and key[0] not in scopes and (key[0], key[1], key[3]) not in unknowns:
            faults.append("%s denied: %s has vanished" % (name, key))
    if unknown and status != 2:
        faults.append("%s denied: exit status %d, expected 2" % (name, status))
    if not any(s["cause"] and s["cause"].get("operation") == name and s["cause"].get("code") == code for s in document["coverage"]):
        faults.append("%s denied: coverage does not say so" % name)
    return faults, unknown


def main():
    binary = sys.argv[1]
    rows = replaying.exchanges()
    _, document = replaying.sweep(binary)
    baseline = {replaying.key(f): f for f in document["findings"]}
    operations = sorted({(r["service"], r["operation"]) for r in rows})
    faults, judged = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for service, operation in operations:
            found, unknown = check(binary, folder, rows, baseline, service, operation)
            faults += found
            judged += unknown
            print("%-60s %4d unknown" % (service + ":" + operation, unknown))
            if not unknown:
                faults.append("%s:%s denied: no rule turned unknown" % (service, operation))
    for fault in faults[:40]:
        print(fault)
    print("%d operations denied one at a time, %d findings turned unknown, %d faults" % (len(operations), judged, len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
