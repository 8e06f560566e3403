/* How a command line is read against the table of verbs (cmd_verbs.c). */
#include "node/cmd_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- nearest match ---- */

/* Edits between two words (insert, delete, replace), up to 32 letters. */
static size_t distance(const char *a, const char *b)
{
    size_t row[33], n = strlen(b);

    if (n > 32 || strlen(a) > 32)
        return 99;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

void nd_nearer(const char *word, const char *candidate, const char **best, size_t *best_distance)
{
    size_t d = distance(word, candidate);

    if (d < *best_distance && d <= 1 + strlen(word) / 3) {
        *best = candidate;
        *best_distance = d;
    }
}

int nd_usage(struct nd_cmd *c, const char *what, const char *word, const char *nearest)
{
    (void)nd_fail(c, ST_USAGE, "%s '%s'%s%s%s", what, word,
                  nearest == NULL ? "" : nd_tr(c, "，是不是 '", "; did you mean '"),
                  nearest == NULL ? "" : nearest, nearest == NULL ? "" : nd_tr(c, "'？", "'?"));
    return ST_USAGE;
}

/* ---- reading ---- */

static int unknown_verb(struct nd_cmd *c, const char *word, const char *of)
{
    const struct nd_verb *v;
    const char *best = NULL;
    size_t best_distance = 99;

    for (size_t i = 0; (v = nd_verb_at(i)) != NULL; i++) {
        if (of == NULL)
            nd_nearer(word, v->name, &best, &best_distance);
        else if (strcmp(of, v->name) == 0 && v->sub != NULL)
            nd_nearer(word, v->sub, &best, &best_distance);
    }
    return nd_usage(c, nd_tr(c, "没有这个命令", "no such command"), word, best);
}

static int find_record(struct nd_cmd *c, const char *word)
{
    const char *prefix = c->verb->record_prefix, *slash = strchr(word, '/');
    const char *best = NULL;
    size_t best_distance = 99, n = strlen(prefix);
    char name[128];

    (void)snprintf(name, sizeof name, "%.16s%.*s", prefix,
                   slash != NULL && slash - word < 64 ? (int)(slash - word) : 64, word);
    c->rec = sc_record_by_name(name);
    if (c->rec != NULL && slash != NULL)
        c->arg[c->arg_count++] = slash + 1; /* TYPE/ID */
    if (c->rec != NULL)
        return ST_OK;
    for (size_t i = 0; sc_record_at(i) != NULL; i++)
        if (strncmp(sc_record_at(i)->name, prefix, n) == 0)
            nd_nearer(word, sc_record_at(i)->name + n, &best, &best_distance);
    return nd_usage(c, nd_tr(c, "没有这种记录", "no such record"), word, best);
}

/* The verb's words: its name, its sub-verb, the record it takes. *at: next word. */
static int read_verb(struct nd_cmd *c, int argc, char **argv, int *at)
{
    const char *name = argv[*at];
    bool known = false;

    (*at)++;
    for (size_t i = 0; nd_verb_at(i) != NULL && c->verb == NULL; i++) {
        const struct nd_verb *v = nd_verb_at(i);

        if (strcmp(v->name, name) != 0)
            continue;
        known = true;
        if (v->sub == NULL) {
            c->verb = v;
        } else if (*at < argc && strcmp(v->sub, argv[*at]) == 0) {
            c->verb = v;
            (*at)++;
        }
    }
    if (c->verb == NULL && known && *at >= argc)
        return nd_usage(c, nd_tr(c, "命令还缺一个词", "a word is missing after"), name, NULL);
    if (c->verb == NULL)
        return known ? unknown_verb(c, argv[*at], name) : unknown_verb(c, name, NULL);
    if (c->verb->record_prefix != NULL && *at < argc && argv[*at][0] != '-')
        return find_record(c, argv[(*at)++]);
    return ST_OK;
}

bool nd_verb_option(const struct nd_cmd *c, const char *name)
{
    for (const struct nd_opt *o = c->verb->opts; o != NULL && o->name != NULL; o++)
        if (strcmp(o->name, name) == 0)
            return true;
    return false;
}

/* Whether the verb knows the option, and whether it takes a value. */
static bool known_option(const struct nd_cmd *c, const char *name, bool *takes)
{
    *takes = true;
    for (const struct nd_opt *o = c->verb->opts; o != NULL && o->name != NULL; o++)
        if (strcmp(o->name, name) == 0) {
            *takes = o->arg != NULL;
            return true;
        }
    return c->rec != NULL && sc_field_by_name(c->rec, name) != NULL;
}

static int unknown_option(struct nd_cmd *c, const char *name)
{
    const char *best = NULL;
    size_t best_distance = 99;

    for (const struct nd_opt *o = c->verb->opts; o != NULL && o->name != NULL; o++)
        nd_nearer(name, o->name, &best, &best_distance);
    for (size_t i = 0; c->rec != NULL && i < c->rec->field_count; i++)
        nd_nearer(name, c->rec->fields[i].name, &best, &best_distance);
    return nd_usage(c, nd_tr(c, "没有这个选项", "no such option"), name, best);
}

/* --name, --name=value or --name value. */
static int read_option(struct nd_cmd *c, int argc, char **argv, int *at)
{
    static char out[] = "out"; /* -o */
    char *name = strcmp(argv[*at], "-o") == 0 ? out : argv[*at] + 2;
    char *equals = strchr(name, '=');
    bool takes;

    if (equals != NULL)
        *equals = '\0';
    (*at)++;
    if (!known_option(c, name, &takes))
        return unknown_option(c, name);
    if (c->opt_count == ND_OPTS_MAX)
        return nd_usage(c, nd_tr(c, "选项太多", "too many options at"), name, NULL);
    c->opt[c->opt_count].name = name;
    if (equals != NULL)
        c->opt[c->opt_count].value = equals + 1;
    else if (!takes)
        c->opt[c->opt_count].value = "";
    else if (*at < argc)
        c->opt[c->opt_count].value = argv[(*at)++];
    else
        return nd_usage(c, nd_tr(c, "选项缺少值", "a value is missing after"), name, NULL);
    c->opt_count++;
    return ST_OK;
}

/* --name FILE or --name=FILE. */
static bool file_option(const char *a, const char *name, int argc, char **argv, int *at,
                        const char **out)
{
    size_t n = strlen(name);

    if (strcmp(a, name) == 0 && *at + 1 < argc)
        *out = argv[++*at];
    else if (strncmp(a, name, n) == 0 && a[n] == '=')
        *out = a + n + 1;
    else
        return false;
    return true;
}

/* --data, --json, --lang, --help and the files of keys: anywhere. True when argv[*at] was one; *at
 * is then behind it. */
static bool global_option(struct nd_cmd *c, int argc, char **argv, int *at)
{
    const char *a = argv[*at];

    if (strcmp(a, "--json") == 0)
        c->json = true;
    else if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0)
        c->help = true;
    else if (strcmp(a, "--data") == 0 && *at + 1 < argc)
        c->dir = argv[++*at];
    else if (strncmp(a, "--data=", 7) == 0)
        c->dir = a + 7;
    else if (file_option(a, "--pin-file", argc, argv, at, &c->pin_file) ||
             file_option(a, "--root-key", argc, argv, at, &c->root_key) ||
             file_option(a, "--key-passphrase-file", argc, argv, at, &c->pass_file))
        ; /* read */
    else if (strcmp(a, "--lang") == 0 && *at + 1 < argc)
        c->zh = strcmp(argv[++*at], "en") != 0;
    else if (strncmp(a, "--lang=", 7) == 0)
        c->zh = strcmp(a + 7, "en") != 0;
    else
        return false;
    (*at)++;
    return true;
}

