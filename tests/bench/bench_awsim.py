#!/usr/bin/env python3
"""How many answers the load and fault server gives for each second of its own CPU time, as it counts it itself.

  bench_awsim.py AWSIM [SECONDS]      prints one JSON line for each case; ends with 1 when a goal is missed

Requests are signed once and sent again and again over keep-alive connections; answers to the same request have the same length, so counting
bytes counts answers. The best of five rounds counts, as others use the memory of the machine too. Goals: 50,000 small and 5,000 hundred-item answers a second and core, without verification of signatures.
"""
import json, os, socket, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "integration"))
from awsimserver import Server  # noqa: E402

import botocore.auth, botocore.awsrequest, botocore.credentials  # noqa: E402

ROUNDS = 5


def signed(s, service, body):
    account, host = s.account(0), s.url[len("http://"):]
    request = botocore.awsrequest.AWSRequest("POST", s.url + "/", headers={
        "Host": host, "Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "User-Agent": "bench"}, data=body)
    keys = botocore.credentials.Credentials(account["access_key_id"], account["secret_access_key"])
    botocore.auth.SigV4Auth(keys, service, "us-east-1").add_auth(request)
    lines = ["POST / HTTP/1.1", "Content-Length: %d" % len(body)] + ["%s: %s" % h for h in request.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def drain(connection, size):
    buffer = bytearray(1 << 20)
    while size > 0:
        n = connection.recv_into(buffer, min(size, len(buffer)))
        if n == 0:
            raise SystemExit("the server hung up")
        size -= n


def answer_size(port, request):
    with socket.create_connection(("127.0.0.1", port)) as c:
        c.sendall(request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += c.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit("refused: %r" % got[:600])
        length = int([h for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")][0].split(b":")[1])
        drain(c, length - len(body))
        return len(head) + 4 + length


def measure(s, name, request, depth, connections, seconds, goal):
    port = int(s.url.rsplit(":", 1)[1])
    size = answer_size(port, request)
    open_ones = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    batch, rates = request * depth, []
    for _ in range(ROUNDS):
        answers, before, began = 0, s.control("stats"), time.monotonic()
        while time.monotonic() - began < seconds:
            for c in open_ones:
                c.sendall(batch)
            for c in open_ones:
                drain(c, size * depth)
            answers += depth * connections
        after = s.control("stats")
        rates.append(round(answers * 1e6 / (after["cpu_us"] - before["cpu_us"])))
    for c in open_ones:
        c.close()
    print(json.dumps({"case": name, "bytes": size, "pipelined": depth, "answers_per_cpu_s": max(rates), "rounds": rates, "goal": goal,
                      "peak_mb": round(after["peak_kb"] / 1024, 1)}), flush=True)
    return goal is None or max(rates) >= goal


def main():
    program, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 1
    options = ["--seed", 5, "--accounts", 10000, "--instances", 1000, "--volumes", 1000, "--spread", 0]
    good = True
    for verify in (False, True):
        with Server(program, *options, *([] if verify else ["--no-verify"]), "--bucket", "*=1000000/1000000") as s:
            small = signed(s, "sts", "Action=GetCallerIdentity&Version=2011-06-15")
            large = signed(s, "ec2", "Action=DescribeInstances&MaxResults=100&Version=2016-11-15")
            disks = signed(s, "ec2", "Action=DescribeVolumes&MaxResults=100&Version=2016-11-15")
            how = ", verified" if verify else ""
            good &= measure(s, "small" + how, small, 50, 8, seconds, None if verify else 50000)
            good &= measure(s, "small, one at a time" + how, small, 1, 32, seconds, None)
            good &= measure(s, "100 instances" + how, large, 1, 4, seconds, None if verify else 5000)
            good &= measure(s, "100 volumes" + how, disks, 1, 4, seconds, None if verify else 5000)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
