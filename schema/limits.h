/* Every maximum of the formats in one place. What exceeds one is refused before anything is
 * allocated for it. Part of the format: a smaller value here would refuse stored data. */
#ifndef SCHEMA_LIMITS_H
#define SCHEMA_LIMITS_H

#include "crypto/channel.h"
#include <assert.h>

#define SC_DEPTH_MAX         8     /* nesting of arrays and maps in any canonical MessagePack */
#define SC_PAYLOAD_MAX       32768 /* bytes of one payload */
#define SC_BODY_FIELDS_MAX   32    /* keys of one record body */
#define SC_TEXT_MAX          4096  /* bytes of one text field unless its table row says less */
#define SC_LIST_MAX          256   /* elements of one list field */
#define SC_LIST_TEXT_MAX     512   /* bytes of one text in a list field */
#define SC_PARENTS_MAX       256   /* parents of one payload */
#define SC_TYPE_MAX          65535 /* record types and schema versions: 1 to this */
#define SC_LAMPORT_STEP_MAX  (UINT64_C(1) << 20)
#define SC_LAMPORT_FIRST_MAX (UINT64_C(1) << 40) /* of the first entry of a log */
#define SC_SEQ_MAX           (UINT64_C(1) << 40)
#define SC_WALL_MS_MAX       (UINT64_C(1) << 48)

#define SC_CKPT_ALIGN      256 /* authors sign at seq % 256 == 255, and these are kept for ever */
#define SC_RUN_ENTRIES_MAX 256 /* entries under one signature on the wire */
#define SC_RUN_BYTES_MAX                                                    \
    57344 /* payload bytes under one signature, when there is more than one \
           */

#define SC_FRAME_MAX         CR_CHANNEL_FRAME_MAX /* bytes of one frame between peers, compressed */
#define SC_BATCH_RAW_MAX     131072               /* bytes one frame may expand to */
#define SC_BATCH_RUNS_MAX    64                   /* runs in one batch */
#define SC_SCOPES_MAX        64                   /* scopes in one hello */
#define SC_HELLO_HEADS_MAX   64                   /* changed heads in one hello */
#define SC_HELLO_URGENT_MAX  8                    /* urgent entries in one hello */
#define SC_HELLO_MAX         16384                /* bytes of one hello */
#define SC_LOG_REF_MAX       UINT32_MAX           /* logs named in one direction of a session */
#define SC_RANGES_MAX        256                  /* ranges in one frame */
#define SC_RANGE_HEADS_MAX   1024                 /* heads in one frame of ranges */
#define SC_SPINE_POINTS_MAX  640                  /* places of one log in a spine */
#define SC_BYE_TEXT_MAX      200
#define SC_NAME_MAX          128  /* bytes of a display name */
#define SC_FOLD_EVENTS_MAX   8192 /* entries of one subject that are folded, see hazard.h */
#define SC_CERT_PREFIXES_MAX 16

static_assert(SC_RUN_BYTES_MAX + 256 * 24 < SC_BATCH_RAW_MAX, "a full run fits a batch");
static_assert(SC_RUN_BYTES_MAX + 256 * 24 + 1024 < SC_FRAME_MAX, "and, incompressible, a frame");
static_assert(SC_RANGES_MAX * 64 + SC_RANGE_HEADS_MAX * 30 < SC_FRAME_MAX,
              "full ranges fit a frame");
static_assert(SC_PAYLOAD_MAX < SC_RUN_BYTES_MAX, "a run holds at least one payload");

#endif
