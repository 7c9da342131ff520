#!/usr/bin/env python3
"""All resource types against a moto_server filled with whatever it can create, compared with boto3's own answers.

  test_types_moto.py MOONWARD

Rules are made that need every type and every facet; one `collect` reads them all. The oracle walks each type's definition (`types show
--output json`) with boto3 and its paginators: the ids must be the same, one by one, and so must ARNs, tags and times where the
definition finds them in the item. What moto does not implement is named and counted; where boto3 gets an answer, moonward must too.
"""
import collections, datetime, json, os, re, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import motoserver  # noqa: E402

REGION = "us-east-1"
MADE_ANEW = {"AWS::Athena::WorkGroup"}  # moto says the time of the question
ACCOUNT = "123456789012"


def run(binary, env, *argv, codes=(0,)):
    done = subprocess.run([binary, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, timeout=500)
    if done.returncode not in codes:
        raise SystemExit("moonward %s ended with %d: %s" % (" ".join(argv), done.returncode, done.stderr.decode()[-2000:]))
    return done.stdout


def write_rules(folder, types):
    for n, t in enumerate(types):
        rule = {"id": "all-types-%03d" % n, "needs": t["facets"]}
        with open(os.path.join(folder, rule["id"] + ".lua"), "w") as f:
            f.write('--- Reads everything of one type.\nreturn rule {\n  id = "%s", title = "All of a type", severity = "low", pillar = '
                    '"operations",\n  resource = "%s",\n  needs = { %s },\n  check = function(r) return pass() end,\n}\n'
                    % (rule["id"], t["type"], ", ".join('"%s"' % x for x in rule["needs"])))


class Missing(Exception):
    """moto does not answer this call."""


class Oracle:
    def __init__(self, server, definitions):
        self.server, self.definitions, self.clients, self.known = server, definitions, {}, {}

    def call(self, operation, params, region):
        """Pages of the answer, by boto3's paginator, else by the token that input and output share."""
        import boto3
        import botocore.config
        import botocore.exceptions
        import botocore.parsers
        service, name = operation.split(":")
        key = (service, region)
        if key not in self.clients:
            self.clients[key] = boto3.client(service, region_name=region, endpoint_url=self.server.url,
                                             aws_access_key_id=motoserver.KEYS["AWS_ACCESS_KEY_ID"],
                                             aws_secret_access_key=motoserver.KEYS["AWS_SECRET_ACCESS_KEY"],
                                             config=botocore.config.Config(retries={"max_attempts": 0}))
        client = self.clients[key]
        method = next(k for k, v in client.meta.method_to_api_mapping.items() if v == name)
        known = client.meta.service_model.operation_model(name).input_shape
        params = {k: v for k, v in params.items() if known and k in known.members}
        try:
            if client.can_paginate(method):
                return list(client.get_paginator(method).paginate(**params))
            return [getattr(client, method)(**params)]
        except botocore.exceptions.ClientError as e:
            code = e.response["Error"]["Code"]
            raise Missing("%s: %s" % (operation, code))
        except (botocore.exceptions.BotoCoreError, botocore.parsers.ResponseParserError, ValueError, TypeError, KeyError) as e:
            raise Missing("%s: %s" % (operation, type(e).__name__))

    def path(self, text, value):
        import jmespath
        # The engine's documents are JSON: times are text there.
        return jmespath.search(text, value)

    def template(self, text, item, parent):
        """`{…}` of an id or ARN, or None when something is null."""
        out, at = "", 0
        while True:
            start = text.find("{", at)
            if start < 0:
                return out + text[at:]
            depth, end = 1, start + 1
            while depth:
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            out += text[at:start]
            inner, at = text[start + 1:end - 1], end
            cut = re.match(r"(after|before) '([^']*)' (.*)", inner)
            name = cut.group(3) if cut else inner
            scope = {"account": ACCOUNT, "region": REGION, "partition": "aws"}
            ago = re.match(r"now(?:-(\d+)([smhd]))?$", name)
            if ago:
                back = int(ago.group(1) or 0) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[ago.group(2) or "s"]
                scope[name] = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=back)).isoformat()
            value = (scope[name] if name in scope else self.path(name[7:], parent) if name.startswith("parent.")
                     else self.path(name, item))
            if value is not None and cut:
                left, found, right = str(value).rpartition(cut.group(2))
                value = None if not found else right if cut.group(1) == "after" else left
            if value is None:
                return None
            out += str(value)

    def read(self, definition, key, item, parent):
        text = definition.get(key)
        if not text:
            return None
        return self.template(text, item, parent) if "{" in text and not text.startswith("(") else self.path(text, item)

    def params(self, given, item, parent):
        if isinstance(given, dict):
            return {k: self.params(v, item, parent) for k, v in given.items()}
        if isinstance(given, list):
            return [self.params(v, item, parent) for v in given]
        return self.template(given, item, parent) if isinstance(given, str) and "{" in given else given

    def pages(self, list_, params):
        items = []
        for page in self.call(list_["operation"], params, REGION):
            items += self.path(list_["items"], page) or []
        return items

    def listed(self, definition, parent):
        """Items of one list call, described."""
        list_ = definition["list"]
        items = []
        for variant in list_.get("variants") or [{"params": {}}]:
            params = self.params(list_.get("params") or {}, {}, parent)
            params.update(variant["params"])
            params.update({k: self.path(v, parent) for k, v in (list_.get("per") or {}).get("params", {}).items()})
            items += self.pages(list_, params)
        for path, want in (list_.get("where") or {}).items():
            items = [i for i in items if self.path(path, i) == self.template(want, i, parent)]
        if list_.get("explode"):
            items = [{**{k: v for k, v in i.items() if k != list_["explode"]}, **x} for i in items
                     for x in (i.get(list_["explode"]) or {}).values()]
        if list_.get("newest") and items:
            items = [max(items, key=lambda i: str(self.path(list_["newest"], i) or ""))]
        return [self.described(list_["batch_describe"], i, parent) for i in items] if list_.get("batch_describe") else items

    def described(self, describe, item, parent):
        params = self.params(describe.get("params") or {}, item, parent)
        key = self.path(describe["key"], item)
        params[describe["param"]] = key if describe["size"] == 1 else [key]
        found = self.path(describe["items"], self.call(describe["operation"], params, REGION)[0])
        if isinstance(found, list):
            found = found[0] if found else {}
        return {**item, **(found or {})} if describe["size"] == 1 else (found or item)

    def items(self, name):
        """[(item, parent)] of a type, or Missing."""
        if name in self.known:
            if isinstance(self.known[name], Missing):
                raise self.known[name]
            return self.known[name]
        definition = self.definitions[name]
        list_ = definition["list"]
        try:
            if "derived_from" in list_:
                found = [x for source in list_["derived_from"] for x in self.items(source)]
                if list_.get("by"):
                    groups = {tuple(self.path(p, i) for p in list_["by"].values()) for i, _ in found}
                    found = [(dict(zip(list_["by"], g)), None) for g in groups if None not in g]
            elif list_.get("per"):
                found = [(i, p) for p, _ in self.items(list_["per"]["parent"]) for i in self.listed(definition, p)]
                todo = [i for i, _ in found] if list_.get("recursive") else []
                while todo:
                    above = todo.pop()
                    params = {k: self.path(v, above) for k, v in list_["recursive"].items()}
                    below = self.pages(list_, params)
                    found += [(i, above) for i in below]
                    todo += below
            else:
                found = [(i, None) for i in self.listed(definition, None)]
        except Missing as e:
            self.known[name] = e
            raise
        self.known[name] = found
        return found


