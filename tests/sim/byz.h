/* Liars in the simulated street: nodes whose keys are valid, stolen or foreign and whose code is
 * this test's. A small world (the street, two villages, two machines each); the second machine of
 * the first village is stolen with the keys on it, and what happens then is the actors' business.
 * The honest go on meanwhile: they report and check, revoke, replace, adopt.
 *
 * Files: byz_world.c the course of a seed, byz_honest.c what the street does about it, byz_craft.c
 * entries of the liar's making, byz_peer.c its connections, byz_actor_*.c the catalogue,
 * byz_model.c the comparison with the slow model of authority, byz_main.c the command. */
#ifndef TESTS_SIM_BYZ_H
#define TESTS_SIM_BYZ_H

#include "node/link.h"
#include "schema/cut.h"
#include "schema/pack.h"
#include "tests/sim/sim.h"

#define BYZ_VILLAGES 2
#define BYZ_NODES    5
#define BYZ_STOLEN   3 /* node: the second machine of the first village */
#define BYZ_PEERS    24
#define BYZ_KEYS     8
#define BYZ_SHOWN    512
#define BYZ_PICKED   4
#define BYZ_WITHIN   SIM_NODES_MAX /* no node */
#define BYZ_ALL      UINT32_MAX

struct byz;
struct byz_peer;

/* A key that is in the liar's hands. */
struct byz_key {
    const struct cr_identity *id;
    uint64_t incarnation; /* of its last log before the theft */
    size_t person;        /* SIM_PERSONS: none */
};

/* One row of the catalogue. */
struct byz_actor {
    unsigned number;
    const char *name;
    const char *must;           /* what must hold, for the listing */
    bool seat;                  /* the seat's key is stolen too */
    bool unknown;               /* fills the quotas of those whom nobody certified */
    void (*act)(struct byz *z); /* about once a virtual second, after the theft */
    void (*open)(struct byz *z, struct byz_peer *p, const struct sc_hello *answer);
    void (*frame)(struct byz *z, struct byz_peer *p, struct cr_span frame);
    void (*hello)(struct byz *z, struct byz_peer *p, struct sc_hello *h);
    void (*check)(struct byz *z); /* at the end; may be NULL */
};
extern const struct byz_actor byz_actors[];
extern const size_t byz_actor_count;

enum byz_phase { BYZ_DIALLING, BYZ_HELLO, BYZ_OPEN, BYZ_GONE };

struct byz_ref {
    struct cr_hash log_id;
    bool named;
    int sent; /* last entry of the path that was sent; -1 */
};

struct byz_peer {
    struct byz *z;
    enum byz_phase phase;
    size_t to, conn;
    const struct byz_actor *actor;
    const struct cr_identity *as;
    struct cr_hash net; /* that its prologue claims */
    struct sim_guest guest;
    struct nd_link *link;
    struct sc_pack *pack;
    struct sc_unpack *unpack;
    struct byz_ref *ref; /* logs of this direction */
    size_t ref_n, ref_cap;
    uint64_t debt; /* bytes of batches that were not acknowledged */
    size_t shown;  /* so many rows of z->shown were considered */
    bool slow;     /* its handshake never ends */
    uint64_t frames;
};

/* A head that the liar shows, and to whom. */
struct byz_shown {
    int entry;
    uint32_t to; /* bit i: node i */
};

struct byz {
    struct sim *s;
    struct ts_prng rng; /* the liars' own: the street's chances stay what they were */
    const struct byz_actor *actor[BYZ_PICKED];
    size_t actor_n;
    struct byz_key key[BYZ_KEYS]; /* 0: the machine, 1: its officer, 2: the seat */
    size_t key_n;
    struct cr_identity own[2];  /* made by the liar */
    struct cr_identity foreign; /* of another street */
    struct cr_hash foreign_net;
    struct byz_peer peer[BYZ_PEERS];
    struct byz_shown shown[BYZ_SHOWN];
    size_t shown_n;
    struct sim_heads receipts; /* heads of the stolen keys' logs at the theft, as the street knew */
    uint64_t theft_ms, cut_ms, heal_ms;
    bool seat_stolen, fork_first, adopt_later, cut_twice;
    bool cut_done;
    unsigned stage; /* of the street's answer */
    int step;       /* acts since the theft */
    int flood_head;
    int *never; /* entries whose signature is wrong: no node may ever store them */
    size_t never_n, never_cap;
    uint64_t sent_bytes;
};

