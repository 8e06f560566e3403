/* Small private files, such as keys: written whole or not at all, readable by their owner only.
 *
 * Writing: a private temporary beside the target (0600, O_NOFOLLOW), fsync, published under its
 * name, fsync of the directory: a crash leaves the file as it was or the whole new one, and perhaps
 * a temporary (PATH.HEX.new) that nobody reads. */
#ifndef CRYPTO_FILE_H
#define CRYPTO_FILE_H

#include "crypto/base/bytes.h"

/* A new file; never on top of another: link() decides that atomically, file systems without hard
 * links (a USB stick) get a check followed by rename(). ST_EXISTS, ST_IO, ST_FULL, ST_DENIED,
 * ST_READONLY, ST_NOTFOUND (no such directory), ST_RANGE (path too long). An error leaves no file.
 */
int cr_file_create(const char *path, struct cr_span bytes, struct st_err *err) ST_MUST;
/* Takes the place of what is there, or of nothing. Errors as above, without ST_EXISTS. An error
 * leaves the old file; when only the last step failed (the directory cannot be synced) the new one
 * may be there already. */
int cr_file_replace(const char *path, struct cr_span bytes, struct st_err *err) ST_MUST;
/* At most max bytes into p; *n how many: read one byte more than is allowed to notice what is too
 * long. A regular file, no link. *others: group or others can touch it (a stick without modes);
 * NULL: that is refused. ST_NOTFOUND, ST_DENIED, ST_IO. */
int cr_file_read(const char *path, uint8_t *p, size_t max, size_t *n, bool *others,
                 struct st_err *err) ST_MUST;
/* The refusal of a private file that is open to others. */
int cr_file_refuse_open(const char *path, struct st_err *err);
/* Removes it and syncs the directory; nothing there is as good. ST_IO, ST_DENIED, ST_READONLY. */
int cr_file_remove(const char *path, struct st_err *err) ST_MUST;

#endif
