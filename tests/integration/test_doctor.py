#!/usr/bin/env python3
"""Each state that doctor can find, made on loopback: what it says of it, what to do, and the exit status.

  test_doctor.py MOONWARD AWSIM
"""
import json, os, socket, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from awsimserver import Server  # noqa: E402
import replaying  # noqa: E402
from oldstore import to_first_schema  # noqa: E402

problems = []


def check(good, what, *details):
    if not good:
        problems.append("%s %s" % (what, " ".join(map(repr, details))))


class Doctor:
    def __init__(self, binary, server, folder):
        self.binary, self.s, self.folder = binary, server, folder

    def __call__(self, what, *argv, code, env=None, drop=(), config=None, **states):
        """`states`: group__name=status that must be among the checks. Returns the checks by (group, name)."""
        environment = dict(self.s.environment(1), HOME=self.folder, **(env or {}))
        for name in drop:
            environment.pop(name, None)
        folder = os.path.join(self.folder, "cwd")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "moonward.yaml")
        if os.path.exists(path):
            os.unlink(path)
        if config is not None:
            with open(path, "w") as out:
                out.write(config)
        argv = [self.binary, "doctor", *argv]
        if "--store" not in argv:
            argv += ["--store", os.path.join(self.folder, "fresh", "store.db")]
        done = subprocess.run(argv + ["--output", "json"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, timeout=120)
        check(done.returncode == code, "%s: exit status %d, not %d" % (what, done.returncode, code), done.stdout[-1500:], done.stderr[-500:])
        for secret in (environment.get("AWS_SECRET_ACCESS_KEY"), environment.get("AWS_ACCESS_KEY_ID"), "proxy-secret"):
            check(not secret or secret not in done.stdout + done.stderr, "%s: a secret is told" % what)
        document = json.loads(done.stdout)
        found = {(c["group"], c["name"]): c for c in document["checks"]}
        for name, status in states.items():
            key = tuple(name.split("__"))
            key = (key[0], {"yaml": "moonward.yaml", "file": "credentials file"}.get(key[1], key[1]))
            check(key in found and found[key]["status"] == status, "%s: %s is not %s" % (what, key, status), found.get(key))
        for c in document["checks"]:
            check(c["status"] in ("ok", "skipped") or c["remedy"] or c["group"] == "permissions", "%s: nothing to do about" % what, c)
        text = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, timeout=120)
        check(text.returncode == code, "%s: text ends with %d" % (what, text.returncode))
        found["permissions"] = document["permissions"]
        return found


def well(doctor):
    found = doctor("well", code=0, configuration__yaml="ok", configuration__rules="ok", software__models="ok", software__lua="ok", software__terminal="ok",
                   sandbox__memfd="ok", sandbox__worker="ok", store__path="ok", store__space="ok", network__proxy="ok", network__certificates="ok",
                   network__endpoint="ok", network__clock="ok", credentials__environment="ok", credentials__keys="ok", credentials__identity="ok",
                   accounts__regions="ok", permissions__probe="skipped")
    key = doctor.s.account(1)["access_key_id"]
    check(key[-4:] in found["credentials", "keys"]["detail"], "the key's last four are told", found["credentials", "keys"])
    check(not os.path.exists(os.path.join(doctor.folder, "fresh")), "doctor makes no store")


