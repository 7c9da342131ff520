#!/usr/bin/env python3
"""Random parameters for the vectors' models: requests of moonward-conformance beside those of botocore.

  botocore_differential.py PROGRAM SEED COUNT FOLDER...

Each request that botocore's serialiser makes must be ours, by the judgement of run.py. Left out: operations whose requests handlers
outside of the serialiser change (checksums, compression, host prefixes), and what no text of the protocol can carry. Exit 77 without botocore,
or with one whose serialiser is older than the vectors.
"""
import base64, datetime, json, math, os, random, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run as vectors

try:
    from botocore import __version__ as version, awsrequest, model, serialize
except ImportError:
    print("skipped: the Python package botocore is not installed")
    sys.exit(77)

# Before, it knows no smithy-rpc-v2-cbor, joins only texts in headers, and ends in a TypeError on other lists.
OLDEST = "1.40"
if vectors.numbers(version) < vectors.numbers(OLDEST):
    print("skipped: requests are compared with botocore %s and newer, this is %s" % (OLDEST, version))
    sys.exit(77)

CHUNK = 1000
# botocore keeps the case of an unnamed member of an ec2 list, and moves the namespace of a flattened list to its parent: the specification does not.
LEFT = {("ec2", "QueryLists"), ("rest-xml", "XmlEmptyLists"), ("rest-xml", "XmlLists")}
TOKEN = "00000000-0000-4000-8000-000000000000"


def main():
    program, seed, count, folders = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    chance = random.Random(seed)
    models = [case["request"] for case in vectors.load(folders) if case["request"]["mode"] == "input" and not case.get("ext")]
    models = [m for m in models if not {"endpoint", "httpChecksum", "requestcompression", "httpChecksumRequired"} & m["operation"].keys()]
    models = [m for m in models if (m["metadata"]["protocol"], m["operation"]["name"]) not in LEFT]
    tally, wrong = {}, 0
    for begin in range(0, count, CHUNK):
        cases = [Case(chance, chance.choice(models)) for _ in range(min(CHUNK, count - begin))]
        cases = [c for c in cases if c.expect]
        asked = b"".join(json.dumps(c.request, ensure_ascii=False).encode() + b"\n" for c in cases)
        replies = subprocess.run([program], input=asked, stdout=subprocess.PIPE, check=True).stdout.splitlines()
        for case, reply in zip(cases, replies, strict=True):
            fault = vectors.judge(case.request, case.expect, json.loads(reply))
            protocol = case.request["metadata"]["protocol"]
            tally[protocol] = tally.get(protocol, 0) + 1
            if fault:
                wrong += 1
                if wrong <= 20:
                    print("%s %s: %s\n  params %s" % (protocol, case.request["operation"]["name"], fault, json.dumps(case.request["params"])))
    print("seed %d: %s; %d wrong" % (seed, ", ".join("%s %d" % pair for pair in sorted(tally.items())), wrong))
    return 1 if wrong else 0


TEXTS = ["", "a", "foo bar", "a/b", "é日本😀", "x&y=z", "<a>&\"'</a>", "a+b%20", "~-._", ":@!$'()*,;", "{}", "null", " pad ", "a\nb", "#?", "\\", "0"]
PLAIN = ["a", "foo", "x-1", "a b", "b,c", "\"q\""]


