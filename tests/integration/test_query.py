#!/usr/bin/env python3
"""`moonward query` on the demo recording: values, filters, formats, what is unknown, and that it only reads.

  test_query.py MOONWARD
"""
import csv, io, json, os, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402
from test_denied import deny  # noqa: E402
from test_snapshots import Store  # noqa: E402

FAULTS = []
REFUSED = [
    "ATTACH 'x.db' AS y", "PRAGMA user_version = 3", "PRAGMA writable_schema = 1", "CREATE TABLE t(a)", "CREATE TEMP TABLE t(a)",
    "CREATE VIEW v AS SELECT 1", "DROP TABLE ec2_instance", "INSERT INTO ec2_instance(id) VALUES ('x')", "DELETE FROM run",
    "UPDATE ec2_instance SET id = 'x'", "VACUUM", "VACUUM INTO '/tmp/x'", "REINDEX", "ANALYZE", "BEGIN", "COMMIT", "DETACH main",
    "SELECT load_extension('x')", "SELECT fts3_tokenizer('simple')", "SELECT writefile('x', 'y')", "SELECT readfile('/etc/passwd')",
    "SELECT edit('x')", "SELECT * FROM pragma_table_info('ec2_instance')", "SELECT * FROM pragma_database_list", "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE run", "SELECT 1;;; VACUUM", "", "   ", "-- nothing", ";", "SELECT", "SELEC 1", "SELECT ?", "SELECT :missing",
    "SELECT nothing FROM ec2_instance", "SELECT * FROM main.nothing", "SELECT * FROM finding WHERE", "CREATE VIRTUAL TABLE t USING ec2_instance",
    "SELECT sqlite_log(1, 'x')", "EXPLAIN DELETE FROM run",
]
RUNAWAY = [
    "SELECT count(*) FROM resource a, resource b, resource c, resource d",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c",
    "WITH RECURSIVE c(n) AS (SELECT 'x' UNION ALL SELECT n || n FROM c) SELECT length(n) FROM c",
    "SELECT hex(zeroblob(1000000000))",
    "SELECT group_concat(a.document || b.document || c.document) FROM resource a, resource b, resource c",
    "SELECT a.document FROM resource a, resource b, resource c ORDER BY random()",
]


def expect(name, got, want):
    if got != want:
        FAULTS.append("%s: %s, expected %s" % (name, str(got)[:800], str(want)[:800]))


class Queries:
    def __init__(self, store):
        self.store = store

    def run(self, sql, *argv, codes=(0, 2)):
        return self.store.run("query", sql, *argv, codes=codes)

    def rows(self, sql, *argv):
        return [list(json.loads(line).values()) for line in self.run(sql, *argv, "--output", "jsonl").stdout.splitlines()]


def check_values(q, shown):
    resources = {r["resource"]["id"]: r["resource"] for r in shown}
    rows = q.rows("SELECT document, id, tags, SubnetId, EbsOptimized FROM ec2_instance")
    expect("as many", len(rows), len(resources))
    for row in [dict(zip(("EbsOptimized", "SubnetId", "document", "id", "tags"), r)) for r in rows]:
        whole = resources[row["id"]]
        expect("document", row["document"], whole["doc"])
        expect("tags", row["tags"], whole["tags"])
        expect("a text", row["SubnetId"], whole["doc"].get("SubnetId"))
        expect("a truth", row["EbsOptimized"], {True: 1, False: 0}[whole["doc"]["EbsOptimized"]])
    expect("filters give what comparing gives", *[q.rows("SELECT id FROM ec2_instance WHERE %s ORDER BY 1" % w)
                                                  for w in ("region = 'eu-west-1'", "region || '' = 'eu-west-1'")])
    some = rows[0][3]
    for where in ("id = :id", "id = :id AND type = 'AWS::EC2::Instance'", "id = :id AND account = 123456789012", "id = :id COLLATE NOCASE"):
        expect(where, q.rows("SELECT id FROM resource WHERE " + where, "--param", "id=" + some), [[some]])
    for where in ("type = 'AWS::S3::Bucket'", "account = 'x'", "account = NULL", "region = 7", "id = ''"):
        expect(where, q.rows("SELECT id FROM ec2_instance WHERE " + where), [])
    expect("a join with itself", q.rows("SELECT count(*) FROM ec2_instance a JOIN ec2_instance b USING (account, region, id)"
                                        " WHERE a.document = b.document"), [[len(rows)]])
    expect("json_each", q.rows("SELECT DISTINCT e.key FROM ec2_instance, json_each(document, '$.State') e ORDER BY 1"), [["Code"], ["Name"]])
    expect("a sub-select", q.rows("SELECT count(*) FROM resource WHERE id IN (SELECT id FROM ec2_instance)"), [[len(rows)]])
    expect("injection", q.rows("SELECT id FROM ec2_instance WHERE id = :id", "--param", "id=x' OR '1'='1"), [])


