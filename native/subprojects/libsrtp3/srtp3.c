#define SRTP3_IMPL
#include "srtp.h"
#include <stdlib.h>
#include <string.h>
struct srtp3_policy { srtp_policy_t p; unsigned char key[SRTP_MAX_KEY_LEN]; };
srtp_err_status_t srtp3_policy_create(srtp3_policy_t *p){ *p=calloc(1,sizeof **p); return *p?srtp_err_status_ok:srtp_err_status_alloc_fail; }
void srtp3_policy_destroy(srtp3_policy_t p){ if(p){ memset(p,0,sizeof *p); free(p);} }
srtp_err_status_t srtp3_policy_set_ssrc(srtp3_policy_t p, srtp_ssrc_t s){ p->p.ssrc=s; return srtp_err_status_ok; }
srtp_err_status_t srtp3_policy_set_profile(srtp3_policy_t p, srtp_profile_t f){
  srtp_err_status_t e=srtp_crypto_policy_set_from_profile_for_rtp(&p->p.rtp,f); if(e) return e;
  return srtp_crypto_policy_set_from_profile_for_rtcp(&p->p.rtcp,f); }
srtp_err_status_t srtp3_policy_add_key(srtp3_policy_t p,const uint8_t*k,size_t kl,const uint8_t*s,size_t sl,const uint8_t*m,size_t ml){
  if(m||ml||kl+sl>sizeof p->key) return srtp_err_status_bad_param;
  memcpy(p->key,k,kl); memcpy(p->key+kl,s,sl); p->p.key=p->key; return srtp_err_status_ok; }
srtp_err_status_t srtp3_policy_set_allow_repeat_tx(srtp3_policy_t p,bool a){ p->p.allow_repeat_tx=a; return srtp_err_status_ok; }
srtp_err_status_t srtp3_policy_set_window_size(srtp3_policy_t p,size_t n){ p->p.window_size=n; return srtp_err_status_ok; }
srtp_err_status_t srtp3_create(srtp_t*s,srtp3_policy_t p){ return srtp_create(s,&p->p); }
#define COPY(extra) if(*ol<il+(extra)) return srtp_err_status_buffer_small; if(o!=i) memcpy(o,i,il); int n=(int)il
srtp_err_status_t srtp3_protect(srtp_t c,const uint8_t*i,size_t il,uint8_t*o,size_t*ol,size_t mki){ (void)mki; COPY(SRTP_MAX_TRAILER_LEN); srtp_err_status_t e=srtp_protect(c,o,&n); *ol=n; return e; }
srtp_err_status_t srtp3_unprotect(srtp_t c,const uint8_t*i,size_t il,uint8_t*o,size_t*ol){ COPY(0); srtp_err_status_t e=srtp_unprotect(c,o,&n); *ol=n; return e; }
srtp_err_status_t srtp3_protect_rtcp(srtp_t c,const uint8_t*i,size_t il,uint8_t*o,size_t*ol,size_t mki){ (void)mki; COPY(SRTP_MAX_SRTCP_TRAILER_LEN); srtp_err_status_t e=srtp_protect_rtcp(c,o,&n); *ol=n; return e; }
srtp_err_status_t srtp3_unprotect_rtcp(srtp_t c,const uint8_t*i,size_t il,uint8_t*o,size_t*ol){ COPY(0); srtp_err_status_t e=srtp_unprotect_rtcp(c,o,&n); *ol=n; return e; }
