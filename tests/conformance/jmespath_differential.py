#!/usr/bin/env python3
"""Random JMESPath expressions on random documents: moonward-conformance beside the `jmespath` package.

  jmespath_differential.py PROGRAM [SEED [COUNT]]

Half of the expressions come from the grammar, half of those are then broken. Results must be equal, and errors of the same kind
(syntax, unknown-function, invalid-arity, invalid-type, invalid-value). Where the package leaves the specification, `Grammar`,
`Evaluation` and `Library` below put it right; each says how. Exit 77 without the package.
"""
import json, random, re, subprocess, sys, warnings

try:
    import jmespath
    from jmespath import ast, exceptions, functions, lexer, parser, visitor
except ImportError:
    print("skipped: the Python package jmespath is not installed")
    sys.exit(77)

CHUNK = 5000
HALF_PAIR = re.compile("[\ud800-\udfff]")     # no text of ours has half a surrogate pair: it is read as U+FFFD


def main():
    program, seed, count = sys.argv[1], int((sys.argv[2:] or [1])[0]), int((sys.argv[3:] or [20000])[0])
    warnings.simplefilter("ignore")
    chance, tally, wrong = random.Random(seed), {}, 0
    for begin in range(0, count, CHUNK):
        cases = [Case(chance) for _ in range(min(CHUNK, count - begin))]
        asked = b"".join(json.dumps({"id": "x", "mode": "jmespath", "expression": c.text, "given": c.given},
                                    ensure_ascii=False).encode() + b"\n" for c in cases)
        done = subprocess.run([program], input=asked, stdout=subprocess.PIPE)
        replies = done.stdout.splitlines()
        if done.returncode or len(replies) != len(cases):
            sys.exit("seed %d: exit %d after %d of %d replies" % (seed, done.returncode, len(replies), len(cases)))
        for case, reply in zip(cases, replies):
            want, got = expected(case), answer(json.loads(reply))
            if "limit" in got:
                continue                             # a ceiling of ours; the package has none
            kind = want[0] if isinstance(want, tuple) else "result"
            tally[kind] = tally.get(kind, 0) + 1
            if not agree(want, got):
                wrong += 1
                if wrong <= 20:
                    print("%s\n  on    %s\n  want  %s\n  reply %s" % (case.text, json.dumps(case.given), want, reply.decode()))
    print("seed %d: %s; %d wrong" % (seed, ", ".join("%s %d" % pair for pair in sorted(tally.items())), wrong))
    return 1 if wrong else 0


# ---- what is expected

def expected(case):
    """A tuple of the kinds of error that are right, or a list that holds the result."""
    try:
        tree = Grammar().parse(case.text).parsed
    except (exceptions.ParseError, exceptions.LexerError, exceptions.EmptyExpressionError):
        return ("syntax",)
    kinds = tuple(objections(tree))
    if kinds:
        return kinds
    try:
        found = [Evaluation().visit(tree, case.given)]
    except exceptions.JMESPathTypeError:
        return ("invalid-type",)
    text = json.dumps(found, ensure_ascii=False)
    return json.loads(HALF_PAIR.sub("\ufffd", text)) if HALF_PAIR.search(text) else found


def answer(reply):
    if "error" not in reply:
        return [reply["result"]]
    return (re.match(r"JMESPath ([a-z-]+)", reply["error"]["message"]).group(1),)


def agree(want, got):
    if type(want) is not type(got):
        return False
    return same(want, got) if isinstance(want, list) else got[0] in want


