#include "node/config_map.h"

#include "schema/record.h"
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

static const char *const column_names[ND_MC_COUNT] = {
    [ND_MC_ROW] = "row",         [ND_MC_CASE] = "case", [ND_MC_OPENED] = "opened",
    [ND_MC_CLOSED] = "closed",   [ND_MC_CODE] = "code", [ND_MC_TEXT] = "text",
    [ND_MC_ADDRESS] = "address", [ND_MC_GRID] = "grid",
};

struct loading {
    struct nd_map *m;
    const char *reason; /* of the first line that was refused */
};

static int refuse(struct loading *l, const char *reason)
{
    l->reason = reason;
    return 0;
}

static bool copy(char out[static ND_MAP_NAME_MAX], const char *text)
{
    size_t n = strlen(text);
    if (n == 0 || n >= ND_MAP_NAME_MAX || !cr_utf8_valid((const uint8_t *)text, n))
        return false;
    memcpy(out, text, n + 1);
    return true;
}

/* "+08:00", "-05:00" */
static bool parse_offset(const char *t, int *out)
{
    uint64_t h, m;
    if (strlen(t) != 6 || (t[0] != '+' && t[0] != '-') || t[3] != ':')
        return false;
    const char *hours = t[1] == '0' ? t + 2 : t + 1, *minutes = t[4] == '0' ? t + 5 : t + 4;
    if (cr_parse_u64(hours, (size_t)(t + 3 - hours), 14, &h) != ST_OK ||
        cr_parse_u64(minutes, (size_t)(t + 6 - minutes), 59, &m) != ST_OK)
        return false;
    *out = (t[0] == '-' ? -1 : 1) * (int)(h * 60 + m);
    return true;
}

static int take_rule(struct loading *l, bool is_code, const char *key, const char *value)
{
    struct nd_map_rule *list = is_code ? l->m->codes : l->m->grids;
    size_t *count = is_code ? &l->m->code_count : &l->m->grid_count;
    if (*count == ND_MAP_RULES_MAX)
        return refuse(l, "too many rules");
    struct nd_map_rule *r = &list[*count];
    memset(r, 0, sizeof *r);
    if (!copy(r->from, key))
        return refuse(l, "left side is empty or too long");
    size_t n = strlen(r->from);
    r->any_tail = r->from[n - 1] == '*';
    if (r->any_tail)
        r->from[n - 1] = '\0';
    if (is_code) {
        if (sc_hazard_code_find(cr_span_text(value)) == NULL)
            return refuse(l, "right side is not a hazard code");
        memcpy(r->code, value, strlen(value) + 1); /* codes are 3 characters: found above */
    } else if (cr_parse_u64(value, strlen(value), UINT64_MAX, &r->grid) != ST_OK ||
               sc_grid_level(r->grid) < 2) {
        return refuse(l, "right side is not a village or group code");
    }
    ++*count;
    return 1;
}

static int take(void *user, const char *section, const char *key, const char *value)
{
    struct loading *l = (struct loading *)user;
    struct nd_map *m = l->m;
    if (strcmp(section, "code") == 0 || strcmp(section, "grid") == 0)
        return take_rule(l, section[0] == 'c', key, value);
    if (strcmp(section, "columns") == 0) {
        for (int c = 0; c < ND_MC_COUNT; c++)
            if (strcmp(key, column_names[c]) == 0)
                return copy(m->column[c], value) ? 1
                                                 : refuse(l, "column name is empty or too long");
        return refuse(l, "unknown key in [columns]");
    }
    if (strcmp(section, "source") != 0)
        return refuse(l, "unknown section");
    if (strcmp(key, "name") == 0)
        return copy(m->source, value) ? 1 : refuse(l, "name is empty or too long");
    if (strcmp(key, "assignee") == 0)
        return copy(m->assignee, value) ? 1 : refuse(l, "assignee is empty or too long");
    if (strcmp(key, "utc_offset") == 0)
        return parse_offset(value, &m->utc_offset_min) ? 1 : refuse(l, "utc_offset is not +HH:MM");
    if (strcmp(key, "groups") == 0)
        return cr_parse_u64(value, strlen(value), 899, &m->groups) == ST_OK
                   ? 1
                   : refuse(l, "groups is not 0..899");
    return refuse(l, "unknown key in [source]");
}

int nd_map_load(const char *path, struct nd_map *out, struct st_err *err)
{
    struct loading l = {.m = out};
    memset(out, 0, sizeof *out);
    FILE *f = fopen(path, "rbe");
    if (f == NULL)
        return st_fail(err, errno == ENOENT ? ST_NOTFOUND : ST_IO, "%s: %s", path, strerror(errno));
    int line = ini_parse_file(f, take, &l);
    fclose(f);
    if (line > 0)
        return st_fail(err, ST_MALFORMED, "%s:%d: %s", path, line,
                       l.reason != NULL ? l.reason : "not key = value");
    if (line < 0)
        return st_fail(err, ST_IO, "%s: cannot read", path);
    if (out->source[0] == '\0')
        return st_fail(err, ST_MALFORMED, "%s: [source] name is missing", path);
    static const enum nd_map_column needed[] = {ND_MC_ROW, ND_MC_OPENED, ND_MC_CODE, ND_MC_GRID};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (out->column[needed[i]][0] == '\0')
            return st_fail(err, ST_MALFORMED, "%s: [columns] %s is missing", path,
                           column_names[needed[i]]);
    return ST_OK;
}

static const struct nd_map_rule *find(const struct nd_map_rule *list, size_t n, struct cr_span text)
{
    const struct nd_map_rule *best = NULL;
    size_t best_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        size_t bytes = strlen(list[i].from);
        if (bytes > text.n || memcmp(list[i].from, text.p, bytes) != 0)
            continue;
        if (!list[i].any_tail && bytes == text.n)
            return &list[i];
        if (list[i].any_tail && (best == NULL || bytes > best_bytes)) {
            best = &list[i];
            best_bytes = bytes;
        }
    }
    return best;
}

const struct nd_map_rule *nd_map_code(const struct nd_map *m, struct cr_span foreign)
{
    return find(m->codes, m->code_count, foreign);
}

const struct nd_map_rule *nd_map_grid(const struct nd_map *m, struct cr_span foreign)
{
    return find(m->grids, m->grid_count, foreign);
}

int nd_map_date(struct cr_span t, int utc_offset_min, uint64_t *out)
{
    char text[20]; /* the longest form, to the second */
    if (t.n < 10 || t.n >= sizeof text || memchr(t.p, 0, t.n) != NULL || memcmp(t.p, "1971", 4) < 0)
        return ST_MALFORMED;
    memcpy(text, t.p, t.n);
    text[t.n] = '\0';
    return sc_date_parse(text, utc_offset_min, out);
}
