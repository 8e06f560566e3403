#include "schema/authority_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 16u

/* Keys, log ids and entry ids are as good as random: eight of their bytes are a hash. Whoever
 * grinds keys for one slot pays more than a longer walk costs. */
static size_t slot_of(const struct sc_au_map *m, const uint8_t key[static 32])
{
    size_t at = (size_t)cr_load_le64(key) & (m->slot_count - 1);

    while (m->slots[at].value != SC_AU_NIL && memcmp(m->slots[at].key.b, key, 32) != 0)
        at = (at + 1) & (m->slot_count - 1);
    return at;
}

int sc_au_map_reserve(struct sc_au_map *m, size_t more)
{
    struct sc_au_map wider = {.slot_count = m->slot_count > 0 ? m->slot_count : FIRST_SLOTS};
    size_t bytes;

    CR_ASSERT(more < SIZE_MAX / 8 - m->count);
    while ((m->count + more) * 2 > wider.slot_count)
        wider.slot_count *= 2;
    if (wider.slot_count == m->slot_count)
        return ST_OK;
    if (!cr_mul_size(wider.slot_count, sizeof *wider.slots, &bytes))
        return ST_OVERSIZE;
    wider.slots = malloc(bytes);
    if (wider.slots == NULL)
        return ST_NOMEM;
    for (size_t i = 0; i < wider.slot_count; i++)
        wider.slots[i].value = SC_AU_NIL;
    for (size_t i = 0; i < m->slot_count; i++) {
        if (m->slots[i].value != SC_AU_NIL)
            sc_au_map_put(&wider, m->slots[i].key.b, m->slots[i].value);
    }
    free(m->slots);
    *m = wider;
    return ST_OK;
}

uint32_t sc_au_map_get(const struct sc_au_map *m, const uint8_t key[static 32])
{
    return m->count > 0 ? m->slots[slot_of(m, key)].value : SC_AU_NIL;
}

void sc_au_map_put(struct sc_au_map *m, const uint8_t key[static 32], uint32_t value)
{
    struct sc_au_slot *slot = &m->slots[slot_of(m, key)];

    CR_ASSERT(value != SC_AU_NIL);
    if (slot->value == SC_AU_NIL) {
        m->count++;
        CR_ASSERT(m->count * 2 <= m->slot_count);
        memcpy(slot->key.b, key, 32);
    }
    slot->value = value;
}

void sc_au_map_release(struct sc_au_map *m)
{
    free(m->slots);
    *m = (struct sc_au_map){0};
}