def same(a, b):
    """Equality of JSON values: true is not 1."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or abs(a - b) <= 1e-12 * abs(a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


def objections(node):
    """Errors that need no document: we tell them before the first page is fetched, evaluated or not."""
    if node["type"] == "function_expression":
        entry = Library.FUNCTION_TABLE.get(node["value"])
        given = node["children"]
        if entry is None:
            yield "unknown-function"
        else:
            wants = entry["signature"]
            if len(given) < len(wants) or len(given) > len(wants) and not wants[-1].get("variadic"):
                yield "invalid-arity"
            for i, child in enumerate(given):
                if (child["type"] == "expref") != (i < len(wants) and wants[i]["types"] == ["expref"]):
                    yield "invalid-type"
    if node["type"] == "slice":
        if node["children"][2] == 0:
            yield "invalid-value"
        return
    for child in node.get("children", ()):
        yield from objections(child)


class Grammar(parser.Parser):
    """`!a.b` is !(a.b), not (!a).b; only a plain name is called; arguments and pairs have one comma between them, none behind;
    `&` begins arguments only; a part of a slice is one number; a slice of an indexed list is a projection as any other."""
    BINDING_POWER = dict(parser.Parser.BINDING_POWER, **{"not": 6})
    _CACHE = {}

    def parse(self, expression):
        return self._do_parse(expression)

    def refuse(self):
        self._raise_parse_error_for_token(self._lookahead_token(0), "not by the grammar")

    def _token_nud_expref(self, token):
        self.refuse()

    def _token_nud_unquoted_identifier(self, token):
        if self._current_token() != "lparen":
            return super()._token_nud_unquoted_identifier(token)
        self._advance()
        given = []
        while True:
            if self._current_token() == "rparen" and not given:
                break
            if self._current_token() == "expref":
                self._advance()
                given.append(ast.expref(self._expression()))
            else:
                given.append(self._expression())
            if self._current_token() == "rparen":
                break
            self._match("comma")
        self._match("rparen")
        return ast.function_expression(token["value"], given)

    def _token_led_lparen(self, left):
        self.refuse()

    def _parse_multi_select_hash(self):
        pairs = []
        while True:
            key = self._lookahead_token(0)
            self._match_multiple_tokens(token_types=["quoted_identifier", "unquoted_identifier"])
            self._match("colon")
            pairs.append(ast.key_val_pair(key_name=key["value"], node=self._expression(0)))
            if self._current_token() == "rbrace":
                break
            self._match("comma")
        self._match("rbrace")
        return ast.multi_select_dict(nodes=pairs)

    def _parse_slice_expression(self):
        parts, at, fresh = [None, None, None], 0, True
        while self._current_token() != "rbracket":
            if self._current_token() == "colon":
                at, fresh = at + 1, True
            elif self._current_token() == "number" and fresh:
                parts[at], fresh = self._lookahead_token(0)["value"], False
            else:
                self.refuse()
            if at > 2:
                self.refuse()
            self._advance()
        self._match("rbracket")
        return ast.slice(*parts)

    def _token_led_lbracket(self, left):
        if left["type"] == "index_expression":
            left = ast.pipe(left, ast.identity())
        return super()._token_led_lbracket(left)


class Evaluation(visitor.TreeInterpreter):
    """true is not 1, however deep; a number and a string have no order (the package raises); members in byte order of keys."""

    def __init__(self):
        super().__init__(visitor.Options(custom_functions=Library()))

    def visit_comparator(self, node, value):
        a, b = (self.visit(child, value) for child in node["children"])
        if node["value"] in self._EQUALITY_OPS:
            return same(a, b) == (node["value"] == "eq")
        if visitor._is_actual_number(a) and visitor._is_actual_number(b) or isinstance(a, str) and isinstance(b, str):
            return self.COMPARATOR_FUNC[node["value"]](a, b)
        return None

    def visit_value_projection(self, node, value):
        base = self.visit(node["children"][0], value)
        if not isinstance(base, dict):
            return None
        found = (self.visit(node["children"][1], base[key]) for key in sorted(base))
        return [item for item in found if item is not None]

    def _is_false(self, value):
        return value is None or value is False or isinstance(value, (str, list, dict)) and not value


class Library(functions.Functions):
    """contains() compares as `==`; to_number() takes JSON's numbers only; max_by() and min_by() refuse a mixture (the package raises
    an error of Python); every argument of merge() is checked; members in byte order of keys, text as it is."""

    @functions.signature({"types": ["array", "string"]}, {"types": []})
    def _func_contains(self, subject, search):
        if isinstance(subject, str):
            return isinstance(search, str) and search in subject
        return any(same(item, search) for item in subject)

    @functions.signature({"types": []})
    def _func_to_number(self, given):
        if isinstance(given, str):
            number = re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", given)
            return json.loads(given) if number and given.isascii() else None
        return given if visitor._is_actual_number(given) else None

    @functions.signature({"types": []})
    def _func_to_string(self, given):
        return given if isinstance(given, str) else json.dumps(whole(given), separators=(",", ":"), sort_keys=True, ensure_ascii=False)

    @functions.signature({"types": ["object"], "variadic": True})
    def _func_merge(self, *given):
        merged = {}
        for argument in given:
            if not isinstance(argument, dict):
                raise exceptions.JMESPathTypeError("merge", argument, "", ["object"])
            merged.update(argument)
        return merged

    @functions.signature({"types": ["object"]})
    def _func_keys(self, given):
        return sorted(given)

    @functions.signature({"types": ["object"]})
    def _func_values(self, given):
        return [given[key] for key in sorted(given)]

    @functions.signature({"types": ["array"]}, {"types": ["expref"]})
    def _func_min_by(self, array, expref):
        return self._func_sort_by(array, expref)[0] if array else None

    @functions.signature({"types": ["array"]}, {"types": ["expref"]})
    def _func_max_by(self, array, expref):
        self._func_sort_by(array, expref)
        return max(array, key=lambda item: expref.visit(expref.expression, item)) if array else None


def whole(value):
    """2.0 is written 2."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, list):
        return [whole(item) for item in value]
    return {k: whole(v) for k, v in value.items()} if isinstance(value, dict) else value


