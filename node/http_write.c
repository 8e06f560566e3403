/* Records from JSON. The body is read by the catalogue, signed with the key of the session and
 * answered only when it is durable: the page may then drop its draft. */
#include "node/http_api_int.h"
#include "node/json_body.h"
#include "node/tables.h"

#include <stdio.h>
#include <string.h>

#define ARENA_BYTES 131072

struct write {
    struct nd_api *api;
    struct nd_http_req *r;
    const struct sc_record *rec;
    const char *subject; /* NULL: a new one */
    bool emergency;      /* a report, and that it is one, both ahead of what waits */
    struct cr_identity author;
    struct sc_id id; /* written */
    struct st_err err;
};

/* Where it goes: the scope of the subject, or of the grid that the body names. */
static int find_scope(struct write *w, const struct sc_body *body, struct sc_id *subject,
                      uint64_t *scope)
{
    struct sc_id tips[SC_PARENTS_MAX];
    size_t n;
    int rc;

    if (w->subject != NULL) {
        rc = nd_store_find_subject(w->api->app->store, w->subject, subject, &w->err);
        if (rc == ST_OK)
            rc = nd_store_tips(w->api->app->store, subject, tips, &n, scope);
        return rc == ST_OK || w->err.code != ST_OK
                   ? rc
                   : st_fail(&w->err, (enum st_code)rc, "'%s'", w->subject);
    }
    *scope = sc_record_scope(w->rec, sc_body_get(body, SC_K_GRID)->u);
    return sc_scope_valid(*scope) ? ST_OK
                                  : st_fail(&w->err, ST_MALFORMED, "grid: %s",
                                            nd_api_tr(w->r, "缺少网格", "a grid is wanted"));
}

static int check_required(struct write *w, const struct sc_body *body)
{
    if (w->subject != NULL && w->rec->fold != SC_FOLD_HAZARD)
        return ST_OK;
    for (size_t i = 0; i < w->rec->field_count; i++) {
        const struct sc_field *f = &w->rec->fields[i];

        if ((f->flags & SC_FF_REQUIRED) != 0 && !body->v[i].present)
            return st_fail(&w->err, ST_MALFORMED, "%s (%s)", f->name,
                           nd_api_tr(w->r, f->zh, f->en));
    }
    return ST_OK;
}

/* A visit began, and a notice begins, now unless told otherwise. */
static void default_time(struct write *w, struct sc_body *body)
{
    size_t i = sc_field_index(w->rec, SC_K_WHEN);

    if (w->subject == NULL && i != SIZE_MAX && !body->v[i].present &&
        (w->rec->fields[i].flags & SC_FF_REQUIRED) != 0)
        body->v[i] = (struct sc_value){.present = true, .u = nd_app_wall_ms(w->api->app)};
}

/* What an emergency says of the hazard: as its report, without the key of an outside table. */
static int encode_emergency(const struct sc_body *report, struct cr_buf *out, struct st_err *err)
{
    struct sc_body body = {.rec = sc_record_find(SC_R_HAZARD_EMERGENCY)};

    for (size_t i = 0; i < report->rec->field_count; i++) {
        size_t at = sc_field_index(body.rec, report->rec->fields[i].key);

        if (at != SIZE_MAX && report->rec->fields[i].key != SC_K_EXT)
            body.v[at] = report->v[i];
    }
    return sc_body_encode(&body, false, out, err);
}

static int write_body(struct write *w, const struct sc_body *body)
{
    struct sc_id subject, ids[2];
    struct nd_draft draft[2] = {
        {.type = w->rec->type, .urgent = w->emergency || w->rec->type == SC_R_HAZARD_EMERGENCY},
        {.type = SC_R_HAZARD_EMERGENCY, .urgent = true, .subject = &ids[0]}};
    struct cr_buf bytes, more;
    uint64_t scope = 0;
    int rc = find_scope(w, body, &subject, &scope);

    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    cr_buf_init(&more, SC_PAYLOAD_MAX);
    if (rc == ST_OK)
        rc = check_required(w, body);
    if (rc == ST_OK)
        rc = sc_body_encode(body, w->subject == NULL, &bytes, &w->err);
    if (rc == ST_OK && w->emergency)
        rc = encode_emergency(body, &more, &w->err);
    draft[0].body = cr_buf_span(&bytes);
    draft[0].subject = w->subject != NULL ? &subject : NULL;
    draft[1].body = cr_buf_span(&more);
    if (rc == ST_OK)
        rc = nd_driver_write(w->api->app->driver, &w->author, scope, draft, w->emergency ? 2 : 1,
                             ids, &w->err);
    w->id = ids[0];
    cr_buf_release(&more);
    cr_buf_release(&bytes);
    return rc;
}

