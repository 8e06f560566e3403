/* Engines joined in memory, one frame at a time: virtual time, explicit delivery, and a checker
 * that reads every frame on its way: credit is kept, only durable entries are sent, bytes are
 * counted. */
#ifndef TESTS_LIB_PUMP_H
#define TESTS_LIB_PUMP_H

#include "tests/lib/mem_view.h"

#define TS_NODES_MAX 8
#define TS_LINKS_MAX 16
/* On the wire a frame costs its length and tag; the two hellos their share of the handshake. */
#define TS_FRAME_OVERHEAD  18
#define TS_HELLO1_OVERHEAD 115
#define TS_HELLO2_OVERHEAD 50

struct ts_frame {
    struct ts_frame *next;
    size_t n;
    uint8_t p[];
};

struct ts_dir { /* one direction of a link: frames under way and what the checker knows */
    struct ts_frame *head, *tail;
    size_t waiting;
    struct sc_unpack *unpack;
    uint64_t credit; /* raw bytes under way or unacknowledged */
    uint64_t frames, bytes, raw_bytes;
    struct sc_log_key *ref;
    size_t ref_count;
};

struct ts_link {
    bool open;
    size_t node[2]; /* initiator, responder */
    uint32_t number[2];
    bool alive[2];
    struct ts_dir dir[2]; /* dir[0]: from the initiator */
};

struct ts_answer {
    uint64_t token, handle;
    int status;
};

struct ts_node {
    struct ts_mem *mem;
    struct sy_engine *engine;
    struct sy_config cfg;
    struct ts_answer *answer; /* PERSISTED events that are due */
    size_t answer_count, answer_cap;
    bool hold;  /* answers wait for ts_pump_commit */
    int refuse; /* status with which runs are refused; 0: none */
    uint64_t persists, urgents, synced, commons, forks, closes, blames;
    uint64_t passed;            /* entries shown and not stored */
    struct cr_hash passed_last; /* chain value of the last of them */
    int close_status;
    char close_text[ST_MSG_MAX];
};

struct ts_pump {
    uint64_t now_ms;
    struct ts_node node[TS_NODES_MAX];
    size_t node_count;
    struct ts_link link[TS_LINKS_MAX];
    size_t link_count;
    uint32_t next_number;
    uint64_t frames; /* delivered in all */
    /* Called before and after each step of an engine, when set. */
    void (*around)(void *arg, bool before);
    void *around_arg;
    bool check; /* the checker reads frames (off for benchmarks and hostile peers) */
};

void ts_pump_init(struct ts_pump *p);
void ts_pump_release(struct ts_pump *p);
/* mem is borrowed. The key of a node is the byte `name` repeated, unless cfg names one. */
size_t ts_pump_add(struct ts_pump *p, struct ts_mem *mem, const struct sy_config *cfg);
/* Forgets everything volatile of a node and starts it again over the same memory. Its links die. */
void ts_pump_restart(struct ts_pump *p, size_t node);

/* Opens a session; scopes: what each side lets the other read (NULL: all scopes of both). */
size_t ts_pump_link(struct ts_pump *p, size_t initiator, size_t responder, const uint64_t *scopes,
                    size_t scope_count);
/* Both ends hear that the transport is gone; frames under way are lost. */
void ts_pump_cut(struct ts_pump *p, size_t link);
/* Delivers the next frame of one direction; false: there is none. */
bool ts_pump_deliver(struct ts_pump *p, size_t link, size_t dir);
/* Puts a frame of one's own making under way, unchecked (pump.check must be off). */
void ts_pump_inject(struct ts_pump *p, size_t link, size_t dir, struct cr_span frame);
/* Loses every frame under way in one direction. */
void ts_pump_drop(struct ts_pump *p, size_t link, size_t dir);
/* Gives a node the answers of its store that wait. */
void ts_pump_commit(struct ts_pump *p, size_t node);
/* Delivers until nothing is under way, at most `limit` frames; false: the limit was reached. */
bool ts_pump_run(struct ts_pump *p, uint64_t limit);
/* The same, and then lets time pass up to `ms` while the engines ask for it. */
bool ts_pump_settle(struct ts_pump *p, uint64_t ms, uint64_t limit);
void ts_pump_tick(struct ts_pump *p, size_t node);
/* The node has written an entry: tells its engine. */
void ts_pump_local(struct ts_pump *p, size_t node, const struct ts_mem_log *log, bool urgent);
/* Gives an event to a node and carries the updates out. */
int ts_pump_step(struct ts_pump *p, size_t node, struct sy_event *ev);

/* Bytes of a link on the wire in both directions, handshake, lengths and tags included. */
uint64_t ts_pump_wire_bytes(const struct ts_pump *p, size_t link);
/* Both nodes hold the same in all scopes. */
bool ts_pump_equal(const struct ts_pump *p, size_t a, size_t b);

#endif