# ---- what is asked

NAMES = ["a", "b", "c", "d", "e_1", "Z"]
QUOTED = ['"a"', '"b"', '"é"', '"\\u00e9"', '"x y"', '"\\\\"', '"\\""', '"日本"', '"\\ud83d\\ude00"', '""', '"a.b"', '"\\n"']
KEYS = NAMES * 2 + ["é", "x y", "\\", '"', "日本", "😀", "", "a.b", "\n"]
TEXTS = ["", "a", "b", "ab", "aé", "日本", "😀", "～", "x\ny", "1", "-1.5", "1e2", " 1", "007", "true", "'", "`", "\\", "[]", "nan"]
NUMBERS = [0, 1, 2, 3, -1, -2, 5, 10, 0.5, 1.5, -2.5, 1.0, 100, 1e3]
SPACES = ["", "", "", "", " ", "  ", "\n", "\t", "\r"]
ARGUMENTS = {                                        # what each wants: value, number, string, list, object, expression
    "abs": "n", "avg": "N", "ceil": "n", "contains": "lv", "ends_with": "ss", "floor": "n", "join": "sS", "keys": "o", "length": "v",
    "map": "&l", "max": "N", "max_by": "l&", "merge": "oo", "min": "N", "min_by": "l&", "not_null": "vv", "reverse": "l", "sort": "N",
    "sort_by": "l&", "starts_with": "ss", "sum": "N", "to_array": "v", "to_number": "v", "to_string": "v", "type": "v", "values": "o"}
PIECES = list("[]{}()*.,:@&|!<>='`\"\\-0159 aéx\n#$%") + ["[]", "[?", "&&", "||", "==", "!=", "<=", ">=", "[*]", "[0]", ".*", "'a'", "`1`",
                                                           "&a", "a.b", "[::0]", "[1:]", "length(@)", "abs", "nosuch(", "{a:b}", "[a,b]"]


