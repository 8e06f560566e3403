/* What the .c files of the engine share; not for others.
 *
 *   engine.c     new, free, step, deadline         hello.c      first frames, what they say
 *   updates.c    ordered effects, their memory     reconcile.c  rounds of ranges
 *   session.c    states, slots, closing            transfer.c   what to send, batches, credit
 *   frontier.c   the logs                          ingest.c     runs in
 *   synced.c     equality, common frontier         stored.c     the store's answers, acks
 *   branch.c     who holds what of a forked log    place.c      where a run belongs
 *   spine.c      where branches part               urgent.c     entries ahead of their log
 *   fork.c       evidence                          file.c       sessions fed from a file
 *   export.c     what a file has to carry
 *
 * Functions that take a session and return int have closed it (sy_close) when they do not return
 * ST_OK, unless they say otherwise; callers then only have to stop.
 */
#ifndef SYNC_PARTS_H
#define SYNC_PARTS_H

#include "sync/state.h"

/* ---- updates.c ---- */
/* Appends an update of the session (NULL: number is set by the caller). Never NULL: when there is
 * no memory the engine is marked as failed and a spare is given. */
struct sy_update *sy_push(struct sy_engine *e, enum sy_update_type type, struct sy_session *s);
/* Memory that lives until the next step; NULL: none left. */
void *sy_temp(struct sy_engine *e, size_t n);
/* The same for memory that exists already; freed at once, and false, when there is no room. */
bool sy_temp_take(struct sy_engine *e, void *p);
void sy_updates_reset(struct sy_engine *e);
/* Sends frame (copied). */
int sy_send(struct sy_engine *e, struct sy_session *s, struct cr_span frame) ST_MUST;
/* Sends the buffer's bytes and takes its memory. */
int sy_send_buf(struct sy_engine *e, struct sy_session *s, struct cr_buf *frame) ST_MUST;
void sy_trace(struct sy_engine *e, const struct sy_session *s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- session.c ---- */
int sy_session_open(struct sy_engine *e, const struct sy_event *ev,
                    struct sy_session **out) ST_MUST;
void sy_session_free(struct sy_session *s);
struct sy_session *sy_session_find(struct sy_engine *e, uint32_t number);
struct sy_session *sy_session_by_id(struct sy_engine *e, uint64_t id);
void sy_session_move(struct sy_engine *e, struct sy_session *s, enum sy_phase phase);
/* Ends the session: BYE when the peer can hear it, CLOSE; the session is dead and goes at the end
 * of the step. Returns code. blame: the peer broke the protocol. */
int sy_close(struct sy_engine *e, struct sy_session *s, int code, bool blame, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The peer broke the protocol / this node cannot go on. */
#define SY_BLAME(e, s, code, ...)   sy_close((e), (s), (code), true, __VA_ARGS__)
#define SY_GIVE_UP(e, s, code, ...) sy_close((e), (s), (code), false, __VA_ARGS__)

struct sy_slot *sy_slot_get(const struct sy_session *s, uint32_t log); /* NULL: none */
/* Makes it when there is none: the peer is then taken to hold everything below sent_next. */
int sy_slot_make(struct sy_session *s, uint32_t log, uint64_t sent_next, uint32_t flags,
                 struct sy_slot **out) ST_MUST;
void sy_slots_clear(struct sy_session *s);
/* What the session would know of this log: puts it into its queue when the peer lacks something. */
void sy_enqueue(struct sy_engine *e, struct sy_session *s, struct sy_slot *slot);
/* The slot of the branch's lead, made when there is none. */
int sy_slot_lead(struct sy_engine *e, struct sy_session *s, uint32_t log,
                 struct sy_slot **out) ST_MUST;
/* The index is about to stand for another branch. */
void sy_slot_forget(struct sy_session *s, uint32_t log);
bool sy_queue_empty(const struct sy_session *s);
void sy_queue_clear(struct sy_session *s);
/* A branch's durable head moved from before to what the frontier says: every session is told,
 * except that the one in from (may be NULL) and others with its peer know it. */
void sy_log_moved(struct sy_engine *e, uint32_t log, uint64_t before, const struct sy_session *from,
                  uint64_t urgent_from);
/* The first knowledge is complete: changes noted meanwhile are to be sent. */
void sy_slots_activate(struct sy_engine *e, struct sy_session *s);

/* ---- hello.c ---- */
int sy_hello_dial(struct sy_engine *e, struct sy_session *s, bool offer_urgent);
int sy_hello_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body);

/* ---- reconcile.c ---- */
int sy_ranges_start(struct sy_engine *e, struct sy_session *s) ST_MUST;
int sy_ranges_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body);

