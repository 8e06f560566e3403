/* A whole street in one process: the production engine, driver and store of every node under one
 * virtual clock, one virtual network and one seed.
 *
 * The world is a queue of events ordered by (time, sequence). One step takes the earliest, jumps to
 * its time, calls into the driver of one node and runs the local checks. Nothing else moves time;
 * everything random comes from one generator; so a seed replays byte for byte (sim->trace_hash).
 *
 * Files: sim_world.h data, sim.c queue and trace, sim_space.c people and certificates, sim_node.c
 * one node, sim_net.c its ports, sim_act.c what people do, sim_fault.c what goes wrong, sim_wrap.c
 * the seam at store and engine (crash points, full disk, records for the checks, planted bugs),
 * sim_check*.c. */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "tests/sim/sim_world.h"

const char *sim_bug_name(enum sim_bug bug);

/* ---- sim.c ---- */
/* A world at time 0 with its people, certificates and nodes; villages boot within seconds. NULL:
 * out of memory. One world at a time: the linker's wrappers have no context argument. */
struct sim *sim_new(const struct sim_options *o);
void sim_free(struct sim *s);
void sim_push(struct sim *s, uint64_t delay_ms, enum sim_event_type type, uint32_t a, uint32_t b,
              uint64_t arg);
/* One event and its checks. False when the queue is empty or the world failed. */
bool sim_step(struct sim *s);
bool sim_run_until(struct sim *s, uint64_t at_ms);
/* Runs until *done(s) holds after a whole virtual second. False: failed, or at_ms was reached. */
bool sim_run_while(struct sim *s, bool (*done)(struct sim *s), uint64_t at_ms);
void sim_trace(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sim_hash(struct sim *s, struct cr_span bytes);
/* Records the first failure; the run stops. */
void sim_fail(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adversity, heal, convergence within its budget, final checks. True: nothing was wrong. */
bool sim_run_all(struct sim *s);
void *sim_grow(void *list, size_t *cap, size_t n, size_t size); /* room for one more; aborts */

/* ---- sim_space.c ---- */
uint64_t sim_village_code(size_t village);
void sim_space_make(struct sim *s);    /* identities and genesis */
void sim_space_certify(struct sim *s); /* certificates and grids, written at the street node */
/* The seat certifies, at this node, the officer who has none yet. */
void sim_space_newcomer(struct sim *s, struct sim_node *n);
size_t sim_person_of(size_t village, size_t which);
/* Whose key this is, for messages. */
const char *sim_name(const struct sim *s, const struct cr_sign_pk *key);
bool sim_is_known(const struct sim *s, const struct cr_sign_pk *key); /* a person or a node */
bool sim_honest(const struct sim *s, const struct cr_sign_pk *key);   /* in nobody else's hands */
bool sim_certified(struct sim *s, const struct cr_sign_pk *key);      /* at the street */

/* ---- sim_node.c ---- */
void sim_node_init(struct sim *s, size_t index);
void sim_node_boot(struct sim_node *n);
void sim_node_stop(struct sim_node *n);              /* clean */
void sim_node_kill(struct sim_node *n, bool silent); /* as by power loss */
void sim_node_release(struct sim_node *n);
void sim_node_backup(struct sim_node *n);
void sim_node_restore(struct sim_node *n); /* while down */
/* Somebody changes the settings: one peer is paused or goes on; all: every peer goes on. */
void sim_node_toggle_peer(struct sim_node *n, bool all);
void sim_node_drop_row(struct sim_node *n); /* a planted bug: the latest entry leaves the disk */
/* After each call into the driver: a death at a crash point is carried out, the timer set anew. */
void sim_node_after(struct sim_node *n, bool flush);
void sim_node_tick(struct sim_node *n, uint32_t gen);
void sim_node_flush(struct sim_node *n);
uint64_t sim_node_mono(const struct sim_node *n);
bool sim_node_holds(const struct sim_node *n, uint64_t scope);
/* What this node lets the key read. */
bool sim_may_read(struct sim_node *n, const struct cr_sign_pk *key, uint64_t scope);

/* ---- sim_net.c ---- */
void sim_net_ports(struct sim_node *n, struct nd_ports *out);
void sim_net_event(struct sim *s, const struct sim_event *e);
void sim_net_node_gone(struct sim_node *n, bool silent);
void sim_net_heal(struct sim *s);
void sim_net_replay(struct sim *s);
void sim_net_release(struct sim *s);
bool sim_net_caps(struct sim *s);
/* A guest dials node `to` from the host "10.0.9.HOST"; its number. g is borrowed until gone. */
size_t sim_net_guest_dial(struct sim *s, size_t to, unsigned host, const struct sim_guest *g);
void sim_net_guest_write(struct sim *s, size_t conn, struct cr_span bytes);
void sim_net_guest_close(struct sim *s, size_t conn); /* no call follows */
/* The connection that node n knows by this number comes from a guest. */
bool sim_net_from_guest(struct sim_node *n, uint32_t id);

/* ---- sim_book.c ---- */
int sim_book_find(const struct sim_book *b, const struct cr_hash *id); /* -1 */
/* The entry that follows prev (-1: begins the log) with this payload; its number. Idempotent. -1:
 * its numbers are out of range. */
int sim_book_add(struct sim *s, const struct sc_log_key *key, int prev, uint64_t lamport,
                 uint64_t wall_ms, struct cr_span payload);
/* A run that a node applies. */
void sim_book_run(struct sim_node *n, const struct nd_run *r);
void sim_book_committed(struct sim_node *n);
/* The node has committed an entry at this position of the log (chain8: this one). */
bool sim_book_has(const struct sim_node *n, const struct cr_hash *log_id, uint64_t seq,
                  const uint8_t *chain8);
/* The node was put back to what it had durable then; no forks in such a world. */
void sim_book_restored(struct sim_node *n);
void sim_book_release(struct sim_book *b);
/* x is e or stands before it in the same log. */
bool sim_book_on_path(const struct sim_book *b, int x, int e);

/* ---- sim_act.c ---- */
void sim_act_random(struct sim *s);
struct sim_draft { /* fields of one record by key */
    uint64_t type;
    const struct sc_id *subject;
    uint64_t grid, number; /* number: severity, level, deadline, … whatever the type's key is */
    const char *text;
    bool urgent, danger;
    struct sc_id member;
};
/* The canonical body of the record. */
int sim_body(struct sim *s, const struct sim_draft *d, struct cr_buf *out,
             struct st_err *err) ST_MUST;
/* Writes one record as this person at this node; a success is recorded as acknowledged. */
int sim_write(struct sim *s, struct sim_node *n, size_t person, uint64_t scope,
              const struct sim_draft *d, struct sc_id *id);
/* A backlog: count places in as few transactions as possible. */
int sim_write_places(struct sim *s, struct sim_node *n, size_t person, uint64_t scope,
                     size_t count);

/* ---- sim_fault.c ---- */
void sim_fault_swarm(struct sim *s); /* options by the seed */
void sim_fault_random(struct sim *s);
void sim_fault_event(struct sim *s, const struct sim_event *e);
void sim_fault_heal(struct sim *s);
void sim_fault_describe(const struct sim *s, char *out, size_t n);
void sim_cut(struct sim *s, size_t from, size_t to, bool cut);

/* ---- sim_wrap.c, sim_session.c ---- */
void sim_wrap_world(struct sim *s); /* NULL: none */
/* One effect of this node on disk or network is about to happen. True: the node is dead. */
bool sim_effect(struct sim_node *n);
void sim_sessions_release(struct sim_node *n);
/* The engine of n is about to get ev, and has answered with up. */
void sim_session_before(struct sim_node *n, const struct sy_event *ev);
void sim_session_after(struct sim_node *n, const struct sy_event *ev, const struct sy_updates *up);
/* The functions behind the seam, whatever bug is planted. */
int sim_real_verify(const struct cr_sign_pk *author, const struct cr_hash *net,
                    const struct cr_hash *log_id, uint64_t seq, const struct cr_hash *chain,
                    const struct cr_sig *sig);

/* ---- sim_heads.c ---- */
struct sim_head *sim_heads_find(const struct sim_heads *l, const struct cr_hash *log_id);
void sim_heads_put(struct sim_heads *l, const struct sim_head *h);    /* by log */
void sim_heads_append(struct sim_heads *l, const struct sim_head *h); /* always */
void sim_heads_copy(struct sim_heads *to, const struct sim_heads *from);
void sim_heads_release(struct sim_heads *l);
void sim_heads_clear(struct sim_heads *l);
struct sc_id sim_heads_fingerprint(const struct sim_heads *l); /* of a list by log */

/* ---- sim_check.c, sim_check_end.c ---- */
/* The entry is on the node's disk. */
bool sim_holds(struct sim_node *n, const struct sim_head *h);
/* An entry of this form can have an effect. */
bool sim_folds(const struct sim_entry *e);
/* The node holds the entry back because its author's roles do not let it say this, whatever the
 * authority says of its log. */
bool sim_role_reason(struct sim_node *n, const struct sim_entry *e);
void sim_check_step(struct sim *s, struct sim_node *n, bool settled);
void sim_check_reopened(struct sim_node *n);
/* What one node holds, by itself; whole: every signature, and projections against a rebuild. */
void sim_check_node(struct sim_node *n, bool whole);
bool sim_converged(struct sim *s);
void sim_check_end(struct sim *s);
/* Which nodes differ in what, as text. */
void sim_check_differences(struct sim *s, char *out, size_t n);

#endif
