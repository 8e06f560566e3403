/* Bytes to frames and back for one connection.
 *
 *   initiator   START --send--> WAIT2 --message 2--> OPEN
 *   responder   WAIT1 --message 1--> HAVE1 --send--> OPEN
 *
 * Every message, those of the handshake too, stands behind a 2-byte big-endian length. Any failure
 * leads to DEAD: keys are wiped and nothing more is taken or given. */
#include "node/link.h"

#include "crypto/base/assert.h"
#include "schema/limits.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH_BYTES 2
#define MSG1_MAX     (SC_HELLO_MAX + CR_HS_MSG1_OVERHEAD)
#define MSG2_MAX     (SC_HELLO_MAX + CR_HS_MSG2_OVERHEAD)
#define PROLOGUE_MAX 128
#define SHORT_BYTES  16 /* how much of a hash stands in for a tag in plain mode */

enum link_state { START, WAIT2, WAIT1, HAVE1, OPEN, DEAD };

struct nd_link {
    enum link_state state;
    bool plain;
    struct cr_hs hs;
    struct cr_channel channel;
    struct cr_buf in;    /* one incomplete message with its length */
    struct cr_buf frame; /* what the last event handed out */
    struct cr_kx_pk remote;
    uint8_t ephemeral[CR_KX_BYTES]; /* responder: the initiator's */
    enum cr_hs_pattern pattern;
    uint8_t hash[64];
    /* plain mode: what the handshake would have bound */
    struct cr_kx_pk self_pk;
    struct cr_gate gate;
    uint8_t prologue_tag[SHORT_BYTES];
    uint8_t psk_tag[SHORT_BYTES];
};

static void short_tag(const void *p, size_t n, uint8_t out[static SHORT_BYTES])
{
    struct cr_hash h;

    cr_hash1(CR_TAG_TEST, cr_span_of(p, n), &h);
    memcpy(out, h.b, SHORT_BYTES);
}

static struct nd_link *link_new(struct cr_span prologue, const struct cr_gate *gate,
                                const struct cr_identity *self, bool plain)
{
    struct nd_link *l;

    CR_ASSERT(prologue.n <= PROLOGUE_MAX);
    l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->plain = plain;
    l->self_pk = self->kx_pk;
    l->gate = *gate;
    short_tag(prologue.p, prologue.n, l->prologue_tag);
    cr_buf_init(&l->in, LENGTH_BYTES + CR_HS_MSG_MAX);
    cr_buf_init(&l->frame, CR_CHANNEL_FRAME_MAX);
    return l;
}

struct nd_link *nd_link_initiator(enum cr_hs_pattern pattern, struct cr_span prologue,
                                  const struct cr_gate *gate, const struct cr_identity *self,
                                  const struct cr_kx_pk *remote, const struct cr_psk *psk,
                                  bool plain)
{
    struct nd_link *l = link_new(prologue, gate, self, plain);

    if (l == NULL)
        return NULL;
    CR_ASSERT((psk != NULL) == (pattern == CR_HS_IKPSK2));
    l->state = START;
    l->pattern = pattern;
    l->remote = *remote;
    if (psk != NULL)
        short_tag(psk->b, sizeof psk->b, l->psk_tag);
    if (!plain)
        cr_hs_init_initiator(&l->hs, pattern, prologue, gate, &self->kx_sk, &self->kx_pk, remote,
                             psk);
    return l;
}

struct nd_link *nd_link_responder(struct cr_span prologue, const struct cr_gate *gate,
                                  const struct cr_identity *self, bool plain)
{
    struct nd_link *l = link_new(prologue, gate, self, plain);

    if (l == NULL)
        return NULL;
    l->state = WAIT1;
    l->pattern = CR_HS_IK;
    if (!plain)
        cr_hs_init_responder(&l->hs, prologue, gate, &self->kx_sk, &self->kx_pk);
    return l;
}

void nd_link_free(struct nd_link *l)
{
    if (l == NULL)
        return;
    cr_hs_release(&l->hs);
    cr_channel_release(&l->channel);
    cr_buf_release(&l->in);
    cr_buf_release(&l->frame);
    cr_wipe(l, sizeof *l);
    free(l);
}

static int die(struct nd_link *l, int rc)
{
    cr_hs_release(&l->hs);
    cr_channel_release(&l->channel);
    cr_buf_clear(&l->in);
    l->state = DEAD;
    return rc;
}

/* ---- plain mode: the same lengths and steps, no secrecy ----
 * message 1 = gate (16) ‖ pattern (1) ‖ own key (32) ‖ remote key (32) ‖ prologue tag (16)
 *             ‖ zero (16) ‖ payload;   message 2 = zero (32) ‖ psk tag (16) ‖ payload */

static int plain_write1(struct nd_link *l, struct cr_span payload, struct cr_buf *out)
{
    uint8_t head[CR_HS_MSG1_OVERHEAD] = {0};
    int rc;

    memcpy(head, l->gate.b, CR_GATE_BYTES);
    head[16] = (uint8_t)l->pattern;
    memcpy(head + 17, l->self_pk.b, CR_KX_BYTES);
    memcpy(head + 49, l->remote.b, CR_KX_BYTES);
    memcpy(head + 81, l->prologue_tag, SHORT_BYTES);
    rc = cr_buf_append(out, head, sizeof head);
    return rc != ST_OK ? rc : cr_buf_append(out, payload.p, payload.n);
}

