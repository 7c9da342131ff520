#!/usr/bin/env python3
"""An audit over 20 accounts x 4 regions against a small fake of STS and EC2: several scopes at once, one account's
denial and one refused role are told and cost nobody else, an interrupt ends it cleanly with the rows so far.

  test_audit_scopes.py MOONWARD
"""
import csv, io, json, os, re, signal, subprocess, sys, tempfile, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

ACCOUNTS = ["%012d" % (100000000000 + i) for i in range(20)]
REGIONS = ["ap-south-1", "eu-central-1", "eu-west-1", "us-east-1"]
HOME, DENIED, NO_ROLE, LIAR = ACCOUNTS[0], ACCOUNTS[3], ACCOUNTS[7], ACCOUNTS[9]
SCRIPT = """
columns { "vpc" }
for vpc in aws.items("ec2:DescribeVpcs") do emit { vpc = vpc.VpcId } end
print("done", #args)
"""


class Fake(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock, running, most, delay, calls = threading.Lock(), 0, 0, 0.15, []

    def log_message(self, *_):
        pass

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except BrokenPipeError:
            pass  # interrupted

    def do_POST(self):
        form = {k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()}
        auth = self.headers.get("Authorization", "")
        account = re.search(r"Credential=ASIA(\d{12})", auth)
        account = account.group(1) if account else HOME
        region = re.search(r"Credential=[^/]+/\d+/([^/]+)/", auth).group(1)
        action = form["Action"]
        with Fake.lock:
            Fake.calls.append((account, region, action, form))
        if action == "AssumeRole":
            target = form["RoleArn"].split(":")[4]
            if target == NO_ROLE or form.get("ExternalId") != "secret-handshake":
                return self.answer(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to assume it</Message></Error></ErrorResponse>")
            return self.answer(200, "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                               "<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::%s:assumed-role/Auditor/x"
                               "</Arn><AssumedRoleId>x</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>" % (target, target))
        if action == "GetCallerIdentity":
            said = HOME if account == LIAR else account
            return self.answer(200, "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account><Arn>arn:aws:iam::%s:user/x</Arn><UserId>x</UserId>"
                               "</GetCallerIdentityResult></GetCallerIdentityResponse>" % (said, said))
        if action == "DescribeRegions":
            return self.answer(200, "<DescribeRegionsResponse><regionInfo>%s</regionInfo></DescribeRegionsResponse>"
                               % "".join("<item><regionName>%s</regionName><optInStatus>opted-in</optInStatus></item>" % r for r in REGIONS))
        with Fake.lock:
            Fake.running += 1
            Fake.most = max(Fake.most, Fake.running)
        time.sleep(Fake.delay)
        with Fake.lock:
            Fake.running -= 1
        if account == DENIED:
            return self.answer(403, "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>")
        return self.answer(200, "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-%s-%s</vpcId></item></vpcSet></DescribeVpcsResponse>" % (account, region))


def command(binary, script, *more):
    return [binary, "audit", script, "one", "two", "--role-name", "Auditor", "--external-id", "secret-handshake", "--region", "*",
            "--output", "json"] + [x for a in ACCOUNTS for x in ("--account", a)] + list(more)


def environment(url):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOONWARD_"))}
    env.update(AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI", AWS_REGION="us-east-1", AWS_ENDPOINT_URL=url,
               AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent", NO_COLOR="1")
    return env


def workers_of(pid):
    return subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True, text=True).stdout.split()


def whole(binary, script, env, faults):
    start = time.monotonic()
    done = subprocess.run(command(binary, script, "--progress", "json"), env=env, capture_output=True, text=True, timeout=120)
    took = time.monotonic() - start
    document = json.loads(done.stdout)
    states = {(s["account"], s["region"]): s for s in document["scopes"]}
    bad = {DENIED: "ec2:DescribeVpcs: UnauthorizedOperation", NO_ROLE: "AccessDenied", LIAR: "belong to account " + HOME}
    if done.returncode != 2:
        faults.append("exit status %d, expected 2: %s" % (done.returncode, done.stderr[-500:]))
    if list(states) != [(a, r) for a in ACCOUNTS for r in REGIONS]:
        faults.append("the scopes are not 20 accounts x 4 regions in order")
    for (account, region), s in states.items():
        if account in bad:
            if s["state"] != "failed" or bad[account] not in s["message"]:
                faults.append("%s %s: %s" % (account, region, s))
            if "%s %s failed: " % (account, region) not in done.stderr:
                faults.append("%s %s: stderr does not say that it failed" % (account, region))
        elif s["state"] != "complete" or s["rows"] != 1:
            faults.append("%s %s: %s" % (account, region, s))
    expected = [{"account": a, "region": r, "vpc": "vpc-%s-%s" % (a, r)} for a in ACCOUNTS if a not in bad for r in REGIONS]
    if document["rows"] != expected:
        faults.append("%d rows, expected %d in the order of the scopes" % (len(document["rows"]), len(expected)))
    if done.stderr.count(": done 2\n") != len(expected):
        faults.append("printed lines are missing")
    if '"phase":"audit"' not in done.stderr:
        faults.append("no progress was shown")
    asked = [c for c in Fake.calls if c[2] == "DescribeVpcs"]
    if any(c[0] in (NO_ROLE, LIAR) for c in asked):
        faults.append("an account that is not what it should be was asked")
    if Fake.most < 4:
        faults.append("at most %d calls at once" % Fake.most)
    print("80 scopes in %.1f s, one after the other would be %.1f s; %d at once; %d rows" % (took, len(asked) * Fake.delay, Fake.most, len(document["rows"])))


def formats(binary, script, env, faults):
    done = subprocess.run(command(binary, script, "--output", "csv", "-q"), env=env, capture_output=True, text=True, timeout=120)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    if len(rows) != 68 or rows[0] != {"account": HOME, "region": "ap-south-1", "vpc": "vpc-%s-ap-south-1" % HOME}:
        faults.append("csv: %s" % rows[:1])
    done = subprocess.run(command(binary, script, "--output", "jsonl", "-q"), env=env, capture_output=True, text=True, timeout=120)
    if len([json.loads(line) for line in done.stdout.splitlines()]) != 68:
        faults.append("jsonl: %s" % done.stdout[:200])


def settings(binary, script, env, faults):
    """A configuration for sweeps does not keep an audit of the own account from running; a role may be an ARN, as there."""
    config = os.path.join(os.path.dirname(script), "moonward.yaml")
    with open(config, "w") as f:
        f.write("external_id: for-sweeps\naccounts: ['%s']\n" % HOME)
    done = subprocess.run([binary, "audit", script, "--config", config, "-q"], env=env, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        faults.append("beside external_id: exit status %d: %s" % (done.returncode, done.stderr[-300:]))
    for role in ("arn:{partition}:iam::{account}:role/Auditor", "/Auditor"):
        argv = [x if x != "Auditor" else role for x in command(binary, script, "-q")]
        rows = json.loads(subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120).stdout)["rows"]
        if len(rows) != 68:
            faults.append("the role %s: %d rows" % (role, len(rows)))
    arns = {c[3]["RoleArn"] for c in Fake.calls if c[2] == "AssumeRole"}
    if arns != {"arn:aws:iam::%s:role/Auditor" % a for a in ACCOUNTS if a != HOME}:
        faults.append("other roles than meant: %s" % sorted(arns)[:3])


def interrupted(binary, script, env, faults):
    Fake.delay = 0.4
    process = subprocess.Popen(command(binary, script), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    children = workers_of(process.pid)
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    try:
        out, err = process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        faults.append("an interrupt did not end it")
        return
    document = json.loads(out)
    states = [s["state"] for s in document["scopes"]]
    if process.returncode != 130:
        faults.append("interrupted: exit status %d: %s" % (process.returncode, err[-300:]))
    if not document["rows"] or "stopped" not in states or "not run to the end" not in err:
        faults.append("interrupted: %d rows, states %s" % (len(document["rows"]), sorted(set(states))))
    if not children or any(os.path.exists("/proc/" + c) for c in children):
        faults.append("interrupted: workers %s are still there" % children)
    print("interrupted with %d of 80 scopes complete: ended in %.2f s, %d rows kept" % (states.count("complete"), time.monotonic() - start, len(document["rows"])))


def main():
    binary, faults = sys.argv[1], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Fake)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = environment("http://127.0.0.1:%d" % server.server_port)
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "vpcs.lua")
        with open(script, "w") as f:
            f.write(SCRIPT)
        whole(binary, script, env, faults)
        formats(binary, script, env, faults)
        settings(binary, script, env, faults)
        interrupted(binary, script, env, faults)
    server.shutdown()
    for fault in faults[:40]:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
