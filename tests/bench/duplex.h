/* Two real drivers joined by a duplex pipe in memory: what nd_ports asks for, with virtual time and
 * counters of the bytes that TCP would carry, of trips and of each side's processor time.
 *
 * Time is a clock of trips: in one trip everything that was written reaches the other side, in both
 * directions at once; the driver then flushes as the event loop does after each round. Two trips
 * are one round trip. TCP's own handshake is not counted. While nothing is under way the clock goes
 * on to the next deadline of a driver. */
#ifndef TESTS_BENCH_DUPLEX_H
#define TESTS_BENCH_DUPLEX_H

#include "node/driver.h"

struct bd_pair;

struct bd_side {
    struct bd_pair *pair;
    struct nd_store *store;
    struct nd_driver *driver;
    const struct cr_identity *id;
    struct cr_buf out;    /* on its way to the other side */
    bool closing;         /* the pipe ends behind what is in out */
    bool open;            /* its end of the pipe */
    bool dialled;         /* connects in the next trip */
    uint32_t conn, conns; /* number of its end; numbers given */
    uint64_t bytes;       /* written */
    uint64_t first;       /* bytes of the first trip that carried any */
    double cpu_s, wall_s; /* spent inside its driver */
};

struct bd_pair {
    struct bd_side side[2];
    uint64_t now_ms, wall_ms;
    uint64_t trips;
    double delivered_cpu_s, delivered_wall_s; /* scratch of bd_enter, bd_leave */
    int log_level;                            /* lines up to this go to stderr; -1: none */
};

/* Stores and identities are borrowed. Both know each other as peers; only side 0 dials, when told
 * by bd_dial. Aborts when a driver cannot be made. */
void bd_init(struct bd_pair *p, struct nd_store *const store[2],
             const struct cr_identity *const id[2], const struct cr_gate *gate);
void bd_release(struct bd_pair *p);

/* Sets the counters to zero and lets side 0 dial. */
void bd_dial(struct bd_pair *p);
/* One trip; false: nothing was under way and no time passed up to `idle_ms` brought anything. */
bool bd_trip(struct bd_pair *p, uint64_t idle_ms);
/* Trips until both hold the same and nothing is under way; false: not within `limit` trips.
 * *equal_at: the trip after which both held the same, durably. */
bool bd_run(struct bd_pair *p, uint64_t limit, uint64_t *equal_at);
/* Lets time pass until nothing comes any more for idle_ms. */
void bd_settle(struct bd_pair *p, uint64_t idle_ms);
/* Both pipes' ends are cut. */
void bd_cut(struct bd_pair *p);
bool bd_equal(const struct bd_pair *p);
uint64_t bd_bytes(const struct bd_pair *p); /* both directions */

#endif
