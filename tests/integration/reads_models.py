"""What botocore's service models say about calls: values for parameters, and identifiers out of answers.

A Pool holds what was seen of one service by normalised name (`functionname`, `vpcid`). A Maker fills an operation's parameters
from it, and invents what is not there. Nothing here is random: the same answers give the same parameters.
"""
import datetime
import json
import re

GENERIC = {"id", "arn", "name", "identifier", "type", "version", "status", "key", "value"}
VERBS = re.compile(r"^(BatchGet|BatchDescribe|BatchCreate|BatchPut|Admin[A-Z][a-z]+|[A-Z][a-z]+)")
KEEP = 12
WHEN = datetime.datetime(2024, 2, 29, 23, 59, 58, tzinfo=datetime.timezone.utc)
ODD = "Zoë's \"größte\" <a&b> 100% + ∑ 漢字 \U0001f319 \\ end"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Sid": "Über+100%", "Effect": "Allow", "Action": ["s3:*"], "Resource": "*", "Principal": "*"}]}, ensure_ascii=False)
NEVER = {"dryrun", "nexttoken", "marker", "maxresults", "maxitems", "maxrecords", "limit", "pagesize", "clienttoken",
         "clientrequesttoken", "idempotencytoken", "startingtoken", "filters", "filter", "expectedbucketowner", "requestpayer",
         "contentmd5", "exclusivestarttablename", "pagetoken", "paginationtoken", "checksumalgorithm"}


def norm(name):
    return re.sub(r"[^a-z0-9]", "", name.lower())


def singular(name):
    name = re.sub(r"(descriptions|summarylist|summaries|summary|details|detail|infolist|info|list|items|set|metadata)$", "", name)
    if name.endswith("ies"):
        return name[:-3] + "y"
    if name.endswith(("sses", "xes", "ches")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith(("ss", "us")) else name


def entity(operation):
    return singular(norm(VERBS.sub("", operation, count=1)))


class Pool:
    """Identifiers of one service; @p world is the pool of all, asked for what only other services can know."""

    SHARED = ("rolearn", "vpcid", "subnetid", "securitygroupid", "bucket", "bucketname", "streamarn", "topicarn", "queueurl",
              "clusterarn", "keyarn", "kmskeyid", "functionarn", "instanceid", "certificatearn", "loggroupname")

    def __init__(self, world=None):
        self.world = world
        self.values = {}

    def add(self, name, value):
        seen = self.values.setdefault(name, [])
        if value not in seen and len(seen) < KEEP:
            seen.append(value)
        if self.world is not None and name in self.SHARED:
            self.world.add(name, value)

    def get(self, name):
        if name in self.values:
            return self.values[name]
        return self.world.values.get(name) if self.world is not None and name in self.SHARED else None

    def harvest(self, operation, answer):
        self._walk(answer, entity(operation))

    def _walk(self, value, parent):
        if isinstance(value, dict):
            for key, inner in value.items():
                name = norm(key)
                if isinstance(inner, (str, int)) and not isinstance(inner, bool) and inner != "":
                    self.add(name, inner)
                    if name in GENERIC:
                        self.add(parent + name, inner)
                elif isinstance(inner, (dict, list)):
                    self._walk(inner, singular(name) or parent)
        elif isinstance(value, list):
            for inner in value[:KEEP]:
                if isinstance(inner, str) and inner:
                    self.add(parent, inner)
                else:
                    self._walk(inner, parent)

    def find(self, member, operation):
        """What is known for a member of this name in this operation, most fitting first; None when nothing is."""
        name = norm(member)
        names = []
        if name in GENERIC:
            names += [entity(operation) + name]
        names += [name]
        for suffix in ("identifier", "name", "names", "id", "ids", "arn", "arns"):
            if name.endswith(suffix) and len(name) > len(suffix):
                stem = singular(name[:-len(suffix)]) if suffix.endswith("s") else name[:-len(suffix)]
                plain = suffix.rstrip("s") if suffix != "identifier" else suffix
                names += [stem + plain, stem + "identifier", stem + "id", stem + "name", stem + "arn", stem]
                break
        else:
            names += [singular(name), name + "name", name + "id", name + "arn", name + "identifier",
                      singular(name) + "name", singular(name) + "id", singular(name) + "arn"]
        if name in ("resourcearn", "resource", "arn", "resourceid", "resourcearnlist", "resourcename"):
            names += [n for n in self.values if n.endswith("arn")]
        for n in names:
            found = self.get(n)
            if found:
                return found
        return None


class Maker:
    """Parameters for one operation. @p hand: {(service, operation or None, member): value}, goes before everything."""

    def __init__(self, service, operation, pool, hand, number=1, new=None, missing=False):
        self.service, self.operation, self.pool, self.hand = service, operation, pool, hand
        self.number = number  # which one of several; picks the identifier too
        self.new = new  # the entity that is being made: its names are invented
        self.missing = missing  # identifiers that nothing has
        self.invented = set()

    def params(self, shape, optional=0):
        if shape is None:
            return {}
        return self._structure(shape, optional, 0)

    def _structure(self, shape, optional, depth):
        out = {}
        if getattr(shape, "is_document_type", False):
            return {"a": [1, 2.5, None, True, ODD]}
        if getattr(shape, "is_tagged_union", False):
            name, member = next(iter(shape.members.items()))
            return {name: self._value(member, name, 0, depth + 1)}
        for name, member in shape.members.items():
            hand = self._by_hand(name, depth)
            if hand is not None:
                out[name] = hand
            elif name in shape.required_members or (depth < optional and norm(name) not in NEVER and
                                                    not member.metadata.get("idempotencyToken")):
                if depth < 7:
                    out[name] = self._value(member, name, optional, depth + 1)
        return out

    def _by_hand(self, name, depth):
        if depth > 0:
            return None
        for key in ((self.service, self.operation, name), (self.service, None, name)):
            if key in self.hand:
                return self.hand[key]
        return None

    def _value(self, shape, name, optional, depth):
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape, optional, depth)
        if kind == "list":
            return self._list(shape, name, optional, depth)
        if kind == "map":
            key = self._value(shape.key, "key", optional, depth + 1)
            return {key: self._value(shape.value, "value" if "tag" in norm(name) else name, optional, depth + 1)}
        if kind in ("integer", "long", "float", "double"):
            known = self.pool.find(name, self.operation)
            if known and isinstance(known[0], int) and not self.missing:
                return known[0]
            return max(int(shape.metadata.get("min", 1)), 1) + (0.5 if kind in ("float", "double") else 0)
        if kind == "boolean":
            return True
        if kind == "timestamp":
            return WHEN
        if kind == "blob":
            return b"\x00moon\xff\n"
        return self._string(shape, name)

    def _list(self, shape, name, optional, depth):
        if "tag" in norm(name) and shape.member.type_name == "structure":
            members = list(shape.member.members)
            if len(members) == 2:
                return [{members[0]: "team", members[1]: ODD}, {members[0]: "cost:centre", members[1]: ""}]
        item = self._value(shape.member, name if shape.member.type_name == "string" else singular(norm(name)), optional, depth + 1)
        return [item]

    def _string(self, shape, name):
        n = norm(name)
        if shape.enum:
            return shape.enum[0]
        fresh = self.new is not None and n in ("name", self.new, self.new + "name", self.new + "id", self.new + "identifier")
        if not fresh:
            known = self.pool.find(name, self.operation) if n not in ("key", "value") else None
            if known and self.missing and n not in ("scope", "type"):
                return self._missing(known[0])
            if known:
                return str(known[(self.number - 1) % len(known)])
            if n.endswith(("id", "arn", "name", "identifier")):
                self.invented.add(name)
        return invented(self.service, n, self.number, self.new, shape)

    @staticmethod
    def _missing(known):
        """An identifier of the same form that nothing has."""
        text = str(known)
        if re.fullmatch(r"[0-9]{12}", text):
            return "999999999999"
        if re.search(r"[0-9a-f]{6,}$", text):
            return re.sub(r"[0-9a-f]{6,}$", lambda m: "0" * len(m.group(0)), text)
        return text + "-missing"


