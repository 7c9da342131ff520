#!/usr/bin/env python3
"""A sweep of many accounts that is killed, at any instant, loses nothing and repeats nothing.

  test_resume.py MOONWARD AWSIM [KILLS] [SEED]

kill -9 at random instants, then --resume, until the run is whole: the findings are those of a run that nobody disturbed, each account is
collected once more at most when it was not sealed, the store is sound, and no half snapshot can be seen. SIGTERM and SIGINT end cleanly. A
run that was not ended is said, and goes when another one begins. A second run waits for the first.
"""
import json, os, random, signal, sqlite3, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from awsimserver import Server  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIRST = 100000000000
ACCOUNTS = 8
RULES = ["ec2-*", "iam-*", "s3-*"]
problems = []


def check(good, what, *details):
    if not good:
        problems.append("%s %s" % (what, " ".join(map(repr, details))))


class World:
    def __init__(self, binary, server, folder):
        self.binary, self.server, self.folder = binary, server, folder
        self.config = os.path.join(folder, "moonward.yaml")
        with open(self.config, "w") as out:
            out.write("rules: %s/rules\nregions: ['*']\nrole: Reader\naccounts:\n%s" % (
                ROOT, "".join("  - '%d'\n" % (FIRST + i) for i in range(ACCOUNTS))))

    def place(self, store):
        return os.path.join(self.folder, store)

    def damage(self, store):
        """What the database itself finds."""
        return self.db(store, "PRAGMA integrity_check") != [("ok",)]

    def claimed(self, store):
        return os.path.exists(self.place(store) + ".lock")

    def published(self, store):
        try:
            return self.db(store, "SELECT count(*) FROM snapshot WHERE open = 0") not in ([], [(0,)])
        except sqlite3.OperationalError:
            return False

    def argv(self, store, *more, command="sweep", rules=True):
        return [self.binary, command, *(RULES if rules else []), "--config", self.config, "--store", self.place(store), "--output", "json", *more]

    def start(self, store, *more, **named):
        return subprocess.Popen(self.argv(store, *more, **named), env=self.server.environment(0), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, cwd=self.folder)

    def run(self, store, *more, **named):
        p = self.start(store, *more, **named)
        out, said = p.communicate(timeout=240)
        return p.returncode, out, said

    def db(self, store, sql):
        if not os.path.exists(self.place(store)):
            return []
        c = sqlite3.connect(self.place(store))
        try:
            return c.execute(sql).fetchall()
        finally:
            c.close()

    def sealed(self, store):
        try:
            return self.db(store, "SELECT count(*) FROM part p JOIN snapshot s ON s.n = p.snapshot WHERE s.open = 1")[0][0]
        except (sqlite3.OperationalError, IndexError):  # not there yet
            return 0


def essence(text):
    document = json.loads(text)
    # Not what it says: dates of the server's world move with its clock.
    return [(f["fingerprint"], f["status"], f["resource"]["account"]) for f in document["findings"]], len(document["coverage"])


def digest(text):
    return json.loads(text)["run"]["findings_digest"]


def sound(w, store, what):
    check(not w.damage(store), what, "the store is damaged")
    doubles = w.db(store, "SELECT run, verdict FROM finding GROUP BY run, verdict HAVING count(*) > 1")
    check(not doubles, what, "findings are doubled", doubles[:3])
    wrong = w.db(store, "SELECT n FROM snapshot x WHERE resources <> (SELECT coalesce(sum(seen), 0) FROM looked WHERE snapshot = x.n)")
    check(not wrong, what, "counts are wrong", wrong)
    overlap = w.db(store, "SELECT s.rid FROM span s JOIN span o ON o.rid = s.rid AND o.s0 > s.s0 WHERE s.s1 IS NULL OR s.s1 > o.s0")
    check(not overlap, what, "spans overlap", overlap[:3])


