"""The same operation by boto3 and by `moonward call`, and whether both documents say the same.

Compared are members, types and values, of errors their code, message and status. Only what moto makes up anew for each answer may
differ: a value in a place where two answers to boto3 differ too, or everything when the next answer to boto3 is moonward's (a job that
moves on with each question). Such places are returned with the comparison, to be printed.
"""
import base64
import datetime
import json
import os
import re
import subprocess
import threading

import motoserver

motoserver.require()

import boto3  # noqa: E402
import botocore.config  # noqa: E402
import botocore.exceptions  # noqa: E402
import botocore.loaders  # noqa: E402

REGION = "us-east-1"
MORE = {"AWS_MAX_ATTEMPTS": "1", "AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}
TIMEOUT_S = 20
PAGES_MAX = 100
ROUNDS = 4  # questions until a job that moves on with each of them is at its end

_clients = {}
_session = None
_lock = threading.Lock()


class Time(float):
    """Seconds since 1970: a timestamp in an answer, not a number."""


def use_models(argv):
    """`--models FOLDER`: boto3 reads the data that moonward was built from. False when these are not its own."""
    if "--models" not in argv:
        return True
    folder = argv[argv.index("--models") + 1]
    own = os.path.realpath(folder) == os.path.realpath(botocore.loaders.Loader.BUILTIN_DATA_PATH)
    botocore.loaders.Loader.BUILTIN_DATA_PATH = folder
    return own


def session():
    global _session
    with _lock:
        _session = _session or boto3.Session()
        return _session


def client(url, service):
    made = session()
    with _lock:  # making clients is not thread-safe, using them is
        if (url, service) not in _clients:
            _clients[url, service] = made.client(
                service, region_name=REGION, endpoint_url=url,
                aws_access_key_id=motoserver.KEYS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=motoserver.KEYS["AWS_SECRET_ACCESS_KEY"],
                config=botocore.config.Config(s3={"addressing_style": "path"}, inject_host_prefix=False,
                                              parameter_validation=False, retries={"total_max_attempts": 1},
                                              read_timeout=TIMEOUT_S))
        return _clients[url, service]


def method_of(c, operation):
    """boto3's name of an operation; KeyError when its models do not have it."""
    return {api: method for method, api in c.meta.method_to_api_mapping.items()}[operation]


def plain(value):
    """A boto3 answer as JSON would say it; timestamps are Time."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, datetime.datetime):
        return Time(value.astimezone(datetime.timezone.utc).timestamp())
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if hasattr(value, "read"):
        return base64.b64encode(value.read()).decode()
    return value


def for_json(value):
    """Parameters for boto3 as --params takes them: blobs in base64, timestamps in ISO 8601."""
    if isinstance(value, dict):
        return {k: for_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [for_json(v) for v in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def as_time(value):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        except ValueError:
            return None
    return None


def kind(value):
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return type(value).__name__


def differences(got, want, path=""):
    """[(path, what differs)]; a place of the same kind but another value has path + what with "is not"."""
    if isinstance(want, dict) and isinstance(got, dict):
        found = []
        if not path and ("error" in got) != ("error" in want):
            return [("", f"moonward gives {str(got)[:300]}, boto3 {str(want)[:300]}")]
        for key in sorted(set(got) | set(want)):
            place = f"{path}.{key}"
            if key not in got or key not in want:
                found.append((place, f"only {'moonward' if key in got else 'boto3'} has it"))
            else:
                found += differences(got[key], want[key], place)
        return found
    if isinstance(want, list) and isinstance(got, list):
        if len(got) != len(want):
            return [(path, f"{len(got)} elements, not {len(want)}")]
        return [f for i, (a, b) in enumerate(zip(got, want)) for f in differences(a, b, f"{path}[{i}]")]
    if isinstance(want, Time):
        at = as_time(got)
        if at is not None and abs(at - want) < 0.001:
            return []
        return [(path, f"{got!r} is not the time {float(want)!r}")]
    if kind(got) == kind(want) and got == want:
        return []
    return [(path, f"{got!r} is not {want!r}")]


class Endless(Exception):
    """moto gives the next token for ever."""


def limited(pages):
    ask, count = pages._make_request, iter(range(PAGES_MAX))

    def request(kwargs):
        if next(count, None) is None:
            raise Endless()
        return ask(kwargs)

    pages._make_request = request
    return pages


def by_boto(url, service, operation, params, page_size=None, paged=False):
    c = client(url, service)
    method = method_of(c, operation)
    try:
        if paged:
            config = {"PageSize": page_size} if page_size else {}
            return plain(limited(c.get_paginator(method).paginate(PaginationConfig=config, **params)).build_full_result())
        return plain(getattr(c, method)(**params))
    except botocore.exceptions.ClientError as e:
        return {"error": {"code": e.response["Error"]["Code"], "message": e.response["Error"].get("Message") or "",
                          "status": e.response["ResponseMetadata"]["HTTPStatusCode"]}}


def by_moonward(binary, environment, service, operation, params, page_size=None, paged=False, more=()):
    command = [binary, "call", service, operation, "--params", json.dumps(for_json(params)), *more]
    if paged:
        command.append("--paginate")
    if page_size:
        command += ["--page-size", str(page_size)]
    done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, env=environment)
    if done.returncode == 0:
        return json.loads(done.stdout)
    if done.stdout:
        raise AssertionError("a failed call printed on stdout")
    lines = done.stderr.decode().strip().splitlines()
    if done.returncode != 1:
        raise AssertionError(f"exit {done.returncode}: {lines[-1] if lines else 'nothing said'}")
    error = json.loads(lines[-1])
    error["error"].pop("request_id")
    return error


def compare(binary, environment, url, row, want=None, more=()):
    """[what differs] and {places that moto made up anew} of (service, operation, params, page_size, paged)."""
    if want is None:
        want = by_boto(url, *row)
    moved = set()  # where answers to boto3 differ among each other
    seen = set()
    for _ in range(ROUNDS):
        try:
            got = by_moonward(binary, environment, *row, more)
        except (AssertionError, ValueError, subprocess.TimeoutExpired) as e:
            return [f": {e}"], set()
        found = differences(got, want)
        if not found:
            return [], {anywhere(place) for place in seen}
        seen.update(place for place, _ in found)
        later = by_boto(url, *row)
        if not differences(got, later):
            return [], {anywhere(place) for place in seen}
        moved.update(place for place, _ in differences(later, want))
        found = [(place, what) for place, what in found
                 if not ("is not" in what and place in moved and alike(got, want, place))]
        if not found:
            return [], {anywhere(place) for place in seen}
        want = later
    return [f"{place}: {what}" for place, what in found], set()


def anywhere(place):
    return re.sub(r"\[\d+\]", "[]", place)


def at(value, place):
    for step in re.findall(r"\[(\d+)\]|\.([^.\[]+)", place):
        try:
            value = value[int(step[0])] if step[0] else value[step[1]]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def alike(got, want, place):
    """Another value of the same kind: a time for a time, a text for a text."""
    a, b = at(got, place), at(want, place)
    return as_time(a) is not None if isinstance(b, Time) else kind(a) == kind(b)
