/* Values of policy as people type them, and as they are shown for typing again. */
#include "schema/policy.h"

#include "schema/hazard.h"
#include "schema/record_table.h"

#include <stdio.h>
#include <string.h>

/* ---- reading ---- */

/* The text up to the separator; *text is then behind it, NULL at the end. */
static struct cr_span next_word(const char **text, char separator)
{
    struct cr_span word = {(const uint8_t *)*text, strlen(*text)};
    const char *end = strchr(*text, separator);

    if (end != NULL)
        word.n = (size_t)(end - *text);
    *text = end == NULL ? NULL : end + 1;
    return word;
}

static int no_word(struct st_err *err, const char *what, struct cr_span word, const char *wanted)
{
    return st_fail(err, ST_USAGE, "%s '%.*s': %s", what, (int)(word.n < 64 ? word.n : 64),
                   (const char *)word.p, wanted);
}

static int parse_roles(struct cr_span text, uint32_t *out, struct st_err *err)
{
    uint32_t roles = 0;
    size_t at = 0;

    while (at <= text.n) {
        const struct sc_choice *c = sc_choices_role;
        struct cr_span word = {text.p + at, 0};

        while (at + word.n < text.n && text.p[at + word.n] != ',')
            word.n++;
        while (c->name != NULL && !cr_span_equal(word, cr_span_text(c->name)))
            c++;
        if (c->name == NULL)
            return no_word(err, "role", word,
                           "street, village, chief, officer, … with commas between");
        roles |= (uint32_t)c->value;
        at += word.n + 1;
    }
    *out = roles;
    return ST_OK;
}

static int parse_clear(const char *text, struct sc_policy_value *out, struct st_err *err)
{
    struct cr_span word = next_word(&text, ':');
    int rc = parse_roles(word, &out->roles, err);

    if (rc != ST_OK || text == NULL)
        return rc;
    for (size_t level = SC_LV_OFFICER; level <= SC_LV_DISTRICT; level++)
        if (strcmp(text, sc_level_label((enum sc_level)level).name) == 0) {
            out->level = (uint8_t)level;
            return ST_OK;
        }
    return no_word(err, "level", cr_span_text(text), "officer, chief, village, street, district");
}

static int parse_label(struct cr_span word, const char *what, char *out, size_t max,
                       struct st_err *err)
{
    if (word.n == 0)
        return ST_OK; /* stays */
    if (word.n > max)
        return st_fail(err, ST_USAGE, "%s: %zu bytes, at most %zu", what, word.n, max);
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] < ' ' || word.p[i] == 0x7f)
            return st_fail(err, ST_USAGE, "%s: a control character", what);
    if (!cr_utf8_valid(word.p, word.n))
        return st_fail(err, ST_USAGE, "%s: not UTF-8", what);
    memcpy(out, word.p, word.n);
    memset(out + word.n, 0, max + 1 - word.n);
    return ST_OK;
}

static int parse_role(const char *text, struct sc_policy_value *out, struct st_err *err)
{
    static const struct cr_span none;
    struct cr_span part[4] = {none, none, none, none};
    size_t n = 0;
    int rc;

    while (text != NULL && n < 4)
        part[n++] = next_word(&text, '/');
    if (text != NULL)
        return st_fail(err, ST_USAGE, "more than ZH/EN/ABBR/GIVER");
    rc = parse_label(part[0], "ZH", out->zh, SC_POLICY_LABEL_MAX, err);
    if (rc == ST_OK)
        rc = parse_label(part[1], "EN", out->en, SC_POLICY_LABEL_MAX, err);
    if (rc == ST_OK)
        rc = parse_label(part[2], "ABBR", out->abbr, SC_POLICY_ABBR_MAX, err);
    if (rc != ST_OK || part[3].n == 0)
        return rc;
    for (const struct sc_choice *c = sc_choices_giver; c->name != NULL; c++)
        if (cr_span_equal(part[3], cr_span_text(c->name))) {
            out->number = c->value;
            return ST_OK;
        }
    return no_word(err, "giver", part[3], "root, street, village");
}

int sc_policy_value_parse(const char *text, struct sc_policy_value *out, struct st_err *err)
{
    struct sc_policy_item item;

    sc_policy_item(out->item, &item);
    switch (item.kind) {
    case SC_PK_ROLE: return parse_role(text, out, err);
    case SC_PK_CLEAR: return parse_clear(text, out, err);
    case SC_PK_WRITE: return parse_roles(cr_span_text(text), &out->roles, err);
    case SC_PK_NUMBER: break;
    }
    if (cr_parse_u64(text, strlen(text), UINT64_MAX, &out->number) != ST_OK)
        return no_word(err, "number", cr_span_text(text), "digits only");
    return ST_OK;
}

/* ---- writing ---- */

static size_t put_roles(uint32_t roles, char *out, size_t bytes)
{
    size_t n = 0;

    out[0] = '\0';
    for (const struct sc_choice *c = sc_choices_role; c->name != NULL && n < bytes; c++)
        if ((roles & c->value) != 0)
            n += (size_t)snprintf(out + n, bytes - n, "%s%s", n > 0 ? "," : "", c->name);
    return n < bytes ? n : bytes - 1;
}

void sc_policy_value_text(const struct sc_policy_value *v, char out[static SC_POLICY_TEXT_MAX])
{
    const struct sc_choice *giver;
    struct sc_policy_item item;
    size_t n;

    sc_policy_item(v->item, &item);
    switch (item.kind) {
    case SC_PK_ROLE:
        giver = sc_choice_by_value(sc_choices_giver, v->number);
        (void)snprintf(out, SC_POLICY_TEXT_MAX, "%s/%s/%s/%s", v->zh, v->en, v->abbr,
                       giver == NULL ? "" : giver->name);
        break;
    case SC_PK_CLEAR:
        n = put_roles(v->roles, out, SC_POLICY_TEXT_MAX);
        (void)snprintf(out + n, SC_POLICY_TEXT_MAX - n, ":%s",
                       sc_level_label((enum sc_level)v->level).name);
        break;
    case SC_PK_WRITE: (void)put_roles(v->roles, out, SC_POLICY_TEXT_MAX); break;
    case SC_PK_NUMBER:
        (void)snprintf(out, SC_POLICY_TEXT_MAX, "%llu", (unsigned long long)v->number);
        break;
    }
}
