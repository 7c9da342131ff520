#!/usr/bin/env python3
"""Which accounts a sweep looks into, and what of them is in the ledger when they cannot be read.

  test_accounts.py MOONWARD AWSIM

Lists in moonward.yaml, in YAML and CSV files, from the command line and from AWS Organizations (moto: units, names, tags, closed accounts). A role
that cannot be assumed, that leads to another account, a region that is not enabled and a fault of one account leave the others whole, and are told.
"""
import http.server, json, os, re, subprocess, sys, tempfile, threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import motoserver  # noqa: E402
from awsimserver import Server  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIRST = 100000000000
problems = []


def check(good, what, *details):
    if not good:
        problems.append("%s %s" % (what, " ".join(map(repr, details))))


class Sweep:
    def __init__(self, binary, folder, environment, rules):
        self.binary, self.folder, self.environment, self.rules, self.runs = binary, folder, environment, rules, 0

    def __call__(self, config, *more, code=(0, 1), says=None, files={}):
        path = os.path.join(self.folder, "moonward.yaml")
        for name, content in {"moonward.yaml": "rules: %s/rules\nregions: ['*']\n%s" % (ROOT, config), **files}.items():
            with open(os.path.join(self.folder, name), "w") as out:
                out.write(content)
        self.runs += 1
        done = subprocess.run([self.binary, "sweep", *self.rules, "--config", path, "--store", os.path.join(self.folder, "%d.db" % self.runs),
                               "--output", "json", *more], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              cwd=self.folder, timeout=240)
        check(done.returncode in (code if isinstance(code, tuple) else (code,)), "%r ended with %d" % (config, done.returncode), done.stderr[-500:])
        check(says is None or says in done.stderr, "%r does not say %r" % (config, says), done.stderr[-500:])
        return json.loads(done.stdout) if done.stdout.startswith("{") else None


def accounts(document):
    return sorted({c["account"] for c in document["coverage"]}) if document else None


def ids(*numbers):
    return [str(FIRST + n) for n in numbers]


def gaps(document, account):
    return [c for c in document["coverage"] if c["account"] == account and c["state"] != "complete"]


def lists(sweep):
    d = sweep("role: Reader\naccounts: ['%d', %d]\n" % (FIRST, FIRST + 2))
    check(accounts(d) == ids(0, 2), "a list of ids", accounts(d))
    d = sweep("accounts:\n  - {id: %d, role: 'arn:aws:iam::{account}:role/x', regions: [eu-central-1], name: prod, tags: {Env: prod}}\n  - {id: %d, role: /team/y}\n" % (FIRST + 1, FIRST + 2))
    check(accounts(d) == ids(1, 2), "a list of objects", accounts(d))
    regions = {c["region"] for c in d["coverage"] if c["account"] == ids(1)[0]}
    check(regions <= {"eu-central-1", "us-east-1"}, "regions of an account", regions)
    files = {"list.csv": "id,role,regions,name\n%d,Reader,eu-central-1 us-east-1,a\n%d,,,b\n" % (FIRST + 1, FIRST + 3),
             "list.yaml": "- {id: '%d', name: a}\n- '%d'\n" % (FIRST + 1, FIRST + 3)}
    for name in files:
        d = sweep("role: Reader\naccounts: {file: %s}\n" % name, files=files)
        check(accounts(d) == ids(1, 3), name, accounts(d))
        d = sweep("role: Reader\naccounts: {file: %s}\n" % name, "--account", "a", files=files)
        check(accounts(d) == ids(1), "%s, one by name" % name, accounts(d))
    d = sweep("", "--role-name", "Reader", "--account", ids(3)[0])
    check(accounts(d) == ids(3), "accounts of the command line", accounts(d))
    d = sweep("role: Reader\naccounts: ['%d', '%d']\n" % (FIRST + 1, FIRST + 2), "--no-store")
    check(accounts(d) == ids(1, 2) and {f["resource"]["account"] for f in d["findings"]} == set(ids(1, 2)), "without a store", accounts(d))
    for config, says in (("accounts: [{id: 1, rol: x}]\n", "moonward.yaml:3: accounts: unknown key 'rol'; did you mean 'role'?"),
                         ("role: R\naccounts: [{name: x}]\n", "expected an id of 12 digits"),
                         ("role: R\naccounts: ['%d', '%d']\n" % (FIRST, FIRST), "is there twice"),
                         ("role: R\n", "in which accounts?"),
                         ("accounts: [{id: %d}]\n" % (FIRST + 1), "no role leads there"),
                         ("role: R\naccounts: {file: none.csv}\n", "none.csv"),
                         ("role: R\naccounts: {file: open.csv}\n", "open.csv: CSV: a quoted field does not end"),
                         ("role: R\naccounts: [{id: '111122223333', regions: '%s'}]\n" % " ".join("us-x-%d" % n for n in range(65)), "regions: more than 64"),
                         ("role: R\norganization: {ou: [x]}\n", "organization: unknown key 'ou'; did you mean 'ous'?")):
        sweep(config, code=3, says=says, files={"open.csv": 'id,role\n"111122223333,R\n'})
    sweep("role: R\naccounts: ['%d']\n" % (FIRST + 1), "--account", "nobody", code=3, says="none of the 1 accounts is 'nobody'")


