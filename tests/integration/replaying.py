"""Run moonward on recordings: shared by the tests that need neither moto nor a network. Standard library only."""
import json, os, subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEMO = os.path.join(ROOT, "tests", "data", "demo-account")


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOONWARD_"))}
    env.update(AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent", NO_COLOR="1", **more)
    return env


def run(binary, *argv, cwd=ROOT, env=None):
    return subprocess.run([binary, *argv], capture_output=True, cwd=cwd, env=env or environment())


def older_models(binary):
    """The version of botocore that the models are of, when they are older than what the demo account and the rules are written for; else None."""
    version = run(binary, "version").stdout.decode().split("botocore ")[1].split(",")[0]
    return version if tuple(int(n) for n in version.split(".")[:2]) < (1, 43) else None


def sweep(binary, recording=DEMO, *argv, cwd=ROOT):
    """A replayed sweep: (exit status, the findings document)."""
    done = run(binary, "sweep", "--replay", recording, "--output", "json", *argv, cwd=cwd)
    if done.returncode not in (0, 1, 2):
        raise SystemExit("sweep ended with %d: %s" % (done.returncode, done.stderr.decode()[-2000:]))
    return done.returncode, json.loads(done.stdout)


def exchanges(recording=DEMO):
    with open(os.path.join(recording, "exchanges.jsonl"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def write(recording, rows, source=DEMO):
    """A recording with these exchanges and the manifest of another."""
    os.makedirs(recording, exist_ok=True)
    with open(os.path.join(source, "manifest.json"), encoding="utf-8") as f:
        manifest = json.load(f)
    manifest["exchanges"] = len(rows)
    with open(os.path.join(recording, "manifest.json"), "w", encoding="utf-8") as f:
        json.dump(manifest, f, sort_keys=True)
    with open(os.path.join(recording, "exchanges.jsonl"), "w", encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n")


def key(finding):
    r = finding["resource"]
    return finding["rule"], r["account"], r["region"], r["id"], finding["subkey"]
