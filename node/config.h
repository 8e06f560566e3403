/* DIR/fengsui.ini: what the node does when the command line does not say otherwise. INI without
 * sections: "listen = 0.0.0.0:7119", "log_level = warning"; ';' begins a comment. */
#ifndef NODE_CONFIG_H
#define NODE_CONFIG_H

#include "node/uv_loop.h"

struct nd_config {
    char listen[ND_UV_ADDR_MAX];
    int log_level; /* 0 error, 1 warning, 2 info, 3 debug */
};

/* "error", "warning", "info" or "debug"; ST_USAGE. */
int nd_log_level_parse(const char *text, int *out) ST_MUST;
/* Defaults, then the file when it is there. ST_MALFORMED with file, line and the nearest key;
 * ST_IO. */
int nd_config_load(const char *dir, struct nd_config *out, struct st_err *err) ST_MUST;

#endif