def check_formats(q):
    sql = "SELECT id, Size FROM ec2_volume ORDER BY id"
    lines = [json.loads(line) for line in q.run(sql, "--output", "jsonl").stdout.splitlines()]
    expect("json", json.loads(q.run(sql, "--output", "json").stdout), lines)
    table = list(csv.reader(io.StringIO(q.run(sql, "--output", "csv").stdout.decode(), newline="")))
    expect("csv", table, [["id", "Size"]] + [[line["id"], str(line["Size"])] for line in lines])
    text = [line.split() for line in q.run(sql).stdout.decode().splitlines()]
    expect("table", text, table)
    expect("no rows", [q.run("SELECT 1 a WHERE 0", "--output", f).stdout for f in ("table", "json", "jsonl", "csv")], [b"a\n", b"[]\n", b"", b"a\r\n"])
    many = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 5000) SELECT n FROM c"
    for f in ("table", "json", "jsonl", "csv"):
        out = q.run(many, "--output", f).stdout.split()
        if len(out) < 5000:
            FAULTS.append("%s gives %d of 5,000 rows" % (f, len(out)))


def check_refused(q):
    before = open(q.store.path, "rb").read()
    for sql in REFUSED:
        done = q.run(sql, codes=range(256))
        if done.returncode != 3 or done.stdout or not done.stderr.startswith(b"moonward: "):
            FAULTS.append("%r: exit %d, %s %s" % (sql, done.returncode, done.stdout[:100], done.stderr[:300]))
    expect("near a view", b"did you mean 'ec2_instance'" in q.run("SELECT * FROM ec2_instnce", codes=(3,)).stderr, True)
    expect("near a column", b"did you mean 'InstanceType'" in q.run("SELECT InstanceTyp FROM ec2_instance", codes=(3,)).stderr, True)
    expect("an unused parameter", q.run("SELECT 1", "--param", "a=1", codes=(3,)).returncode, 3)
    for sql in RUNAWAY:
        began = time.monotonic()
        done = q.run(sql, "--timeout", "2", "--output", "jsonl", codes=range(256))
        took = time.monotonic() - began
        if done.returncode != 2 or took > 20 or b"moonward: query: " not in done.stderr:
            FAULTS.append("%s: exit %d after %.1f s: %s" % (sql, done.returncode, took, done.stderr[-300:]))
    done = q.run(RUNAWAY[2], "--max-rows", "10", "--output", "jsonl", codes=(2,))
    expect("rows are limited", len(done.stdout.splitlines()), 10)
    expect("the store is untouched", open(q.store.path, "rb").read() == before, True)


