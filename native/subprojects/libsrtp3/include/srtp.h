/*
 * The part of the libsrtp 3 API that mediasoup's worker calls, on top of Debian's libsrtp 2.
 *
 * Whatever did not change between the two versions comes from libsrtp 2's own header. What did
 * change is declared here under srtp3_ names, so that srtp3.c can see both APIs at once; the
 * macros at the end give the worker the names it knows.
 */
#pragma once

#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An SRTCP trailer also has the four bytes of the E flag and the packet index. */
#ifndef SRTP_MAX_SRTCP_TRAILER_LEN
#define SRTP_MAX_SRTCP_TRAILER_LEN (SRTP_MAX_TRAILER_LEN + 4)
#endif

/* Error codes that libsrtp 2 does not have, with libsrtp 3's values. */
#define srtp_err_status_buffer_small ((srtp_err_status_t)28)
#define srtp_err_status_cryptex_err ((srtp_err_status_t)29)

#ifdef __cplusplus
extern "C" {
#endif

/* In libsrtp 3 a policy is an opaque object that is filled through setters. */
typedef struct srtp3_policy *srtp3_policy_t;

srtp_err_status_t srtp3_policy_create(srtp3_policy_t *policy);
void srtp3_policy_destroy(srtp3_policy_t policy);
srtp_err_status_t srtp3_policy_set_ssrc(srtp3_policy_t policy, srtp_ssrc_t ssrc);
srtp_err_status_t srtp3_policy_set_profile(srtp3_policy_t policy, srtp_profile_t profile);
srtp_err_status_t srtp3_policy_add_key(srtp3_policy_t policy,
                                       const uint8_t *key, size_t key_len,
                                       const uint8_t *salt, size_t salt_len,
                                       const uint8_t *mki, size_t mki_len);
srtp_err_status_t srtp3_policy_set_allow_repeat_tx(srtp3_policy_t policy, bool allow);
srtp_err_status_t srtp3_policy_set_window_size(srtp3_policy_t policy, size_t size);

srtp_err_status_t srtp3_create(srtp_t *session, srtp3_policy_t policy);

/*
 * libsrtp 3 reads one buffer and writes another, which may be the same. *out_len is the size of
 * `out` on entry and the length of the packet on return.
 */
srtp_err_status_t srtp3_protect(srtp_t session, const uint8_t *in, size_t in_len,
                                uint8_t *out, size_t *out_len, size_t mki_index);
srtp_err_status_t srtp3_unprotect(srtp_t session, const uint8_t *in, size_t in_len,
                                  uint8_t *out, size_t *out_len);
srtp_err_status_t srtp3_protect_rtcp(srtp_t session, const uint8_t *in, size_t in_len,
                                     uint8_t *out, size_t *out_len, size_t mki_index);
srtp_err_status_t srtp3_unprotect_rtcp(srtp_t session, const uint8_t *in, size_t in_len,
                                       uint8_t *out, size_t *out_len);

#ifdef __cplusplus
}
#endif

#ifndef SRTP3_IMPLEMENTATION
#define srtp_policy_t srtp3_policy_t
#define srtp_policy_create srtp3_policy_create
#define srtp_policy_destroy srtp3_policy_destroy
#define srtp_policy_set_ssrc srtp3_policy_set_ssrc
#define srtp_policy_set_profile srtp3_policy_set_profile
#define srtp_policy_add_key srtp3_policy_add_key
#define srtp_policy_set_allow_repeat_tx srtp3_policy_set_allow_repeat_tx
#define srtp_policy_set_window_size srtp3_policy_set_window_size
#define srtp_create srtp3_create
#define srtp_protect srtp3_protect
#define srtp_unprotect srtp3_unprotect
#define srtp_protect_rtcp srtp3_protect_rtcp
#define srtp_unprotect_rtcp srtp3_unprotect_rtcp
#define srtp_stream_remove(session, ssrc) srtp_remove_stream((session), (ssrc))
#endif
