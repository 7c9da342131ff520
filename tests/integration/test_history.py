#!/usr/bin/env python3
"""Snapshots over time: diff, log, --at, prune and retention, on the demo recording and changed copies of it.

  test_history.py MOONWARD

What changed is told with its fields, what could not be read is unknown and never removed, pruning keeps what remains readable.
"""
import fcntl, json, os, random, sqlite3, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import exports  # noqa: E402
import replaying  # noqa: E402
from test_denied import deny  # noqa: E402
from test_snapshots import Store  # noqa: E402

FAULTS = []


def expect(name, got, want):
    if got != want:
        FAULTS.append("%s: %s, expected %s" % (name, got, want))


def record(folder, name, when, change=lambda row: row, rows=None):
    """A recording of the account at another time, with its answers changed."""
    path = os.path.join(folder, name)
    replaying.write(path, [change(dict(row)) for row in rows or replaying.exchanges()])
    manifest = json.load(open(os.path.join(path, "manifest.json")))
    manifest["recorded_at"] = when
    json.dump(manifest, open(os.path.join(path, "manifest.json"), "w"))
    return path


def suspended(row):
    if row["operation"] == "GetBucketVersioning" and row["params"].get("Bucket") == "harbour-orders":
        row["body"] = row["body"].replace("Enabled", "Suspended")
    return row


def without_tmp(row):
    row = suspended(row)
    if row["operation"] == "ListBuckets":
        row["body"] = row["body"].replace("<Bucket><Name>harbour-tmp</Name><CreationDate>2026-11-23T04:29:47.000Z</CreationDate></Bucket>", "")
    return row


class History:
    def __init__(self, binary, folder):
        rows = replaying.exchanges()
        self.store = Store(binary, folder, "history")
        steps = [("full", "2026-11-23T05:00:00Z", lambda row: row, None), ("suspended", "2026-11-24T05:00:00Z", suspended, None),
                 ("gone", "2026-11-25T05:00:00Z", without_tmp, None),
                 ("denied", "2026-11-26T05:00:00Z", without_tmp, deny(rows, "s3", "ListBuckets")[0]),
                 ("again", "2026-11-27T05:00:00Z", suspended, None)]
        self.ids = [self.store.collect(record(folder, *step))["id"] for step in steps]

    def json(self, *argv, codes=(0, 2)):
        return json.loads(self.store.run(*argv, "--output", "json", codes=codes).stdout)

    def changes(self, *argv):
        return [(c["change"], c["resource"]["id"]) for c in self.json("snapshot", "diff", *argv)["changes"]]


def check_diff(h):
    d = h.json("snapshot", "diff", h.ids[0], h.ids[1])
    changed = [c for c in d["changes"] if c["resource"]["type"] == "AWS::S3::Bucket"]
    expect("one bucket changed", [(c["change"], c["resource"]["id"]) for c in changed], [("changed", "harbour-orders")])
    expect("its fields", changed[0]["fields"], [{"path": "Versioning.Status", "before": "Enabled", "after": "Suspended"}])
    expect("removed", h.changes(h.ids[1], h.ids[2], "--type", "s3.bucket"), [("removed", "harbour-tmp")])
    expect("the other way", h.changes(h.ids[2], h.ids[1], "--type", "s3.bucket"), [("added", "harbour-tmp")])
    expect("a glob", h.changes(h.ids[1], h.ids[2], "--type", "AWS::EC2::*"), [])
    expect("a region", h.changes(h.ids[1], h.ids[2], "--region", "eu-*"), [])
    # The list was denied: nothing is removed, the scope is unknown, and what comes back was perhaps there.
    d = h.json("snapshot", "diff", h.ids[1], h.ids[3], "--type", "s3.bucket")
    expect("nothing removed", [c for c in d["changes"] if c["change"] == "removed" and c["resource"]["id"] != "harbour-tmp"], [])
    expect("its scope is unknown", [(s["from"], s["to"]) for s in d["unknown_scopes"] if not s["facet"]], [("complete", "denied")])
    expect("perhaps it was there", h.changes(h.ids[3], h.ids[4], "--type", "s3.bucket"), [("unknown", "harbour-tmp")])
    expect("backwards too", h.changes(h.ids[4], h.ids[3], "--type", "s3.bucket"), [("unknown", "harbour-tmp")])
    expect("exit status", h.store.run("snapshot", "diff", h.ids[1], h.ids[3]).returncode, 2)
    expect("allowed", h.store.run("snapshot", "diff", h.ids[1], h.ids[3], "--allow-incomplete").returncode, 0)
    lines = [json.loads(x) for x in h.store.run("snapshot", "diff", h.ids[1], h.ids[2], "--output", "jsonl").stdout.splitlines()]
    expect("jsonl", [x["resource"]["id"] for x in lines if x["change"] == "removed"], ["harbour-tmp"])
    text = h.store.run("snapshot", "diff", h.ids[0], h.ids[1]).stdout.decode()
    if 'Versioning.Status: "Enabled" → "Suspended"' not in text:
        FAULTS.append("text of the diff: %s" % text[:2000])


