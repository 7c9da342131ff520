#!/usr/bin/env python3
"""Feed broken vectors to moonward-conformance: each line has one reply, and the program survives them all.

  mutate.py PROGRAM SEED COUNT FOLDER...

Every line is a published vector with one to three things wrong: bodies cut or with bits flipped, values of another type, members
missing, doubled or unknown, huge numbers, deep nesting, other content types, text that is not UTF-8, nothing at all, more than a MiB.
The replies are not judged; that they are there, are JSON, carry the request's id and come in time is. Standard library only.
"""
import base64, copy, json, os, random, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run as vectors

CHUNK, CHUNK_SECONDS = 500, 60       # far beyond what a chunk takes: a hang, or a request whose cost explodes
DEEP = 3000
sys.setrecursionlimit(20000)


def main():
    program, seed, count, folders = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    chance = random.Random(seed)
    requests = [dict(case["request"], id=case["id"]) for case in vectors.load(folders)]
    requests = [r for r in requests if r["mode"] != "endpoint"] + chance.sample([r for r in requests if r["mode"] == "endpoint"], 300)
    requests += list(rule_sets(folders))
    tally = {}
    for begin in range(0, count, CHUNK):
        lines = [broken(chance, requests) for _ in range(min(CHUNK, count - begin))]
        if begin == 0:
            lines[7] = b'{"id":"long","mode":"cbor","body_b64":"' + b"A" * (18 << 20) + b'"}'
        ending = b"" if begin % (2 * CHUNK) == 0 and lines[-1].strip() else b"\n"  # the last line needs no end
        fault = faults(program, lines, ending, tally)
        if fault:
            sys.exit("seed %d, lines %d to %d: %s" % (seed, begin, begin + len(lines), narrowed(program, lines) or fault))
    print("seed %d: %d requests, one reply each: %s" % (seed, count, ", ".join("%s %d" % pair for pair in sorted(tally.items()))))
    return 0


