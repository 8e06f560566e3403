/* Joining a space by an invitation (handshake IKpsk2).
 *
 *   joiner                                    inviter
 *   message 1: request (invite id, keys,  →   invite known, unused, not expired; request signed by
 *   name, signature)                          its key; certificate written and the invite marked
 * used ←   in one durable step, only then checks that the genesis is the one of     message 2:
 * genesis, own signing key the invitation                            both close; the joiner dials
 * again under IK
 *
 * Knowing the invite's id proves knowing its secret (the id is a hash of it and travels encrypted);
 * the psk proves to the joiner that the inviter knows it too. The same joiner may ask again when
 * the answer was lost; anybody else finds the invite used. A refusal is silence, as for any
 * stranger. */
#include "node/driver_int.h"

#include "schema/record_table.h"

#include "schema/join.h"

#include <stdio.h>

/* ---- the inviter ---- */

struct mark_used {
    struct nd_store *store;
    struct nd_invite_row invite;
    struct nd_peer peer;
    bool has_invite, has_peer;
};

static int mark_used(void *arg, struct st_err *err)
{
    struct mark_used *m = arg;
    int rc = ST_OK;

    if (m->has_invite)
        rc = nd_store_put_invite(m->store, &m->invite, err);
    return rc == ST_OK && m->has_peer ? nd_store_put_peer(m->store, &m->peer, err) : rc;
}

struct same_cert {
    const struct sc_cert *wanted;
    const struct cr_sign_pk *issuer;
    struct sc_id id;
    bool found;
};

/* An accepted certificate that says the same; consent apart, it is the subject's business. */
static int same_cert(void *arg, const struct sc_cert *c, const struct cr_sign_pk *issuer,
                     const struct cr_hash *entry_id)
{
    struct same_cert *s = arg;
    const struct sc_cert *w = s->wanted;

    if (!cr_sign_pk_equal(&c->subject, &w->subject) || !cr_kx_pk_equal(&c->kx_pk, &w->kx_pk) ||
        !cr_sign_pk_equal(issuer, s->issuer) || c->kind != w->kind || c->rank != w->rank ||
        c->roles != w->roles || c->from_ms != w->from_ms || c->to_ms != w->to_ms ||
        c->prefix_count != w->prefix_count || strcmp(c->name, w->name) != 0 ||
        memcmp(c->prefixes, w->prefixes, w->prefix_count * sizeof w->prefixes[0]) != 0)
        return 0;
    s->id = sc_id_of(entry_id);
    s->found = true;
    return 1;
}

struct trial {
    struct sc_certs *set;
    int rc;
};

static int copy_cert(void *arg, const struct sc_cert *c, const struct cr_sign_pk *issuer,
                     const struct cr_hash *entry_id)
{
    struct trial *t = arg;

    t->rc = sc_certs_add(t->set, issuer, entry_id, c);
    return t->rc;
}

/* Roles of the certificate that one with this power may not give, by the policy of now. */
static int check_givers(struct nd_driver *d, enum sc_giver giver, const struct sc_cert *cert,
                        struct st_err *err)
{
    struct sc_policy_value v;
    struct sc_policy_item item;

    for (size_t i = 0; i < sc_policy_items(); i++) {
        sc_policy_item(i, &item);
        if (item.kind != SC_PK_ROLE || (cert->roles & UINT64_C(1) << item.at) == 0)
            continue;
        sc_policy_value_at(nd_store_policy(d->o.store), i, nd_wall(d), &v);
        if (giver > v.number)
            return st_fail(err, ST_DENIED, "this key may not give the role %s (%s); who may: %s",
                           sc_choices_role[item.at].name, v.en,
                           sc_choice_by_value(sc_choices_giver, v.number)->name);
    }
    return ST_OK;
}

static int check_revoked(struct nd_driver *d, const struct sc_cert *cert, struct st_err *err)
{
    const struct sc_authority *a = nd_store_authority(d->o.store);
    char hex[2 * CR_HASH_BYTES + 1];
    struct sc_auth_cut cut;

    if (!sc_authority_revoked(a, &cert->subject, cert->prefix_count, cert->prefixes, &cut))
        return ST_OK;
    cr_hex(cut.at.entry_id.b, sizeof cut.at.entry_id.b, hex);
    return st_fail(err, ST_DENIED,
                   "this key was revoked (cut %.12s): a certificate for it would never count; "
                   "make a new key",
                   hex);
}

