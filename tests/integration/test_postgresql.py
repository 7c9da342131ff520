#!/usr/bin/env python3
"""A PostgreSQL store does what a file does: the same bytes, the same faults survived, and more than one writer.

  test_postgresql.py MOONWARD AWSIM [KILLS] [SEED]

Every command that reads gives the bytes that it gives over SQLite. kill -9 of the client, and of the server in mid-transaction, loses nothing
that was stored. Runs of different accounts write at once, runs of the same wait. A role that may only read is enough to read. What goes
wrong is said with host and database, never with a password. Starts a server of its own; skipped (77) where there is none.
"""
import json, os, re, signal, socket, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "support")]
import postgres  # noqa: E402
import replaying  # noqa: E402
import test_resume  # noqa: E402
from awsimserver import Server  # noqa: E402
from test_history import suspended, without_tmp, record  # noqa: E402
from test_resume import FIRST, World, check, essence, problems  # noqa: E402


# ---- the same bytes ----

ASKED = [("snapshot", "list"), ("snapshot", "list", "--output", "json"), ("snapshot", "show"), ("snapshot", "show", "latest~1", "--output", "json"),
         ("snapshot", "show", "latest", "AWS::S3::Bucket", "--output", "json"), ("snapshot", "diff", "latest~2", "--output", "json"),
         ("snapshot", "diff", "latest", "latest~1"), ("snapshot", "check"), ("log", "arn:aws:s3:::harbour-orders", "--output", "json"),
         ("log", "s3.bucket/harbour-tmp"), ("evaluate", "--output", "json"), ("evaluate", "--snapshot", "latest~2", "--output", "csv"),
         ("evaluate", "--at", "2026-11-24"), ("findings", "list", "--output", "json"), ("findings", "list", "--run", "second"),
         ("report", "--output", "json"), ("report", "--run", "first", "--output", "html"), ("report", "--output", "sarif"),
         ("query", "SELECT type, region, count(*), sum(length(document)) FROM resource GROUP BY 1, 2 ORDER BY 1, 2", "--output", "json"),
         ("query", "SELECT id, name FROM s3_bucket ORDER BY id"), ("findings", "list", "--run", "none"), ("snapshot", "show", "none"),
         ("snapshot", "prune", "--keep", "2", "--output", "json"), ("snapshot", "list", "--output", "json"), ("snapshot", "check"),
         ("evaluate", "--output", "json")]


def neutral(data, store):
    """Without the name of the store, and without the clock of the run (its times, ids that are made of them, and how long it took)."""
    text = data.decode().replace(store, "STORE")
    text = re.sub(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "ULID", text)
    return re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", lambda m: m.group(0) if m.group(0).startswith("2026-11-2") and m.group(0) < "2026-11-26" else "TIME", text)


def same_bytes(binary, folder, server):
    recordings = [record(folder, name, when, change) for name, when, change in (
        ("one", "2026-11-23T05:00:00Z", lambda row: row), ("two", "2026-11-24T05:00:00Z", suspended), ("three", "2026-11-25T05:00:00Z", without_tmp))]
    stores = {"file": os.path.join(folder, "same.db"), "postgresql": server.url("same")}
    said = {}
    for kind, place in stores.items():
        def run(*argv):
            done = replaying.run(binary, *argv, "--store", place)
            return (done.returncode, neutral(done.stdout, place), neutral(done.stderr, place))
        said[kind] = [(argv, run(*argv)) for argv in (
            *[("sweep", "--replay", recording, "--run-id", name, "--output", "json") for recording, name in zip(recordings, ("first", "second", "third"))],
            ("collect", "--replay", recordings[0], "--output", "json"), *ASKED,
            ("snapshot", "export", "latest", "--file", os.path.join(folder, kind + ".mws")))]
    for (argv, a), (_, b) in zip(said["file"], said["postgresql"]):
        check(a == b, "%s differs between SQLite and PostgreSQL" % (argv,), *[(x[-400:], y[-400:]) for x, y in zip(a[1:], b[1:]) if x != y], a[0], b[0])
    check([r[0] for _, r in said["file"][:3]] == [said["file"][0][1][0]] * 3, "the sweeps end differently", [r[0] for _, r in said["file"][:3]])
    done = replaying.run(binary, "snapshot", "import", os.path.join(folder, "file.mws"), "--store", server.url("imported"))
    check(done.returncode == 0, "an export of a file cannot be imported", done.stderr)
    again = replaying.run(binary, "evaluate", "--output", "json", "--store", server.url("imported"))
    check(neutral(again.stdout, server.url("imported")) == said["file"][-2][1][1], "an imported snapshot is judged otherwise", again.stderr[-300:])


