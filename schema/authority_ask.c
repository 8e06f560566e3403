/* Questions to the settled evaluation, and the rule of admission. */
#include "schema/authority_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>

static const struct sc_au_log *find(const struct sc_authority *a, const struct sc_log_key *key)
{
    uint32_t log;

    CR_ASSERT(a->settled);
    log = sc_au_log_find(a, key);
    return log != SC_AU_NIL ? &a->logs[log] : NULL;
}

/* A root, or one who holds an accepted certificate. */
static bool is_known(const struct sc_authority *a, uint32_t author)
{
    return a->authors[author].stratum <= SC_AU_ROOT ||
           sc_certs_find(a->certs, &a->authors[author].pk) != NULL;
}

/* An ADOPT in force names the entry. Never an authority record: what permits is not given back by
 * those it would serve. */
static bool adopted(const struct sc_authority *a, const struct sc_auth_at *at)
{
    uint32_t i = sc_au_map_get(&a->by_name, at->entry_id.b);

    if (i == SC_AU_NIL || sc_au_map_get(&a->by_record, at->entry_id.b) != SC_AU_NIL)
        return false;
    for (; i != SC_AU_NIL; i = a->names[i].next_same) {
        const struct sc_au_name *n = &a->names[i];
        const struct sc_au_record *r = &a->records[n->record];

        if (n->kind == SC_AU_ADOPTED && r->stands && n->seq == at->seq &&
            n->scope == at->key.scope && n->incarnation == at->key.incarnation &&
            cr_sign_pk_equal(&r->adopt.subject, &at->key.author) && sc_au_may_adopt(a, r))
            return true;
    }
    return false;
}

enum sc_standing sc_authority_standing(const struct sc_authority *a, const struct sc_auth_at *at)
{
    const struct sc_au_log *log = find(a, &at->key);
    const struct sc_au_branch *b =
        log != NULL && at->branch < log->count ? &log->branches[at->branch] : NULL;
    bool certified =
        log != NULL ? is_known(a, log->author) : sc_certs_find(a->certs, &at->key.author) != NULL;

    if (certified && (b == NULL || at->seq < b->limit))
        return SC_COUNTS;
    if (adopted(a, at))
        return SC_ADOPTED;
    if (b == NULL || at->seq < b->limit)
        return SC_HELD_UNKNOWN;
    if (at->seq >= b->retire)
        return SC_HELD_RETIRED;
    if (!log->bound)
        return SC_HELD_FORK;
    return at->seq < b->soft ? SC_HELD_AWAITED : SC_HELD_CUT;
}

uint64_t sc_authority_limit(const struct sc_authority *a, const struct sc_log_key *key,
                            uint32_t branch)
{
    const struct sc_au_log *log = find(a, key);

    return log != NULL && branch < log->count ? log->branches[branch].limit : UINT64_MAX;
}

uint64_t sc_authority_fork(const struct sc_authority *a, const struct sc_log_key *key)
{
    const struct sc_au_log *log = find(a, key);

    return log != NULL ? log->fork_seq : UINT64_MAX;
}

/* A REVOKE binds the author's logs in the scope. */
static bool revoked_in(const struct sc_authority *a, uint32_t author, uint64_t scope)
{
    for (uint32_t i = a->authors[author].first_cut; i != SC_AU_NIL;
         i = a->records[i].next_on_subject) {
        if (a->records[i].cut.mode == SC_CUT_REVOKE && sc_au_binds(a, &a->records[i], scope))
            return true;
    }
    return false;
}

struct area {
    const struct sc_authority *a;
    uint32_t author;
    bool any;
};

static int still_open(void *arg, uint64_t scope)
{
    struct area *area = arg;

    area->any = true;
    return revoked_in(area->a, area->author, scope) ? 0 : 1;
}

/* The same where it decides whether new entries are taken: an ordinary author's public log is
 * closed when all that its certificates are about is. */
