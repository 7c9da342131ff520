#!/usr/bin/env python3
"""Snapshots of many accounts as files: what comes back is what went, in a file and in PostgreSQL, whatever is wrong with a file and whenever it ends.

  test_export.py MOONWARD AWSIM [KILLS] [SEED]

An export is the same bytes on stdout, in a file, and from the store into which it was imported; evaluate judges both alike. Files that are cut, mixed,
changed or forged change nothing. kill -9 of an import leaves the store as it was, or with the whole snapshot. Files of version 1 are read.
"""
import json, os, random, signal, sqlite3, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "support")]
import exports  # noqa: E402
import postgres  # noqa: E402
import replaying  # noqa: E402
from awsimserver import Server  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))
FIRST, ACCOUNTS = 100000000000, 6
RULES = ["ec2-*", "iam-*", "s3-*"]
OPTIONS = ["--accounts", ACCOUNTS, "--regions", "us-east-1,eu-central-1", "--instances", 10, "--volumes", 10, "--users", 5, "--no-verify"]
problems = []


def check(good, what, *details):
    if not good:
        problems.append("%s %s" % (what, " ".join(repr(d)[:600] for d in details)))


class Tool:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def argv(self, place, *argv):
        return [self.binary, *argv, "--store", place]

    def run(self, place, *argv, code=0, **more):
        done = subprocess.run(self.argv(place, *argv), capture_output=True, env=replaying.environment(), cwd=self.folder, timeout=240,
                              **({} if "input" in more else {"stdin": subprocess.DEVNULL}), **more)
        check(code is None or done.returncode == code, "%s ended with %d" % (argv, done.returncode), done.stderr[-500:])
        return done

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(data)
        return path

    def state(self, place):
        return json.loads(self.run(place, "snapshot", "list", "--output", "json").stdout)["snapshots"]

    def judged(self, place, *more):
        return self.run(place, "evaluate", *RULES, "--rules", os.path.join(ROOT, "rules"), "--output", "json", *more, code=None).stdout


def swept(tool, server, *more):
    """A store of six accounts, in a file."""
    place = os.path.join(tool.folder, "swept.db")
    config = tool.file("moonward.yaml", ("rules: %s/rules\nregions: ['*']\nrole: Reader\naccounts:\n%s" % (
        ROOT, "".join("  - '%d'\n" % (FIRST + i) for i in range(ACCOUNTS)))).encode())
    done = subprocess.run(tool.argv(place, "sweep", *RULES, "--config", config, *more), env=server.environment(0), stdin=subprocess.DEVNULL,
                          capture_output=True, cwd=tool.folder, timeout=240)
    check(done.returncode in (0, 1), "the sweep ended with %d" % done.returncode, done.stderr[-500:])
    return place


