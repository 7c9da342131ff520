#!/usr/bin/env python3
"""CPU of `moonward call` as a program beside the AWS CLI and boto3, from the same local server, in one run.

  bench_call.py BUILD     the build folder, with moonward and tests/bench/bench_call; prints one JSON line, ends with 1 when a ratio is missed

Ratios are what counts, machines differ: a single call at most 1/30 of the AWS CLI's, 5,000 instances at most 1/20 of boto3's listing and twice
libcurl with expat. The CLI is `aws` on PATH; without it that ratio is left out. The best of several runs counts.
"""
import json, os, shutil, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from bench_sweep import answering, measure  # noqa: E402

LIST = """
import boto3
print(sum(len(r["Instances"]) for p in boto3.client("ec2").get_paginator("describe_instances").paginate() for r in p["Reservations"]))
"""


def cpu(argv, env, repeat):
    row, out, err = measure(argv, env, repeat)
    if row["status"]:
        sys.exit("%s failed: %s" % (argv[0], err.decode()[-2000:]))
    return row["cpu_s"], out


def main():
    build = os.path.abspath(sys.argv[1])
    binary, bare = os.path.join(build, "moonward"), os.path.join(build, "tests", "bench", "bench_call")
    with answering() as env:
        url = env["AWS_ENDPOINT_URL"]
        row = {"version_s": cpu([binary, "version"], env, 9)[0], "call_s": cpu([binary, "call", "ec2", "DescribeRegions"], env, 9)[0]}
        good = True
        if shutil.which("aws"):
            row["aws_cli_s"] = cpu(["aws", "ec2", "describe-regions", "--endpoint-url", url], env, 3)[0]
            row["call_beside_aws_cli"] = round(row["call_s"] / row["aws_cli_s"], 4)
            good = row["call_beside_aws_cli"] <= 1 / 30
        row["list_s"], out = cpu([binary, "call", "ec2", "DescribeInstances", "--paginate"], env, 5)
        row["boto3_list_s"], counted = cpu([sys.executable, "-c", LIST], env, 3)
        ours = sum(len(r["Instances"]) for r in json.loads(out)["Reservations"])
        lists = [json.loads(cpu([bare, "listing", url], env, 1)[1]) for _ in range(5)]
        if not ours == int(counted) == lists[0]["instances"]:
            sys.exit("the listings differ: %s, %s, %s" % (ours, counted, lists[0]))
        row["curl_expat_list_s"] = min(l["cpu_s"] for l in lists)
        row["list_beside_boto3"] = round(row["list_s"] / row["boto3_list_s"], 4)
        row["list_beside_curl_expat"] = round(row["list_s"] / row["curl_expat_list_s"], 2)
        print(json.dumps(row))
        return 0 if good and row["list_beside_boto3"] <= 1 / 20 and row["list_beside_curl_expat"] <= 2 else 1


if __name__ == "__main__":
    sys.exit(main())