int nd_driver_may_issue(struct nd_driver *d, const struct cr_identity *issuer,
                        const struct sc_cert *cert, struct st_err *err)
{
    static const struct cr_hash none; /* the id of no entry */
    struct trial t = {.set = sc_certs_new(nd_store_genesis(d->o.store))};
    int rc = t.set == NULL ? ST_NOMEM : ST_OK;

    if (rc == ST_OK)
        rc = sc_certs_each(nd_store_certs(d->o.store), copy_cert, &t);
    if (rc == ST_OK)
        rc = sc_certs_add(t.set, &issuer->sign_pk, &none, cert);
    if (rc != ST_OK)
        (void)st_fail(err, (enum st_code)rc, "certificate: %s", st_text((enum st_code)rc));
    else if (!sc_certs_accepted(t.set, &none))
        rc = st_fail(err, ST_DENIED, "this key may not give these roles in these grids");
    else
        rc = check_revoked(d, cert, err);
    if (rc == ST_OK)
        rc = check_givers(d, sc_certs_giver(t.set, &none), cert, err);
    sc_certs_free(t.set);
    return rc;
}

int nd_driver_certify(struct nd_driver *d, const struct cr_identity *issuer, struct sc_cert *cert,
                      const struct nd_invite_row *invite, struct sc_id *id, struct st_err *err)
{
    struct sc_certs *certs = nd_store_certs(d->o.store);
    const struct sc_cert *own = sc_certs_find(certs, &issuer->sign_pk);
    bool root = sc_certs_root(certs, &issuer->sign_pk) != SC_ROOT_NONE;
    struct same_cert same = {.wanted = cert, .issuer = &issuer->sign_pk};
    struct mark_used m = {.store = d->o.store,
                          .has_peer =
                              cert->kind == SC_CERT_NODE && nd_peers_find(d, &cert->kx_pk) == NULL};
    struct nd_draft draft = {.type = SC_R_CERT};
    struct cr_buf body;
    int rc;

    if (!root && own == NULL)
        return st_fail(err, ST_DENIED, "this node has no certificate and cannot issue any");
    cert->rank = root && cert->kind == SC_CERT_NODE ? 1 : root ? 2 : own->rank + 1;
    cr_person_id(&cert->subject, cert->person.b);
    m.has_invite = invite != NULL;
    if (invite != NULL)
        m.invite = *invite;
    m.invite.used = true;
    m.peer.sign_pk = cert->subject;
    m.peer.kx_pk = cert->kx_pk;
    m.peer.enabled = true;
    rc = check_revoked(d, cert, err); /* also where it was certified before */
    if (rc != ST_OK)
        return rc;
    if (sc_certs_each(certs, same_cert, &same) != 0 && same.found) {
        *id = same.id;
        rc = m.has_invite ? nd_store_put_invite(d->o.store, &m.invite, err) : ST_OK;
        return rc;
    }
    rc = nd_driver_may_issue(d, issuer, cert, err);
    if (rc != ST_OK)
        return rc;
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = sc_cert_encode(cert, &body);
    if (rc != ST_OK)
        (void)st_fail(err, (enum st_code)rc, "certificate: %s", st_text((enum st_code)rc));
    draft.body = cr_buf_span(&body);
    if (rc == ST_OK)
        rc = nd_write(d, issuer, SC_SCOPE_PUBLIC, &draft, 1, id, mark_used, &m, err);
    cr_buf_release(&body);
    cr_wipe(&m.invite, sizeof m.invite);
    if (rc == ST_OK && m.has_peer && nd_peers_load(d) != ST_OK)
        nd_log(d, ND_LOG_ERROR, "cannot read the list of peers");
    return rc;
}

static int certify(struct nd_driver *d, const struct sc_join_request *req,
                   const struct nd_invite_row *invite, struct st_err *err)
{
    struct sc_cert c = {.subject = req->sign_pk,
                        .kx_pk = req->kx_pk,
                        .kind = SC_CERT_NODE,
                        .roles = invite->roles,
                        .prefix_count = 1,
                        .prefixes = {invite->grid}};
    struct sc_id id;

    memcpy(c.name, req->name, sizeof c.name);
    return nd_driver_certify(d, d->o.issuer, &c, invite, &id, err);
}

/* Checks the request and makes the joiner a certified node; *secret: the invite's. */
static int admit(struct nd_driver *d, const struct nd_conn *c, struct cr_span payload,
                 uint8_t secret[static SC_INVITE_SECRET_BYTES], struct st_err *err)
{
    struct sc_join_request req;
    struct nd_invite_row invite;
    const struct sc_cert *known;
    int rc;

    if (payload.n == 0 || payload.p[0] != SC_FT_JOIN)
        return st_fail(err, ST_MALFORMED, "not a join request");
    rc = sc_join_request_decode((struct cr_span){payload.p + 1, payload.n - 1}, &req, err);
    if (rc != ST_OK)
        return rc;
    if (sc_join_request_verify(&req, &d->net) != ST_OK || !cr_kx_pk_equal(&req.kx_pk, &c->kx))
        return st_fail(err, ST_FORGED, "join request is not signed by its key");
    if (nd_store_invite(d->o.store, &req.invite_id, &invite) != ST_OK)
        return st_fail(err, ST_NOTFOUND, "unknown invitation");
    memcpy(secret, invite.secret, SC_INVITE_SECRET_BYTES);
    if (invite.used) {
        known = sc_certs_find(nd_store_certs(d->o.store), &req.sign_pk);
        rc = known != NULL && cr_kx_pk_equal(&known->kx_pk, &req.kx_pk)
                 ? ST_OK
                 : st_fail(err, ST_DENIED, "invitation was used before");
    } else if (invite.expires_s != 0 && invite.expires_s < nd_wall(d) / 1000) {
        rc = st_fail(err, ST_DENIED, "invitation has expired");
    } else {
        rc = certify(d, &req, &invite, err);
    }
    cr_wipe(&invite, sizeof invite);
    return rc;
}

