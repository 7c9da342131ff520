#!/usr/bin/env python3
"""What `moonward call` prints and waits for, on a moto server: formats, --query, --wait; and --models with a pack
compiled from the botocore that is installed here.

    test_call_output.py MOONWARD
"""
import json
import os
import subprocess
import sys
import tempfile

import motoserver

motoserver.require()

import botocore  # noqa: E402
import yaml  # noqa: E402

REGION = "us-east-1"


class Runs:
    def __init__(self, binary, server):
        self.binary, self.env = binary, server.environment(AWS_MAX_ATTEMPTS="1", AWS_REGION=REGION)

    def __call__(self, *args, code=0):
        done = subprocess.run([self.binary, *args], capture_output=True, text=True, env=self.env, timeout=120)
        assert done.returncode == code, (args, done.returncode, done.stdout[-500:], done.stderr[-500:])
        return done.stdout if code == 0 else json.loads(done.stderr.splitlines()[-1])["error"]


def check_account(run):
    """--account is a guard: what is not that account's is not sent, and nothing is made."""
    whose = json.loads(run("call", "sts", "GetCallerIdentity"))["Account"]
    make = ("call", "s3", "CreateBucket", "--params", '{"Bucket": "guarded"}', "--write")
    buckets = lambda: run("call", "s3", "ListBuckets", "--query", "Buckets[?Name == 'guarded'].Name", "--output", "text").split()
    for given in (["--account", "999999999999"], ["--account", "9*", "--account", "8*"]):
        error = run(*make, *given, code=4)
        assert error["code"] == "credentials" and "belong to account " + whose in error["message"], error
    run.env["MOONWARD_ACCOUNT"] = "999999999999"
    assert "by MOONWARD_ACCOUNT" in run(*make, code=4)["message"]
    del run.env["MOONWARD_ACCOUNT"]
    assert "goes without keys" in run(*make, "--no-sign-request", "--account", whose, code=4)["message"]
    assert buckets() == []
    run(*make, "--account", "999999999999", "--dry-run")
    run(*make, "--account", "999999999999", "--account", whose[:4] + "*")
    assert buckets() == ["guarded"]


def check_formats(run, instances):
    query = "Reservations[].Instances[].[InstanceId, State.Name] | sort_by(@, &[0])"
    want = sorted([i, "running"] for i in instances)
    asked = ("call", "ec2", "DescribeInstances", "--paginate", "--page-size", "5", "--query", query)
    assert json.loads(run(*asked)) == want
    assert yaml.safe_load(run(*asked, "--output", "yaml")) == want
    assert run(*asked, "--output", "text") == "".join("%s\t%s\n" % tuple(row) for row in want)
    table = run(*asked, "--output", "table").splitlines()
    assert "DescribeInstances" in table[1] and len({len(line) for line in table}) == 1, table
    whole = run("call", "ec2", "DescribeInstances")
    assert yaml.safe_load(run("call", "ec2", "DescribeInstances", "--output", "yaml")) == json.loads(whole)
    assert run("call", "ec2", "DescribeInstances", "--query", "nosuch", "--output", "text") == "None\n"
    # strings have an order
    early = "length(Reservations[].Instances[?LaunchTime >= '2020-01-01'][])"
    assert run("call", "ec2", "DescribeInstances", "--query", early).strip() == str(len(instances))
    rows = run("call", "iam", "ListUsers", "--output", "text", "--query", "Users[].{Name: UserName, Path: Path}")
    assert rows == "red\t/\n", rows