/* ---- byz_craft.c ---- */
/* What an entry of the liar says. */
struct byz_say {
    const struct byz_key *by;
    uint64_t scope, incarnation; /* incarnation 0: that of the key */
    int prev;                    /* BYZ_HEAD: the highest known; -1: begins the log */
    uint64_t type;
    const struct sc_id *subject;
    size_t parent_count;
    const struct sc_id *parents;
    uint64_t lamport; /* 0: the one before + 1, or a little above what the street has seen */
    uint64_t wall_ms; /* 0: now */
    struct cr_span body;
};
#define BYZ_HEAD (-2)
/* Number in the book; -1: such an entry cannot be made. */
int byz_say(struct byz *z, const struct byz_say *what);
/* A report of a hazard, with the text of a liar. */
int byz_report(struct byz *z, const struct byz_key *by, uint64_t scope, uint64_t incarnation,
               int prev);
/* A raw payload in a log, whatever it says. */
int byz_raw(struct byz *z, const struct byz_key *by, uint64_t scope, uint64_t incarnation, int prev,
            struct cr_span payload);
int byz_cert(struct byz *z, const struct byz_key *by, const struct cr_identity *subject,
             uint64_t rank, uint32_t roles, uint64_t prefix);
int byz_cut(struct byz *z, const struct byz_key *by, const struct cr_sign_pk *subject,
            enum sc_cut_mode mode, uint64_t incarnation, struct cr_span heads, int prev);
int byz_adopt(struct byz *z, const struct byz_key *by, int entry);
/* The highest entry of the log in the book; -1: none. */
int byz_head(const struct byz *z, const struct sc_log_key *key);
/* The entry of the path of e with this seq. */
int byz_at(const struct byz *z, int e, uint64_t seq);
/* Some entry of this author in this scope (0xff…: any) that a node wrote or a liar made; -1. */
int byz_any(struct byz *z, const struct cr_sign_pk *author, bool crafted);
/* Secret key of an author in the liar's hands, or NULL. */
const struct cr_sign_sk *byz_secret(const struct byz *z, const struct cr_sign_pk *author);
/* Shows the path to this entry to these nodes, now or when they are next met. */
void byz_show(struct byz *z, int entry, uint32_t to);
/* One log of the stolen keys in this scope, newest entry; -1. */
int byz_stolen_head(const struct byz *z, const struct byz_key *k, uint64_t scope);

/* ---- byz_peer.c ---- */
/* Dials; NULL: all places are taken. */
struct byz_peer *byz_dial(struct byz *z, size_t to, const struct cr_identity *as,
                          const struct byz_actor *actor, unsigned host);
void byz_close(struct byz_peer *p);
void byz_send(struct byz_peer *p, struct cr_span frame);
void byz_send_raw(struct byz_peer *p, struct cr_span bytes); /* past the link */
/* Runs along the path to the entry, from where the last one left it. False: not all of it, there is
 * no credit left. */
bool byz_send_path(struct byz_peer *p, int entry);
/* One run of these entries, which need not follow each other, signed by sk over chain/seq of the
 * last (sig_or_null: that instead). */
void byz_send_run(struct byz_peer *p, const struct sc_log_key *key, uint64_t first_seq,
                  const int *entries, size_t n, const struct cr_sig *sig);
void byz_send_batch(struct byz_peer *p, struct cr_span raw);
void byz_credit(struct byz_peer *p, struct cr_span batch);
/* Whether that node lets this identity read the scope. */
bool byz_may_read(struct byz *z, size_t node, const struct cr_identity *as, uint64_t scope);
void byz_peers_release(struct byz *z);

/* ---- byz_honest.c ---- */
/* The next step of the street's answer to the theft; to be called until cut_done. */
void byz_respond(struct byz *z);
void byz_note_receipts(struct byz *z);

/* ---- byz_model.c ---- */
/* Compares every honest node with the slow model's evaluation of the book. */
void byz_model_check(struct byz *z);

/* ---- byz_world.c ---- */
bool byz_run(const struct sim_options *o, const struct byz_actor *const *actors, size_t n,
             char *reason, size_t reason_bytes);
size_t byz_below(struct byz *z, size_t n);
bool byz_chance(struct byz *z, unsigned times, unsigned of);

#endif
