# what: RUN in exec form
# is: builds
# says: ok
FROM debian:bookworm-slim
RUN ["/bin/bash", "-c", "echo ok > /result"]
CMD ["cat", "/result"]
