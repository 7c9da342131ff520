/* What the files of `moonward repl` share. */
#ifndef MW_CLI_REPL_H
#define MW_CLI_REPL_H

#include "cli/editor.h"
#include "cli/models.h"
#include "cli/session.h"
#include "engine/repl.h"

struct repl {
    mw_setup setup;
    mw_model_pack pack;
    mw_session session;
    int snapshot_fd;
    mw_repl *repl;
    mw_repl_at at;          /* the resource at hand */
    size_t number;          /* of it among those of its type */
    const char *first_type; /* NULL: none is at hand at the start */
    mw_buf chunk;           /* lines that do not end yet */
    mw_editor *editor;      /* NULL without a terminal */
    bool quit, failed;
};

/** repl.c: text to stdout, made harmless to terminals; an error to stderr. */
void mw_repl_say(const mw_buf *text);
void mw_repl_complain(struct repl *w, const mw_error *err);
/** Run a line as if it had been typed. */
void mw_repl_line(struct repl *w, const char *line);

/** repl_commands.c: a line behind its colon. */
void mw_repl_command(struct repl *w, const char *line);
/** One line about the resource at hand. */
void mw_repl_describe(struct repl *w, mw_buf *out);
/** MW_ERR_NOTFOUND with the nearest rule. */
mw_status mw_repl_known_rule(const struct repl *w, const char *id, mw_error *err);

/** repl_complete.c: for the editor; @p user is the struct repl. */
void mw_repl_complete(void *user, const char *line, size_t at, size_t *from, mw_buf *out);
/** Names of the commands, NULL behind the last. */
const char *mw_repl_command_at(size_t i);

#endif