static int plain_read1(struct nd_link *l, struct cr_span msg)
{
    if (msg.n < CR_HS_MSG1_OVERHEAD)
        return ST_TRUNCATED;
    if (memcmp(msg.p, l->gate.b, CR_GATE_BYTES) != 0)
        return ST_SPACE;
    if (msg.p[16] != CR_HS_IK && msg.p[16] != CR_HS_IKPSK2)
        return ST_VERSION;
    if (memcmp(msg.p + 49, l->self_pk.b, CR_KX_BYTES) != 0 ||
        memcmp(msg.p + 81, l->prologue_tag, SHORT_BYTES) != 0)
        return ST_FORGED;
    l->pattern = (enum cr_hs_pattern)msg.p[16];
    memcpy(l->remote.b, msg.p + 17, CR_KX_BYTES);
    return cr_buf_append(&l->frame, msg.p + CR_HS_MSG1_OVERHEAD, msg.n - CR_HS_MSG1_OVERHEAD);
}

static int plain_write2(struct nd_link *l, struct cr_span payload, struct cr_buf *out)
{
    uint8_t head[CR_HS_MSG2_OVERHEAD] = {0};
    int rc;

    memcpy(head + 32, l->psk_tag, SHORT_BYTES);
    rc = cr_buf_append(out, head, sizeof head);
    return rc != ST_OK ? rc : cr_buf_append(out, payload.p, payload.n);
}

static int plain_read2(struct nd_link *l, struct cr_span msg)
{
    if (msg.n < CR_HS_MSG2_OVERHEAD)
        return ST_TRUNCATED;
    if (memcmp(msg.p + 32, l->psk_tag, SHORT_BYTES) != 0)
        return ST_FORGED;
    return cr_buf_append(&l->frame, msg.p + CR_HS_MSG2_OVERHEAD, msg.n - CR_HS_MSG2_OVERHEAD);
}

static int plain_seal(struct cr_span frame, struct cr_buf *out)
{
    static const uint8_t no_tag[CR_CHANNEL_TAG_BYTES] = {0};
    uint8_t *at;
    int rc;

    if (frame.n == 0 || frame.n > CR_CHANNEL_FRAME_MAX)
        return ST_OVERSIZE;
    rc = cr_buf_extend(out, LENGTH_BYTES + frame.n + CR_CHANNEL_TAG_BYTES, &at);
    if (rc != ST_OK)
        return rc;
    cr_store_be16(at, (uint16_t)(frame.n + CR_CHANNEL_TAG_BYTES));
    memcpy(at + LENGTH_BYTES, frame.p, frame.n);
    memcpy(at + LENGTH_BYTES + frame.n, no_tag, sizeof no_tag);
    return ST_OK;
}

static int plain_open(struct nd_link *l, struct cr_span sealed)
{
    if (sealed.n < CR_CHANNEL_TAG_BYTES)
        return ST_TRUNCATED;
    return cr_buf_append(&l->frame, sealed.p, sealed.n - CR_CHANNEL_TAG_BYTES);
}

/* ---- reading ---- */

static int read_msg1(struct nd_link *l, struct cr_span msg)
{
    int rc;

    if (l->plain)
        return plain_read1(l, msg);
    rc = cr_hs_check_gate(&l->gate, msg);
    if (rc == ST_FORGED)
        return ST_SPACE;
    if (rc == ST_OK)
        rc = cr_hs_read1(&l->hs, msg, &l->frame);
    if (rc != ST_OK)
        return rc;
    l->remote = l->hs.rs;
    l->pattern = l->hs.pattern;
    memcpy(l->ephemeral, l->hs.re.b, sizeof l->ephemeral);
    return ST_OK;
}

static void open_channel(struct nd_link *l)
{
    if (!l->plain) {
        cr_hs_split(&l->hs, &l->channel);
        memcpy(l->hash, l->channel.hash, sizeof l->hash);
    }
    l->state = OPEN;
}

/* One whole message without its length. */
static int take(struct nd_link *l, struct cr_span msg, enum nd_link_event *ev)
{
    int rc;

    cr_buf_clear(&l->frame);
    switch (l->state) {
    case WAIT1:
        rc = read_msg1(l, msg);
        if (rc == ST_OK) {
            l->state = HAVE1;
            *ev = ND_LINK_MSG1;
        }
        return rc;
    case WAIT2:
        rc = l->plain ? plain_read2(l, msg) : cr_hs_read2(&l->hs, msg, &l->frame);
        if (rc == ST_OK) {
            open_channel(l);
            *ev = ND_LINK_READY;
        }
        return rc;
    case OPEN:
        rc = l->plain ? plain_open(l, msg) : cr_channel_open(&l->channel, msg, &l->frame);
        if (rc == ST_OK)
            *ev = ND_LINK_FRAME;
        return rc;
    case START:
    case HAVE1: return ST_MALFORMED;
    case DEAD: break;
    }
    return ST_STATE;
}

