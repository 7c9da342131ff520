/* Whose policies a name or an ARN means. */
#include "base/mem.h"
#include "cli/role_policies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void parses(void **state)
{
    static const struct {
        const char *text, *name;
        mw_principal_kind kind;
    } rows[] = {
        {"Reader", "Reader", MW_PRINCIPAL_ROLE},
        {"/team/Reader", "Reader", MW_PRINCIPAL_ROLE},
        {"arn:aws:iam::111122223333:role/team/Reader", "Reader", MW_PRINCIPAL_ROLE},
        {"arn:aws-cn:sts::111122223333:assumed-role/Reader/user/ann", "Reader", MW_PRINCIPAL_ROLE},
        {"arn:aws:sts::111122223333:assumed-role/Reader", "Reader", MW_PRINCIPAL_ROLE},
        {"arn:aws:iam::111122223333:user/staff/ann", "ann", MW_PRINCIPAL_USER},
        {"arn:aws:iam::111122223333:root", "root", MW_PRINCIPAL_ROOT},
        {"arn:aws:sts::111122223333:federated-user/ann", "ann", MW_PRINCIPAL_OTHER},
        {"arn:aws:iam::111122223333:group/readers", "readers", MW_PRINCIPAL_OTHER},
        {"arn:aws:s3:::role/Reader", "Reader", MW_PRINCIPAL_OTHER},
        {"arn:aws:iam", "arn:aws:iam", MW_PRINCIPAL_OTHER},
        {"arn:", "arn:", MW_PRINCIPAL_OTHER},
        {"arn:aws:iam::111122223333:role/", "", MW_PRINCIPAL_ROLE},
        {"", "", MW_PRINCIPAL_ROLE},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const mw_principal p = mw_principal_parse(rows[i].text);
        if (p.kind != rows[i].kind || p.len != strlen(rows[i].name) || strncmp(p.name, rows[i].name, p.len) != 0)
            fail_msg("%s: %d %.*s", rows[i].text, (int)p.kind, (int)p.len, p.name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parses)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