# ---- faults ----

class Database(World):
    """The world of test_resume.py, with a schema where a file was."""

    def __init__(self, binary, server, folder, pg):
        super().__init__(binary, server, folder)
        self.pg = pg

    def schema(self, store):
        return re.sub("[^a-z0-9]", "_", store)

    def place(self, store):
        return self.pg.url(self.schema(store))

    def damage(self, store):
        code, _, said = self.run(store, command="snapshot check", rules=False)
        return said if code else None

    def claimed(self, store):
        return self.db(store, "SELECT run FROM claim") != []

    def argv(self, store, *more, command="sweep", rules=True):
        argv = super().argv(store, *more, command=command, rules=rules)
        argv[1:2] = command.split()
        return argv if command != "snapshot check" else argv[:argv.index("--output")]

    def db(self, store, sql):
        try:
            text = self.pg.sql("SET search_path TO %s; %s" % (self.schema(store), sql))
        except RuntimeError as error:
            if "does not exist" in str(error):  # not there yet
                return []
            raise
        return [tuple(int(cell) if cell.isdigit() else cell for cell in line.split("|")) for line in text.splitlines()]

    def published(self, store):
        return self.db(store, "SELECT count(*) FROM snapshot WHERE open = 0") not in ([], [(0,)])


def server_killed(w, truth):
    """kill -9 of the server while a sweep stores: the sweep ends and says so, what was sealed stays, --resume makes it whole."""
    lost = 0
    for i in range(3):
        store = "server-%d.db" % i
        p = w.start(store)
        deadline = time.monotonic() + 120
        while p.poll() is None and time.monotonic() < deadline and (
                w.db(store, "SELECT count(*) FROM pg_stat_activity WHERE state LIKE '%in transaction%' OR (query LIKE 'COPY%' AND state = 'active')") in ([], [(0,)])
                or w.sealed(store) < i + 1):
            time.sleep(0.001)
        sealed = w.sealed(store)
        w.pg.kill()
        _, said = p.communicate(timeout=120)
        w.pg.start()
        if p.returncode in (0, 1):
            continue
        lost += 1
        check(p.returncode == 2 and "postgresql://" in said and "connection" in said, "a sweep whose server was killed ended with %d" % p.returncode, said[-400:])
        check(w.sealed(store) >= sealed, "sealed accounts are lost with the server", sealed, w.sealed(store))
        test_resume.sound(w, store, store)
        code, text, said = w.run(store, *(["--resume"] if w.sealed(store) else []))
        check(code in (0, 1) and essence(text) == truth, "--resume after the server was killed differs", code, said[-300:])
        test_resume.sound(w, store, store)
    print("the server was killed under %d sweeps" % lost, flush=True)


def pick(document, accounts):
    return [f for f in document[0] if f[2] in accounts]


