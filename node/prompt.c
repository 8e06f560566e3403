#include "node/prompt.h"

#include "crypto/keys.h"
#include "crypto/sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define PIN_FILE_MAX 16384
#define LINE_MAX     2048
#define CTRL_C       3

void nd_wiping_free(void *p)
{
    if (p != NULL)
        cr_wipe(p, malloc_usable_size(p));
    free(p);
}

static int open_terminal(void)
{
    return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

bool nd_prompt_able(const char *file)
{
    int fd;

    if (file != NULL)
        return true;
    fd = open_terminal();
    if (fd < 0)
        return false;
    (void)close(fd);
    return true;
}

void nd_prompt_init(struct nd_prompt *p, const char *file, bool zh)
{
    *p = (struct nd_prompt){.file = file, .zh = zh};
    cr_buf_init(&p->pin, PIN_FILE_MAX);
}

static void wipe_buf(struct cr_buf *b)
{
    if (b->p != NULL)
        cr_wipe(b->p, b->cap);
    cr_buf_release(b);
}

void nd_prompt_release(struct nd_prompt *p)
{
    json_decref(p->answers); /* wiped by nd_wiping_free */
    wipe_buf(&p->pin);
    *p = (struct nd_prompt){.answers = NULL};
}

/* ---- files ---- */

/* A regular file must be its owner's only; a pipe or descriptor is whoever's made it. */
static int read_secret_file(const char *path, size_t max, struct cr_buf *out, struct st_err *err)
{
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    int rc = ST_OK;
    uint8_t *at;

    if (fd < 0)
        return st_fail(err, errno == ENOENT ? ST_NOTFOUND : ST_IO, "PIN file '%s': %s", path,
                       strerror(errno));
    if (fstat(fd, &st) != 0)
        rc = st_fail(err, ST_IO, "PIN file '%s': %s", path, strerror(errno));
    else if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        rc = st_fail(err, ST_DENIED, "PIN file '%s' is open to others (mode %03o, wanted 600)",
                     path, (unsigned)(st.st_mode & 0777));
    if (rc == ST_OK && cr_buf_extend(out, max, &at) != ST_OK)
        rc = st_fail(err, ST_NOMEM, "PIN file '%s': out of memory", path);
    if (rc == ST_OK)
        out->n -= max;
    while (rc == ST_OK) {
        ssize_t n = read(fd, out->p + out->n, max - out->n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = st_fail(err, ST_IO, "PIN file '%s': %s", path, strerror(errno));
        if (n <= 0)
            break;
        out->n += (size_t)n;
        if (out->n == max)
            rc = st_fail(err, ST_RANGE, "PIN file '%s' is too long", path);
    }
    (void)close(fd);
    return rc;
}

/* The next line of bytes [*at, n), without its end; false at the end. */
static bool next_line(struct cr_span all, size_t *at, struct cr_span *line)
{
    const uint8_t *end;
    size_t left = all.n - *at;

    if (left == 0)
        return false;
    end = memchr(all.p + *at, '\n', left);
    *line = (struct cr_span){all.p + *at, end == NULL ? left : (size_t)(end - (all.p + *at))};
    *at += line->n + (end == NULL ? 0 : 1);
    if (line->n > 0 && line->p[line->n - 1] == '\r')
        line->n--;
    return true;
}

int nd_secret_line(const char *path, struct cr_buf *out, struct st_err *err)
{
    struct cr_span line = {0};
    struct cr_buf all;
    size_t at = 0;
    int rc;

    cr_buf_init(&all, PIN_FILE_MAX);
    rc = read_secret_file(path, PIN_FILE_MAX, &all, err);
    if (rc == ST_OK &&
        (!next_line(cr_buf_span(&all), &at, &line) || line.n == 0 || line.n > CR_PASS_BYTES_MAX))
        rc = st_fail(err, ST_RANGE, "'%s': its first line is no pass phrase of 1 to %d bytes", path,
                     CR_PASS_BYTES_MAX);
    if (rc == ST_OK && cr_buf_append(out, line.p, line.n) != ST_OK)
        rc = st_fail(err, ST_NOMEM, "'%s': out of memory", path);
    wipe_buf(&all);
    return rc;
}

/* As many lines as the sheet has. */
static int sheet_lines(struct nd_prompt *p, struct cr_buf *out, struct st_err *err)
{
    struct cr_sheet_state s = {.total = 0};
    struct cr_span line;
    int rc = ST_OK;

    while (rc == ST_OK && (s.total == 0 || s.good < s.total)) {
        if (!next_line(cr_buf_span(&p->pin), &p->at, &line))
            break; /* what is missing is said by whoever reads it */
        rc = cr_buf_append(out, line.p, line.n);
        if (rc == ST_OK)
            rc = cr_buf_append(out, "\n", 2); /* with its NUL */
        if (rc == ST_OK) {
            out->n--;
            cr_sheet_check((const char *)out->p, 0, &s);
        }
    }
    return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "recovery sheet of the PIN file");
}

static int from_file(struct nd_prompt *p, const char *kind, struct cr_buf *out, struct st_err *err)
{
    struct cr_span line;
    int rc = ST_OK;

    if (p->asked == 1)
        rc = read_secret_file(p->file, PIN_FILE_MAX, &p->pin, err);
    if (rc != ST_OK)
        return rc;
    if (strcmp(kind, "sheet") == 0)
        return sheet_lines(p, out, err);
    if (!next_line(cr_buf_span(&p->pin), &p->at, &line)) {
        return st_fail(err, ST_NOTFOUND, "PIN file '%s' has no line for question %zu", p->file,
                       p->asked);
    }
    return cr_buf_append(out, line.p, line.n);
}

/* ---- the terminal ---- */

static void say(int fd, const char *text)
{
    size_t n = strlen(text);

    while (n > 0) {
        ssize_t done = write(fd, text, n);

        if (done <= 0 && errno != EINTR)
            return;
        if (done > 0) {
            text += done;
            n -= (size_t)done;
        }
    }
}

/* Asks, and reads one line that is not shown; echo is off before the question is there. No key
 * raises a signal meanwhile, so that the terminal is always put back: Ctrl-C ends the line at once
 * and stands at its end. */
static int type_line(int fd, bool zh, const char *question, char line[static LINE_MAX], size_t *n,
                     struct st_err *err)
{
    struct termios before, quiet;
    bool terminal = tcgetattr(fd, &before) == 0;
    ssize_t got;

    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG);
    quiet.c_lflag |= ICANON;
    quiet.c_cc[VEOL] = CTRL_C;
    if (!terminal || tcsetattr(fd, TCSAFLUSH, &quiet) != 0)
        return st_fail(err, ST_IO, "terminal: %s", strerror(errno));
    say(fd, question);
    say(fd, zh ? "：" : ": ");
    do
        got = read(fd, line, LINE_MAX); /* a terminal gives a whole line */
    while (got < 0 && errno == EINTR);
    (void)tcsetattr(fd, TCSAFLUSH, &before); /* what else was typed is dropped */
    say(fd, "\n");
    if (got <= 0 || line[got - 1] == CTRL_C)
        return st_fail(err, ST_SEALED, "%s", zh ? "已取消，没有输入" : "called off");
    *n = (size_t)got;
    if (line[*n - 1] != '\n')
        return st_fail(err, ST_OVERSIZE, "more than %d characters in a line", LINE_MAX);
    while (*n > 0 && (line[*n - 1] == '\n' || line[*n - 1] == '\r'))
        (*n)--;
    return ST_OK;
}

