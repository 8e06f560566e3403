/* Scopes, grid codes and short ids. Pure. */
#ifndef SCHEMA_ID_H
#define SCHEMA_ID_H

#include "crypto/keys.h"
#include "schema/limits.h"

#define SC_ID_BYTES 16

/* First 16 bytes of an entry id. A subject's id is that of the entry that created it. */
struct sc_id {
    uint8_t b[SC_ID_BYTES];
};

/* A scope is the unit of reading and replication: street/public, street/internal, or the 12-digit
 * code of a level-2 grid. */
#define SC_SCOPE_PUBLIC   UINT64_C(1)
#define SC_SCOPE_INTERNAL UINT64_C(2)
#define SC_SCOPE_TEXT_MAX 16

bool sc_scope_valid(uint64_t scope);
/* "public", "internal" or the 12 digits ("invalid" for any other number). */
void sc_scope_text(uint64_t scope, char out[static SC_SCOPE_TEXT_MAX]);
int sc_scope_parse(const char *text, uint64_t *out) ST_MUST; /* ST_MALFORMED */

/* Grid codes as numbers: 9 digits street, 12 village or community, 15 group (national statistics
 * code + 3). Level 1..3, or 0 when it is none of these. */
int sc_grid_level(uint64_t code);
/* Code of the enclosing grid one level up; 0 for a street. */
uint64_t sc_grid_parent(uint64_t code);
/* code lies in the grid prefix (equal or below). */
bool sc_grid_within(uint64_t code, uint64_t prefix);
/* The scope in which records about this grid are written: its level-2 code; public for a street; 0
 * when the code is none. */
uint64_t sc_grid_scope(uint64_t code);

/* A display name: 1 to SC_NAME_MAX bytes of UTF-8, NUL-terminated in its SC_NAME_MAX + 1 bytes. */
bool sc_name_valid(const char name[static SC_NAME_MAX + 1]);

bool sc_id_equal(const struct sc_id *a, const struct sc_id *b);
int sc_id_cmp(const struct sc_id *a, const struct sc_id *b);
/* First 16 bytes of an entry id. */
struct sc_id sc_id_of(const struct cr_hash *entry_id);

#endif