def failures(s, sweep):
    stranger, mistaken = "999999999999", ids(3)[0]
    d = sweep("role: Reader\naccounts:\n  - '%d'\n  - '%s'\n  - {id: '%s', role: 'arn:aws:iam::%d:role/x'}\n" % (FIRST + 1, stranger, mistaken, FIRST + 2), code=2,
              says="cannot be read")
    check(accounts(d) == sorted(ids(1, 3) + [stranger]), "accounts that cannot be read are not in the ledger", accounts(d))
    check(not gaps(d, ids(1)[0]), "another account's failure is this one's", gaps(d, ids(1)[0])[:2])
    for account, code in ((stranger, "AccessDenied"), (mistaken, "WrongAccount")):
        causes = {(c["state"], c["cause"]["code"]) for c in gaps(d, account)}
        check({c for _, c in causes} == {code} and not [c for c in d["coverage"] if c["account"] == account and c["state"] == "complete"], account, causes)
        unknown = {f["rule"] for f in d["findings"] if f["resource"]["account"] == account}
        check(unknown and all(f["status"] == "unknown" for f in d["findings"] if f["resource"]["account"] == account), "findings of %s" % account, unknown)
    check("DescribeInstances" not in json.dumps([c for c in d["coverage"] if c["account"] == mistaken]), "calls were made in a wrong account")
    sweep("role: Reader\naccounts: ['%s']\n" % stranger, code=4, says="account 999999999999 cannot be read")
    d = sweep("role: Reader\naccounts:\n  - '%d'\n  - {id: '%d', regions: [us-east-1, ap-south-1]}\n" % (FIRST + 1, FIRST + 2), code=2)
    check([(c["region"], c["cause"]["code"]) for c in gaps(d, ids(2)[0])] == [("ap-south-1", "RegionDisabled")], "a region that is not enabled", gaps(d, ids(2)[0]))
    check(not gaps(d, ids(1)[0]), "a region of another account", gaps(d, ids(1)[0]))
    for line, place in (("ec2:DescribeInstances denied account=%d" % (FIRST + 2), "AWS::EC2::Instance"),
                        ("ec2:DescribeInstances error status=500 account=%d region=eu-central-1" % (FIRST + 2), "AWS::EC2::Instance"),
                        ("ec2:DescribeRegions denied account=%d" % (FIRST + 2), None)):
        s.faults(line)
        d = sweep("regions: [us-east-1, eu-central-1]\nrole: Reader\naccounts: ['%d', '%d']\n".replace("regions: [us-east-1, eu-central-1]\n", "") % (FIRST + 1, FIRST + 2), code=2)
        there = gaps(d, ids(2)[0])
        check(there and not gaps(d, ids(1)[0]), line, there[:2])
        check(place is None or {c["type"] for c in there} == {place}, line, {c["type"] for c in there})
    s.faults()


