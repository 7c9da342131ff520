#!/usr/bin/env python3
"""How fast JMESPath value filters judge the instances and conditions of bench_rules: what a policy engine in Python does.

  bench_rules.py BENCH_RULES [INSTANCES]      default 2000

Each rule is three filters of the kind `{type: value, key: State.Name, value: running}`; the expressions are compiled once, all filters are
always evaluated, as in bench_rules. Prints nanoseconds for a rule on an instance and the matches, which must be those of bench_rules.
"""
import json, operator, subprocess, sys, time

import jmespath

ROUNDS = 3


OPERATORS = {"eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "lt": operator.lt, "in": lambda found, value: found in value,
             "contains": lambda found, value: value in found}


class ValueFilter:
    """One condition of a policy: a key (plain or JMESPath), an operator, a value; `absent`, `present` and `empty` are values too."""

    def __init__(self, key, value, op):
        self.key, self.value, self.op = key, value, op
        self.compiled = {}

    def find(self, resource):
        if self.key.startswith("tag:"):
            return next((t.get("Value") for t in resource.get("Tags", ()) if t.get("Key") == self.key[4:]), None)
        if self.key in resource:
            return resource[self.key]
        if self.key not in self.compiled:
            self.compiled[self.key] = jmespath.compile(self.key)
        return self.compiled[self.key].search(resource)

    def __call__(self, resource):
        found = self.find(resource)
        if self.value == "absent":
            return found is None
        if self.value == "present":
            return found is not None
        if self.value == "empty":
            return not found
        try:
            return OPERATORS[self.op](found, self.value)
        except TypeError:
            return False


def judge(rules, instances):
    matches = 0
    for instance in instances:
        for filters in rules:
            matches += all([f(instance) for f in filters])
    return matches


def main():
    program, count = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "2000"
    data = json.loads(subprocess.run([program, "--json", count], check=True, capture_output=True).stdout)
    rules = [[ValueFilter(key, value, "contains" if "[" in key else "eq") for key, value in filters] for filters in data["rules"]]
    best = None
    for _ in range(ROUNDS):
        start = time.process_time()
        matches = judge(rules, data["instances"])
        took = time.process_time() - start
        best = took if best is None else min(best, took)
    print("Python with jmespath: %.0f ns a rule; matches %d" % (best / len(rules) / len(data["instances"]) * 1e9, matches))


if __name__ == "__main__":
    main()
