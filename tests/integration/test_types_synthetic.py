#!/usr/bin/env python3
"""Every type with every facet, once, against answers made from the models alone.

  test_types_synthetic.py MOONWARD

A server answers each request with two of everything that the operation's output shape has, in the operation's own protocol (moto's
serializers; no part of moto that behaves like AWS). So each list, describe call, facet, path and join of all types is executed: every
list must be complete with resources that have an id, every facet must be known, and none may be null for all resources.
"""
import collections, contextlib, datetime, http.server, json, os, re, sqlite3, subprocess, sys, tempfile, threading, urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import motoserver  # noqa: E402
from test_types_moto import run, write_rules  # noqa: E402

ACCOUNT, REGION, WHEN = "123456789012", "us-east-1", datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
TOKEN = re.compile(r"(NextToken|nextToken|NextMarker|^Marker|^marker|PageToken|pageToken|ContinuationToken|IsTruncated|^Truncated|^position$|"
                   r"^nextMarker|^NextPageMarker|^continuationToken|^HasMore|LastEvaluated|EvaluatedTableName|NextRecord|^NextKeyMarker|^NextUploadId|PaginationToken|^nextForwardToken|StartKey)")
JSON_TEXT = '{"Version":"2012-10-17","Statement":[]}'
REPORT = b"user,arn\nUserName-0,arn:aws:iam::123456789012:user/UserName-0\n"
# What the shape cannot tell, by operation or for all: member -> value, or a list of values in turn.
HAND = {
    (None, "State"): None, ("GenerateCredentialReport", "State"): "COMPLETE", ("GetServiceLastAccessedDetails", "JobStatus"): "COMPLETED",
    ("GetCallerIdentity", "Account"): ACCOUNT, ("DescribeRegions", "RegionName"): REGION, ("GetCredentialReport", "Content"): REPORT,
    ("DescribeDBInstances", "Engine"): ["docdb", "neptune", "mysql"], ("DescribeDBClusters", "Engine"): ["docdb", "neptune", "mysql"],
    ("DescribeDBClusterSnapshots", "Engine"): ["docdb", "neptune", "mysql"], ("ListBuckets", "BucketRegion"): REGION,
    ("GetBucketLocation", "LocationConstraint"): REGION, ("DescribeTrails", "HomeRegion"): REGION, ("DescribeKey", "KeySpec"): "SYMMETRIC_DEFAULT",
    ("GetDistribution", "DomainName"): "bucket.s3.amazonaws.com", ("ListDistributions", "DomainName"): "bucket.s3.amazonaws.com",
    ("DescribeLoadBalancers", "Type"): ["application", "network"], ("GetMetricData", "StatusCode"): "Complete",
    ("ListServiceQuotas", "MetricName"): "ResourceCount", ("DescribeInstances", "Key"): ["Application", "Environment"],
    ("ListHostedZones", "Id"): ["/hostedzone/Z0", "/hostedzone/Z1"],
}


class Shapes:
    """Two of everything."""

    def __init__(self, operation, json_members, echo):
        self.operation, self.json, self.echo = operation, json_members, echo

    def hand(self, name, n):
        value = HAND.get((self.operation.name, name))
        return value[n % len(value)] if isinstance(value, list) else value

    def text(self, shape, name, n):
        value = self.hand(name, n)
        if value is not None:
            return value
        if name in self.json:
            return JSON_TEXT
        if getattr(shape, "enum", None):
            return shape.enum[0]
        if re.search(r"(Date|Time|date|time|At|LastModified)$", name or ""):
            return WHEN.strftime("%Y-%m-%dT%H:%M:%SZ")
        if re.search(r"(?i)arns?$", name or ""):
            return "arn:aws:x:%s:%s:loadbalancer/function:%s-%d" % (REGION, ACCOUNT, name, n)
        return "%s-%d" % (name, n)

    def value(self, shape, name, n, depth, seen):
        kind = shape.type_name
        if kind == "structure":
            if depth > 9 or seen.count(shape.name) > 1:
                return {}
            if getattr(shape, "is_document_type", False):
                return {"a": 1}
            members = list(shape.members.items())
            if getattr(shape, "is_tagged_union", False):
                members = members[:1]
            return {k: self.value(m, k, n, depth + 1, seen + [shape.name]) for k, m in members if not TOKEN.search(k)}
        if kind == "list":
            member = shape.member
            inner = re.sub(r"(List|Set|Summar(ies|y)|s)$", "", name or "") or "x"
            engines = HAND.get((self.operation.name, "Engine"))
            count = 1 if depth > 3 and name != "Tags" else 2 * len(engines) if engines and depth == 1 else 2
            return [self.value(member, inner if member.type_name == "string" else name, n if depth > 2 and name != "Tags" else i, depth + 1, seen)
                    for i in range(count)]
        if kind == "map":
            return {"key-0": self.value(shape.value, "value", n, depth + 1, seen)}
        if kind == "timestamp":
            return WHEN
        if kind == "blob":
            return self.hand(name, n) or b"blob"
        if kind == "boolean":
            return True
        return float(n + 1) if kind in ("float", "double") else n + 1 if kind in ("integer", "long") else self.text(shape, name, n)