def at_once(w, truth):
    """Different accounts do not wait for each other; the same do."""
    halves = [[str(FIRST + i) for i in part] for part in (range(0, 4), range(4, 8))]
    flags = [[flag for account in half for flag in ("--account", account)] for half in halves]
    both = [w.start("halves.db", *more) for more in flags]
    ends = [(p.communicate(timeout=240), p.returncode) for p in both]
    for half, ((text, said), code) in zip(halves, ends):
        check(code in (0, 1) and "waiting" not in said, "a sweep of other accounts waits, or failed", code, said[-300:])
        check(code not in (0, 1) or essence(text)[0] == pick(truth, half), "a sweep beside another one finds something else")
    check(w.db("halves.db", "SELECT count(*), sum(open) FROM snapshot") == [(2, 0)], "two sweeps leave other than two snapshots")
    test_resume.sound(w, "halves.db", "halves")
    p = w.start("halves.db", *flags[0])
    while p.poll() is None and not w.claimed("halves.db"):
        time.sleep(0.005)
    code, text, said = w.run("halves.db", "--account", halves[0][0], "--account", halves[1][0])
    p.communicate(timeout=240)
    check(code in (0, 1) and pick(essence(text), [halves[0][0]]) == pick(truth, [halves[0][0]]), "a sweep of an account that another one has", code, said[-300:])
    test_resume.sound(w, "halves.db", "halves, the same account twice")

    # A run that was killed is not taken back by one that is on its way beside it, nor the other way round.
    p = w.start("beside.db", *flags[0])
    while w.sealed("beside.db") < 1 and p.poll() is None:
        time.sleep(0.005)
    code, text, said = w.run("beside.db", *flags[1])
    check(code in (0, 1), "a sweep beside another one", code, said[-300:])
    (text, said), first = p.communicate(timeout=240), p.returncode
    check(first in (0, 1) and essence(text)[0] == pick(truth, halves[0]), "a sweep beside which another one ended", first, said[-300:])
    test_resume.sound(w, "beside.db", "beside")


def shards(w, truth):
    """Three processes that write one run at once: each account once, and together what one process finds."""
    for i in range(3):
        store = "shards-%d.db" % i
        parts = [w.start(store, "--run-id", "nightly", "--shard", "%d/3" % (n + 1)) for n in range(3)]
        ends = [(p.communicate(timeout=240), p.returncode) for p in parts]
        reports = [text for (text, _), _ in ends if text.startswith("{")]
        check(all(code in (0, 1) for _, code in ends) and reports, "three shards over PostgreSQL", [(code, said[-300:]) for (_, said), code in ends])
        check(all(essence(text) == truth for text in reports), "the findings of three shards are not those of one process")
        check(w.db(store, "SELECT count(*), count(DISTINCT account) FROM run_part") == [(test_resume.ACCOUNTS, test_resume.ACCOUNTS)], "accounts of three shards")
        test_resume.sound(w, store, store)


# ---- who may what, and what is said ----