static bool revoked_for(const struct sc_authority *a, uint32_t author, uint64_t scope)
{
    struct area area = {.a = a, .author = author};

    if (author == SC_AU_NIL || a->authors[author].first_cut == SC_AU_NIL)
        return false;
    if (scope == SC_SCOPE_PUBLIC && a->authors[author].stratum == SC_AU_OTHER) {
        if (sc_certs_each_area(a->certs, &a->authors[author].pk, still_open, &area) != 0)
            return false;
        if (area.any)
            return true;
    }
    return revoked_in(a, author, scope);
}

bool sc_authority_may_read(struct sc_authority *a, const struct cr_sign_pk *subject, uint64_t scope)
{
    uint32_t author = sc_au_author_find(a, subject);

    CR_ASSERT(a->settled);
    if (!sc_certs_may_read(a->certs, subject, scope))
        return false;
    return scope == SC_SCOPE_PUBLIC || author == SC_AU_NIL || !revoked_in(a, author, scope);
}

static int tell_cut(const struct sc_authority *a, const struct sc_au_record *r,
                    int (*cb)(void *arg, const struct sc_auth_cut *cut), void *arg)
{
    struct sc_auth_cut c = {.at = {.key = a->logs[r->log].key,
                                   .branch = r->branch,
                                   .seq = r->seq,
                                   .entry_id = r->entry_id},
                            .cut = &r->cut,
                            .in_force = r->stands,
                            .soft = r->soft,
                            .deps_left = r->deps_left};

    for (uint32_t i = 0; i < r->head_count; i++)
        c.heads_left += a->names[r->first_name + i].located ? 0 : 1;
    return cb(arg, &c);
}

/* The CUT with the smallest entry id above *after (NULL: of all) that is about the subject (NIL:
 * anybody). Cuts are few; a list in order would have to be kept. */
static uint32_t next_cut(const struct sc_authority *a, uint32_t subject,
                         const struct cr_hash *after)
{
    uint32_t best = SC_AU_NIL;
    uint32_t i = subject != SC_AU_NIL ? a->authors[subject].first_cut : 0;

    while (i != SC_AU_NIL && i < a->record_count) {
        const struct sc_au_record *r = &a->records[i];

        if (r->type == SC_R_CUT && (after == NULL || cr_hash_cmp(&r->entry_id, after) > 0) &&
            (best == SC_AU_NIL || cr_hash_cmp(&r->entry_id, &a->records[best].entry_id) < 0))
            best = i;
        i = subject != SC_AU_NIL ? r->next_on_subject : i + 1;
    }
    return best;
}

int sc_authority_each_cut(const struct sc_authority *a, const struct cr_sign_pk *subject,
                          int (*cb)(void *arg, const struct sc_auth_cut *cut), void *arg)
{
    uint32_t author = subject != NULL ? sc_au_author_find(a, subject) : SC_AU_NIL;
    uint32_t at;

    CR_ASSERT(a->settled);
    if (subject != NULL && author == SC_AU_NIL)
        return 0;
    at = next_cut(a, author, NULL);
    while (at != SC_AU_NIL) {
        int rc = tell_cut(a, &a->records[at], cb, arg);

        if (rc != 0)
            return rc;
        at = next_cut(a, author, &a->records[at].entry_id);
    }
    return 0;
}

