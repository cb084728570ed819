//! Whom sfu-server takes for hls-composer where the way to it is TLS: `--composer` and `--hls-upstream`.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use hyper_rustls::ConfigBuilderExt as _;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tonic::transport::{Certificate, ClientTlsConfig};

/// Who vouches for the composer. Whom `--composer-ca` names is in both forms that the clients take.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The authorities this system trusts.
    System,
    /// Those of `--composer-ca`, as PEM and read.
    Authority(Vec<u8>, RootCertStore),
}

/// Why the composer cannot be reached as the flags say.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// What `--composer` says.
    #[error("--composer {0} begins neither with http:// nor with https://")]
    Composer(tonic::transport::Uri),
    /// What `--hls-upstream` says.
    #[error(
        "--hls-upstream {0} is no origin like http://127.0.0.1:3001 or https://hls.example.org"
    )]
    Upstream(axum::http::Uri),
    /// TLS of gRPC.
    #[error("--composer: TLS cannot be set up: {0}")]
    Grpc(#[from] tonic::transport::Error),
    /// The file of `--composer-ca`.
    #[error("--composer-ca {path} is not usable: {reason}; it takes a PEM file of certificates")]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system's own.
    #[error("this system trusts no authority: {0}; install ca-certificates, or give --composer-ca")]
    System(io::Error),
    /// The TLS library.
    #[error("TLS towards the composer cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl Trust {
    /// Reads and checks the file, if there is one.
    pub fn load(ca: Option<&Path>) -> Result<Self, AddressError> {
        let Some(path) = ca else { return Ok(Self::System) };
        let bad = |reason: String| AddressError::Authority { path: path.into(), reason };
        let pem = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
        let roots = roots(&pem).map_err(bad)?;
        if roots.is_empty() {
            return Err(bad("it holds no certificate".into()));
        }
        Ok(Self::Authority(pem, roots))
    }

    /// For gRPC.
    pub fn grpc(&self) -> ClientTlsConfig {
        match self {
            Self::System => ClientTlsConfig::new().with_native_roots(),
            Self::Authority(pem, _) => {
                ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))
            }
        }
    }

    /// For a client that meets no TLS: it wants a configuration all the same.
    pub fn nobody() -> Result<ClientConfig, AddressError> {
        Self::Authority(Vec::new(), RootCertStore::empty()).https()
    }

    /// For HTTPS.
    pub fn https(&self) -> Result<ClientConfig, AddressError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let builder = match self {
            Self::System => builder.with_native_roots().map_err(AddressError::System)?,
            Self::Authority(_, roots) => builder.with_root_certificates(roots.clone()),
        };
        Ok(builder.with_no_client_auth())
    }
}

fn roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_one_sentence_that_names_the_flag() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let error = Trust::load(Some(&path)).expect_err("no certificate");
        assert!(error.to_string().starts_with("--composer-ca "), "{error}");
        assert!(error.to_string().contains("it holds no certificate"), "{error}");
    }
}