static int encode_answer(struct nd_driver *d, struct cr_buf *out)
{
    const uint8_t type = SC_FT_JOIN;
    struct sc_join_answer a = {.inviter = d->o.identity->sign_pk};
    struct cr_buf genesis;
    int rc;

    cr_buf_init(&genesis, SC_GENESIS_BYTES_MAX);
    rc = sc_genesis_encode(nd_store_genesis(d->o.store), &genesis);
    a.genesis = cr_buf_span(&genesis);
    if (rc == ST_OK)
        rc = cr_buf_append(out, &type, 1);
    if (rc == ST_OK)
        rc = sc_join_answer_encode(&a, out);
    cr_buf_release(&genesis);
    return rc;
}

void nd_join_answer(struct nd_driver *d, struct nd_conn *c, struct cr_span payload)
{
    uint8_t secret[SC_INVITE_SECRET_BYTES] = {0};
    struct st_err err = {0};
    struct cr_psk psk;
    struct cr_buf answer;

    if (admit(d, c, payload, secret, &err) != ST_OK) {
        cr_wipe(secret, sizeof secret);
        (void)st_wrap(&err, err.code, "join");
        nd_conn_refuse(d, c, ND_REFUSE_AUTH, err.msg);
        return;
    }
    sc_invite_psk(secret, &psk);
    nd_link_set_psk(c->link, &psk);
    cr_wipe(&psk, sizeof psk);
    cr_wipe(secret, sizeof secret);
    cr_buf_init(&answer, SC_HELLO_MAX);
    d->n.joins++;
    if (encode_answer(d, &answer) != ST_OK || nd_conn_send(d, c, cr_buf_span(&answer)))
        nd_conn_end(d, c, true); /* send ends it by itself when it fails */
    cr_buf_release(&answer);
}

/* ---- the joiner ---- */

struct nd_join {
    struct sc_invite invite;     /* secret */
    struct cr_identity identity; /* secret */
    char name[SC_NAME_MAX + 1];
    struct nd_ports ports;
    nd_join_done *done;
    void *arg;
    size_t next_addr;
    bool open;
    uint32_t conn;
    struct nd_link *link;
    char last[256]; /* why the last address failed */
};

static void finish(struct nd_join *j, int status, const char *text)
{
    nd_join_done *done = j->done;

    j->done = NULL;
    if (done != NULL)
        done(j->arg, status, text, NULL, (struct cr_span){NULL, 0}, NULL);
}

/* Starts with the next address that can be dialled. ST_UNREACHABLE when there is none left. */
static int dial_next(struct nd_join *j)
{
    while (j->next_addr < j->invite.addr_count) {
        const char *addr = j->invite.addrs[j->next_addr++];

        if (j->ports.dial(j->ports.arg, addr, &j->conn) == ST_OK) {
            j->open = true;
            return ST_OK;
        }
        (void)snprintf(j->last, sizeof j->last, "%s: cannot be dialled", addr);
    }
    return ST_UNREACHABLE;
}

static void close_conn(struct nd_join *j, bool gone)
{
    nd_link_free(j->link);
    j->link = NULL;
    if (j->open && !gone)
        j->ports.conn_close(j->ports.arg, j->conn, false, 0);
    j->open = false;
}

/* This address failed: the next one, or the end. */
static void failed(struct nd_join *j, bool gone, const char *text)
{
    (void)snprintf(j->last, sizeof j->last, "%s: %s", j->invite.addrs[j->next_addr - 1], text);
    close_conn(j, gone);
    if (dial_next(j) != ST_OK)
        finish(j, ST_UNREACHABLE, j->last);
}

int nd_join_start(const struct sc_invite *invite, const struct cr_identity *identity,
                  const char *name, const struct nd_ports *ports, nd_join_done *done, void *arg,
                  struct nd_join **out, struct st_err *err)
{
    struct nd_join *j = calloc(1, sizeof *j);

