# what: RUN --mount=type=secret that must be there
# is: fails: secret token: not found
FROM debian:bookworm-slim
RUN --mount=type=secret,id=token,required=true cat /run/secrets/token > /result
CMD ["cat", "/result"]
