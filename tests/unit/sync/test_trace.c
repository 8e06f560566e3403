/* The golden trace of a first contact: every fact in its order, on both sides. A change of the
 * protocol shows here first; PROTOCOL.md tells the same story. */
#include "tests/unit/sync/support.h"

#include <string.h>

struct lines {
    char text[8192];
    size_t n;
};

struct side {
    struct lines *to;
    const char *name;
};

static void add(void *arg, const char *line)
{
    struct side *s = arg;
    const char *part[] = {s->name, " ", line, "\n"};

    for (size_t i = 0; i < 4; i++) {
        size_t n = strlen(part[i]);

        assert_true(s->to->n + n < sizeof s->to->text);
        memcpy(s->to->text + s->to->n, part[i], n + 1);
        s->to->n += n;
    }
}

/* Node a has 20 entries of one author and an emergency of another, node b one entry of a third. */
static const char *const first_contact =
    "b s1 accept, 3 scopes\n"
    "a s2 dial, 3 scopes\n"
    "a s2 hello out: 3 scopes, 2 logs, common no, 2 heads, 1 urgent\n"
    "b s1 hello in: 3 scopes, 2 logs, common no, 2 heads, 1 urgent\n"
    "b s1 urgent in: seq 0\n"
    "b s1 hello out: 3 scopes, 1 logs, common no, 1 heads, 0 urgent\n"
    "b s1 HELLO > STREAM\n"
    "b s1 batch out: 1 runs, 1 entries\n"
    "a s2 hello in: 3 scopes, 1 logs, common no, 1 heads, 0 urgent\n"
    "a s2 HELLO > STREAM\n"
    "a s2 batch out: 2 runs, 21 entries\n"
    "b s1 batch in: 1385 bytes, 2 with the store\n"
    "b s1 ack out: 1385 bytes, 2 logs\n"
    "a s2 batch in: 177 bytes, 1 with the store\n"
    "a s2 ack out: 177 bytes, 1 logs\n"
    "b s1 ack in: 177 bytes, 1 logs\n"
    "b s1 synced out: 3 logs\n"
    "b s1 STREAM > LIVE\n"
    "a s2 ack in: 1385 bytes, 2 logs\n"
    "a s2 synced out: 3 logs\n"
    "a s2 STREAM > LIVE\n"
    "b s1 synced in: 3 logs\n"
    "b s1 equal: 3 logs\n"
    "a s2 synced in: 3 logs\n"
    "a s2 equal: 3 logs\n";

static void test_trace__first_contact(void **state)
{
    static struct lines lines;
    struct side a = {&lines, "a"}, b = {&lines, "b"};
    struct kit k;

    (void)state;
    lines.n = 0;
    lines.text[0] = '\0';
    kit_init(&k, 2);
    kit_write(&k, 0, 0, VILLAGE, 20, false);
    kit_urgent(&k, 0, 1, VILLAGE, false);
    kit_write(&k, 1, 2, VILLAGE2, 1, false);
    k.pump.node[0].cfg.trace = k.pump.node[1].cfg.trace = add;
    k.pump.node[0].cfg.trace_arg = &a;
    k.pump.node[1].cfg.trace_arg = &b;
    ts_pump_restart(&k.pump, 0);
    ts_pump_restart(&k.pump, 1);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    if (strcmp(lines.text, first_contact) != 0)
        ts_fail("the trace is now:\n%s", lines.text);
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace__first_contact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
