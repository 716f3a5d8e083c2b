# what: NAME.dockerignore beside the Dockerfile
# is: builds
# says: all.md kept.md
FROM debian:bookworm-slim
COPY docs /docs
RUN echo $(ls /docs) > /result
CMD ["cat", "/result"]
