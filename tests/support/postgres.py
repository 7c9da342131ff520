#!/usr/bin/env python3
"""A PostgreSQL server of a test's own: made in a temporary folder, reached by a Unix socket, stopped and removed at the end.

  postgres.py PROGRAM [ARGUMENTS...]     run it with MOONWARD_TEST_POSTGRES set to the URL of an empty database

Status 77, with a word, where there is no server to be had: Debian's `postgresql` has one, and no cluster needs to run.
Databases sort as English does there, so that an order which is not by bytes shows.
"""
import glob, os, pwd, shutil, signal, subprocess, sys, tempfile, time

SKIP = 77


def binaries():
    """The folder with initdb and postgres, the newest there is, or None."""
    found = [os.path.dirname(path) for path in glob.glob("/usr/lib/postgresql/*/bin/initdb")]
    found.sort(key=lambda path: int(path.split("/")[4]) if path.split("/")[4].isdigit() else 0)
    on_path = shutil.which("initdb")
    if found:
        return found[-1]
    return os.path.dirname(os.path.realpath(on_path)) if on_path else None


class Server:
    """`with Server() as server: server.url()`. PostgreSQL refuses root: then it runs as postgres or nobody."""

    def __init__(self, *settings):
        self.bin, self.settings, self.process = binaries(), settings, None
        self.folder = tempfile.mkdtemp(prefix="moonward-pg-")
        self.data, self.log = os.path.join(self.folder, "data"), os.path.join(self.folder, "log")
        self.user = None
        if os.geteuid() == 0:
            names = [name for name in ("postgres", "nobody") if name in (p.pw_name for p in pwd.getpwall())]
            self.user = pwd.getpwnam(names[0])
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)

    def command(self, name, *argv):
        done = subprocess.run([os.path.join(self.bin, name), *argv], capture_output=True, text=True, **self.identity())
        if done.returncode:
            raise RuntimeError("%s: %s" % (name, done.stderr.strip()))
        return done.stdout

    def identity(self):
        who = {"cwd": self.folder, "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}}
        if self.user:
            who.update(user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[])
        return who

    def __enter__(self):
        options = ["-D", self.data, "-U", "moonward", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"]
        try:
            try:
                self.command("initdb", *options, "--locale-provider=icu", "--icu-locale=en-US")
            except RuntimeError:
                shutil.rmtree(self.data, ignore_errors=True)
                self.command("initdb", *options)
            self.start()
            self.command("createdb", "-h", self.folder, "-U", "moonward", "moonward")
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        """Also after kill(): what was committed is there again."""
        self.process = subprocess.Popen(
            [os.path.join(self.bin, "postgres"), "-D", self.data, "-k", self.folder, "-c", "listen_addresses=",
             "-c", "fsync=off", *[part for setting in self.settings for part in ("-c", setting)]],
            stdout=subprocess.DEVNULL, stderr=open(self.log, "a"), **self.identity())
        for _ in range(600):
            ready = subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", self.folder], **self.identity())
            if ready.returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError("postgres: " + open(self.log).read()[-2000:])

    def url(self, schema=None, user="moonward", database="moonward"):
        return "postgresql://%s@/%s?host=%s%s" % (user, database, self.folder, "&schema=" + schema if schema else "")

    def sql(self, text, database="moonward"):
        return self.command("psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "moonward",
                            "-c", text, database).strip()

    def kill(self):
        """kill -9 of the server and everything of it, in whatever transaction it is."""
        children = open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)).read().split()
        for pid in [self.process.pid, *map(int, children)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.process = None

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)  # at once; nobody needs a checkpoint
            self.process.wait()
        self.process = None

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not binaries():
        print("skipped: no PostgreSQL server (apt-get install postgresql)")
        return SKIP
    with Server() as server:
        return subprocess.run(sys.argv[1:], env=dict(os.environ, MOONWARD_TEST_POSTGRES=server.url())).returncode


if __name__ == "__main__":
    sys.exit(main())
