//! What stands in a certificate.

use std::net::IpAddr;
use std::path::Path;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::time::ASN1Time;

use super::{CertificateError, Names, files};

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whom it vouches for.
    pub names: Names,
    /// From when on it counts.
    pub from: Timestamp,
    /// Until when it counts.
    pub until: Timestamp,
}

impl Facts {
    /// Reads the first certificate of a file.
    ///
    /// # Errors
    /// [`CertificateError`] when the file cannot be read or holds no certificate.
    pub fn read(path: &Path) -> Result<Self, CertificateError> {
        let chain = chain(path)?;
        let first = chain.first().ok_or_else(|| unusable(path, "the file is empty"))?;
        Self::of(first, path)
    }

    pub(super) fn of(certificate: &CertificateDer<'_>, path: &Path) -> Result<Self, CertificateError> {
        let parsed = parsed(certificate, path)?;
        Ok(Self {
            names: names(&parsed, path)?,
            from: time(parsed.validity().not_before, path)?,
            until: time(parsed.validity().not_after, path)?,
        })
    }
}

/// Every certificate of a file, in its order.
pub(super) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let text = files::read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let chain = chain.map_err(|error| unusable(path, error))?;
    if chain.is_empty() { Err(unusable(path, "there is none")) } else { Ok(chain) }
}

/// Whether one certificate was signed by the key of another.
pub(super) fn is_signed_by(certificate: &Path, authority: &Path) -> Result<bool, CertificateError> {
    let (one, other) = (chain(certificate)?, chain(authority)?);
    let (Some(one), Some(other)) = (one.first(), other.first()) else { return Ok(false) };
    let (one, other) = (parsed(one, certificate)?, parsed(other, authority)?);
    Ok(one.verify_signature(Some(other.public_key())).is_ok())
}

fn parsed<'a>(certificate: &'a CertificateDer<'_>, path: &Path) -> Result<X509Certificate<'a>, CertificateError> {
    let parsed = x509_parser::parse_x509_certificate(certificate.as_ref());
    parsed.map(|(_, parsed)| parsed).map_err(|error| unusable(path, error))
}

fn names(certificate: &X509Certificate<'_>, path: &Path) -> Result<Names, CertificateError> {
    let mut names = Names::default();
    let found = certificate.subject_alternative_name().map_err(|error| unusable(path, error))?;
    for name in found.iter().flat_map(|found| &found.value.general_names) {
        match name {
            GeneralName::DNSName(name) => names.names.push((*name).to_owned()),
            GeneralName::IPAddress(bytes) => names.addresses.extend(address(bytes)),
            _ => {}
        }
    }
    Ok(names)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn time(time: ASN1Time, path: &Path) -> Result<Timestamp, CertificateError> {
    Timestamp::from_second(time.timestamp()).map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, cause: impl ToString) -> CertificateError {
    CertificateError::Unusable { path: path.to_owned(), what: "certificate", cause: cause.to_string() }
}
