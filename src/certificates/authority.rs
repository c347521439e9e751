//! A store's own authority.

use std::path::Path;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};

use super::files::{self, CertificateFiles, PUBLIC, SECRET};
use super::{CertificateError, Facts, Names};

const AUTHORITY_YEARS: i32 = 10;
/// The most that Apple's and Microsoft's systems take from a server is 398 days.
const SERVER_DAYS: i32 = 397;

/// A store's own authority: whoever trusts it trusts its certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    until: Date,
}

impl Authority {
    /// Makes an authority in a folder, and a certificate for these names. The authority can vouch for nothing else,
    /// so that its key is of no use against other sites to whoever steals it.
    ///
    /// # Errors
    /// [`CertificateError`]; nothing that is there is overwritten, and nothing of ours is left.
    pub fn make(folder: &Path, names: &Names, now: Timestamp) -> Result<CertificateFiles, CertificateError> {
        let files = CertificateFiles::in_folder(folder);
        let all = [files.authority(), files.authority_key(), files.certificate.clone(), files.key.clone()];
        if let Some(path) = all.into_iter().find(|path| path.exists()) {
            return Err(CertificateError::Exists { path });
        }
        let (key, server_key) = (KeyPair::generate()?, KeyPair::generate()?);
        let today = date(now);
        let parameters = authority_parameters(names, today)?;
        let certificate = parameters.self_signed(&key)?;
        let authority = Self { until: today + AUTHORITY_YEARS.years(), issuer: Issuer::new(parameters, key) };
        let server = authority.issue(names, &server_key, today)?;

        let texts = [
            (files.authority_key(), authority.issuer.key().serialize_pem(), SECRET),
            (files.authority(), certificate.pem(), PUBLIC),
            (files.key.clone(), server_key.serialize_pem(), SECRET),
            (files.certificate.clone(), server, PUBLIC),
        ];
        files::create_all(&files::make_folder(files.folder())?, &texts)?;
        Ok(files)
    }

    /// The authority that lies beside a certificate.
    ///
    /// # Errors
    /// [`CertificateError`] when it cannot be read, does not count yet or has no day left.
    pub fn beside(files: &CertificateFiles, now: Timestamp) -> Result<Self, CertificateError> {
        let authority = files.authority();
        let key = key(&files.authority_key())?;
        let Facts { from, until, .. } = Facts::read(&authority)?;
        if from > now {
            // By a clock that is behind, a certificate would be made that has ended once the clock is right.
            return Err(CertificateError::AuthorityBegins { authority, from });
        }
        let until = date(until);
        if until <= date(now) {
            return Err(ends(files, until));
        }
        let issuer = Issuer::from_ca_cert_pem(&files::read(&authority)?, key)?;
        Ok(Self { issuer, until })
    }

    /// Its last day.
    pub(super) const fn until(&self) -> Date {
        self.until
    }

    /// A certificate in PEM for these names and this key. It counts from yesterday on, so that a till whose clock is
    /// behind takes it, and no longer than the authority.
    ///
    /// # Errors
    /// [`CertificateError::Make`] when a name cannot stand in a certificate.
    pub(super) fn issue(&self, names: &Names, key: &KeyPair, today: Date) -> Result<String, CertificateError> {
        let mut parameters = CertificateParams::new(names.to_texts())?;
        let name = names.to_texts().into_iter().next().unwrap_or_default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        lasts(&mut parameters, today - 1.day(), self.until.min(today + (SERVER_DAYS - 1).days()));
        Ok(parameters.signed_by(key, &self.issuer)?.pem())
    }
}

fn authority_parameters(names: &Names, today: Date) -> Result<CertificateParams, CertificateError> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    let name = format!("pos-bridge authority of {}", names.to_texts().first().map_or("a store", String::as_str));
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let whole = |address: &std::net::IpAddr| if address.is_ipv4() { 32 } else { 128 };
    let addresses = names.addresses.iter().map(|address| CidrSubnet::from_addr_prefix(*address, whole(address)));
    let permitted = names.names.iter().cloned().map(GeneralSubtree::DnsName);
    parameters.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted.chain(addresses.map(GeneralSubtree::IpAddress)).collect(),
        excluded_subtrees: Vec::new(),
    });
    lasts(&mut parameters, today - 1.day(), today + AUTHORITY_YEARS.years());
    Ok(parameters)
}

fn lasts(parameters: &mut CertificateParams, from: Date, until: Date) {
    let midnight = |date: Date| {
        let [month, day] = [date.month(), date.day()].map(|number| u8::try_from(number).unwrap_or(1));
        date_time_ymd(date.year().into(), month, day)
    };
    parameters.not_before = midnight(from);
    parameters.not_after = midnight(until);
}

/// A private key in PEM.
pub(super) fn key(path: &Path) -> Result<KeyPair, CertificateError> {
    KeyPair::from_pem(&files::read(path)?).map_err(|error| CertificateError::Unusable {
        path: path.to_owned(),
        what: "private key",
        cause: error.to_string(),
    })
}

/// Why nothing more can be made by the authority that lies beside a certificate, or soon not any more.
pub(super) fn ends(files: &CertificateFiles, ends: Date) -> CertificateError {
    CertificateError::AuthorityEnds { authority: files.authority(), ends }
}

/// The day of an instant, everywhere the same.
pub(super) fn date(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}
