#include "node/config.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct reading {
    struct nd_config *out;
    char what[160]; /* the first fault */
};

int nd_log_level_parse(const char *text, int *out)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};

    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return ST_OK;
        }
    return ST_USAGE;
}

/* inih: 0 is a fault. */
static int on_value(void *arg, const char *section, const char *name, const char *value)
{
    struct reading *r = arg;

    if (section[0] != '\0')
        (void)snprintf(r->what, sizeof r->what, "section '%.40s' is not known", section);
    else if (strcmp(name, "listen") == 0 && strlen(value) < sizeof r->out->listen)
        (void)snprintf(r->out->listen, sizeof r->out->listen, "%s", value);
    else if (strcmp(name, "listen") == 0)
        (void)snprintf(r->what, sizeof r->what, "listen: address too long");
    else if (strcmp(name, "log_level") != 0)
        (void)snprintf(r->what, sizeof r->what,
                       "key '%.40s' is not known; there are listen and log_level", name);
    else if (nd_log_level_parse(value, &r->out->log_level) != ST_OK)
        (void)snprintf(r->what, sizeof r->what,
                       "log_level '%.40s' is not error, warning, info or debug", value);
    return r->what[0] == '\0';
}

int nd_config_load(const char *dir, struct nd_config *out, struct st_err *err)
{
    struct nd_config c = {.listen = "0.0.0.0:7119", .log_level = 1};
    struct reading r = {.out = &c};
    char path[4096];
    int line;

    if (snprintf(path, sizeof path, "%s/fengsui.ini", dir) >= (int)sizeof path)
        return st_fail(err, ST_OVERSIZE, "data directory '%s': path too long", dir);
    if (access(path, F_OK) == 0) {
        line = ini_parse(path, on_value, &r);
        if (line < 0)
            return st_fail(err, ST_IO, "'%s' cannot be read", path);
        if (line > 0)
            return st_fail(err, ST_MALFORMED, "'%s' line %d: %s", path, line,
                           r.what[0] != '\0' ? r.what : "not of the form key = value");
    }
    *out = c;
    return ST_OK;
}
