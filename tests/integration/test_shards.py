#!/usr/bin/env python3
"""Shards of one run share the accounts, and the last one reports the whole.

  test_shards.py MOONWARD AWSIM

Two shards at once and one store: together the findings of one process, each account collected once. A shard that is killed is run again.
Shards without a common run are refused. The number of a shard comes from the job's environment, too.
"""
import json, os, signal, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from awsimserver import Server  # noqa: E402
from test_resume import ACCOUNTS, World, check, essence, problems, sound  # noqa: E402


def main():
    binary, program = sys.argv[1:3]
    options = ["--seed", 4, "--accounts", ACCOUNTS, "--regions", "us-east-1,eu-central-1", "--instances", 10, "--volumes", 10, "--users", 5, "--no-verify"]
    with Server(program, *options) as s, tempfile.TemporaryDirectory() as folder:
        w = World(binary, s, folder)
        code, text, said = w.run("one.db")
        truth = essence(text)

        s.control("stats", "DELETE")
        both = [w.start("two.db", "--run-id", "nightly", "--shard", "%d/2" % i) for i in (1, 2)]
        ends = [(p.communicate(timeout=240), p.returncode) for p in both]
        reports = [out for (out, _), code in ends if out.startswith("{")]
        check(all(code in (0, 1) for _, code in ends) and reports, "two shards", [(c, o[1][-300:]) for o, c in ends])
        check(all(essence(r) == truth for r in reports), "the findings of two shards are not those of one process")
        lists = s.control("stats")["operations"]["iam:GetAccountAuthorizationDetails"]["ok"]
        check(lists == ACCOUNTS, "%d accounts collected by two shards" % lists)
        sound(w, "two.db", "two shards")

        # One after the other, the number by the environment; the first is killed once.
        p = w.start("jobs.db", "--run-id", "job", "--shard", "1/2")
        while w.sealed("jobs.db") < 1 and p.poll() is None:
            time.sleep(0.01)
        p.send_signal(signal.SIGKILL)
        p.communicate()
        texts = []
        for i, name in ((0, "JOB_COMPLETION_INDEX"), (1, "AWS_BATCH_JOB_ARRAY_INDEX")):
            done = subprocess.run(w.argv("jobs.db", "--run-id", "job", "--shard", "2"), env=s.environment(0, **{name: str(i)}), capture_output=True,
                                  text=True, cwd=folder, timeout=240)
            check(done.returncode in (0, 1), "shard %d by %s" % (i, name), done.stderr)
            texts.append(done.stdout)
        check("run job: " in texts[0] and "accounts are stored" in texts[0], "a shard that is not the last", texts[0])
        check(essence(texts[1]) == truth, "the last shard does not report the whole")
        sound(w, "jobs.db", "jobs")

        for more, what in ((["--shard", "1/2"], "--run-id"), (["--shard", "3/2", "--run-id", "x"], "is not one of 2"), (["--shard", "2", "--run-id", "x"], "JOB_COMPLETION_INDEX"),
                           (["--shard", "a/b", "--run-id", "x"], "is not I/N"), (["--run-id", "a/b"], "letters, digits")):
            code, _, said = w.run("refused.db", *more)
            check(code == 3 and what in said, "%s ended with %d" % (more, code), said)
    for p in problems[:40]:
        print(p)
    print("%d problems" % len(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
