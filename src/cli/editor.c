/*
 * The line editor of `moonward repl`: the keys that people have in their fingers, no more. It keeps the terminal in raw
 * mode only while a line is read, so that Ctrl-C is a key here and a signal while something runs. Long lines
 * scroll sideways. Only bytes that a person typed are written back, never control characters.
 */
#include "cli/editor.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"
#include "report/term.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define KEY(letter)   ((letter)&0x1F)
#define HISTORY_BYTES ((size_t)4 << 20)
#define LISTED_MAX    400

struct mw_editor {
    int in, out;
    const volatile bool *stop;
    mw_editor_complete complete;
    void *user;
    char **history;
    size_t count;
    /* the line under way */
    mw_buf text;
    size_t at;    /* cursor, in bytes */
    size_t shown; /* history entry, or count: the line itself */
    mw_buf kept;  /* the line itself, while an entry is shown */
    const char *prompt;
};

mw_status mw_editor_new(int in, int out, const volatile bool *stop, mw_editor_complete complete, void *user,
                        mw_editor **to, mw_error *err)
{
    mw_editor *e = mw_alloc(sizeof(*e));

    *to = e;
    if (!e)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for the line editor");
    *e = (mw_editor){.in = in, .out = out, .stop = stop, .complete = complete, .user = user};
    e->history = mw_alloc(MW_EDITOR_HISTORY_MAX * sizeof(*e->history));
    e->text = e->kept = (mw_buf){.max = MW_EDITOR_LINE_MAX};
    if (e->history)
        return MW_OK;
    mw_free(e);
    *to = NULL;
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for the line editor");
}

void mw_editor_free(mw_editor *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < e->count; i++)
        mw_free(e->history[i]);
    mw_free(e->history);
    mw_buf_clear(&e->text);
    mw_buf_clear(&e->kept);
    mw_free(e);
}

/* ---- history ---- */

void mw_editor_remember(mw_editor *e, const char *line)
{
    char *copy;

    if (!*line || (e->count && mw_str_eq(e->history[e->count - 1], line)) || (copy = mw_strdup(line)) == NULL)
        return;
    if (e->count == MW_EDITOR_HISTORY_MAX) {
        mw_free(e->history[0]);
        memmove(e->history, e->history + 1, (e->count - 1) * sizeof(*e->history));
        e->count--;
    }
    e->history[e->count++] = copy;
}

mw_status mw_editor_load(mw_editor *e, const char *path, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = HISTORY_BYTES};
    mw_status st = mw_file_exists(path) ? mw_file_read(path, &text, err) : MW_OK;

    for (char *at = text.data, *end; st == MW_OK && at && *at; at = end) {
        end = strchr(at, '\n');
        if (end)
            *end++ = '\0';
        else
            end = at + strlen(at);
        if (mw_utf8_valid(at, strlen(at)))
            mw_editor_remember(e, at);
    }
    return st;
}

mw_status mw_editor_save(const mw_editor *e, const char *path, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = HISTORY_BYTES + MW_EDITOR_LINE_MAX};
    MW_AUTO(mw_buf) folder = {.max = 8192};
    const char *slash = strrchr(path, '/');
    size_t first = e->count, bytes = 0;
    mw_status st;

    while (first > 0 && (bytes += strlen(e->history[first - 1]) + 1) < HISTORY_BYTES)
        first--;
    for (size_t i = first; i < e->count; i++)
        mw_buf_printf(&text, "%s\n", e->history[i]);
    if (slash && slash > path) {
        mw_buf_add(&folder, path, (size_t)(slash - path), NULL);
        if ((st = mw_buf_status(&folder, err)) != MW_OK || (st = mw_mkdirs(folder.data, 0700, err)) != MW_OK)
            return st;
    }
    if ((st = mw_buf_status(&text, err)) != MW_OK)
        return st;
    return mw_file_write_atomic(path, text.data ? text.data : "", text.len, 0600, err);
}

/* ---- the screen ---- */

static const char *text_of(const mw_editor *e)
{
    return e->text.data ? e->text.data : "";
}