int nd_cmd_parse(struct nd_cmd *c, int argc, char **argv)
{
    bool only_args = false;
    int rc = ST_OK;

    for (int i = 0; i < argc; i++) /* so that failures speak the right language */
        if (strcmp(argv[i], "--json") == 0)
            c->json = true;
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            c->zh = strcmp(argv[i + 1], "en") != 0;
    for (int at = 0; at < argc && rc == ST_OK;) {
        if (!only_args && global_option(c, argc, argv, &at))
            continue;
        if (!only_args && strcmp(argv[at], "--") == 0) {
            only_args = true;
            at++;
        } else if (c->verb == NULL) {
            rc = argv[at][0] == '-'
                     ? nd_usage(c, nd_tr(c, "没有这个选项", "no such option"), argv[at], NULL)
                     : read_verb(c, argc, argv, &at);
        } else if (!only_args && (strncmp(argv[at], "--", 2) == 0 || strcmp(argv[at], "-o") == 0)) {
            rc = read_option(c, argc, argv, &at);
        } else if (c->arg_count == ND_ARGS_MAX) {
            rc = nd_usage(c, nd_tr(c, "参数太多", "too many arguments at"), argv[at], NULL);
        } else {
            c->arg[c->arg_count++] = argv[at++];
        }
    }
    return rc;
}

