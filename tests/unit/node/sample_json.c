#include "tests/unit/node/sample_json.h"

#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

static const char *hex_of(size_t n)
{
    static char hex[2 * CR_SIG_BYTES + 1];

    memset(hex, 'a', 2 * n);
    hex[2 * n] = '\0';
    return hex;
}

json_t *sample_good(const struct sc_record *rec, const struct sc_field *f)
{
    if (strcmp(f->name, "outline") == 0)
        return json_string("29.1,105.1;29.2,105.1;29.2,105.2");
    if (rec->type == SC_R_CALENDAR && f->kind == SC_F_U64)
        return json_integer(2026);
    if (rec->type == SC_R_CALENDAR && f->kind == SC_F_U64S) /* a Monday; a Sunday */
        return json_pack("[i]", strcmp(f->name, "off") == 0 ? 20261005 : 20260927);
    switch (f->kind) {
    case SC_F_U64: return json_integer(f->choices != NULL ? (json_int_t)f->choices[0].value : 1);
    case SC_F_I64: return json_integer(293500000);
    case SC_F_BOOL: return json_true();
    case SC_F_TEXT: return json_string("=1+1 楼\n\"物\"");
    case SC_F_BYTES: return json_string(hex_of(2));
    case SC_F_ENUM: return json_string(f->choices[0].name);
    case SC_F_ID: return json_string(hex_of(SC_ID_BYTES));
    case SC_F_GRID:
        return json_string(rec->where == SC_IN_PUBLIC ? "500118003" : "500118003206001");
    case SC_F_CODE: return json_string("A01");
    case SC_F_TIME: return json_integer(1764000000123);
    case SC_F_KEY: return json_string(hex_of(CR_SIGN_PK_BYTES));
    case SC_F_IDS: return json_pack("[s]", hex_of(SC_ID_BYTES));
    case SC_F_TEXTS: return json_pack("[s]", (f->flags & SC_FF_CODES) != 0 ? "A01" : "=一,二");
    case SC_F_U64S:
        return f->choices != NULL              ? json_pack("[s]", f->choices[0].name)
               : (f->flags & SC_FF_GRIDS) != 0 ? json_pack("[s]", "500118003206")
                                               : json_pack("[i]", 1);
    case SC_F_ANSWERS: return json_pack("[[s, s, s]]", "01", "ok", "");
    }
    return NULL;
}

static json_t *text_of(size_t n)
{
    char *text = malloc(n + 1);
    json_t *j;

    if (text == NULL)
        return NULL;
    memset(text, 'x', n);
    text[n] = '\0';
    j = json_string(text);
    free(text);
    return j;
}

/* One more item than the list may hold. */
static json_t *long_list(const struct sc_record *rec, const struct sc_field *f)
{
    json_t *one = sample_good(rec, f), *list = json_array();

    for (uint64_t i = 0; i <= sc_field_max(f); i++)
        (void)json_array_append(list, json_array_get(one, 0));
    json_decref(one);
    return list;
}

json_t *sample_bad(const struct sc_record *rec, const struct sc_field *f, size_t turn)
{
    if (turn % 2 == 0)
        return json_pack("{s:i}", "no", 1); /* an object is no value */
    switch (f->kind) {
    case SC_F_U64:
        return sc_field_max(f) < INT64_MAX ? json_integer((json_int_t)sc_field_max(f) + 1)
                                           : json_integer(-1);
    case SC_F_I64: return json_integer((json_int_t)sc_field_max(f) + 1);
    case SC_F_BOOL: return json_string("maybe");
    case SC_F_TEXT: return text_of((size_t)sc_field_max(f) + 1);
    case SC_F_BYTES: return json_string("abc");
    case SC_F_ENUM: return json_string("no-such-choice");
    case SC_F_ID: return json_string("xyz");
    case SC_F_GRID: return json_string("12345");
    case SC_F_CODE: return json_string("a1");
    case SC_F_TIME: return json_string("2025-02-30");
    case SC_F_KEY: return json_string("00");
    case SC_F_IDS:
    case SC_F_TEXTS:
    case SC_F_U64S:
    case SC_F_ANSWERS: break;
    }
    return long_list(rec, f);
}

json_t *sample_body(const struct sc_record *rec)
{
    json_t *o = json_object();

    for (size_t i = 0; i < rec->field_count; i++)
        (void)json_object_set_new(o, rec->fields[i].name, sample_good(rec, &rec->fields[i]));
    return o;
}
