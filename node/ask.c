/* The terminal is /dev/tty, so that standard input may be anything. Echo and signals are off while
 * a line is read: Ctrl-C arrives as a byte and the terminal is put back before anything else. */
#include "node/ask.h"

#include "crypto/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_C 3
#define CTRL_D 4

/* One line, byte by byte: nothing behind it is taken. */
static int read_line(int fd, struct nd_secret *out, bool *ended)
{
    uint8_t b;

    out->n = 0;
    *ended = false;
    for (;;) {
        ssize_t got = read(fd, &b, 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ST_IO;
        if (got == 0 || b == CTRL_C || b == CTRL_D)
            *ended = true;
        if (*ended || b == '\n')
            return ST_OK;
        if (out->n == sizeof out->b)
            return ST_OVERSIZE;
        out->b[out->n++] = b;
    }
}

static int check(struct nd_cmd *c, const struct nd_secret *s, struct st_err *err)
{
    if (s->n > 0)
        return ST_OK;
    return st_fail(err, ST_USAGE, "%s",
                   nd_tr(c, "口令不能为空", "the pass phrase must not be empty"));
}

static int from_file(struct nd_cmd *c, const char *file, struct nd_secret *out, struct st_err *err)
{
    bool ended;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return st_fail(err, errno == ENOENT ? ST_NOTFOUND : ST_DENIED, "%s: %s", file,
                       strerror(errno));
    rc = read_line(fd, out, &ended);
    (void)close(fd);
    if (rc == ST_OK && out->n > 0 && out->b[out->n - 1] == '\r')
        out->n--;
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "%s: %s", file, st_text((enum st_code)rc));
    return check(c, out, err);
}

static int prompt(int fd, const char *text)
{
    size_t n = strlen(text);

    return write(fd, text, n) == (ssize_t)n ? ST_OK : ST_IO;
}

static int ask_once(struct nd_cmd *c, int fd, const char *text, struct nd_secret *out,
                    struct st_err *err)
{
    struct termios was, quiet;
    bool ended = false;
    int rc;

    if (tcgetattr(fd, &was) != 0)
        return st_fail(err, ST_IO, "terminal: %s", strerror(errno));
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0)
        return st_fail(err, ST_IO, "terminal: %s", strerror(errno));
    rc = prompt(fd, text);
    if (rc == ST_OK)
        rc = read_line(fd, out, &ended);
    (void)tcsetattr(fd, TCSAFLUSH, &was);
    (void)!prompt(fd, "\n");
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "terminal: %s", st_text((enum st_code)rc));
    if (ended)
        return st_fail(err, ST_USAGE, "%s", nd_tr(c, "已取消", "called off"));
    return check(c, out, err);
}

static int from_terminal(struct nd_cmd *c, bool twice, struct nd_secret *out, struct st_err *err)
{
    struct nd_secret again = {.n = 0};
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    int rc;

    if (fd < 0)
        return st_fail(err, ST_USAGE, "%s",
                       nd_tr(c, "没有终端可以询问口令，请用 --passphrase-file",
                             "no terminal to ask for the pass phrase: use --passphrase-file"));
    rc = ask_once(c, fd, nd_tr(c, "口令（不显示）：", "Pass phrase (not shown): "), out, err);
    if (rc == ST_OK && twice) {
        rc = ask_once(c, fd, nd_tr(c, "再输入一次：", "Once more: "), &again, err);
        if (rc == ST_OK && (again.n != out->n || !cr_secret_equal(again.b, out->b, out->n)))
            rc = st_fail(err, ST_USAGE, "%s",
                         nd_tr(c, "两次输入的口令不同", "the two pass phrases differ"));
        cr_wipe(&again, sizeof again);
    }
    (void)close(fd);
    return rc;
}

int nd_ask_pass(struct nd_cmd *c, const char *file, bool twice, struct nd_secret *out,
                struct st_err *err)
{
    int rc;

    out->n = 0;
    rc = file != NULL ? from_file(c, file, out, err) : from_terminal(c, twice, out, err);
    if (rc != ST_OK)
        cr_wipe(out, sizeof *out);
    return rc;
}