static int type_secret(struct nd_prompt *p, int fd, const char *text, bool twice,
                       struct cr_buf *out, struct st_err *err)
{
    char line[LINE_MAX], again[LINE_MAX];
    size_t n = 0, m = 0;
    int rc;

    do {
        rc = type_line(fd, p->zh, text, line, &n, err);
        if (rc != ST_OK || !twice)
            break;
        rc = type_line(fd, p->zh, p->zh ? "再输入一遍" : "once more", again, &m, err);
        if (rc == ST_OK && (n != m || !cr_secret_equal(line, again, n))) {
            say(fd,
                p->zh ? "两次不一样，请重新输入。\n" : "the two differ; again from the start.\n");
            m = SIZE_MAX;
        }
    } while (rc == ST_OK && m == SIZE_MAX);
    if (rc == ST_OK)
        rc = cr_buf_append(out, line, n);
    cr_wipe(line, sizeof line);
    cr_wipe(again, sizeof again);
    return rc;
}

/* Groups as they are typed, some a line: a wrong one is named at once and typed again. */
static int type_sheet(struct nd_prompt *p, int fd, const char *text, struct cr_buf *out,
                      struct st_err *err)
{
    char line[LINE_MAX + 1], note[160];
    size_t n, good = 0, total = 0;
    int rc = ST_OK;