def there_and_back(tool, place, whole, source):
    """Into @place and out of it again."""
    path = tool.file("whole.mws", whole)
    tool.run(place("back"), "snapshot", "import", path)
    check(b"already" in tool.run(place("back"), "snapshot", "import", path).stdout, "a second import is no second one")
    check(len(tool.state(place("back"))) == 1, "one import is one snapshot", tool.state(place("back")))
    check(tool.run(place("back"), "snapshot", "export").stdout == whole, "what comes back is not what went")
    check(tool.judged(place("back")) == tool.judged(source), "an import is judged otherwise")
    tool.run(place("back"), "snapshot", "check")
    # As it comes, through a pipe, a piece at a time.
    p = subprocess.Popen(tool.argv(place("piped"), "snapshot", "import", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         env=replaying.environment())
    for i in range(0, len(whole), 7001):
        p.stdin.write(whole[i:i + 7001])
        p.stdin.flush()
    _, said = p.communicate(timeout=240)
    check(p.returncode == 0 and tool.run(place("piped"), "snapshot", "export", "latest").stdout == whole, "through a pipe", p.returncode, said)


def forgeries(whole):
    """Files whose hashes are right: (name, bytes, what is said)."""
    header, frames, _ = exports.split(whole)
    known, first, second = frames[0], frames[1], frames[2]

    def world(frame, change):
        value = json.loads(frame[1])
        change(value)
        return frame[0], json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    def changed(at, frame, **more):
        return exports.make(dict(header, **more), frames[:at] + [frame] + frames[at + 1:])

    def of_all(chosen, **more):
        return exports.make(dict(header, parts=len(chosen) - 1, digest=exports.digest_of_parts(chosen), **more), chosen)

    def stranger(value):
        value["resources"]["AWS::EC2::Instance"][0]["account"] = "999999999999"
    return [
        ("an account left out", exports.make(dict(header, parts=ACCOUNTS - 1), frames[:-1]), b"digest"),
        ("fewer than it says", exports.make(header, frames[:-1]), b"damaged"),
        ("more than it says", exports.make(dict(header, parts=ACCOUNTS - 1), frames), b"damaged"),
        ("one of none", exports.make(dict(header, parts=0), frames), b"damaged"),
        ("twice the same", exports.make(header, [known, first, first, *frames[3:]]), b"accounts"),
        ("out of order", exports.make(header, [known, second, first, *frames[3:]]), b"accounts"),
        ("another's content", changed(1, (first[0], second[1])), b"no snapshot"),
        ("another's name", changed(1, (dict(first[0], account="100000000000x"), first[1])), b"no snapshot"),
        ("another digest", exports.make(dict(header, digest="0" * 64), frames), b"digest"),
        ("another digest of a part", changed(1, (dict(first[0], digest="0" * 64), first[1])), b"digest"),
        ("another time", changed(1, first, taken_at="2020-01-01T00:00:00Z"), b"time"),
        ("a time of its own", changed(1, world(first, lambda v: v.update(now="2020-01-01T00:00:00Z"))), b"time"),
        ("a resource more", changed(1, world(first, lambda v: v["resources"]["AWS::EC2::Instance"].insert(1, v["resources"]["AWS::EC2::Instance"][0]))), b"no snapshot"),
        ("a resource less", changed(1, world(first, lambda v: v["resources"]["AWS::EC2::Instance"].pop())), b"digest"),
        ("a stranger's resource", changed(1, world(first, stranger)), b"no snapshot"),
        ("a stranger's scope", changed(1, world(first, lambda v: v["scopes"][0].update(account="999999999999"))), b"no snapshot"),
        ("a scope twice", changed(1, world(first, lambda v: v["scopes"].insert(1, v["scopes"][0]))), b"no snapshot"),
        ("scopes in no order", changed(1, world(first, lambda v: v["scopes"].reverse())), b"no snapshot"),
        ("resources in no order", changed(1, world(first, lambda v: v["resources"]["AWS::EC2::Instance"].reverse())), b"no snapshot"),
        ("no scopes", changed(1, world(first, lambda v: v.pop("scopes"))), b"no snapshot"),
        ("no world", changed(1, (first[0], b"[]")), b"no snapshot"),
        ("no JSON", changed(1, (first[0], b"{")), b"import"),
        ("two texts", changed(1, (first[0], first[1] + b"{}")), b"import"),
        ("nothing known", changed(0, (known[0], b"{}")), b"no snapshot"),
        ("known, but no object", changed(0, (known[0], b"[1]")), b"no snapshot"),
        ("known twice", exports.make(header, [known, known, *frames[1:]]), b"accounts"),
        ("only what is known", exports.make(dict(header, parts=1), [known]), b"damaged"),
        ("a smaller organization", of_all(frames[:3], id="01ARZ3NDEKTSV4RRFFQ69G5FAV"), None),
    ]


def damaged(tool, place, whole, older, seed):
    """Whatever is wrong with a file, the store stays as it was."""
    chance = random.Random(seed)
    target = place("damaged")
    tool.run(target, "snapshot", "import", tool.file("older.mws", older))
    before = tool.state(target), tool.run(target, "snapshot", "export").stdout
    _, frames, ends = exports.split(whole)

    def attempt(name, data, says=b"damaged"):
        done = tool.run(target, "snapshot", "import", tool.file("victim.mws", data), code=None)
        check(done.returncode == 3 and says in done.stderr, name, done.returncode, done.stderr)
        check(tool.state(target) == before[0], "%s: the store has changed" % name)
    for at in sorted({*ends[-3:], *(e + d for e in ends[:3] for d in (-1, 0, 1)), len(whole) - 1, *chance.sample(range(len(whole)), 6)}):
        attempt("cut at %d" % at, whole[:at])
    for _ in range(8):
        at = chance.randrange(len(whole))
        attempt("a bit of %d" % at, whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1:], b"import")
    attempt("something behind it", whole + b"x", b"follows")
    for name, data, says in forgeries(whole):
        if name != "a smaller organization":
            attempt(name, data, says)
    check(tool.run(target, "snapshot", "export", before[0][0]["id"]).stdout == before[1], "the snapshot before is another one")
    tool.run(target, "snapshot", "check")
    smaller = [f for f in forgeries(whole) if f[0] == "a smaller organization"][0][1]
    tool.run(target, "snapshot", "import", tool.file("smaller.mws", smaller))
    back, made = (exports.split(x) for x in (tool.run(target, "snapshot", "export").stdout, smaller))  # zstd's headers may differ
    check(back[0] == made[0] and [x for _, x in back[1]] == [x for _, x in made[1]], "two accounts of six", back[0], made[0])
    tool.run(target, "snapshot", "check")


