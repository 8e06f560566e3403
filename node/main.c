/* fengsui: the command line. A verb goes to the node that runs on the data directory, or, when none
 * does, is carried out here on the store directly. */
#include "node/cmd.h"
#include "node/control.h"
#include "node/prompt.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* $FENGSUI_DATA, else the user's state directory. */
static void default_dir(char out[static ND_PATH_MAX])
{
    const char *dir = getenv("FENGSUI_DATA"), *state = getenv("XDG_STATE_HOME"),
               *home = getenv("HOME");

    if (dir != NULL && dir[0] != '\0')
        (void)snprintf(out, ND_PATH_MAX, "%s", dir);
    else if (state != NULL && state[0] == '/')
        (void)snprintf(out, ND_PATH_MAX, "%s/fengsui", state);
    else
        (void)snprintf(out, ND_PATH_MAX, "%s/.local/state/fengsui", home == NULL ? "." : home);
}

/* Chinese, unless the environment asks for English. */
static bool chinese(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *v = getenv(names[i]);

        if (v != NULL && v[0] != '\0')
            return strncmp(v, "en", 2) != 0;
    }
    return true;
}

/* What a verb prints, and the question it may end with. */
static void write_stdio(void *arg, int channel, struct cr_span bytes)
{
    if (channel != ND_CH_ASK)
        (void)fwrite(bytes.p, 1, bytes.n, channel == ND_CH_OUT ? stdout : stderr);
    else if (cr_buf_append(arg, bytes.p, bytes.n) != ST_OK)
        (void)fputs("fengsui: out of memory\n", stderr);
}

/* By the running node. ST_NOTFOUND when none runs. */
static int ask_node(const struct nd_cmd *c, json_t *argv, struct cr_buf *ask, int *code,
                    struct st_err *err)
{
    json_t *request =
        json_pack("{s:O, s:s, s:b, s:b, s:b}", "argv", argv, "cwd", c->cwd == NULL ? "/" : c->cwd,
                  "zh", (int)c->zh, "tty", (int)c->tty, "ask", (int)c->can_ask);
    char *line = NULL;
    int rc;

    if (request != NULL &&
        (c->answers == NULL || json_object_set(request, "answers", c->answers) == 0))
        line = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    if (line == NULL)
        return st_fail(err, ST_MALFORMED, "an argument is not valid UTF-8");
    rc = nd_control_call(c->dir, cr_span_text(line), stdout, stderr, ask, code, err);
    nd_wiping_free(line);
    return rc;
}

/* On the store directly. */
static int do_here(struct nd_cmd *c)
{
    struct nd_app_options o = {.dir = c->dir, .dial = (c->verb->flags & ND_V_DIAL) != 0};
    struct st_err err = {0};
    int code;

    if (nd_open_app(c, &o, &c->app, &err) != ST_OK)
        return nd_fail_err(c, &err);
    code = nd_cmd_run(c);
    if (code == ND_EX_WAIT && nd_uv_catch_signals(c->app->uv, &err) != ST_OK)
        code = nd_fail_err(c, &err);
    while (code == ND_EX_WAIT) {
        nd_uv_step(c->app->uv, 20);
        code = c->verb->poll(c);
    }
    nd_app_close(c->app);
    c->app = NULL;
    return code;
}

