/* Runs that passed by: refused by a quota, or behind one that was. A CUT or an ADOPT may name an
 * entry that lies further on, and then the whole way there is to be admitted whatever was stored
 * first; else replicas that saw other branches of the log first would never agree. A chain value
 * fixes all before it, so a run that holds the named entry proves the value before its own first
 * entry, and with it the end of the run before, back to what is stored. Runs come forward; what
 * each would prove is remembered until one does.
 *
 * Nothing here is on disk, nor depends on what is: these are facts about hashes. The oldest are
 * forgotten for new ones; who floods the table only delays, as each session proves one run more. */
#include "node/store_int.h"

#include <stdlib.h>

#define PASSED_MAX 1024 /* runs remembered; some 110 bytes each */

struct passed_run {
    struct cr_hash log_id;
    uint64_t next, first; /* behind its last entry; its first, or next when only the end is known */
    struct cr_hash end, before;
    bool named; /* its last entry is one that is named, or lies before one */
};

struct nd_passed {
    size_t count, oldest;
    uint64_t serial;
    struct passed_run e[PASSED_MAX];
};

static struct passed_run *find(struct nd_passed *p, const struct cr_hash *log_id, uint64_t next,
                               const struct cr_hash *end)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->e[i].next == next && cr_hash_equal(&p->e[i].end, end) &&
            cr_hash_equal(&p->e[i].log_id, log_id))
            return &p->e[i];
    return NULL;
}

static struct passed_run *add(struct nd_passed *p, const struct passed_run *run)
{
    struct passed_run *e;

    if (p->count < PASSED_MAX) {
        e = &p->e[p->count++];
    } else {
        e = &p->e[p->oldest];
        p->oldest = (p->oldest + 1) % PASSED_MAX;
    }
    *e = *run;
    return e;
}

/* What lies before the named run is named as well, as far back as runs are known. */
static void prove(struct nd_passed *p, const struct cr_hash *log_id, uint64_t first,
                  const struct cr_hash *before)
{
    struct passed_run *e = NULL;

    while (first > 0 && (e = find(p, log_id, first, before)) != NULL && !e->named) {
        e->named = true;
        p->serial++;
        if (e->first >= first)
            return;
        first = e->first;
        before = &e->before;
    }
    if (first == 0 || e != NULL)
        return;
    (void)add(p, &(struct passed_run){.log_id = *log_id,
                                      .next = first,
                                      .first = first,
                                      .end = *before,
                                      .before = *before,
                                      .named = true});
    p->serial++;
}

bool nd_passed_named(const struct nd_store *s, const struct cr_hash *log_id, uint64_t seq,
                     const struct cr_hash *chain)
{
    const struct passed_run *e = s->passed != NULL ? find(s->passed, log_id, seq + 1, chain) : NULL;

    return e != NULL && e->named;
}

uint64_t nd_passed_serial(const struct nd_store *s)
{
    return s->passed != NULL ? s->passed->serial : 0;
}

void nd_store_passed_by(struct nd_store *s, const struct nd_run *r)
{
    size_t n = r->run->count;
    struct passed_run run = {.log_id = r->log_id,
                             .next = r->run->first_seq + n,
                             .first = r->run->first_seq,
                             .end = r->chains[n - 1],
                             .before = r->before};
    struct passed_run *known;
    bool leads = false;

    nd_auth_settle(s);
    if (sc_authority_mention(s->auth, &r->key, run.first, &r->chains[0]) == SC_NOT_NAMED)
        return;
    if (s->passed == NULL)
        s->passed = calloc(1, sizeof *s->passed);
    if (s->passed == NULL)
        return; /* as if forgotten */
    for (size_t i = 0; i < n; i++) {
        run.named =
            nd_passed_named(s, &run.log_id, run.first + i, &r->chains[i]) ||
            sc_authority_mention(s->auth, &r->key, run.first + i, &r->chains[i]) == SC_NAMED;
        leads = leads || run.named;
    }
    known = find(s->passed, &run.log_id, run.next, &run.end);
    if (known == NULL)
        (void)add(s->passed, &run);
    else if (known->first > run.first)
        *known = run;
    if (leads)
        prove(s->passed, &run.log_id, run.first, &run.before);
}

void nd_passed_free(struct nd_store *s)
{
    free(s->passed);
    s->passed = NULL;
}
