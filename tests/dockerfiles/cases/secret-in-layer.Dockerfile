# what: A secret that is copied into a layer
# is: fails: the secret given is in the image
FROM debian:bookworm-slim
RUN --mount=type=secret,id=given cp /run/secrets/given /result
CMD ["cat", "/result"]