INVENTED = [
    (r"rolearn$|^role$|rolearn", "arn:aws:iam::123456789012:role/moon"),
    (r"policyname$", "moon{n}"),
    (r"policy(document|text|body)?$|assumerolepolicydocument", POLICY),
    (r"definition$", '{{"StartAt":"a","States":{{"a":{{"Type":"Pass","End":true}}}}}}'),
    (r"templatebody$", '{{"Resources":{{}}}}'),
    (r"cidr(block|ip)?$", "10.{n}.0.0/16"),
    (r"email", "moon{n}@moon.test"),
    (r"domain(name)?$|^hostedzonename", "moon{n}.test"),
    (r"(url|uri|endpoint)$", "https://moon.test/x?a=b&c=%20"),
    (r"schedule", "rate(5 minutes)"),
    (r"accountid|^account$|owner", "123456789012"),
    (r"availabilityzone", "us-east-1a"),
    (r"region", "us-east-1"),
    (r"ip(address)?$", "192.0.2.{n}"),
    (r"instancetype|instanceclass|nodetype", "db.t3.micro"),
    (r"version", "1.0"),
    (r"(date|time|from|until)$", "2024-02-29T00:00:00Z"),
    (r"description|comment|message|^value$|text$|title", ODD),
    (r"password", "Moon-pass-{n}!"),
    (r"^key$|tagkey", "team"),
]


def invented(service, name, number, new, shape):
    if name.endswith("arn") and "role" not in name:
        return f"arn:aws:{service}:us-east-1:123456789012:{name[:-3] or 'thing'}/moon{number}"
    for pattern, text in INVENTED:
        if re.search(pattern, name) and not (new and name.endswith("name") and "domain" not in name):
            return text.format(n=number) if text not in (POLICY, ODD) else text
    text = f"moon{number}"
    return text.ljust(int(shape.metadata.get("min", 0) or 0), "x")[:max(int(shape.metadata.get("max", 256) or 256), 1)]
