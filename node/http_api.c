#include "node/cmd_cut.h"
#include "node/cmd_record.h"
#include "node/http_api_int.h"

#include "crypto/base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX 200 /* rows of one answer */

uint64_t nd_api_now(const struct nd_api *api)
{
    return api->app->ports.now_ms(api->app->ports.arg);
}

/* ---- answering ---- */

void nd_api_json(struct nd_http_req *r, unsigned status, json_t *v)
{
    static const char out_of_memory[] = "{\"error\":{\"code\":\"ST_NOMEM\",\"message\":\"\"}}";
    char *text = v == NULL ? NULL : json_dumps(v, JSON_COMPACT);

    json_decref(v);
    if (text == NULL)
        nd_http_reply(r, 503, ND_API_JSON_TYPE, cr_span_text(out_of_memory));
    else
        nd_http_reply(r, status, ND_API_JSON_TYPE, cr_span_text(text));
    free(text);
}

static unsigned http_status(int status)
{
    bool content = status == ST_MALFORMED || status == ST_OVERSIZE || status == ST_TRUNCATED ||
                   status == ST_RANGE;

    return content ? 422 : nd_api_verb_status(nd_exit_of(status));
}

void nd_api_fail(struct nd_http_req *r, int status, const char *fmt, ...)
{
    char text[ST_MSG_MAX * 2];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    nd_api_json(r, http_status(status),
                json_pack("{s:{s:s, s:i, s:s}}", "error", "code", st_name((enum st_code)status),
                          "exit", nd_exit_of(status), "message", text));
}

void nd_api_fail_err(struct nd_http_req *r, const struct st_err *err)
{
    nd_api_fail(r, err->code == ST_OK ? ST_IO : (int)err->code, "%s",
                err->msg[0] != '\0' ? err->msg : st_text(err->code));
}

bool nd_api_english(const struct nd_http_req *r)
{
    const char *v = nd_http_header(r, "X-Fengsui");

    return v != NULL && strcmp(v, "en") == 0;
}

bool nd_api_number(struct nd_http_req *r, const char *name, uint64_t max, uint64_t fallback,
                   uint64_t *out)
{
    const char *text = nd_http_query(r, name);

    *out = fallback;
    if (text == NULL || cr_parse_u64(text, strlen(text), max, out) == ST_OK)
        return true;
    nd_api_fail(r, ST_USAGE, "%s: %s %llu", name,
                nd_api_tr(r, "应为整数，最大", "a number is wanted, up to"),
                (unsigned long long)max);
    return false;
}

static bool grid_of(struct nd_http_req *r, uint64_t *out)
{
    const char *text = nd_http_query(r, "grid");

    *out = 0;
    if (text == NULL || nd_grid_parse(text, out) == ST_OK)
        return true;
    nd_api_fail(r, ST_USAGE, "grid: %s",
                nd_api_tr(r, "应为 9、12 或 15 位代码", "a code of 9, 12 or 15 digits is wanted"));
    return false;
}

/* ---- what verbs answer ---- */

static void answer_verb(struct nd_api *api, struct nd_http_req *r, const char *const *words)
{
    struct nd_api_printed p;
    int code = nd_api_verb(api->app, api->app->dir, !nd_api_english(r), NULL, words, &p);

    nd_api_answer(r, code, &p);
    nd_api_printed_release(&p);
}

static void get_tree(void *arg, struct nd_http_req *r)
{
    const char *words[] = {"tree", "--json", "--level", "3", NULL, NULL, NULL};
    const char *level = nd_http_query(r, "level"), *grid = nd_http_query(r, "grid");

    if (nd_api_session(arg, r) == NULL)
        return;
    if (level != NULL)
        words[3] = level;
    if (grid != NULL) {
        words[4] = "--grid";
        words[5] = grid;
    }
    answer_verb(arg, r, words);
}

static void get_hazard(void *arg, struct nd_http_req *r)
{
    const char *words[] = {"show", "--json", "--", nd_http_segment(r, 0), NULL};
    struct nd_api *api = arg;
    struct nd_api_session *s = nd_api_session(api, r);
    uint64_t scope = 0, grid = 0;
    struct sc_id id;

    if (s == NULL)
        return;
    if (nd_store_find_subject(api->app->store, words[3], &id, NULL) == ST_OK &&
        nd_store_subject(api->app->store, &id, &scope, &grid) == ST_OK &&
        !nd_api_sees(api, s, r, scope))
        return;
    answer_verb(api, r, words);
}

