/*
 * libsrtp 3 calls on top of libsrtp 2; see include/srtp.h.
 *
 * Not here: MKI (libsrtp 3's several keys per policy) and cryptex. mediasoup's worker uses neither,
 * and a call that asks for an MKI is refused.
 */
#define SRTP3_IMPLEMENTATION
#include "srtp.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct srtp3_policy {
    srtp_policy_t policy;
    /* libsrtp 2 keeps a pointer to key and salt, one after the other: this is where they live. */
    unsigned char key[SRTP_MAX_KEY_LEN];
};

/* === Policies === */

srtp_err_status_t srtp3_policy_create(srtp3_policy_t *policy)
{
    if (policy == NULL) {
        return srtp_err_status_bad_param;
    }

    *policy = calloc(1, sizeof **policy);

    return *policy != NULL ? srtp_err_status_ok : srtp_err_status_alloc_fail;
}

void srtp3_policy_destroy(srtp3_policy_t policy)
{
    if (policy == NULL) {
        return;
    }

    /* Unlike memset, this one may not be optimised away: the key must not stay in freed memory. */
    explicit_bzero(policy, sizeof *policy);
    free(policy);
}

srtp_err_status_t srtp3_policy_set_ssrc(srtp3_policy_t policy, srtp_ssrc_t ssrc)
{
    if (policy == NULL) {
        return srtp_err_status_bad_param;
    }

    policy->policy.ssrc = ssrc;

    return srtp_err_status_ok;
}

srtp_err_status_t srtp3_policy_set_profile(srtp3_policy_t policy, srtp_profile_t profile)
{
    if (policy == NULL) {
        return srtp_err_status_bad_param;
    }

    srtp_err_status_t err =
        srtp_crypto_policy_set_from_profile_for_rtp(&policy->policy.rtp, profile);

    if (err != srtp_err_status_ok) {
        return err;
    }

    return srtp_crypto_policy_set_from_profile_for_rtcp(&policy->policy.rtcp, profile);
}

srtp_err_status_t srtp3_policy_add_key(srtp3_policy_t policy,
                                       const uint8_t *key, size_t key_len,
                                       const uint8_t *salt, size_t salt_len,
                                       const uint8_t *mki, size_t mki_len)
{
    if (policy == NULL || key == NULL || salt == NULL) {
        return srtp_err_status_bad_param;
    }

    /* A second key would need MKIs to tell the two apart. */
    if (mki != NULL || mki_len != 0 || policy->policy.key != NULL) {
        return srtp_err_status_bad_param;
    }

    if (key_len > sizeof policy->key || salt_len > sizeof policy->key - key_len) {
        return srtp_err_status_bad_param;
    }

    memcpy(policy->key, key, key_len);
    memcpy(policy->key + key_len, salt, salt_len);
    policy->policy.key = policy->key;

    return srtp_err_status_ok;
}

srtp_err_status_t srtp3_policy_set_allow_repeat_tx(srtp3_policy_t policy, bool allow)
{
    if (policy == NULL) {
        return srtp_err_status_bad_param;
    }

    policy->policy.allow_repeat_tx = allow;

    return srtp_err_status_ok;
}

srtp_err_status_t srtp3_policy_set_window_size(srtp3_policy_t policy, size_t size)
{
    if (policy == NULL) {
        return srtp_err_status_bad_param;
    }

    policy->policy.window_size = size;

    return srtp_err_status_ok;
}

/* === Sessions === */

/* The session copies what it needs: the policy may be destroyed afterwards. */
srtp_err_status_t srtp3_create(srtp_t *session, srtp3_policy_t policy)
{
    if (session == NULL || policy == NULL || policy->policy.key == NULL) {
        return srtp_err_status_bad_param;
    }

    return srtp_create(session, &policy->policy);
}

/* libsrtp 2's four packet functions work in place, on a length that is an int. */
typedef srtp_err_status_t (*in_place_fn)(srtp_t session, void *packet, int *len);

/*
 * Copies the packet to `out`, unless it is there already, and transforms it in place.
 * `growth` is the most by which the transformation makes a packet longer.
 */
static srtp_err_status_t transform(in_place_fn fn, srtp_t session,
                                   const uint8_t *in, size_t in_len,
                                   uint8_t *out, size_t *out_len, size_t growth)
{
    if (session == NULL || in == NULL || out == NULL || out_len == NULL ||
        in_len > INT_MAX - growth) {
        return srtp_err_status_bad_param;
    }

    if (*out_len < in_len + growth) {
        return srtp_err_status_buffer_small;
    }

    if (out != in) {
        memmove(out, in, in_len);
    }

    int len = (int)in_len;
    srtp_err_status_t err = fn(session, out, &len);

    if (err == srtp_err_status_ok) {
        *out_len = (size_t)len;
    }

    return err;
}

srtp_err_status_t srtp3_protect(srtp_t session, const uint8_t *in, size_t in_len,
                                uint8_t *out, size_t *out_len, size_t mki_index)
{
    if (mki_index != 0) {
        return srtp_err_status_bad_mki;
    }

    return transform(srtp_protect, session, in, in_len, out, out_len, SRTP_MAX_TRAILER_LEN);
}

srtp_err_status_t srtp3_unprotect(srtp_t session, const uint8_t *in, size_t in_len,
                                  uint8_t *out, size_t *out_len)
{
    return transform(srtp_unprotect, session, in, in_len, out, out_len, 0);
}

srtp_err_status_t srtp3_protect_rtcp(srtp_t session, const uint8_t *in, size_t in_len,
                                     uint8_t *out, size_t *out_len, size_t mki_index)
{
    if (mki_index != 0) {
        return srtp_err_status_bad_mki;
    }

    return transform(srtp_protect_rtcp, session, in, in_len, out, out_len,
                     SRTP_MAX_SRTCP_TRAILER_LEN);
}

srtp_err_status_t srtp3_unprotect_rtcp(srtp_t session, const uint8_t *in, size_t in_len,
                                       uint8_t *out, size_t *out_len)
{
    return transform(srtp_unprotect_rtcp, session, in, in_len, out, out_len, 0);
}