    say(fd, text);
    say(fd, "\n");
    while (rc == ST_OK && (total == 0 || good < total)) {
        struct cr_sheet_state s;

        (void)snprintf(note, sizeof note, p->zh ? "第 %zu 组起" : "from group %zu", good + 1);
        rc = type_line(fd, p->zh, note, line, &n, err);
        if (rc != ST_OK)
            break;
        line[n] = '\0';
        cr_sheet_check(line, good, &s);
        rc = cr_buf_append(out, line, s.good_bytes);
        if (rc == ST_OK)
            rc = cr_buf_append(out, "\n", 1);
        good += s.good;
        total = s.total != 0 ? s.total : total;
        if (s.bad) {
            (void)snprintf(note, sizeof note,
                           p->zh ? "第 %zu 组有误，请从这一组重新输入。\n"
                                 : "group %zu is mistyped: type again from there.\n",
                           good + 1);
            say(fd, note);
        }
    }
    cr_wipe(line, sizeof line);
    return rc;
}

static int from_terminal(struct nd_prompt *p, const char *kind, const char *text,
                         struct cr_buf *out, struct st_err *err)
{
    int fd = open_terminal();
    int rc;

    if (fd < 0)
        return st_fail(err, ST_NOTFOUND, "%s: %s", text,
                       p->zh ? "没有终端，请用 --pin-file" : "no terminal; give --pin-file");
    rc = strcmp(kind, "sheet") == 0 ? type_sheet(p, fd, text, out, err)
                                    : type_secret(p, fd, text, strcmp(kind, "new") == 0, out, err);
    (void)close(fd);
    return rc;
}

int nd_prompt_ask(struct nd_prompt *p, struct cr_span question, struct st_err *err)
{
    json_t *q = json_loadb((const char *)question.p, question.n, 0, NULL), *text_of;
    const char *id = json_string_value(json_object_get(q, "id"));
    const char *kind = json_string_value(json_object_get(q, "kind"));
    const char *text = json_string_value(json_object_get(q, "text"));
    struct cr_buf out;
    int rc = ST_OK;

    cr_buf_init(&out, PIN_FILE_MAX);
    if (id == NULL || kind == NULL || text == NULL)
        rc = st_fail(err, ST_MALFORMED, "a question of the running node is malformed");
    else if (++p->asked > ND_QUESTIONS_MAX || json_object_get(p->answers, id) != NULL)
        rc = st_fail(err, ST_RANGE, "the same question again: %s", text);
    else if (p->file != NULL)
        rc = from_file(p, kind, &out, err);
    else
        rc = from_terminal(p, kind, text, &out, err);
    if (rc == ST_OK) {
        text_of = json_stringn(out.p == NULL ? "" : (const char *)out.p, out.n);
        if (text_of == NULL)
            rc = st_fail(err, ST_MALFORMED, "what was typed is not valid UTF-8");
        if (p->answers == NULL)
            p->answers = json_object();
        if (rc == ST_OK && json_object_set_new(p->answers, id, text_of) != 0)
            rc = st_fail(err, ST_NOMEM, "out of memory");
    }
    wipe_buf(&out);
    json_decref(q);
    return rc;
}