class Backend:
    def __init__(self, definitions):
        from moto.core.serialize import get_serializer_class
        self.serializer = get_serializer_class
        self.services, self.json, self.echo, self.unknown = {}, collections.defaultdict(set), {}, collections.Counter()
        for d in definitions.values():
            calls = [d["list"], d["list"].get("batch_describe"), *(d.get("facets") or {}).values()]
            calls += [f.get("prepare") for f in (d.get("facets") or {}).values()] + [x for x in d.get("region_from", []) if isinstance(x, dict)]
            for c in filter(None, calls):
                operation = c.get("operation") or ("cloudwatch:GetMetricData" if "metric" in c else None)
                if not operation:
                    continue
                self.service(operation.split(":")[0])
                if c.get("parse") == "json":
                    self.json[operation].add(c["result"])
                if c.get("size", 1) > 1 and "param" in c:
                    self.echo[operation] = (c["param"], c["key"], re.sub(r"\W.*", "", c["items"]))
                if c.get("batch"):
                    b = c["batch"]
                    self.echo[operation] = (b["param"], b["field"], re.sub(r"\W.*", "", c["result"]))

    def service(self, name):
        from moto.core.utils import get_service_model
        if name not in self.services:
            self.services[name] = get_service_model(name)
        return self.services[name]

    def find(self, method, path, query, headers, body):
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", headers.get("Authorization", ""))
        signing = scope.group(1) if scope else ""
        if signing == "s3express":
            return "s3", self.services["s3"].operation_model("ListDirectoryBuckets")
        services = sorted(((n, m) for n, m in self.services.items() if signing in (m.signing_name, n)), key=lambda x: x[0] != signing)
        target = headers.get("X-Amz-Target")
        if target:
            prefix, name = target.rsplit(".", 1)
            for n, m in services:
                if m.metadata.get("targetPrefix") == prefix and name in m.operation_names:
                    return n, m.operation_model(name)
        form = dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace"))) if b"Action=" in body else {}
        if form:
            for n, m in services:
                if form["Action"] in m.operation_names and m.api_version == form.get("Version"):
                    return n, m.operation_model(form["Action"])
        best = None
        for n, m in services:
            for name in m.operation_names:
                o = m.operation_model(name)
                uri, _, static = o.http["requestUri"].partition("?")
                if n == "s3" and o.input_shape and "Bucket" in o.input_shape.members and "{Bucket}" not in uri:
                    uri = "/{Bucket}" + ("" if uri == "/" else uri)
                want = dict(urllib.parse.parse_qsl(static, keep_blank_values=True))
                pattern = re.sub(r"\\{[^}]*?\\?\+\\}", ".+", re.escape(uri))
                pattern = re.sub(r"\\{.*?\\}", "[^/]+", pattern)
                if o.http["method"] != method or not re.fullmatch(pattern + "/?", path) or \
                        any(k not in query or (v and query[k] != v) for k, v in want.items()):
                    continue
                required = [x.serialization.get("name") for k, x in (o.input_shape.members.items() if o.input_shape else [])
                            if k in o.input_shape.required_members and x.serialization.get("location") == "querystring"]
                if any(k not in query for k in required):
                    continue
                rank = (len(want) + len(required), len(re.sub(r"\{.*?\}", "", uri)))
                if best is None or rank > best[0]:
                    best = (rank, n, o)
        return best[1:] if best else (None, None)

    def requested(self, param, query, body):
        """The values of a list parameter, by JSON or by form."""
        try:
            given = json.loads(body)
            return given[param] if param in given else given[param[0].lower() + param[1:]]
        except (ValueError, KeyError, TypeError):
            form = urllib.parse.parse_qsl(body.decode("utf-8", "replace"))
            stem = re.sub(r"s$", "", param)
            return [v for k, v in form if re.match(r"(%s|%s)(\.member)?\.\d+$" % (param, stem), k)]

    def answer(self, method, path, query, headers, body):
        service, operation = self.find(method, path, query, headers, body)
        if not operation:
            self.unknown["%s %s %s" % (method, path, headers.get("X-Amz-Target") or body[:60])] += 1
            return 400, {"content-type": "application/json"}, b'{"__type":"NotFoundHere"}'
        full = "%s:%s" % (service, operation.name)
        result = {}
        if operation.output_shape:
            result = Shapes(operation, {re.sub(r".*\.", "", x) for x in self.json[full]}, None).value(operation.output_shape, "", 0, 0, [])
        if full == "cloudwatch:GetMetricData":
            result = {"MetricDataResults": [{"Id": q["Id"], "StatusCode": "Complete", "Timestamps": [WHEN], "Values": [1.5]}
                                            for q in json.loads(body)["MetricDataQueries"]]}
        if full in self.echo:
            param, key, member = self.echo[full]
            wanted = self.requested(param, query, body)
            if wanted and isinstance(result.get(member), list) and result[member]:
                result[member] = [{**result[member][0], key: w} for w in wanted]
        model = self.services[service]
        protocol = {"smithy-rpc-v2-cbor": "json"}.get(model.resolved_protocol, model.resolved_protocol)
        if service == "cloudwatch":
            protocol = "json"
        out = self.serializer(service, protocol)(operation_model=operation).serialize(result)
        data = out["body"] if isinstance(out["body"], bytes) else (out["body"] or "").encode()
        return out.get("status_code", 200), dict(out["headers"]), data