def killed(w, kills, seed):
    chance = random.Random(seed)
    began = time.monotonic()
    code, text, said = w.run("whole.db")
    lasts = time.monotonic() - began
    check(code in (0, 1), "an undisturbed run ended with %d" % code, said)
    truth = essence(text)
    code, again, said = w.run("whole.db", command="evaluate")
    check(code in (0, 1) and essence(again) == truth, "evaluate, account by account, differs from the sweep", code, said)
    check(digest(again) == digest(text), "evaluate and the sweep give findings of different digests", digest(again), digest(text))
    done, rounds = 0, 0
    while done < kills:
        store = "killed-%d.db" % rounds
        rounds += 1
        resume = []
        while True:
            before = w.sealed(store) if resume else 0
            w.server.control("stats", "DELETE")
            p = w.start(store, *resume)
            try:
                text, said = p.communicate(timeout=chance.uniform(0.0, lasts * 1.1) if done < kills else 240)
            except subprocess.TimeoutExpired:
                p.send_signal(signal.SIGKILL)
                p.communicate()
                done += 1
                if w.published(store):
                    _, text, _ = w.run(store, command="report", rules=False)
                    break
                now = w.sealed(store)
                check(now >= before, "sealed accounts are lost", before, now)
                resume = ["--resume"] if now else []
                continue
            check(p.returncode in (0, 1), "%s ended with %d" % (resume, p.returncode), said[-500:])
            lists = w.server.control("stats")["operations"].get("iam:GetAccountAuthorizationDetails", {"ok": 0})["ok"]
            check(lists == ACCOUNTS - before, "%d accounts were collected, %d were missing" % (lists, ACCOUNTS - before))
            break
        whole = w.db(store, "SELECT count(*) FROM part p JOIN snapshot s ON s.n = p.snapshot WHERE s.open = 0")
        check(whole == [(ACCOUNTS,)], "a half snapshot can be seen", whole)
        check(essence(text) == truth, "the findings differ after kill -9", store)
        sound(w, store, store)
    print("%d kills in %d runs of %.1f s" % (done, rounds, lasts), flush=True)
    return truth, lasts


def signalled(w, truth, lasts):
    for number, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        store = "signal-%d.db" % number
        p = w.start(store)
        deadline = time.monotonic() + 120
        while w.sealed(store) < 2 and p.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        p.send_signal(number)
        _, said = p.communicate(timeout=60)
        if p.returncode in (0, 1):
            continue  # it was done before the signal came
        check(p.returncode == status, "signal %d ended it with %d" % (number, p.returncode), said)
        check("--resume" in said and "accounts are stored" in said, "a stopped run does not say how to go on", said)
        stored = w.sealed(store)
        check(stored >= 2, "a signal lost sealed accounts", stored)
        code, text, said = w.run(store, "--resume", command="collect")
        check(code == 3 and "begun by 'sweep'" in said, "collect went on with a sweep", code, said)
        code, text, said = w.run(store, "--resume", "--rules", os.path.join(ROOT, "rules", "s3"))
        check(code == 3, "other rules went on with a run", code, said)
        code, text, said = w.run(store, "--resume")
        check(code in (0, 1) and essence(text) == truth, "--resume after a signal differs", code, said[-300:])
        code, text, said = w.run(store, "--resume")
        check(code == 3 and "no run to go on with" in said, "--resume without a run", code, said)


def replaced(w, truth):
    """Another run without --resume says so, and takes back what the first had."""
    code, _, _ = w.run("replaced.db")
    w.server.control("tick", to=5)
    p = w.start("replaced.db")
    while w.sealed("replaced.db") < 2 and p.poll() is None:
        time.sleep(0.01)
    p.send_signal(signal.SIGKILL)
    p.communicate()
    first = w.db("replaced.db", "SELECT id FROM snapshot WHERE open = 1")
    code, text, said = w.run("replaced.db")
    check(code in (0, 1), "a new run after a killed one ended with %d" % code, said)
    check(not first or ("was not ended" in said and first[0][0] in said), "a run that was not ended is not said", said)
    check(w.db("replaced.db", "SELECT count(*) FROM snapshot") == [(2,)], "the snapshot that was not ended is still there")
    sound(w, "replaced.db", "replaced")
    code, fresh, _ = w.run("fresh.db")
    check(essence(text) == essence(fresh), "what a dead run left behind changes the findings")


def at_once(w):
    a = w.start("two.db")
    while a.poll() is None and not w.claimed("two.db"):
        time.sleep(0.01)
    b = w.start("two.db")
    texts = [(p.communicate(timeout=240), p.returncode) for p in (a, b)]
    check(all(code in (0, 1) for _, code in texts), "two runs at once", [said[1][-300:] for said, _ in texts])
    check("waiting for it to end" in texts[1][0][1] or texts[1][1] in (0, 1), "the second does not say that it waits")
    check(w.db("two.db", "SELECT count(*), sum(open) FROM snapshot") == [(2, 0)], "two runs at once leave other than two snapshots")
    sound(w, "two.db", "two at once")


OPTIONS = ["--seed", 3, "--accounts", ACCOUNTS, "--regions", "us-east-1,eu-central-1", "--instances", 10, "--volumes", 10, "--users", 5, "--no-verify"]


def main():
    binary, program = sys.argv[1:3]
    kills = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    with Server(program, *OPTIONS, "--seed", seed) as s, tempfile.TemporaryDirectory() as folder:
        w = World(binary, s, folder)
        truth, lasts = killed(w, kills, seed)
        signalled(w, truth, lasts)
        at_once(w)
        replaced(w, truth)
        check(s.control("writes")["writes"] == [], "a sweep wrote")
    for p in problems[:40]:
        print(p)
    print("%d problems (seed %d)" % (len(problems), seed))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