def check_names(h):
    def of(*argv):
        return h.json("snapshot", "show", *argv)["id"]
    expect("latest~1", of("latest~1"), h.ids[3])
    expect("a date", of("2026-11-25"), h.ids[1])
    expect("a time", of("2026-11-25T05:00:00Z"), h.ids[2])
    expect("--at", of("--at", "2026-11-24T12:00:00+00:00"), h.ids[1])
    expect("before all", h.store.run("snapshot", "show", "--at", "2020-01-01", codes=(3,)).returncode, 3)
    expect("too far back", h.store.run("snapshot", "show", "latest~9", codes=(3,)).returncode, 3)
    expect("no number", h.store.run("snapshot", "show", "latest~x", codes=(3,)).returncode, 3)
    expect("both", h.store.run("evaluate", "--snapshot", "latest", "--at", "2026-11-25", codes=(3,)).returncode, 3)
    # A backtest: the rule of today over then.
    for at, status in (("2026-11-23T06:00:00Z", "pass"), ("2026-11-24T06:00:00Z", "fail")):
        found = h.json("evaluate", "s3-bucket-versioning-enabled", "--at", at, codes=(0, 1, 2))["findings"]
        expect("backtest " + at, [f["status"] for f in found if f["resource"]["id"] == "harbour-orders"], [status])


def check_log(h):
    d = h.json("log", "arn:aws:s3:::harbour-orders")["states"]
    expect("log", [(s["change"], s["snapshot"], s["until_snapshot"]) for s in d], [("seen", h.ids[0], h.ids[1]), ("changed", h.ids[1], None)])
    d = h.json("snapshot", "log", "s3.bucket/harbour-tmp", "--documents")["states"]
    expect("gone and again", [(s["change"], s["snapshot"], s["until_snapshot"]) for s in d],
           [("seen", h.ids[0], h.ids[2]), ("seen", h.ids[4], None)])
    expect("documents", [s["document"]["id"] for s in d], ["harbour-tmp"] * 2)
    text = h.store.run("log", "AWS::S3::Bucket/harbour-tmp").stdout.decode().splitlines()
    expect("log as text", [line.split()[-1] for line in text[1:]], ["seen", "gone", "seen"])
    for name in ("arn:aws:s3:::no-such", "s3.bucket/no-such", "harbour-orders", "s3.bucket/", ""):
        expect("log of %r" % name, h.store.run("log", name, codes=(3,)).returncode, 3)


