/* Kept under "heads/" ‖ hex of the signing key:
 *   1 ‖ created be64 ‖ scopes be16 ‖ scope be64 … ‖ [id8 ‖ seq_next be64 ‖ chain8] …
 * A damaged value counts as none. */
#include "node/bundle_known.h"

#include "schema/bundle.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES  24
#define FRONT_BYTES 11
#define VALUE_MAX   (FRONT_BYTES + 8 * SC_SCOPES_MAX + (size_t)HEAD_BYTES * 2 * SC_BUNDLE_LOGS_MAX)

struct word {
    struct nd_known k;
    size_t scope_count;
    uint64_t scopes[SC_SCOPES_MAX];
};

static void key_of(const struct cr_sign_pk *node, char out[static 2 * CR_SIGN_PK_BYTES + 7])
{
    memcpy(out, "heads/", 6);
    cr_hex(node->b, sizeof node->b, out + 6);
}

static int by_id8(const void *a, const void *b)
{
    const struct sc_head *x = a, *y = b;
    int order = memcmp(x->id8, y->id8, sizeof x->id8);

    return order != 0 ? order : (x->seq_next > y->seq_next) - (x->seq_next < y->seq_next);
}

static int decode(struct cr_span v, struct word *out)
{
    size_t n;

    if (v.n < FRONT_BYTES || v.p[0] != 1)
        return ST_OK;
    n = cr_load_be16(v.p + 9);
    if (n > SC_SCOPES_MAX || v.n - FRONT_BYTES < 8 * n ||
        (v.n - FRONT_BYTES - 8 * n) % HEAD_BYTES != 0)
        return ST_OK;
    out->k.head_count = (v.n - FRONT_BYTES - 8 * n) / HEAD_BYTES;
    out->k.head = calloc(out->k.head_count + 1, sizeof *out->k.head);
    if (out->k.head == NULL) {
        out->k.head_count = 0;
        return ST_NOMEM;
    }
    out->k.created_ms = cr_load_be64(v.p + 1);
    out->scope_count = n;
    for (size_t i = 0; i < n; i++)
        out->scopes[i] = cr_load_be64(v.p + FRONT_BYTES + 8 * i);
    for (size_t i = 0; i < out->k.head_count; i++) {
        const uint8_t *p = v.p + FRONT_BYTES + 8 * n + i * HEAD_BYTES;

        memcpy(out->k.head[i].id8, p, 8);
        out->k.head[i].seq_next = cr_load_be64(p + 8);
        memcpy(out->k.head[i].chain8, p + 16, 8);
    }
    return ST_OK;
}

static int load(struct nd_store *s, const struct cr_sign_pk *node, struct word *out)
{
    char key[2 * CR_SIGN_PK_BYTES + 7];
    struct cr_buf b;
    int rc;

    memset(out, 0, sizeof *out);
    key_of(node, key);
    cr_buf_init(&b, VALUE_MAX);
    rc = nd_store_meta_get(s, key, &b);
    if (rc == ST_OK)
        rc = decode(cr_buf_span(&b), out);
    cr_buf_release(&b);
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

static int save(struct nd_store *s, const struct cr_sign_pk *node, const struct word *w,
                struct st_err *err)
{
    char key[2 * CR_SIGN_PK_BYTES + 7];
    struct cr_buf b;
    uint8_t *at;
    int rc;

    cr_buf_init(&b, VALUE_MAX);
    rc = cr_buf_extend(&b, FRONT_BYTES + 8 * w->scope_count + HEAD_BYTES * w->k.head_count, &at);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "remember what another node holds: %s",
                       st_text((enum st_code)rc));
    at[0] = 1;
    cr_store_be64(at + 1, w->k.created_ms);
    cr_store_be16(at + 9, (uint16_t)w->scope_count);
    at += FRONT_BYTES;
    for (size_t i = 0; i < w->scope_count; i++, at += 8)
        cr_store_be64(at, w->scopes[i]);
    for (size_t i = 0; i < w->k.head_count; i++, at += HEAD_BYTES) {
        memcpy(at, w->k.head[i].id8, 8);
        cr_store_be64(at + 8, w->k.head[i].seq_next);
        memcpy(at + 16, w->k.head[i].chain8, 8);
    }
    key_of(node, key);
    rc = nd_store_meta_put(s, key, cr_buf_span(&b), err);
    cr_buf_release(&b);
    return rc;
}

static bool has_scope(const uint64_t *scopes, size_t n, uint64_t scope)
{
    for (size_t i = 0; i < n; i++)
        if (scopes[i] == scope)
            return true;
    return false;
}