def roles(binary, server):
    store = server.url("roles")
    ran = replaying.run(binary, "sweep", "--replay", replaying.DEMO, "--store", store, "--output", "json")
    check(ran.returncode in (0, 1, 2), "a sweep into PostgreSQL", ran.stderr[-300:])
    server.sql("CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA roles TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA roles TO reader;"
               " CREATE ROLE guarded LOGIN PASSWORD 'hunter2'; CREATE ROLE nothing LOGIN")
    hba = os.path.join(server.data, "pg_hba.conf")
    text = open(hba).read()
    with open(hba, "w") as out:
        out.write("local all guarded scram-sha-256\n" + text)
    server.sql("SELECT pg_reload_conf()")
    reader = server.url("roles", user="reader")
    for argv in (("snapshot", "list"), ("snapshot", "show"), ("evaluate",), ("findings", "list"), ("report",), ("query", "SELECT count(*) FROM resource"),
                 ("snapshot", "check"), ("log", "arn:aws:s3:::harbour-orders")):
        done = replaying.run(binary, *argv, "--store", reader)
        check(done.returncode in (0, 1, 2), "%s by a role that only reads ended with %d" % (argv, done.returncode), done.stderr)
    guarded = server.url("roles", user="guarded")
    wrong, right = (guarded.replace("guarded@", "guarded:%s@" % word) for word in ("hunter3", "hunter2"))
    server.sql("GRANT USAGE ON SCHEMA roles TO guarded; GRANT SELECT ON ALL TABLES IN SCHEMA roles TO guarded")
    for place, env, code, words in (
            (right, {}, 0, ""), (guarded, {"PGPASSWORD": "hunter2"}, 0, ""), (wrong, {}, 3, "password authentication failed"),
            (guarded, {}, 3, "password"), (server.url(database="absent"), {}, 3, 'database "absent" does not exist'),
            ("postgresql://moonward:hunter2@127.0.0.1:1/moonward", {}, 2, "postgresql://moonward@127.0.0.1:1/moonward"),
            (server.url("roles", user="nothing"), {}, 3, "permission denied"), (server.url("new", user="nothing"), {}, 3, "nothing is stored"),
            (server.url("roles").replace("?host", "?sslmode=require&host"), {}, 0, ""),
            ("postgresql://moonward:hunter2@127.0.0.1/moonward?hunter2", {}, 3, "no URL of PostgreSQL")):
        done = replaying.run(binary, "snapshot", "list", "--store", place, env=replaying.environment(**env))
        said = (done.stdout + done.stderr).decode()
        check(done.returncode == code and words in said, "snapshot list --store %s ended with %d" % (place, done.returncode), said)
        check("hunter" not in said, "a password is told", said)
    for place in (reader, server.url("new", user="nothing")):
        done = replaying.run(binary, "sweep", "--replay", replaying.DEMO, "--store", place)
        check(done.returncode == 3 and b"permission denied" in done.stderr, "a sweep by a role that only reads ended with %d" % done.returncode, done.stderr)
    for argv in (("config", "show", "--store", right), ("config", "show", "--store", right, "--output", "json"), ("snapshot", "list", "--store", right, "-vv")):
        done = replaying.run(binary, *argv)
        check(b"hunter2" not in done.stdout + done.stderr, "%s tells a password" % (argv,), done.stdout[-300:])
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "moonward.yaml")
        with open(config, "w") as out:
            json.dump({"store": right}, out)
        done = replaying.run(binary, "snapshot", "list", "--config", config)
        check(done.returncode == 0, "store: postgresql://… in moonward.yaml", done.stderr)
        done = replaying.run(binary, "config", "show", "--config", config)
        check(b"hunter2" not in done.stdout + done.stderr and b"guarded@" in done.stdout, "config show tells the password of moonward.yaml", done.stdout)
        done = replaying.run(binary, "snapshot", "list", env=replaying.environment(MOONWARD_STORE=right))
        check(done.returncode == 0, "MOONWARD_STORE", done.stderr)


# ---- before the first sweep, and where none can be ----

READING = [("snapshot", "list"), ("snapshot", "show"), ("snapshot", "check"), ("snapshot", "diff", "latest~1"), ("snapshot", "prune", "--keep", "1"),
           ("log", "s3.bucket/x"), ("evaluate",), ("findings", "list"), ("report",), ("query", "SELECT 1")]


def doctor(binary, place, **env):
    """Checks of doctor's group `store` by name, and its output."""
    done = replaying.run(binary, "doctor", "--replay", replaying.DEMO, "--store", place, "--output", "json", env=replaying.environment(**env))
    check(b"hunter2" not in done.stdout + done.stderr, "doctor tells a password", done.stdout[-300:])
    return {c["name"]: c for c in json.loads(done.stdout)["checks"] if c["group"] == "store"}, done


def objects(server, schema):
    return server.sql("SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid"
                      " WHERE n.nspname = '%s' GROUP BY n.nspname" % schema)


