#!/usr/bin/env python3
"""A sweep of an organization over the load server on the same machine: time, memory, calls, throttles, and what the oracle misses.

  bench_org.py MOONWARD AWSIM [ACCOUNTS] [REGIONS] [--shards N] [--throttle [--guess F]] [--check N]

1,000 accounts of 17 regions with 1,000 resources each are the whole size; 100 accounts tell most of it in a tenth of the time. The targets
are those of the whole: 600 s, 256 MB in the broker, 1 % of the calls throttled, nothing missed and nothing that does not exist. --throttle
gives each service of each account and region AWS's documented quota, and has the client guess it --guess times too high (4).
"""
import argparse, json, os, sqlite3, subprocess, sys, tempfile, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "integration"))
from awsimserver import Server  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMES = ["us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "ap-south-1",
         "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ca-central-1", "sa-east-1"]
FIRST = 100000000000
# As src/aws/rate.c knows them: what AWS documents, 20 a second where it documents nothing.
QUOTAS = ["*=20/20", "ec2=100/20", "lambda=15/15", "iam=30/30", "cloudwatch=10/9", "s3=200/200", "s3control=200/200", "kms=100/100", "sts=200/200"]


class Watch(threading.Thread):
    """Most memory that a process held."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.path, self.peak_kb = "/proc/%d/status" % pid, 0

    def run(self):
        try:
            while True:
                with open(self.path) as lines:
                    for line in lines:
                        if line.startswith("VmHWM"):
                            self.peak_kb = max(self.peak_kb, int(line.split()[1]))
                time.sleep(0.2)
        except OSError:
            pass


def read_both(process):
    """What a process says on stderr, while its stdout is read to the end too."""
    said = []
    other = threading.Thread(target=lambda: said.append(process.stderr.read()))
    other.start()
    while process.stdout.read(1 << 20):
        pass
    other.join()
    return said[0]


def sweep(binary, server, folder, store, shards):
    base = [binary, "sweep", "--config", os.path.join(folder, "moonward.yaml"), "--store", store, "--output", "text", "--progress", "off"]
    runs = [base] if shards == 1 else [base + ["--run-id", "bench", "--shard", "%d/%d" % (i + 1, shards)] for i in range(shards)]
    began = time.monotonic()
    processes = [subprocess.Popen(a, env=server.environment(0), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                 for a in runs]
    watches = [Watch(p.pid) for p in processes]
    for w in watches:
        w.start()
    cpu = []
    for p in processes:
        said = read_both(p)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        if p.returncode not in (0, 1, 2):
            sys.exit("a sweep ended with %d: %s" % (p.returncode, said[-2000:]))
        cpu.append(round(usage.ru_utime + usage.ru_stime, 1))
    return time.monotonic() - began, max(w.peak_kb for w in watches), [p.returncode for p in processes], cpu


def missed_and_phantom(server, store, accounts):
    """Resources that exist and are not in the snapshot, and the reverse, for types that the snapshot lists whole."""
    db = sqlite3.connect(store)
    listed = {}
    for account, kind, n in db.execute(
            "SELECT a.text, t.text, sum(l.seen) FROM looked l JOIN scope c ON c.n = l.scope JOIN word a ON a.n = c.account JOIN word t ON t.n = c.type"
            " WHERE l.complete = 1 GROUP BY 1, 2"):
        listed[account, kind] = n
    missed = phantom = compared = 0
    for i in accounts:
        for kind, places in server.control("oracle", account=i)["types"].items():
            if (str(FIRST + i), kind) not in listed:
                continue
            exist, have = sum(p["count"] for p in places.values()), listed[str(FIRST + i), kind]
            compared += exist
            missed, phantom = missed + max(0, exist - have), phantom + max(0, have - exist)
    return missed, phantom, compared


def main():
    p = argparse.ArgumentParser()
    p.add_argument("moonward")
    p.add_argument("awsim")
    p.add_argument("accounts", type=int, nargs="?", default=100)
    p.add_argument("regions", type=int, nargs="?", default=17)
    p.add_argument("--shards", type=int, default=1)
    p.add_argument("--throttle", action="store_true")
    p.add_argument("--guess", type=float, default=4, metavar="F", help="with --throttle: how much too high the client guesses each quota")
    p.add_argument("--check", type=int, default=20, help="accounts compared with the oracle")
    p.add_argument("--latency", type=int, default=0, metavar="MS", help="of every answer; AWS has 20 to 80")
    p.add_argument("--keep", help="keep the store there")
    a = p.parse_args()
    options = ["--seed", 7, "--accounts", a.accounts, "--regions", ",".join(NAMES[:a.regions]), "--instances", 12, "--volumes", 16, "--snapshots", 6,
               "--functions", 10, "--users", 20, "--no-verify"]
    with Server(a.awsim, *options) as s, tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "moonward.yaml"), "w") as out:
            if a.throttle:
                out.write("rate: {any_endpoint: true, factor: %g}\n" % a.guess)
            out.write("rules: %s/rules\nregions: ['*']\nrole: Reader\naccounts:\n%s" % (ROOT, "".join("  - '%d'\n" % (FIRST + i) for i in range(a.accounts))))
        if a.latency:
            s.faults("*:* delay ms=%d" % a.latency)
        if a.throttle:
            s.buckets(*QUOTAS)
        store = os.path.join(folder, "store.db")
        took, peak_kb, codes, cpu = sweep(a.moonward, s, folder, store, a.shards)
        stats = s.control("stats")
        missed, phantom, compared = missed_and_phantom(s, store, range(0, a.accounts, max(1, a.accounts // a.check)))
        resources = sqlite3.connect(store).execute("SELECT sum(resources) FROM snapshot WHERE open = 0").fetchone()[0]
        findings = sqlite3.connect(store).execute("SELECT (SELECT count(*) FROM finding) + (SELECT coalesce(sum(count), 0) FROM pack)").fetchone()[0]
        print(json.dumps({"accounts": a.accounts, "regions": a.regions, "shards": a.shards, "seconds": round(took, 1), "broker_peak_mb": round(peak_kb / 1024),
                          "our_cpu_s": round(sum(cpu), 1), "cpu_of_each_s": cpu, "server_cpu_s": round(stats["cpu_us"] / 1e6, 1), "exit": codes, "requests": stats["requests"],
                          "throttled_percent": round(100 * stats["throttled"] / max(1, stats["requests"]), 2), "resources": resources, "findings": findings,
                          "compared": compared, "missed": missed, "phantom": phantom, "store_mb": round(os.path.getsize(store) / 1e6)}, indent=1))
        if a.keep:
            os.rename(store, a.keep)
    return 1 if missed or phantom else 0


if __name__ == "__main__":
    sys.exit(main())
