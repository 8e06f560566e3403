/* cert restate: what a lost seat had certified and cut is stated again by who takes its place, so
 * that it stands when the seat is closed. A thief may have certified somebody, too: only what had
 * arrived here before the loss is taken, each is shown, and nothing is written without --yes. */
#include "node/cmd_cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_BYTES_MAX (1u << 24)

/* One certificate or cut of the old seat. */
struct restated {
    uint64_t type, arrived_ms; /* arrived_ms 0: that cannot be told */
    struct cr_hash entry_id;
    char name[SC_NAME_MAX + 1]; /* of its subject */
    bool take;
    size_t at, n; /* its body in bodies */
};

struct restate {
    struct nd_cmd *c;
    struct nd_person old;
    uint64_t before_ms;         /* 0: whenever it arrived */
    struct cr_identity author;  /* secret */
    struct cr_buf bodies, list; /* list: struct restated */
    struct st_err err;
};

static struct restated *items(const struct restate *r, size_t *n)
{
    *n = r->list.n / sizeof(struct restated);
    return (struct restated *)(void *)r->list.p;
}

static bool by_old(const struct restate *r, const struct cr_sign_pk *issuer)
{
    for (size_t i = 0; i < r->old.key_count; i++)
        if (cr_sign_pk_equal(&r->old.key[i], issuer))
            return true;
    return false;
}

static int note(struct restate *r, uint64_t type, const char *name, const struct cr_hash *entry_id,
                const struct cr_buf *body)
{
    struct restated one = {.type = type, .entry_id = *entry_id, .at = r->bodies.n, .n = body->n};
    int rc = cr_buf_append(&r->bodies, body->p, body->n);

    (void)snprintf(one.name, sizeof one.name, "%s", name);
    return rc == ST_OK ? cr_buf_append(&r->list, &one, sizeof one) : rc;
}

static int note_cert(void *arg, const struct sc_cert *cert, const struct cr_sign_pk *issuer,
                     const struct cr_hash *entry_id)
{
    struct restate *r = arg;
    struct cr_buf body;
    int rc;

    if (!by_old(r, issuer) || cert->rank < 2)
        return ST_OK;
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = sc_cert_encode(cert, &body);
    if (rc == ST_OK)
        rc = note(r, SC_R_CERT, cert->name, entry_id, &body);
    cr_buf_release(&body);
    return rc;
}

static int note_cut(void *arg, const struct sc_auth_cut *cut)
{
    struct restate *r = arg;
    struct nd_person subject;
    struct cr_buf body;
    int rc;

    if (!by_old(r, &cut->at.key.author) || !cut->in_force)
        return ST_OK;
    if (nd_person_of(r->c->app->store, &cut->cut->subject, &subject, NULL) != ST_OK)
        (void)snprintf(subject.name, sizeof subject.name, "?");
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = sc_cut_encode(cut->cut, &body, &r->err);
    if (rc == ST_OK)
        rc = note(r, SC_R_CUT, subject.name, &cut->at.entry_id, &body);
    cr_buf_release(&body);
    return rc;
}

/* ---- which of them ---- */

static int note_arrival(void *arg, const struct nd_history_row *row)
{
    uint64_t *ms = arg;

    if (*ms == 0)
        *ms = row->received_ms;
    return 0;
}

uint64_t nd_arrived_ms(struct nd_cmd *c, const struct cr_hash *entry_id)
{
    struct sc_id id = sc_id_of(entry_id);
    uint64_t ms = 0;

    if (nd_store_history(c->app->store, &id, note_arrival, &ms, NULL) != ST_OK)
        return 0;
    return ms;
}

static bool excepted(const struct restate *r, const char *name)
{
    for (size_t i = 0; nd_opt_nth(r->c, "except", i) != NULL; i++)
        if (strcmp(nd_opt_nth(r->c, "except", i), name) == 0)
            return true;
    return false;
}

/* An entry whose arrival cannot be told is not taken when a time was given. */
static void choose(struct restate *r)
{
    size_t n;
    struct restated *one = items(r, &n);

    for (size_t i = 0; i < n; i++) {
        one[i].arrived_ms = nd_arrived_ms(r->c, &one[i].entry_id);
        one[i].take =
            !excepted(r, one[i].name) &&
            (r->before_ms == 0 || (one[i].arrived_ms != 0 && one[i].arrived_ms < r->before_ms));
    }
}