def fresh(binary, folder, server):
    """Whoever reads makes nothing: neither in a database without the schema, nor in an empty one."""
    server.sql("CREATE SCHEMA empty")
    void = os.path.join(folder, "void.db")
    open(void, "w").close()
    for place in (os.path.join(folder, "absent.db"), void, server.url("absent"), server.url("empty")):
        for argv in READING:
            done = replaying.run(binary, *argv, "--store", place)
            check(done.returncode == 3 and ("nothing is stored in %s yet" % place).encode() in done.stderr, "%s of nothing ended with %d" % (argv, done.returncode), done.stderr)
        found, done = doctor(binary, place)
        check(done.returncode == 0 and (found["database"]["status"] == "ok" if "database" in found else "not there yet" in found["path"]["detail"]),
              "doctor of nothing", place, found)
        done = replaying.run(binary, "__complete", "findings", "list", "--run", "", env=replaying.environment(MOONWARD_STORE=place))
        check(done.returncode == 0 and done.stdout == b"", "completion of nothing", done.stdout, done.stderr)
    check(server.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'absent'") == "0" and objects(server, "empty") == "", "a command that reads made something")
    check(not os.path.exists(os.path.join(folder, "absent.db")) and os.path.getsize(void) == 0, "a command that reads made a file")
    os.chmod(void, 0o600)
    for place in (void, server.url("empty")):
        done = replaying.run(binary, "sweep", "--replay", replaying.DEMO, "--store", place, "--run-id", "first")
        check(done.returncode in (0, 1, 2), "a sweep makes what readers do not", done.stderr)
        done = replaying.run(binary, "__complete", "findings", "list", "--run", "", env=replaying.environment(MOONWARD_STORE=place))
        check(done.stdout.startswith(b"first\t"), "completion of runs", place, done.stdout, done.stderr)
        found, done = doctor(binary, place)
        check(found["database"]["status"] == "ok" and found["integrity"]["status"] == "ok" and done.returncode == 0, "doctor of a store", place, found)


def diagnosed(binary, server):
    """What doctor says of a schema that a newer version made, of one that may not be read, and of a server that is not there."""
    place = server.url("newer")
    replaying.run(binary, "sweep", "--replay", replaying.DEMO, "--store", place)
    server.sql("UPDATE newer.moonward SET schema = 99")
    found, done = doctor(binary, place)
    check(done.returncode == 2 and found["database"]["status"] == "fail" and "schema 99" in found["database"]["detail"], "a newer schema", found)
    found, _ = doctor(binary, server.url("newer", user="nothing"))
    check(found["database"]["status"] == "fail" and "permission denied" in found["database"]["detail"], "who may not look", found)
    found, _ = doctor(binary, "postgresql://moonward:hunter2@127.0.0.1:1/moonward")
    check(found["database"]["status"] == "fail" and "moonward@127.0.0.1:1" in found["path"]["detail"], "nobody there", found)


def unreachable(binary):
    """A server that takes connections and never answers: Tab does not wait for it, whatever the URL says."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        place = "postgresql://moonward@127.0.0.1:%d/moonward?connect_timeout=30" % deaf.getsockname()[1]
        for words in (("findings", "list", "--run", ""), ("snapshot", "show", "")):
            begun = time.monotonic()
            done = replaying.run(binary, "__complete", *words, env=replaying.environment(MOONWARD_STORE=place))
            took = time.monotonic() - begun
            check(done.returncode == 0 and done.stderr == b"" and took < 6, "completion waited %.1f s" % took, done.stderr)


def main():
    if not postgres.binaries():
        print("skipped: no PostgreSQL server (apt-get install postgresql)")
        return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    binary, program = sys.argv[1:3]
    kills = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    with postgres.Server() as pg, tempfile.TemporaryDirectory() as folder:
        same_bytes(binary, folder, pg)
        roles(binary, pg)
        fresh(binary, folder, pg)
        diagnosed(binary, pg)
        unreachable(binary)
        print("%d problems in what is said" % len(problems), *problems, sep="\n", flush=True)
        with Server(program, *test_resume.OPTIONS, "--seed", seed) as s:
            w = Database(binary, s, folder, pg)
            truth, lasts = test_resume.killed(w, kills, seed)
            test_resume.at_once(w)
            at_once(w, truth)
            shards(w, truth)
            server_killed(w, truth)
            test_resume.replaced(w, truth)
    for p in problems[:40]:
        print(p[:2000])
    print("%d problems (seed %d)" % (len(problems), seed))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