def moment(v):
    if isinstance(v, datetime.datetime):
        return int(v.timestamp())
    if isinstance(v, (int, float)):
        return int(v / 1000 if v > 1e11 else v)
    if isinstance(v, str):
        try:
            v = re.sub(r"\.\d+", "", v).replace("+0000", "+00:00").replace("Z", "+00:00")
            t = datetime.datetime.fromisoformat(v)
            return int((t if t.tzinfo else t.replace(tzinfo=datetime.timezone.utc)).timestamp())
        except ValueError:
            return None
    return None


def tags_of(definition, item, oracle):
    """Tags as the item itself has them; None when a facet brings them."""
    tags = definition.get("tags")
    if not tags or tags["from"].split(".")[0] in (definition.get("facets") or {}):
        return None
    found = oracle.path(tags["from"], item)
    if tags["shape"] == "map":
        return found or {}
    key, value = {"list-Key-Value": ("Key", "Value"), "list-TagKey-TagValue": ("TagKey", "TagValue"),
                  "list-key-value-lowercase": ("key", "value")}[tags["shape"]]
    return {t[key]: t.get(value) or "" for t in found or []}


def main():
    binary = os.path.abspath(sys.argv[1])
    motoserver.require()
    import reads_world
    types = json.loads(run(binary, dict(os.environ), "types", "list", "--output", "json"))
    definitions = {t["type"]: json.loads(run(binary, dict(os.environ), "types", "show", t["type"], "--output", "json"))["definition"]
                   for t in types}
    faults, absent, counts = [], collections.Counter(), collections.Counter()
    with motoserver.Server() as server, tempfile.TemporaryDirectory() as folder:
        services = {t["list"].split(":")[0] for t in types if ":" in t["list"] and not t["list"].startswith("derived")}
        reads_world.populate(server.url, reads_world.services(sorted(services)), 4)
        rules = os.path.join(folder, "rules")
        os.mkdir(rules)
        write_rules(rules, types)
        env = server.environment(MOONWARD_STORE=os.path.join(folder, "store.db"))
        common = ("--rules", rules, "--region", REGION)
        taken = json.loads(run(binary, env, "collect", *common, "--output", "json", codes=(0, 2)))
        oracle = Oracle(server, definitions)
        lists = {s["type"]: s for s in taken["coverage"] if not s.get("facet")}
        for t in types:
            try:
                compare(binary, env, t["type"], definitions[t["type"]], lists, oracle, faults, absent, counts)
            except Exception as e:  # of the oracle: it is then that must be mended
                faults.append("%s: oracle: %s: %s" % (t["type"], type(e).__name__, e))
        facets = collections.Counter(s["state"] for s in taken["coverage"] if s.get("facet"))
    print("%(types)d types compared, %(resources)d resources, %(arns)d ARNs, %(tags)d sets of tags, %(times)d times" % counts)
    print("facets: %s" % ", ".join("%d %s" % (n, s) for s, n in facets.most_common()))
    print("moto does not answer for %d types: %s" % (len(absent), ", ".join(sorted(absent))))
    for f in faults[:40]:
        print("FAULT", f)
    if faults or counts["types"] < 150 or counts["resources"] < 300:
        raise SystemExit("%d faults" % len(faults))