    if (j == NULL)
        return st_fail(err, ST_NOMEM, "join: out of memory");
    j->invite = *invite;
    j->identity = *identity;
    (void)snprintf(j->name, sizeof j->name, "%s", name);
    j->ports = *ports;
    j->done = done;
    j->arg = arg;
    (void)snprintf(j->last, sizeof j->last, "the invitation names no address");
    if (dial_next(j) != ST_OK) {
        int rc = st_fail(err, ST_UNREACHABLE, "join: %s", j->last);

        nd_join_free(j);
        return rc;
    }
    *out = j;
    return ST_OK;
}

static int encode_request(struct nd_join *j, struct cr_buf *out)
{
    const uint8_t type = SC_FT_JOIN;
    struct sc_join_request req = {.invite_id = sc_invite_id(j->invite.secret),
                                  .sign_pk = j->identity.sign_pk,
                                  .kx_pk = j->identity.kx_pk};
    int rc;

    memcpy(req.name, j->name, sizeof req.name);
    sc_join_request_sign(&req, &j->invite.net, &j->identity.sign_sk);
    rc = cr_buf_append(out, &type, 1);
    return rc != ST_OK ? rc : sc_join_request_encode(&req, out);
}

void nd_join_connected(struct nd_join *j, uint32_t conn)
{
    uint8_t prologue[CR_HASH_BYTES + 1];
    struct cr_psk psk;
    struct cr_buf request, wire;
    int rc = ST_NOMEM;

    if (!j->open || conn != j->conn)
        return;
    memcpy(prologue, j->invite.net.b, CR_HASH_BYTES);
    prologue[CR_HASH_BYTES] = SC_PROTOCOL_VERSION;
    sc_invite_psk(j->invite.secret, &psk);
    j->link = nd_link_initiator(CR_HS_IKPSK2, (struct cr_span){prologue, sizeof prologue},
                                &j->invite.gate, &j->identity, &j->invite.kx_pk, &psk, false);
    cr_wipe(&psk, sizeof psk);
    cr_buf_init(&request, SC_HELLO_MAX);
    cr_buf_init(&wire, ND_WIRE_MAX);
    if (j->link != NULL)
        rc = encode_request(j, &request);
    if (rc == ST_OK)
        rc = nd_link_send(j->link, cr_buf_span(&request), &wire);
    if (rc == ST_OK)
        rc = j->ports.conn_write(j->ports.arg, conn, cr_buf_span(&wire), NULL);
    cr_buf_release(&request);
    cr_buf_release(&wire);
    if (rc != ST_OK)
        failed(j, false, st_text((enum st_code)rc));
}

static void answered(struct nd_join *j, struct cr_span frame)
{
    struct st_err err = {0};
    struct sc_join_answer a;
    struct sc_genesis g;
    struct cr_hash net;
    nd_join_done *done = j->done;
    int rc;

    if (frame.n == 0 || frame.p[0] != SC_FT_JOIN) {
        finish(j, ST_MALFORMED, "the answer is not one to a join");
        return;
    }
    rc = sc_join_answer_decode((struct cr_span){frame.p + 1, frame.n - 1}, &a, &err);
    if (rc == ST_OK)
        rc = sc_genesis_decode(a.genesis, &g, &err);
    if (rc != ST_OK) {
        finish(j, rc, err.msg);
        return;
    }
    sc_genesis_net(a.genesis, &net);
    if (!cr_hash_equal(&net, &j->invite.net)) {
        finish(j, ST_SPACE, "the answer is of another space than the invitation");
        return;
    }
    j->done = NULL;
    if (done != NULL)
        done(j->arg, ST_OK, "", &g, a.genesis, &a.inviter);
}

void nd_join_bytes(struct nd_join *j, uint32_t conn, struct cr_span bytes)
{
    enum nd_link_event ev;
    struct cr_span frame;
    size_t used;
    int rc;

    if (!j->open || conn != j->conn || j->link == NULL)
        return;
    rc = nd_link_feed(j->link, bytes, &used, &ev, &frame);
    if (rc != ST_OK) {
        failed(j, false, st_text((enum st_code)rc));
        return;
    }
    if (ev != ND_LINK_READY)
        return;
    answered(j, frame);
    close_conn(j, false);
}

void nd_join_disconnected(struct nd_join *j, uint32_t conn, int status)
{
    if (!j->open || conn != j->conn)
        return;
    failed(j, true,
           j->link == NULL
               ? st_text((enum st_code)status)
               : "closed without an answer (invitation used, expired, or of another node?)");
}

const char *nd_join_addr(const struct nd_join *j)
{
    return j->next_addr == 0 ? "" : j->invite.addrs[j->next_addr - 1];
}

void nd_join_free(struct nd_join *j)
{
    if (j == NULL)
        return;
    close_conn(j, false);
    cr_identity_wipe(&j->identity);
    cr_wipe(j, sizeof *j);
    free(j);
}
