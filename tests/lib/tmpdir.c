#include "tests/lib/tmpdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/base/assert.h"

void ts_tmpdir_init(struct ts_tmpdir *dir)
{
    const char *base = getenv("TMPDIR");
    int n = snprintf(dir->path, sizeof dir->path, "%s/fengsui-test-XXXXXX",
                     base != NULL && base[0] == '/' ? base : "/tmp");

    CR_ASSERT(n > 0);
    CR_ASSERT((size_t)n < sizeof dir->path);
    CR_ASSERT(mkdtemp(dir->path) != NULL);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)where;
    if (kind == FTW_DNR)
        (void)chmod(path, 0700);
    (void)remove(path);
    return 0;
}

void ts_tmpdir_release(struct ts_tmpdir *dir)
{
    if (dir->path[0] == '\0')
        return;
    if (getenv("FS_KEEP_TMP") != NULL)
        (void)fprintf(stderr, "kept: %s\n", dir->path);
    else
        (void)nftw(dir->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    dir->path[0] = '\0';
}

char *ts_tmpdir_path(const struct ts_tmpdir *dir, const char *name, char out[TS_PATH_BYTES])
{
    int n = snprintf(out, TS_PATH_BYTES, "%s/%s", dir->path, name);

    CR_ASSERT(n > 0);
    CR_ASSERT(n < TS_PATH_BYTES);
    return out;
}

void ts_file_write(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");

    CR_ASSERT(f != NULL);
    CR_ASSERT(n == 0 || fwrite(p, 1, n, f) == n);
    CR_ASSERT(fclose(f) == 0);
}

size_t ts_file_read(const char *path, void *p, size_t n)
{
    FILE *f = fopen(path, "rb");
    char rest[4096];
    size_t total, more;

    CR_ASSERT(f != NULL);
    total = n > 0 ? fread(p, 1, n, f) : 0;
    while ((more = fread(rest, 1, sizeof rest, f)) > 0)
        total += more;
    CR_ASSERT(!ferror(f));
    CR_ASSERT(fclose(f) == 0);
    return total;
}