static size_t width_of(const mw_editor *e)
{
    struct winsize size = {0};

    return ioctl(e->out, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

/* Byte that is @p columns characters from @p at on. */
static size_t forward(const char *s, size_t at, size_t len, size_t columns)
{
    while (at < len && columns > 0) {
        at++;
        while (at < len && ((unsigned char)s[at] & 0xC0) == 0x80)
            at++;
        columns--;
    }
    return at;
}

static size_t backward(const char *s, size_t at)
{
    while (at > 0 && ((unsigned char)s[--at] & 0xC0) == 0x80)
        ;
    return at;
}

static void refresh(const mw_editor *e)
{
    MW_AUTO(mw_buf) out = {.max = MW_EDITOR_LINE_MAX * 2};
    const char *s = text_of(e);
    size_t prompt = mw_term_columns(e->prompt, strlen(e->prompt)), room = width_of(e) - 1;
    size_t before = mw_term_columns(s, e->at), skip, from, to;

    room = room > prompt + 8 ? room - prompt : 8;
    skip = before > room ? before - room : 0;
    from = forward(s, 0, e->text.len, skip);
    to = forward(s, from, e->text.len, room);
    mw_buf_printf(&out, "\r%s%.*s\x1b[K\r\x1b[%zuC", e->prompt, (int)(to - from), s + from, prompt + before - skip);
    if (!out.failed)
        (void)mw_fd_write_all(e->out, "terminal", out.data, out.len, NULL);
}

static void put(const mw_editor *e, const char *s)
{
    (void)mw_fd_write_all(e->out, "terminal", s, strlen(s), NULL);
}

/* ---- editing ---- */

static void insert(mw_editor *e, const char *s, size_t len)
{
    char *to = mw_buf_reserve(&e->text, len, NULL);

    if (!to) {
        e->text.failed = MW_OK; /* the line is full: what is more is not taken */
        return;
    }
    mw_buf_grown(&e->text, len);
    memmove(e->text.data + e->at + len, e->text.data + e->at, e->text.len - len - e->at);
    memcpy(e->text.data + e->at, s, len);
    e->at += len;
}

static void cut(mw_editor *e, size_t from, size_t to)
{
    if (from >= to)
        return;
    memmove(e->text.data + from, e->text.data + to, e->text.len - to);
    e->text.len -= to - from;
    e->text.data[e->text.len] = '\0';
    e->at = from;
}

static void show_entry(mw_editor *e, bool older)
{
    const char *entry;

    if (older ? e->shown == 0 : e->shown >= e->count)
        return;
    if (e->shown == e->count) {
        mw_buf_reset(&e->kept);
        mw_buf_puts(&e->kept, text_of(e));
    }
    e->shown += older ? (size_t)-1 : 1;
    entry = e->shown < e->count ? e->history[e->shown] : e->kept.data ? e->kept.data : "";
    mw_buf_reset(&e->text);
    mw_buf_puts(&e->text, entry);
    e->text.failed = MW_OK;
    e->at = e->text.len;
}

static size_t word_start(const mw_editor *e)
{
    const char *s = text_of(e);
    size_t at = e->at;

    while (at > 0 && s[at - 1] == ' ')
        at--;
    while (at > 0 && s[at - 1] != ' ')
        at--;
    return at;
}

/* ---- completion ---- */

static void list_names(const mw_editor *e, const char *names)
{
    MW_AUTO(mw_buf) out = {.max = (size_t)1 << 20};
    size_t widest = 1, columns, n = 0;

    for (const char *at = names; *at; at += strcspn(at, "\n") + 1)
        widest = strcspn(at, "\n") > widest ? strcspn(at, "\n") : widest;
    columns = width_of(e) / (widest + 2);
    columns = columns ? columns : 1;
    mw_buf_puts(&out, "\r\n");
    for (const char *at = names; *at; at += strcspn(at, "\n") + 1, n++) {
        size_t len = strcspn(at, "\n");
        if (n == LISTED_MAX) {
            mw_buf_puts(&out, "…");
            break;
        }
        mw_buf_add(&out, at, len, NULL);
        mw_buf_printf(&out, "%*s", (int)(widest + 2 - len), "");
        if ((n + 1) % columns == 0)
            mw_buf_puts(&out, "\r\n");
    }
    mw_buf_puts(&out, n % columns ? "\r\n" : "");
    if (!out.failed)
        put(e, out.data);
}

static void complete(mw_editor *e)
{
    MW_AUTO(mw_buf) names = {.max = (size_t)1 << 20};
    size_t from = e->at, common, typed, count = 0;

    e->complete(e->user, text_of(e), e->at, &from, &names);
    if (!names.len || names.failed || from > e->at)
        return;
    common = strcspn(names.data, "\n");
    for (const char *at = names.data; *at; at += strcspn(at, "\n") + 1, count++) {
        size_t same = 0;
        while (same < common && at[same] == names.data[same])
            same++;
        common = same;
    }
    typed = e->at - from;
    if (common > typed && strncmp(names.data, text_of(e) + from, typed) == 0)
        insert(e, names.data + typed, common - typed);
    else if (count > 1)
        list_names(e, names.data);
}

/* ---- keys ---- */

/* -1: the terminal is gone, or the process is to end. */
static int read_byte(const mw_editor *e)
{
    unsigned char c;
    ssize_t n;

    for (;;) {
        if (e->stop && *e->stop)
            return -1;
        n = mw_sys.read_fn(mw_sys.ctx, e->in, &c, 1);
        if (n == 1)
            return c;
        if (n == 0 || errno != EINTR)
            return -1;
    }
}

/* ESC [ A and the like; what is not known is passed over. */
static void escape(mw_editor *e)
{
    int kind = read_byte(e), c = kind == '[' || kind == 'O' ? read_byte(e) : 0, number = 0;

    while (c >= '0' && c <= '9' && number < 1000) {
        number = number * 10 + (c - '0');
        c = read_byte(e);
    }
    while (c == ';' || (c >= '0' && c <= '9')) /* modifiers */
        c = read_byte(e);
    switch (c == '~' ? (number == 1 || number == 7   ? 'H'
                        : number == 4 || number == 8 ? 'F'
                        : number == 3                ? 'x'
                                                     : 0)
                     : c) {
    case 'A': show_entry(e, true); break;
    case 'B': show_entry(e, false); break;
    case 'C': e->at = forward(text_of(e), e->at, e->text.len, 1); break;
    case 'D': e->at = backward(text_of(e), e->at); break;
    case 'H': e->at = 0; break;
    case 'F': e->at = e->text.len; break;
    case 'x': cut(e, e->at, forward(text_of(e), e->at, e->text.len, 1)); break;
    default: break;
    }
}

/* A character that takes several bytes comes in one piece, so that the screen never has half of it. */
static void insert_character(mw_editor *e, int first)
{
    char bytes[4] = {(char)first};
    size_t len = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;

    for (size_t i = 1; i < len; i++) {
        int c = read_byte(e);
        if (c < 0)
            return;
        bytes[i] = (char)c;
    }
    if (mw_utf8_valid(bytes, len) && (first < 0x80 || !(first == 0xC2 && (unsigned char)bytes[1] < 0xA0)))
        insert(e, bytes, len);
}

/* @return MW_ERR_PENDING: go on. */
static mw_status key(mw_editor *e, int c)
{
    switch (c) {
    case -1: return MW_ERR_NOTFOUND;
    case '\r':
    case '\n': return MW_OK;
    case KEY('C'): return MW_ERR_CANCELLED;
    case KEY('D'):
        if (e->text.len == 0)
            return MW_ERR_NOTFOUND;
        cut(e, e->at, forward(text_of(e), e->at, e->text.len, 1));
        break;
    case KEY('A'): e->at = 0; break;
    case KEY('E'): e->at = e->text.len; break;
    case KEY('B'): e->at = backward(text_of(e), e->at); break;
    case KEY('F'): e->at = forward(text_of(e), e->at, e->text.len, 1); break;
    case KEY('P'): show_entry(e, true); break;
    case KEY('N'): show_entry(e, false); break;
    case KEY('K'): cut(e, e->at, e->text.len); break;
    case KEY('U'): cut(e, 0, e->at); break;
    case KEY('W'): cut(e, word_start(e), e->at); break;
    case KEY('L'): put(e, "\x1b[H\x1b[2J"); break;
    case KEY('H'):
    case 0x7F: cut(e, backward(text_of(e), e->at), e->at); break;
    case '\t': complete(e); break;
    case 0x1B: escape(e); break;
    default:
        if (c >= 0x20)
            insert_character(e, c);
    }
    return MW_ERR_PENDING;
}

mw_status mw_editor_read(mw_editor *e, const char *prompt, mw_buf *line, mw_error *err)
{
    struct termios before, raw;
    mw_status st = MW_ERR_PENDING;

    if (tcgetattr(e->in, &before) != 0)
        return mw_fail(err, MW_ERR_IO, "the terminal cannot be read: %s", strerror(errno));
    raw = before;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(e->in, TCSADRAIN, &raw) != 0)
        return mw_fail(err, MW_ERR_IO, "the terminal cannot be set up: %s", strerror(errno));
    mw_buf_reset(&e->text);
    e->text.failed = MW_OK;
    e->at = 0;
    e->shown = e->count;
    e->prompt = prompt;
    while (st == MW_ERR_PENDING) {
        refresh(e);
        st = key(e, read_byte(e));
    }
    put(e, st == MW_ERR_CANCELLED ? "^C\r\n" : "\r\n");
    tcsetattr(e->in, TCSADRAIN, &before);
    if (st == MW_OK) {
        mw_buf_reset(line);
        mw_buf_puts(line, text_of(e));
        return mw_buf_status(line, err);
    }
    return st;
}
