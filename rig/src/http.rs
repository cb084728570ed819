//! HTTP as far as tests need it: a request without a body, answered in one piece.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::PATIENCE;

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// As text.
    pub body: String,
}

/// Asks for a path.
///
/// # Panics
/// When nobody answers, or nothing that is HTTP and text.
pub async fn get(server: SocketAddr, path: &str) -> Answer {
    ask(server, "GET", path).await
}

/// Asks with another method than GET.
///
/// # Panics
/// When nobody answers, or nothing that is HTTP and text.
pub async fn ask(server: SocketAddr, method: &str, path: &str) -> Answer {
    let asking = async {
        let mut stream = TcpStream::connect(server).await?;
        // HTTP/1.0: the answer comes in one piece and ends with the connection.
        let request = format!("{method} {path} HTTP/1.0\r\nhost: {server}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.map(|_| answer)
    };
    let answer = timeout(PATIENCE, asking).await;
    let answer = answer.unwrap_or_else(|_| panic!("{path} is not answered within {PATIENCE:?}"));
    let answer = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
    parse(&answer).unwrap_or_else(|| panic!("{path} is answered with {answer:?}"))
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.trim().parse().ok()?;
    Some(Answer { status, body: body.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_status_and_a_body() {
        let answer = parse("HTTP/1.1 404 Not Found\r\na: b\r\n\r\nno\r\n\r\n");
        assert_eq!(answer, Some(Answer { status: 404, body: "no\r\n\r\n".into() }));
        assert_eq!(parse("HTTP/1.0 200"), None);
        assert_eq!(parse("SSH-2.0\r\n\r\n"), None);
    }
}
