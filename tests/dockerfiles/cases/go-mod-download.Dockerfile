# what: go mod download, and a static program with the time linked in
# is: builds
# says: 2026-01-02T03:04:05Z amd64 en
# bases: "golang:1.26.8-bookworm" = "go"
# frozen: "gomod"
ARG GO_VERSION=1.26.8
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-bookworm AS build
ARG TARGETARCH
WORKDIR /src
COPY server/go.mod server/go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download && go mod verify
COPY server .
RUN --mount=type=cache,target=/root/.cache/go-build CGO_ENABLED=0 GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.made=$(date -u +%Y-%m-%dT%H:%M:%SZ)" -o /server .
FROM scratch
COPY --from=build /server /server
ENTRYPOINT ["/server"]
