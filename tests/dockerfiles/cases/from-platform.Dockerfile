# what: FROM --platform=$BUILDPLATFORM, TARGETARCH, TARGETPLATFORM
# is: builds
# says: amd64 linux/amd64 linux/amd64
FROM --platform=$BUILDPLATFORM debian:bookworm-slim AS build
ARG TARGETARCH TARGETPLATFORM BUILDPLATFORM
RUN echo "$TARGETARCH $TARGETPLATFORM $BUILDPLATFORM" > /result
FROM debian:bookworm-slim
COPY --from=build /result /result
CMD ["cat", "/result"]