def compare(binary, env, name, definition, lists, oracle, faults, absent, counts):
    scope = lists.get(name)
    if not scope:
        faults.append("%s: no scope" % name)
        return
    try:
        want = oracle.items(name)
    except Missing as e:
        absent[name] += 1
        if scope["state"] == "complete" and scope["resources"]:
            print("note: %s: boto3 has %s, moonward %d resources" % (name, e, scope["resources"]))
        return
    counts["types"] += 1
    read = [(oracle.read(definition, "id", item, parent), (item, parent)) for item, parent in want]
    if not all(r for r, _ in read) and scope["state"] in ("partial", "failed"):
        print("note: %s: moto gives an item without id, and moonward says so" % name)
        return
    if scope["state"] != "complete":
        faults.append("%s: %s %s" % (name, scope["state"], json.dumps(scope.get("cause"))))
        return
    ids = {r: x for r, x in read if r is not None}
    if len(ids) < len(read):
        print("note: %s: moto gives %d items %d ids" % (name, len(read), len(ids)))
        return
    shown = json.loads(run(binary, env, "snapshot", "show", "latest", name, "--output", "json")) if scope["resources"] else []
    got = {r["resource"]["id"]: r["resource"] for r in shown["resources"]} if shown else {}
    if set(got) != set(ids):
        faults.append("%s: only boto3 %s, only moonward %s" % (name, sorted(set(ids) - set(got))[:3], sorted(set(got) - set(ids))[:3]))
    for rid in set(got) & set(ids):
        item, parent = ids[rid]
        counts["resources"] += 1
        arn = oracle.read(definition, "arn", item, parent)
        counts["arns"] += arn is not None
        if arn != got[rid].get("arn") and definition.get("scope") == "regional":
            faults.append("%s %s: arn %s, not %s" % (name, rid, got[rid].get("arn"), arn))
        tags = tags_of(definition, item, oracle)
        if tags is not None and "tags" in got[rid]:
            counts["tags"] += 1
            if tags != got[rid]["tags"]:
                faults.append("%s %s: tags %s, not %s" % (name, rid, got[rid]["tags"], tags))
        created = moment(oracle.path(definition["created"], item)) if definition.get("created") and name not in MADE_ANEW else None
        if created is not None and "created" in got[rid]:
            counts["times"] += 1
            if abs((moment(got[rid]["created"]) or 0) - created) > 1:
                faults.append("%s %s: created %s, not %s" % (name, rid, got[rid]["created"], created))


if __name__ == "__main__":
    main()
