/* Who is logged in. A session is a random token whose hash is kept, and one opening of a key in the
 * node's keyring: when that has closed (idle, locked at the command line), the session is over,
 * also if the key is opened again. Two brakes on guessing: the counter beside the key file
 * (tries.h), which nothing forgets, and here a few wrong PINs a minute by address, so that one
 * address cannot keep every officer out. */
#include "node/http_api_int.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS    60000u
#define OFFICERS_MAX 64

static struct cr_hash token_hash(const uint8_t token[static ND_API_TOKEN_BYTES])
{
    struct cr_hash h;

    cr_hash1(CR_TAG_TOKEN, cr_span_of(token, ND_API_TOKEN_BYTES), &h);
    return h;
}

static void end_session(struct nd_api_session *s)
{
    memset(s, 0, sizeof *s);
}

static struct nd_api_session *find_session(struct nd_api *api, const struct nd_http_req *r)
{
    static const char prefix[] = "Bearer ";
    const char *value = nd_http_header(r, "Authorization");
    uint8_t token[ND_API_TOKEN_BYTES];
    uint64_t now = nd_api_now(api);
    struct cr_hash h;

    if (value == NULL || strncmp(value, prefix, sizeof prefix - 1) != 0 ||
        cr_unhex(value + sizeof prefix - 1, strlen(value + sizeof prefix - 1), token,
                 sizeof token) != ST_OK)
        return NULL;
    h = token_hash(token);
    cr_wipe(token, sizeof token);
    for (size_t i = 0; i < ND_API_SESSIONS_MAX; i++) {
        struct nd_api_session *s = &api->session[i];

        if (!s->used || !cr_secret_equal(&s->token, &h, sizeof h))
            continue;
        if (now - s->seen_ms > ND_API_IDLE_MS || now - s->born_ms > ND_API_LIFE_MS ||
            nd_keyring_opening(api->app->keyring, s->key, now) != s->opening) {
            end_session(s);
            return NULL;
        }
        s->seen_ms = now;
        return s;
    }
    return NULL;
}

struct nd_api_session *nd_api_session(struct nd_api *api, struct nd_http_req *r)
{
    struct nd_api_session *s = find_session(api, r);

    if (s == NULL)
        nd_api_fail(r, ST_SEALED, "%s", nd_api_tr(r, "请先登录", "log in first"));
    return s;
}

int nd_api_key(struct nd_api *api, struct nd_api_session *s, struct cr_identity *out)
{
    int rc = nd_keyring_get(api->app->keyring, s->key, nd_api_now(api), out);

    if (rc != ST_OK)
        end_session(s);
    return rc;
}

/* ---- who may log in ---- */

struct officers {
    struct nd_api *api;
    json_t *list;
};

#define KEY_PATH_MAX (ND_PATH_MAX + ND_KEY_NAME_MAX + 16)

static void key_file(const struct nd_api *api, const char *name, char out[static KEY_PATH_MAX])
{
    (void)snprintf(out, KEY_PATH_MAX, "%s/keys/%s.key", api->app->dir, name);
}

static bool key_name_valid(const char *name)
{
    size_t n = strlen(name);

    return n > 0 && n <= ND_KEY_NAME_MAX && strchr(name, '/') == NULL && name[0] != '.' &&
           cr_utf8_valid((const uint8_t *)name, n);
}

