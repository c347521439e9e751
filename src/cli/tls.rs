//! `pos-bridge tls`

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use jiff::Timestamp;
use url::Host;

use super::{CommandError, Exit};
use crate::certificates::{Authority, CertificateFiles, Facts, Names, renewal};

/// Make and renew the certificate by which tills know the bridge
#[derive(Debug, Args)]
pub struct TlsArguments {
    /// What to do.
    #[command(subcommand)]
    pub action: TlsAction,
}

/// What can be done with certificates.
#[derive(Debug, Subcommand)]
pub enum TlsAction {
    /// Make an authority of the store's own and a certificate for the bridge
    ///
    /// Prints how tills come to trust it, and the lines for the configuration. The authority can vouch for these names
    /// and addresses alone. What root makes belongs to the owner of the folder above. Nothing is overwritten.
    #[command(group = ArgGroup::new("called").required(true).multiple(true).args(["names", "addresses"]))]
    Init {
        /// A name that tills call the bridge by (kasse.local); can be given several times
        #[arg(long = "name", value_name = "NAME", value_parser = name)]
        names: Vec<String>,
        /// An address that tills call the bridge at (192.168.1.10); can be given several times
        #[arg(long = "address", value_name = "ADDRESS")]
        addresses: Vec<IpAddr>,
        /// Where to put the files
        #[arg(long, value_name = "FOLDER", default_value = "tls")]
        folder: PathBuf,
    },
    /// Make the next certificate: the same names, key and authority
    ///
    /// A running bridge takes it up by itself. It also renews by itself, 30 days before the end.
    Renew {
        /// Where the files are: the folder of tls_cert
        #[arg(long, value_name = "FOLDER", default_value = "tls")]
        folder: PathBuf,
    },
}

impl TlsArguments {
    /// Makes or renews a certificate, and prints what to do with it.
    ///
    /// # Errors
    /// [`CommandError`], and nothing that was there is changed.
    pub fn run(self, output: &mut (dyn Write + Send)) -> Result<Exit, CommandError> {
        match self.action {
            TlsAction::Init { names, addresses, folder } => {
                let names = with_this_machine(Names { names, addresses });
                let files = Authority::make(&folder, &names, Timestamp::now())?;
                print_what_to_do(output, &absolute(&files), &names)?;
            }
            TlsAction::Renew { folder } => {
                let files = absolute(&CertificateFiles::in_folder(&folder));
                let Facts { names, until, .. } = renewal::renew(&files, Timestamp::now())?;
                writeln!(output, "{} counts until {until} for {names}", files.certificate.display())?;
            }
        }
        Ok(Exit::Success)
    }
}

fn name(text: &str) -> Result<String, String> {
    match Host::parse(text) {
        Ok(_) if text.contains('*') => {
            Err("stands for no name; give each name that tills call, such as kasse.local".to_owned())
        }
        Ok(Host::Domain(name)) => Ok(name),
        Ok(_) => Err("is an address; give it by --address".to_owned()),
        Err(_) => Err("is no name; write it without http:// and port, such as kasse.local".to_owned()),
    }
}

/// The bridge's own commands call it from this machine.
fn with_this_machine(mut names: Names) -> Names {
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if !names.names.iter().any(|name| name == "localhost") {
        names.names.push("localhost".to_owned());
    }
    if !names.addresses.contains(&here) {
        names.addresses.push(here);
    }
    names
}

/// The configuration's paths are relative to where the bridge is started, which is not always here.
fn absolute(files: &CertificateFiles) -> CertificateFiles {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    CertificateFiles { certificate: absolute(&files.certificate), key: absolute(&files.key) }
}

fn print_what_to_do(output: &mut dyn Write, files: &CertificateFiles, names: &Names) -> std::io::Result<()> {
    let own: Vec<&String> = names.names.iter().filter(|name| *name != "localhost").collect();
    let called = own.first().map_or_else(|| names.to_texts(), |name| vec![(*name).clone()]);
    let listen = names.addresses.iter().find(|address| !address.is_loopback());
    let listen = listen.map_or_else(
        || "THIS-MACHINE'S-ADDRESS".to_owned(),
        |address| match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        },
    );
    writeln!(
        output,
        r#"The certificate counts for {names}.

1. Have every till trust the store's authority. Copy {authority}
   (that file alone) to the till, and there:
     Windows, as administrator:  certutil -addstore -f Root authority.pem
     Debian and Ubuntu, as root: cp authority.pem /usr/local/share/ca-certificates/pos-bridge.crt && update-ca-certificates
     a till with its own list:   name the file there (curl: --cacert authority.pem)

2. Put these lines under [server] in the bridge's configuration, and start it again:
     tls_listen = "{listen}:7443"
     tls_cert = "{certificate}"
     tls_key = "{key}"
     allowed_hosts = {own:?}

3. Tills call https://{host}:7443
   The network's DNS, or a line of each till's hosts file, tells them what that name is.

The authority's private key is {authority_key}
Whoever has it can pass for the bridge. The bridge renews its certificate with it, 30 days before the end. Leave it
readable by the bridge's user alone, and never put it on a till, a share or anything else on the tills' network. To renew
by hand instead, keep it on a stick in the safe and put it back for
     pos-bridge tls renew --folder {folder}"#,
        authority = files.authority().display(),
        authority_key = files.authority_key().display(),
        certificate = files.certificate.display(),
        key = files.key.display(),
        folder = files.folder().display(),
        host = called.first().map_or("", String::as_str),
    )
}
