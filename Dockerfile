# syntax=docker/dockerfile:1
#
#   docker build -t pos-bridge .
#   docker run --detach --name pos-bridge --restart unless-stopped --ulimit core=0 \
#     --read-only --cap-drop ALL --security-opt no-new-privileges --tmpfs /tmp \
#     --volume pos-bridge-data:/data \
#     --volume ./pos-bridge.toml:/etc/pos-bridge/pos-bridge.toml:ro \
#     --volume ./client_secret:/run/secrets/client_secret:ro \
#     --env POS_BRIDGE__DINTERO__CLIENT_SECRET_FILE=/run/secrets/client_secret \
#     --publish 192.168.1.5:7117:7117 --stop-timeout 30 pos-bridge
#
# Inside a container 127.0.0.1 is the container alone: the configuration needs [server] listen = "0.0.0.0:7117",
# insecure_lan = true, a key for every till, and the machine's own address as the tills call it in allowed_hosts, as in
# allowed_hosts = ["192.168.1.5"]. With a public_url, [callbacks] needs listen = "0.0.0.0:7118", too, and the port is published to
# the tunnel or proxy alone (--publish 127.0.0.1:7118:7118). A shop with Dojo gives its key by POS_BRIDGE__DOJO__API_KEY_FILE;
# leave out what is not there.
# /data must be a local volume, never a network drive.

FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    cargo build --release --locked --bin pos-bridge \
    && install -D -m 0755 target/release/pos-bridge /image/usr/local/bin/pos-bridge \
    && install -d -m 0700 /image/data

# cc-debian12 holds glibc, libgcc, CA certificates and time zones, and neither a shell nor a package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /image/usr/local/bin/pos-bridge /usr/local/bin/pos-bridge
COPY --from=build --chown=65532:65532 /image/data /data
ENV POS_BRIDGE_CONFIG=/etc/pos-bridge/pos-bridge.toml \
    POS_BRIDGE__DATABASE__URL=sqlite:///data/pos-bridge.db \
    POS_BRIDGE__TELEMETRY__FORMAT=json \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=131072 \
    MALLOC_TRIM_THRESHOLD_=131072
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 7117 7118
STOPSIGNAL SIGTERM
# Tells who may look; it must not get the container killed while a payment is unclear.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["/usr/local/bin/pos-bridge", "health", "--url", "http://127.0.0.1:7117"]
ENTRYPOINT ["/usr/local/bin/pos-bridge"]
CMD ["serve"]
