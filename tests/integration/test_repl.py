#!/usr/bin/env python3
"""moonward repl: lines from a pipe, then the same prompt at a terminal of our own.

  test_repl.py MOONWARD
"""
import os, pty, re, select, signal, stat, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import replaying  # noqa: E402

FAULTS = []
RULE = "s3-bucket-versioning-enabled"


def expect(ok, what):
    if not ok:
        FAULTS.append(what)


def piped(binary, lines, *argv, cwd=replaying.ROOT, status=0):
    done = subprocess.run([binary, "repl", *argv], input="".join(l + "\n" for l in lines), capture_output=True, text=True,
                          cwd=cwd, env=replaying.environment(HOME="/nonexistent"))
    expect(done.returncode == status, "exit %d, expected %d: %s" % (done.returncode, status, done.stderr[-500:]))
    return done.stdout, done.stderr


def values(binary):
    """(line, what it shows): each on a prompt of its own session would be slow, so all in one."""
    rows = [
        ("1 + 1", "2"),
        ("'a\"b'", '"a\\"b"'),
        ("nil", "nil"),
        ("1, true", "1\ntrue"),
        ("{ b = { 1, 2 }, a = 'x' }", '{\n  "a": "x",\n  "b": [1, 2]\n}'),
        ("pass()", "pass()"),
        ("fail('no %s', 'tag')", "fail(no tag)"),
        ("fail { subkey = 'k', message = 'm' }", "fail(k: m)"),
        ("x = 41", ""),
        ("x + 1", "42"),
        ("local y = 1", ""),
        ("y", "nil"),
        ("print('a', 2)", "a\t2"),
        ("for i = 1, 2 do\nprint(i)\nend", "1\n2"),
        ("require('net').is_world('::/0')", "true"),
        ("ctx.log('seen %d', 3)", "log: seen 3"),
        (":use s3.bucket harbour-exports", "r = AWS::S3::Bucket harbour-exports (123456789012 eu-west-1), 1 of 9"),
        ("r.name", '"harbour-exports"'),
        ("r.Versioning", "{}"),
        ("r.Logging", "unknown(s3:GetBucketLogging: NotRecorded)"),
        ("select(2, try(function() return r.Logging end)).code", '"NotRecorded"'),
        ("r.PublicAccessBlock.BlockPublicPolicy", "false"),
        ("#ctx.inventory:each('AWS::S3::Bucket')", "9"),
        (":next", "r = AWS::S3::Bucket harbour-invoices (123456789012 eu-west-1), 2 of 9"),
        (":use s3.bucket 9", "r = AWS::S3::Bucket harbour-website (123456789012 us-east-1), 9 of 9"),
        ("string.rep('é', 5000)", '"' + "é" * 4096 + '"… of 10000 bytes'),
    ]
    out, err = piped(binary, [r[0] for r in rows], "--replay", replaying.DEMO, "--type", "s3.bucket")
    wanted = "".join(r[1] + "\n" for r in rows if r[1])
    expect(err == "", "no errors: %r" % err)
    for got, want in zip(out.split("\n"), wanted.split("\n")):
        if got != want:
            expect(False, "showed %r, expected %r" % (got[:200], want[:200]))
            break
    expect(len(out) == len(wanted), "the rest: %r" % out[len(wanted):][:300])
    shown, _ = piped(binary, ["r"], "--replay", replaying.DEMO, "--type", "s3.bucket")
    expect('"Logging": unknown(s3:GetBucketLogging: NotRecorded)' in shown and '"Versioning": {}' in shown, "a whole resource")


def commands(binary):
    out, _ = piped(binary, [":types AWS::S3::*", ":type s3.bucket", ":rule " + RULE, ":help"], "--replay", replaying.DEMO,
                   "--type", "s3.bucket")
    for want in ("AWS::S3::Bucket  9\n", "  Versioning                     object, s3:GetBucketVersioning\n    Status  ",
                 "fail: versioning is never enabled\n  evidence: [{", ":use TYPE [ID|N]"):
        expect(want in out, "commands: %r is missing from %r" % (want, out[:400]))
    out, _ = piped(binary, ["r.Versioning", ":next", "r.Versioning.Status", ":rule " + RULE], "--fixture",
                   "rules/s3/%s_test.lua" % RULE)
    expect(out.startswith('{"Status": "Enabled"}\n') and "fail: versioning is never enabled" in out, "fixtures: %r" % out)
    out, _ = piped(binary, [":next"] * 4 + ["r.Versioning"], "--rule", RULE, "--fixture", "rules/s3/%s_test.lua" % RULE)
    expect(out.startswith("pass\n") and out.endswith("unknown(s3:GetBucketVersioning: AccessDenied)\n"), "unknown fixture: %r" % out)
    out, _ = piped(binary, ["1"])
    expect(out == "1\n", "the language alone: %r" % out)
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "f.lua"), "w", encoding="utf-8") as f:
            f.write("function twice(x)\n  return 2 * x\nend\n")
        out, _ = piped(binary, [":load f.lua", "twice(21)"], cwd=folder)
        expect(out == "42\n", ":load: %r" % out)