int nd_cmd_run(struct nd_cmd *c)
{
    if (c->help || c->verb == NULL) {
        int code = nd_cmd_help(c);

        return c->help || code != ND_EX_OK ? code : ND_EX_USAGE;
    }
    return c->verb->run(c);
}

void nd_cmd_release(struct nd_cmd *c)
{
    free(c->state);
    c->state = NULL;
}

/* ---- options ---- */

const char *nd_opt_nth(const struct nd_cmd *c, const char *name, size_t nth)
{
    for (size_t i = 0; i < c->opt_count; i++)
        if (strcmp(c->opt[i].name, name) == 0 && nth-- == 0)
            return c->opt[i].value;
    return NULL;
}

const char *nd_opt(const struct nd_cmd *c, const char *name)
{
    return nd_opt_nth(c, name, 0);
}

int nd_opt_u64(struct nd_cmd *c, const char *name, uint64_t max, uint64_t fallback, uint64_t *out)
{
    const char *text = nd_opt(c, name);

    *out = fallback;
    if (text == NULL || cr_parse_u64(text, strlen(text), max, out) == ST_OK)
        return ST_OK;
    (void)nd_fail(c, ST_USAGE, "--%s: '%s' %s %llu", name, text,
                  nd_tr(c, "不是整数，最大", "is not a number up to"), (unsigned long long)max);
    return ST_USAGE;
}

int nd_opt_grid(struct nd_cmd *c, uint64_t *out)
{
    const char *text = nd_opt(c, "grid");

    *out = 0;
    if (text == NULL || nd_grid_parse(text, out) == ST_OK)
        return ST_OK;
    (void)nd_fail(c, ST_USAGE, "--grid '%s': 9, 12, 15", text);
    return ST_USAGE;
}

int nd_opt_page(struct nd_cmd *c, uint64_t *offset, uint64_t *limit)
{
    int rc = nd_opt_u64(c, "offset", UINT32_MAX, 0, offset);

    return rc == ST_OK ? nd_opt_u64(c, "limit", UINT32_MAX, 50, limit) : rc;
}

int nd_opt_date(struct nd_cmd *c, const char *name, uint64_t *out, struct st_err *err)
{
    const char *text = nd_opt(c, name);

    if (text == NULL)
        return ST_OK;
    if (sc_date_parse(text, 8 * 60, out) != ST_OK)
        return st_fail(err, ST_USAGE, "--%s '%s': %s", name, text,
                       nd_tr(c, "应为 2026-11-24 或 2026-11-24 08:30",
                             "2026-11-24 or 2026-11-24 08:30 is wanted"));
    return ST_OK;
}

int nd_opt_span(struct nd_cmd *c, const char *name, uint64_t fallback_ms, uint64_t *out)
{
    static const struct {
        char unit;
        uint64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    const char *text = nd_opt(c, name);
    size_t n = text == NULL ? 0 : strlen(text);
    uint64_t v;

    *out = fallback_ms;
    if (text == NULL)
        return ST_OK;
    for (size_t i = 0; n > 1 && i < sizeof units / sizeof units[0]; i++)
        if (text[n - 1] == units[i].unit && cr_parse_u64(text, n - 1, 36500, &v) == ST_OK) {
            *out = v * units[i].ms;
            return ST_OK;
        }
    (void)nd_fail(
        c, ST_USAGE, "--%s: '%s' %s", name, text,
        nd_tr(c, "不是时长，如 7d、12h、30m、45s", "is not a time such as 7d, 12h, 30m, 45s"));
    return ST_USAGE;
}
