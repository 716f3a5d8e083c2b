# what: RUN --mount=type=bind from context and stage
# is: builds
# says: a built
FROM debian:bookworm-slim AS build
RUN echo built > /b
FROM debian:bookworm-slim
RUN --mount=type=bind,source=src,target=/s --mount=from=build,target=/t echo $(cat /s/a.txt) $(cat /t/b) > /result
CMD ["cat", "/result"]
