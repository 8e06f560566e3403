/* The verbs of the command line: one table (cmd_verbs.c), one handler each (cmd_*.c). The same
 * handler runs in the running node, with its output sent to the client, or in the client on the
 * store directly.
 *
 * To add a verb: write its handler, declare it in cmd_verbs.h, add its row to the table.
 */
#ifndef NODE_CMD_H
#define NODE_CMD_H

#include "node/app.h"
#include "node/cmd_verbs.h"

#include <jansson.h>

/* Exit codes (README, "Exit codes"). Anything unknown means failure. */
enum nd_exit {
    ND_EX_OK = 0,
    ND_EX_FAILED = 1,
    ND_EX_USAGE = 2,
    ND_EX_NOTFOUND = 3,
    ND_EX_UNREACHABLE = 4, /* a peer or the node did not answer in time */
    ND_EX_LOCKED = 5,      /* another process has the store */
    ND_EX_CORRUPT = 6,     /* stored data damaged, signature wrong */
    ND_EX_DENIED = 7,
    ND_EX_VERSION = 8, /* made by a newer version */
    ND_EX_FULL = 9,    /* disk full or read-only */
    ND_EX_CONFLICT = 10,
    ND_EX_PIN = 11,     /* a PIN is needed, wrong, or was wrong too often */
    ND_EX_CONFIRM = 12, /* showed what it would do; --yes does it */
    ND_EX_HELD = 13,    /* proof check: it holds, and shows that an entry does not count */
    ND_EX_WAIT = -1,    /* not a code: the handler goes on in poll */
};
int nd_exit_of(int status);

struct nd_opt {
    const char *name; /* without dashes; NULL ends the list */
    const char *arg;  /* what it takes, for help; NULL: a switch */
    const char *zh, *en;
};

enum nd_verb_flag {
    ND_V_LOCAL = 1u << 0, /* never sent to a running node, opens no store by itself */
    ND_V_DIAL = 1u << 1,  /* without a running node: connects to the peers itself */
};

struct nd_cmd;
struct nd_verb {
    const char *name;  /* "init" */
    const char *sub;   /* "add" of "peer add"; NULL */
    const char *usage; /* what follows the name */
    const char *zh, *en;
    const struct nd_opt *opts; /* may be NULL */
    unsigned flags;
    const char
        *record_prefix; /* the next word names a record of the catalogue, after this prefix,
                           whose fields are options: "hazard-" for hazard report; else NULL */
    int (*run)(struct nd_cmd *c);  /* exit code, or ND_EX_WAIT */
    int (*poll)(struct nd_cmd *c); /* called again and again after ND_EX_WAIT */
};

#define ND_ARGS_MAX 16
#define ND_OPTS_MAX 64

struct nd_cmd {
    /* given */
    struct nd_app *app; /* NULL for local verbs */
    const char *dir;    /* data directory */
    const char *cwd;    /* relative paths of arguments start here */
    bool tty;           /* a person watches: progress may be shown */
    bool can_ask;       /* the client can put a question (prompt.h) and come again … */
    json_t *answers;    /* … with these; secret, borrowed, NULL */
    void (*write)(void *arg, int channel, struct cr_span bytes); /* enum nd_control_channel */
    void *write_arg;
    /* parsed */
    bool json, zh, help;
    bool asked; /* a question went out: the verb ends without a word */
    const char *pin_file, *root_key, *pass_file; /* --pin-file, --root-key, --key-passphrase-file */
    const struct nd_verb *verb;
    const struct sc_record *rec;
    size_t arg_count, opt_count;
    const char *arg[ND_ARGS_MAX];
    struct {
        const char *name, *value;
    } opt[ND_OPTS_MAX];
    /* between run and poll */
    uint64_t since_ms, until_ms;
    void *state; /* freed with free() at the end */
};

/* ---- cmd.c ---- */
const struct nd_verb *nd_verb_at(size_t i); /* NULL past the end */
/* Reads argv (without the program's name) into c; writes what is wrong with the nearest match.
 * ST_OK or ST_USAGE. Global options may stand anywhere: --data DIR, --json, --lang zh|en, --help.
 */
int nd_cmd_parse(struct nd_cmd *c, int argc, char **argv) ST_MUST;
/* Runs the parsed command: exit code or ND_EX_WAIT. */
int nd_cmd_run(struct nd_cmd *c);
void nd_cmd_release(struct nd_cmd *c);
int nd_cmd_help(struct nd_cmd *c);

