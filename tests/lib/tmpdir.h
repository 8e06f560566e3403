/* A directory that is gone after the test. */
#ifndef TESTS_LIB_TMPDIR_H
#define TESTS_LIB_TMPDIR_H

#include <stddef.h>

#define TS_PATH_BYTES 512

struct ts_tmpdir {
    char path[TS_PATH_BYTES]; /* absolute; "" when released */
};

/* Makes a fresh empty directory (0700) under $TMPDIR or /tmp. Aborts when it cannot. */
void ts_tmpdir_init(struct ts_tmpdir *dir);
/* Removes the directory with everything in it, without following links out of it. With FS_KEEP_TMP
 * set in the environment it stays, and its path is printed. Accepts a zeroed or released one. */
void ts_tmpdir_release(struct ts_tmpdir *dir);
/* Writes "directory/name" into out (TS_PATH_BYTES) and returns out. Aborts when it does not fit. */
char *ts_tmpdir_path(const struct ts_tmpdir *dir, const char *name, char out[TS_PATH_BYTES]);

/* A whole file in one call; both abort when the system refuses. read returns the number of bytes in
 * the file and stores at most n of them. */
void ts_file_write(const char *path, const void *p, size_t n);
size_t ts_file_read(const char *path, void *p, size_t n);

#endif
