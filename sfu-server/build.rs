//! Links the libraries `native/meson` builds the mediasoup worker against, and
//! tells `--version` which worker this is (see `native/README.md`).
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=MEDIASOUP");
    let flavour = std::env::var("MEDIASOUP").unwrap_or_else(|_| "debian".into());
    assert!(
        matches!(flavour.as_str(), "debian" | "upstream"),
        "MEDIASOUP is `debian` or `upstream`, not `{flavour}`"
    );
    println!("cargo:rustc-env=MEDIASOUP_FLAVOUR={flavour}");
    if flavour == "debian" {
        for library in ["uv", "ssl", "crypto", "srtp2", "flatbuffers"] {
            println!("cargo:rustc-link-lib=dylib={library}");
        }
    }
}