/* Keeps what is nearer to a mistyped word, if near at all. Before the first: NULL, SIZE_MAX. */
void nd_nearer(const char *word, const char *candidate, const char **best, size_t *best_distance);
/* Writes "WHAT 'WORD'; did you mean 'NEAREST'?" (NULL: without). ST_USAGE. */
int nd_usage(struct nd_cmd *c, const char *what, const char *word, const char *nearest);

/* The verb itself has an option of this name (which a field may have, too). */
bool nd_verb_option(const struct nd_cmd *c, const char *name);
/* Value of an option; NULL when absent. A name that may be given often: nth 0, 1, … */
const char *nd_opt(const struct nd_cmd *c, const char *name);
const char *nd_opt_nth(const struct nd_cmd *c, const char *name, size_t nth);
/* Number in an option, fallback when absent. ST_USAGE after writing what is wrong. */
int nd_opt_u64(struct nd_cmd *c, const char *name, uint64_t max, uint64_t fallback,
               uint64_t *out) ST_MUST;
/* --grid: a prefix of codes, 0 when absent; --offset and --limit (50 when absent, 0 all). ST_USAGE
 * after writing. */
int nd_opt_grid(struct nd_cmd *c, uint64_t *out) ST_MUST;
int nd_opt_page(struct nd_cmd *c, uint64_t *offset, uint64_t *limit) ST_MUST;
/* Date, or date and time (UTC+8); *out stays as it is when the option is absent. ST_USAGE. */
int nd_opt_date(struct nd_cmd *c, const char *name, uint64_t *out, struct st_err *err) ST_MUST;
/* "7d", "12h", "30m", "45s" in ms. ST_USAGE after writing. */
int nd_opt_span(struct nd_cmd *c, const char *name, uint64_t fallback_ms, uint64_t *out) ST_MUST;

