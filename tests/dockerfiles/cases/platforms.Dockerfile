# what: Two platforms by cross-compilation: `$BUILDPLATFORM`, `GOARCH=$TARGETARCH`
# is: builds
# says: amd64
# bases: "golang:1.26" = "go"
# platforms: "linux/amd64", "linux/arm64"
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY <<EOT go.mod
module example.com/hello

go 1.26
EOT
COPY <<EOT main.go
package main

import (
	"fmt"
	"runtime"
)

func main() { fmt.Println(runtime.GOARCH) }
EOT
ARG TARGETARCH
RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -trimpath -ldflags=-s -o /hello .
FROM scratch
COPY --from=build /hello /hello
ENTRYPOINT ["/hello"]