def killed(tool, place, whole, kills, seed):
    """kill -9 at any instant: nothing, or all."""
    chance = random.Random(seed)
    path = tool.file("kill.mws", whole)
    began = time.monotonic()
    tool.run(place("timed"), "snapshot", "import", path)
    lasts, done = time.monotonic() - began, 0
    target, round = place("killed-0"), 0
    for _ in range(kills):
        p = subprocess.Popen(tool.argv(target, "snapshot", "import", path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=replaying.environment())
        try:
            p.communicate(timeout=chance.uniform(0.0, lasts * 1.1))
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGKILL)
            p.communicate()
            done += 1
        listed = tool.run(target, "snapshot", "list", "--output", "json", code=None)
        if listed.returncode == 3 or not json.loads(listed.stdout)["snapshots"]:
            continue  # nothing: another try
        tool.run(target, "snapshot", "check")
        check(tool.run(target, "snapshot", "export").stdout == whole, "an import that was killed left something else")
        round += 1
        target = place("killed-%d" % round)
    tool.run(target, "snapshot", "import", path)
    check(tool.run(target, "snapshot", "export").stdout == whole, "after kill -9 an import is another one")
    print("%d kills of imports of %.2f s" % (done, lasts), flush=True)


def signalled(tool, place, whole):
    """SIGINT while the rest of a pipe is awaited."""
    p = subprocess.Popen(tool.argv(place("signalled"), "snapshot", "import", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         env=replaying.environment())
    p.stdin.write(whole[:exports.split(whole)[2][3] + 10])
    p.stdin.flush()
    time.sleep(1)
    p.send_signal(signal.SIGINT)
    said = p.stderr.read()
    check(p.wait(60) == 130 and b"nothing was stored" in said, "SIGINT", p.returncode, said)
    p.stdin.close()
    listed = tool.run(place("signalled"), "snapshot", "list", "--output", "json", code=None)
    check(listed.returncode == 3 or not json.loads(listed.stdout)["snapshots"], "something was stored", listed.stdout)


def version_1(tool, place):
    """What the first version wrote comes in, and goes out in one piece."""
    source = os.path.join(tool.folder, "demo.db")
    tool.run(source, "collect", "--replay", replaying.DEMO, code=None)
    header, frames, _ = exports.split(tool.run(source, "snapshot", "export").stdout)
    check(header["parts"] == 1 and len(frames) == 2, "one account is one part", header)
    tool.run(place("first"), "snapshot", "import", tool.file("first.mws", exports.version_1(header, frames)))
    listed = tool.state(place("first"))
    check([(s["id"], s["digest"]) for s in listed] == [(header["id"], header["digest"])], "a file of version 1", listed)
    again = tool.run(place("first"), "snapshot", "export").stdout
    check(exports.split(again)[0]["parts"] == 0 and [f[1] for f in exports.split(again)[1]] == [f[1] for f in frames], "one piece stays one piece")
    tool.run(place("second"), "snapshot", "import", "-", input=again)
    check(tool.run(place("second"), "snapshot", "export").stdout == again, "one piece, byte for byte")
    check(tool.judged(place("second")) == tool.judged(source), "version 1 is judged otherwise")


def written(tool, source, whole):
    """An export that could not be written, or would be refused, is none."""
    done = subprocess.run("%s snapshot export --store %s | head -c 100 >/dev/null; echo ${PIPESTATUS[0]}" % (tool.binary, source), shell=True,
                          executable="/bin/bash", capture_output=True, env=replaying.environment())
    check(done.stdout.strip() == b"2", "nobody reads it", done)
    full = tool.run(source, "snapshot", "export", "--file", "/dev/full/x", code=2)
    check(b"/dev/full" in full.stderr, "no such place", full.stderr)
    hurt = os.path.join(tool.folder, "hurt.db")
    tool.run(hurt, "snapshot", "import", "-", input=whole)
    db = sqlite3.connect(hurt)
    db.execute("UPDATE part SET digest = ? WHERE account = ?", ("0" * 64, str(FIRST + 3)))
    db.commit()
    db.close()
    path = os.path.join(tool.folder, "hurt.mws")
    done = tool.run(hurt, "snapshot", "export", "--file", path, code=3)
    check(str(FIRST + 3).encode() in done.stderr and not [n for n in os.listdir(tool.folder) if n.startswith("hurt.mws")], "a damaged part", done.stderr)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    binary, program = map(os.path.abspath, sys.argv[1:3])
    kills = int(sys.argv[3]) if len(sys.argv) > 3 else 12
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    with tempfile.TemporaryDirectory() as folder:
        tool = Tool(binary, folder)
        with Server(program, *OPTIONS, "--seed", seed) as s:
            source = swept(tool, s, "--run-id", "older")
            older = tool.run(source, "snapshot", "export").stdout
            swept(tool, s)
        path = os.path.join(folder, "export.mws")
        tool.run(source, "snapshot", "export", "latest", "--file", path)
        whole = open(path, "rb").read()
        header, frames, _ = exports.split(whole)
        check(os.stat(path).st_mode & 0o777 == 0o600, "its mode", oct(os.stat(path).st_mode))
        check(tool.run(source, "snapshot", "export").stdout == whole, "stdout and file differ")
        check(header["parts"] == ACCOUNTS and [row["account"] for row, _ in frames[1:]] == [str(FIRST + i) for i in range(ACCOUNTS)], "its accounts", header)
        check(exports.split(older)[0]["id"] == "older", "the id of a run that was given one", older[:200])
        written(tool, source, whole)

        def everything(place):
            there_and_back(tool, place, whole, source)
            damaged(tool, place, whole, older, seed)
            killed(tool, place, whole, kills, seed)
            signalled(tool, place, whole)
            version_1(tool, place)
        everything(lambda name: os.path.join(folder, name + ".db"))
        if postgres.binaries():
            with postgres.Server() as pg:
                everything(lambda name: pg.url(name.replace("-", "_")))
        else:
            print("without PostgreSQL: there is no server (apt-get install postgresql)")
    for p in problems[:40]:
        print(p[:2000])
    print("%d problems (seed %d)" % (len(problems), seed))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