static int gather(struct restate *r)
{
    struct nd_cmd *c = r->c;
    int rc = c->arg_count == 1 ? nd_person_find(c->app->store, c->arg[0], &r->old, &r->err)
                               : st_fail(&r->err, ST_USAGE, "cert restate %s", c->verb->usage);

    if (rc == ST_OK)
        rc = nd_opt_date(c, "before", &r->before_ms, &r->err);
    if (rc == ST_OK)
        rc = nd_author(c, &r->author, &r->err);
    if (rc == ST_OK && by_old(r, &r->author.sign_pk))
        return st_fail(&r->err, ST_USAGE, "%s",
                       nd_tr(c, "应由接任席位或街道根钥匙签名：--as",
                             "the successor or the root signs: --as"));
    if (rc == ST_OK)
        rc = sc_certs_each(nd_store_certs(c->app->store), note_cert, r);
    if (rc == ST_OK)
        rc = sc_authority_each_cut(nd_store_authority(c->app->store), NULL, note_cut, r);
    if (rc != ST_OK && r->err.code == ST_OK)
        return st_fail(&r->err, (enum st_code)rc, "cert restate");
    if (rc == ST_OK)
        choose(r);
    return rc;
}

/* ---- showing and writing ---- */

static void show(struct restate *r, bool written)
{
    struct nd_cmd *c = r->c;
    json_t *list = json_array();
    size_t n, taken = 0;
    const struct restated *one = items(r, &n);

    for (size_t i = 0; i < n; i++) {
        char when[ND_TIME_TEXT_MAX];

        taken += one[i].take ? 1 : 0;
        nd_time_text(one[i].arrived_ms, when);
        if (!c->json)
            nd_out(c, nd_tr(c, "  %s  %s  %s  到达本机 %s\n", "  %s  %s  %s  arrived here %s\n"),
                   one[i].take ? nd_tr(c, "重申", "again") : nd_tr(c, "不取", "not  "),
                   one[i].type == SC_R_CERT ? nd_tr(c, "证书", "certificate")
                                            : nd_tr(c, "封存", "cut"),
                   one[i].name, when);
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:I}", "record",
                                                    one[i].type == SC_R_CERT ? "cert" : "cut",
                                                    "name", one[i].name, "taken", (int)one[i].take,
                                                    "arrived_ms", (json_int_t)one[i].arrived_ms));
    }
    if (c->json) {
        nd_out_json(c, json_pack("{s:I, s:b, s:o}", "restated", (json_int_t)taken, "written",
                                 (int)written, "list", list));
        return;
    }
    json_decref(list);
    nd_out(c, nd_tr(c, "重申 %zu 条，共 %zu 条。\n", "%zu of %zu are stated again.\n"), taken, n);
    nd_out(c, "%s\n",
           written ? nd_tr(c, "已写入。", "Written.")
                   : nd_tr(c, "尚未写入任何内容。确认无误后加 --yes 再执行一次。",
                           "Nothing has been written. Run it again with --yes to do it."));
}

/* One by one: the command may be run again, and what stands twice does no harm. */
static int write_taken(struct restate *r)
{
    size_t n;
    const struct restated *one = items(r, &n);
    int rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < n; i++) {
        struct nd_draft draft = {.type = one[i].type,
                                 .body = cr_span_of(r->bodies.p + one[i].at, one[i].n)};
        struct sc_id id;

        if (one[i].take)
            rc = nd_driver_write(r->c->app->driver, &r->author, SC_SCOPE_PUBLIC, &draft, 1, &id,
                                 &r->err);
    }
    return rc;
}

int nd_cmd_cert_restate(struct nd_cmd *c)
{
    struct restate r = {.c = c};
    bool write = nd_opt(c, "yes") != NULL;
    int rc;

    cr_buf_init(&r.bodies, LIST_BYTES_MAX);
    cr_buf_init(&r.list, LIST_BYTES_MAX);
    rc = gather(&r);
    if (rc == ST_OK && write)
        rc = write_taken(&r);
    if (rc == ST_OK)
        show(&r, write);
    cr_identity_wipe(&r.author);
    cr_buf_release(&r.list);
    cr_buf_release(&r.bodies);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &r.err);
}
