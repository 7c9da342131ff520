#!/usr/bin/env python3
"""Compare what readers of a pack see with the botocore data that it was made from.

usage: compare.py MW_MODELC BOTOCORE [PACK]

Compiles BOTOCORE (a package or data folder) unless a PACK is given, lets `mw-modelc --dump all` read
every service through the accessors, and checks each answer against the JSON. Only the standard
library is used, and nothing of the compiler's own logic.
"""
import gzip
import json
import os
import subprocess
import sys
import tempfile

TYPES = {"structure": 0, "list": 1, "map": 2, "string": 3, "integer": 4, "long": 5, "float": 6,
         "double": 7, "boolean": 8, "blob": 9, "timestamp": 10}
LOCATIONS = {None: 0, "uri": 1, "querystring": 2, "header": 3, "headers": 4, "statusCode": 5}
FORMATS = {None: 0, "iso8601": 1, "unixTimestamp": 2, "rfc822": 3}
PROTOCOLS = {"json": 0, "rest-json": 1, "rest-xml": 2, "query": 3, "ec2": 4, "smithy-rpc-v2-cbor": 5}
PRIORITY = ["json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor", "query", "ec2"]
SHAPE_FLAGS = ["flattened", "exception", "union", "document", "sensitive", "streaming", "eventstream",
               "event", "wrapper", "requiresLength"]
MEMBER_FLAGS = ["idempotencyToken", "xmlAttribute", "hostLabel", "eventpayload", "eventheader"]
INHERITED_FLAGS = ["flattened", "streaming", "jsonvalue"]

problems = []
checks = 0


def check(place, what, seen, expected):
    global checks
    checks += 1
    if seen != expected:
        problems.append(f"{place}: {what} is {seen!r}, expected {expected!r}")


def read(path):
    for name, opener in ((path, open), (path + ".gz", gzip.open)):
        if os.path.exists(name):
            with opener(name, "rb") as file:
                return json.load(file)
    return None


def merge(into, extra):
    for key, value in extra.items():
        if isinstance(into.get(key), dict) and isinstance(value, dict):
            merge(into[key], value)
        else:
            into[key] = value


def load(folder, name):
    model = read(f"{folder}/{name}.json")
    extra = read(f"{folder}/{name}.sdk-extras.json")
    if model is not None and extra is not None:
        merge(model, extra["merge"])
    return model


