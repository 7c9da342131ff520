"""A proxy in front of moto that lets through what an IAM policy allows, and answers the rest as AWS denies it.

Which action a request needs is worked out from what stands on the wire: the service of the signature's scope, then `Action`,
X-Amz-Target or the path, read with botocore's models. What the names do not say is the list below, written by hand from the
Service Authorization Reference. Nothing is shared with the program under test. Shared by tests that enforce policies.
"""
import botocore.loaders, collections, fnmatch, http.client, http.server, re, sys, threading, urllib.parse

PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}  # of the signature -> of the action
ACTIONS = {
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets", ("s3", "HeadBucket"): "s3:ListBucket", ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration", ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration", ("s3", "GetBucketReplication"): "s3:GetReplicationConfiguration",
    ("s3", "GetBucketNotificationConfiguration"): "s3:GetBucketNotification", ("s3", "GetBucketAccelerateConfiguration"): "s3:GetAccelerateConfiguration",
    ("s3", "GetObjectLockConfiguration"): "s3:GetBucketObjectLockConfiguration", ("s3", "ListMultipartUploads"): "s3:ListBucketMultipartUploads",
    ("s3", "ListBucketIntelligentTieringConfigurations"): "s3:GetIntelligentTieringConfiguration",
    ("s3", "GetBucketLifecycle"): "s3:GetLifecycleConfiguration",  # the older operation of the same path
    ("s3", "GetBucketIntelligentTieringConfiguration"): "s3:GetIntelligentTieringConfiguration",
    ("s3control", "GetPublicAccessBlock"): "s3:GetAccountPublicAccessBlock", ("s3", "ListDirectoryBuckets"): "s3express:ListAllMyDirectoryBuckets",
    ("budgets", "DescribeBudgets"): "budgets:ViewBudget", ("budgets", "DescribeNotificationsForBudget"): "budgets:ViewBudget",
    ("budgets", "DescribeSubscribersForNotification"): "budgets:ViewBudget", ("keyspaces", "ListKeyspaces"): "cassandra:Select",
    ("accessanalyzer", "ListFindingsV2"): "access-analyzer:ListFindings",
}
SIGNS_AS = {"s3express": "s3"}
FREE = {("sts", "GetCallerIdentity")}
CODES = {"query": "AccessDenied", "ec2": "UnauthorizedOperation", "rest-xml": "AccessDenied", "json": "AccessDeniedException",
         "rest-json": "AccessDeniedException"}


