#!/usr/bin/env python3
"""CPU of listing 5,000 instances: `moonward call --paginate` beside boto3 and beside a bare libcurl + expat loop, in one run.

  bench_listing.py MOONWARD LISTING     LISTING is the program of listing.c; prints one JSON line; ends with 1 when a goal is missed

All three ask the same local server for the same pages. Goals: at most 1/20 of boto3's CPU, at most twice the bare loop's.
"""
import json, os, sys

from bench_sweep import answering, measure

BOTO3 = """
import boto3
pages = boto3.client("ec2").get_paginator("describe_instances").paginate()
print(sum(len(r["Instances"]) for p in pages for r in p["Reservations"]))
"""


def main():
    moonward, listing = (os.path.abspath(p) for p in sys.argv[1:3])
    rows, outs = {}, {}
    with answering() as env:
        runs = {"moonward": [moonward, "call", "ec2", "DescribeInstances", "--paginate"], "bare": [listing, env["AWS_ENDPOINT_URL"]],
                "boto3": [sys.executable, "-c", BOTO3]}
        for name, argv in runs.items():
            rows[name], outs[name], err = measure(argv, env, 2 if name == "boto3" else 9)
            if rows[name]["status"]:
                sys.exit("%s failed: %s" % (name, err.decode()[-2000:]))
    counted = {len([i for r in json.loads(outs["moonward"])["Reservations"] for i in r["Instances"]]), int(outs["bare"]), int(outs["boto3"])}
    if len(counted) != 1:
        sys.exit("they disagree: %s" % counted)
    of = {other: rows["moonward"]["cpu_s"] / rows[other]["cpu_s"] for other in ("boto3", "bare")}
    print(json.dumps(dict(rows, instances=counted.pop(), of_boto3=round(of["boto3"], 4), of_bare=round(of["bare"], 2))))
    return 0 if of["boto3"] <= 1 / 20 and of["bare"] <= 2 else 1


if __name__ == "__main__":
    sys.exit(main())
