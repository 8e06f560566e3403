/* The page: the built files of node/web, compressed, in the program itself. */
#include "node/http_page.h"
#include "node/http_api_int.h"

#include <string.h>

void nd_api_page(void *arg, struct nd_http_req *r)
{
    const char *name = strcmp(nd_http_path(r), "/") == 0 ? "index.html" : nd_http_segment(r, 0);
    const char *known = nd_http_header(r, "If-None-Match");

    (void)arg;
    for (size_t i = 0; i < nd_page_file_count; i++) {
        const struct nd_page_file *f = &nd_page_files[i];

        if (strcmp(f->name, name) != 0)
            continue;
        nd_http_add_header(r, "ETag", f->etag);
        nd_http_add_header(r, "Cache-Control", "no-cache");
        nd_http_add_header(r, "Content-Encoding", "gzip");
        nd_http_add_header(r, "Vary", "Accept-Encoding");
        if (known != NULL && strcmp(known, f->etag) == 0)
            nd_http_reply(r, 304, f->type, cr_span_of("", 0));
        else
            nd_http_reply_static(r, 200, f->type, cr_span_of(f->gzip, f->gzip_bytes));
        return;
    }
    nd_api_fail(r, ST_NOTFOUND, "%s", nd_api_tr(r, "没有这个页面", "there is nothing here"));
}