def rule_sets(folders):
    """The smaller rule sets, to be broken themselves; loaded under a name that nothing else asks for."""
    for folder in folders:
        path = os.path.join(folder, "endpoint-rules", "rule-sets.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                rules = json.load(file)
            for name, ruleset in sorted(rules["rulesets"].items()):
                if len(json.dumps(ruleset)) < 40000:
                    yield {"id": "rules-" + name, "mode": "endpoint-load", "service": "broken", "ruleset": ruleset,
                           "partitions": rules["partitions"]}
                    for _ in range(4):
                        yield {"id": "use-" + name, "mode": "endpoint", "service": "broken",
                               "params": {"Region": "us-east-1", "UseFIPS": True, "UseDualStack": False}}


def faults(program, lines, ending, tally):
    """None when all is well, else what is not."""
    try:
        done = subprocess.run([program], input=b"\n".join(lines) + ending, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=CHUNK_SECONDS)
    except subprocess.TimeoutExpired:
        return "no end within %d s" % CHUNK_SECONDS
    replies = done.stdout.split(b"\n")
    if done.returncode or done.stderr:
        return "exit %d after %d replies: %s" % (done.returncode, len(replies) - 1, done.stderr.decode("utf-8", "replace")[-3000:])
    if len(replies) != len(lines) + 1 or replies[-1]:
        return "%d lines, %d replies" % (len(lines), len(replies) - 1)
    for line, reply in zip(lines, replies):
        try:
            reply = json.loads(reply)
        except ValueError as error:
            return "a reply is no JSON (%s): %.500r to %.500r" % (error, reply, line)
        kind = "error" if "error" in reply else "unsupported" if "unsupported" in reply else "result"
        tally[kind] = tally.get(kind, 0) + 1
        if not isinstance(reply.get("id"), str) or kind != "error" and wanted_id(line) not in (None, reply["id"]):
            return "a reply without its id: %.500r to %.500r" % (reply, line)
    return None


def wanted_id(line):
    try:
        given = json.loads(line.decode()).get("id", "")
    except ValueError:                               # not UTF-8, or digits without end: read all the same
        return None
    return given.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(given, str) else ""


def narrowed(program, lines):
    """The first line that is at fault alone."""
    for line in lines:
        fault = faults(program, [line], b"\n", {})
        if fault:
            return "%s\n%r" % (fault, line[:5000])
    return None


# ---- breaking

SCALARS = [None, True, False, 0, -1, 1, 1.5, "", "x", [], {}, 2 ** 31, 2 ** 63, -2 ** 63 - 1, 2 ** 64, 10 ** 40, 1e308, -1e-320, "é\u0000\n",
           "\ud800", "NaN", "-Infinity", "9" * 400, "2026-02-30T25:61:61Z", "1e400", "%00%zz", "../..", "/", "//", "{x}", "\r\nX: y",
           "string", "structure", "list", "map", "blob", "timestamp", "rest-json", "query", "uri", "header", "headers", "querystring",
           "statusCode", "rfc822", "iso8601", "unixTimestamp", "[", "'", "😀" * 50]
TYPES = ["application/json", "application/cbor", "text/xml", "application/x-amz-json-1.1", "text/plain; charset=latin1",
         "application/vnd.amazon.eventstream", "", "\u0000", "multipart/form-data"]


def broken(chance, requests):
    roll = chance.random()
    if roll < 0.004:
        return chance.choice((b"", b" ", b"null", b"[]", b"{}", b'""', b"\xff\xfe", b"{\"id\":7}", b"[" * 100000, b'{"a":' * 100000))
    request = copy.deepcopy(chance.choice(requests))
    for _ in range(chance.choice((1, 1, 2, 3))):
        chance.choice((value, value, member, body, body, body, header))(chance, request)
    if roll > 0.9995:
        request["padding"] = "é" * (3 << 18)
    line = json.dumps(request, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if roll < 0.1:
        line = bent(chance, line).replace(b"\n", b" ")
    return line


def bent(chance, data):
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.choice((1, 2, 8, 64)))
        how = chance.randrange(6)
        if how == 0:
            del data[at:]
        elif how == 1:
            del data[at:to]
        elif how == 2:
            data[at:at] = data[at:to] * chance.choice((1, 2, 200))
        elif how == 3 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif how == 4:
            data[at:to] = bytes(chance.randrange(256) for _ in range(to - at))
        else:
            data[at:at] = chance.choice((b"\xff", b"\x00", b"\x9f" * DEEP, b"\x81" * DEEP, b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", b"\xbf\xff", b"[" * DEEP,
                                         b'{"a":' * DEEP, b"<a>" * DEEP, b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#x0;", b"<![CDATA[", b"1e999999999",
                                         b"-", b"99999999999999999999", b"null", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xef\xbb\xbf", b"\xc2"))
    return bytes(data)


def places(value, found):
    """Each (container, key) below a value."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        found.append((value, key))
        if isinstance(value[key], (dict, list)):
            places(value[key], found)
    return found


def somewhere(chance, request):
    """A place below the request; in its model as often as in what is sent."""
    parts = [k for k, v in request.items() if isinstance(v, (dict, list)) and v]
    if not parts or chance.random() < 0.1:
        return request, chance.choice(list(request))
    return chance.choice(places(request[chance.choice(parts)], []))


def value(chance, request):
    holder, key = somewhere(chance, request)
    if holder is request and key == "id" and chance.random() < 0.9:
        return
    old, roll = holder[key], chance.random()
    if roll < 0.05:
        for _ in range(chance.choice((10, 200, 2000) if chance.random() < 0.05 else (10, 200))):
            old = {"a": old} if chance.random() < 0.5 else [old]
        holder[key] = old
    elif roll < 0.1 and isinstance(old, str):
        holder[key] = old * chance.choice((2, 100, 5000))
    elif roll < 0.15 and isinstance(old, list):
        holder[key] = old * chance.choice((2, 50))
    elif roll < 0.3:                                 # another value of the same request
        other, name = somewhere(chance, request)
        holder[key] = copy.deepcopy(other[name])
    else:
        holder[key] = chance.choice(SCALARS)


def member(chance, request):
    holder, key = somewhere(chance, request)
    if not isinstance(holder, dict) or holder is request and key in ("id", "mode"):
        return
    roll = chance.random()
    if roll < 0.6:
        del holder[key]
    elif roll < 0.8:
        holder[chance.choice(("shape", "type", "location", "locationName", "payload", "member", "members", "key", "value", "streaming", "flattened",
                              "union", "eventstream", "jsonvalue", "box", "xmlNamespace", "timestampFormat", "hostPrefix", "requestUri", "x" * 300, ""))] = \
            chance.choice(SCALARS)
    else:
        holder["other"] = holder.pop(key)


def body(chance, request):
    holder = request["response"] if isinstance(request.get("response"), dict) else request.get("request", request)
    if not isinstance(holder, dict) or not isinstance(holder.get("body_b64"), str):
        return value(chance, request)
    try:
        holder["body_b64"] = base64.b64encode(bent(chance, base64.b64decode(holder["body_b64"]))).decode()
    except ValueError:
        holder["body_b64"] = "!" + holder["body_b64"]


def header(chance, request):
    holder = request.get("response")
    headers = holder.get("headers") if isinstance(holder, dict) else None
    if not isinstance(headers, dict):
        return value(chance, request)
    name = chance.choice(["Content-Type"] * 3 + ["x-amzn-errortype", "X-Amz-Meta-", "x-amzn-query-error", "smithy-protocol", ""] + list(headers))
    headers[name] = chance.choice(TYPES if name == "Content-Type" else ["", "x" * 9000, "a#b:c", ";", ",,,", "\"", "\"a\\", "é", "\r\n", "-", "1e999", 5, None])


if __name__ == "__main__":
    sys.exit(main())