/* ---- transfer.c ---- */
/* What a view gave for a run from here on, before end, can be sent. */
bool sy_run_plausible(const struct sc_run *run, uint64_t from, uint64_t end);
int sy_pump(struct sy_engine *e, struct sy_session *s) ST_MUST;
int sy_ack_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body);
int sy_keepalive(struct sy_engine *e, struct sy_session *s);

/* ---- ingest.c ---- */
int sy_batch_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body);
/* True when an author without certificate may add entries up to next to this log. */
bool sy_stranger_may(struct sy_engine *e, const struct sy_session *s, const struct sc_log_key *key,
                     uint32_t log, uint64_t next);

/* ---- place.c ---- */
int sy_place_find(struct sy_engine *e, const struct sy_in *in, const struct sc_run *run,
                  struct sy_place *out) ST_MUST;
/* How much of a run that starts inside is held; v->chains are those of the whole run. */
int sy_place_overlap(struct sy_engine *e, uint32_t lead, const struct sy_place *p,
                     const struct sy_verified *v, struct sy_overlap *out) ST_MUST;
/* Verifies the signature over the last chain value. */
int sy_run_check(struct sy_engine *e, uint32_t b, const struct sc_run *run,
                 const struct cr_hash *chain) ST_MUST;
/* Some branch of the log that is held or under way; SY_NONE. */
uint32_t sy_branch_any(const struct sy_engine *e, uint32_t lead);

/* ---- stored.c ---- */
int sy_ack_flush(struct sy_engine *e, struct sy_session *s) ST_MUST;
void sy_persisted(struct sy_engine *e, const struct sy_event *ev);
/* Finishes what waits for nothing any more. */
void sy_finish_waits(struct sy_engine *e);
void sy_op_undo(struct sy_engine *e); /* takes the last op back */
/* A new op at the end of the queue; NULL: no memory. */
struct sy_op *sy_op_new(struct sy_engine *e, struct sy_session *s, enum sy_op_kind kind);
/* Forgets the operations of this step (their updates were lost). */
void sy_ops_drop(struct sy_engine *e);
/* Reads all heads of the view again. Until that succeeds e->stale is set. */
void sy_reload(struct sy_engine *e);
/* The same, because authority changed; sessions in which something was refused end. */
void sy_authority(struct sy_engine *e);

/* ---- branch.c ---- (statuses of the view; nothing is closed, unless they say so) */
/* The first n bytes of the chain value after seq on the branch are these. */
int sy_branch_on(struct sy_engine *e, uint32_t b, uint64_t seq, const uint8_t *chain, size_t n,
                 bool *on) ST_MUST;
/* A branch of the log of which this is true; SY_NONE. */
int sy_branch_find(struct sy_engine *e, uint32_t lead, uint64_t seq, const uint8_t *chain, size_t n,
                   uint32_t *out) ST_MUST;
/* Entries that two held branches have in common, when it is known that they have `from`. */
int sy_branch_common(struct sy_engine *e, uint32_t a, uint32_t b, uint64_t from,
                     uint64_t *out) ST_MUST;
int sy_branch_add(struct sy_engine *e, uint32_t lead, uint64_t first_seq, uint32_t *out) ST_MUST;
/* Another branch is about to bring what the peer lacks next of this one. */
int sy_branch_waits(struct sy_engine *e, struct sy_session *s, const struct sy_slot *slot,
                    bool *waits) ST_MUST;