def plain(value):
    """Without documentation."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k != "documentation"}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def namespace(value):
    if isinstance(value, str):
        return value, None
    return (value or {}).get("uri"), (value or {}).get("prefix")


# Unsigned by botocore's handlers, where a model of 2022 does not say so.
UNSIGNED = {"sts": {"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}}


def auth_type(service, metadata, name, operation):
    known = {"aws.auth#sigv4": None, "smithy.api#noAuth": "none", "smithy.api#httpBearerAuth": "bearer"}
    for source in (operation.get("auth"), "authtype", metadata.get("auth")):
        if source == "authtype":
            if operation.get("authtype"):
                return None if operation["authtype"] == "v4" else operation["authtype"]
            if name in UNSIGNED.get(service, ()):
                return "none"
        elif source:
            for scheme in source:
                if scheme in known:
                    return known[scheme]
            return "v4a" if source[-1] == "aws.auth#sigv4a" else source[-1]
    return "bearer" if metadata.get("signatureVersion") == "bearer" else None


class Service:
    def __init__(self, seen, model):
        self.seen, self.model = seen, model
        self.name = seen["name"]
        self.done = set()

    def shape(self, number, name):
        todo = [(number, name)]
        while todo:
            number, name = todo.pop()
            if (number, name) in self.done:
                continue
            self.done.add((number, name))
            self.one_shape(self.seen["shapes"][number], name, todo)

    def member(self, place, seen, reference, todo, required=False):
        shape = self.model["shapes"][reference["shape"]]
        both = {**shape, **reference}
        uri, prefix = namespace(both.get("xmlNamespace"))
        check(place, "locationName", seen.get("locationName"), both.get("locationName"))
        check(place, "queryName", seen.get("queryName"), reference.get("queryName"))
        check(place, "xmlNamespace", seen.get("xmlNamespace"), uri)
        check(place, "xmlPrefix", seen.get("xmlPrefix"), prefix)
        check(place, "contextParam", seen.get("contextParam"),
              reference.get("contextParam", {}).get("name"))
        check(place, "location", seen["location"], LOCATIONS[reference.get("location")])
        check(place, "timestampFormat", seen["timestampFormat"], FORMATS[both.get("timestampFormat")])
        check(place, "required", seen.get("required", False), required)
        for flag in MEMBER_FLAGS:
            check(place, flag, seen.get(flag, False), bool(reference.get(flag)))
        for flag in INHERITED_FLAGS:
            check(place, flag, seen.get(flag, False), bool(both.get(flag)))
        todo.append((seen["shape"], reference["shape"]))

    def one_shape(self, seen, name, todo):
        model = self.model["shapes"][name]
        place = f"{self.name} {name}"
        uri, prefix = namespace(model.get("xmlNamespace"))
        check(place, "name", seen["name"], name)
        check(place, "type", seen["type"], TYPES[model["type"]])
        check(place, "timestampFormat", seen["timestampFormat"], FORMATS[model.get("timestampFormat")])
        for flag in SHAPE_FLAGS:
            check(place, flag, seen.get(flag, False), bool(model.get(flag)))
        check(place, "retryable", seen.get("retryable", False), "retryable" in model)
        check(place, "throttling", seen.get("throttling", False),
              bool(model.get("retryable", {}).get("throttling")))
        check(place, "locationName", seen.get("locationName"), model.get("locationName"))
        check(place, "xmlNamespace", seen.get("xmlNamespace"), uri)
        check(place, "xmlPrefix", seen.get("xmlPrefix"), prefix)
        check(place, "error code", seen.get("errorCode"), model.get("error", {}).get("code"))
        check(place, "error status", seen["errorStatus"], model.get("error", {}).get("httpStatusCode", 0))
        check(place, "payload", seen.get("payload"), model.get("payload"))
        check(place, "enum", seen.get("enum", []),
              model.get("enum", []) if model["type"] == "string" else [])
        if model["type"] == "structure":
            members = model.get("members", {})
            check(place, "members", [m["name"] for m in seen["members"]], list(members))
            wires = {}
            for key, reference in members.items():
                both = {**self.model["shapes"][reference["shape"]], **reference}
                wire = both.get("locationName", key)
                rank = "location" in reference
                if wire not in wires or rank < wires[wire][0]:
                    wires[wire] = (rank, key)
            for m, (key, reference) in zip(seen["members"], members.items()):
                both = {**self.model["shapes"][reference["shape"]], **reference}
                where = f"{place}.{key}"
                self.member(where, m, reference, todo, key in model.get("required", []))
                check(where, "look-up by name", m.get("foundByName", False), True)
                check(where, "look-up by wire name", m.get("foundByWire"),
                      wires[both.get("locationName", key)][1])
        elif model["type"] == "list":
            check(place, "element count", len(seen["members"]), 1)
            self.member(f"{place}[]", seen["members"][0], model["member"], todo)
        elif model["type"] == "map":
            check(place, "key and value", len(seen["members"]), 2)
            self.member(f"{place}.key", seen["members"][0], model["key"], todo)
            self.member(f"{place}.value", seen["members"][1], model["value"], todo)
        else:
            check(place, "members", seen["members"], [])

    def operation(self, seen, model, paginators):
        place = f"{self.name}:{seen['name']}"
        given = {}
        if "input" in model:
            given = {**self.model["shapes"][model["input"]["shape"]], **model["input"]}
            self.shape(seen["input"], model["input"]["shape"])
        if "output" in model:
            self.shape(seen["output"], model["output"]["shape"])
        check(place, "input", "input" in seen, "input" in model)
        check(place, "output", "output" in seen, "output" in model)
        check(place, "look-up", seen.get("found"), True)
        check(place, "method", seen["method"], model["http"]["method"])
        check(place, "uri", seen["uri"], model["http"]["requestUri"])
        check(place, "response code", seen["responseCode"], model["http"].get("responseCode", 0))
        check(place, "input locationName", seen.get("inputLocationName"), given.get("locationName"))
        check(place, "input xmlNamespace", seen.get("inputXmlNamespace"),
              namespace(given.get("xmlNamespace"))[0])
        check(place, "resultWrapper", seen.get("resultWrapper"),
              model.get("output", {}).get("resultWrapper"))
        check(place, "hostPrefix", seen.get("hostPrefix"), model.get("endpoint", {}).get("hostPrefix"))
        auth = auth_type(self.name, self.model["metadata"], seen["name"], model)
        check(place, "auth type", seen.get("authType"), auth)
        check(place, "unsignedPayload", seen.get("unsignedPayload", False),
              bool(model.get("unsignedPayload")) or auth == "v4-unsigned-body")
        check(place, "checksumRequired", seen.get("checksumRequired", False),
              bool(model.get("httpChecksumRequired") or
                   model.get("httpChecksum", {}).get("requestChecksumRequired")))
        check(place, "deprecated", seen.get("deprecated", False), bool(model.get("deprecated")))
        for key in ("httpChecksum", "staticContextParams", "operationContextParams"):
            check(place, key, seen.get(key), model.get(key))
        check(place, "paginator", seen.get("paginator"), plain(paginators.get(seen["name"])))

    def errors(self):
        listed = {n for n, s in self.model["shapes"].items() if s.get("exception")}
        for operation in self.model["operations"].values():
            listed |= {e["shape"] for e in operation.get("errors", [])}
        codes = {self.model["shapes"][n].get("error", {}).get("code") for n in listed} - {None}
        check(self.name, "error codes", set(self.seen["errors"]), codes | listed)
        for code, number in self.seen["errors"].items():
            name = self.seen["shapes"][number]["name"]
            expected = code if code not in codes else None
            if expected:
                check(f"{self.name} error {code}", "shape", name, expected)
            else:
                check(f"{self.name} error {code}", "code of its shape",
                      self.model["shapes"][name].get("error", {}).get("code"), code)
            self.shape(number, name)

    def all(self, folder):
        seen, model, metadata = self.seen, self.model, self.model["metadata"]
        protocol = next((p for p in PRIORITY if p in metadata.get("protocols", [])),
                        metadata["protocol"])
        check(self.name, "id", seen.get("id"), metadata.get("serviceId", self.name))
        check(self.name, "protocol", seen["protocol"], PROTOCOLS[protocol])
        for key in ("apiVersion", "endpointPrefix", "targetPrefix", "jsonVersion", "signatureVersion"):
            check(self.name, key, seen.get(key), metadata.get(key))
        check(self.name, "signingName", seen.get("signingName"),
              metadata.get("signingName", metadata.get("endpointPrefix")))
        check(self.name, "xmlNamespace", seen.get("xmlNamespace"),
              namespace(metadata.get("xmlNamespace"))[0])
        check(self.name, "queryCompatible", seen.get("queryCompatible", False),
              "awsQueryCompatible" in metadata)
        paginators = (load(folder, "paginators-1") or {}).get("pagination")
        check(self.name, "ruleset", seen.get("ruleset"), plain(load(folder, "endpoint-rule-set-1")))
        check(self.name, "paginators", seen.get("paginators"), plain(paginators))
        check(self.name, "waiters", seen.get("waiters"),
              plain((load(folder, "waiters-2") or {}).get("waiters")))
        check(self.name, "clientContextParams", seen.get("clientContextParams"),
              plain(model.get("clientContextParams")))
        check(self.name, "operations", [o["name"] for o in seen["operations"]],
              sorted(model["operations"]))
        for operation in seen["operations"]:
            if operation["name"] not in model["operations"]:
                continue
            self.operation(operation, model["operations"][operation["name"]], paginators or {})
        self.errors()


def regions(endpoints, prefix):
    found = []
    for partition in endpoints["partitions"]:
        service = partition["services"].get(prefix, {})
        found += [r for r in service.get("endpoints", {})
                  if r in partition["regions"] or r == service.get("partitionEndpoint")]
    return found


def main():
    tool, data = sys.argv[1], sys.argv[2]
    if os.path.isdir(f"{data}/data"):
        data += "/data"
    folders = {}
    for service in os.listdir(data):
        versions = sorted(os.listdir(f"{data}/{service}")) if os.path.isdir(f"{data}/{service}") else []
        versions = [f"{data}/{service}/{v}" for v in versions if any(
            os.path.exists(f"{data}/{service}/{v}/service-2.json{end}") for end in ("", ".gz"))]
        if versions:
            folders[service] = versions[-1]

    with tempfile.TemporaryDirectory() as temporary:
        pack = sys.argv[3] if len(sys.argv) > 3 else f"{temporary}/models.pack"
        if len(sys.argv) < 4:
            subprocess.run([tool, "--botocore", data, "--output", pack], check=True)
        dump = subprocess.Popen([tool, "--pack", pack, "--dump", "all"], stdout=subprocess.PIPE)
        names, prefixes, about = [], {}, {}
        for line in dump.stdout:
            seen = json.loads(line)
            if "botocore" in seen:
                about = seen
                continue
            names.append(seen["name"])
            folder = folders.get(seen["name"])
            if not folder:
                problems.append(f"{seen['name']}: a service that botocore does not have")
                continue
            service = Service(seen, load(folder, "service-2"))
            prefixes[seen["name"]] = service.model["metadata"].get("endpointPrefix")
            service.all(folder)
        if dump.wait() != 0:
            problems.append("the dump failed")
    check("pack", "services", names, sorted(folders))
    check("pack", "partitions", about.get("partitions"), read(f"{data}/partitions.json"))
    endpoints = read(f"{data}/endpoints.json")
    hints = {name: regions(endpoints, prefix) for name, prefix in prefixes.items()}
    check("pack", "regions", about.get("regions"), {k: v for k, v in hints.items() if v})

    for problem in problems[:40]:
        print(problem)
    print(f"{len(names)} services, {checks} comparisons, {len(problems)} differences")
    return 1 if problems or not names else 0


if __name__ == "__main__":
    sys.exit(main())
