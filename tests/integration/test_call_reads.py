#!/usr/bin/env python3
"""`moonward call` beside boto3 in breadth: at least 600 read operations of at least 99 services of one moto server must give the same.

    test_call_reads.py MOONWARD [--models FOLDER] [--share N] [--only SERVICE,...] [--list FILE]

Each read operation that moto answers is asked: without parameters, with parameters from what the world and earlier answers gave,
page by page, and for things that are not there; reads_calls.py adds chosen calls. --models is the botocore data that moonward was built
from. --share N asks one operation in N and wants that share of the numbers (for slow builds). --list writes what was compared.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import sys
import time
import zlib

import call_compare  # asks for moto
import motoserver
import reads_calls
import reads_world
from reads_models import Maker

import boto3
import botocore.exceptions
import botocore.parsers

WANTED_OPERATIONS = 600
WANTED_SERVICES = 99
THREADS = 4
SLOW_S = 20
# Differences that are right as they are: (service, operation, part of the difference) -> why.
KNOWN = {
    ("sesv2", "GetConfigurationSet", "where the model says a scalar"):
        "moto answers an object for a boolean: an answer that contradicts the model is an error, not a document",
    ("kinesis", "ListStreams", "HasMoreStreams says that there is more"):
        "moto has no NextToken: boto3 takes the first page for the whole list",
    # moto answers with another operation's document, or with a member in another case. boto3 makes {} of it.
    ("comprehend", None, "nothing of what the model says"): "DescribeDocumentClassificationJob's answer to all of them",
    ("guardduty", "GetAdministratorAccount", "nothing of what the model says"): "Administrator instead of administrator",
    ("lambda", "GetLayerVersionByArn", "nothing of what the model says"): "ListLayers' answer",
    ("s3", None, "<ListBucketResult> holds"): "the bucket's objects in place of a configuration",
}
# Reads by their name that make something, so moonward wants --write.
MAKING = {("cognito-identity", "GetId"), ("redshift", "GetClusterCredentials"), ("timestream-query", "Query")}


class Report:
    def __init__(self):
        self.rows = collections.Counter()  # by protocol, service
        self.equal = collections.Counter()
        self.operations = set()
        self.answered = set()  # operations with at least one answer that is no error
        self.failures = []
        self.known = []
        self.volatile = set()
        self.lines = []

    def add(self, protocol, row, want, found, volatile):
        service, operation, params, page_size, paged = row
        name = f"{service}:{operation} {json.dumps(call_compare.for_json(params), ensure_ascii=False)[:200]}"
        name += f" --paginate{f' --page-size {page_size}' if page_size else ''}" if paged else ""
        self.operations.add((service, operation))
        if "error" not in want or "code" not in str(want["error"]):
            self.answered.add((service, operation))
        self.rows[protocol, service] += 1
        self.volatile.update(f"{service}:{operation} {place}" for place in volatile)
        fresh = [f for f in found if not any(s == service and o in (operation, None) and part in f for s, o, part in KNOWN)]
        self.known += [f"{name} {f[:200]}" for f in found if f not in fresh]
        self.equal[protocol, service] += not fresh
        self.failures += [f"{protocol} {name} {'; '.join(fresh[:4])}"] if fresh else []
        self.lines.append(name + ("" if "error" not in want else f" -> {want['error']}"))


def unanswered(model, want):
    """True when moto has no such operation, or broke on it: nothing to compare with."""
    error = want.get("error")
    if not isinstance(error, dict) or "status" not in error:
        return False
    if error["status"] >= 500:
        return True
    return error["status"] == 404 and error["code"] in ("404", "") and model.http.get("method") != "HEAD"


def few_pages(want):
    """A few pages, whatever the length of the answer's longest list."""
    return max([len(v) for v in want.values() if isinstance(v, list)] or [1]) // 3 + 1


