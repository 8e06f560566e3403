#include "node/cmd_bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct nd_touched {
    struct sc_id id;
    bool created; /* here */
};

struct nd_tally *nd_tally_new(void)
{
    return calloc(1, sizeof(struct nd_tally));
}

void nd_tally_free(struct nd_tally *t)
{
    if (t == NULL)
        return;
    free(t->touched);
    free(t);
}

static void count_author(struct nd_tally *t, const struct cr_sign_pk *key, uint64_t entries)
{
    size_t i = 0;

    t->entries += entries;
    while (i < t->author_count && !cr_sign_pk_equal(&t->author[i].key, key))
        i++;
    if (i == ND_TALLY_AUTHORS) {
        t->other_authors += entries;
        return;
    }
    if (i == t->author_count) {
        t->author[i].key = *key;
        t->author[i].entries = 0;
        t->author_count++;
    }
    t->author[i].entries += entries;
}

static void touch(struct nd_tally *t, const struct sc_id *id, bool created)
{
    if (t->touched_count == t->touched_cap) {
        size_t cap = t->touched_cap == 0 ? 256 : t->touched_cap * 2;
        struct nd_touched *grown =
            cap > ND_TALLY_SUBJECTS ? NULL : realloc(t->touched, cap * sizeof *grown);

        if (grown == NULL) {
            t->touched_lost = true;
            return;
        }
        t->touched = grown;
        t->touched_cap = cap;
    }
    t->touched[t->touched_count++] = (struct nd_touched){*id, created};
}

static void count_payload(struct nd_tally *t, struct cr_span payload,
                          const struct cr_hash *entry_id)
{
    struct sc_payload p;
    struct sc_id id;

    if (sc_payload_decode(payload, &p, NULL) != ST_OK || !sc_type_is_hazard(p.type))
        return;
    if (p.has_subject)
        touch(t, &p.subject, false);
    else
        t->hazards_new++;
    if (p.has_subject || entry_id == NULL)
        return;
    id = sc_id_of(entry_id);
    touch(t, &id, true);
}

void nd_tally_run(struct nd_tally *t, const struct sc_log_key *key, const struct sc_run *run,
                  const struct cr_hash *entry_ids, size_t from)
{
    count_author(t, &key->author, run->count - from);
    for (size_t i = from; i < run->count; i++)
        if (!run->e[i].pruned && sc_suite_known(sc_wire_suite(&run->e[i])))
            count_payload(t, run->e[i].payload, entry_ids == NULL ? NULL : &entry_ids[i - from]);
}

void nd_tally_urgent(struct nd_tally *t, const struct sc_urgent *u)
{
    (void)u; /* its log brings it again, as an entry */
    t->urgents++;
}

static int by_id(const void *a, const void *b)
{
    const struct nd_touched *x = a, *y = b;

    int order = sc_id_cmp(&x->id, &y->id);

    return order != 0 ? order : (int)y->created - (int)x->created; /* its creation first */
}

void nd_tally_finish(struct nd_tally *t)
{
    t->hazards_changed = 0;
    if (t->touched_count > 0)
        qsort(t->touched, t->touched_count, sizeof *t->touched, by_id);
    for (size_t i = 0; i < t->touched_count; i++)
        if ((i == 0 || !sc_id_equal(&t->touched[i - 1].id, &t->touched[i].id)) &&
            !t->touched[i].created)
            t->hazards_changed++;
}

void nd_key_name(struct nd_cmd *c, const struct cr_sign_pk *key, char *out, size_t out_bytes)
{
    const struct sc_cert *cert = sc_certs_find(nd_store_certs(c->app->store), key);
    char hex[2 * CR_SIGN_PK_BYTES + 1];

    cr_hex(key->b, sizeof key->b, hex);
    if (cert != NULL && cert->name[0] != '\0')
        (void)snprintf(out, out_bytes, "%s", cert->name);
    else
        (void)snprintf(out, out_bytes, "%.16s…", hex);
}

static void show_json(struct nd_cmd *c, const struct nd_tally *t, json_t *o)
{
    json_t *authors = json_array();

    for (size_t i = 0; i < t->author_count; i++) {
        char name[SC_NAME_MAX + 1], hex[2 * CR_SIGN_PK_BYTES + 1];

        nd_key_name(c, &t->author[i].key, name, sizeof name);
        cr_hex(t->author[i].key.b, CR_SIGN_PK_BYTES, hex);
        (void)json_array_append_new(authors, json_pack("{s:s, s:s, s:I}", "name", name, "key", hex,
                                                       "count", (json_int_t)t->author[i].entries));
    }
    (void)json_object_set_new(o, "entries", json_integer((json_int_t)t->entries));
    (void)json_object_set_new(o, "urgent", json_integer((json_int_t)t->urgents));
    (void)json_object_set_new(o, "hazards_new", json_integer((json_int_t)t->hazards_new));
    (void)json_object_set_new(o, "hazards_changed", json_integer((json_int_t)t->hazards_changed));
    (void)json_object_set_new(o, "authors", authors);
}

void nd_tally_show(struct nd_cmd *c, const struct nd_tally *t, json_t *o)
{
    if (o != NULL) {
        show_json(c, t, o);
        return;
    }
    nd_out(c,
           nd_tr(c, "新条目 %llu 条：新隐患 %llu 处，有变化的隐患 %llu 处，紧急 %llu 条\n",
                 "%llu new entries: %llu new hazards, %llu hazards changed, %llu urgent\n"),
           (unsigned long long)t->entries, (unsigned long long)t->hazards_new,
           (unsigned long long)t->hazards_changed, (unsigned long long)t->urgents);
    for (size_t i = 0; i < t->author_count; i++) {
        char name[SC_NAME_MAX + 1];

        nd_key_name(c, &t->author[i].key, name, sizeof name);
        nd_out(c, nd_tr(c, "  %s：%llu 条\n", "  %s: %llu\n"), name,
               (unsigned long long)t->author[i].entries);
    }
    if (t->other_authors > 0)
        nd_out(c, nd_tr(c, "  其他人：%llu 条\n", "  others: %llu\n"),
               (unsigned long long)t->other_authors);
}
