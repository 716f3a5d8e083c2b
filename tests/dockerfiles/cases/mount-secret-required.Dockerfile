# what: RUN --mount=type=secret that must be there
# is: refused: Dockerfile:4: the step requires the secret `token`
FROM debian:bookworm-slim
RUN --mount=type=secret,id=token,required=true cat /run/secrets/token > /result
CMD ["cat", "/result"]
