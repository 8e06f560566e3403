/* The slow model of these tests against the executable model that the rules were chosen by, where
 * FENGSUI_AUTHORITY_MODEL names its file. That model has one log an incarnation: each of our logs
 * becomes an incarnation of its own, which is the same as long as no FORK cut meets an incarnation
 * with two logs (the histories have none). */
#include "tests/lib/test.h"
#include "tests/unit/schema/authority_world.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define SEEDS 300

/* Principals as there: below 10 seats, from 10 on devices. */
static int who(int p)
{
    return p >= AM_DEVICE ? p + 10 : p;
}

static int inc_of(int scope, int inc)
{
    return inc * AM_SCOPES + scope;
}

static void write_arg(FILE *f, const struct am_op *o)
{
    if (o->kind == AM_CERT) {
        (void)fprintf(f, "[%d,\"%s\"]", who(o->subject),
                      o->rank == 1   ? "village"
                      : o->inspector ? "inspector"
                                     : "member");
    } else if (o->kind == AM_CUT) {
        (void)fprintf(f, "[%d,", who(o->subject));
        if (o->mode == AM_REVOKE)
            (void)fprintf(f, "\"*\",[");
        else
            (void)fprintf(f, "%d,[", inc_of(o->heads[0].scope, o->cut_inc));
        for (int i = 0; i < o->head_count; i++)
            (void)fprintf(f, "%s[%d,%d,\"%d\"]", i > 0 ? "," : "",
                          inc_of(o->heads[i].scope, o->heads[i].inc), o->heads[i].seq,
                          o->heads[i].op);
        (void)fprintf(f, "]]");
    } else if (o->kind == AM_ADOPT) {
        (void)fprintf(f, "\"%d\"", o->heads[0].op);
    } else if (o->kind == AM_RAISE) {
        (void)fprintf(f, "\"h%d\"", o->hazard);
    } else {
        (void)fprintf(f, "[");
        for (int i = 0; i < o->observed_count; i++)
            (void)fprintf(f, "%s\"%d\"", i > 0 ? "," : "", (int)o->observed[i]);
        (void)fprintf(f, "]");
    }
}

static void write_state(FILE *f, struct aw *w, int rep, uint64_t seed)
{
    static const char *const kinds[] = {"CERT", "CUT", "ADOPT", "RAISE", "CLOSE"};
    const struct am_view *v = aw_view(w, rep);
    const char *comma = "";

    (void)fprintf(f,
                  "{\"seed\":%llu,\"seats\":[2,3,4,5],\"devices\":[18,19,20,21,22,26,27,28,29],"
                  "\"entries\":[",
                  (unsigned long long)seed);
    for (int n = 0; n < w->book->count; n++) {
        const struct am_op *o = &w->book->ops[n];

        if (!am_has(w->reps[rep].has, n))
            continue;
        (void)fprintf(f, "%s{\"id\":\"%d\",\"author\":%d,\"inc\":%d,\"seq\":%d,\"kind\":\"%s\",",
                      comma, n, who(o->author), inc_of(o->scope, o->inc), o->seq, kinds[o->kind]);
        if (o->prev >= 0)
            (void)fprintf(f, "\"prev\":\"%d\",", o->prev);
        else
            (void)fprintf(f, "\"prev\":null,");
        (void)fprintf(f, "\"deps\":[");
        for (int i = 0; i < o->dep_count; i++)
            (void)fprintf(f, "%s\"%d\"", i > 0 ? "," : "", o->deps[i]);
        (void)fprintf(f, "],\"counts\":%s,\"arg\":", am_has(v->counts, n) ? "true" : "false");
        write_arg(f, o);
        (void)fprintf(f, "}");
        comma = ",";
    }
    (void)fprintf(f, "]}\n");
}

/* The two models accept the same entries in the final states of all histories. */
static void test_authority_oracle__same_states(void **state)
{
    static const struct am_rule proposed = {.name = "proposed"};
    const char *model = getenv("FENGSUI_AUTHORITY_MODEL");
    char command[1024];
    struct aw *w;
    FILE *f;

    (void)state;
    if (model == NULL) {
        print_message("SKIP: FENGSUI_AUTHORITY_MODEL is not set\n");
        skip();
    }
    w = aw_new();
    CR_ASSERT(w != NULL);
    (void)snprintf(command, sizeof command, "python3 '%s' '%s'", ORACLE, model);
    f = popen(command, "w");
    assert_non_null(f);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        aw_run(w, seed, &proposed, NULL);
        write_state(f, w, AM_ROOT, seed);
    }
    aw_free(w);
    assert_int_equal(WEXITSTATUS(pclose(f)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_authority_oracle__same_states)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