def stored(binary):
    """A snapshot of the store, which holds what its rules asked for: all else is unknown, not absent."""
    with tempfile.TemporaryDirectory() as folder:
        store = os.path.join(folder, "db")
        subprocess.run([binary, "sweep", RULE, "--replay", replaying.DEMO, "--store", store], cwd=replaying.ROOT,
                       capture_output=True, env=replaying.environment(HOME=folder))
        out, err = piped(binary, ["r.name", "r.Versioning", "r.Acl", "ctx.inventory:each('AWS::EC2::VPC')", ":rule " + RULE],
                         "--snapshot", "latest", "--type", "s3.bucket", "--store", store)
        wanted = ('"harbour-exports"\n{}\nunknown(NotCollected)\nunknown(NotCollected)\nfail: versioning is never enabled\n')
        expect(out.startswith(wanted) and err == "", "a stored snapshot: %r %r" % (out, err))
        _, err = piped(binary, [], "--snapshot", "nosuch", "--store", store, status=3)
        expect("nosuch" in err, "no such snapshot: %r" % err)


def mistakes(binary):
    rows = [
        ("nosuch.member", "attempt to index a nil value (global 'nosuch')"),
        ("r.Versioning.Status = 1", "resources are read-only"),
        ("x = = 1", "unexpected symbol near '='"),
        ("error({})", "the error value is a table, not text"),
        ("os.exit()", "attempt to index a nil value (global 'os')"),
        (":usee s3.bucket", "there is no command ':usee'; did you mean ':use'?"),
        (":use s3.buckt", "there is no type 's3.buckt'; did you mean 's3.bucket'?"),
        (":use s3.bucket nosuch", "no AWS::S3::Bucket is called 'nosuch'; there are 9, by number from 1"),
        (":use", ":use wants TYPE [ID|N]"),
        (":rule " + RULE[:-1], "did you mean '%s'?" % RULE),
        (":rule ec2-instance-requires-imdsv2", "judges AWS::EC2::Instance, and the resource at hand is AWS::S3::Bucket"),
        (":load /nonexistent", "/nonexistent"),
        ("ctx.inventory:get('AWS::S3::Buckt', 'x')", "resource type 'AWS::S3::Buckt' is not in the snapshot"),
        ("r.name.x.y", "attempt to index a nil value"),
        ("kept = 1", None),
        ("while true do end", "deadline of 2000 ms passed; the globals of the session are gone"),
        ("kept == nil or error('kept')", None),
        ("string.rep('x', 1 << 20):rep(2)", ""),
        ("local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end", "the globals of the session are gone"),
        ("print('still here')", None),
        ("if true then", "the last chunk does not end"),
    ]
    out, err = piped(binary, [r[0] for r in rows], "--replay", replaying.DEMO, "--type", "s3.bucket", status=3)
    lines = err.splitlines()
    wanted = [r for r in rows if r[1] is not None]
    expect(len(lines) == len(wanted), "one line for each error: %d for %d: %r" % (len(lines), len(wanted), lines))
    for line, (typed, want) in zip(lines, wanted):
        expect(line.startswith("error: ") and want in line, "%r said %r, expected %r" % (typed, line, want))
    expect("still here\n" in out, "the prompt goes on")
    out, _ = piped(binary, ["print('\\27[31m\\7 é')"])
    expect(out == "\\x1b[31m\\x07 é\n", "what is shown cannot drive a terminal: %r" % out)
    for argv, want in ((["--fixture", "rules/s3/x.lua"], "is not a rule's test"),
                       (["--replay", "a", "--fixture", "b"], "one of them"), (["--rule", RULE], "wants --replay, --snapshot or --fixture"),
                       (["--snapshot", "latest", "--fixture", "b"], "one of them")):
        _, err = piped(binary, [], *argv, status=3)
        expect(want in err, "%r: %r" % (argv, err))