def handler(backend):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, query = self.path.partition("?")
            try:
                status, headers, data = backend.answer(self.command, path, dict(urllib.parse.parse_qsl(query, keep_blank_values=True)),
                                                       self.headers, body)
            except Exception as e:  # a fault of this server, not of the product
                backend.unknown["%s %s: %s: %s" % (self.headers.get("X-Amz-Target") or self.command, path, type(e).__name__, str(e)[:80])] += 1
                status, headers, data = 400, {"content-type": "application/json"}, b'{"__type":"ServerFault"}'
            self.send_response(status)
            for k, v in headers.items():
                if k.lower() != "content-length":
                    self.send_header(k, v)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = reply

        def log_message(self, *_):
            pass
    return Handler


def may_be_null(facet):
    """A join by ARN, or by a key of other making, finds nothing made up; a rule's parameter is not set here."""
    join = facet.get("join")
    return bool(join) and join["key"] != join["field"] or "{param." in json.dumps(facet.get("params", ""))


def main():
    binary = os.path.abspath(sys.argv[1])
    motoserver.require()
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOONWARD_"))}
    types = json.loads(run(binary, plain, "types", "list", "--output", "json"))
    definitions = {t["type"]: json.loads(run(binary, plain, "types", "show", t["type"], "--output", "json"))["definition"] for t in types}
    backend = Backend(definitions)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(backend))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        rules = os.path.join(folder, "rules")
        os.mkdir(rules)
        write_rules(rules, types)
        env = dict(plain, **motoserver.KEYS, AWS_ENDPOINT_URL="http://127.0.0.1:%d" % server.server_port, AWS_REGION=REGION,
                   AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent",
                   MOONWARD_STORE=os.path.join(folder, "store.db"))
        taken = json.loads(run(binary, env, "collect", "--rules", rules, "--region", REGION, "--output", "json", codes=(0, 2)))
        check(binary, env, types, definitions, taken, faults)
        check_outlines(binary, env, faults)
    server.shutdown()
    for what, n in backend.unknown.most_common(20):
        print("no answer for %s (%d times)" % (what, n))
    for f in faults[:60]:
        print("FAULT", f)
    print("%d types and %d facets executed, %d faults" % (len(types), sum(len(t["facets"]) for t in types), len(faults)))
    return 1 if faults or backend.unknown else 0


def unfit(value, outline, path):
    """Members of a document that the type's outline says cannot be there: reading such a one would be unknown."""
    if isinstance(outline, dict) and isinstance(value, dict):
        for k, v in value.items():
            if k in outline or "*" in outline:
                yield from unfit(v, outline.get(k, outline.get("*")), path + "." + k)
            elif k != "$unknown":
                yield path + "." + k
    elif isinstance(outline, list) and isinstance(value, list):
        for v in value:
            yield from unfit(v, outline[0], path + "[]")
    elif outline is not True and value is not None and type(value) is not type(outline):
        yield "%s: %s, not %s" % (path, type(value).__name__, type(outline).__name__)


def check_outlines(binary, env, faults):
    with contextlib.closing(sqlite3.connect(env["MOONWARD_STORE"])) as store:
        about, = store.execute("SELECT about FROM snapshot").fetchone()
    outlines = {name: t["outline"] for name, t in json.loads(about)["types"].items()}
    for name, outline in outlines.items():
        shown = json.loads(run(binary, env, "snapshot", "show", "latest", name, "--output", "json"))["resources"]
        faults += sorted({"%s: not in the outline" % x for r in shown for x in unfit(r["resource"]["doc"], outline, name)})
    closed = sum("*" not in outline for outline in outlines.values())
    if closed < len(outlines) * 3 // 4:
        faults.append("only %d outlines say what their items have" % closed)
    print("%d outlines, %d of them closed, %d bytes of text" % (len(outlines), closed, len(json.dumps(outlines))))


def check(binary, env, types, definitions, taken, faults):
    for s in taken["coverage"]:
        what = s["type"] + ("." + s["facet"] if s.get("facet") else "")
        if s["state"] != "complete":
            faults.append("%s: %s %s" % (what, s["state"], json.dumps(s.get("cause"))))
        elif not s["resources"]:
            faults.append("%s: no resources" % what)
    for t in types:
        facets = definitions[t["type"]].get("facets") or {}
        if not facets:
            continue
        shown = json.loads(run(binary, env, "snapshot", "show", "latest", t["type"], "--output", "json"))["resources"]
        for name, facet in facets.items():
            values = [r["resource"]["doc"] for r in shown]
            values = [(d.get("Metrics") or {}).get(name[8:]) if name.startswith("Metrics.") else d.get(name) for d in values]
            if all(v is None for v in values) and not may_be_null(facet):
                faults.append("%s.%s is null for all" % (t["type"], name))


if __name__ == "__main__":
    sys.exit(main())
