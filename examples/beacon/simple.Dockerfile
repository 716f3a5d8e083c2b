# Two images: the server (target runtime) and the agent (target agent_runtime).
#
#   docker build --file simple.Dockerfile --target runtime --build-arg VERSION=1.4.0 .
#
# As Dockerfile, but without BuildKit: any builder builds it.
#
# The builder is pinned by tag alone, and a tag can move. We do not write down
# a digest that we have not pulled; packet RC-01's pin check reports the missing
# digest as a finding, which stays open until a release engineer passes
# GO_IMAGE=golang:1.26.8-bookworm@sha256:… and records it here.
ARG GO_IMAGE=golang:1.26.8-bookworm

FROM ${GO_IMAGE} AS build
# The toolchain of the image or none: go.mod must not make it fetch another.
ENV GOTOOLCHAIN=local
WORKDIR /src
# The modules come first, so that a change of the source does not fetch anew.
COPY go.mod go.sum ./
RUN go mod download && go mod verify
COPY cmd ./cmd
COPY internal ./internal
COPY scripts/lib.sh scripts/build-binaries.sh ./scripts/
ARG VERSION=0.0.0-dev
# Both architectures: the server hands out agents for both.
RUN scripts/build-binaries.sh "$VERSION" amd64 /out/amd64 \
 && scripts/build-binaries.sh "$VERSION" arm64 /out/arm64 \
 && mkdir -p /out/agents /out/data \
 && cp /out/amd64/beacon-agent /out/agents/beacon-agent-linux-amd64 \
 && cp /out/arm64/beacon-agent /out/agents/beacon-agent-linux-arm64 \
 && cp -r "/out/$(go env GOARCH)" /out/host

# The binaries are static, so they need no base image, and what is not there
# needs no security update. The agent's TLS needs the CA bundle.
FROM scratch AS agent_runtime
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/host/beacon-agent /beacon-agent
USER 65532:65532
ENTRYPOINT ["/beacon-agent"]

FROM scratch AS runtime
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/host/beacon /beacon
COPY --from=build /out/agents /agents
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/beacon", "--listen", "0.0.0.0:8080", "--data-dir", "/data", "--agent-dir", "/agents"]
