#!/usr/bin/env python3
"""Feed published vectors to moonward-conformance and judge its replies.

  run.py [--rule-sets FILE | --models-from VERSION] PROGRAM FOLDER...

Runs every *.json below the folders; exit 1 when a counted case fails. The endpoint vectors hold for the rule sets of one
botocore: --models-from says from which version on the pack's will do, and exits 77 (skipped) below it; --rule-sets brings
rule sets in a file, {"partitions": {...}, "rulesets": {service: {...}}}, and runs the cases of those services only.
A vector file is {"models": {name: {metadata, shapes}}, "cases": [{id, ext, model, request, expect}]}. Cases marked `ext`
are corners of the specification that AWS's own SDK does not meet: reported, never counted. Standard library only.
"""
import argparse, base64, collections, datetime, email.utils, json, math, os, re, struct, subprocess, sys
import xml.etree.ElementTree as ElementTree
from urllib.parse import unquote_plus


SKIPPED = 77


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rule-sets", metavar="FILE")
    options.add_argument("--models-from", metavar="VERSION")
    options.add_argument("program")
    options.add_argument("folders", nargs="+", metavar="FOLDER")
    options = options.parse_args()
    program = Program(options.program)
    if options.models_from:
        found = program.ask({"id": "models", "mode": "models"})["botocore"]
        if numbers(found) < numbers(options.models_from):
            program.end()
            print("skipped: the endpoint vectors hold for botocore 1.43.11's rule sets, this pack is from %s" % found)
            return SKIPPED
    services = bring_rules(program, options.rule_sets) if options.rule_sets else None
    passed, failed, extra = 0, [], [0, 0]
    for case in load(options.folders):
        if services is not None and case["request"].get("service") not in services:
            continue
        request = dict(case["request"], id=case["id"])
        fault = judge(request, case["expect"], program.ask(request))
        if case.get("ext"):
            extra[0] += fault is None
            extra[1] += 1
        elif fault:
            failed.append((case["id"], fault))
        else:
            passed += 1
    status = program.end()
    for name, fault in failed:
        print("FAIL %s\n     %s" % (name, fault))
    print("%d passed, %d failed; beyond the count: %d of %d" % (passed, len(failed), *extra))
    if not passed:
        print("no vectors found")
    return 1 if failed or status or not passed else 0