/* What the peer holds of a branch that is new here. */
int sy_peer_base(struct sy_engine *e, struct sy_session *s, uint32_t b, uint64_t *out) ST_MUST;
/* The peer holds the path of b up to next. Closes the session when it fails. */
int sy_peer_has(struct sy_engine *e, struct sy_session *s, uint32_t b, uint64_t next) ST_MUST;
/* The peer's heads of the log are these (none, or one with seq_next 0: it holds nothing of it).
 * Closes the session when it fails. */
int sy_peer_heads(struct sy_engine *e, struct sy_session *s, uint32_t lead, const struct sc_head *h,
                  size_t n) ST_MUST;
/* Our heads of the log in the order of lists, at most SY_HEADS_LOG_MAX; their number. */
size_t sy_heads_of(const struct sy_engine *e, uint32_t lead, struct sc_head *out);
/* The lists name the same heads, and all. */
bool sy_heads_equal(const struct sc_head *a, size_t na, const struct sc_head *b, size_t nb);
/* A list as it may be sent: ascending, no log more often than SY_HEADS_LOG_MAX. */
bool sy_heads_ascend(const struct sc_head *h, size_t n);

/* ---- spine.c ---- */
/* The branches of a log part somewhere unknown. ST_NOMEM; nothing is closed. */
int sy_spine_want(struct sy_engine *e, struct sy_session *s, uint32_t lead) ST_MUST;
/* Nothing of this branch's log is sent now. */
bool sy_spine_holds(const struct sy_engine *e, const struct sy_session *s, uint32_t b);
int sy_spine_flush(struct sy_engine *e, struct sy_session *s) ST_MUST;
int sy_spine_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body);

/* ---- urgent.c ---- */
int sy_urgent_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body);
/* One urgent entry out of a hello. */
int sy_urgent_take(struct sy_engine *e, struct sy_session *s, const struct sc_urgent *u,
                   size_t raw_bytes) ST_MUST;
/* The store has it: pass it on. */
void sy_urgent_pass_on(struct sy_engine *e, const struct sy_session *from, const struct sy_op *op);
/* Forgets what a log has caught up with. */
void sy_urgent_filled(struct sy_engine *e, uint32_t log);
/* Sends what waits in the queues ahead of its log. */
int sy_urgent_pump(struct sy_engine *e, struct sy_session *s) ST_MUST;
/* Offers the peer the provisional entries of the shared scopes that it may lack: no frontier names
 * them, so a node that connects later would not hear of them until their log comes. */
int sy_urgent_held(struct sy_engine *e, struct sy_session *s);
/* Fills the hello with the newest urgent entries that the peer may lack. */
int sy_urgent_hello(struct sy_engine *e, struct sy_session *s, struct sc_hello *h) ST_MUST;

/* ---- fork.c ---- */
/* seq, chain, sig verify and are not on this branch of ours, which reaches as far. */
int sy_fork_proven(struct sy_engine *e, struct sy_session *s, uint32_t b, uint64_t seq,
                   const struct cr_hash *chain, const struct cr_sig *sig) ST_MUST;
int sy_fork_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body);

/* ---- file.c ---- */
/* Makes a new session one of a file. */
void sy_file_begin(struct sy_engine *e, struct sy_session *s);
/* The log named in_ref of a file begins, here, behind what is held: not taken. */
void sy_file_gap(struct sy_engine *e, const struct sc_log_key *key, uint64_t first_seq,
                 uint64_t held);
/* A run that has no place here: behind what is held, or on a branch whose root is not here. Nothing
 * of it is taken from this file. */
int sy_file_stray(struct sy_engine *e, struct sy_session *s, struct sy_in *in,
                  const struct sc_run *run);

/* ---- synced.c ---- */
int sy_synced_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body);
/* At the end of a step: are both sides equal, is there something to say. */
int sy_synced_settle(struct sy_engine *e, struct sy_session *s);

#endif
