"""Start and stop a moto_server of our own on a free loopback port; skip loudly where moto is not to be had."""
import atexit, os, socket, subprocess, sys, time, urllib.request

SKIP = 77  # ctest's SKIP_RETURN_CODE
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}


def require():
    try:
        import boto3, moto.server  # noqa: F401
    except ImportError as e:
        print("skipped: %s is not installed, so nothing that needs moto was tested" % e.name)
        sys.exit(SKIP)


class Server:
    """`with Server() as s:` gives s.url; the process is ended by its id."""

    def __enter__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % port
        self.log = open(os.path.join(os.environ.get("TMPDIR", "/tmp"), "moonward-moto-%d.log" % port), "w")
        self.process = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                                        stdout=self.log, stderr=subprocess.STDOUT,
                                        env=dict(os.environ, MOTO_IAM_LOAD_MANAGED_POLICIES="true",
                                                 MOTO_EC2_LOAD_DEFAULT_AMIS="false"))
        atexit.register(self.stop)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.url + "/moto-api/data.json", timeout=2).read()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
        self.stop()
        raise RuntimeError("moto_server did not start; see %s" % self.log.name)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if not self.log.closed:
            self.log.close()
            os.unlink(self.log.name)

    def __exit__(self, *_):
        self.stop()

    def client(self, service, region="us-east-1"):
        import boto3
        return boto3.client(service, region_name=region, endpoint_url=self.url,
                            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"], aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"])

    def environment(self, **more):
        """What moonward is run with: these keys, this endpoint, nothing of the caller's AWS settings."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOONWARD_"))}
        env.update(KEYS, AWS_ENDPOINT_URL=self.url, AWS_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true",
                   AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent", NO_COLOR="1")
        env.update(more)
        return env
