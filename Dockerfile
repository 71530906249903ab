# syntax=docker/dockerfile:1
# A static glibc binary in an empty image: a review needs less CPU with glibc than with musl.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY charts/podgraft/files charts/podgraft/files
COPY benches benches
COPY tests/chart tests/chart
COPY tests/cluster tests/cluster
# `podgraft version` prints it; empty where the build does not know it.
ARG COMMIT=""
ENV PODGRAFT_COMMIT="$COMMIT"
ENV RUSTFLAGS="-C target-feature=+crt-static"
# With an explicit target, crt-static does not apply to build scripts and procedural macros.
# The crates that podgraft depends on are compiled once, and kept for the next build.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    target="$(rustc -vV | sed -n 's/^host: //p')" && \
    cargo build --locked --release --target "$target" && \
    cp "target/$target/release/podgraft" /podgraft

FROM scratch
ARG COMMIT=""
LABEL org.opencontainers.image.title="podgraft" \
      org.opencontainers.image.description="Injects sidecar, ambassador and adapter containers into Kubernetes Pods" \
      org.opencontainers.image.source="https://github.com/podgraft/podgraft" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /podgraft /podgraft
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["/podgraft"]
CMD ["serve"]
