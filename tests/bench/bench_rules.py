#!/usr/bin/env python3
"""How fast JMESPath value filters judge the instances and conditions of bench_rules: what a policy engine in Python does.

  bench_rules.py BENCH_RULES [INSTANCES]      default 2000

Each rule is three filters of the kind `{type: value, key: State.Name, value: running}`; the expressions are compiled once, all filters are
always evaluated, as in bench_rules. Prints nanoseconds for a rule on an instance and the matches, which must be those of bench_rules.
"""
import json, subprocess, sys, time

import jmespath

ROUNDS = 3


class ValueFilter:
    """Equality with a value; a list matches when it has the value. Plain keys are looked up, others are JMESPath."""

    def __init__(self, key, value):
        self.key, self.value = key, value
        self.expression = jmespath.compile(key) if "." in key or "[" in key else None

    def __call__(self, resource):
        found = resource.get(self.key) if self.expression is None else self.expression.search(resource)
        if found is None:
            return False
        return self.value in found if isinstance(found, list) else found == self.value


def judge(rules, instances):
    matches = 0
    for instance in instances:
        for filters in rules:
            matches += all([f(instance) for f in filters])
    return matches


def main():
    program, count = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "2000"
    data = json.loads(subprocess.run([program, "--json", count], check=True, capture_output=True).stdout)
    rules = [[ValueFilter(*f) for f in filters] for filters in data["rules"]]
    best = None
    for _ in range(ROUNDS):
        start = time.process_time()
        matches = judge(rules, data["instances"])
        took = time.process_time() - start
        best = took if best is None else min(best, took)
    print("Python with jmespath: %.0f ns a rule; matches %d" % (best / len(rules) / len(data["instances"]) * 1e9, matches))


if __name__ == "__main__":
    main()