class Program:
    """moonward-conformance: one request a line, one reply a line."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, request):
        self.process.stdin.write(json.dumps(request, ensure_ascii=False).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("%s: the program ended" % request["id"])
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        return self.process.wait()


def numbers(version):
    """1.43.11 as (1, 43, 11); a version that is no such text is older than any."""
    return tuple(int(part) for part in version.split(".")) if re.fullmatch(r"[0-9]+(\.[0-9]+)*", version) else ()


def bring_rules(program, path):
    with open(path, encoding="utf-8") as file:
        rules = json.load(file)
    for service, ruleset in rules["rulesets"].items():
        reply = program.ask({"id": service, "mode": "endpoint-load", "service": service, "ruleset": ruleset,
                             "partitions": rules["partitions"]})
        if reply.get("ok") is not True:
            sys.exit("rule set of %s: %r" % (service, reply))
    return rules["rulesets"].keys()


def load(folders):
    for folder in folders:
        for base, _, names in sorted(os.walk(folder)):
            for name in sorted(n for n in names if n.endswith(".json")):
                with open(os.path.join(base, name), encoding="utf-8") as file:
                    document = json.load(file)
                for case in document.get("cases", []):
                    if "model" in case:
                        case["request"].update(document["models"][case["model"]])
                    yield case


def judge(request, expect, reply):
    if reply.get("id") != request["id"]:
        return "the reply is for %r" % reply.get("id")
    if "unsupported" in reply:
        return "unsupported: %s" % reply["unsupported"]
    wants_error = "error" in expect
    if "error" in reply and not wants_error:
        return "error: %s" % reply["error"]
    if wants_error and "error" not in reply:
        return "no error where %r is expected" % (expect["error"],)
    try:
        return JUDGES[request["mode"]](request, expect, reply)
    except (KeyError, ValueError, TypeError, ElementTree.ParseError, struct.error) as error:
        return "reply cannot be judged: %r" % error


# ---- comparing values

def alike(got, want, precision=1e-13):
    """Equality of JSON values; numbers by value."""
    if isinstance(got, bool) or isinstance(want, bool):
        return got is want
    if isinstance(got, (int, float)) and isinstance(want, (int, float)):
        if math.isnan(got) or math.isnan(want):
            return math.isnan(got) and math.isnan(want)
        return got == want or math.isclose(got, want, rel_tol=precision)
    if isinstance(got, dict) and isinstance(want, dict):
        return got.keys() == want.keys() and all(alike(got[k], want[k], precision) for k in got)
    if isinstance(got, list) and isinstance(want, list):
        return len(got) == len(want) and all(alike(g, w, precision) for g, w in zip(got, want))
    return type(got) is type(want) and got == want


def differ(what, got, want):
    return "%s is %.300s, expected %.300s" % (what, json.dumps(got, default=repr), json.dumps(want, default=repr))


# ---- input: a request

def judge_input(request, expect, reply):
    path, _, query = reply["uri"].partition("?")
    want_path, _, want_query = expect.get("uri", "").partition("?")
    if reply["method"] != expect.get("method", reply["method"]):
        return differ("method", reply["method"], expect["method"])
    if path != (want_path or "/"):
        return differ("path", path, want_path)
    if pairs(query) != pairs(want_query):
        return differ("query", query, want_query)
    if "host" in expect and reply.get("host") != expect["host"]:
        return differ("host", reply.get("host"), expect["host"])
    protocol = request["metadata"]["protocol"]
    fault = judge_headers(protocol, expect, {k.lower(): v for k, v in reply["headers"].items()})
    if fault or "body_b64" not in expect:
        return fault
    got, want = base64.b64decode(reply["body_b64"]), base64.b64decode(expect["body_b64"])
    if got != want and not same_body(protocol, got, want):
        return differ("body", got.decode("utf-8", "replace"), want.decode("utf-8", "replace"))
    return None


def pairs(query):
    return collections.Counter(p if "=" in p else p + "=" for p in query.split("&") if p)


def judge_headers(protocol, expect, headers):
    lists = {name.lower() for name in expect.get("list_headers", [])}
    for name, want in expect.get("headers", {}).items():
        got = headers.get(name.lower())
        if name.lower() == "content-type" and protocol in ("query", "ec2"):
            got, want = (got or "").split(";")[0], want.split(";")[0]
        if name.lower() == "content-type" and got is None and protocol.startswith("rest") and want != "application/json":
            continue                                 # only structured JSON bodies must name their type
        if name.lower() in lists and got is not None:
            got, want = [[e.strip() for e in text.split(",")] for text in (got, want)]
        if got != want:
            return differ("header " + name, got, want)
    for name in expect.get("forbidHeaders", []):
        if name.lower() in headers:
            return "header %s must not be sent" % name
    return None


def same_body(protocol, got, want):
    if protocol in ("json", "rest-json"):
        return alike(json.loads(got or b"null"), json.loads(want or b"null"))
    if protocol == "rest-xml":
        return bool(got) and bool(want) and tree(ElementTree.fromstring(got)) == tree(ElementTree.fromstring(want))
    if protocol in ("query", "ec2"):
        return form(got) == form(want)
    if protocol == "smithy-rpc-v2-cbor":
        return alike(Cbor(got).whole(), Cbor(want).whole(), 1e-6)
    return False


def form(body):
    return collections.Counter(tuple(unquote_plus(half) for half in pair.partition("=")[::2]) for pair in body.decode().split("&"))


def tree(element):
    """Siblings of different names may stand in any order, those of one name may not."""
    children = collections.defaultdict(list)
    for child in element:
        children[child.tag].append(tree(child))
    return element.tag, element.attrib, (element.text or "").strip(), dict(children)


class Cbor:
    """Reads what requests may hold, to compare two of them."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def whole(self):
        value = self.item()
        if self.at != len(self.data):
            raise ValueError("bytes behind the CBOR item")
        return value

    def take(self, count):
        piece = self.data[self.at:self.at + count]
        if len(piece) != count:
            raise ValueError("CBOR ends early")
        self.at += count
        return piece

    def items(self, count):
        while count is None or count > 0:
            if count is None and self.data[self.at:self.at + 1] == b"\xff":
                self.at += 1
                return
            yield self.item()
            count = None if count is None else count - 1

    def item(self):
        head = self.take(1)[0]
        major, info = head >> 5, head & 31
        if major == 7:
            if info in (20, 21, 22, 23):
                return {20: False, 21: True}.get(info)
            size, code = {25: (2, ">e"), 26: (4, ">f"), 27: (8, ">d")}[info]
            return struct.unpack(code, self.take(size))[0]
        count = None if info == 31 else info if info < 24 else int.from_bytes(self.take(1 << (info - 24)), "big")
        if major in (0, 1):
            return count if major == 0 else -1 - count
        if major in (2, 3):
            raw = self.take(count) if count is not None else b"".join(self.items(None))
            return {"bytes": raw.hex()} if major == 2 else raw.decode()
        if major == 4:
            return list(self.items(count))
        if major == 5:
            flat = list(self.items(None if count is None else 2 * count))
            return dict(zip(flat[::2], flat[1::2]))
        return {"tag": count, "of": self.item()}