static void get_sync(void *arg, struct nd_http_req *r)
{
    static const char *const words[] = {"status", "--json", NULL};

    if (nd_api_session(arg, r) != NULL)
        answer_verb(arg, r, words);
}

static void post_sync(void *arg, struct nd_http_req *r)
{
    struct nd_api *api = arg;

    if (nd_api_session(api, r) == NULL)
        return;
    nd_driver_dial_now(api->app->driver, NULL);
    nd_api_json(r, 200, json_object());
}

/* ---- lists ---- */

static int add_hazard(void *arg, const struct nd_hazard_row *row)
{
    (void)json_array_append_new(arg, nd_json_hazard(row));
    return 0;
}

/* 0: no step is called so. */
static enum sc_hazard_state step_named(const char *name)
{
    for (enum sc_hazard_state s = SC_HS_REPORTED; s <= SC_HS_VOID; s++)
        if (strcmp(sc_hazard_state_label(s).name, name) == 0)
            return s;
    return (enum sc_hazard_state)0;
}

static bool read_state(struct nd_http_req *r, struct nd_hazard_query *q)
{
    const char *state = nd_http_query(r, "state");

    if (state == NULL || strcmp(state, "open") == 0)
        q->state = ND_HZ_OPEN;
    else if (strcmp(state, "closed") == 0)
        q->state = ND_HZ_CLOSED;
    else if (strcmp(state, "all") == 0)
        q->state = ND_HZ_ALL;
    else
        q->step = step_named(state);
    if (q->state == ND_HZ_ALL && q->step == 0 && strcmp(state, "all") != 0) {
        nd_api_fail(r, ST_USAGE, "state: open, closed, all, %s, …",
                    sc_hazard_state_label(SC_HS_REPORTED).name);
        return false;
    }
    if (q->step != 0)
        q->state = q->step < SC_HS_CLOSED ? ND_HZ_OPEN : ND_HZ_CLOSED;
    return true;
}

static void get_hazards(void *arg, struct nd_http_req *r)
{
    struct nd_api *api = arg;
    struct nd_hazard_query q = {.code = nd_http_query(r, "code")};
    uint64_t offset, limit, overdue, due, total = 0;
    struct st_err err = {0};
    json_t *rows;

    if (nd_api_session(api, r) == NULL || !read_state(r, &q) || !grid_of(r, &q.grid_prefix) ||
        !nd_api_number(r, "severity", 4, 0, &q.severity_min) ||
        !nd_api_number(r, "overdue", 1, 0, &overdue) || !nd_api_number(r, "due", 366, 0, &due) ||
        !nd_api_number(r, "offset", UINT32_MAX, 0, &offset) ||
        !nd_api_number(r, "limit", PAGE_MAX, 50, &limit))
        return;
    q.offset = (size_t)offset;
    q.limit = limit == 0 ? PAGE_MAX : (size_t)limit;
    if (overdue != 0 || due != 0)
        q.overdue_at_ms = nd_app_wall_ms(api->app);
    if (due != 0) {
        q.due_from_ms = q.overdue_at_ms;
        q.overdue_at_ms += due * 86400000;
    }
    rows = json_array();
    if (nd_store_hazards(api->app->store, &q, add_hazard, rows, &total, &err) != ST_OK) {
        json_decref(rows);
        nd_api_fail_err(r, &err);
        return;
    }
    nd_api_json(r, 200, json_pack("{s:I, s:o}", "total", (json_int_t)total, "rows", rows));
}

static int add_record(void *arg, const struct nd_record_row *row)
{
    json_t *o = nd_json_body(row->body);

    (void)json_object_update_new(o, json_pack("{s:o, s:b}", "id", nd_json_id(&row->subject),
                                              "contested", (int)row->contested));
    (void)json_array_append_new(arg, o);
    return 0;
}

