/* Records to be written by the command line, out of the catalogue:
 *   sampler types            NAME WHERE ONCE of each record that folds field by field and has no
 * command of its own sampler good TYPE        a body with every field, as JSON sampler bad TYPE
 * lines FIELD TAB JSON: a good body with this one field spoilt, in turn by its kind: of another
 * type, beyond its limit, an unknown choice, a day that does not exist */
#include "node/json_catalog.h"
#include "tests/unit/node/sample_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT);

    printf("%s\n", text == NULL ? "" : text);
    free(text);
    json_decref(o);
}

static void print_bad(const struct sc_record *rec)
{
    for (size_t i = 0; i < rec->field_count; i++) {
        json_t *o = sample_body(rec);

        (void)json_object_set_new(o, rec->fields[i].name,
                                  sample_bad(rec, &rec->fields[i], i + (size_t)rec->type));
        printf("%s\t", rec->fields[i].name);
        print(o);
    }
}

int main(int argc, char **argv)
{
    const struct sc_record *rec = argc > 2 ? sc_record_by_name(argv[2]) : NULL;

    if (argc == 2 && strcmp(argv[1], "types") == 0) {
        for (size_t i = 0; (rec = sc_record_at(i)) != NULL; i++)
            if (rec->fold == SC_FOLD_LWW && rec->type != SC_R_GRID)
                printf("%s %s %s\n", rec->name, nd_where_name(rec->where),
                       rec->subject == SC_SUBJ_CREATES ? "once" : "changes");
        return 0;
    }
    if (rec == NULL)
        return 2;
    if (strcmp(argv[1], "good") == 0)
        print(sample_body(rec));
    else
        print_bad(rec);
    return 0;
}