static int write_json(struct write *w)
{
    struct cr_span text = nd_http_body(w->r);
    json_t *j = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    struct cr_buf arena;
    struct sc_body body;
    int rc;

    if (j == NULL)
        return st_fail(&w->err, ST_MALFORMED, "%s",
                       nd_api_tr(w->r, "不是 JSON", "the body is no JSON"));
    cr_buf_init(&arena, ARENA_BYTES);
    rc = nd_body_from_json(j, w->rec, &arena, &body, &w->err);
    if (rc == ST_OK) {
        default_time(w, &body);
        nd_default_version(nd_store_tables(w->api->app->store), nd_app_wall_ms(w->api->app), &body);
        rc = write_body(w, &body);
    }
    cr_buf_release(&arena);
    json_decref(j);
    return rc;
}

static void answer_saved(struct write *w)
{
    struct cr_buf name;

    cr_buf_init(&name, SC_NAME_MAX + 1);
    if (nd_store_meta_get(w->api->app->store, "node_name", &name) != ST_OK)
        cr_buf_clear(&name);
    nd_api_json(w->r, 200,
                json_pack("{s:o, s:o}", "id", nd_json_id(&w->id), "node",
                          nd_json_span(cr_buf_span(&name))));
    cr_buf_release(&name);
}

static void write_record(struct nd_api *api, struct nd_http_req *r, const struct sc_record *rec,
                         const char *subject, bool emergency)
{
    struct write w = {.api = api, .r = r, .rec = rec, .subject = subject, .emergency = emergency};
    struct nd_api_session *s = nd_api_session(api, r);

    if (s == NULL)
        return;
    if (rec == NULL || nd_http_header(r, "X-Fengsui") == NULL) {
        nd_api_fail(r, ST_NOTFOUND, "%s", nd_api_tr(r, "没有这种记录", "no such record"));
        return;
    }
    if (nd_api_key(api, s, &w.author) != ST_OK) {
        nd_api_fail(r, ST_SEALED, "%s", nd_api_tr(r, "请先登录", "log in first"));
        return;
    }
    if (write_json(&w) == ST_OK)
        answer_saved(&w);
    else
        nd_api_fail_err(r, &w.err);
    cr_identity_wipe(&w.author);
}

void nd_api_report(void *arg, struct nd_http_req *r)
{
    write_record(arg, r, sc_record_find(SC_R_HAZARD_REPORT), NULL, false);
}

void nd_api_emergency(void *arg, struct nd_http_req *r)
{
    write_record(arg, r, sc_record_find(SC_R_HAZARD_REPORT), NULL, true);
}

void nd_api_act(void *arg, struct nd_http_req *r)
{
    char name[ND_HTTP_SEGMENT_MAX + 8];
    const struct sc_record *rec;

    (void)snprintf(name, sizeof name, "hazard-%s", nd_http_segment(r, 1));
    rec = sc_record_by_name(name);
    write_record(arg, r, rec != NULL && rec->subject == SC_SUBJ_CREATES ? NULL : rec,
                 nd_http_segment(r, 0), false);
}

void nd_api_record(void *arg, struct nd_http_req *r)
{
    const struct sc_record *rec = sc_record_by_name(nd_http_segment(r, 0));
    const char *subject = nd_http_segment(r, 1);

    write_record(arg, r, rec != NULL && rec->fold == SC_FOLD_LWW ? rec : NULL,
                 subject[0] == '\0' ? NULL : subject, false);
}
