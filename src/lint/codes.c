/*
 * Every code of the linter. An id keeps its meaning for ever, for files name it in their ignore
 * comments; ranges: 10 the file, 11 members, 12 comparisons, 13 declarations, 14 calls, 15 sandbox,
 * 16 Lua, 17 metadata, 18 tests.
 */
#include "lint/lint.h"

#include "base/mem.h"

#include <string.h>

#define E MW_LINT_ERROR
#define W MW_LINT_WARNING
#define N MW_LINT_NOTE

static const mw_lint_code codes[] = {
    {"MW1001", E, "Syntax error", "The file is not Lua 5.4. It cannot be loaded, so nothing in it is checked.",
     "Correct the place that the message names; it says what was expected there."},
    {"MW1002", E, "Ignore comment without code or reason",
     "A comment that silences a finding must name an existing code and say why; without a reason "
     "nobody can tell later whether it still holds.",
     "Write `-- lint: ignore MW1604 the loop only counts`."},
    {"MW1003", W, "Ignore comment that ignores nothing",
     "The finding that the comment silences is not there any more. Left behind, it would hide the "
     "next one.",
     "Remove the comment."},
    {"MW1101", E, "Unknown member",
     "AWS's service model has no such member in this part of the document, so reading it is "
     "unknown (`NotModelled`) for every resource, and the rule decides on nothing.",
     "Use the name that the model has; `moonward models show` lists them."},
    {"MW1102", E, "Unknown method",
     "Documents, tags and the inventory have no method of this name: the call ends the evaluation "
     "as an error.",
     "Use one of the methods in docs/reference/lua-api.md."},
    {"MW1103", E, "Unknown member of ctx, aws, a module or a library",
     "What scripts are given has no such member; using it ends the evaluation as an error.",
     "Use a member that docs/reference/lua-api.md or docs/reference/audits.md names."},
    {"MW1201", W, "Value that AWS does not use",
     "The service model lists the values of this text, and this one is not among them: the "
     "comparison is never true.",
     "Use one of the model's values. When AWS added it after the models were made, ignore the "
     "finding with that reason."},
    {"MW1202", W, "Values of different kinds",
     "A list, a structure, a number and a text never equal one another, and cannot be ordered or "
     "joined.",
     "Compare with a value of the same kind, or look into the list with find, any, all or has."},
    {"MW1203", W, "Expression that is always the same",
     "Precedence makes this mean something else than it reads: `a == \"x\" or \"y\"` is always "
     "true, `not a == b` compares a boolean, "
     "`a and nil or b` is always b, and nothing equals 0/0.",
     "Write both comparisons out, use parentheses or an if."},
    {"MW1301", E, "Facet that is read but not declared",
     "A facet costs an API call for each resource; a rule gets only those in `needs`. Reading "
     "another raises an error.",
     "Add it to `needs`."},
    {"MW1302", W, "Declared facet that is never read",
     "It is fetched for each resource of every sweep, and asks for a permission, for nothing.",
     "Remove it from `needs`."},
    {"MW1303", E, "Type that is not declared",
     "`ctx.inventory` gives the rule's own type and those in `related`, by their full names; "
     "another raises an error.",
     "Add the type to `related`."},
    {"MW1304", W, "Declared type that is never asked for",
     "All its resources are collected in every sweep for nothing.", "Remove it from `related`."},
    {"MW1305", E, "Guard on a path that does not exist",
     "A path in `applies` that the document never has makes every resource `not_applicable`: the "
     "rule judges nothing and looks fine.",
     "Use the model's member names, joined by dots."},
    {"MW1306", E, "Parameter that is not declared",
     "`ctx.params` holds what `params` declares; another name is always nil.",
     "Declare it with its default in `params`."},
    {"MW1307", W, "Parameter that is never used", "Whoever sets it in the configuration changes nothing.",
     "Use it or remove it."},
    {"MW1401", E, "Operation that does not exist",
     "No service model has this operation: the call is refused before anything is sent.",
     "Operations are named `service:Operation` as botocore names them; `moonward models list` "
     "knows them."},
    {"MW1402", E, "Operation that does not only read", "Audits only read, always: the core refuses this operation.",
     "Ask an operation that reads; changes belong in a remediation."},
    {"MW1403", E, "Unknown parameter",
     "The operation's input has no such member: the call is refused before anything is sent.",
     "Use the member names of the model."},
    {"MW1404", E, "Parameter of the wrong kind",
     "The model wants a list, a structure, a text, a number or a boolean here: the call is refused "
     "before anything is sent.",
     "Give a value of the kind that the message names."},
    {"MW1405", E, "Required parameter is missing",
     "The model requires this member: the call is refused before anything is sent.", "Add it."},
    {"MW1501", E, "Not in the sandbox",
     "Scripts have no files, clock, randomness, environment, metatables or coroutines, so that the "
     "same input gives the same verdict.",
     "`ctx.now` is the time, `ctx.log` the log; what a rule needs to know is a parameter or a "
     "facet."},
    {"MW1502", E, "State kept between evaluations",
     "A variable of the file that check changes carries something of one resource over to the "
     "next. Workers share the work, "
     "so the verdict would depend on which resources happened to come before.",
     "Make the variable local to check."},
    {"MW1503", E, "Text that holds an address",
     "`%p` prints where a value lies in memory, which differs from run to run.", "Print what the value holds."},
    {"MW1504", W, "tostring of a table or function", "It is the word `table` or `function`, nothing about the value.",
     "Name the member that is meant, or use table.concat."},
    {"MW1601", E, "Unknown global", "No local, parameter or function of the sandbox has this name: it is nil.",
     "Correct the name, or require the module that it stands for."},
    {"MW1602", E, "Global set in a function",
     "Globals can be set only while the file loads; a function that sets one ends in an error.",
     "Declare it with `local`."},
    {"MW1603", W, "Global set while the file loads", "It works, and looks like a forgotten `local`.",
     "Declare it with `local`."},
    {"MW1604", W, "Unused local", "Nothing reads it: it is left over, or another name was meant.",
     "Remove it; a name that must be there begins with `_`."},
    {"MW1605", W, "Local that hides a parameter",
     "Below this line the name means something else than the function's argument.", "Choose another name."},
    {"MW1606", W, "Unreachable code", "The statements before leave the block on every way: this one never runs.",
     "Remove it, or mend the condition that should lead here."},
    {"MW1607", W, "Condition that is always the same",
     "The condition is a constant, so one of the branches never runs.", "Remove the test or the branch."},
    {"MW1608", E, "check may end without a verdict",
     "On some way through check nothing is returned: that evaluation ends as an error.",
     "End with `return pass()`, or whatever the verdict is there."},
    {"MW1609", E, "check returns no verdict",
     "A check returns pass(), fail(…), not_applicable(…), unknown(…) or a list of them; anything "
     "else ends as an error.",
     "Return a verdict: `return pass()` rather than `return true`."},
    {"MW1610", W, "fail without a message", "Whoever reads the finding has to guess what is wrong with the resource.",
     "Say what was found: `fail(\"versioning is %s\", status)`."},
    {"MW1701", E, "Metadata is missing or of the wrong kind", "The rule is not loaded without it.",
     "docs/reference/lua-api.md, \"A rule's members\", says what each is."},
    {"MW1702", E, "Unknown key", "Rules have no such member; it would be ignored, so it is refused.",
     "Correct the name or remove it."},
    {"MW1703", E, "Id and file name differ", "A rule is found by its id: the file of `s3-x` is `s3-x.lua`.",
     "Rename one of them."},
    {"MW1704", E, "Value that is not allowed", "The member takes one of a few words.",
     "Use one of those that the message names."},
    {"MW1705", W, "No description",
     "The leading `---` comment is what `moonward explain` and the manual show: why the rule is "
     "worth following.",
     "Begin the file with `--- What must hold.` and a line that says why."},
    {"MW1706", W, "No source", "Without `-- @see URL` nobody can check the rule against AWS's documentation.",
     "Add the page of AWS's documentation that says so."},
    {"MW1707", E, "Id that is used twice",
     "Findings, waivers and parameters are kept by id; two rules of one id are refused.", "Rename one of them."},
    {"MW1708", W, "Framework name that looks misspelt", "The controls would not count for the framework that is meant.",
     "Use the name that the message proposes."},
    {"MW1709", W, "Remediation that does not exist", "The rule names a remediation that is not among the files read.",
     "Correct the id, or read the remediations too."},
    {"MW1710", E, "Unknown resource type or facet", "No type or facet has this name; the rule is not loaded.",
     "docs/reference/resource-types.md lists them."},
    {"MW1801", W, "Rule without tests", "Nothing shows that the rule judges as it should.",
     "Put `<id>_test.lua` beside it; docs/reference/lua-api.md, \"Tests\"."},
    {"MW1802", W, "Verdict that no fixture covers", "The rule can give this verdict, and no test expects it.",
     "Add a fixture for which the verdict is expected."},
    {"MW1803", E, "Bad fixture",
     "The fixture cannot be run: a required member is missing, or a verdict has no such name.",
     "docs/reference/lua-api.md, \"Tests\", says what a fixture holds."},
    {"MW1804", W, "Fixture that AWS would never give",
     "The resource of the fixture has a member or a value that the service model does not have: "
     "the test proves nothing about real documents.",
     "Use the model's names and values."},
    {"MW1805", W, "Fixture key that looks misspelt", "Fixtures have no such key, so it has no effect.",
     "Use the name that the message proposes."},
};

const mw_lint_code *mw_lint_codes(size_t *count)
{
    *count = MW_COUNT(codes);
    return codes;
}

const mw_lint_code *mw_lint_code_get(const char *id, size_t len)
{
    for (size_t i = 0; i < MW_COUNT(codes); i++)
        if (strlen(codes[i].id) == len && memcmp(codes[i].id, id, len) == 0)
            return &codes[i];
    return NULL;
}

const char *mw_lint_severity_name(mw_lint_severity s)
{
    return s == MW_LINT_ERROR ? "error" : s == MW_LINT_WARNING ? "warning" : "note";
}
