//! What browsers are told of the pages: where their scripts, media and connections may come from, and who may frame them.
//! (Content Security Policy Level 3, <https://www.w3.org/TR/CSP3/>.)

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};

use super::Origin;

/// The policies of a server's pages.
#[derive(Clone, Debug)]
pub struct Policies {
    /// Of what any site may frame.
    anywhere: HeaderValue,
    /// Of all else.
    elsewhere: HeaderValue,
}

/// A page under this is made to be framed, whoever may connect.
const EMBED: &str = "/embed";

impl Policies {
    /// `allowed` may frame pages, all when there is none; media may come from `public` too.
    pub fn new(allowed: &[Origin], public: Option<&Origin>) -> Self {
        let rules = rules(public);
        let framed_by = |ancestors: &str| {
            let policy = format!("{rules}; frame-ancestors {ancestors}");
            // Origins hold nothing that a header does not take.
            HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'self'"))
        };
        let mut ancestors = String::from("'self'");
        allowed.iter().for_each(|origin| ancestors.push_str(&format!(" {origin}")));
        // `*` stands for the schemes of the web; a page without this directive is framed by whatever likes.
        let anywhere = HeaderValue::from_str(&rules);
        let anywhere = anywhere.unwrap_or(HeaderValue::from_static("default-src 'self'"));
        let elsewhere = if allowed.is_empty() { anywhere.clone() } else { framed_by(&ancestors) };
        Self { anywhere, elsewhere }
    }

    fn of(&self, path: &str) -> HeaderValue {
        let rest = path.strip_prefix(EMBED);
        let is_embed = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if is_embed { self.anywhere.clone() } else { self.elsewhere.clone() }
    }
}

/// Nothing inline and nothing of others. hls.js runs its demuxer in a worker it makes itself (`blob:`) and hands media to the
/// element by `blob:` addresses; icons in style sheets are `data:`.
fn rules(public: Option<&Origin>) -> String {
    let public = public.map(|origin| format!(" {origin}")).unwrap_or_default();
    [
        "default-src 'self'".into(),
        format!("connect-src 'self'{public}"),
        format!("media-src 'self' blob:{public}"),
        format!("img-src 'self' data:{public}"),
        "worker-src 'self' blob:".into(),
        "object-src 'none'".into(),
        "base-uri 'none'".into(),
        "form-action 'self'".into(),
    ]
    .join("; ")
}

/// Adds the policy to whatever is answered for a page.
pub async fn send(State(policies): State<Policies>, request: Request, next: Next) -> Response {
    let policy = policies.of(request.uri().path());
    let mut answer = next.run(request).await;
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allowed: &[&str], public: Option<&str>, path: &str) -> String {
        let origin = |text: &&str| text.parse::<Origin>().expect("an origin");
        let allowed: Vec<_> = allowed.iter().map(origin).collect();
        let policies = Policies::new(&allowed, public.as_ref().map(origin).as_ref());
        policies.of(path).to_str().expect("text").to_owned()
    }

    #[test]
    fn any_site_frames_a_page_unless_some_are_named_and_then_those_do() {
        for path in ["/", "/room/a", "/watch/a", "/embed/a"] {
            assert!(!policy(&[], None, path).contains("frame-ancestors"), "{path}");
        }
        let named = ["https://product.example", "http://192.0.2.1:80"];
        for path in ["/", "/room/a", "/watch/a", "/embedded"] {
            let expected = "; frame-ancestors 'self' https://product.example http://192.0.2.1:80";
            assert!(policy(&named, None, path).ends_with(expected), "{path}");
        }
        for path in ["/embed", "/embed/a"] {
            assert!(!policy(&named, None, path).contains("frame-ancestors"), "{path}");
        }
    }

    #[test]
    fn media_comes_from_the_public_url_too_where_there_is_one() {
        assert!(policy(&[], None, "/").contains("connect-src 'self'; media-src 'self' blob:;"));
        let public = policy(&[], Some("https://cdn.example.org/live"), "/watch/a");
        for directive in ["connect-src 'self'", "media-src 'self' blob:", "img-src 'self' data:"] {
            let expected = format!("{directive} https://cdn.example.org;");
            assert!(public.contains(&expected), "{public}");
        }
    }
}