class Reader:
    """Asks all read operations of one service, those without parameters first: their answers name things for the others."""

    def __init__(self, test, service, module):
        self.test, self.service, self.module = test, service, module
        self.client = call_compare.client(test.url, service)
        self.model = self.client.meta.service_model
        self.seen = set()
        self.rows = []

    def ask(self, operation, params, page_size=None, paged=False):
        """boto3's answer, or None; what is new goes into the report."""
        row = (self.service, operation, params, page_size, paged)
        key = json.dumps(call_compare.for_json(row), sort_keys=True)
        if key in self.seen:
            return None
        self.seen.add(key)
        try:
            want = call_compare.by_boto(self.test.url, *row)
        except (call_compare.Endless, botocore.parsers.ResponseParserError, botocore.exceptions.BotoCoreError, ValueError, KeyError, TypeError, AttributeError):
            return None  # a page of HTML, or parameters that boto3 does not serialise
        if unanswered(self.model.operation_model(operation), want):
            return None
        if self.test.chosen(self.service, operation):
            more = ["--write"] if (self.service, operation) in MAKING else []
            found, volatile = call_compare.compare(self.test.binary, self.test.environment, self.test.url, row, want, more)
            self.rows.append((self.model.resolved_protocol if hasattr(self.model, "resolved_protocol") else
                              self.model.metadata["protocol"], row, want, found, volatile))
        return want

    def run(self):
        started = time.monotonic()
        pool = self.test.world.pool(self.service)
        have = reads_world.operations(self.test.url, self.service, self.module, reads_world.READS)
        have.sort(key=lambda pair: len(pair[1].input_shape.required_members) if pair[1].input_shape else 0)
        for operation, model in have:
            params = Maker(self.service, operation, pool, reads_world.HAND).params(model.input_shape)
            want = self.ask(operation, params)
            if want is None:
                continue
            if "error" not in want:
                pool.harvest(operation, want)
                if self.client.can_paginate(call_compare.method_of(self.client, operation)):
                    limit = self.client.get_paginator(call_compare.method_of(self.client, operation))._limit_key
                    self.ask(operation, params, few_pages(want) if limit else None, True)
            if params:
                self.ask(operation, Maker(self.service, operation, pool, reads_world.HAND, missing=True).params(model.input_shape))
        for operation, params, page_size, paged in reads_calls.of(self.service, self.test.world):
            self.ask(operation, params, page_size, paged)
        took = time.monotonic() - started
        if took > SLOW_S:
            print(f"{self.service} took {took:.0f} s", flush=True)
        return self.rows


class Test:
    def __init__(self, arguments):
        self.binary = os.path.abspath(arguments.binary)
        self.share = arguments.share
        self.only = set(arguments.only.split(",")) if arguments.only else None
        self.report = Report()

    def chosen(self, service, operation):
        return zlib.crc32(f"{service}:{operation}".encode()) % self.share == 0

    def run(self, server):
        self.url = server.url
        self.environment = server.environment(**call_compare.MORE)
        modules = reads_world.services(self.only)
        started = time.monotonic()
        self.world = reads_world.populate(self.url, modules, THREADS)
        print(f"{self.world.made} creations, {self.world.failed} refused by moto, {time.monotonic() - started:.0f} s", flush=True)
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            for rows in pool.map(lambda pair: Reader(self, *pair).run(), modules.items()):
                for row in rows:
                    self.report.add(*row)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--models")
    parser.add_argument("--share", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("--list")
    arguments = parser.parse_args()
    own = call_compare.use_models(sys.argv)
    started = time.monotonic()
    test = Test(arguments)
    with motoserver.Server() as server:
        test.run(server)
    r = test.report
    protocols = collections.defaultdict(list)
    for protocol, service in sorted(r.rows):
        protocols[protocol].append(f"{service} {r.equal[protocol, service]}/{r.rows[protocol, service]}")
    for protocol, parts in protocols.items():
        total = sum(n for (p, _), n in r.rows.items() if p == protocol)
        print(f"{protocol}: {sum(n for (p, _), n in r.equal.items() if p == protocol)} of {total} equal\n   ", ", ".join(parts))
    print("made up anew for each answer:", ", ".join(sorted(r.volatile)) or "nothing")
    for line in r.known:
        print("KNOWN", line)
    for line in r.failures:
        print("FAILED", line)
    if arguments.list:
        with open(arguments.list, "w", encoding="utf-8") as f:
            f.write("".join(line + "\n" for line in r.lines))
    services = {s for s, _ in r.operations}
    print(f"{sum(r.equal.values())} of {sum(r.rows.values())} calls of {len(r.operations)} operations ({len(r.answered)} answered without "
          f"error) in {len(services)} services agree with boto3 {boto3.__version__}{'' if own else ' on older models'}, "
          f"{time.monotonic() - started:.0f} s")
    enough = arguments.only or (len(r.operations) * test.share >= WANTED_OPERATIONS and
                                (test.share > 1 or len(services) >= WANTED_SERVICES))
    if not enough:
        print(f"FAILED too few: {WANTED_OPERATIONS} operations in {WANTED_SERVICES} services are wanted")
    return 1 if r.failures or not enough else 0


if __name__ == "__main__":
    sys.exit(main())
