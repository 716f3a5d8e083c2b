# what: RUN --mount=type=secret that the plan names, as a file and as a variable
# is: builds
# says: 73fe04e5 73fe04e5
FROM debian:bookworm-slim
RUN --mount=type=secret,id=given --mount=type=secret,id=given,env=GIVEN echo $(sha256sum /run/secrets/given | cut -c 1-8) $(printf %s "$GIVEN" | sha256sum | cut -c 1-8) > /result
CMD ["cat", "/result"]
