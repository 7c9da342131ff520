#!/usr/bin/env python3
"""CPU and memory of a whole sweep beside boto3 merely listing the same, from the same local server, in one run.

  bench_sweep.py MOONWARD     prints one JSON line; ratios are what counts, machines differ
"""
import contextlib, json, os, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LIST = """
import boto3
def pages(service, operation, key):
    return sum(len(p[key]) for p in boto3.client(service).get_paginator(operation).paginate())
instances = sum(len(r["Instances"]) for p in boto3.client("ec2").get_paginator("describe_instances").paginate() for r in p["Reservations"])
print(instances, pages("ec2", "describe_security_groups", "SecurityGroups"), len(boto3.client("s3").list_buckets()["Buckets"]), pages("iam", "list_users", "Users"))
"""


def measure(argv, env, repeat=3):
    best = None
    for _ in range(repeat):
        begin = time.monotonic()
        child = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
        out, err = child.stdout.read(), child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        row = {"cpu_s": round(usage.ru_utime + usage.ru_stime, 3), "peak_mb": round(usage.ru_maxrss / 1024, 1), "wall_s": round(time.monotonic() - begin, 3),
               "status": os.waitstatus_to_exitcode(status)}
        if best is None or row["cpu_s"] < best[0]["cpu_s"]:
            best = (row, out, err)
    return best


@contextlib.contextmanager
def answering(*options):
    """A server of answers, and the environment that leads to it."""
    server = subprocess.Popen([sys.executable, os.path.join(HERE, "answers.py"), *options], stdout=subprocess.PIPE, text=True)
    try:
        env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        env.update(AWS_ENDPOINT_URL=server.stdout.readline().strip(), AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
                   AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                   AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true")
        yield env
    finally:
        server.terminate()
        server.wait()


def main():
    binary = os.path.abspath(sys.argv[1])
    with answering() as env:
        with tempfile.TemporaryDirectory() as folder:
            sweep, out, err = measure([binary, "sweep", "--region", "us-east-1", "--output", "json", "--store", os.path.join(folder, "s.db")], env)
        if sweep["status"] not in (0, 1, 2):
            sys.exit("sweep failed: " + err.decode()[-2000:])
        document = json.loads(out)
        listing, names, err = measure([sys.executable, "-c", LIST], env)
        if listing["status"]:
            sys.exit("boto3 failed: " + err.decode()[-2000:])
        print(json.dumps({"sweep": sweep, "boto3_listing": dict(listing, counted=names.decode().strip()), "findings": len(document["findings"]),
                          "cpu_ratio": round(sweep["cpu_s"] / listing["cpu_s"], 3)}))


if __name__ == "__main__":
    main()
