"""A store as its first version made it: runs and findings, each with a row, and nothing else."""
import json, sqlite3

FIRST = {"run", "verdict", "finding", "ledger"}


def to_first_schema(path, findings=()):
    """Leaves the runs of the store, and of the first one these findings (of a report in JSON)."""
    db = sqlite3.connect(path)
    with db:
        for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
            if name not in FIRST:
                db.execute("DROP TABLE %s" % name)
        db.execute("DROP INDEX ledger_of")
        db.execute("CREATE INDEX ledger_open ON ledger(rule) WHERE open = 1")
        if findings:
            db.execute("DELETE FROM finding")
            db.execute("DELETE FROM verdict")
        for i, f in enumerate(findings):
            r = f["resource"]
            db.execute("INSERT INTO verdict VALUES(?, x'', ?,?,?,?,?,?,?,?,?,?, 'aws', ?,?,?)",
                       (i + 1, f["fingerprint"], f["rule"], f["status"], f["severity"], r["type"], r["id"], r["arn"], r["name"], r["account"], r["region"],
                        f["subkey"], f["message"], json.dumps(f["evidence"], separators=(",", ":"))))
            db.execute("INSERT INTO finding VALUES(1, ?, ?, ?, ?, ?)", (i, i + 1, f["change"] or "", f["first_seen"], f["last_seen"]))
        db.execute("PRAGMA user_version = 1")
    db.close()