static size_t message_max(const struct nd_link *l)
{
    switch (l->state) {
    case WAIT1: return MSG1_MAX;
    case WAIT2: return MSG2_MAX;
    case START:
    case HAVE1:
    case OPEN:
    case DEAD: break;
    }
    return CR_HS_MSG_MAX;
}

/* Moves bytes into the buffer of the incomplete message until it holds want. */
static int gather(struct nd_link *l, struct cr_span *bytes, size_t want, size_t *used)
{
    size_t n = want > l->in.n ? want - l->in.n : 0;
    int rc;

    if (n > bytes->n)
        n = bytes->n;
    rc = cr_buf_append(&l->in, bytes->p, n);
    if (rc != ST_OK)
        return rc;
    *bytes = (struct cr_span){bytes->p + n, bytes->n - n};
    *used += n;
    return ST_OK;
}

int nd_link_feed(struct nd_link *l, struct cr_span bytes, size_t *used, enum nd_link_event *ev,
                 struct cr_span *frame)
{
    size_t n;
    int rc;

    *used = 0;
    *ev = ND_LINK_NONE;
    *frame = (struct cr_span){NULL, 0};
    if (l->state == DEAD)
        return ST_STATE;
    if (bytes.n == 0)
        return ST_OK;
    if (l->state == START || l->state == HAVE1)
        return die(l, ST_MALFORMED);
    rc = gather(l, &bytes, LENGTH_BYTES, used);
    if (rc != ST_OK)
        return die(l, rc);
    if (l->in.n < LENGTH_BYTES)
        return ST_OK;
    n = cr_load_be16(l->in.p);
    if (n > message_max(l))
        return die(l, ST_OVERSIZE);
    if (l->in.n == LENGTH_BYTES && bytes.n >= n) { /* all there: no copy */
        *used += n;
        rc = take(l, (struct cr_span){bytes.p, n}, ev);
    } else {
        rc = gather(l, &bytes, LENGTH_BYTES + n, used);
        if (rc == ST_OK && l->in.n < LENGTH_BYTES + n)
            return ST_OK;
        if (rc == ST_OK)
            rc = take(l, (struct cr_span){l->in.p + LENGTH_BYTES, n}, ev);
    }
    if (rc != ST_OK)
        return die(l, rc);
    cr_buf_clear(&l->in);
    *frame = cr_buf_span(&l->frame);
    return ST_OK;
}

/* ---- writing ---- */

static int write_handshake(struct nd_link *l, struct cr_span payload, struct cr_buf *wire)
{
    bool first = l->state == START;
    size_t overhead = first ? CR_HS_MSG1_OVERHEAD : CR_HS_MSG2_OVERHEAD;
    size_t before = wire->n;
    uint8_t *at;
    int rc;

    if (payload.n > SC_HELLO_MAX || LENGTH_BYTES + overhead + payload.n > wire->max - wire->n)
        return ST_OVERSIZE;
    rc = cr_buf_extend(wire, LENGTH_BYTES, &at);
    if (rc != ST_OK)
        return rc;
    cr_store_be16(at, (uint16_t)(overhead + payload.n));
    if (l->plain)
        rc = first ? plain_write1(l, payload, wire) : plain_write2(l, payload, wire);
    else
        rc = first ? cr_hs_write1(&l->hs, payload, wire) : cr_hs_write2(&l->hs, payload, wire);
    if (rc != ST_OK) {
        wire->n = before;
        return die(l, rc);
    }
    CR_ASSERT(wire->n - before == LENGTH_BYTES + overhead + payload.n);
    if (first)
        l->state = WAIT2;
    else
        open_channel(l);
    return ST_OK;
}

int nd_link_send(struct nd_link *l, struct cr_span frame, struct cr_buf *wire)
{
    switch (l->state) {
    case START:
    case HAVE1: return write_handshake(l, frame, wire);
    case OPEN:
        return l->plain ? plain_seal(frame, wire) : cr_channel_seal(&l->channel, frame, wire);
    case WAIT1:
    case WAIT2:
    case DEAD: break;
    }
    return ST_STATE;
}

const struct cr_kx_pk *nd_link_remote(const struct nd_link *l)
{
    return &l->remote;
}

const uint8_t *nd_link_ephemeral(const struct nd_link *l)
{
    return l->plain ? NULL : l->ephemeral;
}

enum cr_hs_pattern nd_link_pattern(const struct nd_link *l)
{
    return l->pattern;
}

void nd_link_set_psk(struct nd_link *l, const struct cr_psk *psk)
{
    CR_ASSERT(l->state == HAVE1);
    CR_ASSERT(l->pattern == CR_HS_IKPSK2);
    short_tag(psk->b, sizeof psk->b, l->psk_tag);
    if (!l->plain)
        cr_hs_set_psk(&l->hs, psk);
}

const uint8_t *nd_link_hash(const struct nd_link *l)
{
    CR_ASSERT(l->state == OPEN);
    return l->hash;
}
