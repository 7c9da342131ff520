#!/usr/bin/env python3
"""`moonward call` against TLS servers: certificates are always checked, and there is no way around it.

    test_call_tls.py MOONWARD

Needs Python's `cryptography` to make the certificates; skipped (77) where it is missing.
"""
import datetime
import http.server
import ipaddress
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
except ImportError as e:
    print("skipped: %s is not installed, so TLS was not tested" % e.name)
    sys.exit(77)

BODY = (b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>"
        b"</GetCallerIdentityResult></GetCallerIdentityResponse>")


def certificate(issuer, key, issuer_key, days=(-1, 10), names=(), ca=False):
    now = datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "moonward test CA" if ca else "server")])
    b = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject)
         .public_key(key.public_key()).serial_number(x509.random_serial_number())
         .not_valid_before(now + datetime.timedelta(days=days[0]))
         .not_valid_after(now + datetime.timedelta(days=days[1]))
         .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
    if names:
        b = b.add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
    return b.sign(issuer_key, hashes.SHA256())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = 0
    status = 200

    def do_POST(self):
        Handler.seen += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(Handler.status)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):  # a client that does not trust us hangs up
        pass


class Server:
    """With a certificate, or a plain one that is asked for TLS."""

    def __init__(self, folder, name, cert=None, key=None, newest=None):
        self.http = Quiet(("127.0.0.1", 0), Handler)
        if cert:
            path = os.path.join(folder, name + ".pem")
            with open(path, "wb") as f:
                f.write(cert.public_bytes(serialization.Encoding.PEM))
                f.write(key.private_bytes(serialization.Encoding.PEM,
                                          serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if newest:
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = newest
                context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.load_cert_chain(path)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True,
                                                   do_handshake_on_connect=False)
        self.url = "https://127.0.0.1:%d" % self.http.server_port
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


def system_roots(folder, ca):
    """Folders to be mounted over the system's: the root by its hash, in the bundle only, and in neither."""
    places = [os.path.join(folder, name) for name in ("hashed", "bundled", "empty")]
    for place in places:
        os.mkdir(place)
        open(os.path.join(place, "ca-certificates.crt"), "w").close()
    pem = ca.public_bytes(serialization.Encoding.PEM)
    for path in (os.path.join(places[0], "root.pem"), os.path.join(places[1], "ca-certificates.crt")):
        with open(path, "wb") as f:
            f.write(pem)
    try:
        subprocess.run(["openssl", "rehash", places[0]], check=True, capture_output=True)
        subprocess.run(over_roots(folder) + ["true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("skipped: the system's own roots, which need openssl, and unshare with a mount of its own")
        return []
    return list(zip(places, (None, None, "certificate")))


def sent_once(binary, server, wrap):
    """A write that fails after the handshake was tried anew, for its root was in the bundle, has arrived: once."""
    env = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "0123456789", "AWS_REGION": "eu-west-1",
           "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
           "AWS_ENDPOINT_URL": server.url, "PATH": os.environ["PATH"]}
    before, Handler.status = Handler.seen, 500
    done = subprocess.run(wrap + [binary, "call", "iam", "CreateAccountAlias", "--write", "--params",
                                  '{"AccountAlias":"moon"}'], env=env,
                          capture_output=True, timeout=60)
    Handler.status = 200
    if done.returncode == 0 or Handler.seen != before + 1:
        return [f"a write, root in the bundle: exit {done.returncode}, {Handler.seen - before} requests: "
                f"{done.stderr.decode()}"]
    return []


def over_roots(place):
    return ["unshare", "-rm", "sh", "-c", 'mount --bind "$0" /etc/ssl/certs && exec "$@"', place]


def main():
    binary = os.path.abspath(sys.argv[1])
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        ca = certificate(None, ca_key, ca_key, ca=True)
        bundle = os.path.join(folder, "ca.pem")
        with open(bundle, "wb") as f:
            f.write(ca.public_bytes(serialization.Encoding.PEM))
        here = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        good = Server(folder, "good", certificate(ca.subject, key, ca_key, names=here), key)
        places = system_roots(folder, ca)
        rows = [  # name, server, CA bundle or a command to run under, what stderr says (None = it works)
            ("trusted", good, bundle, None),
            ("untrusted", good, None, "certificate"),
            ("bundle is missing", good, os.path.join(folder, "none.pem"), "does not exist"),
            ("wrong host", Server(folder, "host", certificate(
                ca.subject, key, ca_key, names=[x509.DNSName("example.com")]), key), bundle, "curl 60"),
            ("expired", Server(folder, "old", certificate(
                ca.subject, key, ca_key, days=(-9, -2), names=here), key), bundle, "curl 60"),
            *(("system roots, " + os.path.basename(place), good, over_roots(place), says)
              for place, says in places),
            ("TLS 1.1", Server(folder, "tls11", certificate(ca.subject, key, ca_key, names=here), key,
                               ssl.TLSVersion.TLSv1_1), bundle, "curl 35"),
            ("plain HTTP behind the TLS port", Server(folder, "plain"), bundle, "curl 35"),
        ]
        for name, server, ca_file, says in rows:
            env = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "0123456789",
                   "AWS_REGION": "eu-west-1", "AWS_CONFIG_FILE": "/nonexistent",
                   "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_MAX_ATTEMPTS": "1",
                   "AWS_ENDPOINT_URL": server.url}
            wrap = ca_file if isinstance(ca_file, list) else []
            if ca_file and not wrap:
                env["AWS_CA_BUNDLE"] = ca_file
            if wrap:
                env["PATH"] = os.environ["PATH"]
            before = Handler.seen
            done = subprocess.run(wrap + [binary, "call", "sts", "GetCallerIdentity"], env=env,
                                  capture_output=True, timeout=60)
            text = done.stderr.decode()
            if says is None:
                if done.returncode != 0 or json.loads(done.stdout) != {"Account": "123456789012"}:
                    failures.append(f"{name}: exit {done.returncode}: {text}")
            elif done.returncode == 0 or says not in text or Handler.seen != before:
                failures.append(f"{name}: exit {done.returncode}, {Handler.seen - before} requests: {text}")
        writes = places[1:2]
        for place, _ in writes:
            failures += sent_once(binary, good, over_roots(place))
    cases = len(rows) + len(writes)
    for line in failures:
        print("FAILED", line)
    print(f"{cases - len(failures)} of {cases} TLS cases")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
