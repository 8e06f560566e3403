/* Batches of runs: the frames that carry nearly all bytes. Columns (lamports, walls, payloads)
 * rather than rows, because they compress better; differences rather than values, for the same
 * reason. */
#include "schema/frame_parts.h"

#include "crypto/base/assert.h"

static void write_columns(struct sc_writer *w, const struct sc_run *run)
{
    uint64_t lamport = 0;
    int64_t wall = 0;

    sc_write_array(w, run->count);
    for (size_t i = 0; i < run->count; i++) {
        CR_ASSERT(run->e[i].lamport > lamport);
        sc_write_u64(w, run->e[i].lamport - lamport);
        lamport = run->e[i].lamport;
    }
    sc_write_array(w, run->count);
    for (size_t i = 0; i < run->count; i++) {
        CR_ASSERT(run->e[i].wall_ms <= SC_WALL_MS_MAX);
        sc_write_i64(w, (int64_t)run->e[i].wall_ms - wall);
        wall = (int64_t)run->e[i].wall_ms;
    }
}

static void write_payloads(struct sc_writer *w, const struct sc_run *run)
{
    size_t total = 0;

    sc_write_array(w, run->count);
    for (size_t i = 0; i < run->count; i++) {
        const struct sc_wire_entry *e = &run->e[i];

        if (e->pruned) {
            CR_ASSERT(e->payload_bytes >= 1 && e->payload_bytes <= SC_PAYLOAD_MAX);
            sc_write_array(w, 2);
            sc_write_bin(w, cr_hash_span(&e->payload_hash));
            sc_write_u64(w, e->payload_bytes);
        } else {
            CR_ASSERT(e->payload.n >= 1 && e->payload.n <= SC_PAYLOAD_MAX);
            total += e->payload.n;
            sc_write_bin(w, e->payload);
        }
    }
    CR_ASSERT(total <= SC_RUN_BYTES_MAX);
}

static bool has_suites(const struct sc_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        if (run->e[i].other_suite != 0)
            return true;
    return false;
}

static void write_suites(struct sc_writer *w, const struct sc_run *run)
{
    uint8_t suites[SC_RUN_ENTRIES_MAX];

    for (size_t i = 0; i < run->count; i++)
        suites[i] = (uint8_t)sc_wire_suite(&run->e[i]);
    sc_write_bin(w, cr_span_of(suites, run->count));
}

int sc_run_encode(const struct sc_run *run, struct cr_buf *out)
{
    struct sc_writer w;
    size_t before = out->n;
    bool suites;

    CR_ASSERT(run->count >= 1 && run->count <= SC_RUN_ENTRIES_MAX);
    CR_ASSERT(run->first_seq <= SC_SEQ_MAX - (run->count - 1));
    CR_ASSERT(run->has_key || run->log_ref <= SC_LOG_REF_MAX);
    sc_writer_init(&w, out);
    CR_ASSERT(!run->has_before || run->first_seq > 0);
    suites = has_suites(run);
    sc_write_array(&w, suites ? 8 : run->has_before ? 7 : 6);
    if (run->has_key)
        sc_key_write(&w, &run->key);
    else
        sc_write_u64(&w, run->log_ref);
    sc_write_u64(&w, run->first_seq);
    write_columns(&w, run);
    write_payloads(&w, run);
    sc_write_bin(&w, cr_span_of(run->sig.b, CR_SIG_BYTES));
    if (run->has_before)
        sc_write_bin(&w, cr_span_of(run->before8, sizeof run->before8));
    else if (suites)
        sc_write_nil(&w);
    if (suites)
        write_suites(&w, run);
    return sc_frame_end(&w, before, SC_BATCH_RAW_MAX);
}

int sc_batch_head(uint64_t run_count, struct cr_buf *out)
{
    struct sc_writer w;

    CR_ASSERT(run_count >= 1 && run_count <= SC_BATCH_RUNS_MAX);
    sc_writer_init(&w, out);
    sc_write_array(&w, run_count);
    return w.status;
}

int sc_batch_open(struct cr_span raw, struct sc_reader *r, uint64_t *run_count)
{
    sc_reader_init(r, raw);
    if (raw.n > SC_BATCH_RAW_MAX)
        return sc_reader_fail(r, ST_OVERSIZE);
    if (sc_read_array(r, SC_BATCH_RUNS_MAX, run_count) == ST_OK && *run_count == 0)
        return sc_reader_fail(r, ST_MALFORMED);
    return r->status;
}

static void read_lamports(struct sc_reader *r, struct sc_run *out)
{
    uint64_t count, lamport = 0;

    sc_read_array(r, SC_RUN_ENTRIES_MAX, &count);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t delta;

        if (sc_read_u64(r, i == 0 ? UINT64_MAX : SC_LAMPORT_STEP_MAX, &delta) != ST_OK)
            return;
        if (delta == 0 || !cr_add_u64(lamport, delta, &lamport)) {
            (void)sc_reader_fail(r, ST_RANGE);
            return;
        }
        out->e[i].lamport = lamport;
    }
    if (r->status == ST_OK && (count == 0 || out->first_seq > SC_SEQ_MAX - (count - 1)))
        (void)sc_reader_fail(r, ST_RANGE);
    out->count = (size_t)count;
}