def check_waits(run, server, instances):
    ec2, s3, dynamodb = (server.client(name) for name in ("ec2", "s3", "dynamodb"))
    ids = json.dumps({"InstanceIds": instances})
    for name in ("instance_running", "InstanceRunning", "instance-running"):
        got = json.loads(run("call", "ec2", "DescribeInstances", "--params", ids, "--wait", name, "--wait-delay", "0"))
        assert len(got["Reservations"][0]["Instances"]) == len(instances)
    error = run("call", "ec2", "DescribeInstances", "--params", ids, "--wait", "instance_stopped",
                "--wait-delay", "0", "--wait-attempts", "2", code=1)
    assert error["code"] == "WaiterError" and "not within 2 attempts" in error["message"], error
    ec2.terminate_instances(InstanceIds=instances)
    error = run("call", "ec2", "DescribeInstances", "--params", ids, "--wait", "instance_running", code=1)
    assert error["code"] == "WaiterError" and "terminated" in error["message"] and error["status"] == 200, error
    # status matchers: 200, 404
    run("call", "s3", "HeadBucket", "--params", '{"Bucket":"logs"}', "--wait", "bucket_exists")
    got = run("call", "s3", "HeadBucket", "--params", '{"Bucket":"nowhere-to-be-found"}', "--wait", "bucket_not_exists")
    assert json.loads(got) == {}
    # an error that means success, and one that is no waiter's business
    got = run("call", "dynamodb", "DescribeTable", "--params", '{"TableName":"none"}', "--wait", "table_not_exists")
    assert json.loads(got) == {}
    dynamodb.create_table(TableName="t", BillingMode="PAY_PER_REQUEST",
                          KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                          AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    assert run("call", "dynamodb", "DescribeTable", "--params", '{"TableName":"t"}', "--wait", "table_exists",
               "--query", "Table.TableStatus", "--output", "text") == "ACTIVE\n"
    error = run("call", "ec2", "DescribeInstances", "--wait", "instance_runing", code=3)
    assert "did you mean 'instance_running'" in error["message"], error
    error = run("call", "ec2", "DescribeVpcs", "--wait", "instance_running", code=3)
    assert "DescribeInstances" in error["message"], error
    for wrong in (["--wait-delay", "1"], ["--wait", "instance_running", "--paginate"],
                  ["--wait", "instance_running", "--wait-attempts", "0"]):
        run("call", "ec2", "DescribeInstances", *wrong, code=3)


def check_models(run, folder):
    listed = json.loads(run("models", "list", "--output", "json"))
    assert {"ec2", "iam", "s3"} <= {s["name"] for s in listed}
    shown = json.loads(run("models", "show", "ec2", "DescribeInstances", "--output", "json"))
    assert shown["read_only"] and "instance_running" in shown["waiters"] and shown["paginator"]
    assert shown["input"]["members"]["InstanceIds"]["type"] == "list"
    assert "TableName*" in run("models", "show", "dynamodb", "DescribeTable")
    # a tree of two services only
    data = os.path.join(os.path.dirname(botocore.__file__), "data")
    tree, pack = os.path.join(folder, "tree"), os.path.join(folder, "small.pack")
    os.mkdir(tree)
    for name in ("sts", "ec2", "partitions.json", "endpoints.json"):
        if os.path.exists(os.path.join(data, name)):
            os.symlink(os.path.join(data, name), os.path.join(tree, name))
    said = run("models", "compile", "--botocore", tree, "--botocore-version", "9.9.9", "--output", pack)
    assert said.startswith("2 services of botocore 9.9.9"), said
    assert [s["name"] for s in json.loads(run("models", "list", "--models", pack, "--output", "json"))] == ["ec2", "sts"]
    assert json.loads(run("call", "--models", pack, "sts", "GetCallerIdentity"))["Account"]
    error = run("call", "--models", pack, "s3", "ListBuckets", code=3)
    assert "s3" in error["message"], error


def main():
    with motoserver.Server() as server, tempfile.TemporaryDirectory() as folder:
        ec2 = server.client("ec2")
        instances = [i["InstanceId"] for i in ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=2,
                                                                MaxCount=2)["Instances"]]
        server.client("s3").create_bucket(Bucket="logs")
        server.client("iam").create_user(UserName="red")
        run = Runs(os.path.abspath(sys.argv[1]), server)
        check_account(run)
        check_formats(run, instances)
        check_waits(run, server, instances)
        check_models(run, folder)
    print("formats, waits and packs behave")
    return 0


if __name__ == "__main__":
    sys.exit(main())
