#!/usr/bin/env python3
"""Planted keys are searched for in everything that a run leaves behind: output, logs, store, recording, core dumps.

  test_secrets.py MOONWARD

A profile with a secret of ours assumes a role (whose keys the endpoint makes), a sweep runs at debug level and is recorded; then the
same process is killed by SIGSEGV with core dumps allowed.
"""
import os, re, resource, signal, socket, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import motoserver  # noqa: E402

PLANTED = "plantedPLANTED0secret1key2value3planted4"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files_below(folder):
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as f:
                yield path, f.read()


def swept(binary, folder, faults):
    """A recorded sweep through an assumed role; returns what to search, by name."""
    with motoserver.Server() as s:
        s.client("s3").create_bucket(Bucket="a-bucket")
        s.client("iam").create_role(RoleName="reader", AssumeRolePolicyDocument="{}")
        config, credentials = os.path.join(folder, "config"), os.path.join(folder, "credentials")
        with open(config, "w") as f:
            f.write("[profile audit]\nrole_arn = arn:aws:iam::123456789012:role/reader\nsource_profile = base\nregion = us-east-1\n")
        with open(credentials, "w") as f:
            f.write("[base]\naws_access_key_id = AKIAPLANTED000000000\naws_secret_access_key = %s\n" % PLANTED)
        env = s.environment(AWS_CONFIG_FILE=config, AWS_SHARED_CREDENTIALS_FILE=credentials, AWS_PROFILE="audit")
        env.pop("AWS_ACCESS_KEY_ID"), env.pop("AWS_SECRET_ACCESS_KEY")
        out = os.path.join(folder, "out")
        os.mkdir(out)
        done = subprocess.run([binary, "sweep", "--region", "us-east-1", "--record", os.path.join(out, "recording"), "--store", os.path.join(out, "store.db"),
                               "--output", "json", "--debug", "--export", "text=" + os.path.join(out, "report.txt")], env=env, capture_output=True, cwd=ROOT)
    if done.returncode not in (0, 1, 2):
        sys.exit("sweep ended with %d: %s" % (done.returncode, done.stderr.decode()[-2000:]))
    if not os.path.exists(os.path.join(out, "recording", "exchanges.jsonl")):
        faults.append("nothing was recorded")
    return [("stdout", done.stdout), ("stderr", done.stderr)] + list(files_below(out))


def dumped(binary, folder, faults):
    """Kill a run that holds the key; returns the core files that the kernel wrote."""
    where = os.path.join(folder, "cores")
    os.mkdir(where)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)  # takes connections and never answers
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    env.update(AWS_ACCESS_KEY_ID="AKIAPLANTED000000000", AWS_SECRET_ACCESS_KEY=PLANTED, AWS_REGION="us-east-1", AWS_CONFIG_FILE="/nonexistent",
               AWS_SHARED_CREDENTIALS_FILE="/nonexistent", AWS_ENDPOINT_URL="http://127.0.0.1:%d" % listener.getsockname()[1])

    def allow_cores():
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    child = subprocess.Popen([binary, "call", "sts", "GetCallerIdentity"], env=env, cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             preexec_fn=allow_cores)
    connection, _ = listener.accept()
    with open("/proc/%d/limits" % child.pid) as f:
        if not re.search(r"Max core file size\s+0\s+0\s", f.read()):
            faults.append("the process allows core files")
    child.send_signal(signal.SIGSEGV)
    child.wait()
    connection.close()
    listener.close()
    time.sleep(0.2)
    return list(files_below(where))


def main():
    binary, faults = os.path.abspath(sys.argv[1]), []
    motoserver.require()
    with tempfile.TemporaryDirectory() as folder:
        searched = swept(binary, folder, faults)
        cores = dumped(binary, folder, faults)
    if cores:
        faults.append("core files were written: %s" % [path for path, _ in cores])
    for path, data in searched + cores:
        if PLANTED.encode() in data:
            faults.append("the planted secret is in %s" % path)
        # Keys that the endpoint made for the role: whatever follows these names must be masked.
        for m in re.finditer(rb"<(SecretAccessKey|SessionToken)>([^<]*)<", data):
            if not re.fullmatch(rb"(REDACTED|\*+)?", m.group(2)):
                faults.append("%s in %s: %r" % (m.group(1).decode(), path, m.group(2)[:12]))
        if re.search(rb"AWS4-HMAC-SHA256 Credential=", data):
            faults.append("an Authorization header is in %s" % path)
    for fault in faults:
        print(fault)
    print("%d files and streams searched, %d faults" % (len(searched) + len(cores), len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
