/*
 * `moonward completion`: scripts for shells. They hold no knowledge: each asks `moonward __complete` with the words so
 * far, which answers from the table of commands (complete.c).
 */
#include "cli/commands.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

/* Words are split at blanks, not at bash's COMP_WORDBREAKS, for types have colons; what bash keeps of a word is cut off. */
static const char bash_text[] =
    "# bash completion for moonward: source it, or write it to /etc/bash_completion.d/moonward\n"
    "_moonward() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words=() answer cur keep\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line == *[[:blank:]] ]] && words+=('')\n"
    "    cur=${words[${#words[@]}-1]}\n"
    "    keep=${cur%\"${cur##*[:=]}\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r answer _; do\n"
    "        if [[ $answer == :file ]]; then\n"
    "            compopt -o default\n"
    "            COMPREPLY=()\n"
    "            return\n"
    "        fi\n"
    "        COMPREPLY+=(\"${answer#\"$keep\"}\")\n"
    "    done < <(\"${words[0]}\" __complete \"${words[@]:1}\" 2>/dev/null)\n"
    "    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
    "}\n"
    "complete -F _moonward moonward\n";

static const char zsh_text[] = "#compdef moonward\n"
                               "# zsh completion for moonward: write it to a folder of $fpath as _moonward\n"
                               "_moonward() {\n"
                               "    local -a values shown\n"
                               "    local value text\n"
                               "    while IFS=$'\\t' read -r value text; do\n"
                               "        if [[ $value == :file ]]; then\n"
                               "            _files\n"
                               "            return\n"
                               "        fi\n"
                               "        values+=(\"$value\")\n"
                               "        shown+=(\"$value${text:+  -- $text}\")\n"
                               "    done < <(\"${words[1]}\" __complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
                               "    compadd -l -d shown -a values\n"
                               "}\n"
                               "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
                               "    _moonward \"$@\"\n"
                               "else\n"
                               "    compdef _moonward moonward\n"
                               "fi\n";

static const char fish_text[] =
    "# fish completion for moonward: write it to ~/.config/fish/completions/moonward.fish\n"
    "function __moonward_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l answers ($words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null)\n"
    "    if test \"$answers[1]\" = :file\n"
    "        __fish_complete_path (commandline -ct)\n"
    "    else\n"
    "        printf '%s\\n' $answers\n"
    "    end\n"
    "end\n"
    "complete -c moonward -f -a '(__moonward_complete)'\n";

static const struct {
    const char *shell, *text;
} scripts[] = {{"bash", bash_text}, {"zsh", zsh_text}, {"fish", fish_text}};

static int run(mw_cli *cli)
{
    const char *shell = mw_args_positional(cli->args, 0);
    mw_error err = {0};

    for (size_t i = 0; i < MW_COUNT(scripts); i++)
        if (mw_str_eq(scripts[i].shell, shell))
            return mw_cli_print(scripts[i].text, strlen(scripts[i].text), MW_EXIT_OK);
    mw_fail(&err, MW_ERR_INVALID, "completion: '%.40s' is not one of bash, zsh, fish", shell);
    return mw_cli_fail(&err);
}

const mw_command mw_command_completion = {
    .name = "completion",
    .arguments = "bash|zsh|fish",
    .summary = "Print a completion script for a shell",
    .description =
        "Commands, options and their values; rules, types, regions, profiles, services and runs as they are.",
    .examples = "source <(moonward completion bash)\n"
                "moonward completion fish > ~/.config/fish/completions/moonward.fish\n",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