static void get_records(void *arg, struct nd_http_req *r)
{
    struct nd_api *api = arg;
    const struct sc_record *rec = sc_record_by_name(nd_http_segment(r, 0));
    struct nd_api_session *s = nd_api_session(api, r);
    uint64_t prefix, offset, limit, total = 0;
    struct st_err err = {0};
    json_t *rows;

    if (s == NULL)
        return;
    if (rec == NULL || rec->fold != SC_FOLD_LWW) {
        nd_api_fail(r, ST_NOTFOUND, "'%s': %s", nd_http_segment(r, 0),
                    nd_api_tr(r, "没有这种记录", "no such record"));
        return;
    }
    if (rec->where == SC_IN_INTERNAL && !nd_api_sees(api, s, r, SC_SCOPE_INTERNAL))
        return;
    if (!grid_of(r, &prefix) || !nd_api_number(r, "offset", UINT32_MAX, 0, &offset) ||
        !nd_api_number(r, "limit", PAGE_MAX, 50, &limit))
        return;
    rows = json_array();
    if (nd_store_records(api->app->store, rec->type, prefix, (size_t)offset,
                         limit == 0 ? PAGE_MAX : (size_t)limit, add_record, rows, &total,
                         &err) != ST_OK) {
        json_decref(rows);
        nd_api_fail_err(r, &err);
        return;
    }
    nd_api_json(r, 200, json_pack("{s:I, s:o}", "total", (json_int_t)total, "rows", rows));
}

/* What is held; a page shows a record only when it is a hazard. */
struct held_list {
    struct nd_cmd cmd; /* the language */
    json_t *rows;
};

static int add_held(void *arg, const struct nd_held_row *row)
{
    struct held_list *l = arg;
    const struct sc_record *rec = sc_record_find(row->entry.fact.type);
    json_t *o = nd_json_held(&l->cmd, row);

    if (rec == NULL || rec->fold != SC_FOLD_HAZARD || row->entry.why == SC_WHY_QUARANTINE)
        (void)json_object_set_new(o, "subject", json_null());
    (void)json_array_append_new(l->rows, o);
    return 0;
}

static void get_held(void *arg, struct nd_http_req *r)
{
    struct nd_api *api = arg;
    struct held_list l = {.cmd = {.app = api->app, .zh = !nd_api_english(r)}};
    struct nd_held_query q = {.author = NULL};
    uint64_t offset, limit, total = 0;
    struct st_err err = {0};

    if (nd_api_session(api, r) == NULL || !nd_api_number(r, "offset", UINT32_MAX, 0, &offset) ||
        !nd_api_number(r, "limit", PAGE_MAX, 50, &limit))
        return;
    q.offset = (size_t)offset;
    q.limit = limit == 0 ? PAGE_MAX : (size_t)limit;
    l.rows = json_array();
    if (nd_store_held(api->app->store, &q, add_held, &l, &total, &err) != ST_OK) {
        json_decref(l.rows);
        nd_api_fail_err(r, &err);
        return;
    }
    nd_api_json(r, 200, json_pack("{s:I, s:o}", "total", (json_int_t)total, "rows", l.rows));
}

/* ---- without a session ---- */

static void get_health(void *arg, struct nd_http_req *r)
{
    (void)arg;
    nd_api_json(r, 200, json_pack("{s:s}", "status", "OK"));
}

/* ---- live ---- */

struct stream_place {
    struct nd_api *api;
    size_t at;
};

static void stream_gone(void *arg)
{
    struct stream_place *p = arg;

    p->api->stream[p->at] = NULL;
    free(p);
}

static void push_changes(struct nd_api *api, struct nd_http_stream *s)
{
    char text[96];
    int n = snprintf(text, sizeof text, "id: %llu\nevent: changed\ndata: {}\n\n",
                     (unsigned long long)api->changes);

    nd_http_push(s, cr_span_of(text, (size_t)n));
}

/* What a client missed while it was away is one thing: that something changed. So replay is one
 * event, when the number it saw last is not the present one. */
