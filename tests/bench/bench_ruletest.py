#!/usr/bin/env python3
"""What rule tests cost: 250 rules with 4 fixtures each, made here, run once; processor time of moonward and its workers.

  bench_ruletest.py MOONWARD [--rules N] [--limit SECONDS]   (exit 1 over the limit; 0 = no limit)
"""
import argparse, os, resource, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "integration"))
import replaying  # noqa: E402

RULE = """--- Rule %(n)d of a benchmark.
return rule {
  id = "bench-%(n)03d", title = "Bench %(n)d", severity = "low", resource = "AWS::S3::Bucket", needs = { "Versioning", "Policy" },
  related = { "AWS::KMS::Key" }, params = { tag = "Env" },
  check = function(bucket, ctx)
    if bucket.tags:has("Exempt") then return not_applicable("exempt") end
    local v = bucket.Versioning and bucket.Versioning.Status
    for _, key in ipairs(ctx.inventory:each("AWS::KMS::Key")) do
      if key.KeyId == "k%(n)d" then v = v or "Enabled" end
    end
    if v == "Enabled" then return pass() end
    return fail("versioning is %%s", v)
  end,
}
"""
TESTS = """return {
  { name = "on", expect = "pass", resource = { Name = "a", Versioning = { Status = "Enabled" } }, tags = { Env = "x" } },
  { name = "off", expect = "fail", message = "Suspended", resource = { Name = "b", Versioning = { Status = "Suspended" } }, tags = {},
    inventory = { ["AWS::KMS::Key"] = { { KeyId = "other" }, { KeyId = "another" } } } },
  { name = "denied", expect = "unknown", resource = { Name = "c", Versioning = unknown("s3:GetBucketVersioning", "AccessDenied") }, tags = {} },
  { name = "exempt", expect = "not_applicable", resource = { Name = "d" }, tags = { Exempt = "yes" } },
}
"""


def main():
    p = argparse.ArgumentParser()
    p.add_argument("moonward")
    p.add_argument("--rules", type=int, default=250)
    p.add_argument("--limit", type=float, default=0)
    o = p.parse_args()
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        for n in range(o.rules):
            with open(os.path.join(folder, "bench-%03d.lua" % n), "w") as f:
                f.write(RULE % {"n": n})
            with open(os.path.join(folder, "bench-%03d_test.lua" % n), "w") as f:
                f.write(TESTS)
        for flags in ([], ["--coverage"]):
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            done = replaying.run(os.path.abspath(o.moonward), "test", folder, *flags)
            after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - start
            if done.returncode != 0:
                print(done.stdout.decode()[-2000:], done.stderr.decode()[-2000:])
                return 1
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            worst = max(worst, cpu)
            print("%d tests%s: %.2f s of processor time, %.2f s, largest process %d MiB" % (
                o.rules * 4, " with coverage" if flags else "", cpu, wall, after.ru_maxrss // 1024))
    return 1 if o.limit and worst > o.limit else 0


if __name__ == "__main__":
    sys.exit(main())
