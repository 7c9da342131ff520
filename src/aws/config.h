/* The parts of mw_aws_config that only the credential providers and endpoints need. */
#ifndef MW_AWS_CONFIG_H
#define MW_AWS_CONFIG_H

#include "aws/credentials.h"

typedef enum mw_config_source { MW_CONFIG_FILE, MW_CREDENTIALS_FILE } mw_config_source;

/** True when the profile was named by option, not by the environment: then environment keys do not count. */
bool mw__aws_config_explicit_profile(const mw_aws_config *c);
/** Is there a section for @p profile in either file? */
bool mw__aws_config_has_profile(const mw_aws_config *c, const char *profile);
/** Value of one file only; NULL when unset or empty. @p profile NULL = the active one. */
const char *mw__aws_config_from(const mw_aws_config *c, mw_config_source source, const char *profile, const char *key);
/** Nested block of a profile: `s3 =\n  addressing_style = path`. */
const char *mw__aws_config_nested(const mw_aws_config *c, const char *profile, const char *block, const char *key);
/** Key of `[<kind> <name>]` of the config file: kind is "sso-session" or "services". */
const char *mw__aws_config_section(const mw_aws_config *c, const char *kind, const char *name, const char *key);
/** Path of a file as it is looked for, for messages; never NULL. */
const char *mw__aws_config_path(const mw_aws_config *c, mw_config_source source);
/** Append @p path with a leading `~/` and $VAR, ${VAR} replaced from the environment. */
mw_status mw__aws_config_expand(const mw_aws_config *c, const char *path, mw_buf *out, mw_error *err);

#endif
