//! The listener, and the handle that stops it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::connection::Connection;
use super::dintero::api::ApiError;
use super::exchange::{Exchange, exchange};
use super::options::SimulatorOptions;
use super::world::World;
use super::{control, dintero, dojo};

/// A simulator that answers until it is stopped or dropped.
#[derive(Debug)]
pub struct RunningSimulator {
    address: SocketAddr,
    world: Arc<World>,
}

impl RunningSimulator {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// For both of Dintero's hosts: `http://127.0.0.1:7119/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// For Dojo's host: `http://127.0.0.1:7119`.
    pub fn dojo_base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends every connection, timer and callback, and waits until they are gone.
    pub async fn stop(self) {
        self.world.stopping.cancel();
        self.world.tasks.close();
        self.world.tasks.wait().await;
    }
}

impl Drop for RunningSimulator {
    fn drop(&mut self) {
        self.world.stopping.cancel();
        self.world.tasks.close();
    }
}

/// Starts a simulator with its own state.
pub async fn start(options: SimulatorOptions) -> io::Result<RunningSimulator> {
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let world = Arc::new(World::new(options).map_err(io::Error::other)?);
    let router = router(&world);
    let exchange = Exchange { world: world.clone(), router };
    world.spawn(accept(listener, exchange));
    Ok(RunningSimulator { address, world })
}

/// Dintero below `/v1`, Dojo at the root, the control API below `/simulator`.
fn router(world: &Arc<World>) -> Router {
    dintero::api::router(world)
        .merge(dojo::api::router(world))
        .merge(control::router(world))
        .fallback(async || ApiError::NotFound)
}

async fn accept(listener: TcpListener, exchange: Exchange) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let world = exchange.world.clone();
                world.spawn(serve(stream, exchange.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "the simulator could not accept a connection");
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn serve(stream: TcpStream, context: Exchange) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the simulator could not set TCP_NODELAY");
    }
    let (connection, handle) = Connection::new(stream);
    let service = service_fn(move |request| exchange(context.clone(), handle.clone(), request));
    let served = http1::Builder::new().serve_connection(TokioIo::new(connection), service).await;
    if let Err(error) = served {
        tracing::trace!(%error, "a connection to the simulator ended");
    }
}

/// The router never fails; this says so to the type system.
pub(crate) fn never<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(impossible) => match impossible {},
    }
}