/* ---- cmd_out.c ---- */
void nd_out(struct nd_cmd *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nd_say(struct nd_cmd *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3))); /* stderr */
/* One JSON value as one line on stdout; takes the reference. */
void nd_out_json(struct nd_cmd *c, json_t *v);
/* "fengsui VERB: what" (and in JSON mode an object) on stderr; returns the exit code. */
int nd_fail(struct nd_cmd *c, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int nd_fail_err(struct nd_cmd *c, const struct st_err *err);
/* zh or en text of the pair. */
static inline const char *nd_tr(const struct nd_cmd *c, const char *zh, const char *en)
    __attribute__((format_arg(2), format_arg(3)));
static inline const char *nd_tr(const struct nd_cmd *c, const char *zh, const char *en)
{
    return c->zh ? zh : en;
}
/* Text padded with blanks to a display width (Chinese characters take two columns). */
void nd_pad(const char *text, size_t columns, char *out, size_t out_bytes);
void nd_line_text(struct cr_span text, char *out, size_t out_bytes); /* as part of a line */
#define ND_TIME_TEXT_MAX 64
/* "2026-11-24 08:30" in UTC+8; "-" for 0. */
void nd_time_text(uint64_t wall_ms, char out[static ND_TIME_TEXT_MAX]);
/* "3 分钟前" / "3 minutes ago"; "从未" / "never" for 0. */
void nd_age_text(const struct nd_cmd *c, uint64_t wall_ms, uint64_t now_ms,
                 char out[static ND_TIME_TEXT_MAX]);
json_t *nd_json_span(struct cr_span s); /* text; null when it is empty */
json_t *nd_json_id(const struct sc_id *id);
json_t *nd_json_grid(uint64_t code); /* as a string: 15 digits are not safe for every reader */
json_t *nd_json_body(const struct sc_body *b);
/* One field for people. */
void nd_value_text(const struct nd_cmd *c, const struct sc_field *f, const struct sc_value *v,
                   char *out, size_t out_bytes);
int nd_grid_parse(const char *text, uint64_t *out) ST_MUST; /* 9, 12 or 15 digits */
/* By the names that the street has given them, if it has. */
const char *nd_roles_text(const struct nd_cmd *c, uint64_t roles, char *out, size_t out_bytes);
json_t *nd_json_roles(uint64_t roles);                                      /* names */
const char *nd_signer_text(struct nd_cmd *c, const struct cr_sign_pk *key); /* by its certificate */
/* "village,node" by name; ST_USAGE. */
int nd_roles_parse(const char *text, uint64_t *out) ST_MUST;
/* Path of an argument, from the client's directory. out: 4096 bytes. */
void nd_arg_path(const struct nd_cmd *c, const char *arg, char *out, size_t out_bytes);

/* ---- cmd_secret.c ---- */
enum nd_ask { ND_ASK_PIN, ND_ASK_NEW, ND_ASK_SHEET };
/* What the person says to a question; id tells it from the others of this command. ST_SEALED when
 * it was not asked yet: the question goes out, and the handler ends with nd_fail_err, having
 * changed nothing. *out lives as long as c->answers. */
int nd_secret(struct nd_cmd *c, enum nd_ask kind, const char *id, const char *text,
              struct cr_span *out, struct st_err *err) ST_MUST;
/* A new PIN or pass phrase for this key, asked for twice and held against the rule for PINs. */
int nd_new_pin(struct nd_cmd *c, const char *name, bool phrase, struct cr_span *out,
               struct st_err *err) ST_MUST;
/* The key in this file, which is called name when it is asked for: sealed or not, attempts counted.
 * ST_SEALED, ST_PIN and ST_WAIT with a text in the person's language. The caller wipes *out. */
int nd_open_key(struct nd_cmd *c, const char *name, const char *path, struct cr_identity *out,
                struct st_err *err) ST_MUST;
/* nd_app_open with the pass phrase of a sealed node.key: from --key-passphrase-file, from
 * $CREDENTIALS_DIRECTORY/fengsui-key, or asked for. */
int nd_open_app(struct nd_cmd *c, struct nd_app_options *o, struct nd_app **out,
                struct st_err *err) ST_MUST;
/* File of a key by its name: node, root, next-root, or NAME of DIR/keys. ST_USAGE. */
int nd_key_path(const struct nd_cmd *c, const char *name, char out[static ND_PATH_MAX],
                struct st_err *err) ST_MUST;

/* ---- cmd_file.c ---- */
/* The file an argument names, at most max bytes, into out (initialised here; the caller releases it
 * after ST_OK). ST_NOTFOUND, ST_IO, ST_OVERSIZE, ST_NOMEM. */
int nd_read_file(const struct nd_cmd *c, const char *arg, size_t max, struct cr_buf *out,
                 struct st_err *err) ST_MUST;
/* A new file, readable by its owner; the same bytes there already are as good. ST_EXISTS when
 * others are; else as cr_file_create. */
int nd_write_file(const struct nd_cmd *c, const char *arg, struct cr_span bytes,
                  struct st_err *err) ST_MUST;
/* --yes was given; else writes the question and the handler returns ND_EX_CONFIRM: on a terminal
 * the client then asks and runs the command again with --yes. */
bool nd_agreed(struct nd_cmd *c, const char *question);
/* --role into *roles, --grid … into prefixes, ascending; each untouched when absent. ST_USAGE. */
int nd_opt_grants(struct nd_cmd *c, uint64_t *roles, size_t *count,
                  uint64_t prefixes[static SC_CERT_PREFIXES_MAX], struct st_err *err) ST_MUST;
void nd_grids_text(const uint64_t *prefixes, size_t count, char *out, size_t out_bytes);

/* ---- cmd_invite.c ---- */
/* Addresses by --addr, or this machine's with the port it listens on. ST_USAGE. */
int nd_own_addrs(struct nd_cmd *c, char addrs[static SC_INVITE_ADDRS_MAX][SC_ADDR_TEXT_MAX],
                 size_t *count, struct st_err *err) ST_MUST;
int nd_own_gate(struct nd_cmd *c, struct cr_gate *out, struct st_err *err) ST_MUST;

/* ---- cmd_enrol.c ---- */
/* join --request, by an invitation or without (NULL), and join --answer: exit codes. */
int nd_join_request(struct nd_cmd *c, const struct sc_invite *invite);
int nd_join_answered(struct nd_cmd *c);

/* ---- cmd_write.c ---- */
/* A key by its name: "node", "root" (kept here, or --root-key FILE), or NAME in DIR/keys, open in
 * the running node or opened by its PIN. The caller wipes it. */
int nd_key_named(struct nd_cmd *c, const char *name, struct cr_identity *out,
                 struct st_err *err) ST_MUST;
/* The identity an act is signed with: --as NAME out of DIR/keys, "root", else the node's. */
int nd_author(struct nd_cmd *c, struct cr_identity *out, struct st_err *err) ST_MUST;
/* A subject named by an argument: id or unique prefix. */
int nd_subject(struct nd_cmd *c, const char *text, struct sc_id *out, struct st_err *err) ST_MUST;
/* Encodes and writes one record by author; *id: its subject. */
int nd_write_body(struct nd_cmd *c, const struct cr_identity *author, uint64_t scope,
                  const struct sc_id *subject, const struct sc_body *body, bool urgent,
                  struct sc_id *id, struct st_err *err) ST_MUST;

/* ---- cmd_peer.c ---- */
json_t *nd_json_peer(struct nd_cmd *c, const struct nd_peer_status *p);
void nd_peer_line(struct nd_cmd *c, const struct nd_peer_status *p);

#endif
