#include "crypto/sign.h"

#include "crypto/base/assert.h"

#include <sodium.h>
#include <string.h>

/* Ed25519 hashes its message twice, so context and message have to stand in one piece. */
static size_t join(const char *context, struct cr_span message, uint8_t out[static CR_SIGN_MSG_MAX])
{
    size_t context_bytes = strlen(context);

    CR_ASSERT(context_bytes <= CR_SIGN_MSG_MAX);
    CR_ASSERT(message.n <= CR_SIGN_MSG_MAX - context_bytes);
    memcpy(out, context, context_bytes);
    if (message.n > 0)
        memcpy(out + context_bytes, message.p, message.n);
    return context_bytes + message.n;
}

void cr_sign(const struct cr_sign_sk *sk, const char *context, struct cr_span message,
             struct cr_sig *out)
{
    uint8_t joined[CR_SIGN_MSG_MAX];
    size_t n = join(context, message, joined);
    int rc = crypto_sign_detached(out->b, NULL, joined, n, sk->b);

    CR_ASSERT(rc == 0);
}

int cr_verify(const struct cr_sign_pk *pk, const char *context, struct cr_span message,
              const struct cr_sig *sig)
{
    uint8_t joined[CR_SIGN_MSG_MAX];
    size_t n = join(context, message, joined);

    return crypto_sign_verify_detached(sig->b, joined, n, pk->b) == 0 ? ST_OK : ST_FORGED;
}
