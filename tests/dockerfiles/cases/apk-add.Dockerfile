# what: apk add, on a base without apk, by a program of the source
# is: builds
# says: it would add ca-certificates tzdata
# bases: "alpine:3.23" = "small"
# programs: apk = "cases/apk.sh"
FROM alpine:3.23
RUN --mount=type=cache,target=/var/cache/apk apk --no-cache add ca-certificates tzdata > /said
CMD ["cat", "/said"]
