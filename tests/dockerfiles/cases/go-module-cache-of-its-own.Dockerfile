# what: a proxy and a module cache that the Dockerfile itself names
# is: builds
# says: 2026-01-02T03:04:05Z amd64 en
# bases: "golang:1.26.8-bookworm" = "go"
# frozen: "gomod"
FROM golang:1.26.8-bookworm AS build
ENV GOPROXY=https://proxy.example,direct GOMODCACHE=/src/modules
WORKDIR /src
COPY server/go.mod server/go.sum ./
RUN go mod download
COPY server .
RUN test -d /src/modules/cache/download && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.made=$(date -u +%Y-%m-%dT%H:%M:%SZ)" -o /server .
FROM scratch
COPY --from=build /server /server
ENTRYPOINT ["/server"]