/* old, without the logs that fresh speaks of, behind fresh. Both word's scopes are known then. */
static int merge(struct word *fresh, const struct word *old)
{
    size_t n = fresh->k.head_count;
    struct sc_head *all = calloc(n + old->k.head_count + 1, sizeof *all);

    if (all == NULL)
        return ST_NOMEM;
    memcpy(all, fresh->k.head, n * sizeof *all);
    for (size_t i = 0; i < old->k.head_count; i++) {
        bool told = false;

        for (size_t lo = 0, hi = fresh->k.head_count; lo < hi && !told;) {
            size_t mid = lo + (hi - lo) / 2;
            int order = memcmp(fresh->k.head[mid].id8, old->k.head[i].id8, 8);

            told = order == 0;
            if (order < 0)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (!told)
            all[n++] = old->k.head[i];
    }
    qsort(all, n, sizeof *all, by_id8);
    for (size_t i = 0; i < old->scope_count && fresh->scope_count < SC_SCOPES_MAX; i++)
        if (!has_scope(fresh->scopes, fresh->scope_count, old->scopes[i]))
            fresh->scopes[fresh->scope_count++] = old->scopes[i];
    free(fresh->k.head);
    fresh->k.head = all;
    fresh->k.head_count = n;
    return ST_OK;
}

int nd_known_put(struct nd_store *s, const struct cr_sign_pk *node, uint64_t created_ms,
                 const uint64_t *scopes, size_t scope_count, const struct sc_head *heads,
                 size_t head_count, struct st_err *err)
{
    struct word old, fresh = {.k = {.created_ms = created_ms, .head_count = head_count},
                              .scope_count = scope_count};
    bool more = false;
    int rc = load(s, node, &old);

    if (rc != ST_OK || (old.k.created_ms != 0 && old.k.created_ms >= created_ms)) {
        nd_known_release(&old.k);
        return rc == ST_OK ? ST_OK
                           : st_fail(err, (enum st_code)rc, "read what another node holds: %s",
                                     st_text((enum st_code)rc));
    }
    memcpy(fresh.scopes, scopes, scope_count * sizeof scopes[0]);
    fresh.k.head = calloc(head_count + 1, sizeof *fresh.k.head);
    if (fresh.k.head == NULL)
        rc = ST_NOMEM;
    else if (head_count > 0)
        memcpy(fresh.k.head, heads, head_count * sizeof *heads);
    for (size_t i = 0; i < old.scope_count; i++)
        more = more || !has_scope(scopes, scope_count, old.scopes[i]);
    if (rc == ST_OK && more)
        rc = merge(&fresh, &old);
    if (rc != ST_OK)
        (void)st_fail(err, (enum st_code)rc, "remember what another node holds: no memory");
    else
        rc = save(s, node, &fresh, err);
    nd_known_release(&old.k);
    nd_known_release(&fresh.k);
    return rc;
}

struct collect {
    struct nd_known *k;
    size_t cap;
};

static int add_common(void *arg, const struct sy_common *c)
{
    struct collect *to = arg;
    struct sc_head *h;

    if (to->k->head_count >= to->cap) {
        size_t cap = to->k->head_count * 2 + 64;
        struct sc_head *grown = realloc(to->k->head, cap * sizeof *grown);

        if (grown == NULL)
            return ST_NOMEM;
        to->k->head = grown;
        to->cap = cap;
    }
    h = &to->k->head[to->k->head_count++];
    memcpy(h->id8, c->log_id.b, sizeof h->id8);
    h->seq_next = c->seq + 1;
    memcpy(h->chain8, c->chain8, sizeof h->chain8);
    return ST_OK;
}

int nd_known_get(struct nd_store *s, const struct cr_sign_pk *node, bool common,
                 struct nd_known *out, struct st_err *err)
{
    const struct sy_view *view = nd_store_view(s);
    struct collect to = {.k = out};
    struct word w;
    int rc = load(s, node, &w);

    *out = w.k;
    to.cap = out->head_count;
    if (rc == ST_OK && common)
        rc = view->each_common(view->arg, node, add_common, &to);
    if (rc != ST_OK) {
        nd_known_release(out);
        return st_fail(err, (enum st_code)rc, "read what another node holds: %s",
                       st_text((enum st_code)rc));
    }
    if (out->head_count > 0)
        qsort(out->head, out->head_count, sizeof *out->head, by_id8);
    return ST_OK;
}

void nd_known_release(struct nd_known *k)
{
    free(k->head);
    *k = (struct nd_known){0};
}
