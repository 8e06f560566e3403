/* The manifest: canonical MessagePack, a map of small keys. All of it comes from outside when a
 * backup is read, though from someone who knew the pass phrase: counts are bounded before memory is
 * taken, and a name is one of those that a data directory has, so that a restore writes nowhere
 * else. */
#include "node/backup.h"

#include "schema/wire.h"

#include <stdlib.h>
#include <string.h>

#define MANIFEST_VERSION 1

enum key { /* never given another meaning */
           K_VERSION = 1,
           K_SPACE = 2,
           K_NET = 3,
           K_NODE = 4,
           K_NODE_PK = 5,
           K_MADE = 6,
           K_SCHEMA = 7,
           K_ENTRIES = 8,
           K_LOGS = 9,
           K_HEADS = 10,
           K_FILES = 11,
           K_COUNT = 11,
};

void nd_backup_manifest_release(struct nd_backup_manifest *m)
{
    free(m->file);
    *m = (struct nd_backup_manifest){.file = NULL};
}

bool nd_backup_name_ok(const char *name)
{
    static const char *const fixed[] = {ND_BACKUP_STORE, "node.key", "root.key", "next-root.key",
                                        "fengsui.ini"};
    size_t n = strlen(name);

    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (strcmp(name, fixed[i]) == 0)
            return true;
    if (n > ND_BACKUP_NAME_MAX || n < sizeof "keys/x.key" - 1 || strncmp(name, "keys/", 5) != 0 ||
        name[5] == '.' || strchr(name + 5, '/') != NULL || strcmp(name + n - 4, ".key") != 0)
        return false;
    for (size_t i = 5; i < n; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    return cr_utf8_valid((const uint8_t *)name, n);
}

int nd_backup_manifest_encode(const struct nd_backup_manifest *m, struct cr_buf *out)
{
    struct sc_writer w;

    sc_writer_init(&w, out);
    sc_write_map(&w, K_COUNT);
    sc_write_u64(&w, K_VERSION);
    sc_write_u64(&w, MANIFEST_VERSION);
    sc_write_u64(&w, K_SPACE);
    sc_write_text(&w, cr_span_text(m->space));
    sc_write_u64(&w, K_NET);
    sc_write_bin(&w, cr_hash_span(&m->net));
    sc_write_u64(&w, K_NODE);
    sc_write_text(&w, cr_span_text(m->node));
    sc_write_u64(&w, K_NODE_PK);
    sc_write_bin(&w, cr_span_of(m->node_pk.b, sizeof m->node_pk.b));
    sc_write_u64(&w, K_MADE);
    sc_write_u64(&w, m->made_ms);
    sc_write_u64(&w, K_SCHEMA);
    sc_write_u64(&w, m->schema);
    sc_write_u64(&w, K_ENTRIES);
    sc_write_u64(&w, m->entries);
    sc_write_u64(&w, K_LOGS);
    sc_write_u64(&w, m->logs);
    sc_write_u64(&w, K_HEADS);
    sc_write_bin(&w, cr_hash_span(&m->heads));
    sc_write_u64(&w, K_FILES);
    sc_write_array(&w, m->file_count);
    for (size_t i = 0; i < m->file_count; i++) {
        sc_write_array(&w, 2);
        sc_write_text(&w, cr_span_text(m->file[i].name));
        sc_write_u64(&w, m->file[i].bytes);
    }
    return w.status;
}

static void read_name(struct sc_reader *r, char *out, size_t max)
{
    struct cr_span s;

    if (sc_read_text(r, max, &s) == ST_OK) {
        if (s.n > 0)
            memcpy(out, s.p, s.n);
        out[s.n] = '\0';
    }
}

static void read_files(struct sc_reader *r, struct nd_backup_manifest *m)
{
    uint64_t n = 0, pair;

    if (sc_read_array(r, ND_BACKUP_FILES_MAX, &n) != ST_OK)
        return;
    m->file = calloc(n > 0 ? n : 1, sizeof *m->file);
    if (m->file == NULL) {
        (void)sc_reader_fail(r, ST_NOMEM);
        return;
    }
    m->file_count = n;
    for (size_t i = 0; i < n && r->status == ST_OK; i++) {
        struct nd_backup_file *f = &m->file[i];

        if (sc_read_array(r, 2, &pair) == ST_OK && pair != 2)
            (void)sc_reader_fail(r, ST_MALFORMED);
        read_name(r, f->name, ND_BACKUP_NAME_MAX);
        (void)sc_read_u64(r, i == 0 ? ND_BACKUP_STORE_MAX : ND_BACKUP_SMALL_MAX, &f->bytes);
        if (r->status == ST_OK && !nd_backup_name_ok(f->name))
            (void)sc_reader_fail(r, ST_MALFORMED);
        /* The store is first, the others follow in order: no name comes twice. */
        if (r->status == ST_OK && (i == 0) != (strcmp(f->name, ND_BACKUP_STORE) == 0))
            (void)sc_reader_fail(r, ST_MALFORMED);
        if (r->status == ST_OK && i > 1 && strcmp(m->file[i - 1].name, f->name) >= 0)
            (void)sc_reader_fail(r, ST_MALFORMED);
    }
    if (r->status == ST_OK && n == 0)
        (void)sc_reader_fail(r, ST_MALFORMED);
}

static void read_value(struct sc_reader *r, int key, struct nd_backup_manifest *m)
{
    uint64_t version;

    switch (key) {
    case K_VERSION:
        if (sc_read_u64(r, UINT64_MAX, &version) == ST_OK && version != MANIFEST_VERSION)
            (void)sc_reader_fail(r, version > MANIFEST_VERSION ? ST_VERSION : ST_MALFORMED);
        break;
    case K_SPACE: read_name(r, m->space, SC_NAME_MAX); break;
    case K_NET: (void)sc_read_fixed(r, sizeof m->net.b, m->net.b); break;
    case K_NODE: read_name(r, m->node, SC_NAME_MAX); break;
    case K_NODE_PK: (void)sc_read_fixed(r, sizeof m->node_pk.b, m->node_pk.b); break;
    case K_MADE: (void)sc_read_u64(r, INT64_MAX, &m->made_ms); break;
    case K_SCHEMA: (void)sc_read_u64(r, INT32_MAX, &m->schema); break;
    case K_ENTRIES: (void)sc_read_u64(r, INT64_MAX, &m->entries); break;
    case K_LOGS: (void)sc_read_u64(r, INT64_MAX, &m->logs); break;
    case K_HEADS: (void)sc_read_fixed(r, sizeof m->heads.b, m->heads.b); break;
    case K_FILES: read_files(r, m); break;
    default: (void)sc_reader_fail(r, ST_MALFORMED); break;
    }
}

int nd_backup_manifest_decode(struct cr_span bytes, struct nd_backup_manifest *out,
                              struct st_err *err)
{
    struct sc_reader r;
    uint64_t pairs = 0;
    int rc;

    *out = (struct nd_backup_manifest){.file = NULL};
    sc_reader_init(&r, bytes);
    if (sc_read_map(&r, 64, &pairs) == ST_OK && pairs < K_COUNT)
        (void)sc_reader_fail(&r, ST_MALFORMED);
    for (int key = 1; key <= K_COUNT && r.status == ST_OK; key++) {
        uint64_t got;

        if (sc_read_u64(&r, UINT64_MAX, &got) == ST_OK && got != (uint64_t)key)
            (void)sc_reader_fail(&r, ST_MALFORMED);
        read_value(&r, key, out);
    }
    if (r.status == ST_OK && pairs != K_COUNT)
        (void)sc_reader_fail(&r, ST_MALFORMED);
    rc = sc_reader_finish(&r);
    if (rc == ST_OK)
        return ST_OK;
    nd_backup_manifest_release(out);
    return st_fail(err, (enum st_code)rc, "manifest, byte %zu: %s", sc_reader_offset(&r),
                   st_text((enum st_code)rc));
}
