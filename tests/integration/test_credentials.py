#!/usr/bin/env python3
"""Credentials over loopback, beside botocore's: the same environment, configuration files and services must end in the same
keys (or in an error on both sides), and a role chain over 50 accounts with 2 denials gives 48 results and 2 named failures.

  test_credentials.py MOONWARD

The fake answers STS, IAM Identity Center, containers and instance metadata. A key that it hands out is made of what was asked
(role, external id, duration, session name, token, the key that asked), so one equal key stands for a whole equal conversation.

Without botocore, or with one that cannot be led to the fake (AWS_ENDPOINT_URL came with 1.31), nothing is compared: the cases are
held against the exit statuses and searched for secrets, the role chain runs, and then the test says so and exits 77 (skipped).
"""
import hashlib, json, os, re, subprocess, sys, tempfile, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

try:
    import botocore.configprovider, botocore.session
    LACKING = None if hasattr(botocore.configprovider, "ConfiguredEndpointProvider") \
        else "botocore %s knows no AWS_ENDPOINT_URL" % botocore.__version__
except ImportError:
    LACKING = "botocore is not installed"

ROLE = "arn:aws:iam::123456789012:role/x"
SSO_END = int(time.time()) + 3600
KEYS = "aws_access_key_id=%s\naws_secret_access_key=wire-secret\n"


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def key_of(kind, *what):
    return kind + hashlib.sha1(json.dumps(what).encode()).hexdigest()[:16].upper()


class Fake(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    who, denied, fault = [], (), None

    def log_message(self, *_):
        pass

    def answer(self, status, text, kind="application/json"):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except BrokenPipeError:
            pass

    def signer(self):
        found = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", self.headers.get("Authorization", ""))
        return found.groups() if found else ("", "")

    def xml(self, action, inner):
        self.answer(200, "<%sResponse><%sResult>%s</%sResult></%sResponse>" % (action, action, inner, action, action), "text/xml")

    def sts_keys(self, action, key, account):
        self.xml(action, "<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>token-of-%s</SessionToken><Expiration>%s"
                 "</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::%s:assumed-role/x/s</Arn><AssumedRoleId>a</AssumedRoleId></AssumedRoleUser>"
                 % (key, key, iso(3600), account))

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/token":
            asked = json.loads(text)
            return self.answer(200, json.dumps({"accessToken": "renewed-" + asked["refreshToken"], "expiresIn": 28800, "tokenType": "Bearer"}))
        form = {k: v[0] for k, v in parse_qs(text).items()}
        action, (key, region) = form["Action"], self.signer()
        if action == "GetCallerIdentity":
            Fake.who.append((key, self.headers.get("X-Amz-Security-Token"), region, self.path.rstrip("/")))
            account = re.match(r"ASIA(\d{12})", key)
            account = account.group(1) if account else "100000000000"
            return self.xml(action, "<Account>%s</Account><Arn>arn:aws:iam::%s:user/x</Arn><UserId>x</UserId>" % (account, account))
        if action == "DescribeVpcs":
            return self.answer(200, "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-%s</vpcId></item></vpcSet></DescribeVpcsResponse>" % key, "text/xml")
        if action == "DescribeRegions":
            return self.answer(200, "<DescribeRegionsResponse><regionInfo><item><regionName>eu-west-1</regionName><optInStatus>opted-in</optInStatus></item></regionInfo>"
                               "</DescribeRegionsResponse>", "text/xml")
        account = form["RoleArn"].split(":")[4]
        if account in Fake.denied or form["RoleArn"].endswith("denied"):
            return self.answer(403, "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to assume it</Message></Error>"
                               "<RequestId>r</RequestId></ErrorResponse>", "text/xml")
        if Fake.denied:
            return self.sts_keys(action, "ASIA" + account, account)
        name = form.get("RoleSessionName", "")
        name = "" if re.match(r"botocore-session-|moonward-", name) else name
        self.sts_keys(action, key_of("ASIA", action, key, region if key else "", form["RoleArn"], name, form.get("ExternalId"), form.get("DurationSeconds", "3600"),
                                     form.get("WebIdentityToken"), form.get("Policy")), account)

    def do_PUT(self):
        self.answer(*{"v1": (404, ""), "refused": (400, "")}.get(Fake.fault, (200, "imds-token")), "text/plain")

    def document(self, key, end=3600):
        return json.dumps({"Code": "Success", "AccessKeyId": key, "SecretAccessKey": "s", "Token": "token-of-" + key, "Expiration": iso(end)})

    def do_GET(self):
        path = urlparse(self.path)
        if path.path == "/federation/credentials":
            asked = {k: v[0] for k, v in parse_qs(path.query).items()}
            key = key_of("SSO", asked, self.headers.get("x-amz-sso_bearer_token"))
            return self.answer(200, json.dumps({"roleCredentials": {"accessKeyId": key, "secretAccessKey": "s", "sessionToken": "t", "expiration": SSO_END * 1000}}))
        if path.path == "/container":
            if Fake.fault == "container":
                return self.answer(403, "{}")
            return self.answer(200, self.document(key_of("CONT", self.headers.get("Authorization"))))
        token = self.headers.get("x-aws-ec2-metadata-token")
        if Fake.fault == "no role":
            return self.answer(404, "")
        if path.path.endswith("/security-credentials/"):
            return self.answer(200, "web", "text/plain")
        if Fake.fault == "no keys":
            return self.answer(200, '{"Code": "AssumeRoleUnauthorizedAccess", "Message": "no"}')
        return self.answer(200, self.document(key_of("IMDS", token), 60 if Fake.fault == "stale" else 3600))


# ---- the cases ----

class Case:
    def __init__(self, name, config="", credentials="", env=None, profile=None, fault=None, files=None):
        self.name, self.config, self.credentials, self.env = name, config, credentials, env or {}
        self.profile, self.fault, self.files = profile, fault, files or {}


ENV = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env-secret"}
BASE = "[profile base]\n" + KEYS % "AKIABASE"
IMDS = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "%(url)s"}
CONTAINER = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "%(url)s/container"}
SSO = ("[default]\nsso_session=corp\nsso_account_id=123456789012\nsso_role_name=Reader\n"
       "[sso-session corp]\nsso_region=eu-west-1\nsso_start_url=https://corp.example/start\n")
