/* What the catalogue of liars is made of (byz_table.c); each function is one row's. */
#ifndef TESTS_SIM_BYZ_ACTORS_H
#define TESTS_SIM_BYZ_ACTORS_H

#include "tests/sim/byz.h"

/* ---- byz_actor_log.c ---- */
void byz_act_rewrite(struct byz *z);
void byz_act_backdate(struct byz *z);
void byz_act_incarnations(struct byz *z);
void byz_act_fork_all(struct byz *z);
void byz_act_split(struct byz *z);
void byz_act_suffix(struct byz *z);
void byz_act_no_authority(struct byz *z);
void byz_act_lamport(struct byz *z);
void byz_act_held_flood(struct byz *z);
void byz_act_unknown_flood(struct byz *z);
void byz_act_blind_clear(struct byz *z);
void byz_act_texts(struct byz *z);
/* A passed check of some hazard; see_all: names the report as seen. */
int byz_clear(struct byz *z, const struct byz_key *by, uint64_t scope, int prev, uint64_t wall_ms,
              bool see_all);
/* The payload of a report whose text nobody checks. */
void byz_report_payload(const char *text, struct cr_buf *out);

/* ---- byz_actor_auth.c ---- */
void byz_act_cert_scope(struct byz *z);
void byz_act_rank(struct byz *z);
void byz_act_cut_honest(struct byz *z);
void byz_act_fork_authority(struct byz *z);
void byz_act_adopt(struct byz *z);
void byz_check_no_privilege(struct byz *z);

/* ---- byz_actor_wire.c ---- */
void byz_act_bad_keys(struct byz *z);
void byz_open_bad_keys(struct byz *z, struct byz_peer *p, const struct sc_hello *answer);
void byz_open_bad_pack(struct byz *z, struct byz_peer *p, const struct sc_hello *answer);
void byz_open_bomb(struct byz *z, struct byz_peer *p, const struct sc_hello *answer);
void byz_act_replay(struct byz *z);
void byz_open_replay(struct byz *z, struct byz_peer *p, const struct sc_hello *answer);
void byz_act_slow(struct byz *z);
void byz_hello_lies(struct byz *z, struct byz_peer *p, struct sc_hello *h);
void byz_open_lies(struct byz *z, struct byz_peer *p, const struct sc_hello *answer);
void byz_frame_lies(struct byz *z, struct byz_peer *p, struct cr_span frame);
void byz_act_endless(struct byz *z);
void byz_frame_endless(struct byz *z, struct byz_peer *p, struct cr_span frame);

#endif
