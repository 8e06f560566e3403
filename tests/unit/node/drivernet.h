/* Hosts with a driver and an in-memory store each, on a network and a clock that the test moves. */
#ifndef TESTS_UNIT_NODE_DRIVERNET_H
#define TESTS_UNIT_NODE_DRIVERNET_H

#include "node/driver.h"

#define DN_HOSTS 4
#define DN_CONNS 256

struct dn_host {
    struct dn *net;
    size_t index;
    char addr[16]; /* "host0:1" … */
    struct cr_identity id;
    struct nd_store *store;
    struct nd_driver *driver;
    struct nd_join *join; /* a host without driver may join */
    struct nd_ports ports;
    uint64_t wall_ms;
    size_t dials;
    uint64_t dial_ms[64];
    uint32_t last_delay_ms; /* of the last conn_close */
    size_t closes;
};

struct dn_conn {
    bool used, starting, reachable;
    struct dn_host *end[2]; /* 0 dialled */
    bool open[2], told[2];
    size_t writes[2];
    struct cr_buf in[2]; /* bytes for that end */
};

struct dn {
    uint64_t now_ms;
    struct dn_host host[DN_HOSTS];
    struct dn_conn conn[DN_CONNS];
    /* sees every write: end is the writer's, nth its count on this connection */
    void (*watch)(struct dn *net, struct dn_host *from, size_t nth, struct cr_span bytes);
    struct cr_identity root;
    struct sc_genesis genesis;
    struct cr_gate gate;
};

/* Keys of the hosts and the root; host 0 will be the street. No store and driver yet. */
void dn_start(struct dn *net);
void dn_stop(struct dn *net);
void dn_open_store(struct dn *net, size_t i, const uint64_t *scopes, size_t n);
void dn_open_driver(struct dn *net, size_t i, const struct cr_gate *gate, bool dial, bool plain);
/* Writes a certificate at host 0 by the root. */
void dn_certify(struct dn *net, size_t i, uint64_t roles, uint64_t grid, const char *name);
/* Host a knows b's keys and address. */
void dn_know(struct dn *net, size_t a, size_t b);
/* Delivers everything that is under way. */
void dn_settle(struct dn *net);
/* Moves the clock in steps to every deadline. */
void dn_advance(struct dn *net, uint64_t ms);
/* One hazard report by host i in its grid. */
void dn_report(struct dn *net, size_t i, uint64_t grid, struct sc_id *id);
/* An event without fields about a subject, by the host in a log of its own beside its driver's. at:
 * lamport, time and suite. */
void dn_put(struct dn_host *h, uint64_t scope, uint64_t incarnation, uint64_t type,
            const struct sc_id *subject, const struct sc_wire_entry *at);
size_t dn_hazards(struct dn *net, size_t i);
size_t dn_sessions(struct dn *net, size_t i); /* connected now */

#endif
