/* See space.h. */
#include "tests/bench/space.h"

#include "crypto/base/assert.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(int rc, const struct st_err *err)
{
    if (rc != ST_OK)
        fprintf(stderr, "store: %s: %s\n", st_text((enum st_code)rc), err->msg);
    CR_ASSERT(rc == ST_OK);
}

static struct nd_store *open_store(const struct nd_store_options *o)
{
    struct st_err err = {.msg = ""};
    struct nd_store *s = NULL;

    check(nd_store_open(o, &s, &err), &err);
    return s;
}

struct nd_store *bs_create(struct bg_gen *g, const char *dir)
{
    struct nd_store_options o = {.dir = dir, .create = true, .genesis = bg_genesis(g)};
    struct nd_store *s = open_store(&o);
    struct st_err err = {.msg = ""};
    uint64_t scopes[SC_SCOPES_MAX];
    size_t n = bg_scopes(g, scopes);

    check(nd_store_set_scopes(s, scopes, n, &err), &err);
    return s;
}

struct nd_store *bs_open(const char *dir)
{
    struct nd_store_options o = {.dir = dir};

    return open_store(&o);
}

static int take_run(void *arg, const struct nd_run *r)
{
    struct bs_fill *f = arg;
    struct st_err err = {.msg = ""};

    if (f->in_txn == 0)
        check(nd_store_begin(f->store, &err), &err);
    check(nd_store_apply(f->store, r, NULL, &err), &err);
    for (size_t i = 0; f->payloads != NULL && i < r->run->count; i++)
        check(cr_buf_append(f->payloads, r->run->e[i].payload.p, r->run->e[i].payload.n), &err);
    f->in_txn += r->run->count;
    f->entries += r->run->count;
    f->runs++;
    if (f->in_txn >= BS_TXN_ENTRIES)
        bs_fill_end(f);
    return ST_OK;
}

struct bg_sink bs_sink(struct bs_fill *f)
{
    return (struct bg_sink){take_run, f};
}

void bs_fill_end(struct bs_fill *f)
{
    struct st_err err = {.msg = ""};

    if (f->in_txn > 0)
        check(nd_store_commit(f->store, &err), &err);
    f->in_txn = 0;
}

void bs_make(struct bg_gen *g, const char *dir, uint64_t n)
{
    struct bs_fill f = {.store = bs_create(g, dir)};
    struct bg_sink sink = bs_sink(&f);
    int rc = bg_public(g, &sink);

    if (rc == ST_OK)
        rc = bg_hazards(g, n, BG_ALL, &sink);
    if (rc == ST_OK)
        rc = bg_finish(g, &sink);
    CR_ASSERT(rc == ST_OK);
    bs_fill_end(&f);
    nd_store_close(f.store);
}

static void db_path(const char *dir, char out[TS_PATH_BYTES])
{
    (void)snprintf(out, TS_PATH_BYTES, "%.400s/fengsui.db", dir);
}

void bs_copy(const char *from, const char *to)
{
    static const size_t block = (size_t)1 << 20;
    char path[TS_PATH_BYTES];
    uint8_t *bytes = malloc(block);
    ssize_t n;
    int in, out;

    CR_ASSERT(bytes != NULL);
    CR_ASSERT(mkdir(to, 0700) == 0);
    db_path(from, path);
    in = open(path, O_RDONLY | O_CLOEXEC);
    db_path(to, path);
    out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    CR_ASSERT(in >= 0);
    CR_ASSERT(out >= 0);
    while ((n = read(in, bytes, block)) > 0)
        CR_ASSERT(write(out, bytes, (size_t)n) == n);
    CR_ASSERT(n == 0);
    (void)close(in);
    (void)close(out);
    free(bytes);
}

uint64_t bs_bytes(const char *dir)
{
    char path[TS_PATH_BYTES];
    struct stat st;

    db_path(dir, path);
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}