static void add_officer(struct nd_api *api, json_t *list, const char *name)
{
    struct cr_identity_public pub;
    const struct sc_cert *cert;
    struct nd_tries_now now;
    struct nd_tries tries = {0};
    char path[KEY_PATH_MAX];

    key_file(api, name, path);
    if (cr_identity_look(path, &pub, NULL) != ST_OK)
        return;
    nd_tries_now(&now);
    if (nd_tries_look(path, &now, &tries, NULL) != ST_OK)
        tries.left_ms = 0;
    cert = sc_certs_find(nd_store_certs(api->app->store), &pub.sign_pk);
    (void)json_array_append_new(list, json_pack("{s:s, s:s?, s:I}", "key", name, "name",
                                                cert == NULL ? NULL : cert->name, "wait_s",
                                                (json_int_t)((tries.left_ms + 999) / 1000)));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static json_t *officers(struct nd_api *api)
{
    json_t *list = json_array();
    char dir[ND_PATH_MAX], *names[OFFICERS_MAX];
    const struct dirent *e;
    size_t n = 0;
    DIR *d;

    nd_app_path(api->app->dir, "keys", dir);
    d = opendir(dir);
    while (d != NULL && n < OFFICERS_MAX && (e = readdir(d)) != NULL) {
        size_t len = strlen(e->d_name);

        if (len <= 4 || strcmp(e->d_name + len - 4, ".key") != 0)
            continue;
        names[n] = strndup(e->d_name, len - 4);
        if (names[n] == NULL)
            break;
        if (key_name_valid(names[n]))
            n++;
        else
            free(names[n]);
    }
    if (d != NULL)
        (void)closedir(d);
    if (n > 0)
        qsort(names, n, sizeof names[0], by_name);
    for (size_t i = 0; i < n; i++) {
        add_officer(api, list, names[i]);
        free(names[i]);
    }
    return list;
}

static json_t *role_names(uint64_t roles)
{
    const struct sc_field *f = sc_field_by_name(sc_record_find(SC_R_CERT), "roles");
    json_t *list = json_array();

    for (const struct sc_choice *ch = f->choices; ch != NULL && ch->name != NULL; ch++)
        if ((roles & ch->value) != 0)
            (void)json_array_append_new(list, json_string(ch->name));
    return list;
}

static json_t *grid_codes(const struct sc_cert *cert)
{
    json_t *list = json_array();

    for (size_t i = 0; cert != NULL && i < cert->prefix_count; i++)
        (void)json_array_append_new(list, nd_json_grid(cert->prefixes[i]));
    return list;
}

static json_t *user_json(struct nd_api *api, struct nd_api_session *s)
{
    const struct sc_cert *cert;
    struct cr_identity id;

    if (s == NULL || nd_api_key(api, s, &id) != ST_OK)
        return json_null();
    cert = sc_certs_find(nd_store_certs(api->app->store), &id.sign_pk);
    cr_identity_wipe(&id);
    return json_pack("{s:s, s:o, s:o}", "name", cert == NULL ? s->key : cert->name, "roles",
                     role_names(cert == NULL ? 0 : cert->roles), "grids", grid_codes(cert));
}

bool nd_api_sees(struct nd_api *api, struct nd_api_session *s, struct nd_http_req *r,
                 uint64_t scope)
{
    struct nd_store *store = api->app->store;
    struct cr_identity id;
    uint32_t roles = 0;

    if (scope != SC_SCOPE_INTERNAL)
        return true;
    if (nd_api_key(api, s, &id) == ST_OK) {
        roles = sc_certs_roles(nd_store_certs(store), &id.sign_pk, scope,
                               nd_store_genesis(store)->street, nd_app_wall_ms(api->app));
        cr_identity_wipe(&id);
    }
    if ((roles & SC_ROLE_STREET) != 0)
        return true;
    nd_api_fail(r, ST_DENIED, "%s",
                nd_api_tr(r, "仅街道人员可以查看", "only officers of the street may read this"));
    return false;
}

void nd_api_me(void *arg, struct nd_http_req *r)
{
    struct nd_api *api = arg;
    const struct sc_genesis *g = nd_store_genesis(api->app->store);
    const struct sc_cert *own =
        sc_certs_find(nd_store_certs(api->app->store), &api->app->node.sign_pk);
    struct nd_api_session *s = find_session(api, r);
    struct cr_buf name;

    cr_buf_init(&name, SC_NAME_MAX + 1);
    if (nd_store_meta_get(api->app->store, "node_name", &name) != ST_OK)
        cr_buf_clear(&name);
    nd_api_json(r, 200,
                json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "space", g->name, "street",
                          nd_json_grid(g->street), "node", nd_json_span(cr_buf_span(&name)), "grid",
                          own != NULL && own->prefix_count > 0 ? nd_json_grid(own->prefixes[0])
                                                               : json_null(),
                          "roles", role_names(nd_app_roles(api->app)), "user", user_json(api, s),
                          "officers", officers(api)));
    cr_buf_release(&name);
}

/* ---- logging in ---- */

/* The row of this address; a new one takes the place of the oldest. */
static struct nd_api_fault *fault_of(struct nd_api *api, const char *remote, uint64_t now)
{
    struct nd_api_fault *oldest = &api->fault[0];

    for (size_t i = 0; i < sizeof api->fault / sizeof api->fault[0]; i++) {
        struct nd_api_fault *f = &api->fault[i];

        if (strcmp(f->remote, remote) == 0) {
            if (now - f->first_ms > MINUTE_MS)
                f->count = 0;
            return f;
        }
        if (f->first_ms < oldest->first_ms)
            oldest = f;
    }
    *oldest = (struct nd_api_fault){.first_ms = now};
    (void)snprintf(oldest->remote, sizeof oldest->remote, "%s", remote);
    return oldest;
}

static void fail_wait(struct nd_http_req *r, uint64_t wait_s)
{
    nd_api_json(r, 429,
                json_pack("{s:{s:s, s:s, s:I}}", "error", "code", "ST_WAIT", "message",
                          nd_api_tr(r, "输错次数过多，请稍后再试", "too many wrong PINs; wait"),
                          "wait_s", (json_int_t)wait_s));
}

/* For a key that was just opened. */
static struct nd_api_session *new_session(struct nd_api *api, const char *key, uint64_t now)
{
    struct nd_api_session *s = &api->session[0];

