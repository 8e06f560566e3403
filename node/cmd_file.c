/* Files that commands read and write, and what several of them ask for. */
#include "node/cmd.h"

#include "crypto/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int nd_read_file(const struct nd_cmd *c, const char *arg, size_t max, struct cr_buf *out,
                 struct st_err *err)
{
    char path[ND_PATH_MAX];
    uint8_t *at;
    FILE *f;
    int rc;

    nd_arg_path(c, arg, path, sizeof path);
    f = fopen(path, "re");
    if (f == NULL)
        return st_fail(err, errno == ENOENT ? ST_NOTFOUND : ST_IO, "read '%s': %s", path,
                       strerror(errno));
    cr_buf_init(out, max + 1);
    for (;;) {
        size_t room = max + 1 - out->n < 65536 ? max + 1 - out->n : 65536, got;

        rc = room == 0 ? ST_OVERSIZE : cr_buf_extend(out, room, &at);
        if (rc != ST_OK)
            break;
        got = fread(at, 1, room, f);
        out->n -= room - got;
        if (got < room)
            break;
    }
    if (rc == ST_OK && ferror(f) != 0)
        rc = ST_IO;
    if (rc == ST_OK && out->n > max)
        rc = ST_OVERSIZE;
    (void)fclose(f);
    if (rc == ST_OK)
        return ST_OK;
    cr_buf_release(out);
    return st_fail(err, (enum st_code)rc, "read '%s': %s", path, st_text((enum st_code)rc));
}

int nd_write_file(const struct nd_cmd *c, const char *arg, struct cr_span bytes, struct st_err *err)
{
    char path[ND_PATH_MAX];
    struct cr_buf old;
    int rc;

    nd_arg_path(c, arg, path, sizeof path);
    rc = cr_file_create(path, bytes, err);
    if (rc != ST_EXISTS || nd_read_file(c, arg, bytes.n, &old, NULL) != ST_OK)
        return rc;
    if (cr_span_equal(cr_buf_span(&old), bytes)) {
        if (err != NULL)
            *err = (struct st_err){0};
        rc = ST_OK;
    }
    cr_buf_release(&old);
    return rc;
}

bool nd_agreed(struct nd_cmd *c, const char *question)
{
    if (nd_opt(c, "yes") != NULL)
        return true;
    nd_say(c, "%s\n", question);
    return false;
}

static int by_code(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

int nd_opt_grants(struct nd_cmd *c, uint64_t *roles, size_t *count,
                  uint64_t prefixes[static SC_CERT_PREFIXES_MAX], struct st_err *err)
{
    const char *role = nd_opt(c, "role");
    size_t n = 0;

    if (role != NULL && nd_roles_parse(role, roles) != ST_OK)
        return st_fail(err, ST_USAGE, "--role '%s': village, street, officer, chief, …", role);
    for (size_t i = 0; nd_opt_nth(c, "grid", i) != NULL; i++) {
        if (i == SC_CERT_PREFIXES_MAX ||
            nd_grid_parse(nd_opt_nth(c, "grid", i), &prefixes[n++]) != ST_OK)
            return st_fail(err, ST_USAGE, "--grid '%s': up to %d codes of 9, 12 or 15 digits",
                           nd_opt_nth(c, "grid", i), SC_CERT_PREFIXES_MAX);
    }
    if (n == 0)
        return ST_OK;
    qsort(prefixes, n, sizeof prefixes[0], by_code);
    *count = 1;
    for (size_t i = 1; i < n; i++)
        if (prefixes[i] != prefixes[*count - 1])
            prefixes[(*count)++] = prefixes[i];
    return ST_OK;
}

void nd_grids_text(const uint64_t *prefixes, size_t count, char *out, size_t out_bytes)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < count && n < out_bytes; i++)
        n += (size_t)snprintf(out + n, out_bytes - n, "%s%llu", i > 0 ? "," : "",
                              (unsigned long long)prefixes[i]);
}
