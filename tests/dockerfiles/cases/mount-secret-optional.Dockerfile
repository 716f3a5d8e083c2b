# what: RUN --mount=type=secret that need not be there
# is: builds
# says: none
FROM debian:bookworm-slim
RUN --mount=type=secret,id=token,required=false cat /run/secrets/token 2> /dev/null > /result || echo none > /result
CMD ["cat", "/result"]
