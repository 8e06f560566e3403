/* The files of the page, made at build time out of node/web/dist (node/web/embed). */
#ifndef NODE_HTTP_PAGE_H
#define NODE_HTTP_PAGE_H

#include <stddef.h>
#include <stdint.h>

struct nd_page_file {
    const char *name, *type, *etag; /* etag: quoted, of the bytes */
    const uint8_t *gzip;
    size_t gzip_bytes;
};
extern const struct nd_page_file nd_page_files[];
extern const size_t nd_page_file_count;

#endif
