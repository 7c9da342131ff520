#!/usr/bin/env python3
"""The store under damage, a full disk, other processes, signals, a clock that jumps back, and an older schema.

  test_store_faults.py MOONWARD

Nothing crashes, nothing that was stored is lost, and damage is found by `snapshot check` or changes no document.
"""
import json, os, random, resource, shutil, signal, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402
from oldstore import to_first_schema  # noqa: E402
from test_history import record, suspended  # noqa: E402
from test_snapshots import Store  # noqa: E402

FAULTS = []
COLLECT = ("collect", "--replay", replaying.DEMO)


def expect(name, got, want):
    if got != want:
        FAULTS.append("%s: %s, expected %s" % (name, str(got)[:500], str(want)[:500]))


def start(store, *argv, **more):
    return subprocess.Popen([store.binary, *argv, "--store", store.path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=replaying.ROOT,
                            env=replaying.environment(), **more)


def check_damage(binary, folder, changed):
    whole = Store(binary, folder, "whole")
    whole.collect()
    whole.collect(changed)
    asked = [("evaluate", "--output", "json"), ("snapshot", "diff", "latest~1", "--output", "json"), ("log", "s3.bucket/harbour-orders", "--output", "json"),
             ("query", "SELECT type, count(*), sum(length(document)) FROM resource GROUP BY 1", "--output", "json"), ("snapshot", "list", "--output", "json")]
    right = [whole.run(*argv).stdout for argv in asked]
    size, rng, found = os.path.getsize(whole.path), random.Random(11), 0
    for i in range(60):
        store = Store(binary, folder, "damaged")
        shutil.copy(whole.path, store.path)
        with open(store.path, "r+b") as f:
            for _ in range(rng.choice((1, 1, 4, 64))):
                f.seek(rng.randrange(size))
                f.write(bytes([rng.randrange(256)]))
            if i % 10 == 9:
                f.truncate(rng.randrange(size))
        check = store.run("snapshot", "check", codes=range(-64, 256))
        if check.returncode not in (0, 2, 3):
            FAULTS.append("check of damage %d: exit %d: %s" % (i, check.returncode, check.stderr[:200]))
        found += check.returncode != 0
        for argv, answer in zip(asked, right):
            done = store.run(*argv, codes=range(-64, 256))
            if done.returncode not in (0, 1, 2, 3):
                FAULTS.append("%s of damage %d: exit %d: %s" % (argv, i, done.returncode, done.stderr[:200]))
            elif check.returncode == 0 and argv[0] == "query" and done.stdout != answer:  # documents; the ledger has no hash of its own
                FAULTS.append("damage %d is called sound, and %s answers otherwise" % (i, argv))
        for end in ("", "-wal", "-shm"):
            if os.path.exists(store.path + end):
                os.remove(store.path + end)
    if found < 20:
        FAULTS.append("only %d of 60 damages were found" % found)
    open(os.path.join(folder, "no.db"), "wb").write(b"hello" * 5000)
    done = Store(binary, folder, "no").run("snapshot", "list", codes=(3,))
    expect("what to do is told", b"--store" in done.stderr, True)


def check_full(binary, folder, changed):
    store = Store(binary, folder, "full")
    first = store.collect()
    before = store.run("snapshot", "show", first["id"], "AWS::S3::Bucket", "--output", "json").stdout

    def limit(size):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    for size in [0, 4096, 30000, 60000, 100000]:
        process = start(store, "collect", "--replay", changed, "--allow-incomplete", preexec_fn=lambda size=size: limit(size))
        error = process.communicate()[1]
        if process.returncode not in (0, 2, 3) or (process.returncode and b"moonward: " not in error):
            FAULTS.append("a full disk at %d: exit %d: %s" % (size, process.returncode, error[:300]))
        store.run("snapshot", "check", codes=(0,))
        expect("what was there stays (%d)" % size, store.run("snapshot", "show", first["id"], "AWS::S3::Bucket", "--output", "json").stdout, before)
    store.collect(changed)
    store.run("snapshot", "check", codes=(0,))


def check_together(binary, folder):
    store = Store(binary, folder, "together")
    processes = [start(store, *COLLECT) for _ in range(5)]
    codes = [(p.communicate()[1], p.returncode) for p in processes]
    expect("all five", [c for c in codes if c[1] not in (0, 2)], [])
    expect("snapshots", len(store.snapshots()), 5)
    expect("one state each", {s["changed"] + s["removed"] for s in store.snapshots()}, {0})
    reader = [start(store, "query", "SELECT count(*) FROM resource", "--allow-incomplete") for _ in range(3)] + [start(store, "snapshot", "prune", "--keep", "1")]
    expect("readers and a pruner", [p.returncode for p in reader if p.communicate() and p.returncode], [])
    store.run("snapshot", "check", codes=(0,))


def check_signals(binary, folder):
    store = Store(binary, folder, "signals")
    known = {store.collect()["id"]}
    for i in range(10):
        process = start(store, *COLLECT)
        time.sleep(0.01 + i * 0.02)
        process.send_signal(signal.SIGTERM)
        process.communicate()
        if process.returncode not in (0, 2, 143, -signal.SIGTERM):
            FAULTS.append("SIGTERM: exit %d" % process.returncode)
        now = {s["id"] for s in store.snapshots()}
        if not known <= now or {s["resources"] for s in store.snapshots()} != {140}:
            FAULTS.append("SIGTERM: %s" % store.snapshots())
        known = now
    store.run("snapshot", "check", codes=(0,))


def check_clock(binary, folder):
    store = Store(binary, folder, "clock")
    ids = [store.collect(record(folder, "clock-%d" % i, when, change))["id"]
           for i, (when, change) in enumerate([("2026-11-25T05:00:00Z", lambda r: r), ("2026-11-20T05:00:00Z", suspended), ("2026-11-26T05:00:00Z", lambda r: r)])]
    expect("order is that of storing", [s["id"] for s in store.snapshots()], ids[::-1])
    expect("the newest that says so", json.loads(store.run("snapshot", "show", "--at", "2026-11-25T12:00:00Z", "--output", "json").stdout)["id"], ids[1])
    states = json.loads(store.run("log", "s3.bucket/harbour-orders", "--output", "json").stdout)["states"]
    expect("its log", [s["at"] for s in states], ["2026-11-25T05:00:00Z", "2026-11-20T05:00:00Z", "2026-11-26T05:00:00Z"])


def check_migration(binary, folder):
    """A file of schema 1 had runs and findings only: they stay, and snapshots are taken."""
    store = Store(binary, folder, "older")
    store.run("sweep", "--replay", replaying.DEMO)
    before = store.run("findings", "list", "--output", "json").stdout
    said = json.loads(store.run("report", "--output", "json", codes=(0, 1, 2)).stdout)["findings"]
    to_first_schema(store.path, said)
    expect("findings stay", store.run("findings", "list", "--output", "json").stdout == before, True)
    expect("no snapshots yet", store.snapshots(), [])
    store.collect()
    store.run("snapshot", "check", codes=(0,))
    expect("a snapshot", len(store.snapshots()), 1)


def main():
    binary = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        changed = record(folder, "changed", "2026-11-24T05:00:00Z", suspended)
        check_damage(binary, folder, changed)
        check_full(binary, folder, changed)
        check_together(binary, folder)
        check_signals(binary, folder)
        check_clock(binary, folder)
        check_migration(binary, folder)
    for fault in FAULTS[:40]:
        print(fault)
    print("store faults: %d faults" % len(FAULTS))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
