/* typist SCRIPT LOG COMMAND...: runs the command on a terminal of its own (a pseudo terminal, which
 * becomes its /dev/tty) and types at it. A line of the script is "TEXT", a tab, "ANSWER": when TEXT
 * has been written (behind what was waited for last), ANSWER and Return are typed; an ANSWER "^C"
 * is that key. All that appears on the terminal is appended to LOG. Exit code: the command's; 98: a
 * text did not come, or something failed here; 99: the terminal was left without echo. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define SEEN_MAX   (1u << 20)
#define WAIT_MS    30000
#define LINE_BYTES 1024

struct typing {
    int master;
    FILE *log;
    char *seen; /* all output so far, with a NUL behind it */
    size_t n, from;
};

static int failed(const char *what)
{
    (void)fprintf(stderr, "typist: %s\n", what);
    return 98;
}

/* What comes next; 0 at the end of it, or when nothing came in time. */
static size_t more(struct typing *t)
{
    struct pollfd p = {.fd = t->master, .events = POLLIN};
    ssize_t got;

    if (t->n + 1 >= SEEN_MAX || poll(&p, 1, WAIT_MS) != 1)
        return 0;
    got = read(t->master, t->seen + t->n, SEEN_MAX - 1 - t->n);
    if (got <= 0) /* EIO: the other side is closed */
        return 0;
    (void)fwrite(t->seen + t->n, 1, (size_t)got, t->log);
    for (ssize_t i = 0; i < got; i++)
        if (t->seen[t->n + (size_t)i] == '\0')
            t->seen[t->n + (size_t)i] = '?';
    t->n += (size_t)got;
    t->seen[t->n] = '\0';
    return (size_t)got;
}

static int wait_for(struct typing *t, const char *text)
{
    const char *at;

    while ((at = strstr(t->seen + t->from, text)) == NULL)
        if (more(t) == 0)
            return failed(text);
    t->from = (size_t)(at - t->seen) + strlen(text);
    return 0;
}

static int type(struct typing *t, const char *answer)
{
    char line[LINE_BYTES + 2];
    int n = strcmp(answer, "^C") == 0 ? snprintf(line, sizeof line, "\003")
                                      : snprintf(line, sizeof line, "%s\n", answer);

    return write(t->master, line, (size_t)n) == n ? 0 : failed("write");
}

static int play(struct typing *t, const char *script)
{
    FILE *f = fopen(script, "re");
    char line[LINE_BYTES];
    int rc = f == NULL ? failed(script) : 0;

    while (rc == 0 && fgets(line, sizeof line, f) != NULL) {
        char *tab = strchr(line, '\t');

        line[strcspn(line, "\n")] = '\0';
        if (tab == NULL)
            rc = failed("a line of the script has no tab");
        else {
            *tab = '\0';
            rc = wait_for(t, line);
            if (rc == 0)
                rc = type(t, tab + 1);
        }
    }
    if (f != NULL)
        (void)fclose(f);
    return rc;
}

static void run(const char *slave, char **argv)
{
    int fd;

    (void)setsid();
    fd = open(slave, O_RDWR); /* the first one that is opened becomes the terminal of the session */
    if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) != 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 ||
        dup2(fd, 2) < 0)
        _exit(98);
    (void)close(fd);
    (void)execvp(argv[0], argv);
    _exit(98);
}

int main(int argc, char **argv)
{
    struct typing t = {.seen = calloc(1, SEEN_MAX)};
    struct termios mode;
    const char *slave;
    int rc, status = 0, keep;
    pid_t pid;

    if (argc < 4 || t.seen == NULL)
        return failed("SCRIPT LOG COMMAND...");
    t.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (t.master < 0 || grantpt(t.master) != 0 || unlockpt(t.master) != 0 ||
        (slave = ptsname(t.master)) == NULL)
        return failed("no pseudo terminal");
    t.log = fopen(argv[2], "ae");
    keep = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC); /* its modes outlive the command */
    if (t.log == NULL || keep < 0)
        return failed(argv[2]);
    pid = fork();
    if (pid == 0)
        run(slave, argv + 3);
    rc = pid < 0 ? failed("fork") : play(&t, argv[1]);
    if (rc != 0 && pid > 0)
        (void)kill(pid, SIGKILL);
    if (pid > 0 && waitpid(pid, &status, 0) != pid)
        rc = failed("wait");
    if (rc == 0 && (tcgetattr(keep, &mode) != 0 || (mode.c_lflag & ECHO) == 0))
        rc = 99;
    (void)fcntl(t.master, F_SETFL, O_NONBLOCK);
    (void)close(keep);
    while (more(&t) > 0)
        ;
    (void)fclose(t.log);
    free(t.seen);
    return rc != 0 ? rc : WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}