static void get_events(void *arg, struct nd_http_req *r)
{
    struct nd_api *api = arg;
    const char *last = nd_http_header(r, "Last-Event-ID");
    struct stream_place *p;
    uint64_t seen = UINT64_MAX;
    size_t at = 0;

    if (nd_api_session(api, r) == NULL)
        return;
    while (at < ND_API_STREAMS_MAX && api->stream[at] != NULL)
        at++;
    p = at == ND_API_STREAMS_MAX ? NULL : malloc(sizeof *p);
    if (p == NULL) {
        nd_api_fail(r, ST_BUSY, "%s", nd_api_tr(r, "打开的页面太多", "too many pages are open"));
        return;
    }
    *p = (struct stream_place){.api = api, .at = at};
    api->stream[at] = nd_http_reply_events(r, stream_gone, p);
    if (api->stream[at] == NULL) {
        free(p);
        return;
    }
    if (last != NULL && cr_parse_u64(last, strlen(last), UINT64_MAX, &seen) != ST_OK)
        seen = UINT64_MAX;
    if (seen != api->changes)
        push_changes(api, api->stream[at]);
}

void nd_api_tick(struct nd_api *api)
{
    uint64_t changes = nd_store_changes(api->app->store);

    if (changes == api->changes)
        return;
    api->changes = changes;
    for (size_t i = 0; i < ND_API_STREAMS_MAX; i++)
        if (api->stream[i] != NULL)
            push_changes(api, api->stream[i]);
}

/* ---- the table ---- */

static const struct nd_http_route routes[] = {
    {ND_HTTP_GET, "/healthz", 0, get_health},
    {ND_HTTP_GET, "/api/v1/me", 0, nd_api_me},
    {ND_HTTP_POST, "/api/v1/login", 4096, nd_api_login},
    {ND_HTTP_POST, "/api/v1/logout", 4096, nd_api_logout},
    {ND_HTTP_GET, "/api/v1/catalog", 0, nd_api_catalog},
    {ND_HTTP_GET, "/api/v1/tree", 0, get_tree},
    {ND_HTTP_GET, "/api/v1/hazards", 0, get_hazards},
    {ND_HTTP_POST, "/api/v1/hazards", ND_API_BODY_MAX, nd_api_report},
    {ND_HTTP_POST, "/api/v1/emergencies", ND_API_BODY_MAX, nd_api_emergency},
    {ND_HTTP_GET, "/api/v1/hazards/{id}", 0, get_hazard},
    {ND_HTTP_POST, "/api/v1/hazards/{id}/{act}", ND_API_BODY_MAX, nd_api_act},
    {ND_HTTP_GET, "/api/v1/records/{type}", 0, get_records},
    {ND_HTTP_POST, "/api/v1/records/{type}", ND_API_BODY_MAX, nd_api_record},
    {ND_HTTP_POST, "/api/v1/records/{type}/{id}", ND_API_BODY_MAX, nd_api_record},
    {ND_HTTP_GET, "/api/v1/held", 0, get_held},
    {ND_HTTP_GET, "/api/v1/sync", 0, get_sync},
    {ND_HTTP_POST, "/api/v1/sync", 4096, post_sync},
    {ND_HTTP_GET, "/api/v1/events", 0, get_events},
    {ND_HTTP_GET, "/", 0, nd_api_page},
    {ND_HTTP_GET, "/{file}", 0, nd_api_page},
};

int nd_api_start(struct nd_app *app, const char *listen, const char *const *hosts,
                 size_t host_count, struct nd_api **out, char bound[static ND_UV_ADDR_MAX],
                 struct st_err *err)
{
    struct nd_http_options o = {.listen = listen,
                                .host_count = host_count,
                                .routes = routes,
                                .route_count = sizeof routes / sizeof routes[0]};
    struct nd_api *api = calloc(1, sizeof *api);
    int rc;

    CR_ASSERT(host_count <= ND_HTTP_HOSTS_MAX);
    if (api == NULL)
        return st_fail(err, ST_NOMEM, "page: out of memory");
    api->app = app;
    api->changes = nd_store_changes(app->store);
    for (size_t i = 0; i < host_count; i++)
        o.hosts[i] = hosts[i];
    o.arg = api;
    rc = nd_http_start(app->uv, &o, &api->http, bound, err);
    if (rc != ST_OK) {
        nd_api_stop(api);
        return rc;
    }
    *out = api;
    return ST_OK;
}

void nd_api_stop(struct nd_api *api)
{
    if (api == NULL)
        return;
    nd_http_stop(api->http);
    free(api);
}