def probe(doctor):
    doctor.s.faults("kms:ListKeys denied", "iam:ListAccessKeys denied", "lambda:ListFunctions error status=500 code=ServiceException")
    doctor.s.control("stats", "DELETE")
    found = doctor("probe", "--probe", code=2, permissions__probe="ok")
    seen = {k: sum(v.values()) for k, v in doctor.s.control("stats")["operations"].items() if sum(v.values())}
    for name, n in seen.items():  # twice: as text too
        check(n <= 2 or name in ("sts:GetCallerIdentity", "ec2:DescribeRegions", "lambda:ListFunctions"), "one call of each", name, n)
    state = {p["operation"]: p for p in found["permissions"]}
    for name, rule in (("kms:ListKeys", "kms-key-rotation-enabled"), ("iam:ListAccessKeys", "iam-access-key-rotated")):
        check(state[name]["state"] == "denied" and state[name]["class"] == "denied" and rule in state[name]["rules"], "denied", state[name])
        check(found["permissions", name]["status"] == "fail" and rule in found["permissions", name]["detail"], "told by rule", found["permissions", name])
    check(state["s3:GetBucketVersioning"]["state"] == "allowed" and state["ec2:DescribeInstances"]["state"] == "allowed", "allowed")
    check(state["kms:GetKeyPolicy"]["state"] == "not_probed", "what depends on a denied list is not probed", state["kms:GetKeyPolicy"])
    check(state["lambda:ListFunctions"]["state"] == "failed", "a failure is no denial", state["lambda:ListFunctions"])
    doctor.s.faults()
    doctor("probe of what is allowed", "--probe", code=0, permissions__probe="ok")


def credentials(doctor):
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    found = doctor("no credentials", code=4, drop=keys, credentials__environment="skipped", credentials__chain="fail", credentials__container="skipped")
    check("AWS_ACCESS_KEY_ID is not set" in found["credentials", "environment"]["detail"], "why it was skipped", found["credentials", "environment"])
    doctor("a wrong secret", code=4, env={"AWS_SECRET_ACCESS_KEY": "x" * 40}, credentials__identity="fail")
    doctor("another account", "--account", "999999999999", code=4, credentials__identity="fail")
    shared = os.path.join(doctor.folder, "credentials")
    a = doctor.s.account(2)
    with open(shared, "w") as out:
        out.write("[other]\naws_access_key_id = %s\naws_secret_access_key = %s\n" % (a["access_key_id"], a["secret_access_key"]))
    found = doctor("a profile", "--profile", "other", code=0, env={"AWS_SHARED_CREDENTIALS_FILE": shared}, credentials__environment="skipped",
                   credentials__file="ok", credentials__identity="ok")
    check("goes first" in found["credentials", "environment"]["detail"], "a profile goes first", found["credentials", "environment"])
    config = os.path.join(doctor.folder, "config")
    with open(config, "w") as out:
        out.write("[profile soon]\ncredential_process = /bin/sh %s/process\n" % doctor.folder)
    with open(os.path.join(doctor.folder, "process"), "w") as out:
        out.write("date -u -d '+20 minutes' '+{\"Version\": 1, \"AccessKeyId\": \"%s\", \"SecretAccessKey\": \"%s\", \"Expiration\": \"%%Y-%%m-%%dT%%H:%%M:%%SZ\"}'\n"
                  % (a["access_key_id"], a["secret_access_key"]))
    found = doctor("keys with an end", "--profile", "soon", code=0, env={"AWS_CONFIG_FILE": config}, credentials__credential_process="ok", credentials__keys="ok")
    check("until 2" in found["credentials", "keys"]["detail"], "the end is told", found["credentials", "keys"])


def accounts(doctor):
    config = "role: Reader\nregions: [us-east-1]\naccounts: ['100000000000', '100000000002']\n"
    found = doctor("roles", code=0, config=config, credentials__identity="ok")
    check(found["accounts", "100000000002"]["status"] == "ok", "a role that works", found["accounts", "100000000002"])
    doctor.s.faults("sts:AssumeRole denied")
    found = doctor("a role that is denied", code=2, config=config)
    doctor.s.faults()
    states = sorted(found["accounts", i]["status"] for i in ("100000000000", "100000000002"))
    check("fail" in states, "a role that cannot be assumed", states)
    found = doctor("an account to which no role leads", code=3, config="regions: [us-east-1]\naccounts: [{id: '100000000002'}]\n", accounts__list="fail")
    check("no role leads there" in found["accounts", "list"]["detail"] and ("accounts", "100000000002") not in found, "what nobody asked about is told as well", found)
    doctor("a region that is not enabled", "--region", "ap-south-1", code=3, accounts__regions="fail")
    doctor.s.faults("ec2:DescribeRegions denied")
    doctor("regions that nobody may ask for", "--region", "us-east-1", code=0, accounts__regions="warn")
    doctor.s.faults()