OLD_SSO = "[default]\nsso_account_id=123456789012\nsso_role_name=Reader\nsso_region=eu-west-1\nsso_start_url=https://corp.example/start\n"


def token(name, end, **more):
    path = ".aws/sso/cache/%s.json" % hashlib.sha1(name.encode()).hexdigest()
    return {path: json.dumps(dict({"accessToken": "access-1", "expiresAt": iso(end)}, **more))}


SECTION = ("[default]\nservices=dev\nendpoint_url=%(url)s/profile\n" + KEYS.replace("%s", "AKIACONF") +
           "[services dev]\ns3 =\n  endpoint_url = http://192.0.2.1\nsts =\n  endpoint_url = %(url)s/section\n")
RENEWABLE = {"refreshToken": "refresh-1", "clientId": "c", "clientSecret": "s"}


def role(more="source_profile=base\n", name="default"):
    return "[%s]\nrole_arn=%s\n%s" % (name if name == "default" else "profile " + name, ROLE, more)


def process(document):
    return "[default]\ncredential_process = printf '%%s' '%s'\n" % json.dumps(document)


PROC = {"Version": 1, "AccessKeyId": "AKIAPROC", "SecretAccessKey": "s"}
CASES = [
    Case("environment", env=ENV),
    Case("environment before profile", "[default]\n" + KEYS % "AKIACONF", env=ENV),
    Case("environment before the environment's profile", BASE, env=dict(ENV, AWS_PROFILE="base")),
    Case("explicit profile before environment", BASE, env=ENV, profile="base"),
    Case("session token", env=dict(ENV, AWS_SESSION_TOKEN="st")),
    Case("two tokens", env=dict(ENV, AWS_SESSION_TOKEN="st", AWS_SECURITY_TOKEN="old")),
    Case("no secret", "[default]\n" + KEYS % "AKIACONF", env={"AWS_ACCESS_KEY_ID": "AKIAENV"}),
    Case("secret alone", "[default]\n" + KEYS % "AKIACONF", env={"AWS_SECRET_ACCESS_KEY": "s"}),
    Case("environment that ends later", env=dict(ENV, AWS_CREDENTIAL_EXPIRATION=iso(7200))),
    Case("environment that has ended", env=dict(ENV, AWS_CREDENTIAL_EXPIRATION=iso(-60))),
    Case("credentials file before config", "[default]\n" + KEYS % "AKIACONF", "[default]\n" + KEYS % "AKIACRED"),
    Case("config alone", "[default]\n" + KEYS % "AKIACONF"),
    Case("[profile default]", "[profile default]\n" + KEYS % "AKIACONF"),
    Case("tokens of a file", credentials="[default]\n" + KEYS % "AKIACRED" + "aws_session_token=new\naws_security_token=old\n"),
    Case("half a file", credentials="[default]\naws_access_key_id=AKIACRED\n"),
    Case("unknown profile", BASE, env={"AWS_PROFILE": "nobody"}),
    Case("unknown explicit profile", BASE, env=ENV, profile="nobody"),
    Case("AWS_DEFAULT_PROFILE", BASE, env={"AWS_DEFAULT_PROFILE": "base"}),
    Case("quoted name of a profile", '[profile "two words"]\n' + KEYS % "AKIATWO", profile="two words"),
    Case("percent and hash are plain", "[default]\naws_access_key_id=AKIACONF\naws_secret_access_key=a%b #c\n"),
    Case("nested blocks", "[default]\ns3 =\n  addressing_style = path\n  aws_access_key_id = NO\n" + KEYS % "AKIACONF"),
    Case("nothing at all"),
    # roles
    Case("role", BASE + role()),
    Case("role with all its settings", BASE + role("source_profile=base\nexternal_id=e 1\nduration_seconds=1800\nrole_session_name=me\n")),
    Case("duration that is no number", BASE + role("source_profile=base\nduration_seconds=long\n")),
    Case("role of a role", BASE + role("source_profile=hub\n") + role("source_profile=base\nrole_session_name=hub\n", "hub")),
    Case("role with own keys", role("source_profile=default\n" + KEYS % "AKIASELF")),
    Case("role of itself", role("source_profile=default\n")),
    Case("loop", role("source_profile=b\n") + role("source_profile=default\n", "b")),
    Case("loop through keys", role("source_profile=b\n" + KEYS % "AKIASELF") + role("source_profile=default\n", "b")),
    Case("role with role and keys behind", role("source_profile=b\n") + role("source_profile=base\n" + KEYS % "AKIABOTH", "b") + BASE),
    Case("role without source", role("")),
    Case("role with two sources", BASE + role("source_profile=base\ncredential_source=Environment\n"), env=ENV, profile="default"),
    Case("role of a missing profile", role("source_profile=nobody\n")),
    Case("role of an empty profile", role("source_profile=e\n") + "[profile e]\nregion=eu-west-1\n"),
    Case("role of half a profile", role("source_profile=e\n") + "[profile e]\naws_secret_access_key=s\n"),
    Case("role denied", BASE + role().replace("role/x", "role/denied")),
    Case("role of the environment", role("credential_source=Environment\n"), env=ENV, profile="default"),
    Case("role of an empty environment", role("credential_source=Environment\n")),
    Case("role of a container", role("credential_source=EcsContainer\n"), env=CONTAINER),
    Case("role of an instance", role("credential_source=Ec2InstanceMetadata\n"), env=IMDS),
    Case("role of the moon", role("credential_source=Moon\n")),
    Case("source spelt otherwise", role("credential_source=environment\n"), env=ENV, profile="default"),
    Case("role of a process", role("source_profile=p\n") + process(PROC).replace("default", "profile p")),
    Case("role of a web identity", role("source_profile=w\n") + role("web_identity_token_file=%(home)s/jwt\n", "w"), files={"jwt": "jwt-1"}),
    Case("role of a login", role("source_profile=s\n") + SSO.replace("[default]", "[profile s]"), files=token("corp", 7200)),
    # web identity
    Case("web identity", env={"AWS_WEB_IDENTITY_TOKEN_FILE": "%(home)s/jwt", "AWS_ROLE_ARN": ROLE}, files={"jwt": "jwt-1"}),
    Case("web identity and name", env={"AWS_WEB_IDENTITY_TOKEN_FILE": "%(home)s/jwt", "AWS_ROLE_ARN": ROLE, "AWS_ROLE_SESSION_NAME": "me"}, files={"jwt": "jwt-1"}),
    Case("web identity without role", env={"AWS_WEB_IDENTITY_TOKEN_FILE": "%(home)s/jwt"}, files={"jwt": "jwt-1"}),
    Case("web identity without file", env={"AWS_WEB_IDENTITY_TOKEN_FILE": "%(home)s/jwt", "AWS_ROLE_ARN": ROLE}),
    Case("web identity of a profile", role("web_identity_token_file=%(home)s/jwt\nrole_session_name=me\n"), files={"jwt": "jwt-1"}),
    Case("web identity, role of the environment", role("web_identity_token_file=%(home)s/jwt\n"), env={"AWS_ROLE_ARN": ROLE + "2"}, files={"jwt": "jwt-1"}),
    Case("web identity, explicit profile", role("web_identity_token_file=%(home)s/jwt\n"), env={"AWS_ROLE_ARN": ROLE + "2"}, profile="default", files={"jwt": "jwt-1"}),
    Case("web identity denied", env={"AWS_WEB_IDENTITY_TOKEN_FILE": "%(home)s/jwt", "AWS_ROLE_ARN": ROLE + "-denied"}, files={"jwt": "jwt-1"}),
    Case("web identity before keys", "[default]\n" + KEYS % "AKIACONF", env={"AWS_WEB_IDENTITY_TOKEN_FILE": "%(home)s/jwt", "AWS_ROLE_ARN": ROLE}, files={"jwt": "jwt-1"}),
    # IAM Identity Center
    Case("login", SSO, files=token("corp", 7200)),
    Case("login renewed", SSO, files=token("corp", 300, registrationExpiresAt=iso(90000), **RENEWABLE)),
    Case("login renewed after its end", SSO, files=token("corp", -300, registrationExpiresAt=iso(90000), **RENEWABLE)),
    Case("login ended", SSO, files=token("corp", -300)),
    Case("registration ended", SSO, files=token("corp", -300, registrationExpiresAt=iso(-1), **RENEWABLE)),
    Case("login near its end, not renewable", SSO, files=token("corp", 300)),
    Case("no login", SSO),
    Case("login without its session", SSO.replace("[sso-session corp]", "[sso-session other]"), files=token("corp", 7200)),
    Case("login that disagrees", SSO.replace("[default]\n", "[default]\nsso_region=eu-west-2\n"), files=token("corp", 7200)),
    Case("older login", OLD_SSO, files=token("https://corp.example/start", 7200)),
    Case("older login ended", OLD_SSO, files=token("https://corp.example/start", -60, registrationExpiresAt=iso(90000), **RENEWABLE)),
    Case("half a login", OLD_SSO.replace("sso_region", "region")),
    Case("login before keys", SSO.replace("[default]\n", "[default]\n" + KEYS % "AKIACONF"), files=token("corp", 7200)),
    # processes
    Case("process", process(PROC)),
    Case("process with a token", process(dict(PROC, SessionToken="t", Expiration=iso(7200)))),
    Case("process that ended", process(dict(PROC, SessionToken="t", Expiration=iso(-7200)))),
    Case("process without version", process({k: v for k, v in PROC.items() if k != "Version"})),
    Case("process of version 2", process(dict(PROC, Version=2))),
    Case("process without secret", process({"Version": 1, "AccessKeyId": "AKIAPROC"})),
    Case("process fails", "[default]\ncredential_process = false\n"),
    Case("process is missing", "[default]\ncredential_process = /nonexistent/program\n"),
    Case("process says nothing", "[default]\ncredential_process = true\n"),
    Case("process and words", "[default]\ncredential_process = sh -c 'printf %s \"$1\"' x \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKIA W\\\"}\"\n"),
    Case("process after the credentials file", process(PROC), "[default]\n" + KEYS % "AKIACRED"),
    Case("process before the config's keys", process(PROC) + KEYS % "AKIACONF"),
    # containers and instances
    Case("container", env=CONTAINER),
    Case("container and token", env=dict(CONTAINER, AWS_CONTAINER_AUTHORIZATION_TOKEN="Basic x")),
    Case("container and token file", env=dict(CONTAINER, AWS_CONTAINER_AUTHORIZATION_TOKEN="no", AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="%(home)s/t"), files={"t": "of-file"}),
    Case("container and missing file", env=dict(CONTAINER, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="%(home)s/t")),
    Case("container and two lines", env=dict(CONTAINER, AWS_CONTAINER_AUTHORIZATION_TOKEN="a\r\nHost: b")),
    Case("container fails", env=dict(CONTAINER, **IMDS), fault="container"),
    Case("container elsewhere", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/x"}),
    Case("container by another notation", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://2130706433:%(port)s/container"}),
    Case("config before container", "[default]\n" + KEYS % "AKIACONF", env=CONTAINER),
    Case("instance", env=IMDS),
    Case("instance of the profile", "[default]\nec2_metadata_service_endpoint=%(url)s\n", env={"AWS_EC2_METADATA_DISABLED": "false"}),
    Case("instance, version 1", env=IMDS, fault="v1"),
    Case("instance, version 1 disabled", env=dict(IMDS, AWS_EC2_METADATA_V1_DISABLED="true"), fault="v1"),
    Case("instance refuses", env=IMDS, fault="refused"),
    Case("instance without role", env=IMDS, fault="no role"),
    Case("instance without keys", env=IMDS, fault="no keys"),
    Case("instance with old keys", env=IMDS, fault="stale"),
    Case("instance, odd mode", env=dict(IMDS, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE="ipv5")),
    Case("container before instance", env=dict(CONTAINER, **IMDS)),
    # where the call goes
    Case("endpoint of the environment, not the profile", "[default]\n" + KEYS % "AKIACONF" + "endpoint_url=http://192.0.2.1\n"),
    Case("endpoint of the service before all", "[default]\n" + KEYS % "AKIACONF", env={"AWS_ENDPOINT_URL": "%(url)s/all", "AWS_ENDPOINT_URL_STS": "%(url)s/sts"}),
    Case("endpoint of all before the section", SECTION, env={"AWS_ENDPOINT_URL": "%(url)s/all"}),
    Case("endpoint of a section before the profile", SECTION + "[unused]\n", env={"AWS_ENDPOINT_URL": ""}),
    Case("endpoint of the profile", "[default]\n" + KEYS % "AKIACONF" + "endpoint_url=%(url)s/profile\n", env={"AWS_ENDPOINT_URL": ""}),
    Case("endpoints are on", SECTION, env={"AWS_ENDPOINT_URL": "", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}),
]


def place(case, home, url, port):
    """Files and environment of a case."""
    values = {"home": home, "url": url, "port": port}
    for name, text in dict(case.files, config=case.config, credentials=case.credentials).items():
        path = os.path.join(home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        for key, value in values.items():
            text = text.replace("%%(%s)s" % key, str(value))
        with open(path, "w") as f:
            f.write(text)
    env = {"HOME": home, "PATH": os.environ["PATH"], "AWS_CONFIG_FILE": home + "/config", "AWS_SHARED_CREDENTIALS_FILE": home + "/credentials",
           "AWS_DEFAULT_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": url, "AWS_MAX_ATTEMPTS": "1", "NO_COLOR": "1"}
    env.update({k: v % values for k, v in case.env.items()})
    return {k: v for k, v in env.items() if v}


def ask_botocore(env, profile):
    """In a child of its own: botocore reads the environment, and keeps some of it."""
    pid = os.fork()
    if pid == 0:
        try:
            os.environ.clear()
            os.environ.update(env)
            import botocore.credentials, botocore.tokens
            cache = os.path.join(env["HOME"], ".aws", "sso", "cache")
            botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR = botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR = cache
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1), os.dup2(null, 2)
            botocore.session.Session(profile=profile).create_client("sts").get_caller_identity()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def ask_moonward(binary, env, profile):
    command = [binary, "call", "sts", "GetCallerIdentity"] + (["--profile", profile] if profile else [])
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)


def compare(binary, url, port, faults):
    agreed = served = 0
    for case in CASES:
        heard = []
        Fake.fault = case.fault
        for who in ("moonward",) if LACKING else ("botocore", "moonward"):
            with tempfile.TemporaryDirectory() as home:
                env = place(case, home, url, port)
                Fake.who = []
                if who == "botocore":
                    good, said = ask_botocore(env, case.profile), ""
                else:
                    done = ask_moonward(binary, env, case.profile)
                    good, said = done.returncode == 0, done.stderr
                    if not good and (done.returncode not in (3, 4, 253, 254) or not said.strip()):
                        faults.append("%s: exit status %d: %s" % (case.name, done.returncode, said[-300:]))
                    if re.search("wire-secret|env-secret|access-1|refresh-1", said):
                        faults.append("%s: a secret in: %s" % (case.name, said))
                heard.append(Fake.who[0] if good and Fake.who else None)
        if LACKING:
            served += heard[0] is not None
        elif heard[0] != heard[1]:
            faults.append("%s: botocore %s, moonward %s %s" % (case.name, heard[0], heard[1], said[-300:]))
        else:
            agreed += 1
            served += heard[0] is not None
    Fake.fault = None
    if LACKING:
        print("%d cases, not compared: %d with keys, %d without" % (len(CASES), served, len(CASES) - served))
    else:
        print("%d of %d cases as botocore %s: %d with keys, %d without" % (agreed, len(CASES), botocore.__version__, served, agreed - served))


def fleet(binary, url, port, faults):
    accounts = ["%012d" % (200000000000 + i) for i in range(50)]
    Fake.denied = (accounts[7], accounts[31])
    case = Case("fleet", BASE + "[profile hub]\nrole_arn=arn:aws:iam::100000000001:role/hub\nsource_profile=base\n", profile="hub")
    with tempfile.TemporaryDirectory() as home:
        env = place(case, home, url, port)
        script = os.path.join(home, "vpcs.lua")
        with open(script, "w") as f:
            f.write('columns { "vpc" }\nfor vpc in aws.items("ec2:DescribeVpcs") do emit { vpc = vpc.VpcId } end\n')
        command = [binary, "audit", script, "--profile", "hub", "--role-name", "Auditor", "--region", "eu-west-1", "--output", "json"]
        done = subprocess.run(command + [x for a in accounts for x in ("--account", a)], env=env, capture_output=True, text=True, timeout=120)
    document = json.loads(done.stdout)
    failed = [s for s in document["scopes"] if s["state"] != "complete"]
    if done.returncode != 2 or len(document["rows"]) != 48:
        faults.append("fleet: exit status %d, %d rows, expected 2 and 48" % (done.returncode, len(document["rows"])))
    if any(r["vpc"] != "vpc-ASIA" + r["account"] for r in document["rows"]):
        faults.append("fleet: an account was asked with the keys of another")
    if [s["account"] for s in failed] != list(Fake.denied) or any("AccessDenied" not in s["message"] or s["account"] not in s["message"] for s in failed):
        faults.append("fleet: failures %s" % failed)
    Fake.denied = ()
    print("role chain over 50 accounts: %d results, failures: %s" % (len(document["rows"]), "; ".join(s["message"] for s in failed)))


def main():
    binary, faults = sys.argv[1], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Fake)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d" % server.server_port
    compare(binary, url, server.server_port, faults)
    fleet(binary, url, server.server_port, faults)
    server.shutdown()
    for fault in faults:
        print(fault)
    if faults:
        return 1
    if LACKING:
        print("skipped: the comparison of credentials with botocore's (%s)" % LACKING)
        return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
