//! Whom sfu-server takes for hls-composer where the way to it is TLS, `--composer` and `--hls-upstream`, and as whom it shows
//! itself there.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use daemon::listen::{self, AuthorityError};
use hyper_rustls::ConfigBuilderExt as _;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
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

/// As whom sfu-server shows itself to hls-composer's gRPC, where that asks: `--composer-cert` and `--composer-key`, as PEM.
#[derive(Clone)]
pub struct Identity {
    chain: Vec<u8>,
    key: Vec<u8>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity {
    /// Reads and checks the files.
    ///
    /// # Errors
    /// One cannot be read, or is something else, or the key is of another certificate.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, AddressError> {
        let bad =
            |path: &Path, reason: String| AddressError::Identity { path: path.into(), reason };
        let read = |path: &Path| std::fs::read(path).map_err(|error| bad(path, error.to_string()));
        let (chain, secret) = (read(cert)?, read(key)?);
        let certificates = CertificateDer::pem_slice_iter(&chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| bad(cert, error.to_string()))?;
        if certificates.is_empty() {
            return Err(bad(cert, "it holds no certificate".into()));
        }
        let der =
            PrivateKeyDer::from_pem_slice(&secret).map_err(|error| bad(key, error.to_string()))?;
        let provider = rustls::crypto::ring::default_provider();
        CertifiedKey::from_der(certificates, der, &provider)
            .map_err(|error| bad(key, error.to_string()))?;
        Ok(Self { chain, key: secret })
    }
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
    #[error("--composer-ca {0}")]
    Authority(AuthorityError),
    /// A file of `--composer-cert` or `--composer-key`.
    #[error("{path} is not usable: {reason}; --composer-cert and --composer-key take PEM files")]
    Identity {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It would be shown to nobody.
    #[error("--composer-cert is shown over TLS only, and --composer {0} begins with http://")]
    IdentityUnused(tonic::transport::Uri),
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
        let (pem, roots) = listen::authorities(path).map_err(AddressError::Authority)?;
        Ok(Self::Authority(pem, roots))
    }

    /// For gRPC, as `identity`.
    pub fn grpc(&self, identity: Option<&Identity>) -> ClientTlsConfig {
        let tls = match self {
            Self::System => ClientTlsConfig::new().with_native_roots(),
            Self::Authority(pem, _) => {
                ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))
            }
        };
        match identity {
            None => tls,
            Some(Identity { chain, key }) => {
                tls.identity(tonic::transport::Identity::from_pem(chain, key))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_that_is_none_is_one_sentence_that_names_the_flags() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let error = Identity::load(&path, &path).expect_err("no certificate").to_string();
        assert!(error.contains("it holds no certificate; --composer-cert"), "{error}");
    }

    #[test]
    fn a_file_without_a_certificate_is_one_sentence_that_names_the_flag() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let error = Trust::load(Some(&path)).expect_err("no certificate");
        assert!(error.to_string().starts_with("--composer-ca "), "{error}");
        assert!(error.to_string().contains("it holds no certificate"), "{error}");
    }
}