class Models:
    """By the name that a service signs with: its operations, and for REST their paths."""

    def __init__(self):
        self.loader = botocore.loaders.Loader()
        self.by_signing = None
        self.rest = {}

    def services(self, signing):
        if self.by_signing is None:
            self.by_signing = collections.defaultdict(list)
            for name in self.loader.list_available_services("service-2"):
                m = self.loader.load_service_model(name, "service-2")["metadata"]
                self.by_signing[m.get("signingName", m["endpointPrefix"])].append(name)
        return self.by_signing[SIGNS_AS.get(signing, signing)]

    def paths(self, service):
        if service not in self.rest:
            out = []
            for name, op in self.loader.load_service_model(service, "service-2")["operations"].items():
                path, _, query = op["http"]["requestUri"].partition("?")
                pattern = re.sub(r"\\\{[^}]*\\\+\\\}", ".+", re.sub(r"\\\{[^}+]*\\\}", "[^/]+", re.escape(path.rstrip("/"))))
                wanted = set(urllib.parse.parse_qsl(query, keep_blank_values=True))
                out.append((op["http"]["method"], re.compile(pattern + "/?$"), wanted, name, path.count("{")))
            self.rest[service] = sorted(out, key=lambda r: (-len(r[2]), r[4]))
        return self.rest[service]

    def protocol(self, service):
        return self.loader.load_service_model(service, "service-2")["metadata"]["protocol"]

    def operation(self, signing, method, target, headers, body):
        """(service, operation, protocol), or None."""
        if "x-amz-target" in headers:
            service = self.services(signing)[0]
            return service, headers["x-amz-target"].split(".")[-1], "json"
        form = dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace"))) if b"Action=" in body else {}
        if "Action" in form:
            service = next(s for s in self.services(signing) if form["Action"] in self.loader.load_service_model(s, "service-2")["operations"])
            return service, form["Action"], "ec2" if service == "ec2" else "query"
        url = urllib.parse.urlsplit(target)
        match = re.match(r"/service/([^/]+)/operation/([^/]+)$", url.path)
        if match:
            return self.services(signing)[0], match.group(2), "json"
        query = set(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        best = None
        for service in self.services(signing):
            for verb, pattern, wanted, name, labels in self.paths(service):
                if verb == method and pattern.match(url.path.rstrip("/") or "") and wanted <= query:
                    rank = (-len(wanted), labels)
                    if best is None or rank < best[0]:
                        best = (rank, (service, name, self.protocol(service)))
                    break
        return best and best[1]


def action_of(service, operation, signing, method):
    if (service, operation) in FREE:
        return None
    if signing == "apigateway":
        return "apigateway:" + method
    return ACTIONS.get((service, operation)) or "%s:%s" % (PREFIXES.get(signing, signing), operation)


def denial(protocol, action):
    message = "User: arn:aws:sts::123456789012:assumed-role/Reader/test is not authorized to perform: %s" % action
    code = CODES.get(protocol, "AccessDenied")
    if protocol == "ec2":
        return "text/xml", "<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>r</RequestID></Response>" % (code, message)
    if protocol == "query":
        return "text/xml", ("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>r</RequestId>"
                            "</ErrorResponse>" % (code, message))
    if protocol == "rest-xml":
        return "application/xml", "<Error><Code>%s</Code><Message>%s</Message><RequestId>r</RequestId></Error>" % (code, message)
    return "application/x-amz-json-1.1", '{"__type":"%s","message":"%s"}' % (code, message)


class Proxy:
    """`with Proxy(moto.url) as p:` p.url lets everything through until p.allow(policy documents); p.denied and p.used count.

    p.cut[action] = pattern takes what matches out of the answers to it, as a broken endpoint would."""

    def __init__(self, upstream):
        self.upstream = urllib.parse.urlsplit(upstream)
        self.models, self.lock = Models(), threading.Lock()
        self.patterns, self.seen, self.cut = ["*"], [], {}  # seen: bodies of AssumeRole
        self.reset()

    def reset(self):
        self.denied, self.used, self.unread = collections.Counter(), collections.Counter(), []

    def allow(self, documents):
        self.patterns = []
        for document in documents:
            for s in document["Statement"]:
                assert s["Effect"] == "Allow" and s["Resource"] == "*" and set(s) == {"Sid", "Effect", "Action", "Resource"}, s
                self.patterns += [a.lower() for a in s["Action"]]
        self.reset()

    def allows(self, action):
        return action is None or any(fnmatch.fnmatchcase(action.lower(), p) for p in self.patterns)

    def __enter__(self):
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers.get("Authorization", ""))
                headers = {k.lower(): v for k, v in self.headers.items()}
                with proxy.lock:
                    found = scope and proxy.models.operation(scope.group(1), self.command, self.path, headers, body)
                    action = action_of(found[0], found[1], scope.group(1), self.command) if found else "unread:Request"
                    allowed = proxy.allows(action)
                    (proxy.used if allowed else proxy.denied)[action] += 1
                    if action == "sts:AssumeRole":
                        proxy.seen.append(body)
                    if not found:
                        proxy.unread.append("%s %s" % (self.command, self.path))
                if allowed:
                    upstream = http.client.HTTPConnection(proxy.upstream.hostname, proxy.upstream.port, timeout=60)
                    upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for k, v in self.headers.items():
                        upstream.putheader(k, v)
                    upstream.endheaders(body)
                    answer = upstream.getresponse()
                    status, data, kept = answer.status, answer.read(), answer.getheaders()
                    upstream.close()
                    if action in proxy.cut:
                        data = re.sub(proxy.cut[action], b"", data, flags=re.S)
                else:
                    kind, text = denial(found[2] if found else "json", action)
                    status, data, kept = 403, text.encode(), [("Content-Type", kind)]
                self.send_response(status)
                for k, v in kept:
                    if k.lower() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                        self.send_header(k, v)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = serve

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 128

            def handle_error(self, request, client_address):
                if not isinstance(sys.exc_info()[1], ConnectionError):  # a client may leave when it knows enough
                    super().handle_error(request, client_address)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
