//! TCP listeners: bound before anything else starts, served in the clear or with TLS.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use axum_server::{
    Handle,
    accept::NoDelayAcceptor,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// Why a listener cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is not free.
    #[error(
        "{flag} {addr} is busy: another process listens there; stop it or choose another with {flag}"
    )]
    Busy {
        /// The flag that chose it.
        flag: &'static str,
        /// The address.
        addr: SocketAddr,
    },
    /// The address cannot be bound.
    #[error("{flag} {addr} cannot be bound: {source}; choose another with {flag}")]
    Bind {
        /// The flag that chose it.
        flag: &'static str,
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A TLS file cannot be used.
    #[error("{path} is not usable for TLS: {reason}; --tls-cert and --tls-key take PEM files")]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Serving ended by itself.
    #[error("the HTTP listener stopped: {0}")]
    Serve(#[from] io::Error),
}

/// A file that should name authorities.
#[derive(Debug, thiserror::Error)]
#[error("{path} is not usable: {reason}; it takes a PEM file of certificates")]
pub struct AuthorityError {
    path: PathBuf,
    reason: String,
}

/// Binds `addr`; `flag` names the option to change when that fails. Port 0 takes any free port.
pub fn bind(flag: &'static str, addr: SocketAddr) -> Result<TcpListener, ListenError> {
    let listener = TcpListener::bind(addr).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::Busy { flag, addr },
        _ => ListenError::Bind { flag, addr, source },
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// A certificate chain and its key, read once at start.
#[derive(Clone, Debug)]
pub struct Tls(Arc<ServerConfig>);

impl Tls {
    /// Reads the PEM files; HTTP/2 and HTTP/1.1 are offered.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, ListenError> {
        let bad = |path: &Path, reason: String| ListenError::Tls { path: path.into(), reason };
        let read = |path: &Path| fs::read(path).map_err(|e| bad(path, e.to_string()));
        let chain = CertificateDer::pem_slice_iter(&read(cert)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| bad(cert, e.to_string()))?;
        if chain.is_empty() {
            return Err(bad(cert, "it holds no certificate".into()));
        }
        let key_der =
            PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|e| bad(key, e.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| bad(cert, e.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key_der)
            .map_err(|e| bad(cert, e.to_string()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

/// The authorities in a PEM file, as PEM and read: a file that names nobody vouches for nobody.
///
/// # Errors
/// The file cannot be read, or one of its certificates cannot, or it holds none.
pub fn authorities(path: &Path) -> Result<(Vec<u8>, RootCertStore), AuthorityError> {
    let bad = |reason: String| AuthorityError { path: path.into(), reason };
    let pem = fs::read(path).map_err(|error| bad(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("it holds no certificate".into()));
    }
    Ok((pem, roots))
}

/// Serves `router` until `stop` is dropped or its sender is; running requests get `grace` to finish.
///
/// Both HTTP/1.1 and HTTP/2 are spoken, the latter also in the clear (prior knowledge).
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> Result<(), ListenError> {
    let handle = Handle::new();
    let stopper = handle.clone();
    let watcher = tokio::spawn(async move {
        stop.await;
        stopper.graceful_shutdown(Some(grace));
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    // The end of an answer is never held back for an acknowledgement (Nagle): viewers wait for parts of 200 ms.
    let at_once = NoDelayAcceptor::new();
    let served = match tls {
        Some(Tls(config)) => {
            let config = RustlsConfig::from_config(config);
            let acceptor = RustlsAcceptor::new(config).acceptor(at_once);
            axum_server::from_tcp(listener)?.acceptor(acceptor).handle(handle).serve(service).await
        }
        None => {
            axum_server::from_tcp(listener)?.acceptor(at_once).handle(handle).serve(service).await
        }
    };
    watcher.abort();
    Ok(served?)
}

/// Whether only this machine can reach `ip`.
pub fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}
