/* libsrtp 3 calls on top of the libsrtp 2 library */
#pragma once
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stddef.h>
#ifndef SRTP_MAX_SRTCP_TRAILER_LEN
#define SRTP_MAX_SRTCP_TRAILER_LEN (SRTP_MAX_TRAILER_LEN + 4)
#endif
#ifdef __cplusplus
extern "C" {
#endif
#define srtp_err_status_buffer_small ((srtp_err_status_t)28)
#define srtp_err_status_cryptex_err ((srtp_err_status_t)29)
typedef struct srtp3_policy *srtp3_policy_t;
srtp_err_status_t srtp3_policy_create(srtp3_policy_t *p);
void srtp3_policy_destroy(srtp3_policy_t p);
srtp_err_status_t srtp3_policy_set_ssrc(srtp3_policy_t p, srtp_ssrc_t ssrc);
srtp_err_status_t srtp3_policy_set_profile(srtp3_policy_t p, srtp_profile_t profile);
srtp_err_status_t srtp3_policy_add_key(srtp3_policy_t p, const uint8_t *key, size_t key_len, const uint8_t *salt, size_t salt_len, const uint8_t *mki, size_t mki_len);
srtp_err_status_t srtp3_policy_set_allow_repeat_tx(srtp3_policy_t p, bool allow);
srtp_err_status_t srtp3_policy_set_window_size(srtp3_policy_t p, size_t size);
srtp_err_status_t srtp3_create(srtp_t *s, srtp3_policy_t p);
srtp_err_status_t srtp3_protect(srtp_t c, const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len, size_t mki);
srtp_err_status_t srtp3_unprotect(srtp_t c, const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len);
srtp_err_status_t srtp3_protect_rtcp(srtp_t c, const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len, size_t mki);
srtp_err_status_t srtp3_unprotect_rtcp(srtp_t c, const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len);
#ifndef SRTP3_IMPL
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
#define srtp_stream_remove(s, ssrc) srtp_remove_stream((s), (ssrc))
#endif
#ifdef __cplusplus
}
#endif