def check_prune(h):
    before = h.json("snapshot", "show", h.ids[4], "AWS::S3::Bucket")
    expect("dry", [s["id"] for s in h.json("snapshot", "prune", "--keep", "2", "--dry-run")["snapshots"]], h.ids[2::-1])
    expect("nothing yet", len(h.store.snapshots()), 5)
    for argv in (("--keep", "0"), ("--older-than", "90"), ("--older-than", "-1d"), ()):
        expect("refused %s" % (argv,), h.store.run("snapshot", "prune", *argv, codes=(3,)).returncode, 3)
    size = os.path.getsize(h.store.path)
    h.json("snapshot", "prune", "--keep", "2")
    expect("kept", [s["id"] for s in h.store.snapshots()], h.ids[:2:-1])
    if os.path.getsize(h.store.path) > size:
        FAULTS.append("the file grew by pruning")
    expect("what remains is as it was", h.json("snapshot", "show", h.ids[4], "AWS::S3::Bucket"), before)
    h.store.run("snapshot", "check", codes=(0,))
    h.json("snapshot", "prune", "--older-than", "1m")
    if h.store.snapshots()[0]["id"] != h.ids[4]:
        FAULTS.append("the newest snapshot was pruned")
    h.store.run("snapshot", "check", codes=(0,))


def check_retention(binary, folder):
    config = os.path.join(folder, "moonward.yaml")
    store = Store(binary, folder, "retention")
    open(config, "w").write("retention: {keep: 2}\n")
    for i in range(4):
        store.run("collect", "--replay", replaying.DEMO, "--config", config)
    expect("retention", len(store.snapshots()), 2)
    for i in range(4):
        store.run("sweep", "--replay", replaying.DEMO, "--config", config, codes=(0, 1, 2))
    db = sqlite3.connect(store.path)
    expect("runs are kept with their snapshots", db.execute("SELECT count(*) FROM run").fetchone(), (2,))
    expect("and nothing of others", db.execute("SELECT (SELECT count(DISTINCT run) FROM finding), (SELECT count(DISTINCT run) FROM pack), count(*) FROM run_part").fetchone(),
           (2, 2, 2))
    expect("nor what they alone refer to", db.execute("SELECT count(*) FROM roster WHERE n NOT IN (SELECT roster FROM pack)").fetchone(), (0,))
    changes = {f["change"] for f in json.loads(store.run("report", "--output", "json", codes=(0, 1, 2)).stdout)["findings"] if f["status"] == "fail"}
    expect("what was open is", changes, {"open"})
    store.run("snapshot", "check", codes=(0,))
    for text in ("retention: {keep: 0}", "retention: {older_than: soon}", "retention: 3", "retention: {}", "retention: {kepp: 1}"):
        open(config, "w").write(text + "\n")
        done = store.run("snapshot", "list", "--config", config, codes=(3,))
        if b"moonward.yaml:1" not in done.stderr:
            FAULTS.append("%s: %s" % (text, done.stderr))


def check_show(h):
    """A list is empty only where somebody looked; a type goes by its alias; places are globs, and all of those that are named count."""
    shown = lambda *argv: [r["resource"]["id"] for r in h.json("snapshot", "show", "latest", *argv)["resources"]]
    places = {r["resource"]["region"] for r in h.json("snapshot", "show", "latest", "ec2.instance")["resources"]}
    expect("an alias", shown("s3.bucket"), shown("AWS::S3::Bucket"))
    expect("places", len(places) > 1 and len(shown("s3.bucket")) > 1, True)
    every = shown("ec2.instance")
    expect("regions by name", sorted(sum((shown("ec2.instance", "--region", p) for p in places), [])), sorted(every))
    expect("several regions", shown("ec2.instance", *sum((["--region", p] for p in places), [])), every)
    expect("a glob", shown("ec2.instance", "--region", "*-*"), every)
    expect("an account", (shown("s3.bucket", "--account", "?" * 12), shown("s3.bucket", "--account", "*")), (shown("s3.bucket"),) * 2)
    for words, says in ((("AWS::S3::Buckets",), b"did you mean 'AWS::S3::Bucket'?"), (("AWS::Athena::WorkGroup",), b"did not look for AWS::Athena::WorkGroup"),
                        (("ec2.instance", "--region", "mars-1"), b"did not look for AWS::EC2::Instance")):
        for output in ("text", "json"):
            done = h.store.run("snapshot", "show", "latest", *words, "--output", output, codes=(3,))
            expect("%s says" % (words,), (says in done.stderr, done.stdout), (True, b""))
    expect("a denied list is told", b"AWS::S3::Bucket: 1 of 1 lists were not read whole" in h.store.run("snapshot", "show", h.ids[3], "s3.bucket").stderr, True)
    expect("a whole one is not", h.store.run("snapshot", "show", "latest", "s3.bucket").stderr, b"")
    region = sorted(places)[0]
    one = shown("ec2.instance", "--region", region)[0]
    states = lambda *argv: h.json("log", "AWS::EC2::Instance/" + one, *argv)["states"]
    expect("a log by place", states("--region", region[:2] + "*", "--region", "mars-1"), states())


