/* The catalogue: every record of the files beside it (record_*.c), ascending by type. In those
 * files one row is one field: key, kind, flags, limit, name, labels, unit. Keys below 32 are the
 * shared ones (enum sc_key_common), from 32 on a record's own. Keys ascend in each list; names and
 * keys are part of the format and never change meaning. A new field or choice raises the record's
 * version. */
#include "schema/policy.h"
#include "schema/record_rows.h"

#define POINTER(name) &sc_row_##name,
static const struct sc_record *const records[] = {SC_RECORDS(POINTER)};
#undef POINTER

static_assert(COUNT_OF(records) <= SC_RULES_RECORDS, "rules hold every record");

const struct sc_record *sc_record_at(size_t index)
{
    return index < COUNT_OF(records) ? records[index] : NULL;
}

/* Place of the type, or of the next greater. */
static size_t place_of(uint64_t type)
{
    size_t low = 0, high = COUNT_OF(records);

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (records[mid]->type < type)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

size_t sc_record_index(const struct sc_record *rec)
{
    return place_of(rec->type);
}

const struct sc_record *sc_record_find(uint64_t type)
{
    size_t at = place_of(type);

    return at < COUNT_OF(records) && records[at]->type == type ? records[at] : NULL;
}

uint64_t sc_record_scope(const struct sc_record *rec, uint64_t grid)
{
    switch (rec->where) {
    case SC_IN_ANY:
    case SC_IN_AREA: return sc_grid_scope(grid);
    case SC_IN_VILLAGE: return sc_grid_level(grid) >= 2 ? sc_grid_scope(grid) : 0;
    case SC_IN_PUBLIC: return SC_SCOPE_PUBLIC;
    case SC_IN_INTERNAL: return SC_SCOPE_INTERNAL;
    }
    return 0;
}

bool sc_record_lives(const struct sc_record *rec, uint64_t scope, uint64_t grid)
{
    if (rec->where == SC_IN_ANY)
        return true;
    if (rec->where == SC_IN_PUBLIC || rec->where == SC_IN_INTERNAL || grid != 0)
        return sc_record_scope(rec, grid) == scope;
    return rec->where == SC_IN_VILLAGE ? sc_grid_level(scope) == 2 : scope != SC_SCOPE_INTERNAL;
}