def gap_in_a_recording(s, sweep):
    """A sweep that was not told which regions are enabled is as incomplete when it is replayed."""
    recording, ledgers = os.path.join(sweep.folder, "recording"), []
    s.faults("ec2:DescribeRegions denied")
    for more in (["--record", recording], ["--replay", recording]):
        done = subprocess.run([sweep.binary, "sweep", "ec2-*", "--region", "us-east-1", "--no-store", "--fail-on", "none", "--output", "json", *more],
                              env=sweep.environment, capture_output=True, text=True, cwd=os.path.dirname(recording), timeout=240)
        check(done.returncode == 2, "%s ended with %d" % (more[0], done.returncode), done.stderr[-500:])
        ledgers.append(json.loads(done.stdout)["coverage"])
        s.faults()
    check(ledgers[0] == ledgers[1] and ledgers[1][0]["cause"]["operation"] == "ec2:DescribeRegions", "the replay's ledger", ledgers[1][:1])


def sorted_types(sweep, alias):
    done = subprocess.run([sweep.binary, "findings", "list", "--all", "--type", alias, "--store", os.path.join(sweep.folder, "%d.db" % sweep.runs), "--output", "json"],
                          env=sweep.environment, capture_output=True, text=True, cwd=sweep.folder, timeout=60)
    return sorted({f["resource"]["type"] for f in json.loads(done.stdout)["findings"]})


def findings(sweep):
    """`findings list` narrows by account as by region."""
    sweep("role: Reader\naccounts: ['%d', '%d']\n" % (FIRST + 1, FIRST + 2), code=(1, 2))
    for given, wanted in (([ids(1)[0]], ids(1)), (["*"], ids(1, 2)), (ids(1, 2), ids(1, 2)), (["999999999999"], [])):
        check(given != ["*"] or sorted_types(sweep, "ec2.instance") == ["AWS::EC2::Instance"], "findings of an alias")
        argv = [sweep.binary, "findings", "list", "--all", "--store", os.path.join(sweep.folder, "%d.db" % sweep.runs), "--output", "json"]
        done = subprocess.run(argv + sum((["--account", g] for g in given), []), env=sweep.environment, capture_output=True, text=True, cwd=sweep.folder, timeout=60)
        seen = sorted({f["resource"]["account"] for f in json.loads(done.stdout)["findings"]})
        check(seen == wanted, "findings of %s" % given, seen)


def organization(binary, folder):
    with motoserver.Server() as s:
        o = s.client("organizations")
        o.create_organization(FeatureSet="ALL")
        root = o.list_roots()["Roots"][0]["Id"]
        unit = o.create_organizational_unit(ParentId=root, Name="prod")["OrganizationalUnit"]["Id"]
        below = o.create_organizational_unit(ParentId=unit, Name="eu")["OrganizationalUnit"]["Id"]
        made = {}
        for name, parent in (("web", unit), ("data", below), ("sandbox", root), ("gone", below)):
            made[name] = o.create_account(AccountName=name, Email=name + "@example.com")["CreateAccountStatus"]["AccountId"]
            if parent != root:
                o.move_account(AccountId=made[name], SourceParentId=root, DestinationParentId=parent)
        o.tag_resource(ResourceId=made["web"], Tags=[{"Key": "Env", "Value": "prod"}])
        o.tag_resource(ResourceId=made["data"], Tags=[{"Key": "Env", "Value": "test"}])
        o.close_account(AccountId=made["gone"])
        env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOONWARD_"))}
        env.update(motoserver.KEYS, AWS_ENDPOINT_URL=s.url, AWS_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/nonexistent",
                   AWS_SHARED_CREDENTIALS_FILE="/nonexistent", NO_COLOR="1")
        sweep = Sweep(binary, folder, env, ["s3-bucket-versioning*"])
        for config, wanted, says in (("{ous: [%s]}" % unit, ["web", "data"], "1 account is skipped, not active"),
                                     ("{ous: [%s], exclude: [da*]}" % unit, ["web"], None),
                                     ("{include: [web, sand*]}", ["web", "sandbox"], None),
                                     ("{ous: [%s], tags: {Env: prod}}" % unit, ["web"], None),
                                     ("{ous: [%s], tags: {Env: [pr*, test]}, role: Own}" % root, ["web", "data"], None)):
            d = sweep("role: Reader\norganization: %s\n" % config, code=(0, 1, 2), says=says)
            check(accounts(d) == sorted(made[n] for n in wanted), config, accounts(d), made)