def check_files(h, binary, folder):
    """An export comes back byte for byte; whatever is wrong with a file changes nothing."""
    path, other = os.path.join(folder, "export.mws"), Store(binary, folder, "other")
    h.store.run("snapshot", "export", h.ids[3], "--file", path, codes=(0,))
    whole = open(path, "rb").read()
    expect("mode", os.stat(path).st_mode & 0o777, 0o600)
    expect("on stdout", h.store.run("snapshot", "export", h.ids[3]).stdout, whole)
    other.run("snapshot", "import", path, codes=(0,))
    expect("again", b"already" in other.run("snapshot", "import", path, codes=(0,)).stdout, True)
    expect("one", [s["id"] for s in other.snapshots()], [h.ids[3]])
    expect("byte for byte", other.run("snapshot", "export").stdout, whole)
    expect("judged alike", other.run("evaluate", "--output", "json").stdout, h.store.run("evaluate", "--snapshot", h.ids[3], "--output", "json").stdout)
    header, frames, _ = exports.split(whole)
    magic, other_id = b"moonward-snapshot/2", "01ARZ3NDEKTSV4RRFFQ69G5FAV"

    def made(**more):
        return exports.make(dict(header, **more), frames)
    assert exports.split(made())[0] == header
    bad = [b"", b"\n", magic, magic + b"\n", whole[:-1], whole + b"x", whole[:len(magic) + 40], b"\x00" * 4096, magic + b"\n" + b"{" * 100000,
           made().replace(magic, b"moonward-snapshot/1", 1), made().replace(magic, b"moonward-snapshot/3", 1), made(id="../../x"), made(id=""), made(id=None),
           made(id="x" * 64), made(digest="0" * 64), made(digest=7), made(taken_at="soon"), made(taken_at="2020-01-01T00:00:00Z", id=other_id),
           made(parts=0), made(parts=2), made(parts=-1), made(parts=1 << 40), made(parts="1")]
    store, victim = Store(binary, folder, "bad"), os.path.join(folder, "bad.mws")

    def attempt(name, data, codes):
        open(victim, "wb").write(data)
        done = store.run("snapshot", "import", victim, codes=range(-64, 256))
        if done.returncode not in codes:
            FAULTS.append("%s: exit %d: %s" % (name, done.returncode, done.stderr[:300]))
    for i, data in enumerate(bad):
        attempt("bad file %d" % i, data, (3,))
    rng = random.Random(7)

    def flipped(data, least=0):
        at = rng.randrange(least, len(data))
        return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1:]
    for i in range(50):
        attempt("a flipped bit", flipped(whole, len(magic)), (3,))
    if os.path.exists(store.path):
        expect("nothing was stored", store.snapshots(), [])
    for i in range(100):
        # Sealed again by a forger: refused, or a sound snapshot; what the digest covers is as it was.
        forged = list(frames)
        at = rng.randrange(len(frames))
        forged[at] = (frames[at][0], flipped(frames[at][1]))
        attempt("a forged file", exports.make(dict(header, id=other_id[:-3] + "%03d" % i), forged), (0, 3))
    if os.path.exists(store.path):
        expect("digests hold", {s["digest"] for s in store.snapshots()} <= {header["digest"]}, True)
        store.run("snapshot", "check", codes=(0,))