class Case:
    """One operation with parameters twice: as botocore takes them, and as the contract writes them."""

    def __init__(self, chance, request):
        self.chance, self.protocol = chance, request["metadata"]["protocol"]
        operation = model.ServiceModel({"metadata": request["metadata"], "shapes": request["shapes"],
                                        "operations": {request["operation"]["name"]: request["operation"]}}
                                       ).operation_model(request["operation"]["name"])
        native, written = self.structure(operation.input_shape, 3, request["operation"]) if operation.input_shape else ({}, {})
        self.request = dict(request, id="x", params=written, idempotency_token=TOKEN)
        self.request.pop("endpoint", None)
        self.expect = self.by_botocore(operation, native)

    def by_botocore(self, operation, native):
        protocol = operation.service_model.metadata["protocol"]
        try:
            made = serialize.create_serializer(protocol, include_validation=False).serialize_to_request(native, operation)
        except (UnicodeError, OverflowError):
            return None
        awsrequest.prepare_request_dict(made, endpoint_url="https://host.example")
        sent = awsrequest.AWSRequest(method=made["method"], url=made["url"], data=made["body"], headers=made["headers"]).prepare()
        body = sent.body or b""
        body = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
        headers = {k: v.decode() if isinstance(v, bytes) else str(v) for k, v in sent.headers.items() if k.lower() not in ("content-length", "transfer-encoding")}
        return {"method": sent.method, "uri": sent.url[len("https://host.example"):], "headers": headers,
                "body_b64": base64.b64encode(body).decode()}

    def structure(self, shape, depth, operation=None):
        native, written = {}, {}
        names = list(shape.members)
        if getattr(shape, "is_tagged_union", False):
            names = [self.chance.choice(names)] if names else []
        for name in names:
            member = shape.members[name]
            where = member.serialization.get("location")
            if "jsonvalue" in member.serialization or "jsonvalue" in member.metadata:
                continue                             # a handler's, outside of the serialiser
            needed = where == "uri" or "idempotencyToken" in member.metadata or member.serialization.get("hostLabel") \
                or getattr(shape, "is_tagged_union", False)
            if not needed and self.chance.random() < 0.4 or depth <= 0 and not needed:
                continue
            native[name], written[name] = self.value(member, depth - 1, where or ("payload" if shape.serialization.get("payload") == name else None))
        return native, written

    def value(self, shape, depth, where):
        kind = shape.type_name
        if getattr(shape, "is_document_type", False):
            value = self.chance.choice([True, 1, "x", [1, "a"], {}, {"a": {"b": []}}])
            return value, value
        if kind == "structure":
            return self.structure(shape, depth)
        if kind == "list":
            many = [self.value(shape.member, depth - 1, where) for _ in range(self.chance.choice((0, 1, 2, 3) if depth > 0 else (0, 1)))]
            if where in ("header", "querystring") and not many:
                many = [self.value(shape.member, depth - 1, where)]
            return [n for n, _ in many], [w for _, w in many]
        if kind == "map":
            # maps have no order, but where entries are numbered or stand in a row the judgement sees one
            most = 2 if self.protocol in ("json", "rest-json", "smithy-rpc-v2-cbor") and depth > 0 else 1
            keys = [self.text(shape.key, where) for _ in range(self.chance.randrange(most + 1))]
            pairs = {k: self.value(shape.value, depth - 1, where) for k in keys if k}
            return {k: n for k, (n, _) in pairs.items()}, {k: w for k, (_, w) in pairs.items()}
        if kind == "blob":
            raw = self.chance.choice((b"", b"blob", b"\x00\xff\xfe", "é".encode(), bytes(range(64))))
            raw = raw or b"x" if where == "header" else raw
            return raw, base64.b64encode(raw).decode()
        if kind == "timestamp":
            seconds = self.chance.choice((0, 1, 1398796238, 1422172800, 4102444800, 951782400))
            return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc), seconds
        if kind == "boolean":
            value = self.chance.random() < 0.5
            return value, value
        if kind in ("float", "double"):
            value = self.chance.choice((1.5, -2.25, 0.125, 1234.75, math.nan, math.inf, -math.inf))
            return value, value if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
        if kind == "long":
            value = self.chance.choice((0, 1, -1, 2 ** 53 + 1, -2 ** 63, 2 ** 63 - 1))
            return value, value
        if kind in ("integer", "byte", "short"):
            value = self.chance.choice((0, 1, -1, 127, -128))
            return value, value
        value = self.text(shape, where)
        return value, value

    def text(self, shape, where):
        if getattr(shape, "enum", None):
            return self.chance.choice(shape.enum)
        if where in ("header", "headers"):
            return self.chance.choice(PLAIN if where == "header" else PLAIN[:3])
        text = self.chance.choice(TEXTS)
        return text or "x" if where == "uri" else text


if __name__ == "__main__":
    sys.exit(main())
