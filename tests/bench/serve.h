/* A process of its own that serves one store over a socket, for its memory and its times. */
#ifndef TESTS_BENCH_SERVE_H
#define TESTS_BENCH_SERVE_H

#include "tests/bench/gen.h"

struct bv_report {
    double open_ms, open_cpu_ms; /* nd_store_open to a driver that serves */
    /* Processor time, medians of 15: */
    double page_ms, page_deep_ms;          /* 50 open hazards of a village; from the 1,000th on */
    double page_street_ms;                 /* 50 of all */
    double picture_ms;                     /* all grids down to the groups */
    uint64_t hazards, grids;               /* shown by those */
    uint64_t open_kib, idle_kib, peak_kib; /* VmHWM: opened; after the pages; after serving */
};

/* Starts program `self` as a server of dir (node 0 of the seed), and meanwhile gives an empty store
 * in client_dir all of it, as node 1. */
void bv_serve(const char *self, uint64_t seed, size_t villages, const char *dir,
              const char *client_dir, struct bv_report *out);
/* The server's main: arguments after "serve". Exit code. */
int bv_main(int argc, char **argv);

#endif
