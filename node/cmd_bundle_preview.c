/* What a file would bring, without writing: read by the same bounded readers, compared with how far
 * the logs reach here, nothing verified. Only the import says what counts. */
#include "node/cmd_bundle.h"
#include "schema/pack.h"

#include <stdlib.h>

/* A log as the file names it. */
struct named {
    struct sc_log_key key;
    uint64_t held;
};
struct preview {
    struct nd_cmd *c;
    struct nd_tally *tally;
    struct sc_unpack *unpack;
    struct cr_buf raw;
    struct sc_run *run;
    struct named *log;
    size_t log_count, log_cap;
    uint64_t known;
};

static int name_log(struct preview *p, const struct sc_log_key *key)
{
    struct sy_log log;

    if (p->log_count == p->log_cap) {
        size_t cap = p->log_cap == 0 ? 64 : p->log_cap * 2;
        struct named *grown =
            cap > SC_BUNDLE_LOGS_MAX ? NULL : realloc(p->log, cap * sizeof *grown);

        if (grown == NULL)
            return ST_NOMEM;
        p->log = grown;
        p->log_cap = cap;
    }
    p->log[p->log_count].key = *key;
    p->log[p->log_count].held =
        nd_store_log(p->c->app->store, key, &log) == ST_OK ? log.link.seq_next : 0;
    p->log_count++;
    return ST_OK;
}

static int preview_run(struct preview *p)
{
    const struct sc_run *run = p->run;
    struct named *log;
    size_t from = 0;

    if (run->has_key && name_log(p, &run->key) != ST_OK)
        return ST_NOMEM;
    if (!run->has_key && run->log_ref >= p->log_count)
        return ST_MALFORMED;
    log = &p->log[run->has_key ? p->log_count - 1 : (size_t)run->log_ref];
    if (log->held > run->first_seq)
        from = log->held - run->first_seq < run->count ? (size_t)(log->held - run->first_seq)
                                                       : run->count;
    p->known += from;
    if (from < run->count)
        nd_tally_run(p->tally, &log->key, run, NULL, from);
    return ST_OK;
}

static int preview_frame(struct preview *p, struct cr_span frame)
{
    struct cr_span body = cr_span_of(frame.p + 1, frame.n - 1);
    struct sc_reader r;
    uint64_t runs;
    int rc;

    if (frame.p[0] == SC_FT_URGENT) {
        struct sc_urgent u;

        rc = sc_urgent_decode(body, &u, NULL);
        if (rc == ST_OK)
            nd_tally_urgent(p->tally, &u);
        return rc;
    }
    cr_buf_clear(&p->raw);
    rc = sc_unpack_block(p->unpack, body, SC_BATCH_RAW_MAX, &p->raw);
    if (rc == ST_OK)
        rc = sc_batch_open(cr_buf_span(&p->raw), &r, &runs);
    for (uint64_t i = 0; rc == ST_OK && i < runs; i++) {
        rc = sc_run_decode(&r, p->run, NULL);
        if (rc == ST_OK)
            rc = preview_run(p);
    }
    return rc == ST_OK ? sc_reader_finish(&r) : rc;
}

int nd_bundle_preview(struct nd_cmd *c, struct nd_bundle_in *in, struct nd_tally *t,
                      struct sc_bundle_end *end, uint64_t *known, struct st_err *err)
{
    struct preview p = {
        .c = c, .tally = t, .unpack = sc_unpack_new(), .run = malloc(sizeof *p.run)};
    struct cr_span frame;
    int rc = p.unpack == NULL || p.run == NULL ? st_fail(err, ST_NOMEM, "no memory") : ST_OK;

    cr_buf_init(&p.raw, SC_BATCH_RAW_MAX);
    while (rc == ST_OK) {
        rc = nd_bundle_in_next(in, &frame, end, err);
        if (rc != ST_OK)
            break;
        rc = preview_frame(&p, frame);
        if (rc != ST_OK)
            (void)st_fail(err, (enum st_code)rc, "bundle: a frame that cannot be read: %s",
                          st_text((enum st_code)rc));
    }
    *known = p.known;
    sc_unpack_free(p.unpack);
    cr_buf_release(&p.raw);
    free(p.run);
    free(p.log);
    return rc;
}