    for (size_t i = 0; i < ND_API_SESSIONS_MAX; i++) {
        if (!api->session[i].used) {
            s = &api->session[i];
            break;
        }
        if (api->session[i].seen_ms < s->seen_ms)
            s = &api->session[i]; /* the one that was silent longest goes */
    }
    *s = (struct nd_api_session){.used = true, .born_ms = now, .seen_ms = now};
    s->opening = nd_keyring_opening(api->app->keyring, key, now);
    memcpy(s->key, key, strlen(key) + 1);
    return s;
}

/* Opens the key by its PIN and keeps it in the keyring. A key without a seal is for who sits at
 * this machine, and could read its file as well: over the network whoever knows the name of the
 * officer would be the officer. */
static int open_key(struct nd_api *api, struct nd_http_req *r, const char *key, const char *pin,
                    uint64_t *wait_s, struct st_err *err)
{
    struct nd_tries tries = {0};
    struct nd_tries_now clock;
    struct cr_identity id;
    char path[KEY_PATH_MAX];
    int rc;

    key_file(api, key, path);
    nd_tries_now(&clock);
    rc = cr_identity_load(path, &id, err);
    if (rc == ST_OK && !nd_http_local(r))
        rc = st_fail(err, ST_DENIED, "%s",
                     nd_api_tr(r, "这把钥匙没有 PIN，只能在本机登录；请先在本机用 key pin 设置",
                               "this key has no PIN and opens only at the machine itself: set one "
                               "there by key pin"));
    if (rc == ST_SEALED)
        rc = nd_open_sealed(path, cr_span_text(pin), &clock, &id, &tries, err);
    *wait_s = (tries.left_ms + 999) / 1000;
    if (rc == ST_OK)
        rc = nd_keyring_put(api->app->keyring, key, &id, ND_API_IDLE_MS, nd_api_now(api));
    if (rc == ST_FULL)
        rc = st_fail(err, ST_BUSY, "%s",
                     nd_api_tr(r, "打开的钥匙太多，请先退出一个", "too many keys are open"));
    cr_identity_wipe(&id);
    return rc;
}

static void log_in(struct nd_api *api, struct nd_http_req *r, const char *key, const char *pin)
{
    uint64_t now = nd_api_now(api), wait_s = 0;
    struct nd_api_fault *fault = fault_of(api, nd_http_remote(r), now);
    uint8_t token[ND_API_TOKEN_BYTES];
    char hex[2 * ND_API_TOKEN_BYTES + 1];
    struct st_err err = {0};
    int rc;

    if (fault->count >= ND_API_LOGINS_MAX) {
        fail_wait(r, (MINUTE_MS - (now - fault->first_ms)) / 1000 + 1);
        return;
    }
    rc = open_key(api, r, key, pin, &wait_s, &err);
    if (rc != ST_OK) {
        if (fault->count++ == 0)
            fault->first_ms = now;
        if (rc == ST_WAIT)
            fail_wait(r, wait_s);
        else if (rc == ST_PIN || rc == ST_NOTFOUND) /* which of them is nobody's business */
            nd_api_fail(r, ST_PIN, "%s", nd_api_tr(r, "PIN 码不对", "wrong PIN"));
        else
            nd_api_fail_err(r, &err);
        return;
    }
    fault->count = 0;
    cr_random(token, sizeof token);
    new_session(api, key, now)->token = token_hash(token);
    cr_hex(token, sizeof token, hex);
    nd_api_json(r, 200, json_pack("{s:s}", "token", hex));
    cr_wipe(token, sizeof token);
    cr_wipe(hex, sizeof hex);
}

void nd_api_login(void *arg, struct nd_http_req *r)
{
    struct cr_span body = nd_http_body(r);
    json_t *j = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *key = json_string_value(json_object_get(j, "key"));
    const char *pin = json_string_value(json_object_get(j, "pin"));

    if (nd_http_header(r, "X-Fengsui") == NULL || key == NULL || pin == NULL ||
        !key_name_valid(key))
        nd_api_fail(r, ST_MALFORMED, "key, pin");
    else
        log_in(arg, r, key, pin);
    json_decref(j);
}

void nd_api_logout(void *arg, struct nd_http_req *r)
{
    struct nd_api *api = arg;
    struct nd_api_session *s = find_session(api, r);
    bool used = false;

    if (s != NULL) {
        char key[sizeof s->key];

        memcpy(key, s->key, sizeof key);
        end_session(s);
        for (size_t i = 0; i < ND_API_SESSIONS_MAX; i++)
            used = used || (api->session[i].used && strcmp(api->session[i].key, key) == 0);
        if (!used)
            (void)nd_keyring_close(api->app->keyring, key);
    }
    nd_api_json(r, 200, json_object());
}