def network(doctor):
    doctor.s.control("skew", "POST", seconds=1000)
    found = doctor("a clock that is off", code=2, network__clock="fail")
    check("behind" in found["network", "clock"]["detail"], "by how much", found["network", "clock"])
    doctor.s.control("skew", "POST", seconds=60)
    doctor("a clock that is a little off", code=0, network__clock="warn")
    doctor.s.control("skew", "POST", seconds=0)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        closed = "http://127.0.0.1:%d" % s.getsockname()[1]
        offline = doctor("nobody there", code=2, env={"AWS_ENDPOINT_URL": closed}, network__endpoint="fail", network__clock="skipped",
                         credentials__environment="ok", credentials__identity="skipped", sandbox__worker="ok", store__path="ok")
        check("127.0.0.1" in offline["network", "endpoint"]["detail"], "who is not there", offline["network", "endpoint"])
        doctor("a proxy", code=2, env={"HTTP_PROXY": "http://user:proxy-secret@127.0.0.1:9", "http_proxy": "http://user:proxy-secret@127.0.0.1:9", "AWS_ENDPOINT_URL": "http://aws.invalid"},
               network__endpoint="fail", network__proxy="ok")
    doctor("no TLS there", code=2, env={"AWS_ENDPOINT_URL": doctor.s.url.replace("http:", "https:")}, network__endpoint="fail")
    doctor("no bundle", code=3, env={"AWS_CA_BUNDLE": "/nonexistent/ca.pem"})


def local(doctor):
    doctor("a broken configuration", code=3, config="regoins: [x]\n", configuration__yaml="fail", configuration__rules="skipped", network__endpoint="skipped", store__path="ok")
    doctor("no such rule", code=3, config="select: ['id:nosuch']\n", configuration__rules="fail")
    doctor("no models", "--models", "/nonexistent/pack", code=3, software__models="fail")
    store = os.path.join(doctor.folder, "there.db")
    subprocess.run([doctor.binary, "sweep", "iam-*", "--store", store], env=doctor.s.environment(1), capture_output=True, check=False)
    doctor("a store", "--store", store, code=0, store__database="ok", store__integrity="ok", store__mode="ok")
    with open(store, "rb") as f:
        whole = f.read()
    to_first_schema(store)
    before = open(store, "rb").read()
    found = doctor("an older store", "--store", store, code=0, store__database="warn", store__integrity="ok")
    check("schema is 1," in found["store", "database"]["detail"] and "next sweep" in found["store", "database"]["detail"], "both versions", found["store", "database"])
    done = subprocess.run([doctor.binary, "__complete", "findings", "list", "--run", ""], env=dict(doctor.s.environment(1), MOONWARD_STORE=store), capture_output=True)
    check(done.returncode == 0 and done.stdout, "runs of an older store", done)
    check(open(store, "rb").read() == before and not os.path.exists(store + "-wal"), "whoever looks changes nothing")
    subprocess.run([doctor.binary, "sweep", "iam-*", "--store", store], env=doctor.s.environment(1), capture_output=True, check=False)
    doctor("a store that a sweep brought up", "--store", store, code=0, store__database="ok", store__integrity="ok")
    with open(store, "wb") as f:
        f.write(whole)
    os.chmod(store, 0o644)
    doctor("a store for all to see", "--store", store, code=0, store__mode="warn")
    os.chmod(store, 0o600)
    with open(store, "r+b") as f:
        f.write(b"not a database, whatever it says" * 40)
    doctor("a damaged store", "--store", store, code=2, store__database="fail")
    doctor("a store where none can be", "--store", os.path.join(store, "below", "store.db"), code=2, store__path="fail")
    doctor("a replay", "--replay", replaying.DEMO, code=0, network__endpoint="skipped", credentials__chain="skipped", sandbox__worker="ok")


def main():
    binary, awsim = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder, Server(awsim, "--accounts", "3", "--instances", "6", "--seed", "5") as server:
        doctor = Doctor(binary, server, folder)
        for part in (well, probe, credentials, accounts, network, local):
            part(doctor)
    for p in problems:
        print(p)
    print("doctor: %d problems" % len(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
