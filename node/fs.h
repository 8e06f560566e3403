/* Small things with files that several parts need: errors of the system as statuses, paths. */
#ifndef NODE_FS_H
#define NODE_FS_H

#include "crypto/base/bytes.h"

#define ND_FS_PATH 4096

/* errno as a status: "what path: reason". */
int nd_fs_fail(struct st_err *err, const char *what, const char *path);
/* dir/name; ST_OVERSIZE. out must not overlap either. */
int nd_fs_join(const char *dir, const char *name, char out[static ND_FS_PATH],
               struct st_err *err) ST_MUST;
/* The directory of a path ("." and "/" included). ST_OVERSIZE. */
int nd_fs_parent(const char *path, char out[static ND_FS_PATH], struct st_err *err) ST_MUST;
/* Names in the directory are on the disk; a file system that cannot say so is believed. */
int nd_fs_sync_dir(const char *dir, struct st_err *err) ST_MUST;
/* All bytes, over interruptions. */
int nd_fs_write(int fd, struct cr_span bytes, const char *path, struct st_err *err) ST_MUST;

#endif