def check_notes(h, binary, folder):
    """What a snapshot's collector left may come from a stranger's file: a plan is made of what in it is a region."""
    store = Store(binary, folder, "notes")
    store.collect(replaying.DEMO)
    db = sqlite3.connect(store.path)
    (about,), = db.execute("SELECT about FROM snapshot").fetchall()
    for regions in ([None, 7, "eu-west-1"], "none", [None], {"a": 1}):
        changed = json.loads(about)
        changed["notes"]["regions"] = regions
        db.execute("UPDATE snapshot SET about = ?", (json.dumps(changed),))
        db.commit()
        done = store.run("sweep", "ec2-*", "--plan", "--region", "eu-w*", codes=range(-64, 256))
        expect("a plan of %r" % (regions,), (done.returncode, b"eu-west-1" in done.stdout), (0, True))
    for extras in ([{}], [None, 7], {"a": 1}, [{"state": "denied", "cause": 7}], [{"account": 7, "state": None, "cause": {"code": [], "message": 1}}]):
        changed = json.loads(about)
        changed["notes"]["extras"] = extras
        db.execute("UPDATE snapshot SET about = ?", (json.dumps(changed),))
        db.commit()
        for argv in (("evaluate", "--output", "json"), ("evaluate",), ("snapshot", "show"), ("query", "SELECT * FROM coverage"), ("sweep", "--plan", "s3-*")):
            done = store.run(*argv, codes=range(-64, 256))
            expect("%s beside extras %r" % (argv[0], extras), done.returncode in (0, 1, 2, 3), True)
    db.close()


def check_open(h, binary, folder):
    """What a run that was not ended has stored is seen by nobody, and nothing but a run takes its place."""
    store = Store(binary, folder, "open")
    export = os.path.join(folder, "open.mws")
    first = store.collect(replaying.DEMO)["id"]
    store.collect(record(folder, "later", "2026-11-28T05:00:00Z", suspended))
    h.store.run("snapshot", "export", h.ids[4], "--file", export, codes=(0,))
    with open(store.path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        expect("import beside a run", store.run("snapshot", "import", export, codes=(3,)).returncode, 3)
    db = sqlite3.connect(store.path)
    db.execute("UPDATE snapshot SET open = 1 WHERE n = (SELECT max(n) FROM snapshot)")
    db.commit()
    db.close()
    expect("listed", [s["id"] for s in store.snapshots()], [first])
    for name in ("latest", "2999-01-01"):
        expect(name, json.loads(store.run("snapshot", "show", name, "--output", "json").stdout)["id"], first)
    expect("none before", store.run("snapshot", "show", "latest~1", codes=(3,)).returncode, 3)
    states = json.loads(store.run("log", "arn:aws:s3:::harbour-orders", "--output", "json").stdout)["states"]
    expect("its log", [(s["snapshot"], s["until_snapshot"]) for s in states], [(first, None)])
    refused = store.run("snapshot", "import", export, codes=(3,))
    expect("import", b"was not ended" in refused.stderr, True)
    store.run("snapshot", "prune", "--keep", "1", codes=(0,))
    store.run("snapshot", "check", codes=(0,))
    db = sqlite3.connect(store.path)
    expect("the open one stays", db.execute("SELECT count(*) FROM snapshot WHERE open = 1").fetchall(), [(1,)])
    db.close()


def main():
    binary = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        h = History(binary, folder)
        check_diff(h)
        check_names(h)
        check_log(h)
        check_show(h)
        check_files(h, binary, folder)
        check_notes(h, binary, folder)
        check_open(h, binary, folder)
        check_prune(h)
        check_retention(binary, folder)
    for fault in FAULTS:
        print(fault)
    print("history: %d faults" % len(FAULTS))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