class Paged(http.server.BaseHTTPRequestHandler):
    """An organization of two accounts whose tags come on two pages; no role of theirs can be assumed."""
    regions = None
    tags = {None: [{"Key": "Env", "Value": "prod"}], "2": [{"Key": "Team", "Value": "shop"}]}

    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2] or re.search("Action=([A-Za-z]+)", asked).group(1)
        status, kind, answer = 200, "application/x-amz-json-1.1", {}
        if operation == "ListAccounts":
            answer = {"Accounts": [{"Id": i, "Name": "a" + i, "State": "ACTIVE"} for i in ("222222222222", "333333333333")]}
        elif operation == "ListTagsForResource":
            token = json.loads(asked).get("NextToken")
            answer = {"Tags": self.tags[token], **({} if token else {"NextToken": "2"})}
        elif operation == "GetCallerIdentity":
            kind, answer = "text/xml", ('<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>'
                                        "arn:aws:iam::111111111111:user/u</Arn><Account>111111111111</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")
        elif operation == "DescribeRegions" and self.regions:
            kind, answer = "text/xml", "<DescribeRegionsResponse><regionInfo>%s</regionInfo></DescribeRegionsResponse>" % "".join(
                "<item>%s<optInStatus>opted-in</optInStatus></item>" % ("<regionName>%s</regionName>" % r if r else "") for r in self.regions)
        else:
            status, kind, answer = 403, "text/xml", "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
        body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def pages(binary, folder):
    """A tag counts on whatever page it stands: an account that has it is not left out."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Paged)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOONWARD_"))}
    env.update(AWS_ACCESS_KEY_ID="AKIA0123456789ABCDEF", AWS_SECRET_ACCESS_KEY="x" * 40, AWS_ENDPOINT_URL="http://127.0.0.1:%d" % server.server_port,
               AWS_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent")
    sweep = Sweep(binary, folder, env, ["s3-bucket-versioning*"])
    both = ["222222222222", "333333333333"]
    for tags in ("{Env: prod}", "{Team: sh*}", "{Env: [test, prod], Team: shop}"):
        d = sweep("role: Reader\norganization: {tags: %s}\n" % tags, code=2)
        check(accounts(d) == both, "tags on two pages: %s" % tags, accounts(d))
    sweep("role: Reader\norganization: {tags: {Env: shop}}\n", code=3, says="there is none to look into")
    for regions in (["us-east-1"] + ["xx-test-%d" % n for n in range(70)], ["us-east-1", None, "eu-west-1"]):
        Paged.regions = regions
        d = sweep("role: Reader\naccounts: ['111111111111', '222222222222']\n", code=2)
        causes = {c["cause"] and c["cause"]["operation"] for c in d["coverage"] if c["account"] == "111111111111"}
        check(causes == {"ec2:DescribeRegions"}, "a part of the regions is taken for all: %s" % regions[:3], causes)
    server.shutdown()


def main():
    binary, program = sys.argv[1:3]
    options = ["--seed", 9, "--accounts", 4, "--regions", "us-east-1,eu-central-1", "--instances", 5, "--volumes", 5, "--users", 3, "--no-verify"]
    with Server(program, *options) as s, tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(binary, folder, s.environment(0, AWS_MAX_ATTEMPTS="2"), ["ec2-*"])
        lists(sweep)
        failures(s, sweep)
        findings(sweep)
        os.unlink(os.path.join(folder, "moonward.yaml"))
        gap_in_a_recording(s, sweep)
    with tempfile.TemporaryDirectory() as folder:
        pages(binary, folder)
    try:
        import boto3, moto.server  # noqa: F401
    except ImportError:
        print("moto is not installed: organizations were not tested")
    else:
        with tempfile.TemporaryDirectory() as folder:
            organization(binary, folder)
    for p in problems[:40]:
        print(p)
    print("%d problems" % len(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