class Case:
    def __init__(self, chance):
        self.chance = chance
        self.given = self.document(3)
        self.text = self.expression(chance.choice((1, 2, 2, 3, 3, 4)))
        if chance.random() < 0.4:
            self.text = self.broken(self.text)

    def pick(self, things):
        return things[int(self.chance.random() * len(things))]

    def document(self, depth):
        roll = self.chance.random()
        if depth == 3:
            roll = roll * 0.5 if roll < 0.9 else roll
        if depth and roll < 0.32:
            return {self.pick(KEYS): self.document(depth - 1) for _ in range(self.pick((0, 1, 2, 3, 4)))}
        if depth and roll < 0.5:
            if self.chance.random() < 0.3:           # a list of one kind: objects alike, numbers, texts
                make = self.pick((lambda: {k: self.scalar() for k in ("a", "b")}, lambda: self.pick(NUMBERS), lambda: self.pick(TEXTS)))
                return [make() for _ in range(self.pick((0, 1, 2, 3, 5)))]
            return [self.document(depth - 1) for _ in range(self.pick((0, 1, 2, 3, 4)))]
        return self.scalar()

    def scalar(self):
        return self.pick((None, True, False, self.pick(NUMBERS), self.pick(NUMBERS), self.pick(TEXTS), self.pick(TEXTS)))

    def literal(self, value):
        text = json.dumps(value, ensure_ascii=self.chance.random() < 0.5).replace("`", "\\`")
        return "`%s%s%s`" % (self.pick(SPACES), text, self.pick(("", "", " ")))

    def raw(self):
        return "'%s'" % self.pick(TEXTS).replace("\\", "\\\\").replace("'", "\\'")

    def index(self):
        return str(self.pick((0, 0, 1, 1, 2, -1, -1, -2, 7, -9)))

    def part(self):
        return self.pick(("", "", "0", "1", "2", "-1", "-2", "9", "-9"))

    def slice(self):
        text = self.part() + ":" + self.part()
        return text + (":" + self.pick(("", "1", "2", "-1", "-2", "0") if self.chance.random() < 0.1 else ("", "1", "2", "-1", "-2"))
                       if self.chance.random() < 0.5 else "")

    def expression(self, depth):
        forms = self.LEAVES if depth <= 0 else self.FORMS
        s, more = self.pick(SPACES), lambda: self.expression(depth - 1)
        return s.join(self.pick(forms)(self, more)) if s else "".join(self.pick(forms)(self, more))

    def call(self, more):
        name = self.pick(list(ARGUMENTS))
        wants = ARGUMENTS[name]
        given = [self.argument(kind, more) for kind in wants]
        roll = self.chance.random()
        if roll < 0.03:
            given = given[1:]
        elif roll < 0.06:
            given.append(more())
        elif roll < 0.07:
            name = self.pick(("nosuch", "Length", "to_str"))
        return [name, "(", ",".join(given), ")"]

    def argument(self, kind, more):
        if kind == "&":
            return "&" + more() if self.chance.random() < 0.97 else more()
        if self.chance.random() < 0.5:
            return more()
        return {"n": lambda: self.literal(self.pick(NUMBERS)), "s": self.raw, "v": more,
                "N": lambda: self.literal([self.pick(NUMBERS) for _ in range(3)]),
                "S": lambda: self.literal([self.pick(TEXTS) for _ in range(3)]),
                "l": lambda: self.pick(("@", "[%s, %s]" % (more(), more()), self.literal(self.document(2)))),
                "o": lambda: self.pick(("@", "{a: %s, b: %s}" % (more(), more())))}[kind]()

    LEAVES = [
        lambda c, more: [c.pick(NAMES)], lambda c, more: [c.pick(NAMES)], lambda c, more: [c.pick(NAMES)], lambda c, more: [c.pick(QUOTED)],
        lambda c, more: ["@"], lambda c, more: [c.literal(c.scalar())], lambda c, more: [c.raw()], lambda c, more: ["*"],
        lambda c, more: ["[*]"], lambda c, more: ["[]"], lambda c, more: ["[", c.index(), "]"], lambda c, more: ["`%s`" % c.pick(NAMES)]]
    FORMS = LEAVES[:4] + [
        lambda c, more: [more(), ".", c.pick(NAMES)], lambda c, more: [more(), ".", c.pick(QUOTED)], lambda c, more: [more(), ".*"],
        lambda c, more: [c.pick(NAMES), ".", more()], lambda c, more: [more(), "[*]", ".", c.pick(NAMES)], lambda c, more: [more(), "[", c.index(), "]"],
        lambda c, more: [more(), "[*]"], lambda c, more: [more(), "[]"], lambda c, more: [more(), "[", c.slice(), "]"],
        lambda c, more: ["[", c.slice(), "]"], lambda c, more: [more(), "[?", more(), "]"], lambda c, more: ["[?", more(), "]"],
        lambda c, more: [more(), "[?", more(), c.pick(("==", "!=", "<", "<=", ">", ">=")), more(), "]", c.pick(("", ".a", "[0]", "[]"))],
        lambda c, more: [more(), "|", more()], lambda c, more: [more(), "||", more()], lambda c, more: [more(), "&&", more()],
        lambda c, more: ["!", more()], lambda c, more: ["(", more(), ")"], lambda c, more: ["(", more(), ")", "[", c.index(), "]"],
        lambda c, more: [more(), c.pick(("==", "!=", "<", "<=", ">", ">=")), more()],
        lambda c, more: ["[", more(), ",", more(), "]"], lambda c, more: [more(), ".", "[", more(), ",", more(), "]"],
        lambda c, more: ["{", c.pick(NAMES), ":", more(), ",", c.pick(QUOTED), ":", more(), "}"],
        lambda c, more: [more(), ".", "{", c.pick(NAMES), ":", more(), "}"],
        call, call, call, lambda c, more: [more(), ".", *c.call(more)], lambda c, more: [c.literal(c.document(2)), c.pick(("", ".a", "[0]", "[]", "[*]"))]]

    def broken(self, text):
        for _ in range(self.pick((1, 1, 1, 2, 3))):
            at, to = sorted((self.chance.randrange(len(text) + 1), self.chance.randrange(len(text) + 1)))
            text = self.pick((text[:at] + text[at + 1:], text[:at] + self.pick(PIECES) + text[at:], text[:at] + self.pick(PIECES) + text[at + 1:],
                              text[:at], text[:to] + text[at:], text[:at] + text[to:]))
        return text


if __name__ == "__main__":
    sys.exit(main())