static json_t *words(int argc, char **argv)
{
    json_t *list = json_array();

    for (int i = 0; i < argc; i++)
        if (json_array_append_new(list, json_string(argv[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* The parsed command, once: by the running node or here. */
static int attempt(struct nd_cmd *c, json_t *argv, struct cr_buf *ask)
{
    struct st_err err = {0};
    int code, rc;

    if (c->help || c->verb == NULL || (c->verb->flags & ND_V_LOCAL) != 0)
        return nd_cmd_run(c);
    rc = argv == NULL ? st_fail(&err, ST_MALFORMED, "an argument is not valid UTF-8")
                      : ask_node(c, argv, ask, &code, &err);
    if (rc == ST_OK)
        return code;
    return rc == ST_NOTFOUND ? do_here(c) : nd_fail_err(c, &err);
}

static int dispatch(struct nd_cmd *c, int argc, char **argv)
{
    json_t *list = words(argc, argv); /* before parsing, which cuts --name=value apart */
    struct nd_prompt prompt;
    struct st_err err = {0};
    struct cr_buf ask;
    int code;

    if (nd_cmd_parse(c, argc, argv) != ST_OK) {
        json_decref(list);
        return ND_EX_USAGE;
    }
    cr_buf_init(&ask, 4096);
    c->write_arg = &ask;
    c->can_ask = nd_prompt_able(c->pin_file);
    nd_prompt_init(&prompt, c->pin_file, c->zh);
    for (;;) {
        code = attempt(c, list, &ask);
        c->asked = false;
        if (ask.n == 0)
            break;
        if (nd_prompt_ask(&prompt, cr_buf_span(&ask), &err) != ST_OK) {
            code = nd_fail_err(c, &err);
            break;
        }
        cr_buf_clear(&ask);
        c->answers = prompt.answers;
    }
    c->answers = NULL;
    nd_prompt_release(&prompt);
    cr_buf_release(&ask);
    json_decref(list);
    return code;
}

/* Memory of this process is not for others: no core, no dump, no tracer. */
static void harden(void)
{
    const struct rlimit none = {0, 0};

    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
    json_set_alloc_funcs(malloc, nd_wiping_free);
}

static bool says_yes(const struct nd_cmd *c)
{
    char line[64] = "";

    if (isatty(STDIN_FILENO) != 1) {
        (void)fputs(nd_tr(c, "什么都没有写入。核对之后加 --yes 再执行。\n",
                          "Nothing was written. When it is right, run it again with --yes.\n"),
                    stderr);
        return false;
    }
    (void)fputs(nd_tr(c, "继续吗？[y/N] ", "Go on? [y/N] "), stderr);
    return fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

#define BODY_BYTES 131072

/* "--file -": what comes on the standard input, which a running node cannot read, as "--body TEXT".
 * The text is allocated once for the life of the program. ST_OVERSIZE, ST_NOMEM. */
static int take_stdin(int argc, char **argv, struct st_err *err)
{
    static char body[] = "--body";
    bool record = false;
    char *text;
    size_t n;

    for (int i = 0; i + 1 < argc; i++) {
        record = record || strcmp(argv[i], "record") == 0;
        if (!record || strcmp(argv[i], "--file") != 0 || strcmp(argv[i + 1], "-") != 0)
            continue;
        text = malloc(BODY_BYTES + 1);
        if (text == NULL)
            return st_fail(err, ST_NOMEM, "standard input");
        n = fread(text, 1, BODY_BYTES + 1, stdin);
        if (n > BODY_BYTES || memchr(text, '\0', n) != NULL) {
            free(text);
            return n > BODY_BYTES
                       ? st_fail(err, ST_OVERSIZE, "standard input: more than %d bytes", BODY_BYTES)
                       : st_fail(err, ST_MALFORMED, "standard input: a zero byte");
        }
        text[n] = '\0';
        argv[i] = body;
        argv[i + 1] = text;
    }
    return ST_OK;
}

/* The command, and once more with --yes when it asked and the person agreed. */
static int run_asking(struct nd_cmd *c, int argc, char **argv)
{
    struct nd_cmd fresh = *c;
    char yes[] = "--yes";
    char **again = calloc((size_t)argc + 2, sizeof *again);
    int code, kept = 0;

    while (again != NULL && kept < argc && (again[kept] = strdup(argv[kept])) != NULL)
        kept++;
    code = dispatch(c, argc, argv);
    if (code == ND_EX_CONFIRM && says_yes(c) && again != NULL && kept == argc) {
        nd_cmd_release(c);
        *c = fresh;
        again[argc] = yes;
        code = dispatch(c, argc + 1, again);
    }
    while (kept > 0)
        free(again[--kept]);
    free(again);
    return code;
}

int main(int argc, char **argv)
{
    struct nd_cmd c = {.write = write_stdio, .zh = chinese(), .tty = isatty(STDERR_FILENO) == 1};
    char dir[ND_PATH_MAX], cwd[ND_PATH_MAX];
    struct st_err err = {0};
    int code;

    harden();
    (void)signal(SIGPIPE, SIG_IGN);
    default_dir(dir);
    c.dir = dir;
    c.cwd = getcwd(cwd, sizeof cwd);
    if (cr_init(&err) != ST_OK)
        return nd_fail_err(&c, &err);
    code = take_stdin(argc - 1, argv + 1, &err) == ST_OK ? run_asking(&c, argc - 1, argv + 1)
                                                         : nd_fail_err(&c, &err);
    nd_cmd_release(&c);
    if (fflush(stdout) != 0 && code == ND_EX_OK)
        code = nd_fail(&c, ST_IO, "cannot write the output");
    return code;
}