def check_unknown(binary, folder):
    recording = os.path.join(folder, "denied")
    rows = replaying.exchanges()
    replaying.write(recording, deny(deny(rows, "ec2", "DescribeVolumes")[0], "s3", "GetBucketVersioning")[0])
    store = Store(binary, folder, "unknown")
    store.collect(recording)
    q = Queries(store)
    done = q.run("SELECT count(*) FROM ec2_volume", codes=(2,))
    expect("a denied list is told", b"ec2_volume" in done.stderr and b"denied" in done.stderr, True)
    expect("allowed", q.run("SELECT count(*) FROM ec2_volume", "--allow-incomplete").returncode, 0)
    expect("another view", q.run("SELECT count(*) FROM ec2_instance").returncode, 0)
    rows = q.rows("SELECT Versioning, json_extract(unknown, '$[0].path'), json_extract(unknown, '$[0].cause.code') FROM s3_bucket")
    expect("a denied facet", {json.dumps(sorted(map(str, r))) for r in rows}, {json.dumps(sorted(["None", "Versioning", "AccessDenied"]))})
    expect("its exit status", q.run("SELECT Versioning FROM s3_bucket").returncode, 2)
    expect("not looked at", q.run("SELECT id FROM s3_bucket").returncode, 0)
    expect("not asked for", q.run("SELECT Website FROM s3_bucket").returncode, 2)
    expect("in a document of any type", q.run("SELECT document FROM resource WHERE type = 'AWS::S3::Bucket'").returncode, 2)
    expect("another type's document", q.run("SELECT document FROM resource WHERE type = 'AWS::EC2::Instance'").returncode, 0)
    done = q.run("SELECT count(*) FROM finding WHERE status = 'fail'", codes=(2,))
    expect("nothing judged it", b"finding: no finished run" in done.stderr, True)
    expect("coverage", q.rows("SELECT DISTINCT state FROM coverage WHERE type = 'AWS::EC2::Volume' AND facet IS NULL"), [["denied"]])
    few = Store(binary, folder, "few")
    few.collect(replaying.DEMO, "s3-*")
    expect("a type that was not collected", Queries(few).run("SELECT count(*) FROM ec2_instance").returncode, 2)
    untagged = Store(binary, folder, "untagged")
    untagged.collect(replaying.DEMO, "s3-bucket-acl-not-public")
    for view in ("s3_bucket", "resource"):
        done = Queries(untagged).run("SELECT tags FROM " + view, codes=(2,))
        expect("tags that were not asked for", b"did not ask for tags" in done.stderr, True)
        expect("without them", Queries(untagged).run("SELECT name FROM " + view).returncode, 0)


def check_findings(binary, folder):
    store = Store(binary, folder, "swept")
    found = json.loads(store.run("sweep", "--replay", replaying.DEMO, "--output", "json").stdout)
    q = Queries(store)
    expect("findings", q.rows("SELECT count(*), min(run) FROM finding"), [[len(found["findings"]), found["run"]["id"]]])
    expect("by run", q.rows("SELECT count(*) FROM finding WHERE run = 'no-such'"), [[0]])
    expect("runs", q.rows("SELECT id FROM run"), [[found["run"]["id"]]])
    fails = {(f["rule"], f["resource"]["id"]) for f in found["findings"] if f["status"] == "fail" and f["resource"]["type"] == "AWS::S3::Bucket"}
    rows = q.run("SELECT f.rule, b.id FROM s3_bucket b JOIN finding f ON f.id = b.id AND f.type = b.type WHERE f.status = 'fail'",
                 "--output", "jsonl").stdout.splitlines()
    expect("joined", {(json.loads(r)["rule"], json.loads(r)["id"]) for r in rows}, fails)


def main():
    binary = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        store = Store(binary, folder, "query")
        store.collect()
        q = Queries(store)
        check_values(q, json.loads(store.run("snapshot", "show", "latest", "AWS::EC2::Instance", "--output", "json").stdout)["resources"])
        check_formats(q)
        check_refused(q)
        check_unknown(binary, folder)
        check_findings(binary, folder)
    for fault in FAULTS:
        print(fault)
    print("query: %d faults" % len(FAULTS))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