int sc_authority_each_wanted(const struct sc_authority *a,
                             int (*cb)(void *arg, const struct sc_auth_at *at), void *arg)
{
    CR_ASSERT(a->settled);
    for (uint32_t i = 0; i < a->name_count; i++) {
        const struct sc_au_name *n = &a->names[i];
        const struct sc_au_record *r = &a->records[n->record];
        struct sc_auth_at at = {.seq = n->seq, .entry_id = n->entry_id};
        int rc;

        if (n->located || n->kind == SC_AU_DEP || !r->stands)
            continue;
        at.key = (struct sc_log_key){
            .author = a->authors[r->subject].pk, .scope = n->scope, .incarnation = n->incarnation};
        rc = cb(arg, &at);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* ---- admission ---- */

static enum sc_mention mention_by(const struct sc_authority *a, const struct sc_au_record *r,
                                  const struct sc_log_key *key, uint64_t seq,
                                  const struct cr_hash *entry_id)
{
    enum sc_mention m = SC_NOT_NAMED;
    uint32_t i, end;

    if (!r->stands)
        return SC_NOT_NAMED;
    sc_au_heads_of(a, r, key->scope, key->incarnation, &i, &end);
    for (; i < end; i++) {
        const struct sc_au_name *n = &a->names[i];

        if (n->located || n->seq < seq)
            continue;
        if (n->seq == seq && cr_hash_equal(&n->entry_id, entry_id))
            return SC_NAMED;
        m = SC_MAY_LEAD_TO_NAMED;
    }
    return m;
}

enum sc_mention sc_authority_mention(const struct sc_authority *a, const struct sc_log_key *key,
                                     uint64_t seq, const struct cr_hash *entry_id)
{
    uint32_t author = sc_au_author_find(a, &key->author);
    enum sc_mention m = SC_NOT_NAMED;

    CR_ASSERT(a->settled);
    for (size_t k = 0; k < 2 && author != SC_AU_NIL; k++) {
        uint32_t i = k == 0 ? a->authors[author].first_cut : a->authors[author].first_adopt;

        for (; i != SC_AU_NIL && m != SC_NAMED; i = a->records[i].next_on_subject) {
            enum sc_mention by = mention_by(a, &a->records[i], key, seq, entry_id);

            m = by > m ? by : m;
        }
    }
    return m;
}

static enum sc_admission within_quota(const struct sc_authority *a, const struct sc_auth_offer *o,
                                      const struct sc_auth_use *use, enum sc_au_stratum stratum,
                                      bool certified)
{
    const struct sc_au_log *log = find(a, &o->key);
    bool opens = log != NULL && o->branch == SC_AUTH_NONE;
    bool held = opens || !certified ||
                (log != NULL && o->branch < log->count && o->seq >= log->branches[o->branch].limit);
    bool author_full = use->held_entries >= SC_QUOTA_HELD_ENTRIES ||
                       use->held_bytes + o->bytes > SC_QUOTA_HELD_BYTES;

    if (stratum != SC_AU_OTHER)
        return held && use->held_in_log >= SC_QUOTA_FORKED_SEAT ? SC_REFUSE_HELD : SC_ADMIT;
    if (use->siblings >= SC_QUOTA_SIBLINGS)
        return SC_REFUSE_SIBLINGS;
    if (held && author_full)
        return SC_REFUSE_HELD;
    if (!certified && use->unknown_bytes + o->bytes > SC_QUOTA_UNKNOWN_BYTES)
        return SC_REFUSE_UNKNOWN;
    return SC_ADMIT;
}

/* How far a CUT or ADOPT in force names the branch; awaited: or may turn out to. */
static uint64_t relay_by(const struct sc_authority *a, const struct sc_au_log *log, uint32_t branch,
                         const struct sc_au_record *r, bool awaited)
{
    uint64_t relay = 0;
    uint32_t i, end;

    if (!r->stands)
        return 0;
    sc_au_heads_of(a, r, log->key.scope, log->key.incarnation, &i, &end);
    for (; i < end; i++) {
        const struct sc_au_name *n = &a->names[i];
        uint64_t reach = n->seq + 1;
        uint32_t on = n->branch;

        while (n->located && on != branch && on != SC_AU_NIL) {
            reach = log->branches[on].first_seq;
            on = log->branches[on].parent;
        }
        if ((n->located ? on == branch : awaited) && reach > relay)
            relay = reach;
    }
    return relay;
}

uint64_t sc_authority_relay(const struct sc_authority *a, const struct sc_log_key *key,
                            uint32_t branch)
{
    const struct sc_au_log *log = find(a, key);
    uint64_t relay = 0;

    if (log == NULL || branch >= log->count || !revoked_for(a, log->author, key->scope))
        return UINT64_MAX;
    for (size_t k = 0; k < 2; k++) {
        uint32_t i =
            k == 0 ? a->authors[log->author].first_cut : a->authors[log->author].first_adopt;

        for (; i != SC_AU_NIL; i = a->records[i].next_on_subject) {
            uint64_t by = relay_by(a, log, branch, &a->records[i], true);

            relay = by > relay ? by : relay;
        }
    }
    return relay;
}

struct binding {
    const struct sc_authority *a;
    const struct sc_au_record *cut;
};

static int binds_area(void *arg, uint64_t scope)
{
    const struct binding *b = arg;

    return sc_au_binds(b->a, b->cut, scope) ? 1 : 0;
}

/* The cut binds the log, or one of the scopes its author speaks for in it. */
static bool binds_log(const struct sc_authority *a, const struct sc_au_log *log,
                      const struct sc_au_record *cut)
{
    struct binding b = {a, cut};

    if (!cut->stands || cut->cut.mode == SC_CUT_RETIRE ||
        (cut->cut.mode == SC_CUT_FORK && cut->cut.incarnation != log->key.incarnation))
        return false;
    if (sc_au_binds(a, cut, log->key.scope))
        return true;
    return log->key.scope == SC_SCOPE_PUBLIC && a->authors[log->author].stratum == SC_AU_OTHER &&
           sc_certs_each_area(a->certs, &a->authors[log->author].pk, binds_area, &b) != 0;
}

static int take_cut(void *arg, const struct sc_auth_cut *cut)
{
    *(struct sc_auth_cut *)arg = *cut;
    return 0;
}

bool sc_authority_holder(const struct sc_authority *a, const struct sc_auth_at *at,
                         struct sc_auth_cut *out)
{
    const struct sc_au_log *log = find(a, &at->key);
    uint32_t cut;

    if (log == NULL || at->branch >= log->count)
        return false;
    for (cut = next_cut(a, log->author, NULL); cut != SC_AU_NIL;
         cut = next_cut(a, log->author, &a->records[cut].entry_id)) {
        const struct sc_au_record *r = &a->records[cut];

        if (binds_log(a, log, r) && at->seq >= relay_by(a, log, at->branch, r, false))
            return tell_cut(a, r, take_cut, out) == 0;
    }
    return false;
}

/* A seat that governs no grid of its own is none, so the whole street needs no look at its grids.
 */
static bool closes(const struct sc_authority *a, const struct sc_au_record *r, uint64_t grid)
{
    if (r->cut.mode != SC_CUT_REVOKE || !r->stands)
        return false;
    if (sc_grid_level(grid) == 1)
        return a->authors[r->author].stratum < a->authors[r->subject].stratum;
    return sc_au_binds(a, r, sc_grid_scope(grid));
}

bool sc_authority_revoked(const struct sc_authority *a, const struct cr_sign_pk *subject,
                          size_t grid_count, const uint64_t *grids, struct sc_auth_cut *out)
{
    uint32_t author = sc_au_author_find(a, subject);
    uint32_t cut = SC_AU_NIL;

    CR_ASSERT(a->settled);
    if (author != SC_AU_NIL)
        cut = next_cut(a, author, NULL);
    for (; cut != SC_AU_NIL; cut = next_cut(a, author, &a->records[cut].entry_id)) {
        for (size_t i = 0; i < grid_count; i++) {
            if (closes(a, &a->records[cut], grids[i]))
                return tell_cut(a, &a->records[cut], take_cut, out) == 0;
        }
    }
    return false;
}

enum sc_admission sc_authority_admit(struct sc_authority *a, const struct sc_auth_offer *offer,
                                     const struct sc_auth_use *use)
{
    uint32_t author = sc_au_author_find(a, &offer->key.author);
    enum sc_au_stratum stratum = author != SC_AU_NIL ? a->authors[author].stratum : SC_AU_OTHER;
    bool certified = stratum <= SC_AU_ROOT || sc_certs_find(a->certs, &offer->key.author) != NULL;
    bool revoked = revoked_for(a, author, offer->key.scope);
    enum sc_admission quota = within_quota(a, offer, use, stratum, certified);
    enum sc_mention m;

    if (!revoked && quota == SC_ADMIT)
        return SC_ADMIT;
    m = offer->on_named_path ? SC_NAMED
                             : sc_authority_mention(a, &offer->key, offer->seq, &offer->entry_id);
    if (m == SC_NAMED)
        return SC_ADMIT_NAMED;
    if (m == SC_NOT_NAMED && revoked)
        return SC_REFUSE_REVOKED;
    return quota;
}