class Terminal:
    def __init__(self, binary, home, *argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(replaying.ROOT)
            os.execve(binary, [binary, "repl", *argv], replaying.environment(HOME=home, XDG_STATE_HOME=home, TERM="xterm"))
        self.seen = self.raw = ""

    def wait(self, text, seconds=60):
        """Read until the text has been shown; what came before it is dropped."""
        until = time.monotonic() + seconds
        while text not in self.seen:
            if time.monotonic() > until or not self.read(0.2):
                if time.monotonic() > until:
                    expect(False, "terminal: waited in vain for %r; have %r" % (text, self.seen[-300:]))
                    return ""
        before, self.seen = self.seen.split(text, 1)
        return before

    def prompt(self, text):
        """Wait for the text, then for the prompt behind it: before that the terminal is not the editor's."""
        self.wait(text)
        self.wait("moonward> ")

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.raw += data.decode(errors="replace")
        self.seen += re.sub(r"\x1b\[[0-9]*[A-Za-z]|\r", "", data.decode(errors="replace"))
        return bool(data)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            self.read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        expect(False, "terminal: it does not end")
        return None


def hostile_ids(binary):
    """What a resource is called is not the terminal's business: such an id is not completed, the others are."""
    with tempfile.TemporaryDirectory() as home:
        names = ("logs", "lo\\27[31mgs", "lo\\u{9b}31mgs", "lo\\u{202e}gs", "log-archive")
        rule = 'return rule { id = "x", title = "x", severity = "low", resource = "AWS::S3::Bucket", check = function() return pass() end }'
        tests = ", ".join('{ name = "%d", expect = "pass", resource = { Name = "%s" } }' % row for row in enumerate(names))
        for name, text in (("x.lua", rule), ("x_test.lua", "return { %s }" % tests)):
            with open(os.path.join(home, name), "w", encoding="utf-8") as out:
                out.write(text)
        t = Terminal(binary, home, "--fixture", os.path.join(home, "x_test.lua"))
        t.wait("moonward> ")
        t.type(":use s3.bucket lo\t\t")
        t.wait("log-archive")
        t.type("\x15:quit\r")
        expect(t.end() == 0, "after hostile ids")
        expect(not [s for s in ("\x1b[31m", "\x9b", "\u202e") if s in t.raw], "an id drove the terminal: %r" % t.raw[-400:])


def at_terminal(binary):
    with tempfile.TemporaryDirectory() as home:
        history = os.path.join(home, "moonward", "repl_history")
        t = Terminal(binary, home, "--replay", replaying.DEMO, "--type", "s3.bucket")
        t.wait("moonward> ")
        t.type("r.Versi\tion\x15r.na\t\r")  # Ctrl-U voids the first; Tab completes
        t.prompt('"harbour-exports"\n')
        t.type("1 + 12\x02\x7f3\r")  # back one, delete the 1, type 3: 1 + 32
        t.prompt("33\n")
        t.type("\x1b[A\x05 + 1\r")  # the line before, at its end
        t.prompt("34\n")
        t.type("r.Object\t")  # by the model: the document of this bucket has it as unknown
        t.wait("r.ObjectLock")
        t.type("\x03")
        t.prompt("^C")
        t.type(":rul\t s3-bucket-versioning-e\t\r")
        t.prompt("fail: versioning is never enabled")
        t.type("string.\t\t")
        t.wait("gsub")
        t.type("\x15while true do end\r")
        time.sleep(0.5)
        t.type("\x03")  # a signal now: the terminal is not raw while a line runs
        t.prompt("interrupted; the globals of the session are gone")
        t.type("for i = 1, 1 do\r")
        t.wait("...> ")
        t.type("print('in' .. 'side') end\r")
        t.prompt("inside\n")
        t.type("'é'\x7f\x7f\x7f'ü'\r")
        t.prompt('"ü"\n')
        t.type("\x04")
        expect(t.end() == 0, "Ctrl-D leaves with 0")
        expect(stat.S_IMODE(os.stat(history).st_mode) == 0o600, "the history is its owner's alone")
        with open(history, encoding="utf-8") as f:
            lines = f.read().splitlines()
        expect("r.name" in lines and "1 + 32 + 1" in lines, "history: %r" % lines)
        t = Terminal(binary, home, "--type", "s3.bucket")
        t.wait("moonward> ")
        t.type("\x10\x10\x10")  # the history of the last session
        t.wait("for i = 1, 1 do")
        t.type("\x15:quit\r")
        expect(t.end() == 0, ":quit leaves with 0")
        t = Terminal(binary, home)
        t.wait("moonward> ")
        os.kill(t.pid, signal.SIGTERM)
        expect(t.end() == 143, "SIGTERM ends it, with the terminal as it was")


def main():
    binary = os.path.abspath(sys.argv[1])
    values(binary)
    commands(binary)
    stored(binary)
    mistakes(binary)
    try:
        os.close(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
    except OSError as e:
        print("skipped: repl at a terminal: no pseudo-terminal: %s" % e.strerror)
    else:
        at_terminal(binary)
        hostile_ids(binary)
    for fault in FAULTS[:20]:
        print(fault)
    print("repl: %d faults" % len(FAULTS))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
