"""Start and stop an awsim of our own on a free loopback port, and ask its control face."""
import atexit, ctypes, json, os, signal, subprocess, urllib.parse, urllib.request


class Server:
    """`with Server(program, "--seed", "7") as s:` gives s.url; the process is ended by its id."""

    def __init__(self, program, *options):
        self.argv = [program] + [str(o) for o in options]

    def __enter__(self):
        # It ends with this process, however that ends (PR_SET_PDEATHSIG is 1).
        self.process = subprocess.Popen(self.argv, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGTERM))
        atexit.register(self.stop)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError("awsim did not start: %s" % " ".join(self.argv))
        return self

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        self.process.stdout.close()

    def __exit__(self, *_):
        self.stop()

    def control(self, path, method="GET", body=None, **query):
        url = self.url + "/__awsim/" + path + ("?" + urllib.parse.urlencode(query) if query else "")
        data = body.encode() if isinstance(body, str) else body
        with urllib.request.urlopen(urllib.request.Request(url, data=data, method=method), timeout=60) as answer:
            return json.loads(answer.read())

    def faults(self, *lines):
        self.control("faults", "DELETE")
        return self.control("faults", "POST", "\n".join(lines)) if lines else None

    def buckets(self, *lines):
        self.control("buckets", "DELETE")
        return self.control("buckets", "POST", "\n".join(lines)) if lines else None

    def account(self, n=0):
        return self.control("account", n=n)

    def environment(self, n=0, **more):
        """What moonward is run with: the keys of account n, this endpoint, nothing of the caller's AWS settings."""
        account = self.account(n)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOONWARD_"))}
        env.update(AWS_ACCESS_KEY_ID=account["access_key_id"], AWS_SECRET_ACCESS_KEY=account["secret_access_key"], AWS_ENDPOINT_URL=self.url,
                   AWS_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/nonexistent",
                   AWS_SHARED_CREDENTIALS_FILE="/nonexistent", NO_COLOR="1")
        env.update(more)
        return env

    def client(self, service, region="us-east-1", n=0, **more):
        import boto3, botocore.config
        account = self.account(n)
        keys = dict(aws_access_key_id=account["access_key_id"], aws_secret_access_key=account["secret_access_key"])
        keys.update(more)
        return boto3.client(service, region_name=region, endpoint_url=self.url,
                            config=botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=3, inject_host_prefix=False), **keys)