static void read_walls(struct sc_reader *r, struct sc_run *out)
{
    const int64_t max = (int64_t)SC_WALL_MS_MAX;
    int64_t wall = 0;

    sc_read_tuple(r, out->count);
    for (size_t i = 0; i < out->count; i++) {
        int64_t delta;

        if (sc_read_i64(r, -max, max, &delta) != ST_OK)
            return;
        wall += delta;
        if (wall < 0 || wall > max) {
            (void)sc_reader_fail(r, ST_RANGE);
            return;
        }
        out->e[i].wall_ms = (uint64_t)wall;
    }
}

static void read_pruned(struct sc_reader *r, struct sc_wire_entry *e)
{
    e->payload = cr_span_of(NULL, 0);
    sc_read_tuple(r, 2);
    sc_read_fixed(r, CR_HASH_BYTES, e->payload_hash.b);
    if (sc_read_u64(r, SC_PAYLOAD_MAX, &e->payload_bytes) == ST_OK && e->payload_bytes == 0)
        (void)sc_reader_fail(r, ST_RANGE);
}

static void read_payloads(struct sc_reader *r, struct sc_run *out)
{
    size_t total = 0;

    sc_read_tuple(r, out->count);
    for (size_t i = 0; i < out->count && r->status == ST_OK; i++) {
        struct sc_wire_entry *e = &out->e[i];

        e->other_suite = 0;
        e->pruned = sc_peek(r) == SC_PEEK_ARRAY;
        if (e->pruned) {
            read_pruned(r, e);
        } else {
            sc_wire_payload_read(r, &e->payload);
            e->payload_bytes = 0;
            total += e->payload.n;
        }
    }
    if (total > SC_RUN_BYTES_MAX)
        (void)sc_reader_fail(r, ST_OVERSIZE);
}

/* A column that says nothing is no column: one run has one encoding. */
static void read_suites(struct sc_reader *r, struct sc_run *out)
{
    struct cr_span suites;
    bool other = false;

    if (sc_read_bin(r, SC_RUN_ENTRIES_MAX, &suites) != ST_OK)
        return;
    for (size_t i = 0; i < suites.n && suites.n == out->count; i++) {
        if (suites.p[i] == 0) {
            (void)sc_reader_fail(r, ST_RANGE);
            return;
        }
        if (suites.p[i] == SC_SUITE_ED25519_BLAKE2B)
            continue;
        out->e[i].other_suite = suites.p[i];
        other = true;
    }
    if (!other)
        (void)sc_reader_fail(r, ST_MALFORMED);
}

/* What stands behind the signature: before, suites. */
static int read_tail(struct sc_reader *r, uint64_t items, struct sc_run *out, struct st_err *err)
{
    out->has_before = items == 7 || (items == 8 && sc_peek(r) != SC_PEEK_NIL);
    if (out->has_before) {
        if (out->first_seq == 0)
            (void)sc_reader_fail(r, ST_RANGE);
        sc_read_fixed(r, sizeof out->before8, out->before8);
    } else if (items == 8) {
        sc_read_nil(r);
    }
    if (r->status != ST_OK)
        return sc_frame_fail(r, err, "run", "chain value before");
    if (items == 8)
        read_suites(r, out);
    return r->status == ST_OK ? ST_OK : sc_frame_fail(r, err, "run", "suites");
}

int sc_run_decode(struct sc_reader *r, struct sc_run *out, struct st_err *err)
{
    uint64_t items;

    if (sc_read_array(r, 8, &items) == ST_OK && items < 6)
        (void)sc_reader_fail(r, ST_MALFORMED);
    out->has_key = sc_peek(r) == SC_PEEK_ARRAY;
    out->log_ref = 0;
    if (out->has_key)
        sc_key_read(r, &out->key);
    else
        sc_read_u64(r, SC_LOG_REF_MAX, &out->log_ref);
    if (sc_read_u64(r, SC_SEQ_MAX, &out->first_seq) != ST_OK)
        return sc_frame_fail(r, err, "run", "log or first seq");
    read_lamports(r, out);
    if (r->status != ST_OK)
        return sc_frame_fail(r, err, "run", "lamports");
    read_walls(r, out);
    if (r->status != ST_OK)
        return sc_frame_fail(r, err, "run", "walls");
    read_payloads(r, out);
    if (r->status != ST_OK)
        return sc_frame_fail(r, err, "run", "payloads");
    if (sc_read_fixed(r, CR_SIG_BYTES, out->sig.b) != ST_OK)
        return sc_frame_fail(r, err, "run", "signature");
    return read_tail(r, items, out, err);
}
