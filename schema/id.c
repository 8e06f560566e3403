#include "schema/id.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <string.h>

#define STREET_MIN  UINT64_C(100000000)
#define STREET_MAX  UINT64_C(999999999)
#define VILLAGE_MIN (STREET_MIN * 1000)
#define VILLAGE_MAX (STREET_MAX * 1000 + 999)
#define GROUP_MIN   (VILLAGE_MIN * 1000)
#define GROUP_MAX   (VILLAGE_MAX * 1000 + 999)

bool sc_scope_valid(uint64_t scope)
{
    return scope == SC_SCOPE_PUBLIC || scope == SC_SCOPE_INTERNAL || sc_grid_level(scope) == 2;
}

void sc_scope_text(uint64_t scope, char out[static SC_SCOPE_TEXT_MAX])
{
    const char *name = "invalid";

    if (sc_grid_level(scope) == 2) {
        (void)snprintf(out, SC_SCOPE_TEXT_MAX, "%" PRIu64, scope);
        return;
    }
    if (scope == SC_SCOPE_PUBLIC)
        name = "public";
    else if (scope == SC_SCOPE_INTERNAL)
        name = "internal";
    memcpy(out, name, strlen(name) + 1);
}

int sc_scope_parse(const char *text, uint64_t *out)
{
    uint64_t code;

    if (strcmp(text, "public") == 0) {
        *out = SC_SCOPE_PUBLIC;
        return ST_OK;
    }
    if (strcmp(text, "internal") == 0) {
        *out = SC_SCOPE_INTERNAL;
        return ST_OK;
    }
    if (cr_parse_u64(text, strlen(text), VILLAGE_MAX, &code) != ST_OK || sc_grid_level(code) != 2)
        return ST_MALFORMED;
    *out = code;
    return ST_OK;
}

int sc_grid_level(uint64_t code)
{
    if (code >= STREET_MIN && code <= STREET_MAX)
        return 1;
    if (code >= VILLAGE_MIN && code <= VILLAGE_MAX)
        return 2;
    if (code >= GROUP_MIN && code <= GROUP_MAX)
        return 3;
    return 0;
}

uint64_t sc_grid_parent(uint64_t code)
{
    return sc_grid_level(code) >= 2 ? code / 1000 : 0;
}

bool sc_grid_within(uint64_t code, uint64_t prefix)
{
    int level = sc_grid_level(code);
    int prefix_level = sc_grid_level(prefix);

    if (prefix_level == 0 || level < prefix_level)
        return false;
    for (; level > prefix_level; level--)
        code /= 1000;
    return code == prefix;
}

uint64_t sc_grid_scope(uint64_t code)
{
    switch (sc_grid_level(code)) {
    case 1: return SC_SCOPE_PUBLIC;
    case 2: return code;
    case 3: return code / 1000;
    default: return 0;
    }
}

bool sc_name_valid(const char name[static SC_NAME_MAX + 1])
{
    size_t n = strnlen(name, SC_NAME_MAX + 1);

    return n >= 1 && n <= SC_NAME_MAX && cr_utf8_valid((const uint8_t *)name, n);
}

bool sc_id_equal(const struct sc_id *a, const struct sc_id *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

int sc_id_cmp(const struct sc_id *a, const struct sc_id *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}

struct sc_id sc_id_of(const struct cr_hash *entry_id)
{
    struct sc_id id;

    memcpy(id.b, entry_id->b, sizeof id.b);
    return id;
}
