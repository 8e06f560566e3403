/* The command line's verbs, run for the page: what they print is kept and answered. */
#include "node/http_api_int.h"

#include "node/control.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 24
#define ERR_MAX   65536

unsigned nd_api_verb_status(int code)
{
    switch (code) {
    case ND_EX_OK: return 200;
    case ND_EX_USAGE: return 400;
    case ND_EX_NOTFOUND: return 404;
    case ND_EX_DENIED: return 403;
    case ND_EX_CONFLICT: return 409;
    case ND_EX_PIN: return 401;
    case ND_EX_LOCKED:
    case ND_EX_UNREACHABLE: return 503;
    case ND_EX_FULL: return 507;
    default: return 500;
    }
}

static void collect(void *arg, int channel, struct cr_span bytes)
{
    struct nd_api_printed *p = arg;
    int rc = cr_buf_append(channel == ND_CH_OUT ? &p->out : &p->err, bytes.p, bytes.n);

    if (p->status == ST_OK)
        p->status = rc;
}

/* On the app, or, when there is none, on the store directly, as the command line does. */
static int run(struct nd_cmd *c, struct nd_app *app, const char *dir)
{
    struct nd_app_options o = {.dir = dir};
    struct st_err err = {0};
    int code;

    c->app = app;
    c->dir = dir;
    if (app != NULL || (c->verb->flags & ND_V_LOCAL) != 0)
        return nd_cmd_run(c);
    if (nd_open_app(c, &o, &c->app, &err) != ST_OK)
        return nd_fail_err(c, &err);
    code = nd_cmd_run(c);
    nd_app_close(c->app);
    c->app = NULL;
    return code;
}

int nd_api_verb(struct nd_app *app, const char *dir, bool zh, json_t *answers,
                const char *const *words, struct nd_api_printed *p)
{
    struct nd_cmd c = {.write = collect, .write_arg = p, .zh = zh, .cwd = "/", .answers = answers};
    char *argv[WORDS_MAX] = {NULL};
    int argc = 0, code = ND_EX_FAILED;

    *p = (struct nd_api_printed){.status = ST_OK};
    cr_buf_init(&p->out, ND_API_OUT_MAX);
    cr_buf_init(&p->err, ERR_MAX);
    while (words[argc] != NULL && argc < WORDS_MAX - 1) {
        argv[argc] = strdup(words[argc]);
        if (argv[argc] == NULL)
            p->status = ST_NOMEM;
        argc++;
    }
    if (p->status == ST_OK)
        code = nd_cmd_parse(&c, argc, argv) == ST_OK ? run(&c, app, dir) : ND_EX_USAGE;
    nd_cmd_release(&c);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return code;
}

void nd_api_printed_release(struct nd_api_printed *p)
{
    cr_buf_release(&p->err);
    cr_buf_release(&p->out);
}

/* The error itself: the last line; what was said before it is for a terminal. */
static struct cr_span last_line(struct cr_span text)
{
    size_t end = text.n, at;

    while (end > 0 && text.p[end - 1] == '\n')
        end--;
    for (at = end; at > 0 && text.p[at - 1] != '\n';)
        at--;
    return (struct cr_span){text.p + at, end - at};
}

/* What was given is wrong, which has no exit code of its own. */
static bool is_content(struct cr_span line)
{
    static const enum st_code codes[] = {ST_MALFORMED, ST_OVERSIZE, ST_TRUNCATED, ST_RANGE};
    json_t *j = json_loadb((const char *)line.p, line.n, 0, NULL);
    const char *code = json_string_value(json_object_get(json_object_get(j, "error"), "code"));
    bool is = false;

    for (size_t i = 0; code != NULL && i < sizeof codes / sizeof codes[0]; i++)
        is = is || strcmp(code, st_name(codes[i])) == 0;
    json_decref(j);
    return is;
}

void nd_api_answer(struct nd_http_req *r, int code, const struct nd_api_printed *p)
{
    struct cr_span line = last_line(cr_buf_span(&p->err));

    if (p->status != ST_OK)
        nd_api_fail(r, p->status, "%s", st_text((enum st_code)p->status));
    else if (code == ND_EX_OK)
        nd_http_reply(r, 200, ND_API_JSON_TYPE, cr_buf_span(&p->out));
    else
        nd_http_reply(r, is_content(line) ? 422 : nd_api_verb_status(code), ND_API_JSON_TYPE, line);
}