# ---- output: a parsed response

def judge_output(request, expect, reply):
    for key in ("code", "message"):
        if "error" in expect and (reply["error"].get(key) or "") != expect["error"][key]:
            return differ("error." + key, reply["error"].get(key), expect["error"][key])
    reference = {"shape": expect["shape"]} if expect.get("shape") else None
    got = plain(reply.get("result") or {}, reference, request["shapes"])
    want = plain(expect["result"], reference, request["shapes"])
    return None if alike(got, want, 1e-6) else differ("result", got, want)


def plain(value, reference, shapes):
    """Bring instants, blobs and JSON texts to one form, led by the model."""
    shape = shapes.get(reference["shape"]) if reference else None
    if value is None or shape is None or shape.get("document"):
        return value
    kind = shape["type"]
    if kind == "structure" and isinstance(value, list):         # an event stream
        return [plain(event, reference, shapes) for event in value]
    if kind == "structure" and isinstance(value, dict):
        return {k: plain(v, shape.get("members", {}).get(k), shapes) for k, v in value.items()}
    if kind == "list" and isinstance(value, list):
        return [plain(v, shape["member"], shapes) for v in value]
    if kind == "map" and isinstance(value, dict):
        return {k: plain(v, shape["value"], shapes) for k, v in value.items()}
    if kind == "timestamp":
        return round(instant(value), 6)
    if kind == "blob":
        return base64.b64decode(value, validate=True).hex()
    if kind == "string" and isinstance(value, str) and (reference.get("jsonvalue") or shape.get("jsonvalue")):
        return json.loads(value)
    return value


def instant(value):
    try:
        return float(value)
    except ValueError:
        pass
    try:
        moment = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        moment = email.utils.parsedate_to_datetime(value)
    return moment.replace(tzinfo=moment.tzinfo or datetime.timezone.utc).timestamp()


# ---- endpoints, signatures, CBOR items

def judge_endpoint(request, expect, reply):
    if "error" in expect:
        message = reply["error"]["message"]
        return None if expect["error"] in message else differ("error", message, expect["error"])
    if reply["url"].rstrip("/") != expect["url"].rstrip("/"):
        return differ("url", reply["url"], expect["url"])
    for key, want in expect["properties"].items():
        if not alike((reply.get("properties") or {}).get(key), want):
            return differ("property " + key, (reply.get("properties") or {}).get(key), want)
    headers = {k.lower(): v for k, v in reply.get("headers", {}).items()}
    for key, want in expect["headers"].items():
        if headers.get(key.lower()) != want:
            return differ("header " + key, headers.get(key.lower()), want)
    return None


def judge_sigv4(request, expect, reply):
    for key in ("canonical_request", "string_to_sign", "signature", "authorization"):
        if key in expect and reply[key] != expect[key]:
            return differ(key, reply[key], expect[key])
    if "signed_query" in expect and pairs(reply["signed_query"]) != pairs(expect["signed_query"]):
        if amazon(reply["signed_query"]) != amazon(expect["signed_query"]):
            return differ("signed_query", reply["signed_query"], expect["signed_query"])
    return None


def amazon(query):
    return collections.Counter(p for p in query.split("&") if p.startswith("X-Amz-"))


def judge_cbor(request, expect, reply):
    if "error" in expect:
        return None
    got, want = reply["value"], typed(expect["value"])
    return None if alike(got, want) else differ("value", got, want)


def typed(node):
    (kind, value), = node.items()
    if kind in ("null", "undefined"):
        return None
    if kind == "bytestring":
        return {"$bytes": base64.b64encode(bytes(value)).decode()}
    if kind in ("float32", "float64"):
        bits = struct.pack("<I", value) if kind == "float32" else struct.pack("<Q", value)
        number, = struct.unpack("<f" if kind == "float32" else "<d", bits)
        if math.isnan(number) or math.isinf(number):
            return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
        return number
    if kind == "list":
        return [typed(v) for v in value]
    if kind == "map":
        return {k: typed(v) for k, v in value.items()}
    if kind == "tag":
        return {"$tag": value["id"], "value": typed(value["value"])}
    return value


JUDGES = {"input": judge_input, "output": judge_output, "endpoint": judge_endpoint, "sigv4": judge_sigv4, "cbor": judge_cbor}

if __name__ == "__main__":
    sys.exit(main())
