#include "crypto/channel.h"

#include "crypto/aead.h"
#include "crypto/base/assert.h"

_Static_assert(CR_CHANNEL_TAG_BYTES == CR_AEAD_TAG_BYTES, "a frame is one AEAD message");
_Static_assert(CR_CHANNEL_FRAME_MAX + CR_CHANNEL_TAG_BYTES == UINT16_MAX, "length is 16 bits");

static const struct cr_span no_ad = {NULL, 0};

void cr_channel_release(struct cr_channel *ch)
{
    cr_wipe(ch, sizeof *ch);
}

/* Both ends count the same frames, so both change keys at the same place without a message. */
static void advance(uint8_t key[static CR_AEAD_KEY_BYTES], uint64_t *n)
{
    *n += 1;
    if (*n % CR_CHANNEL_REKEY_FRAMES == 0)
        cr_aead_rekey(key);
}

int cr_channel_seal(struct cr_channel *ch, struct cr_span frame, struct cr_buf *out)
{
    uint8_t *at;
    int rc;

    CR_ASSERT(frame.n > 0);
    if (!ch->live || ch->tx_n >= CR_CHANNEL_FRAMES_MAX)
        return ST_STATE;
    if (frame.n > CR_CHANNEL_FRAME_MAX)
        return ST_OVERSIZE;
    rc = cr_buf_extend(out, 2 + frame.n + CR_CHANNEL_TAG_BYTES, &at);
    if (rc != ST_OK)
        return rc;
    cr_store_be16(at, (uint16_t)(frame.n + CR_CHANNEL_TAG_BYTES));
    cr_aead_seal(ch->tx_key, ch->tx_n, no_ad, frame, at + 2);
    advance(ch->tx_key, &ch->tx_n);
    return ST_OK;
}

int cr_channel_open(struct cr_channel *ch, struct cr_span sealed, struct cr_buf *out)
{
    uint8_t *at;
    size_t before = out->n;
    int rc;

    if (!ch->live || ch->rx_n >= CR_CHANNEL_FRAMES_MAX)
        return ST_STATE;
    if (sealed.n <= CR_CHANNEL_TAG_BYTES || sealed.n > UINT16_MAX) {
        cr_channel_release(ch);
        return ST_FORGED;
    }
    rc = cr_buf_extend(out, sealed.n - CR_CHANNEL_TAG_BYTES, &at);
    if (rc != ST_OK)
        return rc;
    rc = cr_aead_open(ch->rx_key, ch->rx_n, no_ad, sealed, at);
    if (rc != ST_OK) {
        out->n = before;
        cr_channel_release(ch);
        return rc;
    }
    advance(ch->rx_key, &ch->rx_n);
    return ST_OK;
}
